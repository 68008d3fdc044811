// From what route servers and VPN gateways know to what they program into the VNets (A12, A13,
// A20-A28, A47, A62, A63).
//
// A route server programs the routes of its NVAs, a VPN gateway those of its branches, each into
// its own VNet and into the VNets that use its gateways. Ranking is the route server's: the routing
// preference, then the shortest AS path; whatever is left shares the traffic.
#pragma once

#include <vector>

#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

enum class GatewayRouteKind { nva, vpn, express_route };

/// One route in use (best or ECMP) in the Loc-RIB of one instance.
struct InstanceRoute {
  GatewayId instance;
  Ipv4Prefix prefix;
  /// Of an NVA route: as the NVA sent it (A22). Of a gateway's: the instance's own address (A63),
  /// whatever stands here.
  Ipv4Address next_hop;
  uint32_t as_path_length = 0;
  GatewayRouteKind kind = GatewayRouteKind::nva;
};

/// A route server's instances share the work of programming NICs, so an NVA that peers with one of
/// them serves only part of them. Which part is undocumented (A13, assumed).
enum class OneLeggedPeers {
  split,       ///< half of the subnets, by hash: NICs of one subnet share a fabric table here
  everywhere,  ///< as if either instance could program every NIC
};

struct ProgrammingOptions {
  OneLeggedPeers one_legged_peers = OneLeggedPeers::split;
};

/// A snapshot: make a new one when a Loc-RIB or the state of an instance changes.
class ProgrammedRoutes {
 public:
  /// `routes`: of route server instances only routes learned from NVAs, of VPN gateway instances
  /// only branch, sibling and static ones (what they told each other would count twice). `is_up`:
  /// by gateway; a dead instance's routes do not count and its share of the NICs goes to the other
  /// one (A12).
  ProgrammedRoutes(const Network& network, const std::vector<InstanceRoute>& routes,
                   const std::vector<bool>& is_up, const ProgrammingOptions& options = {});

  /// Sorted by prefix. Whether the subnet's route table lets them in is effective_routes()'s.
  [[nodiscard]] const std::vector<GatewayRoute>& of(SubnetId subnet) const {
    return lists_[list_of_subnet_[subnet.index()]];
  }

 private:
  std::vector<std::vector<GatewayRoute>> lists_;  ///< the first is empty
  std::vector<size_t> list_of_subnet_;
};

/// Which of `living` instances programs a subnet's NICs; `living` > 0.
[[nodiscard]] size_t programming_instance(SubnetId subnet, size_t living);

}  // namespace skyhop::cloud::azure
