// Sessions over the VNets' fabric: BGP over LAN of Aviatrix, and the neighbours of routers on VMs.
// Each names an address: a route server's instance, or another such router; a route server's
// connection names one of theirs. A session stands where both do; where one does, it is shown with
// what is missing.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/asn.h"
#include "control/cloud/azure/topology.h"
#include "control/cloud/links.h"

namespace skyhop::cloud {

namespace {

enum class Forwarded { needed, not_needed };

/// Both VNets must be peered in both directions, and for Aviatrix let forwarded traffic in (V12).
std::string peering_fault(const Derivation& d, VnetId a, VnetId b, Forwarded forwarded) {
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
    if (forwarded == Forwarded::needed && !peering->allow_forwarded_traffic) {
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
    for (const LanEnd& end : d_.lan_ends) {
      const auto far = owner_of(end);
      if (far) peer_end_of_.try_emplace({end.gateway, *far}, &end);
    }
    for (const LanEnd& end : d_.lan_ends) from_peer(end);
    for (const LanEnd& end : server_ends_) from_server(end);
    report_partial_mesh();
  }

 private:
  using Pair = std::pair<GatewayId, GatewayId>;  ///< who has the end, whom it names

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
    if (named.kind == GatewayKind::appliance) {
      const Ipv4Address address = d_.network.at(named.nics.front()).address;
      d_.fact("route server connection " + connection.name, "peer_ip", address.to_string(),
              fmt::format("address of {}", named.name));
      return address;
    }
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
      const auto owner = d_.network.gateway_of(nic);
      if (!owner) continue;
      const VnetId vnet = d_.vnet_of(nic);
      if (vnet == own || d_.peering(own, vnet) != nullptr) return owner;
      far = owner;
    }
    return far;
  }

  void from_peer(const LanEnd& end) {
    const auto instance = owner_of(end);
    if (instance && peer_end_of_.at({end.gateway, *instance}) != &end) {
      d_.error(end.path, fmt::format("{} and {} have a session already", gateway(end.gateway).name,
                                     gateway(*instance).name));
      return;
    }
    const bool is_peer = instance && (gateway(*instance).kind == GatewayKind::appliance ||
                                      gateway(*instance).kind == GatewayKind::transit);
    if (is_peer) return between_peers(end, *instance);
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
    add(end, session_end(other), disagreement(end, other), "V9", end.path);
  }

  /// In what two ends that name each other differ, or nothing.
  [[nodiscard]] std::string disagreement(const LanEnd& end, const LanEnd& other) const {
    const std::string& near = gateway(end.gateway).name;
    const std::string& far = gateway(other.gateway).name;
    if (other.remote != end.local) {
      return fmt::format("{} expects its peer at {}, but it is at {}", far,
                         other.remote.to_string(), end.local.to_string());
    }
    if (other.remote_asn != end.local_asn) {
      return fmt::format("{} expects AS {}, but {} is AS {}", far, other.remote_asn, near,
                         end.local_asn);
    }
    if (end.remote_asn != other.local_asn) {
      return fmt::format("{} expects AS {}, but {} is AS {}", near, end.remote_asn, far,
                         other.local_asn);
    }
    if (end.is_passive && other.is_passive) return "both ends wait for the other";
    return {};
  }

  static Session::End session_end(const LanEnd& end) {
    return {.gateway = end.gateway,
            .address = end.local,
            .local_asn = end.local_asn,
            .expected_peer_asn = end.remote_asn,
            .is_passive = end.is_passive,
            .connection = end.connection};
  }

  /// Two routers that both take their neighbours from the lab.
  void between_peers(const LanEnd& end, GatewayId far) {
    const auto other = peer_end_of_.find({far, end.gateway});
    if (other == peer_end_of_.end()) {
      add(end,
          {.gateway = far, .address = end.remote, .local_asn = gateway(far).asn, .connection = {}},
          fmt::format("{} has no neighbour at {}", gateway(far).name, end.local.to_string()), "V9",
          end.path);
    } else if (!seen_.contains({far, end.gateway})) {
      add(end, session_end(*other->second), disagreement(end, *other->second), "V9", end.path);
    }
  }

