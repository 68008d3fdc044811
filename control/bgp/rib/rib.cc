#include "control/bgp/rib/rib.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace skyhop::bgp {
namespace {

// 16.8 ms each: enough of them for two years.
constexpr unsigned kTickBits = 24;

uint32_t ticks(Time time) { return static_cast<uint32_t>(time.count() >> kTickBits); }
Time from_ticks(uint32_t ticks) { return Time(int64_t{ticks} << kTickBits); }

}  // namespace

template <typename P>
Rib<P>::~Rib() {
  for (NodeId id = 1; id < limit(); ++id) {
    if (!is_live(id)) continue;
    for (const RibPath* path = &nodes_[id].first; path != nullptr; path = next(*path)) {
      if (path->received == 0) continue;
      shared_.attributes[path->received].release();
      shared_.verdicts.release(path->verdict);
      shared_.sources.release(path->source);
    }
  }
}

// ---- Nodes and paths ---------------------------------------------------------------------------

template <typename P>
NodeId Rib<P>::find(const P& prefix) const {
  return index_.find(lpm::hash_of(prefix, seed_),
                     [&](NodeId id) { return prefix_of(nodes_[id]) == prefix; });
}

template <typename P>
NodeId Rib<P>::find_or_make(const P& prefix) {
  const uint32_t hash = lpm::hash_of(prefix, seed_);
  NodeId id = index_.find(hash, [&](NodeId i) { return prefix_of(nodes_[i]) == prefix; });
  if (id == 0) {
    id = nodes_.make();
    nodes_[id].address = prefix.address();
    nodes_[id].length = prefix.length();
    index_.insert(hash, id);
  }
  return id;
}

template <typename P>
void Rib<P>::destroy(NodeId id) {
  index_.erase(lpm::hash_of(prefix(id), seed_), id);
  nodes_.destroy(id);
}

template <typename P>
void Rib<P>::recycle(NodeId id) {
  if (!is_live(id)) return;
  const Node& node = nodes_[id];
  if (node.first.received == 0 && node.holders == 0 && !node.is_dirty) destroy(id);
}

template <typename P>
void Rib<P>::hold(NodeId id) {
  if (++nodes_[id].holders == 0) {
    std::fprintf(stderr, "BGP tables: a prefix is told in more than 65,535 ways\n");
    std::abort();
  }
}

template <typename P>
void Rib<P>::release(NodeId id) {
  --nodes_[id].holders;
  recycle(id);
}

template <typename P>
void Rib<P>::touch(NodeId id) {
  Node& node = nodes_[id];
  if (node.is_dirty) return;
  node.is_dirty = 1;
  dirty_.push_back(id);
}

template <typename P>
typename Rib<P>::PeerTable& Rib<P>::table(PeerId peer) {
  const auto index = static_cast<size_t>(peer);
  if (index >= peers_.size()) peers_.resize(index + 1);
  return peers_[index];
}

template <typename P>
bool Rib<P>::is_gone(const RibPath& path) const {
  if (path.source == 0) return false;
  const PeerTable& peer = peers_[static_cast<size_t>(shared_.sources[path.source].peer)];
  return age(path, peer) > peer.kept_age;
}

// A new path in its place in the chain; received is not set yet.
template <typename P>
RibPath& Rib<P>::insert_path(Node& node, uint32_t source) {
  shared_.sources.hold(source);
  const uint64_t rank = shared_.sources.rank(source);
  RibPath path;
  path.source = source;
  if (node.first.received == 0) return node.first = path;
  if (rank < shared_.sources.rank(node.first.source)) {
    path.next = more_.make(node.first);
    return node.first = path;
  }
  RibPath* before = &node.first;
  while (before->next != 0 && shared_.sources.rank(more_[before->next].source) < rank) {
    before = &more_[before->next];
  }
  path.next = before->next;
  before->next = more_.make(path);
  return more_[before->next];
}

template <typename P>
void Rib<P>::count(const RibPath& path, int change) {
  if (path.source == 0) return;
  PeerTable& peer = table_of(path);
  peer.received[path.generation] += static_cast<uint32_t>(change);
  if (accepted(path) != nullptr) peer.accepted[path.generation] += static_cast<uint32_t>(change);
}

template <typename P>
void Rib<P>::remove_path(NodeId id, RibPath& path) {
  Node& node = nodes_[id];
  if (path.is_used) node.is_altered = 1;
  const bool matters = accepted(path) != nullptr;
  count(path, -1);
  shared_.attributes[path.received].release();
  shared_.verdicts.release(path.verdict);
  shared_.sources.release(path.source);
  if (&path == &node.first) {
    if (const uint32_t second = path.next; second != 0) {
      path = more_[second];
      more_.destroy(second);
    } else {
      path = {};
    }
  } else {
    RibPath* before = &node.first;
    while (&more_[before->next] != &path) before = &more_[before->next];
    const uint32_t gone = before->next;
    before->next = path.next;
    more_.destroy(gone);
  }
  if (matters) {
    touch(id);
  } else {
    recycle(id);
  }
}

