// BGP over LAN: an Aviatrix connection names route server addresses, a route server connection
// names a LAN address. A session stands where both do; where one does, it is shown with what is
// missing.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/asn.h"
#include "control/cloud/links.h"

namespace skyhop::cloud {

namespace {

/// Both VNets must be peered in both directions and let forwarded traffic in (V12).
std::string peering_fault(const Derivation& d, VnetId a, VnetId b) {
  if (a == b) return {};
  const auto name = [&](VnetId id) { return d.network.at(id).name; };
  for (const auto& [local, remote] : {std::pair(a, b), std::pair(b, a)}) {
    const Peering* peering = d.peering(local, remote);
    if (peering == nullptr) {
      return fmt::format("VNet {} has no peering to VNet {}", name(local), name(remote));
    }
    if (!peering->allow_virtual_network_access) {
      return fmt::format("peering {} has allow_virtual_network_access off", peering->name);
    }
    if (!peering->allow_forwarded_traffic) {
      return fmt::format("peering {} has allow_forwarded_traffic off", peering->name);
    }
  }
  return {};
}

class LanMatcher {
 public:
  explicit LanMatcher(Derivation& d) : d_(d) {}

  void run() {
    derive_server_ends();
    for (size_t i = 0; i < server_ends_.size(); ++i) {
      const auto peer = owner_of(server_ends_[i]);
      if (peer) server_end_of_.try_emplace({*peer, server_ends_[i].gateway}, i);
    }
    for (const LanEnd& end : d_.lan_ends) from_aviatrix(end);
    for (const LanEnd& end : server_ends_) from_server(end);
    report_partial_mesh();
  }

 private:
  using Pair = std::pair<GatewayId, GatewayId>;  ///< Aviatrix gateway, route server instance

  const Gateway& gateway(GatewayId id) const { return d_.network.at(id); }

  void derive_server_ends() {
    std::map<std::string, std::map<Ipv4Address, std::string>> peers;
    for (const lab::RouteServerBgpConnection& connection : d_.lab.route_server_bgp_connections) {
      const std::string path = "azurerm_route_server_bgp_connection." + connection.name;
      const auto server = d_.route_server_of_name.find(connection.route_server);
      if (server == d_.route_server_of_name.end()) {
        if (!names_broken_server(connection.route_server)) {
          d_.error(path + ".route_server_id",
                   fmt::format("there is no route server \"{}\"", connection.route_server));
        }
        continue;
      }
      check_asn(connection.peer_asn, path + ".peer_asn");
      const RouteServer& route_server = d_.network.route_servers[server->second];
      const auto address = peer_address(connection, path);
      if (!address) continue;
      auto& known = peers[route_server.name];
      if (const auto [other, is_new] = known.try_emplace(*address, connection.name); !is_new) {
        d_.error(path + ".peer_ip",
                 fmt::format("{} is a peer already, by {}", address->to_string(), other->second));
        continue;
      }
      if (known.size() > route_server.max_peers) {
        d_.error(path,
                 fmt::format("route server {} has more than {} peers", route_server.name,
                             route_server.max_peers),
                 "A9");
      }
      for (const GatewayId instance : route_server.instances) {
        const Gateway& each = gateway(instance);
        server_ends_.push_back({.gateway = instance,
                                .local = d_.network.at(each.nics.front()).address,
                                .remote = *address,
                                .local_asn = route_server.asn,
                                .remote_asn = connection.peer_asn,
                                .connection = connection.name,
                                .path = path});
      }
    }
  }

  /// Written in the lab, but with errors of its own.
  bool names_broken_server(const std::string& name) const {
    return std::ranges::find(d_.lab.route_servers, name, &lab::RouteServer::name) !=
           d_.lab.route_servers.end();
  }

