#include "control/cloud/aviatrix/route_info.h"

#include <algorithm>
#include <compare>
#include <iterator>
#include <tuple>

namespace skyhop::cloud::aviatrix {
namespace {

using AsPath = std::vector<uint32_t>;

bool holds(const AsPath& path, uint32_t asn) {
  return asn != 0 && std::ranges::find(path, asn) != path.end();
}

/// `listed`, then the sender's own number, then what it had.
AsPath extended(const lab::Settings& settings, const AsPath& listed, uint32_t own,
                const AsPath& path) {
  AsPath longer = prepended(settings, listed);
  if (own != 0) longer.push_back(own);
  longer.insert(longer.end(), path.begin(), path.end());
  return longer;
}

}  // namespace

std::string_view to_string(RouteType type) {
  switch (type) {
    case RouteType::vpc:
      return "vpc";
    case RouteType::linklocal:
      return "linklocal";
    case RouteType::bgp:
      return "bgp";
    case RouteType::peer:
      return "peer";
    case RouteType::static_route:
      return "static";
  }
  return "?";
}

bool is_filtered(const std::vector<Ipv4Prefix>& filters, Ipv4Prefix prefix) {
  return std::ranges::any_of(filters, [&](Ipv4Prefix entry) { return entry.contains(prefix); });
}

AsPath prepended(const lab::Settings& settings, const AsPath& listed) {
  const bool counts_own = settings.prepend_as_path == "total";
  if (!counts_own || listed.empty()) return listed;
  return {std::next(listed.begin()), listed.end()};
}

RouteInfoBase::RouteInfoBase(const Network& network, const lab::Lab& lab,
                             const Configuration& configuration,
                             const std::vector<std::vector<LearnedRoute>>& learned)
    : network_(network),
      lab_(lab),
      configuration_(configuration),
      learned_(learned),
      segmentation_(lab),
      attachments_(lab::attachments(lab)) {
  find_nodes();
  find_neighbors();
  propagate();
}

void RouteInfoBase::find_nodes() {
  for (const lab::TransitGateway& settings : lab_.transit_gateways) {
    transits_.emplace(settings.name, nodes_.size());
    nodes_.push_back(
        {.name = settings.name, .transit = &settings, .asn = settings.local_as_number});
  }
  for (const lab::SpokeGateway& settings : lab_.spoke_gateways) {
    spokes_.emplace(settings.name, nodes_.size());
    nodes_.push_back({.name = settings.name,
                      .spoke = &settings,
                      .asn = settings.enable_bgp ? settings.local_as_number : 0});
  }
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const Gateway& gateway = network_.gateways[i];
    const bool is_present = i >= configuration_.present.size() || configuration_.present[i];
    if (!gateway.router || !is_present) continue;
    const auto& names = gateway.kind == GatewayKind::transit ? transits_ : spokes_;
    if (gateway.kind != GatewayKind::transit && gateway.kind != GatewayKind::spoke) continue;
    const auto node = names.find(gateway.resource);
    if (node == names.end()) continue;
    nodes_[node->second].vnet = gateway.vnet;
    nodes_[node->second].gateways.emplace_back(i);
  }
  for (Node& node : nodes_) {
    if (node.spoke != nullptr && node.is_present()) node.advertised = advertised_by(node);
  }
}

/// The list replaces everything, the VNet's own range included (V28).
std::vector<Ipv4Prefix> RouteInfoBase::advertised_by(const Node& spoke) const {
  for (const GatewayId gateway : spoke.gateways) {
    const auto& lists = configuration_.included_advertised_spoke_routes;
    if (gateway.index() < lists.size() && !lists[gateway.index()].empty()) {
      return lists[gateway.index()];
    }
  }
  return network_.at(spoke.vnet).address_space;
}

