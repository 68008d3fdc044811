#include "control/emulator/aviatrix_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "control/emulator/next_hops.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::LinkId;
using cloud::RouterId;
using lpm::Ipv4Prefix;
using routing::Edge;
using routing::NextHop;
using routing::Offer;
using routing::Source;

// Local routes before learned ones (V38); those carry metrics of 100 and 200.
constexpr uint32_t kLocalPreference = 0;

constexpr auto kConnected = "connected";
constexpr auto kController = "controller";
constexpr auto kBgp = "bgp";

bool is_aviatrix(const cloud::Gateway& gateway) {
  return gateway.kind == GatewayKind::transit || gateway.kind == GatewayKind::spoke;
}

std::string_view name_of(cloud::aviatrix::RouteType type) {
  switch (type) {
    case cloud::aviatrix::RouteType::vpc:
      return "vpc";
    case cloud::aviatrix::RouteType::linklocal:
      return "linklocal";
    case cloud::aviatrix::RouteType::bgp:
      return "bgp";
    case cloud::aviatrix::RouteType::peer:
      return "peer";
    case cloud::aviatrix::RouteType::static_route:
      return "static";
  }
  return "?";
}

}  // namespace

AviatrixPlane::AviatrixPlane(const lab::Lab& lab, const cloud::Network& network,
                             const ElementState& state, bgp::Scheduler& scheduler,
                             Speakers& speakers, Tables& tables,
                             std::function<void()> on_route_tables)
    : lab_(lab),
      network_(network),
      state_(state),
      scheduler_(scheduler),
      speakers_(speakers),
      tables_(tables),
      on_route_tables_(std::move(on_route_tables)) {
  configuration_.included_advertised_spoke_routes.resize(network.gateways.size());
  learned_.resize(network.gateways.size());
  program_.gateway_routes.resize(network.gateways.size());
  program_.originate.resize(network.gateways.size());
  program_.route_tables.resize(network.route_tables.size());
  for (size_t i = 0; i < network.gateways.size(); ++i) {
    const auto spoke = std::ranges::find(lab.spoke_gateways, network.gateways[i].resource,
                                         &lab::SpokeGateway::name);
    if (network.gateways[i].kind == GatewayKind::spoke && spoke != lab.spoke_gateways.end()) {
      configuration_.included_advertised_spoke_routes[i] = spoke->included_advertised_spoke_routes;
    }
    if (!is_aviatrix(network.gateways[i])) continue;
    routing::RouterTable& table = *tables_[network.gateways[i].router->index()];
    table.replace(kConnected, own_addresses(network, network.gateways[i], table));
  }
}

void AviatrixPlane::start() {
  gateways_changed();
  std::set<bgp::Duration> intervals;
  for (const lab::TransitGateway& transit : lab_.transit_gateways) {
    intervals.insert(std::chrono::duration_cast<bgp::Duration>(transit.bgp_polling_time));
  }
  for (const bgp::Duration interval : intervals) poll_every(interval);
}

void AviatrixPlane::poll_every(bgp::Duration interval) {
  scheduler_.schedule(interval, [this, interval] {
    poll();
    poll_every(interval);
  });
}

void AviatrixPlane::poll() {
  bool changed = false;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const GatewayId id(i);
    if (network_.at(id).kind != GatewayKind::transit) continue;
    std::vector<cloud::aviatrix::LearnedRoute> learned;
    if (const bgp::Speaker* speaker = speakers_.at(id); speaker != nullptr && state_.is_up(id)) {
      speaker->for_each_best([&](const bgp::BestRoute& best) {
        const bgp::Candidate& path = best.paths.front();
        if (path.peer) learned.push_back({best.prefix.ipv4(), path.attributes->as_path.flat()});
      });
    }
    if (learned != learned_[i]) {
      learned_[i] = std::move(learned);
      changed = true;
    }
  }
  if (changed) apply_program();
}

void AviatrixPlane::set_advertised_cidrs(GatewayId spoke, std::vector<Ipv4Prefix> cidrs) {
  configuration_.included_advertised_spoke_routes[spoke.index()] = std::move(cidrs);
  apply_program();
}

void AviatrixPlane::gateways_changed() {
  configuration_.present.assign(network_.gateways.size(), false);
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    configuration_.present[i] = state_.is_present(GatewayId(i));
  }
  apply_program();
}

