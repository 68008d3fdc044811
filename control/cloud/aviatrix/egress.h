// Where a gateway sends the packets of a route that its own BGP sessions brought (V20).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::aviatrix {

/// Metric of a direct route in a gateway's table: 100 and lower is healthy. Through the twin it is
/// settings.twin_metric.
inline constexpr uint32_t kDirectMetric = 100;

/// One way out: through a tunnel, or out of a LAN interface into Azure's fabric.
struct Egress {
  std::optional<LinkId> tunnel;
  std::optional<NicId> lan;  ///< without a tunnel: the gateway's NIC in the session's subnet
  /// What the gateway's table shows: the tunnel's far inner address where it has one, or the first
  /// address of the LAN subnet (V20), never the BGP next hop.
  Ipv4Address next_hop;
  friend bool operator==(const Egress&, const Egress&) = default;
};

/// The egress of routes learned on `session` by `gateway`, one of its ends; nothing when the
/// session runs over neither a tunnel nor a NIC of the gateway.
[[nodiscard]] std::optional<Egress> session_egress(const Network& network, GatewayId gateway,
                                                   SessionId session);

/// `sessions`: those that the routes in use (best and ECMP) came over. Each way out once.
[[nodiscard]] std::vector<Egress> learned_route_egress(const Network& network, GatewayId gateway,
                                                       std::span<const SessionId> sessions);

}  // namespace skyhop::cloud::aviatrix
