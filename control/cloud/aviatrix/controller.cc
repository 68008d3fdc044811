#include "control/cloud/aviatrix/controller.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "control/cloud/aviatrix/route_info.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::aviatrix {
namespace {

constexpr std::array kRfc1918 = {
    Ipv4Prefix(Ipv4Address(10, 0, 0, 0), 8),
    Ipv4Prefix(Ipv4Address(172, 16, 0, 0), 12),
    Ipv4Prefix(Ipv4Address(192, 168, 0, 0), 16),
};

bool is_private_use(Ipv4Prefix prefix) {
  return std::ranges::any_of(kRfc1918,
                             [&](Ipv4Prefix aggregate) { return aggregate.contains(prefix); });
}

std::string path_text(const std::vector<uint32_t>& path) {
  std::string text;
  for (const uint32_t asn : path) text += (text.empty() ? "" : " ") + std::to_string(asn);
  return text;
}

/// A node's routes in use, by prefix.
using Used = std::map<Ipv4Prefix, std::vector<const RouteInfo*>>;

class Controller {
 public:
  Controller(const Network& network, const lab::Lab& lab, const Configuration& configuration,
             const std::vector<std::vector<LearnedRoute>>& learned)
      : network_(network),
        lab_(lab),
        configuration_(configuration),
        learned_(learned),
        info_(network, lab, configuration, learned) {
    program_.gateway_routes.resize(network.gateways.size());
    program_.originate.resize(network.gateways.size());
    program_.route_tables.resize(network.route_tables.size());
    find_tables();
    find_tunnels();
  }

  Program run() {
    for (size_t i = 0; i < info_.nodes().size(); ++i) {
      const Node& node = info_.nodes()[i];
      if (!node.is_present()) continue;
      node.transit != nullptr ? program_transit(i) : program_spoke(i);
    }
    for (auto& routes : program_.gateway_routes) {
      std::ranges::stable_sort(routes, {}, &GatewayTableRoute::prefix);
    }
    return std::move(program_);
  }

 private:
  /// A gateway that translates at eth0 has the Internet behind it, unless it learned a default.
  void program_default(GatewayId gateway, const std::string& domain) {
    const GatewayNat* nat = network_.nat_of(gateway);
    if (nat == nullptr || !nat->reaches_internet) return;
    auto& routes = program_.gateway_routes[gateway.index()];
    const bool has_one = std::ranges::any_of(routes, [&](const GatewayTableRoute& route) {
      return route.prefix == Ipv4Prefix::everything() && route.domain == domain;
    });
    if (has_one) return;
    routes.push_back({.prefix = Ipv4Prefix::everything(),
                      .type = RouteType::linklocal,
                      .via_own_vnet = true,
                      .reason = "the Internet, translated at eth0",
                      .domain = domain});
  }

  // ---- who is there ----

  void find_tables() {
    for (const Subnet& subnet : network_.subnets) {
      if (!subnet.route_table || !network_.at(*subnet.route_table).managed_by_aviatrix) continue;
      auto& tables = tables_of_vnet_[subnet.vnet];
      if (std::ranges::find(tables, *subnet.route_table) == tables.end()) {
        tables.push_back(*subnet.route_table);
      }
    }
  }

  void find_tunnels() {
    for (size_t i = 0; i < network_.links.size(); ++i) {
      const Link& link = network_.links[i];
      if (link.kind != LinkKind::tunnel || link.carrier || !link.problem.empty()) continue;
      for (const auto& [end, connection] :
           {std::pair(link.a, &link.connection), std::pair(link.b, &link.far_connection)}) {
        const auto gateway = network_.gateway_of(end);
        if (gateway && !connection->empty()) {
          external_[{*connection, *gateway}].emplace_back(i);
        }
      }
    }
  }

  [[nodiscard]] const Node& node_at(const Node& node, size_t neighbor) const {
    return info_.nodes()[node.neighbors[neighbor].node];
  }

