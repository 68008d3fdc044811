// Where a gateway sends the packets of a route that its own BGP sessions brought (V20, V42, V43).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::aviatrix {

/// Metrics of a gateway's table: 100 and lower is healthy; the twin's is an assumed 200.
inline constexpr uint32_t kDirectMetric = 100;
inline constexpr uint32_t kTwinMetric = 200;

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

struct LearnedRouteEgress {
  std::vector<Egress> primary;  ///< ECMP, each way out once
  std::vector<LinkId> backup;   ///< the HA link, when all primaries are dead
};

enum class TwinKnowsRoute { no, yes };

/// `sessions`: those that the routes in use (best and ECMP) came over. The twin backs a route up
/// only if its own sessions brought it too: otherwise the packet would come straight back.
[[nodiscard]] LearnedRouteEgress learned_route_egress(const Network& network, GatewayId gateway,
                                                      std::span<const SessionId> sessions,
                                                      TwinKnowsRoute twin);

}  // namespace skyhop::cloud::aviatrix
