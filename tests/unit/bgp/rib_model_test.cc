// The table of an address family against what a map says: random sequences of all that can happen
// to it, walked and decided in small steps.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "control/bgp/rib/ribs.h"

namespace skyhop::bgp {
namespace {

constexpr uint32_t kPeers = 4;
constexpr uint32_t kPrefixes = 60;
constexpr uint32_t kSets = 12;

template <typename P>
P nth(uint32_t n);
template <>
Ipv4Prefix nth(uint32_t n) {
  return {Ipv4Address(0x0A000000 + n * 256), static_cast<uint8_t>(24 + n % 3)};
}
template <>
Ipv6Prefix nth(uint32_t n) {
  return {{0x20010db800000000u + n, uint64_t{n} << 48}, static_cast<uint8_t>(64 + n % 3)};
}

DecisionOptions options() {
  DecisionOptions options;
  options.maximum_paths = 3;
  options.multipath_relax = true;
  options.multipath_through = Step::as_path_length;
  return options;
}

struct Known {
  uint32_t set = 0;       // number of its attributes
  bool is_stale = false;  // of before a restart
  friend bool operator==(const Known&, const Known&) = default;
};

template <typename P>
class Model : public ImportJudge {
 public:
  // nullopt: originated here.
  using Key = std::tuple<P, std::optional<PeerId>, PathId>;

  explicit Model(uint32_t seed) : random_(seed) {
    ribs_.shared.router_id = Ipv4Address(10, 0, 0, 1);
    for (uint32_t i = 0; i < kPeers; ++i) {
      ribs_.shared.peers.push_back({.name = "p" + std::to_string(i),
                                    .group = {},
                                    .address = Ipv4Address(10, 1, 0, static_cast<uint8_t>(i)),
                                    .router_id = Ipv4Address(10, 2, 0, static_cast<uint8_t>(i)),
                                    .is_ebgp = i % 2 == 0});
    }
  }

  void disturb() {
    const PeerId peer{pick(kPeers)};
    const uint32_t action = pick(100);
    if (action < 50) {
      announce(peer, pick(3), pick(kPrefixes), pick(kSets));
    } else if (action < 60) {
      announce({}, 0, pick(kPrefixes), pick(kSets));
    } else if (action < 85) {
      withdraw(pick(6) == 0 ? std::nullopt : std::optional(peer), pick(3), pick(kPrefixes));
    } else if (action < 88) {
      rib().lose(peer);
      std::erase_if(known_, [&](const auto& entry) { return std::get<1>(entry.first) == peer; });
    } else if (action < 91) {
      rib().mark_stale(peer);
      std::erase_if(known_, [&](const auto& entry) {
        return std::get<1>(entry.first) == peer && entry.second.is_stale;
      });
      for (auto& [key, known] : known_) {
        if (std::get<1>(key) == peer) known.is_stale = true;
      }
    } else if (action < 94) {
      rib().drop_stale(peer);
      std::erase_if(known_, [&](const auto& entry) {
        return std::get<1>(entry.first) == peer && entry.second.is_stale;
      });
    } else if (action < 96) {
      is_strict_[static_cast<size_t>(peer)] = pick(2) == 0;
      rib().reevaluate(peer);
    } else if (action < 97) {
      rib().touch_all();
    } else {
      step();
    }
  }

  // A turn of the event loop.
  void step() {
    rib().walk(1 + pick(40), *this);
    decide(1 + pick(20));
  }
  void settle() {
    while (rib().walk(1 + pick(100), *this)) {
    }
    while (rib().is_dirty()) decide(1 + pick(30));
  }