  // ---- ways ----

  /// Tunnels of the gateway that a route leaves by, for packets of this network domain.
  [[nodiscard]] std::vector<LinkId> tunnels(const Node& node, GatewayId gateway,
                                            const RouteInfo& route,
                                            const std::string& domain) const {
    std::vector<LinkId> found;
    if (!route.neighbor) {
      if (configuration_.standby.contains({route.connection, gateway})) return found;
      const auto links = external_.find({route.connection, gateway});
      return links == external_.end() ? found : links->second;
    }
    const Neighbor& neighbor = node.neighbors[*route.neighbor];
    for (const GatewayId far : node_at(node, *route.neighbor).gateways) {
      // A spoke's tunnel ends in the table of its domain; between transits each domain has its own.
      const std::string& table = neighbor.is_peering ? domain : neighbor.domain;
      auto link =
          network_.link_between(network_.table_of(gateway, table), network_.table_of(far, table));
      if (!link)
        link = network_.link_between(*network_.at(gateway).router, *network_.at(far).router);
      if (link) found.push_back(*link);
    }
    return found;
  }

  [[nodiscard]] std::vector<LinkId> tunnels(const Node& node, GatewayId gateway,
                                            const std::vector<const RouteInfo*>& routes,
                                            const std::string& domain) const {
    std::vector<LinkId> all;
    for (const RouteInfo* route : routes) {
      for (const LinkId link : tunnels(node, gateway, *route, domain)) {
        if (std::ranges::find(all, link) == all.end()) all.push_back(link);
      }
    }
    return all;
  }

  /// The link to the twin, while there is a twin.
  [[nodiscard]] std::vector<LinkId> ha_link(GatewayId gateway, const std::string& domain) const {
    const auto twin = network_.at(gateway).twin;
    const bool is_there =
        twin && network_.at(*twin).router &&
        (twin->index() >= configuration_.present.size() || configuration_.present[twin->index()]);
    if (!is_there) return {};
    const auto link =
        network_.link_between(network_.table_of(gateway, domain), network_.table_of(*twin, domain));
    if (!link) return {};
    return {*link};
  }

  [[nodiscard]] const std::vector<LearnedRoute>& learned_by(GatewayId gateway) const {
    static const std::vector<LearnedRoute> kNone;
    return gateway.index() < learned_.size() ? learned_[gateway.index()] : kNone;
  }

  /// "CIDR of spoke1, spoke2", "behind to-dc", "told by transit-2, AS path 65002"
  static std::string reason_of(const std::vector<const RouteInfo*>& routes, const Node& node) {
    const RouteInfo& first = *routes.front();
    std::vector<std::string> origins;
    for (const RouteInfo* route : routes) {
      if (std::ranges::find(origins, route->origin) == origins.end()) {
        origins.push_back(route->origin);
      }
    }
    std::string names;
    for (const std::string& origin : origins) names += (names.empty() ? "" : ", ") + origin;
    switch (first.type) {
      case RouteType::linklocal:
        return node.transit != nullptr ? "the transit's own VNet" : "VNet of " + names;
      case RouteType::vpc:
        return (node.transit != nullptr ? "CIDR of " : "spoke CIDR from ") + names;
      case RouteType::static_route:
        return "behind " + names;
      case RouteType::bgp:
        return "learned by " + names;
      case RouteType::peer:
        return "told by " + names + ", AS path " + path_text(first.as_path);
    }
    return names;
  }

  // ---- transits ----

  void program_transit(size_t index) {
    const Node& node = info_.nodes()[index];
    for (const GatewayId gateway : node.gateways) {
      program_transit_table(index, gateway, "");
      program_default(gateway, "");
      for (const DomainTable& table : network_.at(gateway).domains) {
        program_transit_table(index, gateway, table.domain);
        program_default(gateway, table.domain);
      }
      originate(gateway, transit_originations(index));
    }
    if (node.transit->enable_advertise_transit_cidr) program_transit_vnet(index);
  }