  void from_server(const LanEnd& end) {
    const auto peer = owner_of(end);
    const bool is_peer = peer && (gateway(*peer).kind == GatewayKind::transit ||
                                  gateway(*peer).kind == GatewayKind::appliance);
    if (!is_peer) {
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
    add(missing, session_end(end),
        fmt::format("{} has no connection to {}", near.name, end.local.to_string()), "V9",
        end.path);
  }

  void add(const LanEnd& end, Session::End far, std::string problem, const std::string& rule,
           const std::string& path) {
    seen_.insert({end.gateway, far.gateway});
    const std::string name = gateway(end.gateway).name + " - " + gateway(far.gateway).name;
    const bool is_aviatrix = gateway(end.gateway).kind == GatewayKind::transit;
    if (!problem.empty()) {
      d_.warning(path, fmt::format("session {} stays down: {}", name, problem), rule);
    }
    const std::string underlay =
        peering_fault(d_, gateway(end.gateway).vnet, gateway(far.gateway).vnet,
                      is_aviatrix ? Forwarded::needed : Forwarded::not_needed);
    if (!underlay.empty()) {
      problem = underlay;
      if (reported_.insert(path + underlay).second) {
        if (is_aviatrix) {
          d_.error(path, fmt::format("BGP over LAN cannot come up: {}", underlay), "V12");
        } else {
          d_.warning(path, fmt::format("session {} stays down: {}", name, underlay));
        }
      }
    }
    if (problem.empty()) problem = diversion(end.gateway, far);
    d_.fact(
        name, "session",
        fmt::format("{} {} {} - {} {}", end.local_asn == far.local_asn ? "iBGP" : "eBGP",
                    end.local_asn, end.local.to_string(), far.local_asn, far.address.to_string()),
        problem.empty() ? is_aviatrix
                              ? "both sides name each other; multihop over the VNet peering (V7)"
                              : "both sides name each other; multihop over the VNets' fabric (A4)"
                        : "stays down: " + problem);
    d_.add_session({.name = name,
                    .a = session_end(end),
                    .b = std::move(far),
                    .link = std::nullopt,
                    .problem = std::move(problem)});
  }

  /// A user route that takes the packets of one end elsewhere breaks the session (A65).
  std::string diversion(GatewayId near, const Session::End& far) const {
    const Gateway& router = gateway(near);
    if (router.kind != GatewayKind::appliance) return {};
    const SubnetId subnet = d_.network.at(router.nics.front()).subnet;
    const auto* route = azure::diverting_route(d_.network, subnet, far.address);
    if (route == nullptr) return {};
    return fmt::format("user route {} ({}) of {} takes packets to {} elsewhere", route->name,
                       route->address_prefix.to_string(), d_.full_name(subnet),
                       far.address.to_string());
  }

  /// V10: each instance programs a part of the VMs, so a peer of one instance reaches only those.
  void report_partial_mesh() {
    for (const auto& [id, servers] : peered_) {
      for (const auto& [name, instances] : servers) {
        if (instances.size() >= 2) continue;
        if (gateway(id).kind != GatewayKind::transit) {
          d_.warning(paths_[id],
                     fmt::format("{} peers with one of the two instances of {}: a part of the NICs "
                                 "never has its routes; name the route server itself",
                                 gateway(id).name, name),
                     "A13");
          continue;
        }
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
  std::map<Pair, const LanEnd*> peer_end_of_;
  std::set<Pair> seen_;
  std::map<GatewayId, std::map<std::string, std::set<GatewayId>>> peered_;
  std::map<GatewayId, std::string> paths_;
  std::set<std::string> reported_;
};

}  // namespace

void derive_lan_sessions(Derivation& d) { LanMatcher(d).run(); }

}  // namespace skyhop::cloud
