#include "control/cloud/aviatrix/controller.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>

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

/// An entry takes out itself and what lies inside it; one inside the route does nothing (V32).
bool is_filtered(const std::vector<Ipv4Prefix>& filters, Ipv4Prefix prefix) {
  return std::ranges::any_of(filters, [&](Ipv4Prefix entry) { return entry.contains(prefix); });
}

struct Spoke {
  const lab::SpokeGateway* settings = nullptr;
  VnetId vnet;
  std::vector<GatewayId> gateways;     ///< present ones
  std::vector<Ipv4Prefix> advertised;  ///< included list or the VNet's ranges (V26-V29)
  const lab::TransitGateway* transit = nullptr;
};

struct Transit {
  const lab::TransitGateway* settings = nullptr;
  VnetId vnet;
  std::vector<GatewayId> gateways;  ///< present ones
  std::vector<const Spoke*> spokes;
};

/// A prefix that spokes are to know, and what it is.
using Reachable = std::map<Ipv4Prefix, RouteType>;

class Controller {
 public:
  Controller(const Network& network, const lab::Lab& lab, const Configuration& configuration,
             const std::vector<std::vector<LearnedRoute>>& learned)
      : network_(network), lab_(lab), configuration_(configuration), learned_(learned) {
    program_.gateway_routes.resize(network.gateways.size());
    program_.originate.resize(network.gateways.size());
    program_.route_tables.resize(network.route_tables.size());
    find_resources();
    find_tables();
  }

  Program run() {
    for (const auto& [name, transit] : transits_) {
      for (const GatewayId gateway : transit.gateways) {
        program_transit_gateway(transit, gateway);
        originate(transit, gateway);
      }
      if (transit.settings->enable_advertise_transit_cidr) program_transit_vnet(transit);
    }
    for (const auto& [name, spoke] : spokes_) {
      if (spoke.gateways.empty()) continue;
      const Reachable reachable = known_to(spoke);
      for (const GatewayId gateway : spoke.gateways) {
        program_spoke_gateway(spoke, gateway, reachable);
      }
      program_spoke_vnet(spoke, reachable);
    }
    for (auto& routes : program_.gateway_routes) {
      std::ranges::sort(routes, {}, &GatewayTableRoute::prefix);
    }
    return std::move(program_);
  }

 private:
  // ---- who is there ----

  [[nodiscard]] bool is_present(GatewayId gateway) const {
    return gateway.index() >= configuration_.present.size() ||
           configuration_.present[gateway.index()];
  }

  void find_resources() {
    for (const lab::TransitGateway& settings : lab_.transit_gateways) {
      transits_[settings.name].settings = &settings;
    }
    for (const lab::SpokeGateway& settings : lab_.spoke_gateways) {
      spokes_[settings.name].settings = &settings;
    }
    for (size_t i = 0; i < network_.gateways.size(); ++i) {
      const GatewayId id(i);
      const Gateway& gateway = network_.at(id);
      if (!gateway.router || !is_present(id)) continue;
      if (gateway.kind == GatewayKind::transit) {
        if (const auto it = transits_.find(gateway.resource); it != transits_.end()) {
          it->second.vnet = gateway.vnet;
          it->second.gateways.push_back(id);
        }
      } else if (gateway.kind == GatewayKind::spoke) {
        if (const auto it = spokes_.find(gateway.resource); it != spokes_.end()) {
          it->second.vnet = gateway.vnet;
          it->second.gateways.push_back(id);
        }
      }
    }
    for (auto& [name, spoke] : spokes_) {
      if (spoke.gateways.empty()) continue;
      spoke.advertised = advertised_by(spoke);
      const auto transit = transits_.find(spoke.settings->transit_gw);
      if (transit == transits_.end()) continue;
      spoke.transit = transit->second.settings;
      transit->second.spokes.push_back(&spoke);
    }
  }

  /// The list replaces everything, the VNet's own range included (V28).
  [[nodiscard]] std::vector<Ipv4Prefix> advertised_by(const Spoke& spoke) const {
    for (const GatewayId gateway : spoke.gateways) {
      const auto& lists = configuration_.included_advertised_spoke_routes;
      if (gateway.index() < lists.size() && !lists[gateway.index()].empty()) {
        return lists[gateway.index()];
      }
    }
    return network_.at(spoke.vnet).address_space;
  }

  void find_tables() {
    for (const Subnet& subnet : network_.subnets) {
      if (!subnet.route_table || !network_.at(*subnet.route_table).managed_by_aviatrix) continue;
      auto& tables = tables_of_vnet_[subnet.vnet];
      if (std::ranges::find(tables, *subnet.route_table) == tables.end()) {
        tables.push_back(*subnet.route_table);
      }
    }
  }

  [[nodiscard]] RouterId router(GatewayId gateway) const { return *network_.at(gateway).router; }

