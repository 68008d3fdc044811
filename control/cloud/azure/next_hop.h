// Questions about one destination, answered from a subnet's effective routes as Network Watcher
// does (A70), and whether the fabric carries a BGP session there (A65).
#pragma once

#include <string>
#include <vector>

#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

/// The row that decides: the longest Active match; nullptr when none matches.
[[nodiscard]] const EffectiveRoute* deciding_route(const std::vector<EffectiveRoute>& rows,
                                                   Ipv4Address destination);

struct NextHopAnswer {
  EffectiveNextHop next_hop_type = EffectiveNextHop::None;
  std::vector<Ipv4Address> next_hop_ips;
  std::string route_table;  ///< the table's name when a user route decides, else "System Route"
};

[[nodiscard]] NextHopAnswer next_hop(const Network& network, SubnetId subnet,
                                     const std::vector<EffectiveRoute>& rows,
                                     Ipv4Address destination);

/// Why packets from `subnet` do not go straight to the NIC at `destination`; empty when they do.
/// Both directions must be clear for a BGP session over the fabric: a route over an appliance
/// breaks it.
[[nodiscard]] std::string direct_path_problem(const Network& network, SubnetId subnet,
                                              const std::vector<EffectiveRoute>& rows,
                                              Ipv4Address destination);

}  // namespace skyhop::cloud::azure
