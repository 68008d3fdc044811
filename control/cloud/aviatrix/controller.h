// The Aviatrix controller: who learns which route, and what is programmed into gateways and VNets
// (V20-V40, V48).
//
// Transit gateways and BGP spokes learn by BGP and are polled; the others are programmed. This file
// is the pure part: from what those know now to what every gateway and route table should hold.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::aviatrix {

/// A best BGP route of a gateway, as the controller reads it when it polls: one for each prefix and
/// network domain.
struct LearnedRoute {
  Ipv4Prefix prefix;
  std::vector<uint32_t> as_path;
  uint32_t metric = 0;
  std::string connection;  ///< it was learned on
  friend bool operator==(const LearnedRoute&, const LearnedRoute&) = default;
};

/// Which neighbour a node uses for a prefix where several are equally good (V37).
using InUse = std::map<std::pair<std::string, Ipv4Prefix>, std::string>;

/// What can change at run time in a spoke or transit gateway's configuration.
struct Configuration {
  /// Per gateway (index as in Network::gateways); empty: the VNet's CIDR.
  std::vector<std::vector<Ipv4Prefix>> included_advertised_spoke_routes;
  std::vector<bool> present;  ///< the gateway exists and is attached
  /// Connections whose tunnels of this gateway stand by (V50).
  std::set<std::pair<std::string, GatewayId>> standby;
  InUse in_use;  ///< of the program before
};

/// The product's route types. vpc: a spoke's CIDR, linklocal: the gateway's own VNet, fixed
/// ("static"): behind a static connection; these are local and win (V38). bgp: learned from
/// outside, peer: told by a peered transit.
enum class RouteType { vpc, linklocal, bgp, peer, static_route };
[[nodiscard]] std::string_view to_string(RouteType type);
[[nodiscard]] constexpr bool is_local(RouteType type) {
  return type != RouteType::bgp && type != RouteType::peer;
}

/// A route the controller puts into one table of a gateway, or has it keep from BGP.
struct GatewayTableRoute {
  Ipv4Prefix prefix;
  RouteType type = RouteType::vpc;
  std::vector<LinkId> primary;  ///< tunnels, ECMP
  std::vector<LinkId> backup;   ///< the HA link to the twin
  bool via_own_vnet = false;    ///< linklocal: out of eth0 into the VNet's fabric
  std::string reason;
  std::string domain;  ///< whose table at the gateway; empty: its own
  std::vector<uint32_t> as_path;
  friend bool operator==(const GatewayTableRoute&, const GatewayTableRoute&) = default;
};

/// A prefix that a gateway's BGP speaker is given by the controller.
struct Origination {
  enum class Kind {
    local,   ///< a spoke's CIDR, the transit's own, a static one
    remote,  ///< of a peered transit, or what a BGP spoke or its transit learned
    manual,  ///< only because a manual list names it: told, never used
  };
  Ipv4Prefix prefix;
  Kind kind = Kind::local;
  std::vector<uint32_t> as_path;
  uint32_t metric = 0;
  std::string domain;
  friend bool operator==(const Origination&, const Origination&) = default;
};

/// What the controller wants the world to be.
struct Program {
  /// Per gateway, by prefix: routes other than those its own BGP speaker brings. Those that are not
  /// local wait for the speaker's verdict where the gateway has one.
  std::vector<std::vector<GatewayTableRoute>> gateway_routes;
  /// Per gateway with BGP, by prefix.
  std::vector<std::vector<Origination>> originate;
  /// Per route table: the user routes it keeps there (RFC 1918, learned routes outside of it).
  std::vector<std::vector<lab::UserRoute>> route_tables;
  InUse in_use;
};

/// `learned` is indexed by gateway; transits and BGP spokes have entries.
[[nodiscard]] Program program(const Network& network, const lab::Lab& lab,
                              const Configuration& configuration,
                              const std::vector<std::vector<LearnedRoute>>& learned);

}  // namespace skyhop::cloud::aviatrix
