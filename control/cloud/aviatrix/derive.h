// The Aviatrix steps of a derivation. Internal to control/cloud; derive.cc gives their order.
#pragma once

#include "control/cloud/derivation.h"

namespace skyhop::cloud::aviatrix {

/// The VNets the controller makes for transits and spokes, with subnets and route tables.
void derive_vnets(Derivation& d);
/// Transit and spoke gateways with their twins, NICs and public addresses.
void derive_gateways(Derivation& d);
/// Tunnels between spokes and transits, HA links, and the peering between two HPE VNets.
void derive_attachments(Derivation& d);
/// Aviatrix's ends of external connections: IPsec tunnels and BGP over LAN.
void derive_external_connections(Derivation& d);

/// What gateways translate, once all links are there.
void derive_nat(Derivation& d);

// ---- Rules that need the finished network ----
void validate_gateways(Derivation& d);

}  // namespace skyhop::cloud::aviatrix
