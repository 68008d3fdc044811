#include "control/cloud/azure/policy_parts.h"

#include <algorithm>

#include "control/cloud/azure/topology.h"

namespace skyhop::cloud::azure {

using bgp::PolicyVerdict;

VnetSpace vnet_space(const Network& network, VnetId hub) {
  return std::make_shared<const PrefixSet>(prefix_set(gateway_vnet_prefixes(network, hub)));
}

std::optional<PolicyVerdict> inside_vnet(const PrefixSet& space, Ipv4Prefix prefix,
                                         std::string rule) {
  const auto* range = space.longest_match(prefix);
  if (range == nullptr) return {};
  return PolicyVerdict::reject(std::move(rule),
                               "equal to or inside the VNet prefix " + range->first.to_string());
}

bgp::Policy import_from_other_as(const Network& network, VnetId hub, bgp::Asn own,
                                 ImportRules rules) {
  return [own, rules = std::move(rules),
          space = vnet_space(network, hub)](const bgp::RouteView& route) {
    if (route.attributes.as_path.contains(own)) {
      return PolicyVerdict::reject(rules.own_as_in_path,
                                   "AS_PATH holds the own AS " + std::to_string(own));
    }
    if (auto verdict = inside_vnet(*space, route.prefix.ipv4(), rules.vnet_prefix)) return *verdict;
    return PolicyVerdict::accept();
  };
}

PolicyVerdict no_branch_to_branch() {
  return PolicyVerdict::reject("A32", "branch-to-branch traffic is not enabled");
}

std::optional<PolicyVerdict> kept_by_community(const bgp::RouteView& route,
                                               const Switches& switches, Neighbour neighbour) {
  const auto carries = [&](bgp::Community community) {
    return std::ranges::binary_search(route.attributes.communities, community);
  };
  if (carries(bgp::kNoAdvertise)) {
    return PolicyVerdict::reject("A28", "carries NO_ADVERTISE: in the VNets, but told to no peer");
  }
  if (switches.no_export == NoExport::kept_inside && neighbour == Neighbour::other_as &&
      carries(bgp::kNoExport)) {
    return PolicyVerdict::reject("RFC 1997", "carries NO_EXPORT: not told to another AS");
  }
  return {};
}

}  // namespace skyhop::cloud::azure
