#include "control/emulator/aviatrix_plane.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/aviatrix/bgp_gateway.h"
#include "control/emulator/next_hops.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::LinkId;
using cloud::RouterId;
using cloud::aviatrix::GatewayTableRoute;
using cloud::aviatrix::Origination;
using lpm::Ipv4Prefix;
using routing::Edge;
using routing::NextHop;
using routing::Offer;
using routing::Source;

// Local routes before learned ones (V38); those carry metrics of 100 and more.
constexpr uint32_t kLocalPreference = 0;

constexpr auto kConnected = "connected";
constexpr auto kController = "controller";
constexpr auto kBgp = "bgp";

bool is_aviatrix(const cloud::Gateway& gateway) {
  return gateway.kind == GatewayKind::transit || gateway.kind == GatewayKind::spoke;
}

// A log line names so many prefixes.
constexpr size_t kNamed = 4;

std::string list_of(const std::vector<Ipv4Prefix>& prefixes) {
  std::string text;
  for (size_t i = 0; i < prefixes.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : ", ") + prefixes[i].to_string();
  }
  if (prefixes.size() > kNamed) text += fmt::format(" and {} more", prefixes.size() - kNamed);
  return text;
}

/// What is in `now` and not in `before`; both sorted.
std::vector<Ipv4Prefix> added(const std::vector<Ipv4Prefix>& before,
                              const std::vector<Ipv4Prefix>& now) {
  std::vector<Ipv4Prefix> more;
  std::ranges::set_difference(now, before, std::back_inserter(more));
  return more;
}

template <typename Routes>
std::vector<Ipv4Prefix> prefixes_of(const Routes& routes) {
  std::vector<Ipv4Prefix> prefixes;
  for (const auto& route : routes) {
    if constexpr (requires { route.address_prefix; }) {
      prefixes.push_back(route.address_prefix);
    } else {
      prefixes.push_back(route.prefix);
    }
  }
  std::ranges::sort(prefixes);
  prefixes.erase(std::ranges::unique(prefixes).begin(), prefixes.end());
  return prefixes;
}

}  // namespace

AviatrixPlane::AviatrixPlane(const lab::Lab& lab, const cloud::Network& network,
                             const ElementState& state, bgp::Scheduler& scheduler,
                             Speakers& speakers, Tables& tables, Observers observers)
    : lab_(lab),
      network_(network),
      state_(state),
      scheduler_(scheduler),
      speakers_(speakers),
      tables_(tables),
      observers_(std::move(observers)),
      segmentation_(lab),
      standby_(lab, network,
               {.is_usable = [this](const std::string& connection,
                                    GatewayId gateway) { return is_usable(connection, gateway); },
                .set =
                    [this](const std::string& connection, GatewayId gateway, bool stands_by) {
                      const auto key = std::pair(connection, gateway);
                      stands_by ? (void)configuration_.standby.insert(key)
                                : (void)configuration_.standby.erase(key);
                      if (speakers_.aviatrix().set_standby(connection, gateway, stands_by)) {
                        reevaluate(gateway, connection);
                      }
                      if (!program_.gateway_routes.empty()) apply_program();
                    },
                .note = observers_.note}) {
  configuration_.included_advertised_spoke_routes.resize(network.gateways.size());
  learned_.resize(network.gateways.size());
  polling_.resize(network.gateways.size());
  for (size_t i = 0; i < network.gateways.size(); ++i) {
    const cloud::Gateway& gateway = network.gateways[i];
    if (!is_aviatrix(gateway)) continue;
    const auto spoke =
        std::ranges::find(lab.spoke_gateways, gateway.resource, &lab::SpokeGateway::name);
    if (gateway.kind == GatewayKind::spoke && spoke != lab.spoke_gateways.end()) {
      configuration_.included_advertised_spoke_routes[i] = spoke->included_advertised_spoke_routes;
    }
    if (const auto bgp = cloud::aviatrix::bgp_gateway(lab, gateway.resource)) {
      polling_[i] = std::chrono::duration_cast<bgp::Duration>(bgp->polling_time);
    }
    for (const RouterId router : network.routers_of(GatewayId(i))) {
      routing::RouterTable& table = *tables_[router.index()];
      table.replace(kConnected, own_addresses(network, gateway, table));
    }
  }
}

