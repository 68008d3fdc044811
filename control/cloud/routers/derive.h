// Routers that no cloud programs: on appliances' VMs, and outside of Azure with the hosts behind
// them. Internal to control/cloud; derive.cc gives the order of the steps.
#pragma once

#include "control/cloud/derivation.h"

namespace skyhop::cloud::routers {

/// A router for every VM that forwards and for every site; after the VMs, whose NICs they use.
void derive_routers(Derivation& d);
/// Hosts behind them and on the Internet.
void derive_hosts(Derivation& d);
/// Their ends of tunnels and cables; needs every gateway.
void derive_connections(Derivation& d);
/// Their ends of sessions that run over the VNets' fabric.
void derive_neighbors(Derivation& d);
/// Static routes over connections; needs the tunnels.
void derive_static_routes(Derivation& d);

}  // namespace skyhop::cloud::routers
