// External tunnels. Each side only says "my gateway, that address"; a tunnel is what both sides
// say.
//
// Azure's connection has an end on every instance towards every remote device, but only those exist
// that the other side has too: two of four in a pair of ResponderOnly connections (V15, V18).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/ipsec.h"
#include "control/cloud/links.h"

namespace skyhop::cloud {

namespace {

struct Fault {
  std::string problem;
  std::string rule;
};

/// Why packets between private addresses of two gateways do not arrive, or nothing.
std::string underlay_fault(const Derivation& d, GatewayId a, GatewayId b) {
  const VnetId vnets[] = {d.network.at(a).vnet, d.network.at(b).vnet};
  if (vnets[0] == vnets[1]) return {};
  for (const auto& [local, remote] : {std::pair(0, 1), std::pair(1, 0)}) {
    const Peering* peering = d.peering(vnets[local], vnets[remote]);
    if (peering == nullptr || !peering->allow_virtual_network_access) {
      return fmt::format("VNet {} has no peering to VNet {}", d.network.at(vnets[local]).name,
                         d.network.at(vnets[remote]).name);
    }
  }
  return {};
}

/// Why two matching ends never form a tunnel, or an empty problem.
Fault tunnel_fault(const Derivation& d, const TunnelEnd& a, const TunnelEnd& b) {
  for (const TunnelEnd* end : {&a, &b}) {
    if (!end->problem.empty()) return {end->problem, {}};
  }
  if (a.protocol != b.protocol) return {"the ends speak different protocols", "V9"};
  // A router's end takes the addresses that the other end means.
  if (!a.far && !b.far && a.is_private != b.is_private) {
    return {"one end uses private addresses and the other public ones", "V9"};
  }
  if (a.is_private || b.is_private) {
    if (std::string missing = underlay_fault(d, a.gateway, b.gateway); !missing.empty()) {
      return {std::move(missing), "A53"};
    }
  }
  if (a.protocol != lab::LineProtocol::IPsec) return {};
  const bool can_start = (a.initiates && b.responds) || (b.initiates && a.responds);
  if (!can_start) {
    return {a.initiates ? "both ends are InitiatorOnly: neither answers"
                        : "both ends are ResponderOnly: neither starts",
            "V18"};
  }
  if (a.ikev2 != b.ikev2) return {"one end speaks IKEv1 and the other IKEv2", "A48"};
  if (const std::string differs = mismatch(a.policy, b.policy); !differs.empty()) {
    return {"the IPsec policies differ in " + differs, "A48"};
  }
  return {};
}

/// Why the session inside a tunnel never comes up, or an empty problem.
Fault session_fault(const Network& network, const TunnelEnd& a, const TunnelEnd& b) {
  for (const auto& [near, far] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const std::string& name = network.at(near->gateway).name;
    if (!near->has_bgp) return {fmt::format("{} has no BGP on this tunnel", name), "V9"};
    if (far->has_bgp && near->remote_bgp != far->local_bgp) {
      return {fmt::format("{} expects its peer at {}, but it is at {}", name,
                          near->remote_bgp.to_string(), far->local_bgp.to_string()),
              "V9"};
    }
    if (far->has_bgp && near->remote_asn != far->local_asn) {
      return {fmt::format("{} expects AS {}, but its peer is AS {}", name, near->remote_asn,
                          far->local_asn),
              "V9"};
    }
  }
  if (a.is_passive && b.is_passive) {
    return {"both ends speak from APIPA addresses and wait for the other", "A41"};
  }
  return {};
}

constexpr uint32_t kCableMtu = 1500;

Encapsulation encapsulation_of(lab::LineProtocol protocol, const lab::IpsecPolicy& policy,
                               NatTraversal nat) {
  constexpr uint32_t kIpv4 = 20, kUdp = 8, kVxlan = 8, kEthernet = 14;
  switch (protocol) {
    case lab::LineProtocol::IPsec:
      return encapsulation_of(transform_of(policy), nat);
    case lab::LineProtocol::GRE:
      return kGre;
    case lab::LineProtocol::VXLAN:  // RFC 7348
      return {.fixed_bytes = kIpv4 + kUdp + kVxlan + kEthernet};
    case lab::LineProtocol::Ethernet:
      break;
  }
  return {};
}

Session::End session_end(const TunnelEnd& end) {
  return {.gateway = end.gateway,
          .address = end.local_bgp,
          .local_asn = end.local_asn,
          .expected_peer_asn = end.remote_asn,
          .is_passive = end.is_passive,
          .connection = end.connection};
}

class TunnelMatcher {
 public:
  explicit TunnelMatcher(Derivation& d) : d_(d) {
    for (size_t i = 0; i < d_.tunnel_ends.size(); ++i) {
      const TunnelEnd& end = d_.tunnel_ends[i];
      const auto remote = end.far ? end.far : remote_of(end);
      remotes_.push_back(remote);
      if (!remote) continue;
      const auto [other, is_new] = ends_.try_emplace({end.gateway, *remote}, i);
      if (!is_new) {
        d_.error(end.path, fmt::format("{} has a tunnel to {} already, by {}",
                                       d_.network.at(end.gateway).name, d_.network.at(*remote).name,
                                       d_.tunnel_ends[other->second].connection));
      }
    }
  }

