#include "control/bgp/export_group.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

// Nodes looked at before the event loop has its turn: some milliseconds.
constexpr size_t kSlice = 8192;
// In a group's session there is nobody whom a route might have come from.
constexpr PeerId kNobody{UINT32_MAX};

ExportSession session_of(const Peer& peer, const PeerConfig& config) {
  const ExportSession session = peer.export_session();
  return {session.speaker,
          config,
          kNobody,
          session.remote_asn,
          session.is_ebgp,
          session.speaks_long_lived,
          session.takes_ipv6_next_hops};
}

}  // namespace

ExportGroup::ExportGroup(const Peer& like, Ribs& ribs)
    : config_(like.config()),
      session_(session_of(like, config_)),
      context_(like.context()),
      ribs_(ribs) {
  reconsider();
}

ExportGroup::~ExportGroup() {
  drop_table<Ipv4Prefix>();
  drop_table<Ipv6Prefix>();
}

// ---- Members -----------------------------------------------------------------------------------

PathSource path_source(const RibShared& shared, uint32_t source) {
  if (source == 0) return {.is_local = true};
  const PeerId id = shared.sources[source].peer;
  const RibShared::Peer& peer = shared.peer(id);
  return {.peer = id,
          .group = peer.group,
          .name = peer.name,
          .is_ebgp = peer.is_ebgp,
          .is_client = peer.is_client,
          .router_id = peer.router_id};
}

bool ExportGroup::suits(const Peer& peer) const {
  return context_ == peer.context() && are_alike(session_, peer.export_session());
}

void ExportGroup::add(const Member& member) {
  members_.push_back(member);
  const auto index = static_cast<size_t>(member.peer->id());
  if (index >= is_member_.size()) is_member_.resize(index + 1);
  is_member_[index] = true;
}

ExportGroup::Member ExportGroup::take(size_t index) {
  const Member member = members_[index];
  members_.erase(members_.begin() + static_cast<ptrdiff_t>(index));
  is_member_[static_cast<size_t>(member.peer->id())] = false;
  return member;
}

// What the walk under way has not come to yet is told to all members anyway.
void ExportGroup::join(Peer& peer) {
  const auto reached = [](const auto& table) {
    return table.walk_next != 0 ? table.walk_next : static_cast<NodeId>(table.first.size());
  };
  add({&peer, {1, reached(ipv4_)}, {1, reached(ipv6_)}});
}

void ExportGroup::leave(const Peer& peer) {
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].peer == &peer) {
      (void)take(i);
      return;
    }
  }
}

void ExportGroup::repeat(const Peer& peer, AddressFamily family) {
  for (Member& member : members_) {
    if (member.peer != &peer) continue;
    const bool is_ipv4 = family == kIpv4Unicast;
    const size_t told = is_ipv4 ? ipv4_.first.size() : ipv6_.first.size();
    Repetition& again = is_ipv4 ? member.ipv4 : member.ipv6;
    again.next = 1;
    // At least one step, which says that it was all.
    again.end = told < 2 ? 2 : static_cast<NodeId>(told);
    again.why = Repetition::Why::refresh;
  }
}

void ExportGroup::reconsider() {
  const auto begin = [this]<typename P>(Table<P>& table) {
    if (!context_.family<P>().is_agreed) return;
    table.walk_next = 1;
    table.walk_end = ribs_.of<P>().limit();
  };
  begin(ipv4_);
  begin(ipv6_);
}

template <typename P>
void ExportGroup::changed(const typename Rib<P>::Decisions& decisions) {
  if (!context_.family<P>().is_agreed) return;
  Table<P>& own = table<P>();
  // While a member holds up the others the same prefixes may come again and again.
  if (own.pending.size() > 2 * size_t{ribs_.of<P>().limit()} + kSlice) {
    std::ranges::sort(own.pending);
    const auto repeated = std::ranges::unique(own.pending);
    own.pending.erase(repeated.begin(), repeated.end());
    own.pending_from = 0;
  }
  // A path that nobody uses may still be one of those that are told.
  const auto& nodes = has_path_ids<P>() ? decisions.touched : decisions.changed;
  own.pending.insert(own.pending.end(), nodes.begin(), nodes.end());
}
template void ExportGroup::changed<Ipv4Prefix>(const Rib<Ipv4Prefix>::Decisions&);
template void ExportGroup::changed<Ipv6Prefix>(const Rib<Ipv6Prefix>::Decisions&);

