// What Azure's host fabric does with the packets of one subnet: its effective routes, resolved to
// NICs (A38, A53-A64). One fabric router per subnet; its table is what resolve() returns.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/network.h"
#include "dataplane/drop_reason.h"

namespace skyhop::cloud::azure {

/// One member of a route's ECMP set: to a NIC, or dropped. A next hop that cannot be reached stays
/// in the set, because Azure goes on sending it its share of the flows.
struct FabricHop {
  enum class Kind {
    router,    ///< in at `nic` of the gateway that is `router`
    machine,   ///< out to the VM at `nic`
    internet,  ///< out of Azure, to `router`
    drop
  };
  Kind kind = Kind::drop;
  NicId nic;        ///< router, machine
  RouterId router;  ///< router, internet
  dataplane::DropReason drop = dataplane::DropReason::no_route;
  /// Only sources in these prefixes pass the peering on the way (A55); empty: all do.
  std::vector<Ipv4Prefix> guard;
  friend bool operator==(const FabricHop&, const FabricHop&) = default;
};

struct FabricRoute {
  Ipv4Prefix prefix;
  std::vector<FabricHop> hops;  ///< at least one
  size_t row = 0;               ///< the effective route it comes from
  std::string explanation;  ///< "10.0.110.0/24 VirtualNetworkGateway: to vng-0 10.0.10.132, ..."
};

/// Holds indexes over a network, which must outlive it.
class FabricResolver {
 public:
  explicit FabricResolver(const Network& network);

  /// One route per Active row, and one host route per NIC in the ranges of the VNet and its peers
  /// (unless a longer Active row of another kind covers the address). Sorted by prefix, each once.
  /// An address inside a range that no NIC has is dropped as no_such_host.
  [[nodiscard]] std::vector<FabricRoute> resolve(SubnetId subnet,
                                                 const std::vector<EffectiveRoute>& rows) const;

 private:
  class Scope;

  const Network& network_;
  std::vector<std::vector<NicId>> nics_of_vnet_;
  std::unordered_map<Ipv4Address, std::vector<NicId>> nics_at_;
};

}  // namespace skyhop::cloud::azure