void AviatrixPlane::start() {
  standby_.start();
  program_.gateway_routes.resize(network_.gateways.size());
  program_.originate.resize(network_.gateways.size());
  program_.route_tables.resize(network_.route_tables.size());
  gateways_changed();
  std::set<bgp::Duration> intervals(polling_.begin(), polling_.end());
  intervals.erase(bgp::Duration{0});
  for (const bgp::Duration interval : intervals) poll_every(interval);
}

// ---- polling ----

void AviatrixPlane::poll_every(bgp::Duration interval) {
  scheduler_.schedule(interval, [this, interval] {
    poll(interval);
    poll_every(interval);
  });
}

AviatrixPlane::Learned AviatrixPlane::learned_now(GatewayId id) const {
  Learned learned;
  const bgp::Speaker* speaker = speakers_.at(id);
  if (speaker == nullptr || !state_.is_up(id)) return learned;
  const auto take = [&](Ipv4Prefix prefix, const bgp::Candidate& path) {
    learned.push_back({.prefix = prefix,
                       .as_path = path.attributes->as_path.flat(),
                       .metric = path.attributes->med.value_or(0),
                       .connection = speaker->peer_config(*path.peer).group});
  };
  speaker->for_each_best([&](const bgp::BestRoute& best) {
    if (network_.at(id).domains.empty()) {
      if (best.paths.front().peer) take(best.prefix.ipv4(), best.paths.front());
      return;
    }
    // Each network domain has a best route of its own.
    std::set<std::string> seen;
    for (const bgp::Decided& decided : speaker->explain(best.prefix)) {  // the better ones first
      if (!decided.candidate.peer) continue;
      const auto& group = speaker->peer_config(*decided.candidate.peer).group;
      if (seen.insert(domain_of(id, group)).second) take(best.prefix.ipv4(), decided.candidate);
    }
  });
  const uint32_t limit = lab_.settings.bgp_max_as_limit;
  std::erase_if(learned, [&](const auto& route) {
    return limit != 0 && route.as_path.size() > limit;  // used here, told to nobody
  });
  return learned;
}

void AviatrixPlane::poll(bgp::Duration interval) {
  bool changed = false;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    if (polling_[i] != interval) continue;
    Learned learned = learned_now(GatewayId(i));
    if (learned == learned_[i]) continue;
    note_learned(GatewayId(i), learned_[i], learned);
    learned_[i] = std::move(learned);
    changed = true;
  }
  note_pending();
  if (changed) apply_program();
}

void AviatrixPlane::note_learned(GatewayId id, const Learned& before, const Learned& now) const {
  const auto old_prefixes = prefixes_of(before), new_prefixes = prefixes_of(now);
  const std::string& name = network_.at(id).name;
  const auto more = added(old_prefixes, new_prefixes);
  const auto less = added(new_prefixes, old_prefixes);
  if (!more.empty()) observers_.note(name, "polled: learned " + list_of(more));
  if (!less.empty()) observers_.note(name, "polled: no longer learned " + list_of(less));
  if (more.empty() && less.empty()) observers_.note(name, "polled: attributes of routes changed");
}

void AviatrixPlane::note_pending() {
  const auto waiting = pending();
  for (const PendingCidr& each : waiting) {
    if (!noted_pending_.insert(each).second) continue;
    observers_.note(network_.at(each.gateway).name,
                    fmt::format("learned CIDR {} of {} waits for approval", each.prefix.to_string(),
                                each.connection));
  }
  std::erase_if(noted_pending_, [&](const PendingCidr& each) {
    return std::ranges::find(waiting, each) == waiting.end();
  });
}

