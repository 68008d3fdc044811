#include "control/cloud/azure/vpn_gateway_policy.h"

#include <algorithm>

#include "control/cloud/azure/peer_groups.h"
#include "control/cloud/azure/policy_parts.h"
#include "control/cloud/azure/topology.h"
#include "lpm/flow.h"

namespace skyhop::cloud::azure {

using bgp::PolicyVerdict;
using bgp::RouteView;

namespace {

PolicyVerdict keep_default() {
  return PolicyVerdict::reject("A43", "a VPN gateway tells no peer of a default route");
}

}  // namespace

bgp::Policy vpn_gateway_import_from_branch(const Network& network, const VpnGateway& gateway) {
  return import_from_other_as(network, gateway.vnet, gateway.asn,
                              {.own_as_in_path = "A46", .vnet_prefix = "A45"});
}

bgp::Policy vpn_gateway_import_from_ibgp(const Network& network, const VpnGateway& gateway) {
  return [space = vnet_space(network, gateway.vnet)](const RouteView& route) {
    if (auto verdict = inside_vnet(*space, route.prefix.ipv4(), "A45")) return *verdict;
    return PolicyVerdict::accept();
  };
}

bgp::Policy vpn_gateway_export_to_branch(const Network& network, const VpnGateway& gateway,
                                         const Switches& switches) {
  return [space = vnet_space(network, gateway.vnet), switches](const RouteView& route) {
    if (route.prefix == Ipv4Prefix::everything()) return keep_default();
    if (auto verdict = kept_by_community(route, switches)) return *verdict;
    // The VNet prefixes themselves are told; what lies inside them is not.
    if (!(route.is_local && space->contains(route.prefix.ipv4()))) {
      if (auto verdict = inside_vnet(*space, route.prefix.ipv4(), "A45")) return *verdict;
    }
    return PolicyVerdict::accept();
  };
}

bgp::Policy vpn_gateway_export_to_ibgp(const Network& network, const VpnGateway& gateway,
                                       GatewayId instance, const Switches& switches) {
  const auto& nics = network.at(instance).nics;
  const Ipv4Address own = nics.empty() ? Ipv4Address() : network.at(nics.front()).address;
  return [space = vnet_space(network, gateway.vnet), own, switches](const RouteView& route) {
    if (route.prefix == Ipv4Prefix::everything()) return keep_default();
    if (!route.is_local && route.group != kBranchGroup) {
      return PolicyVerdict::reject("RFC 4271 9.2", "learned over iBGP, so not told over iBGP");
    }
    if (route.is_local && space->contains(route.prefix.ipv4())) {
      return PolicyVerdict::reject("A45", "a VNet prefix, known to every instance of the VNet");
    }
    if (auto verdict = kept_by_community(route, switches, Neighbour::same_as)) return *verdict;
    bgp::PathAttributes attributes = route.attributes;
    attributes.next_hop = own;
    return PolicyVerdict::change(std::move(attributes), "A47",
                                 "next hop is the instance's own address " + own.to_string());
  };
}

std::vector<Ipv4Prefix> vpn_gateway_originates(const Network& network, const VpnGateway& gateway) {
  std::vector<Ipv4Prefix> prefixes = gateway_vnet_prefixes(network, gateway.vnet);
  for (const VpnGateway::StaticRoute& route : gateway.static_routes) {
    prefixes.push_back(route.prefix);
  }
  std::ranges::sort(prefixes);
  const auto repeated = std::ranges::unique(prefixes);
  prefixes.erase(repeated.begin(), repeated.end());
  return prefixes;
}

bgp::DecisionOptions vpn_gateway_decision() {
  using bgp::Step;
  bgp::DecisionOptions options;
  options.maximum_paths = lpm::kGroupSlots;
  options.multipath_through = Step::ebgp_over_ibgp;
  options.multipath_relax = true;
  options.ignored = {Step::origin, Step::med, Step::igp_metric};
  return options;
}

uint32_t vpn_gateway_max_prefixes(const Network& network, const VpnGateway& gateway,
                                  std::string_view group) {
  if (group == kBranchGroup) return gateway.max_prefixes_per_peer;
  if (group != kRouteServerGroup) return 0;
  const auto server = std::ranges::find(network.route_servers, gateway.vnet, &RouteServer::vnet);
  return server == network.route_servers.end() ? 0 : server->max_prefixes_to_gateway;
}

}  // namespace skyhop::cloud::azure