  void check_asn(uint32_t asn, const std::string& path) {
    if (asn == kRouteServerAsn) {
      d_.error(path, "AS 65515 is the route server's own; a peer needs another", "A5");
    } else if (const auto why = why_reserved(asn); !why.empty()) {
      d_.error(path, fmt::format("AS {} cannot be used: {}", asn, why), "A6");
    } else if (asn > 65535) {
      d_.error(path, fmt::format("AS {}: a route server takes 2-octet numbers only", asn), "A6");
    }
  }

  /// A gateway's name means the LAN interface that peers with this route server.
  std::optional<Ipv4Address> peer_address(const lab::RouteServerBgpConnection& connection,
                                          const std::string& path) {
    if (const auto address = Ipv4Address::parse(connection.peer_ip)) return address;
    const auto id = d_.find_gateway(connection.peer_ip);
    if (!id) {
      std::vector<std::string> candidates;
      for (const Gateway& each : d_.network.gateways) candidates.push_back(each.name);
      d_.error(path + ".peer_ip",
               fmt::format("\"{}\" is neither an address nor a gateway{}", connection.peer_ip,
                           did_you_mean(connection.peer_ip, candidates)));
      return std::nullopt;
    }
    const Gateway& named = gateway(*id);
    if (named.nics.size() < 2) {
      d_.error(path + ".peer_ip", fmt::format("{} has no bgp_lan interface", connection.peer_ip),
               "V11");
      return std::nullopt;
    }
    Ipv4Address address = d_.network.at(named.nics[1]).address;
    for (const LanEnd& end : d_.lan_ends) {
      if (end.gateway == *id && is_of(end.remote, connection.route_server)) address = end.local;
    }
    d_.fact("route server connection " + connection.name, "peer_ip", address.to_string(),
            fmt::format("bgp_lan address of {}", named.name));
    return address;
  }

  bool is_of(Ipv4Address address, const std::string& route_server) const {
    for (const NicId nic : d_.nics_with(address)) {
      const auto* owner = std::get_if<GatewayId>(&d_.network.at(nic).owner);
      if (owner != nullptr && gateway(*owner).kind == GatewayKind::route_server_instance &&
          gateway(*owner).resource == route_server) {
        return true;
      }
    }
    return false;
  }

  /// The gateway that has the address this end names: in its own or a peered VNet, else anywhere.
  std::optional<GatewayId> owner_of(const LanEnd& end) const {
    const VnetId own = gateway(end.gateway).vnet;
    std::optional<GatewayId> far;
    for (const NicId nic : d_.nics_with(end.remote)) {
      const auto* owner = std::get_if<GatewayId>(&d_.network.at(nic).owner);
      if (owner == nullptr) continue;
      const VnetId vnet = d_.vnet_of(nic);
      if (vnet == own || d_.peering(own, vnet) != nullptr) return *owner;
      far = *owner;
    }
    return far;
  }

  void from_aviatrix(const LanEnd& end) {
    const auto instance = owner_of(end);
    if (!instance || gateway(*instance).kind != GatewayKind::route_server_instance) {
      d_.warning(end.path,
                 fmt::format("no route server has the address {}; {} has no session there",
                             end.remote.to_string(), gateway(end.gateway).name),
                 "V9");
      return;
    }
    const Gateway& far = gateway(*instance);
    peered_[end.gateway][far.resource].insert(*instance);
    paths_[end.gateway] = end.path;
    const auto server = server_end_of_.find({end.gateway, *instance});
    if (server == server_end_of_.end()) {
      add(end, {.gateway = *instance, .address = end.remote, .local_asn = far.asn},
          fmt::format("{} has no bgp_connection to {}", far.resource, end.local.to_string()), "V9",
          end.path);
      return;
    }
    const LanEnd& other = server_ends_[server->second];
    std::string problem;
    if (other.remote != end.local) {
      problem = fmt::format("{} expects its peer at {}, but it is at {}", far.name,
                            other.remote.to_string(), end.local.to_string());
    } else if (other.remote_asn != end.local_asn) {
      problem = fmt::format("{} expects AS {}, but {} is AS {}", far.name, other.remote_asn,
                            gateway(end.gateway).name, end.local_asn);
    } else if (end.remote_asn != other.local_asn) {
      problem = fmt::format("{} expects AS {}, but {} is AS {}", gateway(end.gateway).name,
                            end.remote_asn, far.name, other.local_asn);
    }
    add(end,
        {.gateway = *instance,
         .address = other.local,
         .local_asn = other.local_asn,
         .expected_peer_asn = other.remote_asn,
         .connection = other.connection},
        problem, "V9", end.path);
  }

