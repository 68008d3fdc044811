// The Aviatrix controller: who learns which route, and what is programmed into the VNets (V20-V34).
//
// Transit gateways learn by BGP and are polled; spokes speak no BGP and are programmed. This file
// is the pure part: from what the transits know now to what every gateway and route table should
// hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::aviatrix {

/// A best BGP route of a transit gateway, as the controller reads it when it polls.
struct LearnedRoute {
  Ipv4Prefix prefix;
  std::vector<uint32_t> as_path;
  friend bool operator==(const LearnedRoute&, const LearnedRoute&) = default;
};

/// What can change at run time in a spoke or transit gateway's configuration.
struct Configuration {
  /// Per gateway (index as in Network::gateways); empty: the VNet's CIDR.
  std::vector<std::vector<Ipv4Prefix>> included_advertised_spoke_routes;
  std::vector<bool> present;  ///< the gateway exists and is attached
};

enum class RouteType { vpc, linklocal, bgp, peer, static_route };

/// A route the controller puts into one gateway's table, or has it keep from BGP.
struct GatewayTableRoute {
  Ipv4Prefix prefix;
  RouteType type = RouteType::vpc;
  std::vector<LinkId> primary;  ///< tunnels, ECMP
  std::vector<LinkId> backup;   ///< the HA link to the twin (metric 200)
  bool via_own_vnet = false;    ///< linklocal: out of eth0 into the VNet's fabric
  std::string reason;
};

/// What the controller wants the world to be.
struct Program {
  /// Per gateway: routes other than those its own BGP speaker brings.
  std::vector<std::vector<GatewayTableRoute>> gateway_routes;
  /// Per transit gateway: the prefixes its speaker originates (spoke CIDRs, advertised lists).
  std::vector<std::vector<Ipv4Prefix>> originate;
  /// Per route table: the user routes it keeps there (RFC 1918, learned routes outside of it).
  std::vector<std::vector<lab::UserRoute>> route_tables;
};

/// `learned` is indexed by gateway; only transits have entries.
[[nodiscard]] Program program(const Network& network, const lab::Lab& lab,
                              const Configuration& configuration,
                              const std::vector<std::vector<LearnedRoute>>& learned);

}  // namespace skyhop::cloud::aviatrix