std::vector<PendingCidr> AviatrixPlane::pending() const {
  std::vector<PendingCidr> waiting;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const GatewayId id(i);
    const bgp::Speaker* speaker = speakers_.at(id);
    if (polling_[i] == bgp::Duration{0} || speaker == nullptr) continue;
    const auto gateway = cloud::aviatrix::bgp_gateway(lab_, network_.at(id).resource);
    if (!gateway || !gateway->enable_learned_cidrs_approval) continue;
    for (const bgp::PeerId peer : speaker->peers()) {
      for (const bgp::LearnedRoute& route : speaker->learned(peer)) {
        if (route.accepted || route.rule != "V36") continue;
        waiting.push_back({speaker->peer_config(peer).group, id, route.prefix.ipv4()});
      }
    }
  }
  std::ranges::sort(waiting);
  waiting.erase(std::ranges::unique(waiting).begin(), waiting.end());
  return waiting;
}

// ---- what users change ----

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

void AviatrixPlane::set_approved(const std::string& target, const std::vector<Ipv4Prefix>& cidrs,
                                 bool approved) {
  if (!speakers_.aviatrix().set_approved(target, cidrs, approved)) return;
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    if (is_aviatrix(network_.gateways[i])) reevaluate(GatewayId(i), {});
  }
}

/// Policies of the gateway's peers by this connection have changed; of all its peers when empty.
void AviatrixPlane::reevaluate(GatewayId id, const std::string& connection) {
  bgp::Speaker* speaker = speakers_.at(id);
  if (speaker == nullptr) return;
  for (const bgp::PeerId peer : speaker->peers()) {
    if (!connection.empty() && speaker->peer_config(peer).group != connection) continue;
    speaker->reevaluate_import(peer);
    speaker->reevaluate_export(peer);
  }
}

bool AviatrixPlane::is_usable(const std::string& connection, GatewayId id) const {
  if (!state_.is_up(id)) return false;
  bool has_tunnel = false;
  for (size_t i = 0; i < network_.links.size(); ++i) {
    const cloud::Link& link = network_.links[i];
    const bool is_its = (link.connection == connection && network_.gateway_of(link.a) == id) ||
                        (link.far_connection == connection && network_.gateway_of(link.b) == id);
    if (!is_its) continue;
    has_tunnel = true;
    if (observers_.carries_packets(LinkId(i))) return true;
  }
  return !has_tunnel;  // over LAN
}

// ---- programming ----

void AviatrixPlane::apply_program() {
  auto next = cloud::aviatrix::program(network_, lab_, configuration_, learned_);
  configuration_.in_use = next.in_use;
  note_program(next);
  const bool tables_changed = next.route_tables != program_.route_tables;
  std::vector<std::vector<GatewayTableRoute>> before = std::move(program_.gateway_routes);
  program_ = std::move(next);
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const GatewayId id(i);
    if (!is_aviatrix(network_.at(id))) continue;
    if (before[i] != program_.gateway_routes[i]) program_tables(id, program_.gateway_routes[i]);
    if (speakers_.at(id) == nullptr) continue;
    program_speaker(id, program_.originate[i]);
    if (before[i] == program_.gateway_routes[i]) continue;
    // What the speaker ranks beside its own routes.
    std::set<Ipv4Prefix> told;
    for (const auto* routes : {&before[i], &program_.gateway_routes[i]}) {
      for (const GatewayTableRoute& route : *routes) {
        if (!is_local(route.type)) told.insert(route.prefix);
      }
    }
    for (const Ipv4Prefix prefix : told) install_bgp(id, prefix);
  }
  if (tables_changed) observers_.route_tables();
}

