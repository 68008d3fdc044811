#include "control/emulator/detection.h"

#include <algorithm>

namespace skyhop::emulator {
namespace {

using cloud::GatewayKind;
using cloud::LinkId;
using cloud::RouterId;

constexpr auto kAviatrixDefault = std::chrono::seconds(60);
constexpr auto kDeadPeerDetection = std::chrono::seconds(45);
constexpr auto kLossOfCarrier = bgp::Duration(0);
// IKE and IPsec negotiation of a tunnel whose ends see each other again (assumed).
constexpr auto kTunnelSetup = std::chrono::seconds(5);

}  // namespace

Detection::Detection(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
                     bgp::Scheduler& scheduler,
                     std::vector<std::unique_ptr<routing::RouterTable>>& tables,
                     std::function<void()> noticed)
    : lab_(lab),
      network_(network),
      state_(state),
      scheduler_(scheduler),
      tables_(tables),
      noticed_(std::move(noticed)) {
  // Tunnels that can never come up, and those of spokes not launched yet, start out dead.
  for (size_t i = 0; i < network.links.size(); ++i) {
    const cloud::Link& link = network.links[i];
    if (link.kind == cloud::LinkKind::fabric || state.is_up(LinkId(i))) continue;
    for (const RouterId end : {link.a, link.b}) {
      if (const auto gateway = network.gateway_of(end)) known_dead_.insert({*gateway, LinkId(i)});
    }
  }
}

void Detection::link_changed(LinkId link) {
  if (network_.at(link).kind == cloud::LinkKind::fabric) return;
  watch(network_.at(link).a, link);
  watch(network_.at(link).b, link);
}

void Detection::gateway_changed(cloud::GatewayId gateway) {
  for (size_t i = 0; i < network_.links.size(); ++i) {
    const cloud::Link& link = network_.links[i];
    if (network_.gateway_of(link.a) == gateway || network_.gateway_of(link.b) == gateway) {
      link_changed(LinkId(i));
    }
  }
}

bool Detection::is_negotiated(LinkId link) const {
  return state_.is_up(link) && !knows_dead(network_.at(link).a, link) &&
         !knows_dead(network_.at(link).b, link);
}

void Detection::watch(RouterId end, LinkId link) {
  const auto gateway = network_.gateway_of(end);
  if (!gateway) return;
  const auto detection = detection_time(network_.at(*gateway), link);
  if (!detection) return;
  const bool is_up = state_.is_up(link);
  const cloud::GatewayId id = *gateway;
  const bool is_cable = network_.at(link).kind == cloud::LinkKind::cable;
  const bgp::Duration setup = is_cable ? kLossOfCarrier : bgp::Duration(kTunnelSetup);
  scheduler_.schedule(is_up ? setup : *detection, [=, this] {
    // Only what is still so after that time is noticed.
    if (state_.is_up(link) != is_up) return;
    const bool changed =
        is_up ? known_dead_.erase({id, link}) > 0 : known_dead_.insert({id, link}).second;
    if (!changed) return;
    for (const RouterId router : network_.routers_of(id)) {
      routing::RouterTable& table = *tables_[router.index()];
      for (const lpm::EdgeId edge : table.edges_over(link)) table.set_edge_alive(edge, is_up);
    }
    noticed_();
  });
}

std::optional<bgp::Duration> Detection::detection_time(const cloud::Gateway& gateway,
                                                       LinkId link) const {
  if (network_.at(link).kind == cloud::LinkKind::cable) return kLossOfCarrier;
  const bool is_aviatrix =
      gateway.kind == GatewayKind::transit || gateway.kind == GatewayKind::spoke;
  if (!is_aviatrix) {
    const auto runs_over = [&](const cloud::Session& session) { return session.link == link; };
    if (std::ranges::any_of(network_.sessions, runs_over)) return {};
    return kDeadPeerDetection;
  }
  // The transit at either end decides; between a spoke and the outside the spoke's setting does.
  const auto transit_at = [&](RouterId end) -> const lab::TransitGateway* {
    const auto id = network_.gateway_of(end);
    if (!id) return nullptr;
    const auto found = std::ranges::find(lab_.transit_gateways, network_.at(*id).resource,
                                         &lab::TransitGateway::name);
    return found == lab_.transit_gateways.end() ? nullptr : &*found;
  };
  for (const RouterId end : {*gateway.router, network_.at(link).a, network_.at(link).b}) {
    if (const auto* transit = transit_at(end)) {
      return std::chrono::duration_cast<bgp::Duration>(transit->tunnel_detection_time);
    }
  }
  const auto spoke =
      std::ranges::find(lab_.spoke_gateways, gateway.resource, &lab::SpokeGateway::name);
  if (spoke == lab_.spoke_gateways.end()) return kAviatrixDefault;
  return std::chrono::duration_cast<bgp::Duration>(spoke->tunnel_detection_time);
}

}  // namespace skyhop::emulator
