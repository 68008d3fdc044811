// Random sequences against what a table computed from scratch says, and equal runs octet by octet.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

constexpr uint8_t kHub = 1;
constexpr uint8_t kLast = 6;
constexpr uint32_t kPrefixes = 40;

DecisionOptions hub_options() {
  DecisionOptions options;
  options.maximum_paths = 3;
  options.multipath_relax = true;
  return options;
}

// A hub with five neighbours; odd ones are internal, the hub's policy refuses every seventh prefix
// of them and sends no third prefix on.
class World {
 public:
  World() {
    scene_.add(kHub, 65515, hub_options());
    for (uint8_t n = 2; n <= kLast; ++n) {
      scene_.add(n, n % 2 != 0 ? 65515 : 65000 + n);
      scene_.join(
          kHub, n,
          [](PeerConfig& peer) {
            peer.import_policy = refuse_sevenths;
            peer.export_policy = keep_thirds;
            peer.idle_hold = seconds(1);
          },
          [](PeerConfig& peer) { peer.idle_hold = seconds(1); });
    }
    scene_.start();
    scene_.settle();
  }

  static uint32_t number_of(const Prefix& prefix) {
    return (prefix.ipv4().address().value() >> 8) & 0xFFFF;
  }
  static PolicyVerdict refuse_sevenths(const RouteView& route) {
    return number_of(route.prefix) % 7 == 0 ? PolicyVerdict::reject("seven", "a seventh")
                                            : PolicyVerdict::accept();
  }
  static PolicyVerdict keep_thirds(const RouteView& route) {
    return number_of(route.prefix) % 3 == 0 ? PolicyVerdict::reject("three", "a third")
                                            : PolicyVerdict::accept();
  }

  void disturb(std::mt19937& random) {
    const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    const auto who = static_cast<uint8_t>(1 + pick(kLast));
    const auto spoke = static_cast<uint8_t>(2 + pick(kLast - 1));
    const uint32_t action = pick(100);
    if (action < 55) {
      PathAttributes attributes;
      for (uint32_t i = pick(3); i > 0; --i) attributes.as_path.prepend(64000 + pick(3));
      attributes.origin = static_cast<Origin>(pick(3));
      if (pick(2) == 0) attributes.med = pick(3);
      if (pick(12) == 0) attributes.communities = {kNoExport};
      scene_.at(who).originate(nth_prefix(pick(kPrefixes)), attributes);
    } else if (action < 85) {
      scene_.at(who).withdraw_originated(nth_prefix(pick(kPrefixes)));
    } else if (action < 90) {
      scene_.at(kHub).reset_peer(scene_.peer(kHub, spoke));
    } else if (action < 93) {
      scene_.cut(kHub, spoke);
    } else if (action < 96) {
      scene_.mend(kHub, spoke);
    } else if (action < 98) {
      scene_.at(spoke).crash();
      scene_.run(seconds(1));
      scene_.at(spoke).start();
    } else {
      scene_.at(kHub).request_refresh(scene_.peer(kHub, spoke));
    }
    scene_.run(milliseconds(pick(4) == 0 ? 30000 : pick(200)));
  }
  void calm() {
    for (uint8_t n = 2; n <= kLast; ++n) scene_.mend(kHub, n);
    scene_.run(seconds(600));
  }

  // The hub's tables from its Adj-RIBs-In and what the neighbours hold, by another way.
  void check() {
    Speaker& hub = scene_.at(kHub);
    std::map<Prefix, std::vector<Candidate>> candidates;
    for (const Prefix& prefix : hub.originated()) {
      for (const Decided& decided : hub.explain(prefix)) {
        if (!decided.candidate.peer) candidates[prefix].push_back(decided.candidate);
      }
    }
    for (uint8_t n = 2; n <= kLast; ++n) {
      const PeerId peer = scene_.peer(kHub, n);
      // What the neighbour says it sent is what is here.
      const auto told = scene_.at(n).advertised(scene_.peer(n, kHub));
      const auto learned = hub.learned(peer);
      ASSERT_EQ(told.size(), learned.size());
      for (size_t i = 0; i < told.size(); ++i) {
        EXPECT_EQ(told[i].prefix, learned[i].prefix);
        EXPECT_EQ(*told[i].attributes, *learned[i].received);
        const bool is_refused =
            number_of(told[i].prefix) % 7 == 0 || learned[i].received->as_path.contains(65515);
        EXPECT_EQ(learned[i].accepted == nullptr, is_refused);
        if (is_refused) continue;
        candidates[told[i].prefix].push_back(
            {peer, Scene::address(n), Scene::address(n), n % 2 == 0, learned[i].accepted});
      }
    }
    size_t used = 0;
    for (uint32_t i = 0; i < kPrefixes; ++i) {
      const Ipv4Prefix prefix = nth_prefix(i);
      const auto& all = candidates[prefix];
      const Decision decision = decide(all, hub_options());
      const auto best = hub.best(prefix);
      ASSERT_EQ(best.has_value(), decision.best.has_value()) << prefix.to_string();
      if (best) {
        ++used;
        EXPECT_EQ(best->paths[0].peer, all[*decision.best].peer);
        EXPECT_EQ(*best->paths[0].attributes, *all[*decision.best].attributes);
        EXPECT_EQ(best->paths.size(), decision.multipath.size());
      }
      for (uint8_t n = 2; n <= kLast; ++n) check_export(n, prefix, best);
    }
    EXPECT_EQ(hub.best_count(), used);
  }

  Scene& scene() { return scene_; }

 private:
  // Adj-RIB-Out, and the far end's Adj-RIB-In, are what the rules make of the best route.
  void check_export(uint8_t n, Ipv4Prefix prefix, const std::optional<BestRoute>& best) {
    bool is_told = best.has_value() && number_of(prefix) % 3 != 0;
    const bool to_internal = n % 2 != 0;
    if (is_told) {
      const Candidate& route = best->paths[0];
      const bool from_internal = route.peer && !route.is_ebgp;
      const bool no_export = !route.attributes->communities.empty();
      if (route.peer == scene_.peer(kHub, n) || (from_internal && to_internal) ||
          (no_export && !to_internal)) {
        is_told = false;
      }
    }
    const auto there = scene_.at(n).learned(scene_.peer(n, kHub), prefix);
    ASSERT_EQ(there.has_value(), is_told) << prefix.to_string() << " at " << int{n};
    if (!is_told) return;
    const Candidate& route = best->paths[0];
    AsPath path = route.attributes->as_path;
    if (!to_internal) path.prepend(65515);
    EXPECT_EQ(there->received->as_path, path);
  }

  Scene scene_;
};

TEST(Model, TablesEqualThoseComputedFromScratch) {
  for (const uint32_t seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 random(seed);
    World world;
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 60; ++i) world.disturb(random);
      world.calm();
      world.check();
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Model, EqualRunsSendEqualOctets) {
  const auto run = [] {
    std::mt19937 random(99);
    World world;
    for (int i = 0; i < 150; ++i) world.disturb(random);
    world.calm();
    return world.scene().trace();
  };
  const auto first = run();
  const auto second = run();
  EXPECT_GT(first.size(), 500u);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace skyhop::bgp