void AviatrixPlane::program_tables(GatewayId id, const std::vector<GatewayTableRoute>& routes) {
  const cloud::Gateway& gateway = network_.at(id);
  const auto program_one = [&](RouterId router, const std::string& domain) {
    routing::RouterTable& table = *tables_[router.index()];
    routing::RouterTable::Offers offers;
    for (const GatewayTableRoute& route : routes) {
      if (route.domain != domain) continue;
      // A speaker ranks what is not local, and what only the twin may carry, beside its own routes.
      const bool is_ranked = !is_local(route.type) && speakers_.at(id) != nullptr;
      if (is_ranked) continue;
      Offer offer{.source = Source::controller,
                  .preference = kLocalPreference,
                  .description = fmt::format("{} route: {}", to_string(route.type), route.reason),
                  .rule = "V38"};
      for (const LinkId link : route.primary) offer.primary.push_back(over(network_, link, table));
      for (const LinkId link : route.backup) offer.backup.push_back(over(network_, link, table));
      if (route.via_own_vnet) offer.primary.push_back(into_vnet(id, table, 0));
      offers[route.prefix].push_back(std::move(offer));
    }
    table.replace(kController, std::move(offers));
  };
  program_one(*gateway.router, "");
  for (const cloud::DomainTable& table : gateway.domains) program_one(table.router, table.domain);
}

void AviatrixPlane::program_speaker(GatewayId id, const std::vector<Origination>& wanted) {
  bgp::Speaker& speaker = *speakers_.at(id);
  auto& book = speakers_.aviatrix().book(id);
  cloud::aviatrix::OriginationBook next;
  for (const Origination& origination : wanted) next.emplace(origination.prefix, origination);
  if (next == book) return;
  for (const auto& [prefix, origination] : book) {
    if (!next.contains(prefix)) speaker.withdraw_originated(prefix);
  }
  std::swap(book, next);  // policies read it from now on
  bool is_reclassified = false;
  for (const auto& [prefix, origination] : book) {
    const auto known = next.find(prefix);
    if (known != next.end() && known->second == origination) continue;
    const auto attributes = attributes_of(origination);
    if (known == next.end() || attributes != attributes_of(known->second)) {
      speaker.originate(prefix, attributes);
    } else {
      is_reclassified = true;  // equal on the wire, but for other peers
    }
  }
  if (!is_reclassified) return;
  for (const bgp::PeerId peer : speaker.peers()) speaker.reevaluate_export(peer);
}

void AviatrixPlane::note_program(const cloud::aviatrix::Program& next) const {
  const auto note = [&](const std::string& subject, const char* verb, const auto& before,
                        const auto& now, const char* opposite) {
    const auto old_prefixes = prefixes_of(before), new_prefixes = prefixes_of(now);
    const auto more = added(old_prefixes, new_prefixes);
    const auto less = added(new_prefixes, old_prefixes);
    if (!more.empty()) observers_.note(subject, fmt::format("{} {}", verb, list_of(more)));
    if (!less.empty()) observers_.note(subject, fmt::format("{} {}", opposite, list_of(less)));
    if (more.empty() && less.empty()) observers_.note(subject, "next hops of routes changed");
  };
  for (size_t i = 0; i < network_.gateways.size(); ++i) {
    const std::string& name = network_.gateways[i].name;
    if (next.gateway_routes[i] != program_.gateway_routes[i]) {
      note(name, "programmed with", program_.gateway_routes[i], next.gateway_routes[i],
           "no longer programmed with");
    }
    if (next.originate[i] != program_.originate[i]) {
      note(name, "advertises", program_.originate[i], next.originate[i], "no longer advertises");
    }
  }
  for (size_t i = 0; i < network_.route_tables.size(); ++i) {
    if (next.route_tables[i] == program_.route_tables[i]) continue;
    note("route table " + network_.route_tables[i].name, "programmed with",
         program_.route_tables[i], next.route_tables[i], "no longer programmed with");
  }
}

// ---- what gateways choose ----

void AviatrixPlane::routes_changed(GatewayId gateway, std::span<const bgp::Prefix> prefixes) {
  for (const bgp::Prefix& prefix : prefixes) {
    install_bgp(gateway, prefix.ipv4());
    if (const auto twin = network_.at(gateway).twin) install_bgp(*twin, prefix.ipv4());
  }
}

