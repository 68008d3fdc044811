#include "control/routing/router_table.h"

#include <algorithm>

namespace skyhop::routing {
namespace {

bool ranks_before(const Offer& a, const Offer& b) { return a.preference < b.preference; }

// Data planes want sorted member lists without duplicates, so that equal sets share a group.
std::vector<EdgeId> edges_of(const std::vector<NextHop>& next_hops) {
  std::vector<EdgeId> edges;
  for (const NextHop& hop : next_hops) edges.push_back(hop.edge);
  std::ranges::sort(edges);
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  return edges;
}

}  // namespace

std::string_view to_string(Source source) {
  switch (source) {
    case Source::connected:
      return "connected";
    case Source::system:
      return "system";
    case Source::user:
      return "user";
    case Source::gateway:
      return "gateway";
    case Source::controller:
      return "controller";
    case Source::bgp:
      return "bgp";
  }
  return "?";
}

const Offer* Entry::best() const {
  const Offer* best = nullptr;
  for (const auto& [source, list] : offers) {
    for (const Offer& offer : list) {
      if (offer.usable && (best == nullptr || ranks_before(offer, *best))) best = &offer;
    }
  }
  return best;
}

std::vector<Entry::Loser> Entry::losers() const {
  const Offer* winner = best();
  std::vector<Loser> losers;
  for (const auto& [source, list] : offers) {
    for (const Offer& offer : list) {
      if (&offer == winner) continue;
      std::string reason = offer.why_not;
      if (reason.empty() && winner != nullptr) {
        reason = offer.source == winner->source
                     ? "metric " + std::to_string(offer.preference) + " against " +
                           std::to_string(winner->preference)
                     : std::string(to_string(winner->source)) + " route is preferred";
        if (!winner->rule.empty()) reason += " (" + winner->rule + ")";
      }
      losers.push_back({&offer, std::move(reason)});
    }
  }
  return losers;
}

RouterTable::RouterTable(RouterId router, FibSink* sink) : router_(router), sink_(sink) {
  edges_.push_back(Edge::drop(dataplane::DropReason::no_route));
  edge_ids_.emplace(edges_.front(), lpm::kNoRouteEdge);
}

EdgeId RouterTable::edge(const Edge& edge) {
  const auto [entry, is_new] = edge_ids_.try_emplace(edge, static_cast<EdgeId>(edges_.size()));
  if (is_new) {
    edges_.push_back(edge);
    if (sink_ != nullptr) sink_->edge_added(router_, entry->second, edge);
  }
  return entry->second;
}

std::vector<EdgeId> RouterTable::edges_over(LinkId link) const {
  std::vector<EdgeId> over;
  for (size_t id = 0; id < edges_.size(); ++id) {
    if (edges_[id].kind == Edge::Kind::channel && edges_[id].channel.link == link) {
      over.push_back(static_cast<EdgeId>(id));
    }
  }
  return over;
}

size_t RouterTable::replace(const std::string& source, Offers offers) {
  size_t changed = 0;
  const std::set<Ipv4Prefix> before = prefixes_of_[source];
  for (const Ipv4Prefix prefix : before) {
    if (!offers.contains(prefix)) changed += set(source, prefix, {}) ? 1 : 0;
  }
  for (auto& [prefix, list] : offers) changed += set(source, prefix, std::move(list)) ? 1 : 0;
  return changed;
}

bool RouterTable::set(const std::string& source, Ipv4Prefix prefix, std::vector<Offer> offers) {
  if (offers.empty()) {
    prefixes_of_[source].erase(prefix);
    const auto entry = entries_.find(prefix);
    if (entry == entries_.end() || entry->second.offers.erase(source) == 0) return false;
    const bool changed = install(entry->second);
    if (entry->second.offers.empty()) entries_.erase(entry);
    return changed;
  }
  prefixes_of_[source].insert(prefix);
  Entry& entry = entries_.try_emplace(prefix, Entry{.prefix = prefix}).first->second;
  std::vector<Offer>& old = entry.offers[source];
  if (old == offers) return false;
  old = std::move(offers);
  return install(entry);
}

bool RouterTable::install(Entry& entry) {
  const Offer* best = entry.best();
  const auto installed = installed_.find(entry.prefix);
  if (best == nullptr) {
    if (installed == installed_.end()) return false;
    installed_.erase(installed);
    fib_.erase(entry.prefix);
    if (sink_ != nullptr) sink_->route_erased(router_, entry.prefix);
    return true;
  }
  lpm::NextHopSet set{edges_of(best->primary), edges_of(best->backup)};
  if (installed != installed_.end() && installed->second == set) return false;
  fib_.set(entry.prefix, groups_.find_or_add(set));
  if (sink_ != nullptr) sink_->route_set(router_, entry.prefix, set);
  installed_.insert_or_assign(entry.prefix, std::move(set));
  return true;
}

void RouterTable::set_edge_alive(EdgeId edge, bool alive) {
  if (is_edge_alive(edge) == alive) return;
  if (edge >= dead_.size()) dead_.resize(edge + 1u);
  dead_[edge] = !alive;
  groups_.set_edge_alive(edge, alive);
  if (sink_ != nullptr) sink_->edge_alive(router_, edge, alive);
}

bool RouterTable::is_edge_alive(EdgeId edge) const { return edge >= dead_.size() || !dead_[edge]; }

const Entry* RouterTable::lookup(Ipv4Address destination) const {
  const auto match = fib_.lookup(destination);
  return match ? &entries_.at(match->first) : nullptr;
}

const Entry* RouterTable::find(Ipv4Prefix prefix) const {
  const auto entry = entries_.find(prefix);
  return entry == entries_.end() ? nullptr : &entry->second;
}

EdgeId RouterTable::edge_for(Ipv4Address destination, uint32_t flow_hash) const {
  const auto match = fib_.lookup(destination);
  if (!match) return lpm::kNoRouteEdge;
  return groups_.edge_for(match->second,
                          lpm::group_slot(flow_hash, lpm::group_seed(router_.index())));
}

std::vector<EdgeId> RouterTable::active(const Entry& entry) const {
  const auto installed = installed_.find(entry.prefix);
  if (installed == installed_.end()) return {};
  for (const auto* members : {&installed->second.primary, &installed->second.backup}) {
    std::vector<EdgeId> living;
    std::ranges::copy_if(*members, std::back_inserter(living),
                         [&](EdgeId edge) { return is_edge_alive(edge); });
    if (!living.empty()) return living;
  }
  return {};
}

}  // namespace skyhop::routing
