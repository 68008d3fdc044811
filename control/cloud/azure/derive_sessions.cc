// iBGP inside AS 65515. Nobody configures it: it is there when a route server and a VPN gateway
// share a VNet, branch-to-branch or not (A32), and between the two instances of a VPN gateway.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/azure/derive.h"

namespace skyhop::cloud::azure {

namespace {

Session::End end_of(const Network& network, GatewayId id, uint32_t peer_asn,
                    const std::string& connection) {
  const Gateway& gateway = network.at(id);
  return {.gateway = id,
          .address = network.at(gateway.nics.front()).address,
          .local_asn = gateway.asn,
          .expected_peer_asn = peer_asn,
          .connection = connection};
}

void add_internal(Derivation& d, GatewayId a, GatewayId b, std::string problem,
                  const std::string& reason) {
  const Gateway& from = d.network.at(a);
  const Gateway& to = d.network.at(b);
  const std::string name = from.name + " - " + to.name;
  Session session{.name = name,
                  .a = end_of(d.network, a, to.asn, from.resource),
                  .b = end_of(d.network, b, from.asn, to.resource),
                  .link = std::nullopt,
                  .problem = std::move(problem)};
  d.fact(name, "session",
         fmt::format("iBGP {} {} - {}", from.asn, session.a.address.to_string(),
                     session.b.address.to_string()),
         session.problem.empty() ? reason : "stays down: " + session.problem);
  d.add_session(std::move(session));
}

void join(Derivation& d, const RouteServer& server, const VpnGateway& gateway) {
  const std::string path = "azurerm_virtual_network_gateway." + gateway.name;
  std::string problem;
  if (gateway.asn != server.asn) {
    problem = fmt::format("VPN gateway {} is AS {}, the route server AS {}", gateway.name,
                          gateway.asn, server.asn);
    d.warning(
        path + ".bgp_settings.asn",
        fmt::format("{}: no iBGP between them, so neither learns the other's routes", problem),
        "V14");
  }
  if (!gateway.active_active) {
    d.error(path + ".active_active",
            fmt::format("a VPN gateway beside route server {} must be active-active", server.name),
            "A39");
  }
  const SubnetId subnet = d.network.at(d.network.at(gateway.instances.front()).nics.front()).subnet;
  const Ipv4Address first =
      d.network.at(d.network.at(server.instances.front()).nics.front()).address;
  if (const auto* route = diverting_route(d.network, subnet, first)) {
    const std::string blocked =
        fmt::format("user route {} ({}) of GatewaySubnet covers RouteServerSubnet", route->name,
                    route->address_prefix.to_string());
    d.warning(d.path_of(subnet) + ".route_table",
              fmt::format("{}: the gateway loses the route server; add a more specific route with "
                          "next hop VnetLocal",
                          blocked),
              "A65");
    if (problem.empty()) problem = blocked;
  }
  for (const GatewayId instance : server.instances) {
    for (const GatewayId other : gateway.instances) {
      add_internal(d, instance, other, problem,
                   server.branch_to_branch
                       ? "same VNet and AS; branch-to-branch exchanges their routes"
                       : "same VNet and AS; without branch-to-branch nothing is exchanged (A32)");
    }
  }
}

}  // namespace

void derive_internal_sessions(Derivation& d) {
  for (const RouteServer& server : d.network.route_servers) {
    for (const VpnGateway& gateway : d.network.vpn_gateways) {
      if (gateway.vnet == server.vnet) join(d, server, gateway);
    }
  }
  for (const VpnGateway& gateway : d.network.vpn_gateways) {
    if (gateway.instances.size() == 2) {
      add_internal(d, gateway.instances[0], gateway.instances[1], {},
                   "the two instances tell each other what they learn (A47)");
    }
  }
}

}  // namespace skyhop::cloud::azure
