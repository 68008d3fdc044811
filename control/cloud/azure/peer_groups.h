// What a speaker's peers are to it: RouteView::group in the policies of route servers and VPN
// gateways. (A transit gateway's groups are the names of its connections.)
#pragma once

#include <string_view>

namespace skyhop::cloud::azure {

// Peers of a route server instance.
inline constexpr std::string_view kNvaGroup = "nva";
inline constexpr std::string_view kGatewayGroup = "gateway";  ///< a VPN gateway's instance

// Peers of a VPN gateway instance.
inline constexpr std::string_view kBranchGroup = "branch";    ///< over a tunnel
inline constexpr std::string_view kSiblingGroup = "sibling";  ///< the other instance
inline constexpr std::string_view kRouteServerGroup = "route_server";

}  // namespace skyhop::cloud::azure