  void run() {
    for (size_t i = 0; i < d_.tunnel_ends.size(); ++i) {
      const TunnelEnd& end = d_.tunnel_ends[i];
      if (!remotes_[i]) {
        if (reported_.insert(end.path).second) {
          d_.warning(end.path,
                     fmt::format("nothing in this lab has the address {}; the tunnel is left out",
                                 end.remote.to_string()),
                     "V9");
        }
        continue;
      }
      if (ends_.at({end.gateway, *remotes_[i]}) != i) continue;  // a duplicate
      const auto other = ends_.find({*remotes_[i], end.gateway});
      if (other != ends_.end()) {
        if (other->second > i) join(end, d_.tunnel_ends[other->second]);
        used_.insert(end.connection);
      } else if (!end.is_azure) {
        half_open(end, *remotes_[i]);
      }
    }
    report_idle_connections();
  }

 private:
  /// The gateway that has the address this end names; a private one in its own or a peered VNet.
  std::optional<GatewayId> remote_of(const TunnelEnd& end) const {
    if (!end.is_private) return d_.gateway_of_public_address(end.remote);
    std::optional<GatewayId> far;
    for (const NicId nic : d_.nics_with(end.remote)) {
      const auto* owner = std::get_if<GatewayId>(&d_.network.at(nic).owner);
      if (owner == nullptr || *owner == end.gateway) continue;
      if (d_.peering(d_.network.at(end.gateway).vnet, d_.vnet_of(nic)) != nullptr) return *owner;
      far = *owner;
    }
    return far;
  }

  void join(const TunnelEnd& a, const TunnelEnd& b) {
    const Network& network = d_.network;
    const std::string name = network.at(a.gateway).name + " - " + network.at(b.gateway).name;
    const Fault fault = tunnel_fault(d_, a, b);
    if (!fault.problem.empty()) {
      d_.warning(a.path, fmt::format("tunnel {} stays down: {}", name, fault.problem), fault.rule);
    }
    // Azure's custom policy is the only proposal; without one ours is what both agree on.
    const std::optional<lab::IpsecPolicy>& policy = b.policy ? b.policy : a.policy;
    const auto link =
        add(a, &b, b.gateway, name, policy.value_or(lab::IpsecPolicy{}), fault.problem);
    if (!link) return report_linked(a, b.gateway);
    add_static_routes(a, *link);
    add_static_routes(b, *link);
    if (!a.has_bgp && !b.has_bgp) return;
    Fault session = session_fault(network, a, b);
    if (!session.problem.empty()) {
      d_.warning(a.path, fmt::format("session {} stays down: {}", name, session.problem),
                 session.rule);
    }
    if (!fault.problem.empty()) session.problem = "its tunnel stays down: " + fault.problem;
    add_session(session_end(a), session_end(b), name, *link, session.problem);
  }

  /// Ours has an end, the other side none: shown as a tunnel that cannot come up.
  void half_open(const TunnelEnd& end, GatewayId remote) {
    const Gateway& far = d_.network.at(remote);
    const std::string name = d_.network.at(end.gateway).name + " - " + far.name;
    const std::string problem =
        fmt::format("{} has no connection to {}", far.name, d_.network.at(end.gateway).name);
    d_.warning(end.path, fmt::format("tunnel {} stays down: {}", name, problem), "V9");
    const auto link =
        add(end, nullptr, remote, name, end.policy.value_or(lab::IpsecPolicy{}), problem);
    if (!link) return report_linked(end, remote);
    const Session::End other{.gateway = remote,
                             .address = end.remote_bgp,
                             .local_asn = far.asn,
                             .expected_peer_asn = 0,
                             .connection = {}};
    add_session(session_end(end), other, name, *link, problem);
  }

