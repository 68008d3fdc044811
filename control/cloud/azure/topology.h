// Which VNet reaches which over peerings, and whose gateways it uses (A31, A53-A55).
#pragma once

#include <optional>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::azure {

/// Azure demands these names; a subnet is special by its name alone.
inline constexpr std::string_view kGatewaySubnet = "GatewaySubnet";
inline constexpr std::string_view kRouteServerSubnet = "RouteServerSubnet";

/// Both directions exist and packets may use this one.
[[nodiscard]] bool carries_traffic(const Peering& peering);

/// The peering that takes packets straight from one VNet to another; never over a third (A53).
[[nodiscard]] std::optional<PeeringId> peering_between(const Network& network, VnetId from,
                                                       VnetId to);

/// VNets whose gateway and route server `spoke` uses: use_remote_gateways here,
/// allow_gateway_transit there, both sides connected.
[[nodiscard]] std::optional<VnetId> remote_gateway_vnet(const Network& network, VnetId spoke);

/// The mirror: VNets that use the gateways of `hub`.
[[nodiscard]] std::vector<VnetId> gateway_transit_vnets(const Network& network, VnetId hub);

/// What a gateway or route server in `hub` calls VNet prefixes: its own ranges and those of the
/// VNets that use it. It originates them (A31, A45) and takes no equal or longer prefix (A20, A21).
[[nodiscard]] std::vector<Ipv4Prefix> gateway_vnet_prefixes(const Network& network, VnetId hub);

/// The user route of the subnet that takes packets to this address elsewhere than straight to the
/// NIC: the longest that covers it, unless the system route of the VNet or a peer is longer or it
/// stays inside the VNet. A BGP session on that way breaks (A65).
[[nodiscard]] const lab::UserRoute* diverting_route(const Network& network, SubnetId subnet,
                                                    Ipv4Address address);

}  // namespace skyhop::cloud::azure