template <typename P>
void Rib<P>::announce(uint32_t source, const P& prefix, const AttributesPtr& received,
                      uint32_t verdict, Time now) {
  const NodeId id = find_or_make(prefix);
  Node& node = nodes_[id];
  RibPath* path = node.first.received == 0 ? nullptr : &node.first;
  while (path != nullptr && path->source != source) {
    path = path->next == 0 ? nullptr : &more_[path->next];
  }
  const uint32_t attributes = received.set()->id();
  PeerTable* peer = source == 0 ? nullptr : &table(shared_.sources[source].peer);
  bool is_changed = path == nullptr;
  if (path != nullptr) {
    is_changed = peer != nullptr && age(*path, *peer) > peer->kept_age;
    count(*path, -1);
    if (path->received == attributes && path->verdict == verdict) {
      if (peer != nullptr) path->generation = peer->generation;
      count(*path, 1);
      if (is_changed) touch(id);
      return;
    }
    if (path->received != attributes) path->learned = ticks(now);
  } else {
    path = &insert_path(node, source);
    path->learned = ticks(now);
  }
  // What was accepted stays alive until it is compared.
  const AttributesPtr before(path->received == 0 ? nullptr : accepted(*path));
  received.set()->hold();
  shared_.verdicts.hold(verdict);
  if (path->received != 0) {
    shared_.attributes[path->received].release();
    shared_.verdicts.release(path->verdict);
  }
  path->received = attributes;
  path->verdict = verdict;
  if (peer != nullptr) path->generation = peer->generation;
  count(*path, 1);
  if (accepted(*path) != before.set()) {
    is_changed = true;
    if (path->is_used) node.is_altered = 1;
  } else if (before == nullptr) {
    is_changed = false;  // refused before and after
  }
  if (is_changed) touch(id);
}

template <typename P>
bool Rib<P>::withdraw(uint32_t source, const P& prefix) {
  const NodeId id = find(prefix);
  if (id == 0 || nodes_[id].first.received == 0) return false;
  for (RibPath* path = &nodes_[id].first;; path = &more_[path->next]) {
    if (path->source == source) {
      remove_path(id, *path);
      return true;
    }
    if (path->next == 0) return false;
  }
}

// ---- Walks -------------------------------------------------------------------------------------

// With four generations to tell apart, three old ones may be in the table.
template <typename P>
void Rib<P>::begin_generation(PeerTable& peer) {
  while (peer.ages == kMaxAge) {
    size_t everything = std::numeric_limits<size_t>::max();
    sweep_.is_wanted = peer.wants_sweep = true;
    while (step(sweep_, everything, nullptr)) everything = std::numeric_limits<size_t>::max();
  }
  peer.generation = (peer.generation + 1) & kMaxAge;
  ++peer.ages;
  ++peer.new_ages;
}

template <typename P>
void Rib<P>::lose(PeerId id) {
  PeerTable& peer = table(id);
  if (sum(peer.received, peer, 0) == 0) return;
  begin_generation(peer);
  peer.kept_age = 0;
  sweep_.is_wanted = peer.wants_sweep = true;
}

template <typename P>
void Rib<P>::mark_stale(PeerId id) {
  PeerTable& peer = table(id);
  if (sum(peer.received, peer, 0) == 0) return;
  begin_generation(peer);
  peer.kept_age = 1;
  if (peer.ages > 1) sweep_.is_wanted = peer.wants_sweep = true;
}

template <typename P>
void Rib<P>::drop_stale(PeerId id) {
  PeerTable& peer = table(id);
  if (peer.kept_age == 0) return;
  peer.kept_age = 0;
  sweep_.is_wanted = peer.wants_sweep = true;
}

template <typename P>
void Rib<P>::reevaluate(PeerId id) {
  if (received_count(id) == 0) return;
  judging_.is_wanted = table(id).wants_judging = true;
}

template <typename P>
void Rib<P>::touch_all() {
  for (NodeId id = 1; id < limit(); ++id) {
    if (is_live(id)) touch(id);
  }
}

