// What a VPN gateway instance accepts and tells, as BGP policies (A43-A47).
//
//   from \ to      branch                      sibling, route server
//   VNets          yes (A45)                   no: they know
//   static         yes (A45)                   yes, by the own address
//   branch         yes, transit                yes, by the own address (A47)
//   sibling, ARS   yes (A45)                   no: iBGP
//   0.0.0.0/0      never (A43)                 never
//
// The policies own what they need and outlive the network.
#pragma once

#include <vector>

#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/cloud/azure/switches.h"
#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

/// A46 own AS in the path; VNet prefixes (A45); a default route is taken (A43).
[[nodiscard]] bgp::Policy vpn_gateway_import_from_branch(const Network& network,
                                                         const VpnGateway& gateway);
/// From the sibling instance or the route server: VNet prefixes are dropped.
[[nodiscard]] bgp::Policy vpn_gateway_import_from_ibgp(const Network& network,
                                                       const VpnGateway& gateway);

[[nodiscard]] bgp::Policy vpn_gateway_export_to_branch(const Network& network,
                                                       const VpnGateway& gateway,
                                                       const Switches& switches = {});
/// To the sibling and to the route server, with the instance's private address as next hop (A47).
[[nodiscard]] bgp::Policy vpn_gateway_export_to_ibgp(const Network& network,
                                                     const VpnGateway& gateway, GatewayId instance,
                                                     const Switches& switches = {});

/// VNet prefixes (own, and of the VNets that use the gateway) and the static ones of local network
/// gateways.
[[nodiscard]] std::vector<Ipv4Prefix> vpn_gateway_originates(const Network& network,
                                                             const VpnGateway& gateway);

/// The shortest AS path, then own tunnels before the sibling's (two instances that sent each other
/// half of their flows would loop), then ECMP (A51).
[[nodiscard]] bgp::DecisionOptions vpn_gateway_decision();

/// Prefixes the gateway takes from a peer of this group (azure/peer_groups.h); 0: no limit. Past it
/// the session is dropped: 4,000 from a branch (A44), and from a route server what seed-2022
/// allowed.
[[nodiscard]] uint32_t vpn_gateway_max_prefixes(const Network& network, const VpnGateway& gateway,
                                                std::string_view group);

}  // namespace skyhop::cloud::azure