  void check() {
    std::map<P, std::vector<Candidate>> candidates;
    std::map<PeerId, std::array<size_t, 3>> counts;  // received, accepted, stale
    for (const auto& [key, known] : known_) {
      const auto& [prefix, peer, path_id] = key;
      const auto accepted = verdict(peer, known.set);
      if (peer) {
        auto& [received_count, accepted_count, stale_count] = counts[*peer];
        ++received_count;
        accepted_count += accepted ? 1 : 0;
        stale_count += known.is_stale ? 1 : 0;
      }
      auto& list = candidates[prefix];
      if (!accepted) continue;
      Candidate candidate;
      candidate.peer = peer;
      candidate.path_id = path_id;
      candidate.attributes = *accepted;
      candidate.peer_router_id = ribs_.shared.router_id;
      if (peer) {
        candidate.peer_address = ribs_.shared.peer(*peer).address;
        candidate.peer_router_id = ribs_.shared.peer(*peer).router_id;
        candidate.is_ebgp = ribs_.shared.peer(*peer).is_ebgp;
      }
      list.push_back(candidate);
    }
    for (uint32_t i = 0; i < kPeers; ++i) {
      const auto& [received, accepted, stale] = counts[PeerId{i}];
      EXPECT_EQ(rib().received_count(PeerId{i}), received);
      EXPECT_EQ(rib().accepted_count(PeerId{i}), accepted);
      EXPECT_EQ(rib().stale_count(PeerId{i}), stale);
    }
    EXPECT_EQ(rib().size(), candidates.size());
    size_t used = 0;
    for (const auto& [prefix, list] : candidates) {
      const NodeId id = rib().find(prefix);
      ASSERT_NE(id, 0u) << prefix.to_string();
      EXPECT_EQ(rib().prefix(id), prefix);
      const Decision decision = decide_all(list);
      const RibChoice best = rib().best(id);
      ASSERT_EQ(best.attributes != nullptr, decision.best.has_value()) << prefix.to_string();
      if (decision.best) {
        ++used;
        EXPECT_EQ(best.attributes->value(), *list[*decision.best].attributes);
      }
      size_t at = 0;
      rib().for_each_path(id, [&](const auto& path) {
        const auto& [peer, path_id] = source(path.source);
        const auto known = known_.find({prefix, peer, path_id});
        ASSERT_NE(known, known_.end());
        EXPECT_EQ(path.is_stale, known->second.is_stale);
        EXPECT_EQ(path.received->value(), attributes(known->second.set));
        if (path.accepted == nullptr) return;
        ASSERT_LT(at, list.size());
        EXPECT_EQ(list[at].peer, peer);
        EXPECT_EQ(list[at].path_id, path_id);
        EXPECT_EQ(*list[at].attributes, path.accepted->value());
        EXPECT_EQ(path.is_best, decision.best == at);
        EXPECT_EQ(path.is_used,
                  std::ranges::find(decision.multipath, at) != decision.multipath.end());
        ++at;
      });
      EXPECT_EQ(at, list.size());
    }
    EXPECT_EQ(rib().used_count(), used);
    // What was reported as changed, one report after the other, is all that has changed.
    EXPECT_EQ(reported_, picture());
  }

  void finish() {
    for (uint32_t i = 0; i < kPeers; ++i) rib().lose(PeerId{i});
    for (uint32_t i = 0; i < kPrefixes; ++i) withdraw({}, 0, i);
    settle();
    EXPECT_EQ(rib().size(), 0u);
    EXPECT_EQ(rib().used_count(), 0u);
    EXPECT_EQ(ribs_.shared.attributes.size(), 0u);
    EXPECT_EQ(ribs_.shared.verdicts.size(), 0u);
    EXPECT_EQ(ribs_.shared.sources.size(), 0u);
  }

  Judgement judge(PeerId peer, const Prefix&, AttributesPtr received, bool) override {
    VerdictRef verdict = judged(peer, received->med.value_or(0));
    return {std::move(received), std::move(verdict)};
  }

 private:
  Rib<P>& rib() { return ribs_.template of<P>(); }
  uint32_t pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  // The med is the set's number.
  static PathAttributes attributes(uint32_t set) {
    PathAttributes attributes;
    attributes.med = set;
    attributes.as_path = AsPath::sequence(std::vector<Asn>(1 + set % 3, 65000 + set % 2));
    attributes.origin = static_cast<Origin>(set % 2);
    return attributes;
  }
  // A strict peer's every third set is refused, and every fourth changed.
  std::optional<AttributesPtr> verdict(std::optional<PeerId> peer, uint32_t set) {
    PathAttributes accepted = attributes(set);
    if (peer && is_strict_[static_cast<size_t>(*peer)]) {
      if (set % 3 == 0) return {};
      if (set % 4 == 0) accepted.local_pref = 200;
    }
    return make_attributes(std::move(accepted));
  }
  VerdictRef judged(std::optional<PeerId> peer, uint32_t set) {
    const auto accepted = verdict(peer, set);
    if (!accepted) return {ribs_.shared.verdicts, {nullptr, "third", "refused"}};
    if (**accepted == attributes(set)) return {};
    return {ribs_.shared.verdicts,
            {ribs_.shared.attributes.intern(PathAttributes(**accepted)), "fourth", "changed"}};
  }
  std::pair<std::optional<PeerId>, PathId> source(uint32_t id) const {
    if (id == 0) return {std::nullopt, 0};
    return {ribs_.shared.sources[id].peer, ribs_.shared.sources[id].path_id};
  }