  void program_transit_table(size_t index, GatewayId gateway, const std::string& domain) {
    const Node& node = info_.nodes()[index];
    auto& routes = program_.gateway_routes[gateway.index()];
    const std::vector<LinkId> backup = ha_link(gateway, domain);
    PrefixSet programmed;
    for (const auto& [prefix, known] : info_.of_transit(index)) {
      const bool is_own = std::ranges::any_of(
          known, [](const RouteInfo& each) { return each.type == RouteType::linklocal; });
      if (is_own) {  // every domain sees the transit's own VNet
        programmed.insert(prefix);
        routes.push_back({.prefix = prefix,
                          .type = RouteType::linklocal,
                          .via_own_vnet = true,
                          .reason = "the transit's own VNet",
                          .domain = domain});
        continue;
      }
      // What the gateways learned themselves is their speakers' to choose.
      std::vector<RouteInfo> others;
      for (const RouteInfo& route : known) {
        if (route.type != RouteType::bgp || route.neighbor) others.push_back(route);
      }
      const auto used = info_.used(node, prefix, others, domain, program_.in_use);
      if (used.empty()) continue;
      std::vector<LinkId> primary = tunnels(node, gateway, used, domain);
      if (primary.empty() && backup.empty()) continue;
      const RouteInfo& first = *used.front();
      if (is_local(first.type)) programmed.insert(prefix);
      routes.push_back({.prefix = prefix,
                        .type = first.type,
                        .primary = std::move(primary),
                        .backup = backup,
                        .reason = reason_of(used, node),
                        .domain = domain,
                        .as_path = first.as_path});
    }
    // V20, V43: what the twin learned is the alternate, and all there is while the own sessions are
    // down. Without a route of its own a twin would only send the packet back.
    if (backup.empty()) return;
    const GatewayId twin = *network_.at(gateway).twin;
    for (const LearnedRoute& route : learned_by(twin)) {
      const std::string from = info_.segmentation().domain_of(route.connection, node.name);
      if (!info_.is_visible(node, from, domain)) continue;
      if (!programmed.insert(route.prefix)) continue;  // V38
      routes.push_back({.prefix = route.prefix,
                        .type = RouteType::bgp,
                        .backup = backup,
                        .reason = "learned by " + network_.at(twin).name,
                        .domain = domain});
    }
  }

  using Originations = std::map<Ipv4Prefix, Origination>;

  Originations transit_originations(size_t index) {
    const Node& node = info_.nodes()[index];
    const lab::TransitGateway& settings = *node.transit;
    Originations all;
    for (const auto& [prefix, known] : info_.of_transit(index)) {
      const RouteInfo* local = nullptr;
      std::vector<RouteInfo> remote;
      for (const RouteInfo& route : known) {
        if (is_local(route.type)) {
          if (local == nullptr || route.type == RouteType::linklocal) local = &route;
        } else if (route.neighbor) {
          remote.push_back(route);
        }
      }
      if (local != nullptr) {
        const bool is_told = local->type == RouteType::linklocal
                                 ? settings.enable_advertise_transit_cidr  // V34
                                 : !is_filtered(settings.excluded_advertised_spoke_routes, prefix);
        if (is_told) {  // V30
          all.emplace(
              prefix,
              Origination{.prefix = prefix, .as_path = local->as_path, .domain = local->domain});
        }
      } else if (!remote.empty()) {
        add_remote(node, prefix, remote, all);
      }
    }
    add_manual(node.name, settings.bgp_manual_spoke_advertise_cidrs, all);
    return all;
  }

