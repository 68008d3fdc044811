#include "control/cloud/azure/effective_routes.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "control/cloud/azure/topology.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::azure {
namespace {

// Blocks that Azure drops unless a VNet uses them. Real tables list more, which change over time.
constexpr std::array kReservedBlocks = {
    Ipv4Prefix(Ipv4Address(10, 0, 0, 0), 8),
    Ipv4Prefix(Ipv4Address(100, 64, 0, 0), 10),
    Ipv4Prefix(Ipv4Address(172, 16, 0, 0), 12),
    Ipv4Prefix(Ipv4Address(192, 168, 0, 0), 16),
};

constexpr std::string_view kUserWins = "A57: a user route for the same prefix wins";
constexpr std::string_view kBgpWins = "A57: a gateway route for the same prefix wins";

EffectiveNextHop next_hop_of(lab::NextHopType type) {
  switch (type) {
    case lab::NextHopType::VirtualNetworkGateway:
      return EffectiveNextHop::VirtualNetworkGateway;
    case lab::NextHopType::VnetLocal:
      return EffectiveNextHop::VnetLocal;
    case lab::NextHopType::Internet:
      return EffectiveNextHop::Internet;
    case lab::NextHopType::VirtualAppliance:
      return EffectiveNextHop::VirtualAppliance;
    case lab::NextHopType::None:
      return EffectiveNextHop::None;
  }
  return EffectiveNextHop::None;
}

/// One table in the making. Sources go in by rank: each one already knows who stands above it.
class Table {
 public:
  void add_user(const std::vector<lab::UserRoute>& routes) {
    for (const lab::UserRoute& route : routes) {
      if (!user_.insert(route.address_prefix)) continue;
      EffectiveRoute row{.source = RouteSource::User,
                         .prefix = route.address_prefix,
                         .next_hop_type = next_hop_of(route.next_hop_type),
                         .name = route.name};
      if (route.next_hop_in_ip_address) row.next_hop_ips = {*route.next_hop_in_ip_address};
      rows_.push_back(std::move(row));
    }
  }

  /// Ranges of the VNet and of its peers. They stand even above longer gateway routes (A59), but
  /// only while they are Active: a user route for the whole range lifts the protection (assumed).
  void add_range(Ipv4Prefix range, EffectiveNextHop type) {
    if (!ranges_.insert(range)) return;
    if (!user_.contains(range)) protected_ranges_.insert(range);
    add_default(range, type, user_.contains(range) ? kUserWins : "");
  }

  void add_gateway(const std::vector<GatewayRoute>& routes) {
    std::vector<const GatewayRoute*> sorted;
    sorted.reserve(routes.size());
    for (const GatewayRoute& route : routes) sorted.push_back(&route);
    std::ranges::sort(sorted, {}, &GatewayRoute::prefix);
    for (size_t i = 0; i < sorted.size();) {
      EffectiveRoute row{.source = RouteSource::VirtualNetworkGateway,
                         .prefix = sorted[i]->prefix,
                         .next_hop_type = EffectiveNextHop::VirtualNetworkGateway};
      for (; i < sorted.size() && sorted[i]->prefix == row.prefix; ++i) {
        const auto& ips = sorted[i]->next_hop_ips;
        row.next_hop_ips.insert(row.next_hop_ips.end(), ips.begin(), ips.end());
      }
      std::ranges::sort(row.next_hop_ips);
      const auto repeated = std::ranges::unique(row.next_hop_ips);
      row.next_hop_ips.erase(repeated.begin(), repeated.end());

      if (user_.contains(row.prefix)) {
        invalidate(row, kUserWins);
      } else if (const auto* range = protected_ranges_.longest_match(row.prefix)) {
        invalidate(row, "A59: the system route of " + range->first.to_string() +
                            " wins over gateway routes inside it");
      }
      gateway_.insert(row.prefix);
      rows_.push_back(std::move(row));
    }
  }

  void add_internet() {
    const Ipv4Prefix everything = Ipv4Prefix::everything();
    if (user_.contains(everything)) {
      add_default(everything, EffectiveNextHop::Internet, "A58: a user default route wins");
    } else if (!gateway_.contains(everything)) {  // captures show no row beside a BGP default
      add_default(everything, EffectiveNextHop::Internet, "");
    }
  }

