// The Aviatrix side alive: the controller polls the transit gateways, programs gateways and VNet
// route tables, and tells the transits what to advertise (V20-V34, V41-V46).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "control/bgp/scheduler.h"
#include "control/cloud/aviatrix/controller.h"
#include "control/cloud/aviatrix/egress.h"
#include "control/cloud/network.h"
#include "control/emulator/element_state.h"
#include "control/emulator/speakers.h"
#include "control/routing/router_table.h"

namespace skyhop::emulator {

using Tables = std::vector<std::unique_ptr<routing::RouterTable>>;

class AviatrixPlane {
 public:
  /// `on_route_tables` is told when the controller has changed user routes in VNet route tables.
  AviatrixPlane(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
                bgp::Scheduler& scheduler, Speakers& speakers, Tables& tables,
                std::function<void()> on_route_tables);

  /// First program, then a poll every bgp_polling_time.
  void start();
  /// Best routes of a transit changed: its own table and its twin's follow at once (the two tell
  /// each other over the HA link, assumed), everything else at the controller's next poll.
  void routes_changed(cloud::GatewayId transit, std::span<const bgp::Prefix> prefixes);
  /// "Customize Spoke Advertised VPC CIDRs"; empty: the VNet's CIDR again (V26-V29).
  void set_advertised_cidrs(cloud::GatewayId spoke, std::vector<lpm::Ipv4Prefix> cidrs);
  /// A gateway was launched and attached, or a gateway's machine stopped or started.
  void gateways_changed();

  /// The user routes the controller keeps in a VNet route table.
  [[nodiscard]] const std::vector<lab::UserRoute>& route_table(cloud::RouteTableId table) const {
    return program_.route_tables[table.index()];
  }

 private:
  void poll_every(bgp::Duration interval);
  void poll();
  void apply_program();
  void install_bgp(cloud::GatewayId transit, lpm::Ipv4Prefix prefix);
  [[nodiscard]] routing::NextHop out_of(cloud::GatewayId gateway,
                                        const cloud::aviatrix::Egress& way);
  [[nodiscard]] routing::NextHop into_vnet(cloud::GatewayId gateway, size_t nic);
  [[nodiscard]] bool twin_knows(cloud::GatewayId gateway, lpm::Ipv4Prefix prefix) const;

  const lab::Lab& lab_;
  const cloud::Network& network_;
  const ElementState& state_;
  bgp::Scheduler& scheduler_;
  Speakers& speakers_;
  Tables& tables_;
  std::function<void()> on_route_tables_;
  cloud::aviatrix::Configuration configuration_;
  std::vector<std::vector<cloud::aviatrix::LearnedRoute>> learned_;  ///< by gateway, at last poll
  cloud::aviatrix::Program program_;
};

}  // namespace skyhop::emulator
