#include "control/emulator/emulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/emulator/aviatrix_plane.h"
#include "control/emulator/azure_plane.h"
#include "control/emulator/detection.h"
#include "control/emulator/element_state.h"
#include "control/emulator/names.h"
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
  detection_ = std::make_unique<Detection>(lab_, network, *state_, clock_, tables_);
  speakers_ = std::make_unique<Speakers>(lab_, network, *state_, clock_, [this](LinkId link) {
    return detection_->is_negotiated(link);
  });
  azure_ = std::make_unique<AzurePlane>(network, *state_, clock_, *speakers_, tables_);
  aviatrix_ = std::make_unique<AviatrixPlane>(lab_, network, *state_, clock_, *speakers_, tables_,
                                              [this] { azure_->changed(); });
  azure_->read_route_tables_from(*aviatrix_);

  speakers_->observe(
      [this](GatewayId gateway, std::span<const bgp::Prefix> prefixes) {
        if (network_.at(gateway).kind == GatewayKind::transit) {
          aviatrix_->routes_changed(gateway, prefixes);
        } else {
          azure_->routes_changed(gateway, prefixes);
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
    if (!state_->is_up(GatewayId(i)) && network.gateways[i].router) {
      watch_->router_state(*network.gateways[i].router, false);
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

void Emulation::advance_to(Seconds time) { clock_.run_until(zero_ + in_ticks(time)); }

Result<void> Emulation::apply(const lab::TimelineEvent& event) {
  if (const auto* change = std::get_if<lab::SetState>(&event.action)) return set_state(*change);
  if (const auto* change = std::get_if<lab::SetAdvertisedCidrs>(&event.action)) {
    bool found = false;
    for (size_t i = 0; i < network_.gateways.size(); ++i) {
      if (network_.gateways[i].resource != change->spoke_gateway) continue;
      found = true;
      aviatrix_->set_advertised_cidrs(GatewayId(i), change->included_advertised_spoke_routes);
    }
    if (!found) return fail("there is no spoke named '" + change->spoke_gateway + "'");
    note(change->spoke_gateway, "advertised CIDRs changed");
    return {};
  }
  if (const auto* change = std::get_if<lab::LinkConditions>(&event.action)) {
    return change_link(*change);
  }
  const auto& added = std::get<lab::AddSpoke>(event.action);
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    if (network_.gateways[i].resource != added.spoke_gateway) continue;
    state_->set_present(GatewayId(i));
    set_gateway(GatewayId(i), true);
  }
  aviatrix_->gateways_changed();
  azure_->changed();
  note(added.spoke_gateway, "launched and attached");
  return {};
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

Result<void> Emulation::change_link(const lab::LinkConditions& change) {
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
  note(network_.at(link).name, up ? "link restored" : "link cut");
}

void Emulation::set_gateway(GatewayId id, bool up) {
  const cloud::Gateway& gateway = network_.at(id);
  state_->set_up(id, up);
  if (gateway.router) watch_->router_state(*gateway.router, up);
  up ? speakers_->restart(id) : speakers_->crash(id);
  detection_->gateway_changed(id);
  azure_->instance_changed(id);
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
