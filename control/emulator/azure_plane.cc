#include "control/emulator/azure_plane.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/azure/peer_groups.h"
#include "control/cloud/azure/topology.h"
#include "control/emulator/next_hops.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::RouterId;
using cloud::SubnetId;
using cloud::azure::EffectiveRoute;
using cloud::azure::FabricHop;
using cloud::azure::InstanceRoute;
using cloud::azure::RouteSource;
using cloud::azure::RouteState;
using lpm::Ipv4Prefix;
using routing::Edge;
using routing::NextHop;
using routing::Offer;
using routing::Source;

// A NIC's table changes within seconds of a route's change (documented); one second is assumed.
constexpr auto kProgrammingDelay = std::chrono::seconds(1);
// A dead route server instance: what it programmed ages out with its sessions (V44).
constexpr auto kRouteServerAgeing = std::chrono::seconds(180);
// An unplanned loss of a VPN gateway instance: the upper documented figure for the failover.
constexpr auto kVpnGatewayFailover = std::chrono::seconds(90);

// Preferences in a VPN gateway instance's own table.
constexpr uint32_t kVnetPreference = 0;
constexpr uint32_t kStaticPreference = 10;
constexpr uint32_t kBgpPreference = 100;

constexpr auto kAzure = "azure";
constexpr auto kConnected = "connected";
constexpr auto kStatic = "static";
constexpr auto kBgp = "bgp";

// Rank among the rows of one prefix: the order of azure/effective_routes.h.
uint32_t preference_of(RouteSource source) {
  switch (source) {
    case RouteSource::User:
      return 0;
    case RouteSource::VirtualNetworkGateway:
      return 1;
    case RouteSource::Default:
      return 2;
  }
  return 2;
}

Source source_of(RouteSource source) {
  switch (source) {
    case RouteSource::User:
      return Source::user;
    case RouteSource::VirtualNetworkGateway:
      return Source::gateway;
    case RouteSource::Default:
      return Source::system;
  }
  return Source::system;
}

std::string describe(const EffectiveRoute& row) {
  std::string text = fmt::format("{} {}", to_string(row.source), to_string(row.next_hop_type));
  for (const auto address : row.next_hop_ips) text += " " + address.to_string();
  if (!row.name.empty()) text += " (" + row.name + ")";
  return text;
}

}  // namespace

AzurePlane::AzurePlane(const cloud::Network& network, const ElementState& state,
                       bgp::Scheduler& scheduler, const Speakers& speakers, Tables& tables)
    : network_(network),
      state_(state),
      scheduler_(scheduler),
      speakers_(speakers),
      tables_(tables),
      resolver_(network),
      routes_(network.gateways.size()),
      effective_(network.subnets.size()) {
  for (size_t i = 0; i < network.gateways.size(); ++i) counts_.push_back(state.is_up(GatewayId(i)));
  for (const cloud::VpnGateway& gateway : network.vpn_gateways) install_static(gateway);
}

void AzurePlane::changed() {
  if (is_scheduled_) return;
  is_scheduled_ = true;
  scheduler_.schedule(kProgrammingDelay, [this] {
    is_scheduled_ = false;
    program();
  });
}

void AzurePlane::instance_changed(GatewayId instance) {
  if (state_.is_up(instance)) {
    counts_[instance.index()] = true;
    changed();
    return;
  }
  const bool is_vpn = network_.at(instance).kind == GatewayKind::vpn_gateway_instance;
  const bgp::Duration noticed = is_vpn ? bgp::Duration(kVpnGatewayFailover) : kRouteServerAgeing;
  scheduler_.schedule(noticed, [this, instance] {
    if (state_.is_up(instance)) return;
    counts_[instance.index()] = false;
    changed();
  });
}

void AzurePlane::program() {
  std::vector<InstanceRoute> routes;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    collect(GatewayId(i));
    routes.insert(routes.end(), routes_[i].begin(), routes_[i].end());
  }
  const cloud::azure::ProgrammedRoutes programmed(network_, routes, counts_);
  for (size_t i = 0; i < network_.subnets.size(); ++i) program_subnet(SubnetId(i), programmed);
}

