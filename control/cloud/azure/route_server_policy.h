// What a route server instance accepts and tells, as BGP policies (A19-A37).
//
//   from \ to     NVA                          VPN gateway
//   itself        VNet prefixes (A30, A31)     nothing: the gateway knows the VNets
//   NVA           the other NVAs               with branch-to-branch, unchanged (A33)
//   VPN gateway   with branch-to-branch (A34)  nothing
//
// The policies own what they need and outlive the network.
#pragma once

#include <vector>

#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/cloud/azure/switches.h"
#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

/// A19 own AS in the path, A20 and A21 VNet prefixes; the next hop stays as sent (A22), and a
/// default route is welcome (A27).
[[nodiscard]] bgp::Policy route_server_import_from_nva(const Network& network,
                                                       const RouteServer& server);
/// Nothing without branch-to-branch (A32).
[[nodiscard]] bgp::Policy route_server_import_from_gateway(const Network& network,
                                                           const RouteServer& server);
[[nodiscard]] bgp::Policy route_server_export_to_nva(const RouteServer& server,
                                                     const Switches& switches = {});
[[nodiscard]] bgp::Policy route_server_export_to_gateway(const RouteServer& server,
                                                         const Switches& switches = {});

/// A30, A31: own ranges and those of the VNets that use this route server.
[[nodiscard]] std::vector<Ipv4Prefix> route_server_originates(const Network& network,
                                                              const RouteServer& server);

/// A23-A26: the shortest AS path decides, equal lengths share; nothing after it counts.
[[nodiscard]] bgp::DecisionOptions route_server_decision();

}  // namespace skyhop::cloud::azure