template <typename P>
void Rib<P>::judge_path(NodeId id, RibPath& path, ImportJudge& judge) {
  const ImportJudge::Judgement judgement =
      judge.judge(shared_.sources[path.source].peer, prefix(id),
                  AttributesPtr(&shared_.attributes[path.received]), view(path).is_stale);
  if (!judgement.received) return remove_path(id, path);
  const uint32_t received = judgement.received.set()->id();
  const uint32_t verdict = judgement.verdict.id();
  if (received == path.received && verdict == path.verdict) return;
  const AttributesPtr before(accepted(path));
  count(path, -1);
  judgement.received.set()->hold();
  shared_.verdicts.hold(verdict);
  shared_.attributes[path.received].release();
  shared_.verdicts.release(path.verdict);
  path.received = received;
  path.verdict = verdict;
  count(path, 1);
  if (accepted(path) == before.set()) return;
  if (path.is_used) nodes_[id].is_altered = 1;
  touch(id);
}

template <typename P>
template <typename IsMeant, typename Do>
void Rib<P>::for_paths(NodeId id, IsMeant is_meant, Do act) {
  // Acting on a path may remove it: then the second comes into the place of the first, and the node
  // goes with the last.
  RibPath* path = &nodes_[id].first;
  while (path->received != 0) {
    const bool is_last = path->next == 0;
    RibPath* following = is_last ? nullptr : &more_[path->next];
    if (path->source != 0 && is_meant(*path)) {
      const uint32_t source = path->source;
      act(*path);
      if (is_last) return;
      if (path == &nodes_[id].first && path->source != source) continue;
    } else if (is_last) {
      return;
    }
    path = following;
  }
}

// Goes on with a walk, or begins one that is wanted. False: it is through, and no other is wanted.
template <typename P>
bool Rib<P>::step(Walk& walk, size_t& budget, ImportJudge* judge) {
  if (walk.next == 0) {
    if (!walk.is_wanted) return false;
    walk = {.next = 1, .is_wanted = false};
    for (PeerTable& peer : peers_) {
      if (&walk == &sweep_) {
        peer.is_swept = std::exchange(peer.wants_sweep, false);
        if (peer.is_swept) peer.new_ages = 0;
      } else {
        peer.is_judged = std::exchange(peer.wants_judging, false);
      }
    }
  }
  for (; budget > 0 && walk.next < limit(); --budget, ++walk.next) {
    if (!is_live(walk.next)) continue;
    const NodeId id = walk.next;
    if (&walk == &sweep_) {
      for_paths(
          id, [&](const RibPath& path) { return table_of(path).is_swept && is_gone(path); },
          [&](RibPath& path) { remove_path(id, path); });
    } else {
      for_paths(
          id, [&](const RibPath& path) { return table_of(path).is_judged && !is_gone(path); },
          [&](RibPath& path) { judge_path(id, path, *judge); });
    }
  }
  if (walk.next < limit()) return true;
  walk.next = 0;
  if (&walk == &sweep_) {
    for (PeerTable& peer : peers_) {
      if (!std::exchange(peer.is_swept, false)) continue;
      peer.ages = static_cast<uint8_t>(peer.new_ages + peer.kept_age);
    }
  }
  return walk.is_wanted;
}

template <typename P>
bool Rib<P>::walk(size_t nodes, ImportJudge& judge) {
  while (nodes > 0 && step(sweep_, nodes, &judge)) {
  }
  while (nodes > 0 && step(judging_, nodes, &judge)) {
  }
  return sweep_.next != 0 || sweep_.is_wanted || judging_.next != 0 || judging_.is_wanted;
}

// ---- Decisions ---------------------------------------------------------------------------------

template <typename P>
void Rib<P>::sort_by_prefix(std::span<NodeId> ids) const {
  const auto precedes = [this](NodeId a, NodeId b) { return prefix(a) < prefix(b); };
  if (!std::ranges::is_sorted(ids, precedes)) std::ranges::sort(ids, precedes);
}

template <typename P>
void Rib<P>::decide(size_t limit, const DecisionOptions& options, Decisions& decisions) {
  const size_t count = std::min(limit, dirty_.size() - dirty_from_);
  const std::span<NodeId> touched = std::span(dirty_).subspan(dirty_from_, count);
  sort_by_prefix(touched);
  for (const NodeId id : touched) {
    nodes_[id].is_dirty = 0;
    if (decide_one(nodes_[id], options)) decisions.changed.push_back(id);
  }
  decisions.touched.insert(decisions.touched.end(), touched.begin(), touched.end());
  dirty_from_ += count;
  if (dirty_from_ == dirty_.size()) {
    dirty_.clear();
    dirty_from_ = 0;
    if (dirty_.capacity() > kKeptDirty) dirty_.shrink_to_fit();
  }
}