std::unique_ptr<ExportGroup> ExportGroup::copy_without_members() const {
  auto copy = std::make_unique<ExportGroup>(*members_.front().peer, ribs_);
  copy->copy_table<Ipv4Prefix>(*this);
  copy->copy_table<Ipv6Prefix>(*this);
  copy->not_before_ = not_before_;
  copy->was_split_off_ = true;
  return copy;
}

std::unique_ptr<ExportGroup> ExportGroup::split_off_slow(Time now) {
  // Each at its own pace would be no better than all at that of the slowest.
  if (std::ranges::all_of(members_,
                          [](const Member& member) { return member.peer->is_congested(); })) {
    held_up_since_ = now;
    return {};
  }
  auto slow = copy_without_members();
  for (size_t i = 0; i < members_.size();) {
    if (members_[i].peer->is_congested()) {
      slow->add(take(i));
    } else {
      ++i;
    }
  }
  held_up_since_.reset();
  return slow;
}

std::unique_ptr<ExportGroup> ExportGroup::split_off(const Peer& peer) {
  auto own = std::make_unique<ExportGroup>(peer, ribs_);
  own->copy_table<Ipv4Prefix>(*this);
  own->copy_table<Ipv6Prefix>(*this);
  own->was_split_off_ = true;
  own->reconsider();
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].peer == &peer) {
      own->add(take(i));
      break;
    }
  }
  return own;
}

bool ExportGroup::absorb(ExportGroup& other) {
  if (!is_idle() || !other.is_idle() || !(context_ == other.context_) ||
      !are_alike(session_, other.session_)) {
    return false;
  }
  while (!other.members_.empty()) add(other.take(0));
  return true;
}

template <typename P>
void ExportGroup::copy_table(const ExportGroup& from) {
  Table<P>& own = table<P>();
  own = from.table<P>();
  const auto hold = [this](const Sent& sent) {
    ribs_.shared.attributes[sent.attributes].hold();
    ribs_.shared.sources.hold(sent.source);
  };
  for (NodeId id = 1; id < own.first.size(); ++id) {
    if (own.first[id].attributes == 0) continue;
    ribs_.of<P>().hold(id);
    hold(own.first[id]);
  }
  for (const auto& [id, paths] : own.further) std::ranges::for_each(paths, hold);
}

template <typename P>
void ExportGroup::drop_table() {
  Table<P>& own = table<P>();
  const auto release = [this](const Sent& sent) {
    ribs_.shared.attributes[sent.attributes].release();
    ribs_.shared.sources.release(sent.source);
  };
  for (const auto& [id, paths] : own.further) std::ranges::for_each(paths, release);
  for (NodeId id = 1; id < own.first.size(); ++id) {
    if (own.first[id].attributes == 0) continue;
    release(own.first[id]);
    ribs_.of<P>().release(id);
  }
}

// ---- Telling -----------------------------------------------------------------------------------

template <typename P>
bool ExportGroup::has_work() const {
  const Table<P>& own = table<P>();
  return own.pending_from < own.pending.size() || own.walk_next != 0;
}

bool ExportGroup::is_idle() const { return !has_work<Ipv4Prefix>() && !has_work<Ipv6Prefix>(); }

bool ExportGroup::has_congested() const {
  return std::ranges::any_of(members_,
                             [](const Member& member) { return member.peer->is_congested(); });
}

std::optional<Time> ExportGroup::due() const {
  return is_idle() ? std::nullopt : std::optional(not_before_);
}

