// The steps that join what both clouds made. Internal to control/cloud; derive.cc gives their
// order.
#pragma once

#include "control/cloud/derivation.h"

namespace skyhop::cloud {

/// Tunnels where two configured ends name each other, with the session inside.
void derive_tunnels(Derivation& d);
/// Sessions of BGP over LAN: Aviatrix's ends against the route server's connections.
void derive_lan_sessions(Derivation& d);
/// A fabric router for each subnet that has a NIC, and the fabric links to every gateway that can
/// be a next hop there.
void derive_fabric(Derivation& d);
/// Which kind of forwarding table each router has.
void choose_tables(Derivation& d);
/// What links carry by the sizes of their gateways, and what the lab says they do to packets.
void derive_limits(Derivation& d);
/// Names in timeline, checks and traffic that mean nothing in this network.
void validate_targets(Derivation& d);

}  // namespace skyhop::cloud
