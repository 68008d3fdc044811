// The routers' ends of tunnels, cables and BGP sessions. Like every end they only say "my router,
// that far end"; what comes up is what both ends say.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "control/cloud/ipsec.h"
#include "control/cloud/routers/derive.h"

namespace skyhop::cloud::routers {

namespace {

std::string path_of(const lab::Router& router) { return "router." + router.name; }

/// Every router that was derived, with what the lab says of it.
std::vector<std::pair<GatewayId, const lab::Router*>> derived_routers(const Derivation& d) {
  std::vector<std::pair<GatewayId, const lab::Router*>> routers;
  for (const lab::Router& router : d.lab.routers) {
    const auto id = d.find_gateway(router.name);
    if (id && d.network.plain_router(*id) != nullptr) routers.emplace_back(*id, &router);
  }
  return routers;
}

/// The gateways that a name in the lab means: all instances of a VPN gateway or route server, or
/// one gateway or router. Empty when there is none.
std::vector<GatewayId> gateways_named(const Derivation& d, const std::string& name) {
  if (const auto vpn = d.vpn_gateway_of_name.find(name); vpn != d.vpn_gateway_of_name.end()) {
    return d.network.vpn_gateways[vpn->second].instances;
  }
  if (const auto server = d.route_server_of_name.find(name);
      server != d.route_server_of_name.end()) {
    return d.network.route_servers[server->second].instances;
  }
  if (const auto gateway = d.find_gateway(name)) return {*gateway};
  return {};
}

const std::string& remote_of(const lab::RouterConnection& connection) {
  return connection.remote.empty() ? connection.name : connection.remote;
}

const std::string& peer_of(const lab::RouterNeighbor& neighbor) {
  return neighbor.peer.empty() ? neighbor.name : neighbor.peer;
}

std::vector<std::string> names_of(const Derivation& d) {
  std::vector<std::string> names;
  for (const Gateway& gateway : d.network.gateways) names.push_back(gateway.name);
  for (const VpnGateway& gateway : d.network.vpn_gateways) names.push_back(gateway.name);
  for (const RouteServer& server : d.network.route_servers) names.push_back(server.name);
  return names;
}

/// The neighbour of the router that speaks inside a line to this gateway.
const lab::RouterNeighbor* neighbor_at(const Derivation& d, const lab::Router& router,
                                       GatewayId far) {
  for (const lab::RouterNeighbor& neighbor : router.neighbors) {
    const auto peers = gateways_named(d, peer_of(neighbor));
    if (std::ranges::find(peers, far) != peers.end()) return &neighbor;
  }
  return nullptr;
}

std::vector<GatewayId> far_ends(const Derivation& d, const lab::RouterConnection& connection) {
  const std::string& remote = remote_of(connection);
  if (const auto address = Ipv4Address::parse(remote)) {
    const auto gateway = d.gateway_of_public_address(*address);
    return gateway ? std::vector{*gateway} : std::vector<GatewayId>{};
  }
  return gateways_named(d, remote);
}

/// What lies between two routers that keeps a line from ever coming up, or nothing.
std::string underlay_problem(const Derivation& d, const Gateway& near, const Gateway& far,
                             lab::LineProtocol protocol) {
  const auto is_inside = [](const Gateway& g) { return g.kind != GatewayKind::on_premises; };
  if (protocol == lab::LineProtocol::Ethernet && (is_inside(near) || is_inside(far))) {
    return "a cable joins two routers outside of Azure";
  }
  const bool both_inside = is_inside(near) && is_inside(far);
  if (both_inside && protocol == lab::LineProtocol::GRE && !d.lab.settings.gre_on_azure) {
    return "Azure's fabric drops GRE; settings.gre_on_azure allows it here";
  }
  if (near.kind != GatewayKind::appliance || far.kind != GatewayKind::appliance) return {};
  if (near.vnet == far.vnet) return {};
  const Peering* there = d.peering(near.vnet, far.vnet);
  const Peering* back = d.peering(far.vnet, near.vnet);
  if (there != nullptr && back != nullptr) {
    for (const Peering* peering : {there, back}) {
      if (!peering->allow_virtual_network_access) {
        return fmt::format("peering {} has allow_virtual_network_access off", peering->name);
      }
    }
    return {};
  }
  if (near.public_ip != Ipv4Address() && far.public_ip != Ipv4Address()) return {};
  return fmt::format("VNets {} and {} are not peered, and the two have no public addresses",
                     d.network.at(near.vnet).name, d.network.at(far.vnet).name);
}

void derive_connection(Derivation& d, GatewayId id, const lab::Router& router,
                       const lab::RouterConnection& connection) {
  const std::string path = path_of(router) + ".connection." + connection.name;
  if (connection.ipsec_policy) {
    if (const auto fault = fault_of(*connection.ipsec_policy)) {
      d.error(path + ".ipsec_policy." + fault->field, fault->message, fault->rule);
    }
    if (connection.protocol != lab::LineProtocol::IPsec) {
      d.error(path + ".ipsec_policy", "belongs to protocol IPsec");
    }
  }
  const auto far_gateways = far_ends(d, connection);
  if (far_gateways.empty()) {
    if (Ipv4Address::parse(remote_of(connection))) {
      d.warning(path,
                fmt::format("nothing in this lab has the address {}; the connection is left "
                            "out",
                            remote_of(connection)),
                "V9");
    } else {
      d.error(path, fmt::format("there is no gateway or router \"{}\"{}", remote_of(connection),
                                did_you_mean(remote_of(connection), names_of(d))));
    }
    return;
  }
  const Ipv4Address own = d.network.at(d.network.at(id).nics.front()).address;
  for (const GatewayId far_id : far_gateways) {
    const Gateway& far = d.network.at(far_id);
    if (far_id == id || !far.router) {
      d.error(path, fmt::format("{} is no far end of a line", far.name));
      continue;
    }
    const lab::RouterNeighbor* neighbor = neighbor_at(d, router, far_id);
    TunnelEnd end{.gateway = id,
                  .remote = far.public_ip,
                  .far = far_id,
                  .protocol = connection.protocol,
                  .connection = connection.name,
                  .path = path,
                  .initiates = connection.connection_mode != lab::ConnectionMode::ResponderOnly,
                  .responds = connection.connection_mode != lab::ConnectionMode::InitiatorOnly,
                  .policy = connection.ipsec_policy,
                  .has_bgp = neighbor != nullptr && router.asn != 0,
                  .local_bgp = connection.local_address.value_or(own),
                  .remote_bgp = connection.remote_address.value_or(Ipv4Address()),
                  .local_asn = router.asn,
                  .remote_asn = neighbor == nullptr ? 0 : neighbor->remote_asn.value_or(far.asn),
                  .is_passive = neighbor != nullptr && neighbor->passive,
                  .problem = underlay_problem(d, d.network.at(id), far, connection.protocol)};
    d.tunnel_ends.push_back(std::move(end));
  }
}

/// The far end's inner address, where the router was not told: what the far end says of itself.
void complete_remote_addresses(Derivation& d) {
  std::map<std::pair<GatewayId, GatewayId>, Ipv4Address> inner;
  for (const TunnelEnd& end : d.tunnel_ends) {
    const auto far = end.far ? end.far : d.gateway_of_public_address(end.remote);
    if (far) inner.try_emplace({end.gateway, *far}, end.local_bgp);
  }
  for (TunnelEnd& end : d.tunnel_ends) {
    if (!end.far || end.remote_bgp != Ipv4Address()) continue;
    const auto found = inner.find({*end.far, end.gateway});
    if (found != inner.end()) end.remote_bgp = found->second;
  }
}

}  // namespace

void derive_connections(Derivation& d) {
  for (const auto& [id, router] : derived_routers(d)) {
    for (const lab::RouterConnection& connection : router->connections) {
      derive_connection(d, id, *router, connection);
    }
  }
  complete_remote_addresses(d);
}

void derive_neighbors(Derivation& d) {
  std::map<std::pair<GatewayId, GatewayId>, const TunnelEnd*> lines;
  for (const TunnelEnd& end : d.tunnel_ends) {
    if (end.far) lines.try_emplace({end.gateway, *end.far}, &end);
  }
  for (const auto& [id, router] : derived_routers(d)) {
    for (const lab::RouterNeighbor& neighbor : router->neighbors) {
      const std::string path = path_of(*router) + ".neighbor." + neighbor.name;
      if (router->asn == 0) {
        d.error(path_of(*router), "a router with neighbours needs its asn");
        break;
      }
      const auto peers = gateways_named(d, peer_of(neighbor));
      if (peers.empty()) {
        d.error(path, fmt::format("there is no gateway, route server or router \"{}\"{}",
                                  peer_of(neighbor), did_you_mean(peer_of(neighbor), names_of(d))));
      }
      for (const GatewayId peer_id : peers) {
        if (lines.contains({id, peer_id})) continue;  // inside the line
        const Gateway& peer = d.network.at(peer_id);
        const bool is_on_fabric =
            d.network.at(id).kind == GatewayKind::appliance &&
            (peer.kind == GatewayKind::route_server_instance ||
             peer.kind == GatewayKind::appliance || peer.kind == GatewayKind::transit);
        if (!is_on_fabric) {
          d.error(path, fmt::format("{} has no connection to {}, and no VNet between them",
                                    router->name, peer.name));
          break;
        }
        d.lan_ends.push_back({.gateway = id,
                              .local = d.network.at(d.network.at(id).nics.front()).address,
                              .remote = d.network.at(peer.nics.back()).address,
                              .local_asn = router->asn,
                              .remote_asn = neighbor.remote_asn.value_or(peer.asn),
                              .is_passive = neighbor.passive,
                              .connection = neighbor.name,
                              .path = path});
      }
    }
  }
}

void derive_static_routes(Derivation& d) {
  for (const auto& [id, router] : derived_routers(d)) {
    PlainRouter& derived = *std::ranges::find(d.network.plain_routers, id, &PlainRouter::gateway);
    const bool is_on_vm = d.network.at(id).kind == GatewayKind::appliance;
    for (size_t i = 0; i < router->routes.size(); ++i) {
      const lab::RouterRoute& route = router->routes[i];
      const std::string path = fmt::format("{}.static_route[{}].next_hop", path_of(*router), i);
      PlainRouter::StaticRoute made{.prefix = route.address_prefix, .links = {}};
      const auto connection =
          std::ranges::find(router->connections, route.next_hop, &lab::RouterConnection::name);
      if (connection != router->connections.end()) {
        made.out = PlainRouter::Out::links;
        for (const GatewayId far : far_ends(d, *connection)) {
          if (!d.network.at(far).router) continue;
          const auto link = d.link_between(*d.network.at(id).router, *d.network.at(far).router);
          if (link && d.network.at(*link).kind != LinkKind::fabric) made.links.push_back(*link);
        }
      } else if (route.next_hop == "vnet" && is_on_vm) {
        made.out = PlainRouter::Out::vnet;
      } else if (route.next_hop == lab::kInternet && !is_on_vm) {
        made.out = PlainRouter::Out::internet;
      } else if (route.next_hop != "none") {
        std::vector<std::string> known = {"none", is_on_vm ? "vnet" : lab::kInternet};
        for (const auto& each : router->connections) known.push_back(each.name);
        d.error(path,
                fmt::format("\"{}\" is no connection of {}, and not {} or none{}", route.next_hop,
                            router->name, known[1], did_you_mean(route.next_hop, known)));
      }
      derived.static_routes.push_back(std::move(made));
    }
  }
}

}  // namespace skyhop::cloud::routers
