#include "control/emulator/emulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/emulator/aviatrix_plane.h"
#include "control/emulator/azure_plane.h"
#include "control/emulator/detection.h"
#include "control/emulator/element_state.h"
#include "control/emulator/names.h"
#include "control/emulator/router_plane.h"
#include "control/emulator/speakers.h"
#include "control/lab/link_conditions.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::LinkId;
using cloud::RouterId;

// A lab that still changes after this much virtual time does not converge.
constexpr auto kLongestConvergence = std::chrono::hours(1);
// Beyond two polls of every controller: nothing more can follow from what has happened.
constexpr auto kQuietMargin = std::chrono::seconds(15);

Seconds in_seconds(bgp::Time time) { return std::chrono::duration_cast<Seconds>(time); }
bgp::Time in_ticks(Seconds time) { return std::chrono::duration_cast<bgp::Time>(time); }

}  // namespace

class Emulation::Watch final : public routing::FibSink {
 public:
  Watch(Emulation& emulation, routing::FibSink* next) : emulation_(emulation), next_(next) {}

  void edge_added(RouterId router, lpm::EdgeId edge, const routing::Edge& what) override {
    if (next_ != nullptr) next_->edge_added(router, edge, what);
    // The detection is built after the first edges: those start alive or are marked by it.
    if (emulation_.detection_ != nullptr && what.kind == routing::Edge::Kind::channel &&
        emulation_.detection_->knows_dead(router, what.channel.link)) {
      emulation_.tables_[router.index()]->set_edge_alive(edge, false);
    }
  }
  void route_set(RouterId router, lpm::Ipv4Prefix prefix, const lpm::NextHopSet& set) override {
    changed();
    if (next_ != nullptr) next_->route_set(router, prefix, set);
  }
  void route_erased(RouterId router, lpm::Ipv4Prefix prefix) override {
    changed();
    if (next_ != nullptr) next_->route_erased(router, prefix);
  }
  void edge_alive(RouterId router, lpm::EdgeId edge, bool alive) override {
    changed();
    if (next_ != nullptr) next_->edge_alive(router, edge, alive);
  }
  void link_state(LinkId link, bool up) override {
    if (next_ != nullptr) next_->link_state(link, up);
  }
  void router_state(RouterId router, bool up) override {
    if (next_ != nullptr) next_->router_state(router, up);
  }
  void channel_conditions(cloud::Channel channel, const lab::LinkConditions& conditions) override {
    if (next_ != nullptr) next_->channel_conditions(channel, conditions);
  }

 private:
  void changed() { emulation_.last_change_ = emulation_.clock_.now(); }

  Emulation& emulation_;
  routing::FibSink* next_;
};

Emulation::Emulation(const lab::Lab& lab, const cloud::Network& network, routing::FibSink* sink)
    : lab_(lab),
      network_(network),
      state_(std::make_unique<ElementState>(network)),
      watch_(std::make_unique<Watch>(*this, sink)) {
  for (size_t i = 0; i < network.routers.size(); ++i) {
    tables_.push_back(std::make_unique<routing::RouterTable>(RouterId(i), watch_.get()));
  }
  detection_ = std::make_unique<Detection>(lab_, network, *state_, clock_, tables_, [this] {
    if (aviatrix_) aviatrix_->tunnels_changed();
  });
  speakers_ = std::make_unique<Speakers>(lab_, network, *state_, clock_, [this](LinkId link) {
    return detection_->is_negotiated(link);
  });
  azure_ = std::make_unique<AzurePlane>(network, *state_, clock_, *speakers_, tables_);
  aviatrix_ = std::make_unique<AviatrixPlane>(
      lab_, network, *state_, clock_, *speakers_, tables_,
      AviatrixPlane::Observers{
          .route_tables = [this] { azure_->changed(); },
          .note = [this](const std::string& subject,
                         const std::string& what) { note(subject, what); },
          .carries_packets = [this](LinkId link) { return detection_->is_negotiated(link); }});
  azure_->read_route_tables_from(*aviatrix_);
  routers_ = std::make_unique<RouterPlane>(network, *speakers_, tables_);

  speakers_->observe(
      [this](GatewayId gateway, std::span<const bgp::Prefix> prefixes) {
        switch (network_.at(gateway).kind) {
          case GatewayKind::transit:
          case GatewayKind::spoke:
            return aviatrix_->routes_changed(gateway, prefixes);
          case GatewayKind::appliance:
          case GatewayKind::on_premises:
            return routers_->routes_changed(gateway, prefixes);
          case GatewayKind::route_server_instance:
          case GatewayKind::vpn_gateway_instance:
            return azure_->routes_changed(gateway, prefixes);
        }
      },
      [this](cloud::SessionId session, bgp::SessionState from, bgp::SessionState to,
             const std::string& reason) {
        const bool was = from == bgp::SessionState::established;
        const bool is = to == bgp::SessionState::established;
        if (was == is) return;
        last_change_ = clock_.now();
        note(network_.at(session).name, is ? "session established" : "session down: " + reason);
      });

  for (size_t i = 0; i < network.gateways.size(); ++i) {
    if (state_->is_up(GatewayId(i))) continue;
    for (const RouterId router : network.routers_of(GatewayId(i))) {
      watch_->router_state(router, false);
    }
  }
  for (size_t i = 0; i < network.links.size(); ++i) {
    if (!network.links[i].problem.empty()) watch_->link_state(LinkId(i), false);
  }
}