bool ExportGroup::advance(Time now, const Jitter& jitter) {
  bool has_more = false;
  if (!is_idle() && now >= not_before_ && !has_congested()) {
    advance_family<Ipv4Prefix>();
    advance_family<Ipv6Prefix>();
    // RFC 4271 9.2.1.1: what changes from now on waits for the rest of it.
    has_more = !is_idle() && !has_congested();
    if (!has_more && config_.advertisement_interval > Duration{0}) {
      not_before_ = now + jitter(config_.advertisement_interval);
    }
    held_up_since_.reset();
  }
  const bool is_held_up =
      members_.size() > 1 && !is_idle() && now >= not_before_ && has_congested();
  if (!is_held_up) {
    held_up_since_.reset();
  } else if (!held_up_since_) {
    held_up_since_ = now;
  }
  for (Member& member : members_) {
    repeat_family<Ipv4Prefix>(member);
    repeat_family<Ipv6Prefix>(member);
    const bool has_rest = member.ipv4.next < member.ipv4.end || member.ipv6.next < member.ipv6.end;
    has_more |= has_rest && !member.peer->is_congested();
    if (member.is_initial && !has_rest && ipv4_.walk_next == 0 && ipv6_.walk_next == 0) {
      member.is_initial = false;
      member.peer->end_initial_update();
    }
  }
  return has_more;
}

// The next nodes to look at: those that may have changed, then those that the walk comes to; by
// prefix, ascending.
template <typename P>
std::vector<NodeId> ExportGroup::take_slice() {
  Table<P>& own = table<P>();
  const auto begin = own.pending.begin() + static_cast<ptrdiff_t>(own.pending_from);
  const size_t count = std::min(own.pending.size() - own.pending_from, kSlice);
  std::vector<NodeId> slice(begin, begin + static_cast<ptrdiff_t>(count));
  own.pending_from += count;
  if (own.pending_from == own.pending.size()) {
    own.pending.clear();
    own.pending_from = 0;
  }
  while (own.walk_next != 0 && slice.size() < kSlice) {
    if (own.walk_next >= own.walk_end) {
      own.walk_next = 0;
    } else {
      slice.push_back(own.walk_next++);
    }
  }
  const Rib<P>& rib = ribs_.of<P>();
  std::erase_if(slice, [&](NodeId id) { return !rib.is_live(id); });
  rib.sort_by_prefix(slice);
  return slice;
}

template <typename P>
void ExportGroup::advance_family() {
  if (!has_work<P>()) return;
  Table<P>& own = table<P>();
  const Rib<P>& rib = ribs_.of<P>();
  UpdateBatch<P> batch;
  const std::vector<NodeId> slice = take_slice<P>();
  if (own.first.size() < rib.limit()) own.first.resize(rib.limit());
  for (const NodeId id : slice) {
    if (!rib.is_live(id)) continue;  // twice in the slice, and gone by the first
    has_path_ids<P>() ? tell_paths<P>(id, batch) : tell<P>(id, batch);
  }
  send(batch, nullptr);
}

template <typename P>
void ExportGroup::repeat_family(Member& member) {
  Repetition& rest = member.of<P>();
  if (rest.next >= rest.end || member.peer->is_congested()) return;
  if (rest.why == Repetition::Why::refresh) {
    member.peer->begin_refresh(kFamilyOf<P>);
    rest.why = Repetition::Why::refresh_begun;
  }
  const Table<P>& own = table<P>();
  const Rib<P>& rib = ribs_.of<P>();
  std::vector<NodeId> slice;
  for (; rest.next < rest.end && slice.size() < kSlice; ++rest.next) {
    if (rest.next < own.first.size() && own.first[rest.next].attributes != 0) {
      slice.push_back(rest.next);
    }
  }
  rib.sort_by_prefix(slice);
  UpdateBatch<P> batch;
  for (const NodeId id : slice) {
    for_each_told<P>(id, member.peer->id(), [&](const Sent& sent, PathId path_id) {
      batch.announce(sent.attributes, Audience::everybody(), {rib.prefix(id), path_id});
    });
  }
  send(batch, member.peer);
  if (rest.next >= rest.end && rest.why == Repetition::Why::refresh_begun) {
    member.peer->end_refresh(kFamilyOf<P>);
  }
}

std::optional<PeerId> ExportGroup::peer_of(const Sent& sent) const {
  return sent.attributes == 0 ? std::nullopt : ribs_.shared.peer_of(sent.source);
}

