// What a router that no cloud programs takes and tells, as BGP policies: the options of a neighbour
// in the lab file.
#pragma once

#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/cloud/network.h"
#include "control/lab/lab.h"

namespace skyhop::cloud::routers {

/// The lab's words for this end of a session; null when it has none.
[[nodiscard]] const lab::RouterNeighbor* neighbor_of(const lab::Lab& lab, const Gateway& router,
                                                     const Gateway& peer);

/// Which prefixes are told, and with what path, communities and next hop. `peer_asn` is what
/// as_override replaces.
[[nodiscard]] bgp::Policy export_to(const lab::RouterNeighbor& neighbor, bgp::Asn own,
                                    bgp::Asn peer_asn);

/// As routers have it by default; with bgp_ecmp all paths of equal length, whatever their AS.
[[nodiscard]] bgp::DecisionOptions router_decision(const PlainRouter& router);

}  // namespace skyhop::cloud::routers