Emulation::~Emulation() = default;

Convergence Emulation::converge() {
  speakers_->start();
  aviatrix_->start();
  azure_->changed();

  bgp::Duration quiet = kQuietMargin;
  for (const lab::TransitGateway& transit : lab_.transit_gateways) {
    quiet = std::max(quiet, 2 * in_ticks(transit.bgp_polling_time) + kQuietMargin);
  }
  for (const lab::SpokeGateway& spoke : lab_.spoke_gateways) {
    if (!spoke.enable_bgp) continue;
    quiet = std::max(quiet, 2 * in_ticks(spoke.bgp_polling_time) + kQuietMargin);
  }
  const auto waiting = [this] {
    std::vector<std::string> names;
    for (size_t i = 0; i < network_.sessions.size(); ++i) {
      const cloud::Session& session = network_.sessions[i];
      const std::string state = session_state(cloud::SessionId(i));
      if (session.problem.empty() && state != "Established") {
        names.push_back(fmt::format("{}: {}", session.name, state));
      }
    }
    return names;
  };
  while (clock_.now() < last_change_ + quiet && clock_.now() < kLongestConvergence) {
    clock_.run_until(std::min<bgp::Time>(last_change_ + quiet, kLongestConvergence));
  }
  // A session that failed at first is tried again by its timers: give it as long as they take.
  constexpr auto kRetries = std::chrono::minutes(10);
  while (!waiting().empty() && clock_.now() < kRetries) {
    clock_.run_until(clock_.now() + quiet);
  }
  zero_ = clock_.now();
  Convergence result{.took = in_seconds(last_change_), .waiting = waiting()};
  result.converged = result.waiting.empty() && clock_.now() >= last_change_ + quiet;
  return result;
}

Seconds Emulation::now() const { return in_seconds(clock_.now() - zero_); }

Seconds Emulation::converged_at() const { return in_seconds(zero_); }

std::vector<PendingCidr> Emulation::pending_cidrs() const { return aviatrix_->pending(); }

std::optional<GatewayId> Emulation::active_gateway(const std::string& connection) const {
  return aviatrix_->standby().active(connection);
}

void Emulation::advance_to(Seconds time) { clock_.run_until(zero_ + in_ticks(time)); }

Result<void> Emulation::apply(const lab::TimelineEvent& event) {
  return std::visit([this](const auto& action) { return carry_out(action); }, event.action);
}

Result<void> Emulation::carry_out(const lab::SetState& change) { return set_state(change); }

Result<void> Emulation::carry_out(const lab::SetAdvertisedCidrs& change) {
  const auto gateways = gateways_of(change.spoke_gateway);
  if (gateways.empty()) return fail("there is no spoke named '" + change.spoke_gateway + "'");
  note(change.spoke_gateway, "advertised CIDRs changed");
  for (const GatewayId gateway : gateways) {
    aviatrix_->set_advertised_cidrs(gateway, change.included_advertised_spoke_routes);
  }
  return {};
}

Result<void> Emulation::carry_out(const lab::AddSpoke& added) {
  note(added.spoke_gateway, "launched and attached");
  for (const GatewayId gateway : gateways_of(added.spoke_gateway)) {
    state_->set_present(gateway);
    set_gateway(gateway, true);
  }
  aviatrix_->gateways_changed();
  azure_->changed();
  return {};
}

Result<void> Emulation::carry_out(const lab::SetApproval& change) {
  for (const Ipv4Prefix cidr : change.cidrs) {
    note(change.target, fmt::format("learned CIDR {} {}", cidr.to_string(),
                                    change.approved ? "approved" : "pending again"));
  }
  aviatrix_->set_approved(change.target, change.cidrs, change.approved);
  return {};
}

Result<void> Emulation::carry_out(const lab::Switchover& change) {
  if (!aviatrix_->switch_over(change.connection)) {
    note(change.connection, "switchover refused: the standby tunnel is down");
  }
  return {};
}

Result<void> Emulation::carry_out(const lab::StopGateway& change) {
  const auto gateway = gateway_named(network_, change.gateway);
  if (!gateway) return std::unexpected(gateway.error());
  const GatewayId id = *gateway;
  set_gateway(id, false);
  const std::string& resource = network_.at(id).resource;
  const auto restarts = [&](const auto& settings) {
    return settings.name == resource && settings.single_az_ha;
  };
  if (std::ranges::none_of(lab_.transit_gateways, restarts) &&
      std::ranges::none_of(lab_.spoke_gateways, restarts)) {
    note(change.gateway, "stays stopped: single_az_ha is off");
    return {};
  }
  clock_.schedule(in_ticks(lab_.settings.gateway_restart_time), [this, id] {
    if (state_->is_up(id)) return;
    note(network_.at(id).name, "started again by the controller (single_az_ha)");
    set_gateway(id, true);
  });
  return {};
}

