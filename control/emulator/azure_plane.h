// The Azure side alive: what route servers and VPN gateways know becomes the fabric's tables and
// the VPN gateway instances' own (A12, A20-A28, A38, A47, A53-A65).
#pragma once

#include <memory>
#include <vector>

#include "control/bgp/scheduler.h"
#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/azure/fabric.h"
#include "control/cloud/azure/gateway_routes.h"
#include "control/cloud/network.h"
#include "control/emulator/aviatrix_plane.h"
#include "control/emulator/element_state.h"
#include "control/emulator/speakers.h"

namespace skyhop::emulator {

class AzurePlane {
 public:
  AzurePlane(const cloud::Network& network, const ElementState& state, bgp::Scheduler& scheduler,
             const Speakers& speakers, Tables& tables);

  /// The controller's route tables are read from here; set before the first programming.
  void read_route_tables_from(const AviatrixPlane& aviatrix) { aviatrix_ = &aviatrix; }
  /// Something the fabric depends on has changed: it is programmed a moment later, once for all
  /// changes of that moment.
  void changed();
  /// Best routes of a VPN gateway instance changed: its own table follows at once.
  void routes_changed(cloud::GatewayId instance, std::span<const bgp::Prefix> prefixes);
  /// An instance stopped or started. What a stopped one programmed stays until its peers and the
  /// platform have noticed (V44).
  void instance_changed(cloud::GatewayId instance);

  [[nodiscard]] const std::vector<cloud::azure::EffectiveRoute>& effective_routes(
      cloud::SubnetId subnet) const {
    return effective_[subnet.index()];
  }

 private:
  void program();
  void program_subnet(cloud::SubnetId subnet, const cloud::azure::ProgrammedRoutes& programmed);
  void collect(cloud::GatewayId instance);
  void install_static(const cloud::VpnGateway& gateway);
  void install_bgp(cloud::GatewayId instance, lpm::Ipv4Prefix prefix);
  [[nodiscard]] std::optional<routing::NextHop> into_fabric(const cloud::Gateway& instance);

  const cloud::Network& network_;
  const ElementState& state_;
  bgp::Scheduler& scheduler_;
  const Speakers& speakers_;
  Tables& tables_;
  const AviatrixPlane* aviatrix_ = nullptr;
  cloud::azure::FabricResolver resolver_;
  std::vector<std::vector<cloud::azure::InstanceRoute>> routes_;  ///< by gateway, as programmed
  std::vector<bool> counts_;  ///< by gateway: its routes count (alive, or not yet noticed dead)
  std::vector<std::vector<cloud::azure::EffectiveRoute>> effective_;
  bool is_scheduled_ = false;
};

}  // namespace skyhop::emulator