Audience ExportGroup::audience_of(const Sent& sent) const {
  const auto from = peer_of(sent);
  return from && is_member(*from) ? Audience::all_but(*from) : Audience::everybody();
}

const EncodedAttributes& ExportGroup::encoded(uint32_t attributes) {
  const auto [at, is_new] = encoded_.try_emplace(attributes);
  if (is_new) {
    at->second = encode_for_update(ribs_.shared.attributes[attributes].value(), context_);
  }
  return at->second;
}

// What the rules make of a path. A set that no message holds is not told.
template <typename P>
ExportGroup::Sent ExportGroup::wanted(const P& prefix, const RibChoice& choice) {
  const PathSource from = path_source(ribs_.shared, choice.source);
  const PathAttributes& learned = choice.attributes->value();
  PolicyVerdict verdict = may_tell(session_, prefix, learned, from);
  if (!verdict.accepted) return {};
  const auto make = [&] {
    return ribs_.shared.attributes.intern(
        outgoing(session_, prefix, learned, from, std::move(verdict.changed)));
  };
  AttributesPtr out;
  if (verdict.changed) {
    out = make();
    // Alive until it is sent.
    outgoing_.try_emplace((uint64_t{out.set()->id()} << 32) | UINT32_MAX, out);
  } else {
    // Many prefixes share a set: of each source it is changed once.
    AttributesPtr& memo =
        outgoing_[(uint64_t{choice.attributes->id()} << 32) | (uint64_t{choice.source} << 1) |
                  (std::is_same_v<P, Ipv4Prefix> ? 1 : 0)];
    if (!memo) memo = make();
    out = memo;
  }
  if (!fits(encoded(out.set()->id()), context_)) return {};
  return {out.set()->id(), choice.source};
}

// Held while it is in the table.
template <typename P>
void ExportGroup::count(const Sent& sent, int change) {
  if (sent.attributes == 0) return;
  Table<P>& own = table<P>();
  own.count = static_cast<size_t>(static_cast<ptrdiff_t>(own.count) + change);
  if (const auto from = peer_of(sent)) {
    const auto index = static_cast<size_t>(*from);
    if (index >= own.count_from.size()) own.count_from.resize(index + 1);
    own.count_from[index] += static_cast<uint32_t>(change);
  }
  const AttributeSet& attributes = ribs_.shared.attributes[sent.attributes];
  if (change > 0) {
    attributes.hold();
    ribs_.shared.sources.hold(sent.source);
  } else {
    attributes.release();
    ribs_.shared.sources.release(sent.source);
  }
}

template <typename P>
void ExportGroup::tell(NodeId id, UpdateBatch<P>& batch) {
  Rib<P>& rib = ribs_.of<P>();
  const P prefix = rib.prefix(id);
  Sent next;
  if (const RibChoice best = rib.best(id); best.attributes != nullptr) next = wanted(prefix, best);
  const Sent last = table<P>().first[id];
  if (last == next) return;
  const auto from_now = peer_of(next);
  const auto from_before = peer_of(last);
  if (next.attributes == 0) {
    batch.withdraw(audience_of(last), prefix);
  } else if (next.attributes != last.attributes) {
    batch.announce(next.attributes, audience_of(next), prefix);
  } else if (from_before && from_before != from_now && is_member(*from_before)) {
    // The same from elsewhere: only its source before has not heard of it yet.
    batch.announce(next.attributes, Audience::only(*from_before), prefix);
  }
  const bool is_new_source = next.attributes != 0 && from_now && from_now != from_before;
  if (is_new_source && last.attributes != 0 && is_member(*from_now)) {
    batch.withdraw(Audience::only(*from_now), prefix);
  }
  count<P>(next, 1);
  table<P>().first[id] = next;
  if (last.attributes == 0) {
    rib.hold(id);
  } else if (next.attributes == 0) {
    rib.release(id);
  }
  count<P>(last, -1);
}