  [[nodiscard]] std::vector<LinkId> tunnels(GatewayId from,
                                            const std::vector<GatewayId>& to) const {
    std::vector<LinkId> tunnels;
    for (const GatewayId gateway : to) {
      if (const auto link = network_.link_between(router(from), router(gateway))) {
        tunnels.push_back(*link);
      }
    }
    return tunnels;
  }

  /// The link to the twin, while there is a twin.
  [[nodiscard]] std::vector<LinkId> ha_link(GatewayId gateway) const {
    const auto twin = network_.at(gateway).twin;
    if (!twin || !is_present(*twin) || !network_.at(*twin).router) return {};
    const auto link = network_.link_between(router(gateway), router(*twin));
    if (!link) return {};
    return {*link};
  }

  [[nodiscard]] const std::vector<LearnedRoute>& learned_by(GatewayId gateway) const {
    static const std::vector<LearnedRoute> kNone;
    return gateway.index() < learned_.size() ? learned_[gateway.index()] : kNone;
  }

  // ---- transits ----

  void program_transit_gateway(const Transit& transit, GatewayId gateway) {
    auto& routes = program_.gateway_routes[gateway.index()];
    const std::vector<LinkId> backup = ha_link(gateway);
    PrefixSet local;
    for (const Ipv4Prefix range : network_.at(transit.vnet).address_space) {
      local.insert(range);
      routes.push_back({.prefix = range,
                        .type = RouteType::linklocal,
                        .via_own_vnet = true,
                        .reason = "the transit's own VNet"});
    }
    std::map<Ipv4Prefix, std::pair<std::vector<LinkId>, std::string>> by_prefix;
    for (const Spoke* spoke : transit.spokes) {
      const std::vector<LinkId> to_spoke = tunnels(gateway, spoke->gateways);
      for (const Ipv4Prefix prefix : spoke->advertised) {
        auto& [links, names] = by_prefix[prefix];
        links.insert(links.end(), to_spoke.begin(), to_spoke.end());
        names += (names.empty() ? "" : ", ") + spoke->settings->name;
      }
    }
    for (auto& [prefix, spokes] : by_prefix) {
      if (!local.insert(prefix)) continue;
      routes.push_back({.prefix = prefix,
                        .type = RouteType::vpc,
                        .primary = std::move(spokes.first),
                        .backup = backup,
                        .reason = "CIDR of " + spokes.second});
    }
    // V20, V43: what the twin learned is the alternate, and all there is while the own sessions are
    // down. Without a route of its own a twin would only send the packet back.
    if (backup.empty()) return;
    const GatewayId twin = *network_.at(gateway).twin;
    for (const LearnedRoute& route : learned_by(twin)) {
      if (!local.insert(route.prefix)) continue;  // V38
      routes.push_back({.prefix = route.prefix,
                        .type = RouteType::bgp,
                        .backup = backup,
                        .reason = "learned by " + network_.at(twin).name});
    }
  }

  void originate(const Transit& transit, GatewayId gateway) {
    const lab::TransitGateway& settings = *transit.settings;
    std::set<Ipv4Prefix> prefixes;
    for (const Spoke* spoke : transit.spokes) {
      for (const Ipv4Prefix prefix : spoke->advertised) {
        if (!is_filtered(settings.excluded_advertised_spoke_routes, prefix)) {  // V30
          prefixes.insert(prefix);
        }
      }
    }
    if (settings.enable_advertise_transit_cidr) {  // V34
      const auto& space = network_.at(transit.vnet).address_space;
      prefixes.insert(space.begin(), space.end());
    }
    for (const lab::TransitExternalDeviceConn& connection : lab_.transit_external_device_conns) {
      if (connection.gw_name != settings.name) continue;  // V35: the policies sort them out
      prefixes.insert(connection.manual_bgp_advertised_cidrs.begin(),
                      connection.manual_bgp_advertised_cidrs.end());
    }
    program_.originate[gateway.index()].assign(prefixes.begin(), prefixes.end());
  }

  /// V34: the transit's own subnets follow its gateways, except where the fabric must decide
  /// between the gateway and the BGP peers on the LAN.
  void program_transit_vnet(const Transit& transit) {
    if (transit.gateways.empty()) return;
    Reachable reachable;
    for (const GatewayId gateway : transit.gateways) {
      for (const LearnedRoute& route : learned_by(gateway)) {
        reachable.emplace(route.prefix, RouteType::bgp);
      }
    }
    for (const Spoke* spoke : transit.spokes) {
      for (const Ipv4Prefix prefix : spoke->advertised) reachable[prefix] = RouteType::vpc;
    }
    std::set<RouteTableId> lan_tables;
    for (const GatewayId gateway : transit.gateways) {
      const auto& nics = network_.at(gateway).nics;
      for (size_t i = 1; i < nics.size(); ++i) {
        const auto table = network_.at(network_.at(nics[i]).subnet).route_table;
        if (table) lan_tables.insert(*table);
      }
    }
    program_tables(transit.vnet, transit.gateways, reachable, {}, lan_tables);
  }

  // ---- spokes ----