  void add_reserved_blocks(NoneRowsAfterDefaultOverride none_rows) {
    const Ipv4Prefix everything = Ipv4Prefix::everything();
    const bool overridden = user_.contains(everything) || gateway_.contains(everything);
    if (overridden && none_rows == NoneRowsAfterDefaultOverride::removed) return;
    for (const Ipv4Prefix block : kReservedBlocks) {
      if (ranges_.covers(block)) continue;  // A61: the VNet's range took its place
      add_default(block, EffectiveNextHop::None,
                  user_.contains(block)      ? kUserWins
                  : gateway_.contains(block) ? kBgpWins
                                             : "");
    }
  }

  std::vector<EffectiveRoute> take() {
    std::ranges::sort(rows_, {}, [](const EffectiveRoute& row) {
      return std::tuple(row.prefix, row.state, row.source, row.next_hop_type);
    });
    return std::move(rows_);
  }

 private:
  static void invalidate(EffectiveRoute& row, std::string_view reason) {
    row.state = RouteState::Invalid;
    row.reason = reason;
  }

  void add_default(Ipv4Prefix prefix, EffectiveNextHop type, std::string_view lost) {
    EffectiveRoute row{.source = RouteSource::Default, .prefix = prefix, .next_hop_type = type};
    if (!lost.empty()) invalidate(row, lost);
    rows_.push_back(std::move(row));
  }

  std::vector<EffectiveRoute> rows_;
  PrefixSet user_;
  PrefixSet gateway_;
  PrefixSet ranges_;
  PrefixSet protected_ranges_;
};

}  // namespace

std::vector<EffectiveRoute> effective_routes(const Network& network, SubnetId subnet_id,
                                             const std::vector<GatewayRoute>& gateway_routes,
                                             const std::vector<lab::UserRoute>& controller_routes,
                                             const EffectiveRouteOptions& options) {
  const Subnet& subnet = network.at(subnet_id);
  const Vnet& vnet = network.at(subnet.vnet);
  const RouteTable* route_table = subnet.route_table ? &network.at(*subnet.route_table) : nullptr;

  Table table;
  table.add_user(controller_routes);
  if (route_table != nullptr) table.add_user(route_table->routes);
  for (const Ipv4Prefix range : vnet.address_space) {
    table.add_range(range, EffectiveNextHop::VnetLocal);
  }
  for (const PeeringId id : vnet.peerings) {
    const Peering& peering = network.at(id);
    if (!carries_traffic(peering)) continue;
    for (const Ipv4Prefix range : network.at(peering.remote).address_space) {
      table.add_range(range, peering.is_global ? EffectiveNextHop::VNetGlobalPeering
                                               : EffectiveNextHop::VNetPeering);
    }
  }
  if (route_table == nullptr || route_table->bgp_route_propagation_enabled) {  // A56
    table.add_gateway(gateway_routes);
  }
  table.add_internet();
  table.add_reserved_blocks(options.none_rows_after_default_override);
  return table.take();
}

std::string_view to_string(RouteSource source) {
  switch (source) {
    case RouteSource::Default:
      return "Default";
    case RouteSource::User:
      return "User";
    case RouteSource::VirtualNetworkGateway:
      return "VirtualNetworkGateway";
  }
  return "Unknown";
}

std::string_view to_string(RouteState state) {
  return state == RouteState::Active ? "Active" : "Invalid";
}

std::string_view to_string(EffectiveNextHop type) {
  switch (type) {
    case EffectiveNextHop::VnetLocal:
      return "VnetLocal";
    case EffectiveNextHop::VNetPeering:
      return "VNetPeering";
    case EffectiveNextHop::VNetGlobalPeering:
      return "VNetGlobalPeering";
    case EffectiveNextHop::Internet:
      return "Internet";
    case EffectiveNextHop::None:
      return "None";
    case EffectiveNextHop::VirtualAppliance:
      return "VirtualAppliance";
    case EffectiveNextHop::VirtualNetworkGateway:
      return "VirtualNetworkGateway";
  }
  return "None";
}

}  // namespace skyhop::cloud::azure
