// Verdicts that route servers and VPN gateways share. Not for use outside this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/bgp/policy.h"
#include "control/cloud/azure/switches.h"
#include "control/cloud/network.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::azure {

/// Shared between the copies of a policy.
using VnetSpace = std::shared_ptr<const PrefixSet>;

[[nodiscard]] VnetSpace vnet_space(const Network& network, VnetId hub);

/// Equal to or inside a VNet prefix; a supernet is fine (A20).
[[nodiscard]] std::optional<bgp::PolicyVerdict> inside_vnet(const PrefixSet& space,
                                                            Ipv4Prefix prefix, std::string rule);

/// From another AS: no loop over the own AS, no VNet prefix of `hub`.
struct ImportRules {
  std::string own_as_in_path;
  std::string vnet_prefix;
};
[[nodiscard]] bgp::Policy import_from_other_as(const Network& network, VnetId hub, bgp::Asn own,
                                               ImportRules rules);

[[nodiscard]] bgp::PolicyVerdict no_branch_to_branch();

enum class Neighbour { other_as, same_as };

/// A28: NO_ADVERTISE goes to no peer. NO_EXPORT only counts with the switch, towards another AS.
[[nodiscard]] std::optional<bgp::PolicyVerdict> kept_by_community(
    const bgp::RouteView& route, const Switches& switches,
    Neighbour neighbour = Neighbour::other_as);

}  // namespace skyhop::cloud::azure
