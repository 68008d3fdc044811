// What an Aviatrix transit gateway accepts and tells, as BGP policies. A peer's group is the name
// of the external connection it belongs to; both of a connection's peers on a gateway share it.
//
// The policies own what they need and outlive the lab.
#pragma once

#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/lab/lab.h"

namespace skyhop::cloud::aviatrix {

/// Own AS in the path is dropped (RFC 4271 9.1.2).
[[nodiscard]] bgp::Policy transit_import(const lab::TransitGateway& transit);

/// Towards the peers of one connection:
/// - a route is not told on the connection it came from (release note AVX-18876);
/// - a manual list replaces all else, as originated here: the path is not preserved (V35);
/// - manual CIDRs of another connection stay there;
/// - own AS numbers are put in front, the connection's list instead of the gateway's (V40).
/// What is originated comes from the controller (Program::originate).
[[nodiscard]] bgp::Policy transit_export(const lab::Lab& lab, const lab::TransitGateway& transit,
                                         const lab::TransitExternalDeviceConn& connection);

/// V37: AS path, then metric; equals share with bgp_ecmp, else one is used.
[[nodiscard]] bgp::DecisionOptions transit_decision(const lab::TransitGateway& transit);

}  // namespace skyhop::cloud::aviatrix