// A living instance's routes are read anew; a dead one's stay as they were.
void AzurePlane::collect(GatewayId id) {
  const cloud::Gateway& gateway = network_.at(id);
  const bgp::Speaker* speaker = speakers_.at(id);
  if (!state_.is_up(id)) return;
  std::vector<InstanceRoute>& routes = routes_[id.index()];
  routes.clear();
  const bool is_server = gateway.kind == GatewayKind::route_server_instance;
  const bool is_vpn = gateway.kind == GatewayKind::vpn_gateway_instance;
  if (is_vpn) {
    for (const cloud::VpnGateway& vpn : network_.vpn_gateways) {
      if (std::ranges::find(vpn.instances, id) == vpn.instances.end()) continue;
      for (const auto& fixed : vpn.static_routes) {
        routes.push_back({.instance = id,
                          .prefix = fixed.prefix,
                          .next_hop = {},
                          .as_path_length = 0,
                          .kind = cloud::azure::GatewayRouteKind::vpn});
      }
    }
  }
  if (speaker == nullptr || (!is_server && !is_vpn)) return;
  speaker->for_each_best([&](const bgp::BestRoute& best) {
    for (const bgp::Candidate& path : best.paths) {
      if (!path.peer) continue;
      const std::string& group = speaker->peer_config(*path.peer).group;
      const bool from_nva = is_server && group == cloud::azure::kNvaGroup;
      const bool from_branch =
          is_vpn && (group == cloud::azure::kBranchGroup || group == cloud::azure::kSiblingGroup);
      if (!from_nva && !from_branch) continue;
      routes.push_back({.instance = id,
                        .prefix = best.prefix.ipv4(),
                        .next_hop = path.attributes->next_hop,
                        .as_path_length = path.attributes->as_path.length(),
                        .kind = from_nva ? cloud::azure::GatewayRouteKind::nva
                                         : cloud::azure::GatewayRouteKind::vpn});
    }
  });
}

void AzurePlane::program_subnet(SubnetId id, const cloud::azure::ProgrammedRoutes& programmed) {
  const cloud::Subnet& subnet = network_.at(id);
  if (network_.at(subnet.vnet).kind != cloud::VnetKind::azure) return;
  static const std::vector<lab::UserRoute> kNone;
  const auto& controller_routes = subnet.route_table && aviatrix_ != nullptr
                                      ? aviatrix_->route_table(*subnet.route_table)
                                      : kNone;
  auto rows = cloud::azure::effective_routes(network_, id, programmed.of(id), controller_routes);
  auto& current = effective_[id.index()];
  if (rows == current) return;
  current = std::move(rows);
  if (!subnet.router) return;

  routing::RouterTable& table = *tables_[subnet.router->index()];
  routing::RouterTable::Offers offers;
  for (const EffectiveRoute& row : current) {
    if (row.state == RouteState::Active) continue;
    offers[row.prefix].push_back({.source = source_of(row.source),
                                  .preference = preference_of(row.source),
                                  .description = describe(row),
                                  .usable = false,
                                  .why_not = row.reason});
  }
  for (const auto& route : resolver_.resolve(id, current)) {
    const EffectiveRoute& row = current[route.row];
    Offer offer{.source = source_of(row.source),
                .preference = preference_of(row.source),
                .description = describe(row),
                .rule = "A57"};
    for (const FabricHop& hop : route.hops) {
      NextHop next;
      switch (hop.kind) {
        case FabricHop::Kind::router: {
          const auto link = network_.link_between(*subnet.router, hop.router);
          next = link ? over(network_, *link, table) : NextHop{};
          if (link) {
            Edge edge = Edge::over({*link, *subnet.router}, hop.guard);
            if (std::holds_alternative<cloud::VmId>(network_.at(hop.nic).owner)) {
              edge.enters = hop.nic;
            }
            next.edge = table.edge(edge);
          }
          next.via = network_.at(hop.nic).address;
          break;
        }
        case FabricHop::Kind::machine:
          next = {.edge = table.edge(Edge::to(hop.nic, hop.guard)),
                  .via = network_.at(hop.nic).address,
                  .name = network_.at(hop.nic).name};
          break;
        case FabricHop::Kind::internet:
          if (const auto link = network_.link_between(*subnet.router, hop.router)) {
            next = over(network_, *link, table);
          }
          break;
        case FabricHop::Kind::drop:
          next = {.edge = table.edge(Edge::drop(hop.drop)),
                  .via = {},
                  .name = std::string(to_string(row.next_hop_type))};
          break;
      }
      offer.primary.push_back(std::move(next));
    }
    offers[route.prefix].push_back(std::move(offer));
  }
  table.replace(kAzure, std::move(offers));
}

