// A neighbour's BGP options on its way from the lab to the speaker.
#include <fmt/format.h>

#include "control/cloud/policies.h"

namespace skyhop::cloud {

namespace {

bgp::Duration duration_of(lab::Seconds seconds) {
  return std::chrono::duration_cast<bgp::Duration>(seconds);
}

bgp::bfd::Interval interval_of(lab::Seconds seconds) {
  return std::chrono::duration_cast<bgp::bfd::Interval>(seconds);
}

bgp::Role role_of(lab::PeeringRole role) {
  switch (role) {
    case lab::PeeringRole::provider:
      return bgp::Role::provider;
    case lab::PeeringRole::customer:
      return bgp::Role::customer;
    case lab::PeeringRole::peer:
      return bgp::Role::peer;
    case lab::PeeringRole::route_server:
      return bgp::Role::route_server;
    case lab::PeeringRole::route_server_client:
      break;
  }
  return bgp::Role::route_server_client;
}

bgp::GracefulRestartConfig restart_of(const lab::RestartOptions& from) {
  using Mode = bgp::GracefulRestartConfig::Mode;
  bgp::GracefulRestartConfig restart;
  restart.mode = from.mode == lab::RestartMode::off      ? Mode::off
                 : from.mode == lab::RestartMode::helper ? Mode::helper
                                                         : Mode::full;
  restart.restart_time = duration_of(from.restart_time);
  restart.stale_time = duration_of(from.stale_time);
  restart.selection_deferral = duration_of(from.selection_deferral);
  restart.forwarding_preserved = from.forwarding_preserved;
  restart.notification = from.notification;
  restart.long_lived_stale_time = duration_of(from.long_lived_stale_time);
  return restart;
}

bgp::PrefixLimit limit_of(const lab::PrefixLimitOptions& from) {
  using Action = bgp::PrefixLimit::Action;
  bgp::PrefixLimit limit;
  limit.maximum = from.maximum;
  limit.action = from.action == lab::LimitAction::cease  ? Action::cease
                 : from.action == lab::LimitAction::drop ? Action::drop
                                                         : Action::warn;
  limit.warn_at_percent = from.warn_at_percent;
  limit.restart_after = duration_of(from.restart_after);
  if (!from.restart) limit.restart_after.reset();
  return limit;
}

void configure_session(const lab::BgpOptions& options, bgp::PeerConfig& peer) {
  peer.md5_key = options.md5_key;
  peer.ttl_security_hops = static_cast<uint8_t>(options.ttl_security_hops);
  peer.remote_port = static_cast<uint16_t>(options.remote_port);
  if (options.bfd) {
    using Reach = bgp::bfd::Config::Reach;
    peer.bfd =
        bgp::bfd::Config{.desired_min_tx = interval_of(options.bfd->transmit_interval),
                         .required_min_rx = interval_of(options.bfd->receive_interval),
                         .detect_multiplier = static_cast<uint8_t>(options.bfd->multiplier),
                         .reach = options.bfd->multihop ? Reach::multihop : Reach::single_hop};
  }
  peer.connect_retry = duration_of(options.connect_retry);
  peer.idle_hold = duration_of(options.idle_hold);
  peer.longest_idle_hold = duration_of(options.longest_idle_hold.value_or(options.idle_hold));
  peer.delay_open = duration_of(options.delay_open);
  peer.advertisement_interval = duration_of(options.advertisement_interval);
  if (options.send_hold_time) peer.send_hold_time = duration_of(*options.send_hold_time);
  peer.collides_when_established = options.collides_when_established;
  if (options.prefix_limit) peer.prefix_limit = limit_of(*options.prefix_limit);
}

void configure_capabilities(const lab::BgpOptions& options, bgp::PeerConfig& peer) {
  peer.families.clear();
  for (const lab::AddressFamilyName family : options.families) {
    peer.families.push_back(family == lab::AddressFamilyName::ipv4 ? bgp::kIpv4Unicast
                                                                   : bgp::kIpv6Unicast);
  }
  if (options.own_ipv6) {
    if (const auto own = lpm::Ipv6Address::parse(*options.own_ipv6)) {
      peer.own_ipv6 = bgp::Ipv6NextHop{*own, {}};
    }
  }
  peer.enhanced_route_refresh = options.enhanced_route_refresh;
  peer.four_octet_as = options.four_octet_as;
  peer.extended_messages = options.extended_messages;
  peer.ipv6_next_hops = options.ipv6_next_hops;
  peer.graceful_restart = restart_of(options.graceful_restart);
  peer.add_path = {options.add_path.receive, options.add_path.send};
  if (options.role) peer.role = role_of(*options.role);
  peer.strict_role = options.strict_role;
}

bgp::Policy policy_named(const Network& network, const std::optional<std::string>& name) {
  if (!name) return {};
  const auto map = network.route_maps.find(*name);
  return map == network.route_maps.end() ? bgp::Policy{} : bgp::policy_of(map->second);
}

void configure_paths(const lab::BgpOptions& options, bgp::PeerConfig& peer) {
  using lab::NextHopHandling;
  using lab::PrivateAsHandling;
  if (options.next_hop == NextHopHandling::self) peer.next_hop = bgp::NextHopMode::self;
  if (options.next_hop == NextHopHandling::unchanged || options.route_server_client) {
    peer.next_hop = bgp::NextHopMode::unchanged;
  }
  if (options.route_server_client) peer.prepend_own_as = false;
  peer.route_reflector_client = options.route_reflector_client;
  peer.enforce_first_as = options.enforce_first_as;
  peer.allow_as_in = options.allow_as_in;
  peer.private_as = options.private_as == PrivateAsHandling::keep    ? bgp::PrivateAs::keep
                    : options.private_as == PrivateAsHandling::strip ? bgp::PrivateAs::strip
                                                                     : bgp::PrivateAs::replace;
  if (options.local_as) {
    peer.local_as = bgp::LocalAs{options.local_as->asn, options.local_as->no_prepend,
                                 options.local_as->replace_as};
  }
  peer.rejects_as_sets = options.rejects_as_sets;
  peer.honours_graceful_shutdown = options.honours_graceful_shutdown;
  peer.is_being_shut = options.graceful_shutdown;
}

}  // namespace

void check_options(Derivation& d, const lab::BgpOptions& options, const std::string& path) {
  if (options.own_ipv6 && !lpm::Ipv6Address::parse(*options.own_ipv6)) {
    d.error(path + ".own_ipv6",
            fmt::format("\"{}\" is no IPv6 address such as 2001:db8::1", *options.own_ipv6));
  }
  if (options.families.empty()) d.error(path + ".families", "a session needs one at least");
  if (options.md5_key.size() > 80) {
    d.error(path + ".md5_key", "a key has 80 octets at most (RFC 2385)");
  }
  if (options.longest_idle_hold && *options.longest_idle_hold < options.idle_hold) {
    d.error(path + ".longest_idle_hold", "shorter than idle_hold");
  }
  if (options.bfd) {
    for (const auto& [key, value] :
         {std::pair("transmit_interval", options.bfd->transmit_interval),
          std::pair("receive_interval", options.bfd->receive_interval)}) {
      if (value >= lab::Seconds(0.01)) continue;
      d.error(fmt::format("{}.bfd.{}", path, key), "10 ms is the shortest that is kept");
    }
  }
  if (options.route_reflector_client && options.local_as) {
    d.error(path + ".local_as", "a route reflector's client is in the same AS (RFC 4456)");
  }
}

void configure(const lab::BgpOptions& options, const Network& network, bgp::PeerConfig& peer) {
  configure_session(options, peer);
  configure_capabilities(options, peer);
  configure_paths(options, peer);
  peer.requires_policy = options.requires_policy;
  peer.import_policy =
      chain(std::move(peer.import_policy), policy_named(network, options.route_map_in));
  peer.export_policy =
      chain(std::move(peer.export_policy), policy_named(network, options.route_map_out));
}

}  // namespace skyhop::cloud