  void report_linked(const TunnelEnd& end, GatewayId remote) {
    d_.error(end.path, fmt::format("{} and {} have a tunnel already, without this connection",
                                   d_.network.at(end.gateway).name, d_.network.at(remote).name));
  }

  /// `other` is the far end, where there is one.
  std::optional<LinkId> add(const TunnelEnd& end, const TunnelEnd* other, GatewayId remote,
                            const std::string& name, const lab::IpsecPolicy& policy,
                            const std::string& problem) {
    const Gateway& a = d_.network.at(end.gateway);
    const Gateway& b = d_.network.at(remote);
    const bool is_cable = end.protocol == lab::LineProtocol::Ethernet;
    const bool is_private = end.is_private || (other != nullptr && other->is_private);
    const NatTraversal nat = is_private ? NatTraversal::off : NatTraversal::on;
    Link link{.name = name,
              .kind = is_cable ? LinkKind::cable : LinkKind::tunnel,
              .a = end.table.value_or(*a.router),
              .b = other == nullptr ? *b.router : other->table.value_or(*b.router),
              .connection = end.connection,
              .far_connection = other == nullptr ? std::string() : other->connection,
              .policy = policy,
              .encapsulation = encapsulation_of(end.protocol, policy, nat),
              .mtu = is_cable ? kCableMtu : d_.lab.settings.tunnel_mtu,
              .problem = problem,
              .present_at_start = a.present_at_start && b.present_at_start};
    if (end.has_bgp) {
      link.a_address = end.local_bgp;
      link.b_address = end.remote_bgp;
    }
    d_.fact(name, "tunnels", "1",
            problem.empty() ? fmt::format("{} and {} name each other", a.name, b.name)
                            : "stays down: " + problem);
    if (end.protocol == lab::LineProtocol::IPsec) {
      make_tunnel(d_, link, end.gateway, remote, policy, nat, end.path);
    } else if (!is_cable) {
      d_.fact(name, "overhead", fmt::format("{} octets", link.encapsulation.fixed_bytes),
              end.protocol == lab::LineProtocol::GRE ? "GRE without options (RFC 2784)"
                                                     : "VXLAN with the inner Ethernet header");
    }
    if (!is_cable) {
      d_.fact(name, "mtu", std::to_string(link.mtu), "settings.tunnel_mtu (assumed)");
    }
    return d_.add_link(std::move(link));
  }

  void add_session(Session::End a, Session::End b, const std::string& name, LinkId link,
                   const std::string& problem) {
    d_.fact(name, "session",
            fmt::format("eBGP {} {} - {} {}", a.local_asn, a.address.to_string(), b.local_asn,
                        b.address.to_string()),
            b.is_passive || a.is_passive ? "inside the tunnel; Azure's APIPA end waits (A41)"
                                         : "inside the tunnel");
    d_.add_session(
        {.name = name, .a = std::move(a), .b = std::move(b), .link = link, .problem = problem});
  }

  void add_static_routes(const TunnelEnd& end, LinkId link) {
    if (!end.is_azure) return;
    const std::string& resource = d_.network.at(end.gateway).resource;
    auto& routes = d_.network.vpn_gateways[d_.vpn_gateway_of_name.at(resource)].static_routes;
    for (const Ipv4Prefix prefix : end.static_prefixes) {
      auto route = std::ranges::find(routes, prefix, &VpnGateway::StaticRoute::prefix);
      if (route == routes.end()) {
        routes.push_back({.prefix = prefix, .links = {}});
        route = std::prev(routes.end());
        d_.fact(resource, "static_route", prefix.to_string(),
                "address_space of the local network gateway of " + end.connection);
      }
      route->links.push_back(link);
    }
  }

  /// An Azure connection no end of which found its other half.
  void report_idle_connections() {
    for (size_t i = 0; i < d_.tunnel_ends.size(); ++i) {
      const TunnelEnd& end = d_.tunnel_ends[i];
      if (!end.is_azure || !remotes_[i] || used_.contains(end.connection)) continue;
      if (!reported_.insert(end.path).second) continue;
      d_.warning(end.path,
                 fmt::format("{} has no connection back: no tunnel comes up",
                             d_.network.at(*remotes_[i]).name),
                 "V9");
    }
  }

  Derivation& d_;
  std::vector<std::optional<GatewayId>> remotes_;  ///< by end
  std::map<std::pair<GatewayId, GatewayId>, size_t> ends_;
  std::set<std::string> used_;      ///< connections with at least one tunnel
  std::set<std::string> reported_;  ///< paths
};

}  // namespace

void derive_tunnels(Derivation& d) { TunnelMatcher(d).run(); }

}  // namespace skyhop::cloud
