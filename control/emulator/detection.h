// How long a gateway believes in a dead tunnel, and when it trusts it again.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "control/bgp/scheduler.h"
#include "control/cloud/network.h"
#include "control/emulator/element_state.h"
#include "control/lab/lab.h"
#include "control/routing/router_table.h"

namespace skyhop::emulator {

/// Watches tunnels and HA links for the gateways at their ends. An Aviatrix gateway takes its
/// tunnel_detection_time (60 s unless set) to see that a tunnel is dead; a VPN gateway or a router
/// trusts BGP where BGP runs over the tunnel (A52), and dead peer detection (45 s) where routes are
/// static. A cable's ends see the carrier go at once.
class Detection {
 public:
  /// `noticed` is told when an end of a tunnel has seen it dead or alive.
  Detection(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
            bgp::Scheduler& scheduler, std::vector<std::unique_ptr<routing::RouterTable>>& tables,
            std::function<void()> noticed);

  /// The link, or the machine at one of its ends, went down or came up.
  void link_changed(cloud::LinkId link);
  /// All links of a gateway.
  void gateway_changed(cloud::GatewayId gateway);
  /// The link is up, and no end waits for the tunnel to be negotiated again after it saw it dead.
  [[nodiscard]] bool is_negotiated(cloud::LinkId link) const;
  /// The router's gateway knows the link as dead: edges over it start dead.
  [[nodiscard]] bool knows_dead(cloud::RouterId router, cloud::LinkId link) const {
    const auto gateway = network_.gateway_of(router);
    return gateway && known_dead_.contains({*gateway, link});
  }

 private:
  void watch(cloud::RouterId end, cloud::LinkId link);
  [[nodiscard]] std::optional<bgp::Duration> detection_time(const cloud::Gateway& gateway,
                                                            cloud::LinkId link) const;

  const lab::Lab& lab_;
  const cloud::Network& network_;
  const ElementState& state_;
  bgp::Scheduler& scheduler_;
  std::vector<std::unique_ptr<routing::RouterTable>>& tables_;
  std::function<void()> noticed_;
  std::set<std::pair<cloud::GatewayId, cloud::LinkId>> known_dead_;
};

}  // namespace skyhop::emulator