// Each path is a route of its own, and its source's number names it.
template <typename P>
void ExportGroup::tell_paths(NodeId id, UpdateBatch<P>& batch) {
  Rib<P>& rib = ribs_.of<P>();
  const P prefix = rib.prefix(id);
  Table<P>& own = table<P>();
  std::vector<Sent> last;
  for_each_told<P>(id, kNobody, [&](const Sent& sent, PathId) { last.push_back(sent); });
  std::vector<Sent> next;
  rib.rank(id, std::max(config_.add_path.send, 1u), session_.speaker.decision, choices_);
  for (const RibChoice& choice : choices_) {
    const Sent sent = wanted(prefix, choice);
    if (sent.attributes != 0) next.push_back(sent);
  }
  if (last == next) return;
  const auto find_source = [](const std::vector<Sent>& in, const Sent& sent) {
    return std::ranges::find(in, sent.source, &Sent::source);
  };
  for (const Sent& sent : last) {
    if (find_source(next, sent) != next.end()) continue;
    batch.withdraw(audience_of(sent), {prefix, sent.source + 1});
  }
  for (const Sent& sent : next) {
    const auto known = find_source(last, sent);
    if (known != last.end() && known->attributes == sent.attributes) continue;
    batch.announce(sent.attributes, audience_of(sent), {prefix, sent.source + 1});
  }
  for (const Sent& sent : next) count<P>(sent, 1);
  own.first[id] = next.empty() ? Sent{} : next.front();
  if (next.size() > 1) {
    own.further[id].assign(next.begin() + 1, next.end());
  } else {
    own.further.erase(id);
  }
  if (last.empty()) rib.hold(id);
  if (next.empty()) rib.release(id);
  for (const Sent& sent : last) count<P>(sent, -1);
}

template <typename P>
void ExportGroup::send(const UpdateBatch<P>& batch, Peer* only) {
  batch.send(
      context_,
      [this](uint32_t attributes) -> const EncodedAttributes& { return encoded(attributes); },
      [&](Audience audience, const std::vector<uint8_t>& message) {
        if (only != nullptr) return only->send(message);
        for (const Member& member : members_) {
          if (audience.includes(member.peer->id())) member.peer->send(message);
        }
      });
  outgoing_.clear();
  encoded_.clear();
}

// ---- Reading -----------------------------------------------------------------------------------

// Every path that a member was told of this prefix, with its path id.
template <typename P, typename Visit>
void ExportGroup::for_each_told(NodeId id, PeerId peer, Visit visit) const {
  const Table<P>& own = table<P>();
  const auto look = [&](const Sent& sent) {
    if (sent.attributes == 0 || peer_of(sent) == peer) return;
    visit(sent, has_path_ids<P>() ? sent.source + 1 : 0);
  };
  look(own.first[id]);
  if (own.further.empty()) return;
  if (const auto more = own.further.find(id); more != own.further.end()) {
    std::ranges::for_each(more->second, look);
  }
}

size_t ExportGroup::told_count(const Peer& peer) const {
  const auto index = static_cast<size_t>(peer.id());
  const auto from_elsewhere = [index](const auto& table) {
    return table.count - (index < table.count_from.size() ? table.count_from[index] : 0);
  };
  return from_elsewhere(ipv4_) + from_elsewhere(ipv6_);
}

void ExportGroup::add_told(const Peer& peer, std::vector<AdvertisedRoute>& routes) const {
  add_told_family<Ipv4Prefix>(peer.id(), routes);
  add_told_family<Ipv6Prefix>(peer.id(), routes);
}

template <typename P>
void ExportGroup::add_told_family(PeerId peer, std::vector<AdvertisedRoute>& routes) const {
  const Table<P>& own = table<P>();
  const Rib<P>& rib = ribs_.of<P>();
  const auto nodes =
      rib.sorted([&](NodeId id) { return id < own.first.size() && own.first[id].attributes != 0; });
  for (const NodeId id : nodes) {
    for_each_told<P>(id, peer, [&](const Sent& sent, PathId path_id) {
      routes.push_back(
          {rib.prefix(id), path_id, AttributesPtr(&ribs_.shared.attributes[sent.attributes])});
    });
  }
}

}  // namespace skyhop::bgp
