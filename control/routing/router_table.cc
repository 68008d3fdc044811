#include "control/routing/router_table.h"

#include <algorithm>

#include "lpm/hash.h"

namespace skyhop::routing {
namespace {

bool ranks_before(const Offer& a, const Offer& b) { return a.preference < b.preference; }

const Offer* best_of(const std::vector<Offer>& offers) {
  const Offer* best = nullptr;
  for (const Offer& offer : offers) {
    if (offer.usable && (best == nullptr || ranks_before(offer, *best))) best = &offer;
  }
  return best;
}

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
    const Offer* own = best_of(list);
    if (own != nullptr && (best == nullptr || ranks_before(*own, *best))) best = own;
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

RouterTable::RouterTable(RouterId router, FibSink* sink)
    : router_(router), sink_(sink), seed_(lpm::hash_seed()) {
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

// ---- Sources and lists of offers ---------------------------------------------------------------

RouterTable::SourceId RouterTable::source_id(const std::string& name) {
  const auto known = std::ranges::find(sources_, name, &SourceInfo::name);
  if (known == sources_.end()) {
    sources_.push_back({name, {}});
    return static_cast<SourceId>(sources_.size() - 1);
  }
  return static_cast<SourceId>(known - sources_.begin());
}

void RouterTable::describe(const std::string& source, Describe describe) {
  sources_[source_id(source)].describe = std::move(describe);
}

// Held once more by this call.
RouterTable::ListId RouterTable::intern(std::vector<Offer> offers) {
  if (offers.empty()) return 0;
  lpm::Hasher hasher(seed_);
  for (const Offer& offer : offers) {
    hasher.add((uint64_t{offer.preference} << 8) | static_cast<uint64_t>(offer.source));
    hasher.add(offer.description);
    hasher.add(offer.why_not);
    for (const NextHop& hop : offer.primary) hasher.add(hop.edge);
    for (const NextHop& hop : offer.backup) hasher.add(hop.edge);
    // What is the same of many is left to the comparison.
  }
  const uint32_t hash = hasher.result();
  ListId id =
      lists_by_hash_.find(hash, [&](ListId other) { return lists_[other].offers == offers; });
  if (id == 0) {
    OfferList list;
    if (const Offer* best = best_of(offers)) {
      list.preference = best->preference;
      list.group = groups_.find_or_add({edges_of(best->primary), edges_of(best->backup)});
    }
    list.hash = hash;
    list.offers = std::move(offers);
    id = lists_.make(std::move(list));
    lists_by_hash_.insert(hash, id);
  }
  ++lists_[id].holders;
  return id;
}

RouterTable::ListId RouterTable::share(std::vector<Offer> offers) {
  return intern(std::move(offers));
}

void RouterTable::release(ListId list) {
  if (list == 0 || --lists_[list].holders != 0) return;
  lists_by_hash_.erase(lists_[list].hash, list);
  lists_.destroy(list);
}

// ---- Prefixes ----------------------------------------------------------------------------------

uint32_t RouterTable::node_of(Ipv4Prefix prefix) const {
  return nodes_by_prefix_.find(lpm::hash_of(prefix, seed_), [&](uint32_t id) {
    return nodes_[id].address == prefix.address() && nodes_[id].length == prefix.length();
  });
}

uint32_t RouterTable::make_node(Ipv4Prefix prefix) {
  uint32_t id = node_of(prefix);
  if (id == 0) {
    id = nodes_.make(Node{.address = prefix.address(), .length = prefix.length()});
    nodes_by_prefix_.insert(lpm::hash_of(prefix, seed_), id);
  }
  return id;
}

RouterTable::ListId RouterTable::list_of(const Node& node, SourceId source) const {
  if (node.list != 0 && node.source == source) return node.list;
  for (uint32_t at = node.next; at != 0; at = parts_[at].next) {
    if (parts_[at].source == source) return parts_[at].list;
  }
  return 0;
}

// Puts a list that is held in the place of the source's last one.
void RouterTable::put(Node& node, SourceId source, ListId list) {
  if (node.list == 0 || node.source == source) {
    release(node.list);
    node.source = source;
    node.list = list;
    if (list == 0 && node.next != 0) {
      const uint32_t second = node.next;
      node.source = parts_[second].source;
      node.list = parts_[second].list;
      node.next = parts_[second].next;
      parts_.destroy(second);
    }
    return;
  }
  uint32_t* link = &node.next;
  while (*link != 0 && parts_[*link].source != source) link = &parts_[*link].next;
  if (*link == 0) {
    if (list != 0) *link = parts_.make(Part{.list = list, .source = source});
    return;
  }
  const uint32_t at = *link;
  release(parts_[at].list);
  parts_[at].list = list;
  if (list != 0) return;
  *link = parts_[at].next;
  parts_.destroy(at);
}

lpm::GroupId RouterTable::winner(const Node& node) const {
  if (node.next == 0) return node.list == 0 ? kNotInstalled : lists_[node.list].group;
  const OfferList* best = nullptr;
  SourceId best_source = 0;
  const auto consider = [&](ListId id, SourceId source) {
    const OfferList& list = lists_[id];
    if (list.group == kNotInstalled) return;
    const bool is_better =
        best == nullptr || list.preference < best->preference ||
        (list.preference == best->preference && sources_[source].name < sources_[best_source].name);
    if (!is_better) return;
    best = &list;
    best_source = source;
  };
  consider(node.list, node.source);
  for (uint32_t at = node.next; at != 0; at = parts_[at].next) {
    consider(parts_[at].list, parts_[at].source);
  }
  return best == nullptr ? kNotInstalled : best->group;
}

bool RouterTable::settle(uint32_t id, lpm::GroupId group) {
  Node& node = nodes_[id];
  if (!shown_.empty()) shown_.erase(Ipv4Prefix(node.address, node.length));
  const lpm::GroupId before = std::exchange(node.installed, group);
  installed_[node.length] += (group != kNotInstalled ? 1u : 0u);
  installed_[node.length] -= (before != kNotInstalled ? 1u : 0u);
  if (node.list == 0) {
    nodes_by_prefix_.erase(lpm::hash_of(Ipv4Prefix(node.address, node.length), seed_), id);
    nodes_.destroy(id);
  }
  return group != before;
}

void RouterTable::tell(Ipv4Prefix prefix, lpm::GroupId group) {
  if (sink_ == nullptr) return;
  if (group == kNotInstalled) {
    sink_->route_erased(router_, prefix);
  } else {
    sink_->route_set(router_, prefix, groups_.members(group));
  }
}

bool RouterTable::set(const std::string& source, Ipv4Prefix prefix, std::vector<Offer> offers) {
  const ListId list = intern(std::move(offers));
  const size_t changed = set(source, std::span(&prefix, 1), list);
  release(list);
  return changed != 0;
}

size_t RouterTable::set(const std::string& source, std::span<const Ipv4Prefix> prefixes,
                        ListId list) {
  const SourceId from = source_id(source);
  // Neighbours mostly go the same way: the sink gets them together.
  std::vector<Ipv4Prefix> run;
  lpm::GroupId run_group = kNotInstalled;
  size_t changed = 0;
  const auto flush = [&] {
    changed += run.size();
    if (run.size() > 1 && run_group != kNotInstalled && sink_ != nullptr) {
      sink_->routes_set(router_, run, groups_.members(run_group));
    } else {
      for (const Ipv4Prefix prefix : run) tell(prefix, run_group);
    }
    run.clear();
  };
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (i + kAhead < prefixes.size()) {
      nodes_by_prefix_.prefetch(lpm::hash_of(prefixes[i + kAhead], seed_));
    }
    const Ipv4Prefix prefix = prefixes[i];
    const uint32_t id = list == 0 ? node_of(prefix) : make_node(prefix);
    if (id == 0 || list_of(nodes_[id], from) == list) continue;
    if (list != 0) ++lists_[list].holders;
    put(nodes_[id], from, list);
    const lpm::GroupId group = winner(nodes_[id]);
    if (!settle(id, group)) continue;
    if (group != run_group) flush();
    run_group = group;
    run.push_back(prefix);
  }
  flush();
  return changed;
}

size_t RouterTable::replace(const std::string& source, Offers offers) {
  const SourceId from = source_id(source);
  std::vector<Ipv4Prefix> gone;
  for (uint32_t id = 1; id < nodes_.limit(); ++id) {
    if (!nodes_.is_live(id) || list_of(nodes_[id], from) == 0) continue;
    const Ipv4Prefix prefix(nodes_[id].address, nodes_[id].length);
    if (!offers.contains(prefix)) gone.push_back(prefix);
  }
  std::ranges::sort(gone);
  size_t changed = set(source, gone, 0);
  for (auto& [prefix, list] : offers) changed += set(source, prefix, std::move(list)) ? 1 : 0;
  return changed;
}

// ---- Edges that live and die -------------------------------------------------------------------

void RouterTable::set_edge_alive(EdgeId edge, bool alive) {
  if (is_edge_alive(edge) == alive) return;
  if (edge >= dead_.size()) dead_.resize(edge + 1u);
  dead_[edge] = !alive;
  groups_.set_edge_alive(edge, alive);
  if (sink_ != nullptr) sink_->edge_alive(router_, edge, alive);
}

bool RouterTable::is_edge_alive(EdgeId edge) const { return edge >= dead_.size() || !dead_[edge]; }

// ---- Reading -----------------------------------------------------------------------------------

uint32_t RouterTable::match(Ipv4Address destination) const {
  for (int length = 32; length >= 0; --length) {
    if (installed_[static_cast<size_t>(length)] == 0) continue;
    const uint32_t id = node_of({destination, static_cast<uint8_t>(length)});
    if (id != 0 && nodes_[id].installed != kNotInstalled) return id;
  }
  return 0;
}

const Entry& RouterTable::show(uint32_t id) const {
  const Node& node = nodes_[id];
  const Ipv4Prefix prefix(node.address, node.length);
  const auto [at, is_new] = shown_.try_emplace(prefix, Entry{.prefix = prefix, .offers = {}});
  if (!is_new) return at->second;
  const auto add = [&](ListId list, SourceId source) {
    const SourceInfo& info = sources_[source];
    std::vector<Offer>& offers = at->second.offers[info.name];
    offers = lists_[list].offers;
    if (info.describe) info.describe(prefix, offers);
  };
  add(node.list, node.source);
  for (uint32_t part = node.next; part != 0; part = parts_[part].next) {
    add(parts_[part].list, parts_[part].source);
  }
  return at->second;
}

const Entry* RouterTable::lookup(Ipv4Address destination) const {
  const uint32_t id = match(destination);
  return id == 0 ? nullptr : &show(id);
}

const Entry* RouterTable::find(Ipv4Prefix prefix) const {
  const uint32_t id = node_of(prefix);
  return id == 0 ? nullptr : &show(id);
}

const std::map<Ipv4Prefix, Entry>& RouterTable::entries() const {
  for (uint32_t id = 1; id < nodes_.limit(); ++id) {
    if (nodes_.is_live(id)) (void)show(id);
  }
  return shown_;
}

EdgeId RouterTable::edge_for(Ipv4Address destination, uint32_t flow_hash) const {
  const uint32_t id = match(destination);
  if (id == 0) return lpm::kNoRouteEdge;
  return groups_.edge_for(nodes_[id].installed,
                          lpm::group_slot(flow_hash, lpm::group_seed(router_.index())));
}

std::vector<EdgeId> RouterTable::active(const Entry& entry) const {
  const uint32_t id = node_of(entry.prefix);
  if (id == 0 || nodes_[id].installed == kNotInstalled) return {};
  return groups_.active(nodes_[id].installed);
}

}  // namespace skyhop::routing