void AviatrixPlane::apply_program() {
  auto next = cloud::aviatrix::program(network_, lab_, configuration_, learned_);
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const cloud::Gateway& gateway = network_.gateways[i];
    if (!is_aviatrix(gateway)) continue;
    const GatewayId id(i);
    routing::RouterTable& table = *tables_[gateway.router->index()];
    routing::RouterTable::Offers offers;
    for (const auto& route : next.gateway_routes[i]) {
      // What only the twin may carry is install_bgp's to rank beside the own sessions' routes.
      if (route.primary.empty() && !route.via_own_vnet) continue;
      Offer offer{.source = Source::controller,
                  .preference = kLocalPreference,
                  .description = fmt::format("{} route: {}", name_of(route.type), route.reason),
                  .rule = "V38"};
      for (const LinkId link : route.primary) {
        offer.primary.push_back(over(network_, link, table));
      }
      for (const LinkId link : route.backup) offer.backup.push_back(over(network_, link, table));
      if (route.via_own_vnet) offer.primary.push_back(into_vnet(id, 0));
      offers[route.prefix].push_back(std::move(offer));
    }
    table.replace(kController, std::move(offers));

    if (bgp::Speaker* speaker = speakers_.at(id); speaker != nullptr) {
      const auto& wanted = next.originate[i];
      for (const bgp::Prefix& prefix : speaker->originated()) {
        if (std::ranges::find(wanted, prefix.ipv4()) == wanted.end()) {
          speaker->withdraw_originated(prefix);
        }
      }
      const auto originated = speaker->originated();
      for (const Ipv4Prefix prefix : wanted) {
        if (std::ranges::find(originated, bgp::Prefix(prefix)) == originated.end()) {
          speaker->originate(prefix, {});
        }
      }
    }
  }
  const bool tables_changed = next.route_tables != program_.route_tables;
  program_ = std::move(next);
  if (tables_changed) on_route_tables_();
}

void AviatrixPlane::routes_changed(GatewayId transit, std::span<const bgp::Prefix> prefixes) {
  for (const bgp::Prefix& prefix : prefixes) {
    install_bgp(transit, prefix.ipv4());
    if (const auto twin = network_.at(transit).twin) install_bgp(*twin, prefix.ipv4());
  }
}

void AviatrixPlane::install_bgp(GatewayId id, Ipv4Prefix prefix) {
  const cloud::Gateway& gateway = network_.at(id);
  routing::RouterTable& table = *tables_[gateway.router->index()];
  const bool twin_has_it = twin_knows(id, prefix);
  std::vector<cloud::SessionId> sessions;
  const bgp::Speaker* speaker = speakers_.at(id);
  const auto best = speaker == nullptr ? std::nullopt : speaker->best(prefix);
  if (best && best->paths.front().peer) {
    for (const bgp::Candidate& path : best->paths) {
      if (path.peer) sessions.push_back(speakers_.session_of(id, *path.peer));
    }
  }
  const auto egress = cloud::aviatrix::learned_route_egress(
      network_, id, sessions,
      twin_has_it ? cloud::aviatrix::TwinKnowsRoute::yes : cloud::aviatrix::TwinKnowsRoute::no);
  std::vector<NextHop> over_twin;
  for (const LinkId link : egress.backup) over_twin.push_back(over(network_, link, table));

  std::vector<Offer> offers;
  if (!egress.primary.empty()) {
    Offer own{.source = Source::bgp,
              .preference = cloud::aviatrix::kDirectMetric,
              .backup = over_twin,
              .as_path = best->paths.front().attributes->as_path.to_string(),
              .rule = "V37"};
    own.description = "AS path " + own.as_path;
    for (const cloud::aviatrix::Egress& way : egress.primary) {
      own.primary.push_back(out_of(id, way));
    }
    offers.push_back(std::move(own));
  }
  if (!over_twin.empty()) {
    offers.push_back(
        {.source = Source::bgp,
         .preference = cloud::aviatrix::kTwinMetric,
         .primary = over_twin,
         .description = "known to " + network_.at(*gateway.twin).name + ", over the HA link",
         .rule = "V43"});
  }
  table.set(kBgp, prefix, std::move(offers));
}

NextHop AviatrixPlane::out_of(GatewayId id, const cloud::aviatrix::Egress& way) {
  const cloud::Gateway& gateway = network_.at(id);
  if (way.tunnel) {
    NextHop hop = over(network_, *way.tunnel, *tables_[gateway.router->index()]);
    hop.via = way.next_hop;
    return hop;
  }
  const auto nic = std::ranges::find(gateway.nics, *way.lan);
  NextHop hop = into_vnet(id, static_cast<size_t>(nic - gateway.nics.begin()));
  hop.via = way.next_hop;
  return hop;
}

// Out of an interface: the next hop is the first address of its subnet, Azure's own (V20).
NextHop AviatrixPlane::into_vnet(GatewayId id, size_t nic_index) {
  const cloud::Gateway& gateway = network_.at(id);
  const cloud::Subnet& subnet = network_.at(network_.at(gateway.nics[nic_index]).subnet);
  NextHop hop{.via = subnet.prefix.nth(1), .name = fmt::format("eth{}", nic_index)};
  if (const auto link = network_.link_between(*gateway.router, *subnet.router)) {
    hop.edge = tables_[gateway.router->index()]->edge(Edge::over({*link, *gateway.router}));
  }
  return hop;
}

bool AviatrixPlane::twin_knows(GatewayId id, Ipv4Prefix prefix) const {
  const auto twin = network_.at(id).twin;
  const bgp::Speaker* speaker = twin ? speakers_.at(*twin) : nullptr;
  const auto best = speaker == nullptr ? std::nullopt : speaker->best(prefix);
  return best && best->paths.front().peer;
}

}  // namespace skyhop::emulator
