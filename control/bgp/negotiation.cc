#include "control/bgp/negotiation.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

uint16_t seconds_of(Duration duration, uint32_t most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return static_cast<uint16_t>(std::clamp<int64_t>(seconds, 0, most));
}

GracefulRestart offered_restart(const PeerConfig& peer, Restarting restarting) {
  const GracefulRestartConfig& config = peer.graceful_restart;
  GracefulRestart restart;
  restart.has_restarted = restarting == Restarting::yes;
  restart.notification = config.notification;
  restart.restart_time = seconds_of(config.restart_time, kLongestRestartTime);
  // RFC 4724 3: without families it says that we only help.
  if (config.mode != GracefulRestartConfig::Mode::full) return restart;
  for (const AddressFamily family : peer.families) {
    restart.families.push_back({family, config.forwarding_preserved});
  }
  return restart;
}

// The capability that is missing, as RFC 5492 5 wants it in the NOTIFICATION.
Notification lacks_family(AddressFamily family) {
  Notification notification(OpenError::unsupported_capability);
  Capabilities missing;
  missing.families = {family};
  append(missing, 0, notification.data);
  return notification;
}

bool matches_role(const PeerConfig& peer, const Open& theirs) {
  if (!peer.role) return true;
  if (!theirs.role) return !peer.strict_role;
  return theirs.role == counterpart(*peer.role);
}

FamilyContext agree(const PeerConfig& peer, const Capabilities& ours, const Open& theirs,
                    AddressFamily family) {
  FamilyContext context;
  context.is_agreed =
      std::ranges::find(peer.families, family) != peer.families.end() && theirs.speaks(family);
  if (!context.is_agreed) return context;
  const AddPathFamily* us = ours.add_path_of(family);
  const AddPathFamily* them = theirs.add_path_of(family);
  if (us != nullptr && them != nullptr) {
    context.path_ids_in = us->can_receive && them->can_send;
    context.path_ids_out = us->can_send && them->can_receive;
  }
  context.ipv6_next_hops =
      ours.takes_ipv6_next_hops_for(family) && theirs.takes_ipv6_next_hops_for(family);
  return context;
}

}  // namespace

Capabilities offered(const PeerConfig& peer, Restarting restarting) {
  Capabilities ours;
  ours.families = peer.families;
  ours.route_refresh = peer.route_refresh;
  ours.enhanced_route_refresh = peer.enhanced_route_refresh;
  ours.extended_message = peer.extended_messages;
  ours.four_octet_as = peer.four_octet_as;
  ours.role = peer.role;
  for (const AddressFamily family : peer.families) {
    if (peer.add_path.receive || peer.add_path.send > 0) {
      ours.add_path.push_back({family, peer.add_path.receive, peer.add_path.send > 0});
    }
    if (peer.ipv6_next_hops && family == kIpv4Unicast) {
      ours.extended_next_hops.push_back({family, kIpv6Unicast.afi});
    }
  }
  const GracefulRestartConfig& restart = peer.graceful_restart;
  if (restart.mode == GracefulRestartConfig::Mode::off) return ours;
  ours.graceful_restart = offered_restart(peer, restarting);
  if (restart.long_lived_stale_time > Duration{0}) {
    for (const AddressFamily family : peer.families) {
      const auto stale =
          std::chrono::duration_cast<std::chrono::seconds>(restart.long_lived_stale_time);
      ours.long_lived.push_back(
          {family, restart.forwarding_preserved,
           static_cast<uint32_t>(std::min<int64_t>(stale.count(), kLongestStaleTime))});
    }
  }
  return ours;
}

std::optional<Notification> refused(const SpeakerConfig& speaker, const PeerConfig& peer,
                                    const Open& theirs) {
  // Without RFC 6793 the capability means nothing to us.
  const Asn asn = !peer.four_octet_as && theirs.asn > 0xFFFF ? kAsTrans : theirs.asn;
  if (peer.remote_asn != 0 && asn != peer.remote_asn) return Notification(OpenError::bad_peer_as);
  const bool is_ebgp = asn != asn_towards(speaker, peer);
  // RFC 6286: inside one AS the identifier is unique.
  if (!is_ebgp && theirs.router_id == speaker.router_id) {
    return Notification(OpenError::bad_bgp_identifier);
  }
  if (std::ranges::none_of(peer.families, [&](AddressFamily f) { return theirs.speaks(f); })) {
    return lacks_family(peer.families.empty() ? kIpv4Unicast : peer.families.front());
  }
  // RFC 9234 4.2: roles are between autonomous systems.
  if (is_ebgp && !matches_role(peer, theirs)) return Notification(OpenError::role_mismatch);
  return {};
}

Negotiated negotiate(const PeerConfig& peer, const Capabilities& ours, const Open& theirs,
                     bool is_ebgp) {
  Negotiated both;
  both.context.four_octet_as = ours.four_octet_as && theirs.four_octet_as;
  both.context.is_ebgp = is_ebgp;
  both.context.ipv4 = agree(peer, ours, theirs, kIpv4Unicast);
  both.context.ipv6 = agree(peer, ours, theirs, kIpv6Unicast);
  const bool takes_extended = ours.extended_message && theirs.extended_message;
  both.context.longest_message = takes_extended ? kMaxExtendedLength : kMaxMessageLength;
  both.route_refresh = ours.route_refresh && theirs.route_refresh;
  both.enhanced_route_refresh =
      both.route_refresh && ours.enhanced_route_refresh && theirs.enhanced_route_refresh;
  both.graceful_restart = ours.graceful_restart && theirs.graceful_restart;
  both.notification = both.graceful_restart && ours.graceful_restart->notification &&
                      theirs.graceful_restart->notification;
  both.long_lived = both.graceful_restart && !ours.long_lived.empty() && !theirs.long_lived.empty();
  return both;
}

}  // namespace skyhop::bgp
