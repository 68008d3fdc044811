// What a transit gateway or BGP spoke accepts and tells, as BGP policies. A peer's group is the
// name of the external connection it belongs to; both of a connection's peers on a gateway share
// it.
//
// The policies own what they need and outlive the lab. What changes while a lab runs stands in
// shared state; its owner has the speaker evaluate again.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/cloud/aviatrix/bgp_gateway.h"
#include "control/cloud/aviatrix/controller.h"

namespace skyhop::cloud::aviatrix {

/// CIDRs approved for a gateway, or for one connection (V36).
using ApprovedCidrs = std::set<Ipv4Prefix>;

/// One connection at one gateway.
struct PeerState {
  bool stands_by = false;                         ///< active-standby: the twin's tunnel forwards
  std::shared_ptr<const ApprovedCidrs> approved;  ///< null: nothing waits for approval
};

/// What the controller gave the gateway's speaker.
using OriginationBook = std::map<Ipv4Prefix, Origination>;

/// Own AS in the path is dropped (RFC 4271 9.1.2); pending CIDRs (V36) and what a standby tunnel
/// brings (V50) are kept out.
[[nodiscard]] bgp::Policy transit_import(const BgpGateway& gateway,
                                         std::shared_ptr<const PeerState> state);

/// Towards the peers of one connection:
/// - nothing through a standby tunnel (V50);
/// - a route is not told on the connection it came from (release note AVX-18876);
/// - only what the connection's network domain may reach (V48);
/// - nothing learned with an AS path longer than settings.bgp_max_as_limit;
/// - a manual list, the connection's instead of the gateway's, replaces all else; its paths start
///   here unless they are preserved (V35);
/// - own AS numbers are put in front, the connection's list instead of the gateway's (V40).
[[nodiscard]] bgp::Policy transit_export(const lab::Lab& lab, const BgpGateway& gateway,
                                         const lab::TransitExternalDeviceConn& connection,
                                         std::shared_ptr<const PeerState> state,
                                         std::shared_ptr<const OriginationBook> book);

/// V37: AS path, then metric; equals share with bgp_ecmp, else the one in use stays, else the lower
/// next hop is used. Routes of the controller compete by the same steps.
[[nodiscard]] bgp::DecisionOptions transit_decision(const BgpGateway& gateway);

/// An origination as the speaker takes it.
[[nodiscard]] bgp::PathAttributes attributes_of(const Origination& origination);

}  // namespace skyhop::cloud::aviatrix