std::string AviatrixPlane::domain_of(GatewayId gateway, const std::string& group) const {
  return segmentation_.domain_of(group, network_.at(gateway).resource);
}

bool AviatrixPlane::is_visible(GatewayId id, const bgp::Candidate& candidate,
                               const std::string& domain) const {
  const std::string& resource = network_.at(id).resource;
  if (!segmentation_.segments(resource)) return true;
  const auto& group = speakers_.at(id)->peer_config(*candidate.peer).group;
  return segmentation_.connects(resource, domain_of(id, group), domain);
}

const GatewayTableRoute* AviatrixPlane::told(GatewayId gateway, const std::string& domain,
                                             Ipv4Prefix prefix) const {
  const auto& routes = program_.gateway_routes[gateway.index()];
  for (const auto& route :
       std::ranges::equal_range(routes, prefix, {}, &GatewayTableRoute::prefix)) {
    if (route.domain == domain && !is_local(route.type) && !route.primary.empty()) return &route;
  }
  return nullptr;
}

AviatrixPlane::Choice AviatrixPlane::choose(GatewayId id, const std::string& domain,
                                            Ipv4Prefix prefix) const {
  Choice choice{.told = told(id, domain, prefix)};
  const bgp::Speaker* speaker = speakers_.at(id);
  const bool is_alone = choice.told == nullptr && network_.at(id).domains.empty();
  if (speaker == nullptr) return choice;
  if (is_alone) {
    const auto best = speaker->best(prefix);
    if (!best || !best->paths.front().peer) return choice;
    for (const bgp::Candidate& path : best->paths) {
      if (path.peer) choice.learned.push_back(path);
    }
    return choice;
  }
  // The controller's route competes by the same steps; domains do not see each other's routes.
  std::vector<bgp::Candidate> candidates;
  for (bgp::Decided& decided : speaker->explain(prefix)) {
    if (decided.candidate.peer && is_visible(id, decided.candidate, domain)) {
      candidates.push_back(std::move(decided.candidate));
    }
  }
  if (choice.told != nullptr) {
    bgp::Candidate& told = candidates.emplace_back();
    told.attributes = bgp::make_attributes(
        attributes_of(Origination{.prefix = prefix, .as_path = choice.told->as_path}));
  }
  const auto ranked = bgp::explain(candidates, speaker->config().decision);
  std::optional<std::string> best_domain;  // V39: others are not combined with it
  for (const bgp::Decided& decided : ranked) {
    const bool is_used = decided.standing != bgp::Standing::loser;
    if (!decided.candidate.peer) {
      choice.uses_told = is_used;
      if (!is_used) choice.told_lost = decided.reason;
      continue;
    }
    if (!is_used) continue;
    const auto from = domain_of(id, speaker->peer_config(*decided.candidate.peer).group);
    if (!best_domain) best_domain = from;
    if (from == *best_domain) choice.learned.push_back(decided.candidate);
  }
  return choice;
}

bool AviatrixPlane::twin_knows(GatewayId id, const std::string& domain, Ipv4Prefix prefix) const {
  const auto twin = network_.at(id).twin;
  if (!twin || speakers_.at(*twin) == nullptr) return false;
  return !choose(*twin, domain, prefix).learned.empty();
}

void AviatrixPlane::install_bgp(GatewayId id, Ipv4Prefix prefix) {
  const cloud::Gateway& gateway = network_.at(id);
  install_bgp(id, *gateway.router, "", prefix);
  for (const cloud::DomainTable& table : gateway.domains) {
    install_bgp(id, table.router, table.domain, prefix);
  }
}