void RouteInfoBase::find_neighbors() {
  static const std::vector<Ipv4Prefix> kNothing;
  const auto join = [&](size_t a, size_t b, Neighbor ab, Neighbor ba) {
    if (!nodes_[a].is_present() || !nodes_[b].is_present()) return;
    ab.node = b;
    ba.node = a;
    nodes_[a].neighbors.push_back(std::move(ab));
    nodes_[b].neighbors.push_back(std::move(ba));
  };
  for (const lab::SpokeTransitAttachment& attachment : attachments_) {
    const auto spoke = spokes_.find(attachment.spoke_gw_name);
    const auto transit = transits_.find(attachment.transit_gw_name);
    if (spoke == spokes_.end() || transit == transits_.end()) continue;
    const std::string domain =
        segmentation_.domain_of(attachment.spoke_gw_name, attachment.transit_gw_name);
    join(spoke->second, transit->second,
         {.domain = domain, .prepend = &attachment.spoke_prepend_as_path, .excluded = &kNothing},
         {.domain = domain, .prepend = &attachment.transit_prepend_as_path, .excluded = &kNothing});
  }
  for (const lab::TransitGatewayPeering& peering : lab_.transit_gateway_peerings) {
    const auto first = transits_.find(peering.transit_gateway_name1);
    const auto second = transits_.find(peering.transit_gateway_name2);
    if (first == transits_.end() || second == transits_.end() || first == second) continue;
    join(first->second, second->second,
         {.is_peering = true,
          .prepend = &peering.prepend_as_path1,
          .excluded = &peering.gateway1_excluded_network_cidrs},
         {.is_peering = true,
          .prepend = &peering.prepend_as_path2,
          .excluded = &peering.gateway2_excluded_network_cidrs});
  }
}

bool RouteInfoBase::is_visible(const Node& node, const std::string& from,
                               const std::string& to) const {
  return segmentation_.connects(node.name, from, to);
}

/// What `by` learned over BGP, as `node` knows it: its own, or told by a BGP spoke.
void RouteInfoBase::add_learned(const Node& node, const Node& by, std::optional<size_t> neighbor,
                                RouteInfoTable& table) const {
  std::string domain;
  if (neighbor) domain = node.neighbors[*neighbor].domain;
  const AsPath* listed = nullptr;
  if (neighbor) {
    const auto& back = by.neighbors;
    const auto here = std::ranges::find_if(
        back, [&](const Neighbor& each) { return &nodes_[each.node] == &node; });
    listed = here->prepend;
  }
  for (const GatewayId gateway : by.gateways) {
    if (gateway.index() >= learned_.size()) continue;
    for (const LearnedRoute& route : learned_[gateway.index()]) {
      RouteInfo info{.type = RouteType::bgp,
                     .as_path = route.as_path,
                     .metric = route.metric,
                     .domain = domain,
                     .neighbor = neighbor,
                     .connection = route.connection,
                     .origin = by.name};
      if (neighbor) {
        if (holds(route.as_path, node.asn)) continue;
        info.as_path = extended(lab_.settings, *listed, by.asn, route.as_path);
      } else {
        info.domain = segmentation_.domain_of(route.connection, node.name);
      }
      // Both gateways of a pair know it; one entry for each way that differs.
      std::vector<RouteInfo>& known = table[route.prefix];
      if (std::ranges::find(known, info) == known.end()) known.push_back(std::move(info));
    }
  }
}

RouteInfoTable RouteInfoBase::own_routes(size_t index) const {
  const Node& node = nodes_[index];
  RouteInfoTable table;
  for (const Ipv4Prefix range : network_.at(node.vnet).address_space) {
    table[range].push_back({.type = RouteType::linklocal, .origin = node.name});
  }
  for (const lab::TransitExternalDeviceConn& connection : lab_.transit_external_device_conns) {
    if (connection.is_on_spoke || connection.gw_name != node.name ||
        connection.connection_type != lab::ConnectionType::fixed) {
      continue;
    }
    for (const Ipv4Prefix prefix : connection.remote_subnet) {
      table[prefix].push_back(
          {.type = RouteType::static_route,
           .domain = segmentation_.domain_of(connection.connection_name, node.name),
           .connection = connection.connection_name,
           .origin = connection.connection_name});
    }
  }
  add_learned(node, node, {}, table);
  for (size_t n = 0; n < node.neighbors.size(); ++n) {
    const Neighbor& neighbor = node.neighbors[n];
    if (neighbor.is_peering) continue;
    const Node& spoke = nodes_[neighbor.node];
    const auto back = std::ranges::find(spoke.neighbors, index, &Neighbor::node);
    for (const Ipv4Prefix prefix : spoke.advertised) {
      table[prefix].push_back({.type = RouteType::vpc,
                               .as_path = *back->prepend,
                               .domain = neighbor.domain,
                               .neighbor = n,
                               .origin = spoke.name});
    }
    for (const lab::TransitExternalDeviceConn& connection : lab_.transit_external_device_conns) {
      if (!connection.is_on_spoke || connection.gw_name != spoke.name) continue;
      for (const Ipv4Prefix prefix : connection.remote_subnet) {
        table[prefix].push_back({.type = RouteType::static_route,
                                 .as_path = *back->prepend,
                                 .domain = neighbor.domain,
                                 .neighbor = n,
                                 .origin = connection.connection_name});
      }
    }
    if (spoke.speaks_bgp() && !spoke.spoke->disable_route_propagation) {
      add_learned(node, spoke, n, table);
    }
  }
  return table;
}

