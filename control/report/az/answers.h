// What the az CLI answers, in its own shape: key names, key order, enum spellings and row order are
// Azure's, so that scripts written for Azure work on a lab.
//
// az sorts keys by name and indents by two: what report::dump() makes of these values is its text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/emulator/emulation.h"
#include "lpm/flow.h"

namespace skyhop::report::az {

using Json = nlohmann::ordered_json;

/// Where the lab's resources are said to stand. Ids follow from it and from names alone: two runs
/// give the same ones.
struct Scope {
  std::string resource_group;
  /// "/subscriptions/0000.../resourceGroups/RG/providers/Microsoft.Network/<what>"
  [[nodiscard]] std::string id(const std::string& what) const;
};

// ---- az network nic ----

/// show-effective-route-table: a row for each next hop (A62, A63).
[[nodiscard]] Json effective_route_table(const emulator::Emulation& emulation, cloud::NicId nic);
/// list-effective-nsg: the subnet's group, then the NIC's, tags expanded (A66).
[[nodiscard]] Json effective_nsg(const Scope& scope, const emulator::Emulation& emulation,
                                 cloud::NicId nic);

// ---- az network routeserver ----

/// show (A1).
[[nodiscard]] Json route_server(const Scope& scope, const emulator::Emulation& emulation,
                                const cloud::RouteServer& server);
/// peering show.
[[nodiscard]] Json peering(const Scope& scope, const emulator::Emulation& emulation,
                           const cloud::RouteServer& server,
                           const lab::RouteServerBgpConnection& connection);
/// peering list-learned-routes: a list for each instance, empty while its session is down. What an
/// import rule rejected is not shown (assumed).
[[nodiscard]] Json peering_learned(const emulator::Emulation& emulation,
                                   const cloud::RouteServer& server, const std::string& connection);
/// peering list-advertised-routes (A30, A34).
[[nodiscard]] Json peering_advertised(const emulator::Emulation& emulation,
                                      const cloud::RouteServer& server,
                                      const std::string& connection);

// ---- az network vnet-gateway ----

/// list-learned-routes: instance by instance; own networks, branches, the sibling, route servers.
[[nodiscard]] Json gateway_learned(const emulator::Emulation& emulation,
                                   const cloud::VpnGateway& gateway);
/// list-advertised-routes --peer; an address that is no peer gives an empty list.
[[nodiscard]] Json gateway_advertised(const emulator::Emulation& emulation,
                                      const cloud::VpnGateway& gateway, lpm::Ipv4Address peer);
/// list-bgp-peer-status (A40). Durations are virtual time.
[[nodiscard]] Json gateway_peer_status(const emulator::Emulation& emulation,
                                       const cloud::VpnGateway& gateway);

// ---- az network watcher ----

/// show-next-hop (A70).
[[nodiscard]] Json next_hop(const Scope& scope, const emulator::Emulation& emulation,
                            cloud::NicId nic, lpm::Ipv4Address destination);
/// test-ip-flow: `flow` runs in `direction` at the NIC.
[[nodiscard]] Json ip_flow(const emulator::Emulation& emulation, cloud::NicId nic,
                           lab::Direction direction, const lpm::FlowKey& flow);

/// "[d.]hh:mm:ss.fffffff", as .NET writes a time span.
[[nodiscard]] std::string time_span(bgp::Time span);

}  // namespace skyhop::report::az