  void from_server(const LanEnd& end) {
    const auto peer = owner_of(end);
    if (!peer || gateway(*peer).kind != GatewayKind::transit) {
      if (reported_.insert(end.path).second) {
        d_.warning(end.path + ".peer_ip",
                   fmt::format("no gateway has the address {}; {} has no session there",
                               end.remote.to_string(), gateway(end.gateway).resource),
                   "V9");
      }
      return;
    }
    if (seen_.contains({*peer, end.gateway})) return;
    const Gateway& near = gateway(*peer);
    LanEnd missing{.gateway = *peer,
                   .local = end.remote,
                   .remote = end.local,
                   .local_asn = near.asn,
                   .connection = {},
                   .path = end.path};
    add(missing,
        {.gateway = end.gateway,
         .address = end.local,
         .local_asn = end.local_asn,
         .expected_peer_asn = end.remote_asn,
         .connection = end.connection},
        fmt::format("{} has no connection to {}", near.name, end.local.to_string()), "V9",
        end.path);
  }

  void add(const LanEnd& end, Session::End server, std::string problem, const std::string& rule,
           const std::string& path) {
    if (!seen_.insert({end.gateway, server.gateway}).second) {
      d_.error(path, fmt::format("{} and {} have a session already", gateway(end.gateway).name,
                                 gateway(server.gateway).name));
      return;
    }
    const std::string name = gateway(end.gateway).name + " - " + gateway(server.gateway).name;
    if (!problem.empty()) {
      d_.warning(path, fmt::format("session {} stays down: {}", name, problem), rule);
    }
    const std::string underlay =
        peering_fault(d_, gateway(end.gateway).vnet, gateway(server.gateway).vnet);
    if (!underlay.empty()) {
      problem = underlay;
      if (reported_.insert(path + underlay).second) {
        d_.error(path, fmt::format("BGP over LAN cannot come up: {}", underlay), "V12");
      }
    }
    d_.fact(name, "session",
            fmt::format("eBGP {} {} - {} {}", end.local_asn, end.local.to_string(),
                        server.local_asn, server.address.to_string()),
            problem.empty() ? "both sides name each other; multihop over the VNet peering (V7)"
                            : "stays down: " + problem);
    d_.add_session({.name = name,
                    .a = {.gateway = end.gateway,
                          .address = end.local,
                          .local_asn = end.local_asn,
                          .expected_peer_asn = end.remote_asn,
                          .connection = end.connection},
                    .b = std::move(server),
                    .link = std::nullopt,
                    .problem = std::move(problem)});
  }

  /// V10: each instance programs a part of the VMs, so a peer of one instance reaches only those.
  void report_partial_mesh() {
    for (const auto& [id, servers] : peered_) {
      for (const auto& [name, instances] : servers) {
        if (instances.size() >= 2) continue;
        d_.warning(paths_[id],
                   fmt::format("{} peers with one of the two instances of {}: about half of the "
                               "traffic may be lost; use ha_enabled and enable_bgp_lan_activemesh",
                               gateway(id).name, name),
                   "V10");
      }
    }
  }

  Derivation& d_;
  std::vector<LanEnd> server_ends_;
  std::map<Pair, size_t> server_end_of_;
  std::set<Pair> seen_;
  std::map<GatewayId, std::map<std::string, std::set<GatewayId>>> peered_;
  std::map<GatewayId, std::string> paths_;
  std::set<std::string> reported_;
};

}  // namespace

void derive_lan_sessions(Derivation& d) { LanMatcher(d).run(); }

}  // namespace skyhop::cloud