void AviatrixPlane::install_bgp(GatewayId id, RouterId router, const std::string& domain,
                                Ipv4Prefix prefix) {
  const cloud::Gateway& gateway = network_.at(id);
  routing::RouterTable& table = *tables_[router.index()];
  const Choice choice = choose(id, domain, prefix);
  std::vector<cloud::SessionId> sessions;
  for (const bgp::Candidate& path : choice.learned) {
    sessions.push_back(speakers_.session_of(id, *path.peer));
  }
  const auto egress = cloud::aviatrix::learned_route_egress(network_, id, sessions);
  std::vector<NextHop> over_twin;
  const auto ha = gateway.twin
                      ? network_.link_between(router, network_.table_of(*gateway.twin, domain))
                      : std::nullopt;
  // Without a way of its own the twin would only send the packet back.
  if (ha && (twin_knows(id, domain, prefix) || (choice.uses_told && choice.told != nullptr))) {
    over_twin.push_back(over(network_, *ha, table));
  }

  std::vector<Offer> offers;
  Offer told{.source = Source::controller, .preference = cloud::aviatrix::kDirectMetric};
  if (choice.told != nullptr) {
    told.description =
        fmt::format("{} route: {}", to_string(choice.told->type), choice.told->reason);
    for (const uint32_t asn : choice.told->as_path) {
      told.as_path += (told.as_path.empty() ? "" : " ") + std::to_string(asn);
    }
    told.rule = "V37";
    for (const LinkId link : choice.told->primary) {
      told.primary.push_back(over(network_, link, table));
    }
    told.backup = over_twin;
  }
  if (!egress.empty()) {
    Offer own{.source = Source::bgp,
              .preference = cloud::aviatrix::kDirectMetric,
              .backup = over_twin,
              .as_path = choice.learned.front().attributes->as_path.to_string(),
              .rule = "V37"};
    own.description = "AS path " + own.as_path;
    for (const cloud::aviatrix::Egress& way : egress) {
      own.primary.push_back(out_of(id, table, way));
    }
    if (choice.uses_told) {  // equals: both carry traffic
      own.description += ", and " + told.description;
      own.primary.insert(own.primary.end(), told.primary.begin(), told.primary.end());
    }
    offers.push_back(std::move(own));
  }
  if (choice.told != nullptr) {
    if (choice.uses_told && egress.empty()) {
      offers.push_back(std::move(told));
    } else if (!choice.uses_told) {
      told.usable = false;
      told.why_not = choice.told_lost + " (V37)";
      offers.push_back(std::move(told));
    }
  }
  if (!over_twin.empty()) {
    offers.push_back(
        {.source = Source::bgp,
         .preference = lab_.settings.twin_metric,
         .primary = over_twin,
         .description = "known to " + network_.at(*gateway.twin).name + ", over the HA link",
         .rule = "V43"});
  }
  table.set(kBgp, prefix, std::move(offers));
}

NextHop AviatrixPlane::out_of(GatewayId id, routing::RouterTable& table,
                              const cloud::aviatrix::Egress& way) {
  const cloud::Gateway& gateway = network_.at(id);
  if (way.tunnel) {
    NextHop hop = over(network_, *way.tunnel, table);
    hop.via = way.next_hop;
    return hop;
  }
  const auto nic = std::ranges::find(gateway.nics, *way.lan);
  NextHop hop = into_vnet(id, table, static_cast<size_t>(nic - gateway.nics.begin()));
  hop.via = way.next_hop;
  return hop;
}

// Out of an interface: the next hop is the first address of its subnet, Azure's own (V20).
NextHop AviatrixPlane::into_vnet(GatewayId id, routing::RouterTable& table, size_t nic_index) {
  const cloud::Gateway& gateway = network_.at(id);
  const cloud::Subnet& subnet = network_.at(network_.at(gateway.nics[nic_index]).subnet);
  NextHop hop{.via = subnet.prefix.nth(1), .name = fmt::format("eth{}", nic_index)};
  if (const auto link = network_.link_between(*gateway.router, *subnet.router)) {
    hop.edge = table.edge(Edge::over({*link, *gateway.router}));
  }
  return hop;
}

}  // namespace skyhop::emulator