  void add_remote(const Node& node, Ipv4Prefix prefix, const std::vector<RouteInfo>& routes,
                  Originations& all) {
    // Of every domain's choice the best is told; who may hear of it is the policies' to say.
    const RouteInfo* best = nullptr;
    for (const RouteInfo& route : routes) {
      const auto used = info_.used(node, prefix, routes, route.domain, program_.in_use);
      if (used.empty()) continue;
      const auto rank = [](const RouteInfo& each) {
        return std::tuple(each.as_path.size(), each.metric);
      };
      if (best == nullptr || rank(*used.front()) < rank(*best)) best = used.front();
    }
    if (best == nullptr) return;
    all.emplace(prefix, Origination{.prefix = prefix,
                                    .kind = Origination::Kind::remote,
                                    .as_path = best->as_path,
                                    .metric = best->metric,
                                    .domain = best->domain});
  }

  /// V35: CIDRs of manual lists are there to be told; the policies sort out to whom.
  void add_manual(const std::string& gateway, const std::vector<Ipv4Prefix>& own,
                  Originations& all) const {
    const auto add = [&](const std::vector<Ipv4Prefix>& list) {
      for (const Ipv4Prefix prefix : list) {
        all.emplace(prefix, Origination{.prefix = prefix, .kind = Origination::Kind::manual});
      }
    };
    add(own);
    for (const lab::TransitExternalDeviceConn& connection : lab_.transit_external_device_conns) {
      if (connection.gw_name == gateway) add(connection.manual_bgp_advertised_cidrs);
    }
  }

  void originate(GatewayId gateway, const Originations& all) {
    auto& list = program_.originate[gateway.index()];
    for (const auto& [prefix, origination] : all) list.push_back(origination);
  }

  /// V34: the transit's own subnets follow its gateways, except where the fabric must decide
  /// between the gateway and the BGP peers on the LAN.
  void program_transit_vnet(size_t index) {
    const Node& node = info_.nodes()[index];
    std::set<Ipv4Prefix> reachable;
    for (const auto& [prefix, known] : info_.of_transit(index)) {
      const bool is_seen = std::ranges::any_of(known, [&](const RouteInfo& each) {
        return each.type != RouteType::linklocal && info_.is_visible(node, each.domain, "");
      });
      if (is_seen) reachable.insert(prefix);
    }
    std::set<RouteTableId> lan_tables;
    for (const GatewayId gateway : node.gateways) {
      const auto& nics = network_.at(gateway).nics;
      for (size_t i = 1; i < nics.size(); ++i) {
        const auto table = network_.at(network_.at(nics[i]).subnet).route_table;
        if (table) lan_tables.insert(*table);
      }
    }
    const auto& customized = node.transit->customized_transit_vpc_routes;
    program_tables(node, [&](RouteTableId table) {
      std::vector<Ipv4Prefix> prefixes;
      if (lan_tables.contains(table)) return prefixes;
      return customized.empty() ? with_rfc1918(table, reachable) : customized;
    });
  }

  // ---- spokes ----

  void program_spoke(size_t index) {
    const Node& node = info_.nodes()[index];
    const RouteInfoTable told = info_.told_to_spoke(index);
    Used used;
    for (const auto& [prefix, routes] : told) {
      used[prefix] = info_.used(node, prefix, routes, "", program_.in_use);
    }
    for (const GatewayId gateway : node.gateways) {
      program_spoke_gateway(node, gateway, used);
      program_default(gateway, "");
    }
    if (node.speaks_bgp()) {
      const Originations all = spoke_originations(node, used);
      for (const GatewayId gateway : node.gateways) originate(gateway, all);
    }
    if (!node.neighbors.empty()) program_spoke_vnet(node, used);  // the attachment programs it
  }

  /// Static connections of a spoke.
  [[nodiscard]] std::vector<const lab::TransitExternalDeviceConn*> static_connections(
      const Node& node) const {
    std::vector<const lab::TransitExternalDeviceConn*> found;
    for (const lab::TransitExternalDeviceConn& connection : lab_.transit_external_device_conns) {
      if (connection.gw_name == node.name &&
          connection.connection_type == lab::ConnectionType::fixed) {
        found.push_back(&connection);
      }
    }
    return found;
  }