void AzurePlane::install_static(const cloud::VpnGateway& gateway) {
  for (const GatewayId id : gateway.instances) {
    const cloud::Gateway& instance = network_.at(id);
    routing::RouterTable& table = *tables_[instance.router->index()];
    routing::RouterTable::Offers connected = own_addresses(network_, instance, table);
    for (const Ipv4Prefix prefix : cloud::azure::gateway_vnet_prefixes(network_, instance.vnet)) {
      if (const auto hop = into_fabric(instance)) {
        connected[prefix] = {{.source = Source::system,
                              .preference = kVnetPreference,
                              .primary = {*hop},
                              .description = "VNet prefix"}};
      }
    }
    table.replace(kConnected, std::move(connected));

    routing::RouterTable::Offers fixed;
    for (const auto& route : gateway.static_routes) {
      Offer offer{.source = Source::user,
                  .preference = kStaticPreference,
                  .description = "local network gateway prefix"};
      for (const cloud::LinkId link : route.links) {
        const cloud::Link& tunnel = network_.at(link);
        if (tunnel.a == *instance.router || tunnel.b == *instance.router) {
          offer.primary.push_back(over(network_, link, table));
        }
      }
      if (!offer.primary.empty()) fixed[route.prefix].push_back(std::move(offer));
    }
    table.replace(kStatic, std::move(fixed));
  }
}

void AzurePlane::routes_changed(GatewayId id, std::span<const bgp::Prefix> prefixes) {
  if (network_.at(id).kind == GatewayKind::vpn_gateway_instance) {
    for (const bgp::Prefix& prefix : prefixes) install_bgp(id, prefix.ipv4());
  }
  changed();
}

void AzurePlane::install_bgp(GatewayId id, Ipv4Prefix prefix) {
  const cloud::Gateway& instance = network_.at(id);
  const bgp::Speaker* speaker = speakers_.at(id);
  routing::RouterTable& table = *tables_[instance.router->index()];
  const auto hop_of = [&](const bgp::Candidate& path) {
    const cloud::Session& session = network_.at(speakers_.session_of(id, *path.peer));
    std::optional<NextHop> hop;
    if (session.link) {
      hop = over(network_, *session.link, table);
      hop->via = path.peer_address.ipv4();
    } else if (speaker->peer_config(*path.peer).group == cloud::azure::kSiblingGroup) {
      const GatewayId sibling = session.a.gateway == id ? session.b.gateway : session.a.gateway;
      const auto link = network_.link_between(*instance.router, *network_.at(sibling).router);
      if (link) hop = over(network_, *link, table);
      if (hop) hop->via = path.attributes->next_hop;
    } else {
      // An NVA's address: the gateway's NIC sends it into the fabric, whose own routes decide.
      hop = into_fabric(instance);
      if (hop) hop->via = path.attributes->next_hop;
    }
    return hop;
  };
  table.set(kBgp, prefix, bgp_offers(speaker->best(prefix), kBgpPreference, hop_of));
}

std::optional<NextHop> AzurePlane::into_fabric(const cloud::Gateway& instance) {
  const cloud::Subnet& subnet = network_.at(network_.at(instance.nics.front()).subnet);
  if (!subnet.router) return {};
  const auto link = network_.link_between(*instance.router, *subnet.router);
  if (!link) return {};
  NextHop hop = over(network_, *link, *tables_[instance.router->index()]);
  hop.name = subnet.name;
  return hop;
}

}  // namespace skyhop::emulator