template <typename P>
bool Rib<P>::decide_one(Node& node, const DecisionOptions& options) {
  bool is_changed = node.is_altered != 0;
  node.is_altered = 0;
  const auto mark = [&](RibPath& path, bool is_best, bool is_used) {
    is_changed |= path.is_best != is_best || path.is_used != is_used;
    path.is_best = is_best;
    path.is_used = is_used;
  };
  in_race_.clear();
  if (node.first.received != 0) {
    for (RibPath* path = &node.first;; path = &more_[path->next]) {
      if (accepted(*path) != nullptr && !is_gone(*path)) {
        in_race_.push_back(path);
      } else {
        mark(*path, false, false);
      }
      if (path->next == 0) break;
    }
  }
  bool has_best = false;
  if (in_race_.size() == 1 && !options.igp_metric) {
    mark(*in_race_[0], true, true);
    has_best = true;
  } else if (!in_race_.empty()) {
    candidates_.clear();
    for (const RibPath* path : in_race_) {
      candidates_.push_back(candidate(path->source, accepted(*path)));
      candidates_.back().is_current = path->is_best;
    }
    const Decision& decision = decider_.decide(candidates_, options);
    has_best = decision.best.has_value();
    for (size_t i = 0; i < in_race_.size(); ++i) {
      mark(*in_race_[i], decision.best == i, std::ranges::binary_search(decision.multipath, i));
    }
    candidates_.clear();  // they hold their sets
  }
  used_ = used_ + (has_best ? 1 : 0) - node.has_best;
  node.has_best = has_best ? 1 : 0;
  return is_changed;
}

// ---- Reading -----------------------------------------------------------------------------------

template <typename P>
size_t Rib<P>::sum(const std::array<uint32_t, kMaxAge + 1>& counts, const PeerTable& peer,
                   uint8_t from_age) const {
  size_t sum = 0;
  for (uint8_t age = from_age; age <= peer.kept_age; ++age) {
    sum += counts[(peer.generation - age) & kMaxAge];
  }
  return sum;
}

template <typename P>
size_t Rib<P>::received_count(PeerId id) const {
  const auto index = static_cast<size_t>(id);
  return index < peers_.size() ? sum(peers_[index].received, peers_[index], 0) : 0;
}

template <typename P>
size_t Rib<P>::accepted_count(PeerId id) const {
  const auto index = static_cast<size_t>(id);
  return index < peers_.size() ? sum(peers_[index].accepted, peers_[index], 0) : 0;
}

template <typename P>
size_t Rib<P>::stale_count(PeerId id) const {
  const auto index = static_cast<size_t>(id);
  return index < peers_.size() ? sum(peers_[index].received, peers_[index], 1) : 0;
}

template <typename P>
bool Rib<P>::has(uint32_t source, const P& prefix) const {
  const NodeId id = find(prefix);
  bool found = false;
  if (id != 0) for_each_path(id, [&](const PathView& path) { found |= path.source == source; });
  return found;
}

template <typename P>
typename Rib<P>::PathView Rib<P>::view(const RibPath& path) const {
  PathView view;
  view.source = path.source;
  view.received = &shared_.attributes[path.received];
  view.accepted = accepted(path);
  view.verdict = path.verdict;
  view.learned = from_ticks(path.learned);
  if (path.source != 0) {
    view.is_stale = age(path, peers_[static_cast<size_t>(shared_.sources[path.source].peer)]) != 0;
  }
  view.is_best = path.is_best;
  view.is_used = path.is_used;
  return view;
}

template <typename P>
void Rib<P>::rank(NodeId id, size_t limit, const DecisionOptions& options,
                  std::vector<RibChoice>& ranked) {
  ranked.clear();
  std::vector<RibChoice> left;
  const RibChoice current = best(id);
  for_each_path(id, [&](const PathView& path) {
    if (path.accepted != nullptr) left.push_back({path.source, path.accepted});
  });
  while (!left.empty() && ranked.size() < limit) {
    for (const RibChoice& choice : left) {
      candidates_.push_back(candidate(choice.source, choice.attributes));
      candidates_.back().is_current =
          current.attributes != nullptr && choice.source == current.source;
    }
    const auto best = decider_.decide(candidates_, options).best;
    candidates_.clear();
    if (!best) return;
    ranked.push_back(left[*best]);
    left.erase(left.begin() + static_cast<ptrdiff_t>(*best));
  }
}

template <typename P>
Candidate Rib<P>::candidate(uint32_t source, const AttributeSet* accepted) const {
  Candidate candidate;
  candidate.attributes = AttributesPtr(accepted);
  candidate.peer_router_id = shared_.router_id;
  if (source == 0) return candidate;
  const SourcePool::Source& from = shared_.sources[source];
  const RibShared::Peer& peer = shared_.peer(from.peer);
  candidate.peer = from.peer;
  candidate.peer_address = peer.address;
  candidate.peer_router_id = peer.router_id;
  candidate.is_ebgp = peer.is_ebgp;
  candidate.path_id = from.path_id;
  return candidate;
}

template class Rib<Ipv4Prefix>;
template class Rib<Ipv6Prefix>;

}  // namespace skyhop::bgp