  void program_spoke_gateway(const Node& node, GatewayId gateway, const Used& used) {
    auto& routes = program_.gateway_routes[gateway.index()];
    const std::vector<LinkId> backup = ha_link(gateway, "");
    PrefixSet local;
    for (const Ipv4Prefix range : network_.at(node.vnet).address_space) {
      local.insert(range);
      routes.push_back({.prefix = range,
                        .type = RouteType::linklocal,
                        .via_own_vnet = true,
                        .reason = "the spoke's own VNet"});
    }
    for (const auto* connection : static_connections(node)) {
      const RouteInfo way{.type = RouteType::static_route,
                          .connection = connection->connection_name};
      for (const Ipv4Prefix prefix : connection->remote_subnet) {
        if (!local.insert(prefix)) continue;
        routes.push_back({.prefix = prefix,
                          .type = RouteType::static_route,
                          .primary = tunnels(node, gateway, way, ""),
                          .backup = backup,
                          .reason = "behind " + connection->connection_name});
      }
    }
    for (const auto& [prefix, ways] : used) {
      if (!local.insert(prefix)) continue;
      routes.push_back({.prefix = prefix,
                        .type = node.speaks_bgp() ? RouteType::bgp : ways.front()->type,
                        .primary = tunnels(node, gateway, ways, ""),
                        .backup = backup,
                        .reason = reason_of(ways, node),
                        .as_path = ways.front()->as_path});
    }
    if (!node.speaks_bgp() || backup.empty()) return;
    const GatewayId twin = *network_.at(gateway).twin;
    for (const LearnedRoute& route : learned_by(twin)) {
      if (!local.insert(route.prefix)) continue;
      routes.push_back({.prefix = route.prefix,
                        .type = RouteType::bgp,
                        .backup = backup,
                        .reason = "learned by " + network_.at(twin).name});
    }
  }

  Originations spoke_originations(const Node& node, const Used& used) const {
    Originations all;
    for (const Ipv4Prefix prefix : node.advertised) {
      all.emplace(prefix, Origination{.prefix = prefix});
    }
    for (const auto* connection : static_connections(node)) {
      for (const Ipv4Prefix prefix : connection->remote_subnet) {
        all.emplace(prefix, Origination{.prefix = prefix});
      }
    }
    for (const auto& [prefix, ways] : used) {
      all.emplace(prefix, Origination{.prefix = prefix,
                                      .kind = Origination::Kind::remote,
                                      .as_path = ways.front()->as_path,
                                      .metric = ways.front()->metric});
    }
    add_manual(node.name, node.spoke->spoke_bgp_manual_advertise_cidrs, all);
    return all;
  }

  void program_spoke_vnet(const Node& node, const Used& used) {
    const lab::SpokeGateway& settings = *node.spoke;
    std::set<Ipv4Prefix> reachable;
    for (const auto& [prefix, ways] : used) reachable.insert(prefix);
    for (const auto* connection : static_connections(node)) {
      reachable.insert(connection->remote_subnet.begin(), connection->remote_subnet.end());
    }
    for (const GatewayId gateway : node.gateways) {
      for (const LearnedRoute& route : learned_by(gateway)) {
        if (!is_filtered(settings.filtered_spoke_vpc_routes, route.prefix)) {
          reachable.insert(route.prefix);
        }
      }
    }
    const auto& customized = settings.customized_spoke_vpc_routes.empty() && !settings.enable_bgp
                                 ? transit_list(node)
                                 : settings.customized_spoke_vpc_routes;
    const std::set<std::string> only = tables_of_attachments(node);
    program_tables(node, [&](RouteTableId table) {
      const RouteTable& its = network_.at(table);
      const bool is_skipped =
          (!only.empty() && !only.contains(its.name)) ||
          (settings.enable_skip_public_route_table_update && !its.is_private_subnet);
      if (is_skipped) return std::vector<Ipv4Prefix>();
      std::vector<Ipv4Prefix> prefixes =
          customized.empty() ? with_rfc1918(table, reachable) : customized;
      const bool has_default =
          its.is_private_subnet &&
          (settings.enable_private_vpc_default_route || settings.single_ip_snat);
      if (has_default) prefixes.push_back(Ipv4Prefix::everything());
      return prefixes;
    });
  }

