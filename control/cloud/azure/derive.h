// The Azure steps of a derivation. Internal to control/cloud; derive.cc gives their order.
#pragma once

#include "control/cloud/azure/topology.h"
#include "control/cloud/derivation.h"

namespace skyhop::cloud::azure {

/// Route tables and NSGs as written; both before the subnets that name them.
void derive_route_tables(Derivation& d);
void derive_nsgs(Derivation& d);
void derive_vnets(Derivation& d);
/// Needs every VNet, also those Aviatrix makes.
void derive_peerings(Derivation& d);
/// What users gave is theirs, wherever it stands: before any address is derived.
void reserve_public_addresses(Derivation& d);
/// Both instances of every route server and VPN gateway, with their addresses.
void derive_route_servers(Derivation& d);
void derive_vpn_gateways(Derivation& d);
/// Azure's ends of the tunnels; needs every gateway's public address.
void derive_connections(Derivation& d);
/// After the gateways, which are created first and take the first addresses.
void derive_vms(Derivation& d);
/// Sessions inside AS 65515: route server with VPN gateway, and a VPN gateway's two instances.
void derive_internal_sessions(Derivation& d);

// ---- Rules that need the finished network ----
void validate_subnets(Derivation& d);
void validate_peerings(Derivation& d);
void validate_route_tables(Derivation& d);
void validate_route_servers(Derivation& d);

}  // namespace skyhop::cloud::azure