  /// What the transit tells this spoke: the union of what its gateways learned, and the other
  /// spokes' CIDRs where the transit connects them (V33). Local types win (V38): a prefix that is
  /// the transit's own VNet, or the spoke's, is no learned route, whoever told it back.
  [[nodiscard]] Reachable known_to(const Spoke& spoke) const {
    Reachable reachable;
    const auto it =
        spoke.transit == nullptr ? transits_.end() : transits_.find(spoke.transit->name);
    if (it == transits_.end() || it->second.gateways.empty()) return reachable;
    const Transit& transit = it->second;
    for (const GatewayId gateway : transit.gateways) {
      for (const LearnedRoute& route : learned_by(gateway)) {
        reachable.emplace(route.prefix, RouteType::bgp);
      }
    }
    if (transit.settings->connected_transit) {
      for (const Spoke* other : transit.spokes) {
        if (other == &spoke) continue;
        for (const Ipv4Prefix prefix : other->advertised) reachable[prefix] = RouteType::vpc;
      }
    }
    for (const Ipv4Prefix own : network_.at(transit.vnet).address_space) reachable.erase(own);
    for (const Ipv4Prefix own : network_.at(spoke.vnet).address_space) reachable.erase(own);
    for (const Ipv4Prefix own : spoke.advertised) reachable.erase(own);
    std::erase_if(reachable, [&](const auto& entry) {
      return is_filtered(spoke.settings->filtered_spoke_vpc_routes, entry.first) ||
             is_filtered(transit.settings->filtered_spoke_vpc_routes, entry.first);
    });
    return reachable;
  }

  void program_spoke_gateway(const Spoke& spoke, GatewayId gateway, const Reachable& reachable) {
    auto& routes = program_.gateway_routes[gateway.index()];
    for (const Ipv4Prefix range : network_.at(spoke.vnet).address_space) {
      routes.push_back({.prefix = range,
                        .type = RouteType::linklocal,
                        .via_own_vnet = true,
                        .reason = "the spoke's own VNet"});
    }
    if (reachable.empty()) return;
    const Transit& transit = transits_.at(spoke.transit->name);
    const std::vector<LinkId> primary = tunnels(gateway, transit.gateways);
    const std::vector<LinkId> backup = ha_link(gateway);
    for (const auto& [prefix, type] : reachable) {
      routes.push_back({.prefix = prefix,
                        .type = type,
                        .primary = primary,
                        .backup = backup,
                        .reason = (type == RouteType::vpc ? "spoke CIDR from " : "learned by ") +
                                  transit.settings->name});
    }
  }

  void program_spoke_vnet(const Spoke& spoke, const Reachable& reachable) {
    if (spoke.transit == nullptr) return;  // the attachment programs the VNet
    const auto& own = spoke.settings->customized_spoke_vpc_routes;
    const auto& transits = spoke.transit->customized_spoke_vpc_routes;
    program_tables(spoke.vnet, spoke.gateways, reachable, own.empty() ? transits : own, {});
  }

  // ---- route tables ----

  /// RFC 1918 and what lies outside of it, or exactly `customized` (V25, V27, V31). A table has one
  /// next hop: with a twin the tables are shared out between the two gateways.
  void program_tables(VnetId vnet, const std::vector<GatewayId>& gateways,
                      const Reachable& reachable, const std::vector<Ipv4Prefix>& customized,
                      const std::set<RouteTableId>& skipped) {
    size_t turn = 0;
    for (const RouteTableId table : tables_of_vnet_[vnet]) {
      if (skipped.contains(table)) continue;
      const Gateway& gateway = network_.at(gateways[turn++ % gateways.size()]);
      if (gateway.nics.empty()) continue;
      const Ipv4Address next_hop = network_.at(gateway.nics.front()).address;

      std::set<Ipv4Prefix> prefixes(customized.begin(), customized.end());
      if (customized.empty()) {
        prefixes.insert(kRfc1918.begin(), kRfc1918.end());
        for (const auto& [prefix, type] : reachable) {
          const bool is_default = prefix == Ipv4Prefix::everything();
          if (is_default ? network_.at(table).is_private_subnet : !is_private_use(prefix)) {
            prefixes.insert(prefix);
          }
        }
      }
      for (const Ipv4Prefix prefix : prefixes) {
        program_.route_tables[table.index()].push_back(
            {.name = route_name(prefix),
             .address_prefix = prefix,
             .next_hop_type = lab::NextHopType::VirtualAppliance,
             .next_hop_in_ip_address = next_hop});
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
  std::map<std::string, Transit> transits_;
  std::map<std::string, Spoke> spokes_;
  std::map<VnetId, std::vector<RouteTableId>> tables_of_vnet_;
  Program program_;
};

}  // namespace

Program program(const Network& network, const lab::Lab& lab, const Configuration& configuration,
                const std::vector<std::vector<LearnedRoute>>& learned) {
  return Controller(network, lab, configuration, learned).run();
}

}  // namespace skyhop::cloud::aviatrix
