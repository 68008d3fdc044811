// The effective routes of a subnet's NICs: what Azure's host fabric does with a packet (A53-A63).
//
// The rule (Azure, "how Azure selects a route"): longest prefix among active routes; for equal
// prefixes User > BGP > Default; but system routes of the VNet, its peerings and service endpoints
// win even over more specific BGP routes (A59).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

enum class RouteSource { Default, User, VirtualNetworkGateway };
enum class RouteState { Active, Invalid };
/// As the az CLI prints them.
enum class EffectiveNextHop {
  VnetLocal,
  VNetPeering,
  VNetGlobalPeering,
  Internet,
  None,
  VirtualAppliance,
  VirtualNetworkGateway
};

struct EffectiveRoute {
  RouteSource source = RouteSource::Default;
  RouteState state = RouteState::Active;
  Ipv4Prefix prefix;
  EffectiveNextHop next_hop_type = EffectiveNextHop::None;
  std::vector<Ipv4Address> next_hop_ips;  ///< several: ECMP, one row each when printed (A23, A63)
  std::string name;                       ///< of a user route
  std::string reason;                     ///< why Invalid, with the rule; else empty
  friend bool operator==(const EffectiveRoute&, const EffectiveRoute&) = default;
};

/// A prefix that a route server or VPN gateway programs into a VNet, with its next hops: the NVA's
/// addresses (A62) or the gateway instances' (A63).
struct GatewayRoute {
  Ipv4Prefix prefix;
  std::vector<Ipv4Address> next_hop_ips;
  friend bool operator==(const GatewayRoute&, const GatewayRoute&) = default;
};

/// What becomes of the None rows of the reserved blocks once a user or BGP route replaces the
/// default route: captures show them gone, no document promises it (A58, assumed).
enum class NoneRowsAfterDefaultOverride { removed, kept };

struct EffectiveRouteOptions {
  NoneRowsAfterDefaultOverride none_rows_after_default_override =
      NoneRowsAfterDefaultOverride::removed;
};

/// `gateway_routes` are those programmed into the subnet's VNet; `controller_routes` the user
/// routes that Aviatrix keeps in the subnet's route table, where they replace the user's own for
/// the same prefix. Sorted by prefix, Active before Invalid. At most one row per prefix is Active,
/// and the longest Active match of an address is what the fabric does with it.
[[nodiscard]] std::vector<EffectiveRoute> effective_routes(
    const Network& network, SubnetId subnet, const std::vector<GatewayRoute>& gateway_routes,
    const std::vector<lab::UserRoute>& controller_routes,
    const EffectiveRouteOptions& options = {});

[[nodiscard]] std::string_view to_string(RouteSource source);
[[nodiscard]] std::string_view to_string(RouteState state);
[[nodiscard]] std::string_view to_string(EffectiveNextHop type);

}  // namespace skyhop::cloud::azure
