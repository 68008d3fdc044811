#include "control/cloud/azure/gateway_routes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "control/cloud/azure/topology.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::azure {
namespace {

/// Lower wins; equals share. VPN and NVA routes are never ranked by the preference (A26).
std::tuple<uint32_t, uint32_t> rank(const InstanceRoute& route, lab::RoutingPreference preference) {
  const bool is_express_route = route.kind == GatewayRouteKind::express_route;
  const uint32_t length = route.as_path_length;
  switch (preference) {
    case lab::RoutingPreference::ExpressRoute:
      return {is_express_route ? 0 : 1, length};
    case lab::RoutingPreference::VpnGateway:
      return {is_express_route ? 1 : 0, length};
    case lab::RoutingPreference::ASPath:
      return {length, is_express_route ? 0 : 1};
  }
  return {};
}

/// The routes of one VNet's gateways, ranked and grouped by prefix.
std::vector<GatewayRoute> select(std::vector<const InstanceRoute*> candidates,
                                 const Network& network, lab::RoutingPreference preference) {
  std::ranges::sort(candidates, {}, [&](const InstanceRoute* route) {
    return std::tuple(route->prefix, rank(*route, preference));
  });
  std::vector<GatewayRoute> selected;
  for (size_t i = 0; i < candidates.size();) {
    GatewayRoute route{.prefix = candidates[i]->prefix};
    const auto best = rank(*candidates[i], preference);
    for (; i < candidates.size() && candidates[i]->prefix == route.prefix; ++i) {
      const InstanceRoute& candidate = *candidates[i];
      if (rank(candidate, preference) != best) continue;
      const auto& nics = network.at(candidate.instance).nics;
      const bool is_own = candidate.kind != GatewayRouteKind::nva && !nics.empty();
      route.next_hop_ips.push_back(is_own ? network.at(nics.front()).address : candidate.next_hop);
    }
    std::ranges::sort(route.next_hop_ips);
    const auto repeated = std::ranges::unique(route.next_hop_ips);
    route.next_hop_ips.erase(repeated.begin(), repeated.end());
    selected.push_back(std::move(route));
  }
  return selected;
}

bool is_up_at(const std::vector<bool>& is_up, GatewayId gateway) {
  return gateway.index() >= is_up.size() || is_up[gateway.index()];
}

}  // namespace

size_t programming_instance(SubnetId subnet, size_t living) {
  uint32_t x = (subnet.index() + 1) * 0x9E3779B1u;
  x ^= x >> 16;
  return x % living;
}

ProgrammedRoutes::ProgrammedRoutes(const Network& network, const std::vector<InstanceRoute>& routes,
                                   const std::vector<bool>& is_up,
                                   const ProgrammingOptions& options)
    : lists_(1), list_of_subnet_(network.subnets.size(), 0) {
  std::map<VnetId, std::vector<const InstanceRoute*>> by_vnet;
  for (const InstanceRoute& route : routes) {
    if (is_up_at(is_up, route.instance)) {
      by_vnet[network.at(route.instance).vnet].push_back(&route);
    }
  }

  for (auto& [vnet, known] : by_vnet) {
    const PrefixSet own = prefix_set(gateway_vnet_prefixes(network, vnet));
    std::erase_if(known, [&](const InstanceRoute* route) {  // A20, A21
      return own.covers(route->prefix);
    });

    const auto server = std::ranges::find(network.route_servers, vnet, &RouteServer::vnet);
    auto preference = lab::RoutingPreference::ExpressRoute;
    std::vector<GatewayId> programmers;  // living instances that share the NICs
    if (server != network.route_servers.end()) {
      preference = server->preference;
      for (const GatewayId instance : server->instances) {
        if (is_up_at(is_up, instance)) programmers.push_back(instance);
      }
    }
    if (options.one_legged_peers == OneLeggedPeers::everywhere) programmers.clear();

    const size_t first = lists_.size();
    for (const GatewayId programmer : programmers) {
      std::vector<const InstanceRoute*> candidates;
      for (const InstanceRoute* route : known) {
        if (route->kind != GatewayRouteKind::nva || route->instance == programmer) {
          candidates.push_back(route);
        }
      }
      lists_.push_back(select(std::move(candidates), network, preference));
    }
    if (programmers.empty()) lists_.push_back(select(known, network, preference));

    const size_t lists = lists_.size() - first;
    std::vector<VnetId> programmed = gateway_transit_vnets(network, vnet);
    std::erase_if(programmed, [&](VnetId spoke) { return by_vnet.contains(spoke); });
    programmed.push_back(vnet);
    for (const VnetId target : programmed) {
      for (const SubnetId subnet : network.at(target).subnets) {
        list_of_subnet_[subnet.index()] = first + programming_instance(subnet, lists);
      }
    }
  }
}

}  // namespace skyhop::cloud::azure