RouteInfoTable RouteInfoBase::told_to_peer(const Node& from, const Neighbor& neighbor,
                                           const RouteInfoTable& table) const {
  const Node& to = nodes_[neighbor.node];
  RouteInfoTable told;
  for (const auto& [prefix, routes] : table) {
    if (is_filtered(*neighbor.excluded, prefix)) continue;
    for (const RouteInfo& route : routes) {
      if (route.type == RouteType::peer && !from.transit->enable_multi_tier_transit) continue;
      if (route.type == RouteType::linklocal && !from.transit->enable_advertise_transit_cidr) {
        continue;
      }
      if (holds(route.as_path, to.asn)) continue;
      if (route.neighbor && from.neighbors[*route.neighbor].node == neighbor.node) continue;
      RouteInfo info{.type = RouteType::peer,
                     .as_path = extended(lab_.settings, *neighbor.prepend, from.asn, route.as_path),
                     .metric = route.metric,
                     .domain = route.domain,
                     .origin = from.name};
      // One route for each prefix, and network domain.
      std::vector<RouteInfo>& best = told[prefix];
      const auto same = std::ranges::find(best, info.domain, &RouteInfo::domain);
      if (same == best.end()) {
        best.push_back(std::move(info));
      } else if (std::tuple(info.as_path.size(), info.metric) <
                 std::tuple(same->as_path.size(), same->metric)) {
        *same = std::move(info);
      }
    }
    if (const auto empty = told.find(prefix); empty != told.end() && empty->second.empty()) {
      told.erase(empty);
    }
  }
  return told;
}

void RouteInfoBase::propagate() {
  tables_.resize(nodes_.size());
  std::vector<RouteInfoTable> own(nodes_.size());
  bool has_peerings = false;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].transit == nullptr || !nodes_[i].is_present()) continue;
    own[i] = own_routes(i);
    has_peerings |= std::ranges::any_of(nodes_[i].neighbors, &Neighbor::is_peering);
  }
  tables_ = own;
  // A path grows by its sender's number each time, and nobody takes one with its own: this ends
  // after as many rounds as there are transits in a row.
  for (size_t round = 0; has_peerings && round <= transits_.size(); ++round) {
    std::vector<RouteInfoTable> next = own;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Node& node = nodes_[i];
      for (size_t n = 0; n < node.neighbors.size(); ++n) {
        const Neighbor& neighbor = node.neighbors[n];
        if (!neighbor.is_peering) continue;
        const Node& peer = nodes_[neighbor.node];
        const auto back = std::ranges::find_if(peer.neighbors, [&](const Neighbor& each) {
          return each.is_peering && each.node == i;
        });
        for (auto& [prefix, routes] : told_to_peer(peer, *back, tables_[neighbor.node])) {
          for (RouteInfo& route : routes) {
            route.neighbor = n;
            next[i][prefix].push_back(std::move(route));
          }
        }
      }
    }
    const bool is_stable = next == tables_;
    tables_ = std::move(next);
    if (is_stable) break;
  }
}

Ipv4Address RouteInfoBase::next_hop(const Node& node, const RouteInfo& route) const {
  if (!route.neighbor) return {};
  const Node& far = nodes_[node.neighbors[*route.neighbor].node];
  const Gateway& gateway = network_.at(far.gateways.front());
  return gateway.nics.empty() ? Ipv4Address{} : network_.at(gateway.nics.front()).address;
}

