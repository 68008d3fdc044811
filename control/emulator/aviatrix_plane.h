// The Aviatrix side alive: the controller polls the transit gateways and BGP spokes, programs
// gateways and VNet route tables, and tells the speakers what to advertise (V20-V50).
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "control/bgp/scheduler.h"
#include "control/cloud/aviatrix/controller.h"
#include "control/cloud/aviatrix/egress.h"
#include "control/cloud/aviatrix/segmentation.h"
#include "control/cloud/network.h"
#include "control/emulator/active_standby.h"
#include "control/emulator/element_state.h"
#include "control/emulator/emulation.h"
#include "control/emulator/speakers.h"
#include "control/routing/router_table.h"

namespace skyhop::emulator {

using Tables = std::vector<std::unique_ptr<routing::RouterTable>>;

class AviatrixPlane {
 public:
  struct Observers {
    /// The controller has changed user routes in VNet route tables.
    std::function<void()> route_tables;
    /// A line for the activity log.
    std::function<void(const std::string& subject, const std::string& what)> note;
    /// A tunnel is up, and both ends have noticed.
    std::function<bool(cloud::LinkId)> carries_packets;
  };

  AviatrixPlane(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
                bgp::Scheduler& scheduler, Speakers& speakers, Tables& tables, Observers observers);

  /// First program, then a poll every bgp_polling_time.
  void start();
  /// Best routes of a gateway changed: its own table and its twin's follow at once (the two tell
  /// each other over the HA link, assumed), everything else at the controller's next poll.
  void routes_changed(cloud::GatewayId gateway, std::span<const bgp::Prefix> prefixes);
  /// "Customize Spoke Advertised VPC CIDRs"; empty: the VNet's CIDR again (V26-V29).
  void set_advertised_cidrs(cloud::GatewayId spoke, std::vector<lpm::Ipv4Prefix> cidrs);
  /// A gateway was launched and attached, or a gateway's machine stopped or started.
  void gateways_changed();
  /// A tunnel was noticed dead or alive.
  void tunnels_changed() { standby_.changed(); }
  /// Learned CIDRs of a gateway or connection become approved, or pending again (V36).
  void set_approved(const std::string& target, const std::vector<lpm::Ipv4Prefix>& cidrs,
                    bool approved);
  /// False when the other tunnel cannot take over (V50).
  bool switch_over(const std::string& connection) { return standby_.switch_over(connection); }
  [[nodiscard]] const ActiveStandby& standby() const { return standby_; }

  [[nodiscard]] std::vector<PendingCidr> pending() const;

  /// The user routes the controller keeps in a VNet route table.
  [[nodiscard]] const std::vector<lab::UserRoute>& route_table(cloud::RouteTableId table) const {
    return program_.route_tables[table.index()];
  }

 private:
  using Learned = std::vector<cloud::aviatrix::LearnedRoute>;
  /// What a gateway uses for a prefix in one of its tables.
  struct Choice {
    std::vector<bgp::Candidate> learned;                       ///< the best first, then its equals
    const cloud::aviatrix::GatewayTableRoute* told = nullptr;  ///< by the controller, not local
    bool uses_told = false;
    std::string told_lost;  ///< why not
  };

  void poll_every(bgp::Duration interval);
  void poll(bgp::Duration interval);
  [[nodiscard]] Learned learned_now(cloud::GatewayId gateway) const;
  void note_learned(cloud::GatewayId gateway, const Learned& before, const Learned& now) const;
  void note_pending();
  void apply_program();
  void program_tables(cloud::GatewayId gateway,
                      const std::vector<cloud::aviatrix::GatewayTableRoute>& routes);
  void program_speaker(cloud::GatewayId gateway,
                       const std::vector<cloud::aviatrix::Origination>& wanted);
  void note_program(const cloud::aviatrix::Program& next) const;
  void install_bgp(cloud::GatewayId gateway, lpm::Ipv4Prefix prefix);
  void install_bgp(cloud::GatewayId gateway, cloud::RouterId router, const std::string& domain,
                   lpm::Ipv4Prefix prefix);
  [[nodiscard]] Choice choose(cloud::GatewayId gateway, const std::string& domain,
                              lpm::Ipv4Prefix prefix) const;
  [[nodiscard]] const cloud::aviatrix::GatewayTableRoute* told(cloud::GatewayId gateway,
                                                               const std::string& domain,
                                                               lpm::Ipv4Prefix prefix) const;
  [[nodiscard]] bool is_visible(cloud::GatewayId gateway, const bgp::Candidate& candidate,
                                const std::string& domain) const;
  [[nodiscard]] bool twin_knows(cloud::GatewayId gateway, const std::string& domain,
                                lpm::Ipv4Prefix prefix) const;
  [[nodiscard]] routing::NextHop out_of(cloud::GatewayId gateway, routing::RouterTable& table,
                                        const cloud::aviatrix::Egress& way);
  [[nodiscard]] routing::NextHop into_vnet(cloud::GatewayId gateway, routing::RouterTable& table,
                                           size_t nic);
  void reevaluate(cloud::GatewayId gateway, const std::string& connection);
  [[nodiscard]] bool is_usable(const std::string& connection, cloud::GatewayId gateway) const;
  [[nodiscard]] std::string domain_of(cloud::GatewayId gateway, const std::string& group) const;

  const lab::Lab& lab_;
  const cloud::Network& network_;
  const ElementState& state_;
  bgp::Scheduler& scheduler_;
  Speakers& speakers_;
  Tables& tables_;
  Observers observers_;
  cloud::aviatrix::Segmentation segmentation_;
  ActiveStandby standby_;
  std::vector<bgp::Duration> polling_;  ///< by gateway; zero: not polled
  std::set<PendingCidr> noted_pending_;
  cloud::aviatrix::Configuration configuration_;
  std::vector<Learned> learned_;  ///< by gateway, at last poll
  cloud::aviatrix::Program program_;
};

}  // namespace skyhop::emulator