  /// customized_spoke_vpc_routes of the first transit that has them.
  [[nodiscard]] const std::vector<Ipv4Prefix>& transit_list(const Node& node) const {
    static const std::vector<Ipv4Prefix> kNone;
    for (size_t n = 0; n < node.neighbors.size(); ++n) {
      const auto& list = node_at(node, n).transit->customized_spoke_vpc_routes;
      if (!list.empty()) return list;
    }
    return kNone;
  }

  /// Tables that the spoke's attachments name; empty: all.
  [[nodiscard]] std::set<std::string> tables_of_attachments(const Node& node) const {
    std::set<std::string> only;
    for (const auto& attachment : lab_.spoke_transit_attachments) {
      if (attachment.spoke_gw_name == node.name) {
        only.insert(attachment.route_tables.begin(), attachment.route_tables.end());
      }
    }
    return only;
  }

  // ---- route tables ----

  /// RFC 1918 and, one by one, what lies outside of it (V25, V27); a default route in private
  /// subnets only.
  [[nodiscard]] std::vector<Ipv4Prefix> with_rfc1918(RouteTableId table,
                                                     const std::set<Ipv4Prefix>& reachable) const {
    std::vector<Ipv4Prefix> prefixes(kRfc1918.begin(), kRfc1918.end());
    for (const Ipv4Prefix prefix : reachable) {
      const bool is_default = prefix == Ipv4Prefix::everything();
      if (is_default ? network_.at(table).is_private_subnet : !is_private_use(prefix)) {
        prefixes.push_back(prefix);
      }
    }
    return prefixes;
  }

  /// A table has one next hop: with a twin the tables are shared out between the two gateways.
  template <typename PrefixesOf>
  void program_tables(const Node& node, PrefixesOf prefixes_of) {
    size_t turn = 0;
    for (const RouteTableId table : tables_of_vnet_[node.vnet]) {
      std::vector<Ipv4Prefix> prefixes = prefixes_of(table);
      if (prefixes.empty()) continue;
      const Gateway& gateway = network_.at(node.gateways[turn++ % node.gateways.size()]);
      if (gateway.nics.empty()) continue;
      std::ranges::sort(prefixes);
      prefixes.erase(std::ranges::unique(prefixes).begin(), prefixes.end());
      for (const Ipv4Prefix prefix : prefixes) {
        program_.route_tables[table.index()].push_back(
            {.name = route_name(prefix),
             .address_prefix = prefix,
             .next_hop_type = lab::NextHopType::VirtualAppliance,
             .next_hop_in_ip_address = network_.at(gateway.nics.front()).address});
      }
    }
  }

  static std::string route_name(Ipv4Prefix prefix) {
    return "aviatrix-" + prefix.address().to_string() + "-" + std::to_string(prefix.length());
  }

  const Network& network_;
  const lab::Lab& lab_;
  const Configuration& configuration_;
  const std::vector<std::vector<LearnedRoute>>& learned_;
  RouteInfoBase info_;
  std::map<VnetId, std::vector<RouteTableId>> tables_of_vnet_;
  /// Tunnels of external connections, by connection and the gateway at this end.
  std::map<std::pair<std::string, GatewayId>, std::vector<LinkId>> external_;
  Program program_;
};

}  // namespace

Program program(const Network& network, const lab::Lab& lab, const Configuration& configuration,
                const std::vector<std::vector<LearnedRoute>>& learned) {
  return Controller(network, lab, configuration, learned).run();
}

}  // namespace skyhop::cloud::aviatrix
