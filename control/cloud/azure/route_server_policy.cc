#include "control/cloud/azure/route_server_policy.h"

#include <memory>

#include "control/cloud/azure/peer_groups.h"
#include "control/cloud/azure/policy_parts.h"
#include "control/cloud/azure/topology.h"
#include "lpm/flow.h"

namespace skyhop::cloud::azure {

using bgp::PolicyVerdict;
using bgp::RouteView;

bgp::Policy route_server_import_from_nva(const Network& network, const RouteServer& server) {
  return import_from_other_as(network, server.vnet, server.asn,
                              {.own_as_in_path = "A19", .vnet_prefix = "A20"});
}

bgp::Policy route_server_import_from_gateway(const Network& network, const RouteServer& server) {
  return [branch_to_branch = server.branch_to_branch,
          space = vnet_space(network, server.vnet)](const RouteView& route) {
    if (!branch_to_branch) return no_branch_to_branch();
    if (auto verdict = inside_vnet(*space, route.prefix.ipv4(), "A20")) return *verdict;
    return PolicyVerdict::accept();
  };
}

bgp::Policy route_server_export_to_nva(const RouteServer& server, const Switches& switches) {
  return [branch_to_branch = server.branch_to_branch, switches](const RouteView& route) {
    if (auto verdict = kept_by_community(route, switches)) return *verdict;
    if (route.group == kGatewayGroup && !branch_to_branch) return no_branch_to_branch();
    return PolicyVerdict::accept();
  };
}

bgp::Policy route_server_export_to_gateway(const RouteServer& server, const Switches& switches) {
  return [branch_to_branch = server.branch_to_branch, switches](const RouteView& route) {
    if (route.is_local) {
      return PolicyVerdict::reject("A33", "the gateway knows the VNet prefixes itself");
    }
    if (route.group != kNvaGroup) {
      return PolicyVerdict::reject("RFC 4271 9.2", "learned over iBGP, so not told over iBGP");
    }
    if (!branch_to_branch) return no_branch_to_branch();
    if (auto verdict = kept_by_community(route, switches, Neighbour::same_as)) return *verdict;
    return PolicyVerdict::accept();
  };
}

std::vector<Ipv4Prefix> route_server_originates(const Network& network, const RouteServer& server) {
  return gateway_vnet_prefixes(network, server.vnet);
}

bgp::DecisionOptions route_server_decision() {
  using bgp::Step;
  bgp::DecisionOptions options;
  options.maximum_paths = lpm::kGroupSlots;
  options.multipath_through = Step::as_path_length;
  options.multipath_relax = true;
  options.ignored = {Step::origin, Step::med, Step::ebgp_over_ibgp, Step::igp_metric};
  return options;
}

}  // namespace skyhop::cloud::azure