/// A resource's gateways: the first and its twin.
std::vector<GatewayId> Emulation::gateways_of(const std::string& resource) const {
  std::vector<GatewayId> gateways;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    if (network_.gateways[i].resource == resource) gateways.emplace_back(i);
  }
  return gateways;
}

Result<void> Emulation::set_state(const lab::SetState& change) {
  switch (change.element) {
    case lab::Element::link:
    case lab::Element::tunnel: {
      const auto link = link_named(network_, change.target);
      if (!link) return std::unexpected(link.error());
      set_link(*link, change.up);
      return {};
    }
    case lab::Element::gateway:
    case lab::Element::router:
    case lab::Element::route_server_instance:
    case lab::Element::vpn_gateway_instance: {
      const auto gateway = gateway_named(network_, change.target);
      if (!gateway) return std::unexpected(gateway.error());
      set_gateway(*gateway, change.up);
      return {};
    }
    case lab::Element::session: {
      const auto session = session_named(network_, change.target);
      if (!session) return std::unexpected(session.error());
      change.up ? speakers_->start_session(*session) : speakers_->stop_session(*session);
      note(change.target, change.up ? "session enabled" : "session disabled");
      return {};
    }
  }
  return {};
}

Result<void> Emulation::carry_out(const lab::LinkConditions& change) {
  const auto channels = channels_named(network_, change.link);
  if (!channels) return std::unexpected(channels.error());
  for (const cloud::Channel channel : *channels) {
    const cloud::Link& link = network_.at(channel.link);
    const size_t way = link.a == channel.from ? 0 : 1;
    auto [now, is_new] = conditions_.try_emplace(channel, link.directions[way].conditions);
    now->second.update(change);
    watch_->channel_conditions(channel, now->second);
  }
  note(change.link, "conditions changed: " + lab::describe(change));
  return {};
}

void Emulation::set_link(LinkId link, bool up) {
  if (state_->is_cut(link) != up) return;
  state_->set_cut(link, !up);
  watch_->link_state(link, up);
  detection_->link_changed(link);
  // Network domains have links of their own over the same tunnel.
  for (size_t i = 0; i < network_.links.size(); ++i) {
    if (network_.links[i].carrier != link) continue;
    watch_->link_state(LinkId(i), up);
    detection_->link_changed(LinkId(i));
  }
  note(network_.at(link).name, up ? "link restored" : "link cut");
}

void Emulation::set_gateway(GatewayId id, bool up) {
  const cloud::Gateway& gateway = network_.at(id);
  state_->set_up(id, up);
  for (const RouterId router : network_.routers_of(id)) watch_->router_state(router, up);
  up ? speakers_->restart(id) : speakers_->crash(id);
  detection_->gateway_changed(id);
  azure_->instance_changed(id);
  aviatrix_->tunnels_changed();
  note(gateway.name, up ? "started" : "stopped");
}

void Emulation::note(std::string subject, std::string what) {
  log_.push_back({in_seconds(clock_.now()), std::move(subject), std::move(what)});
}

const routing::RouterTable& Emulation::table(RouterId router) const {
  return *tables_[router.index()];
}

const std::vector<cloud::azure::EffectiveRoute>& Emulation::effective_routes(
    cloud::SubnetId subnet) const {
  return azure_->effective_routes(subnet);
}

std::vector<cloud::azure::CompiledNsg> Emulation::filters(cloud::NicId nic,
                                                          lab::Direction direction) const {
  const cloud::Nic& card = network_.at(nic);
  if (!card.nsg && !network_.at(card.subnet).nsg) return {};
  const auto tag =
      cloud::azure::virtual_network_tag(network_, nic, azure_->effective_routes(card.subnet));
  return cloud::azure::filters_of(network_, nic, direction, tag);
}

bool Emulation::is_link_up(LinkId link) const { return state_->is_up(link); }

bool Emulation::is_gateway_up(GatewayId gateway) const { return state_->is_up(gateway); }

const bgp::Speaker* Emulation::speaker(GatewayId gateway) const { return speakers_->at(gateway); }

std::string Emulation::session_state(cloud::SessionId session) const {
  const Speakers::End& a = speakers_->end_a(session);
  const Speakers::End& b = speakers_->end_b(session);
  if (!a.exists || !b.exists) return "Down";
  const auto state_of = [&](const Speakers::End& end) {
    return speakers_->at(end.gateway)->status(end.peer).state;
  };
  // Up only when both ends think so; else what the end that is further behind says.
  return std::string(bgp::to_string(std::min(state_of(a), state_of(b))));
}

Emulation::SessionPeer Emulation::session_peer(cloud::SessionId session, bool side_a) const {
  const Speakers::End& end = side_a ? speakers_->end_a(session) : speakers_->end_b(session);
  if (!end.exists) return {};
  return {speakers_->at(end.gateway), end.peer};
}

void Emulation::record_messages() { speakers_->record_messages(); }

const std::vector<std::string>& Emulation::messages() const { return speakers_->messages(); }

}  // namespace skyhop::emulator