  void announce(std::optional<PeerId> peer, PathId path_id, uint32_t n, uint32_t set) {
    const VerdictRef verdict = judged(peer, set);
    SourceRef source;
    if (peer) source = SourceRef(ribs_.shared.sources, *peer, path_id);
    const AttributesPtr received = ribs_.shared.attributes.intern(attributes(set));
    rib().announce(source.id(), nth<P>(n), received, verdict.id(), Time(0));
    known_[{nth<P>(n), peer, path_id}] = {set, false};
  }
  void withdraw(std::optional<PeerId> peer, PathId path_id, uint32_t n) {
    if (!peer) path_id = 0;
    const bool is_known = known_.erase({nth<P>(n), peer, path_id}) != 0;
    const uint32_t source = peer ? ribs_.shared.sources.find(*peer, path_id) : 0;
    const bool was_there = (!peer || source != 0) && rib().withdraw(source, nth<P>(n));
    // One that a walk has not removed yet may be there still.
    if (is_known) {
      EXPECT_TRUE(was_there);
    }
  }
  static Decision decide_all(const std::vector<Candidate>& candidates) {
    return bgp::decide(candidates, options());
  }

  using Used = std::vector<std::tuple<bool, uint32_t, PathAttributes>>;
  Used used(NodeId id) {
    Used used;
    rib().for_each_path(id, [&](const auto& path) {
      if (path.is_used) used.emplace_back(path.is_best, path.source, path.accepted->value());
    });
    return used;
  }
  std::map<P, Used> picture() {
    std::map<P, Used> all;
    for (NodeId id = 1; id < rib().limit(); ++id) {
      if (!rib().is_live(id)) continue;
      if (Used now = used(id); !now.empty()) all[rib().prefix(id)] = std::move(now);
    }
    return all;
  }
  void decide(size_t limit) {
    typename Rib<P>::Decisions decisions;
    rib().decide(limit, options(), decisions);
    EXPECT_TRUE(
        std::ranges::is_sorted(decisions.touched, {}, [&](NodeId id) { return rib().prefix(id); }));
    for (const NodeId id : decisions.changed) {
      Used now = used(id);
      if (now.empty()) {
        reported_.erase(rib().prefix(id));
      } else {
        reported_[rib().prefix(id)] = std::move(now);
      }
    }
    for (const NodeId id : decisions.touched) rib().recycle(id);
  }

  std::mt19937 random_;
  Ribs ribs_;
  std::map<Key, Known> known_;
  std::array<bool, kPeers> is_strict_{};
  std::map<P, Used> reported_;
};

template <typename P>
class RibModel : public testing::Test {};
using Families = testing::Types<Ipv4Prefix, Ipv6Prefix>;
TYPED_TEST_SUITE(RibModel, Families);

TYPED_TEST(RibModel, RandomSequencesEqualATableFromScratch) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    Model<TypeParam> model(seed);
    for (int round = 0; round < 30; ++round) {
      for (int i = 0; i < 60; ++i) model.disturb();
      model.settle();
      model.check();
      if (this->HasFailure()) return;
    }
    model.finish();
  }
}

TEST(RibMemory, APrefixWithOnePathTakesLittle) {
  // What the figures of the benchmark rest on.
  EXPECT_EQ(sizeof(RibPath), 20u);
}

TEST(AttributePool, EqualSetsAreOneAndGoWithTheLastHolder) {
  AttributePool pool;
  PathAttributes attributes;
  attributes.as_path = AsPath::sequence({1, 2, 3});
  AttributesPtr first = pool.intern(PathAttributes(attributes));
  AttributesPtr second = pool.intern(PathAttributes(attributes));
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.set()->path_length(), 3u);
  const std::vector<uint8_t> octets = {1, 2, 3, 4, 5};
  EXPECT_EQ(pool.recall(octets, 1), nullptr);
  pool.remember(octets, 1, first);
  EXPECT_EQ(pool.recall(octets, 1), first);
  EXPECT_EQ(pool.recall(octets, 2), nullptr);  // read in another way
  EXPECT_EQ(pool.recall(std::span(octets).first(4), 1), nullptr);
  const std::vector<uint8_t> other = {9};
  pool.remember(other, 1, first);
  EXPECT_EQ(pool.recall(other, 1), first);
  EXPECT_EQ(pool.recall(octets, 1), nullptr);
  attributes.med = 7;
  const AttributesPtr third = pool.intern(PathAttributes(attributes));
  EXPECT_FALSE(third == first);
  EXPECT_EQ(pool.size(), 2u);
  first = nullptr;
  EXPECT_EQ(pool.size(), 2u);
  second = nullptr;
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(pool.recall(other, 1), nullptr);
}

TEST(AttributePool, SetsOutliveTheirPool) {
  AttributesPtr survivor;
  {
    AttributePool pool;
    PathAttributes attributes;
    attributes.med = 42;
    survivor = pool.intern(std::move(attributes));
    EXPECT_EQ(pool.intern(survivor), survivor);
    EXPECT_EQ(*pool.intern(make_attributes(*survivor)), *survivor);
  }
  EXPECT_EQ(survivor->med, 42u);
}

}  // namespace
}  // namespace skyhop::bgp