std::strong_ordering RouteInfoBase::compare(const Node& node, const RouteInfo& a,
                                            const RouteInfo& b) const {
  if (const auto order = !is_local(a.type) <=> !is_local(b.type); order != 0) return order;
  if (const auto order = a.as_path.size() <=> b.as_path.size(); order != 0) return order;
  if (const auto order = a.metric <=> b.metric; order != 0) return order;
  return next_hop(node, a) <=> next_hop(node, b);
}

std::vector<const RouteInfo*> RouteInfoBase::used(const Node& node, Ipv4Prefix prefix,
                                                  const std::vector<RouteInfo>& routes,
                                                  const std::string& domain, InUse& in_use) const {
  std::vector<const RouteInfo*> seen;
  for (const RouteInfo& route : routes) {
    if (is_visible(node, route.domain, domain)) seen.push_back(&route);
  }
  if (seen.empty()) return seen;
  std::ranges::stable_sort(
      seen, [&](const RouteInfo* a, const RouteInfo* b) { return compare(node, *a, *b) < 0; });
  const RouteInfo& best = *seen.front();
  const auto is_equal = [&](const RouteInfo* other) {
    return is_local(other->type) == is_local(best.type) &&
           other->as_path.size() == best.as_path.size() && other->metric == best.metric &&
           other->domain == best.domain;
  };
  std::erase_if(seen, [&](const RouteInfo* other) { return !is_equal(other); });
  if (node.ecmp() || is_local(best.type) || seen.size() == 1) return seen;
  const auto name_of = [&](const RouteInfo* route) {
    return route->neighbor ? nodes_[node.neighbors[*route->neighbor].node].name : std::string();
  };
  const std::pair key(node.name, prefix);
  const auto before = configuration_.in_use.find(key);
  auto chosen = seen.begin();
  if (before != configuration_.in_use.end()) {
    const auto kept = std::ranges::find(seen, before->second, name_of);
    if (kept != seen.end()) chosen = kept;
  }
  in_use[key] = name_of(*chosen);
  return {*chosen};
}

RouteInfoTable RouteInfoBase::told_to_spoke(size_t index) const {
  const Node& spoke = nodes_[index];
  RouteInfoTable told;
  for (size_t n = 0; n < spoke.neighbors.size(); ++n) {
    const Neighbor& neighbor = spoke.neighbors[n];
    const Node& transit = nodes_[neighbor.node];
    const auto back = std::ranges::find_if(transit.neighbors, [&](const Neighbor& each) {
      return !each.is_peering && each.node == index;
    });
    const auto back_index = static_cast<size_t>(back - transit.neighbors.begin());
    for (const auto& [prefix, routes] : tables_[neighbor.node]) {
      // What is local at the transit and not told hides what was learned for the same prefix (V38).
      const RouteInfo* best = nullptr;
      bool is_hidden = false;
      for (const RouteInfo& route : routes) {
        if (route.type == RouteType::linklocal && !transit.transit->enable_advertise_transit_cidr) {
          is_hidden = true;
        }
        if (!is_visible(transit, route.domain, neighbor.domain)) continue;
        if (best == nullptr || compare(transit, route, *best) < 0) best = &route;
      }
      if (best == nullptr || is_hidden || best->neighbor == back_index) continue;
      const bool is_spokes = best->neighbor && !transit.neighbors[*best->neighbor].is_peering;
      if (is_spokes && !transit.transit->connected_transit) continue;  // V33
      if (holds(best->as_path, spoke.asn)) continue;
      // A BGP spoke does not follow its transit's lists.
      if (!spoke.spoke->enable_bgp &&
          is_filtered(transit.transit->filtered_spoke_vpc_routes, prefix)) {
        continue;
      }
      if (is_filtered(spoke.spoke->filtered_spoke_vpc_routes, prefix)) continue;
      const bool is_cidr = best->type == RouteType::vpc || best->type == RouteType::linklocal ||
                           best->type == RouteType::static_route;
      told[prefix].push_back(
          {.type = is_cidr ? best->type : RouteType::bgp,
           .as_path = extended(lab_.settings, *back->prepend, transit.asn, best->as_path),
           .metric = best->metric,
           .neighbor = n,
           .origin = transit.name});
    }
  }
  for (const Ipv4Prefix own : network_.at(spoke.vnet).address_space) told.erase(own);
  for (const Ipv4Prefix own : spoke.advertised) told.erase(own);
  return told;
}

}  // namespace skyhop::cloud::aviatrix
