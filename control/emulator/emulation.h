// The whole control plane of one lab, alive: speakers, controller, fabric, state of every element.
//
// Time is virtual and stands still between calls. Nothing here touches packets; forwarding goes to
// a FibSink (the data plane, or nothing for commands that only need the answer).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/azure/nsg.h"
#include "control/cloud/network.h"
#include "control/emulator/virtual_clock.h"
#include "control/lab/lab.h"
#include "control/routing/router_table.h"
#include "lpm/error.h"

namespace skyhop::emulator {

using lab::Seconds;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

/// One line of the activity log: every change somebody would want to know of.
struct LogEntry {
  Seconds at{0};        ///< since the start of the emulation (before convergence: from its start)
  std::string subject;  ///< "spoke2", "transit-1 - routerserver-0"
  std::string what;
};

struct Convergence {
  bool converged = false;
  Seconds took{0};                   ///< until the last change
  std::vector<std::string> waiting;  ///< what is not up, with the reason
};

/// A learned CIDR that waits for approval (V36).
struct PendingCidr {
  std::string connection;
  cloud::GatewayId gateway;
  Ipv4Prefix prefix;
  friend auto operator<=>(const PendingCidr&, const PendingCidr&) = default;
};

class AzurePlane;
class AviatrixPlane;
class Detection;
class ElementState;
class RouterPlane;
class Speakers;

class Emulation {
 public:
  /// Both outlive the emulation; `sink` may be null. The lab is copied: the timeline changes it.
  Emulation(const lab::Lab& lab, const cloud::Network& network, routing::FibSink* sink);
  ~Emulation();
  Emulation(const Emulation&) = delete;
  Emulation& operator=(const Emulation&) = delete;

  /// Runs until nothing changes any more; the clock of timeline and checks starts at its end.
  Convergence converge();
  /// Virtual time since convergence.
  [[nodiscard]] Seconds now() const;
  /// The clock that speakers read: since the start of the emulation.
  [[nodiscard]] bgp::Time clock() const { return clock_.now(); }
  /// When it had converged, since the start of the emulation.
  [[nodiscard]] Seconds converged_at() const;
  /// Runs until this time since convergence.
  void advance_to(Seconds time);
  /// Carries out an event now. Fails when its target does not exist.
  Result<void> apply(const lab::TimelineEvent& event);

  [[nodiscard]] const cloud::Network& network() const { return network_; }
  [[nodiscard]] const routing::RouterTable& table(cloud::RouterId router) const;
  [[nodiscard]] const std::vector<cloud::azure::EffectiveRoute>& effective_routes(
      cloud::SubnetId subnet) const;
  /// Groups that a packet passes at the NIC in this direction, tags expanded as of now.
  [[nodiscard]] std::vector<cloud::azure::CompiledNsg> filters(cloud::NicId nic,
                                                               lab::Direction direction) const;
  [[nodiscard]] bool is_link_up(cloud::LinkId link) const;
  [[nodiscard]] bool is_gateway_up(cloud::GatewayId gateway) const;
  /// The speaker of a gateway; null for one that speaks no BGP.
  [[nodiscard]] const bgp::Speaker* speaker(cloud::GatewayId gateway) const;
  /// "Established", "Active", ...; the session's problem when it cannot come up.
  [[nodiscard]] std::string session_state(cloud::SessionId session) const;
  /// The end's own view: which peer of which speaker this session is. Null when there is none.
  struct SessionPeer {
    const bgp::Speaker* speaker = nullptr;
    bgp::PeerId peer{};
  };
  [[nodiscard]] SessionPeer session_peer(cloud::SessionId session, bool side_a) const;
  [[nodiscard]] std::vector<PendingCidr> pending_cidrs() const;
  /// The gateway that forwards for an active-standby connection (V50).
  [[nodiscard]] std::optional<cloud::GatewayId> active_gateway(const std::string& connection) const;
  /// The activity log: what changed and when, oldest first.
  [[nodiscard]] const std::vector<LogEntry>& log() const { return log_; }
  /// From now on keeps every BGP message sent: "time sender > receiver octets", in ns and hex.
  void record_messages();
  [[nodiscard]] const std::vector<std::string>& messages() const;

 private:
  class Watch;  ///< counts changes of forwarding on their way to the sink

  Result<void> carry_out(const lab::SetState& change);
  Result<void> carry_out(const lab::SetAdvertisedCidrs& change);
  Result<void> carry_out(const lab::AddSpoke& added);
  Result<void> carry_out(const lab::SetApproval& change);
  Result<void> carry_out(const lab::Switchover& change);
  Result<void> carry_out(const lab::StopGateway& change);
  Result<void> carry_out(const lab::LinkConditions& change);
  [[nodiscard]] std::vector<cloud::GatewayId> gateways_of(const std::string& resource) const;
  void set_gateway(cloud::GatewayId gateway, bool up);
  void set_link(cloud::LinkId link, bool up);
  Result<void> set_state(const lab::SetState& change);
  void note(std::string subject, std::string what);

  lab::Lab lab_;
  const cloud::Network& network_;
  VirtualClock clock_;
  bgp::Time zero_{0};
  bgp::Time last_change_{0};
  std::vector<LogEntry> log_;
  std::map<cloud::Channel, lab::LinkConditions> conditions_;  ///< of channels that changed
  std::unique_ptr<ElementState> state_;
  std::unique_ptr<Watch> watch_;
  std::vector<std::unique_ptr<routing::RouterTable>> tables_;
  std::unique_ptr<Detection> detection_;
  std::unique_ptr<Speakers> speakers_;
  std::unique_ptr<AviatrixPlane> aviatrix_;
  std::unique_ptr<AzurePlane> azure_;
  std::unique_ptr<RouterPlane> routers_;
};

}  // namespace skyhop::emulator
