// Random sequences against what tables computed from scratch say, and equal runs octet by octet.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

constexpr uint8_t kHub = 1;
constexpr uint8_t kLast = 7;
constexpr uint8_t kLeaf = 10;  // it and the next one tell neighbour 4, too
constexpr uint32_t kPrefixes = 30;
constexpr uint32_t kTold = 2;  // paths to who takes several

DecisionOptions hub_options() {
  DecisionOptions options;
  options.maximum_paths = 3;
  options.multipath_relax = true;
  return options;
}

Prefix nth(uint32_t n) {
  if (n % 3 != 0) return nth_prefix(n);
  return Ipv6Prefix({0x20010db800000000u + n, 0}, 64);
}
uint32_t number_of(const Prefix& prefix) {
  return prefix.is_ipv4() ? (prefix.ipv4().address().value() >> 8) & 0xFFFF
                          : static_cast<uint32_t>(prefix.ipv6().address().high());
}

bool is_internal(uint8_t n) { return n % 2 != 0; }
// 2, 4 and 5 speak IPv6, too; 4 and 6 tell and take several paths; 2, 3 and 4 keep routes over a
// restart and refresh in the enhanced way.
bool speaks_ipv6(uint8_t n) { return n == 2 || n == 4 || n == 5; }
bool has_paths(uint8_t n) { return n == 4 || n == 6; }
bool restarts_gracefully(uint8_t n) { return n >= 2 && n <= 4; }

// What the hub's import policy towards a neighbour is at the moment: the divisor of what it
// refuses, and of what it changes.
struct Rules {
  uint32_t refused = 7;
  uint32_t preferred = 0;
};

// A hub with six neighbours; odd ones are internal. The hub's policies change: each neighbour's own
// on import, on export one for all external and one for all internal neighbours.
class World {
 public:
  World() {
    scene_.add(kHub, 65515, hub_options());
    for (uint8_t n = 2; n <= kLast; ++n) {
      scene_.add(n, is_internal(n) ? 65515 : 65000 + n);
      const auto tune = [n](PeerConfig& peer) {
        peer.idle_hold = seconds(1);
        if (speaks_ipv6(n)) peer.families = {kIpv4Unicast, kIpv6Unicast};
        if (has_paths(n)) peer.add_path = {.receive = true, .send = kTold};
        if (restarts_gracefully(n)) {
          peer.graceful_restart.mode = GracefulRestartConfig::Mode::full;
          peer.graceful_restart.restart_time = seconds(20);
          peer.graceful_restart.stale_time = seconds(30);
          peer.graceful_restart.selection_deferral = seconds(10);
          peer.enhanced_route_refresh = true;
        }
      };
      scene_.join(
          kHub, n,
          [&](PeerConfig& peer) {
            tune(peer);
            peer.import_policy = import_policy(n);
            peer.export_policy = exports_[is_internal(n) ? 1 : 0];
          },
          tune);
    }
    for (uint8_t n = kLeaf; n < kLeaf + 2; ++n) {
      scene_.add(n, 64900u + n);
      const auto both = [](PeerConfig& peer) { peer.families = {kIpv4Unicast, kIpv6Unicast}; };
      scene_.join(4, n, both, both);
    }
    scene_.start();
    scene_.settle();
  }

  void disturb(std::mt19937& random) {
    const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    const uint32_t someone = pick(kLast + 2);
    const auto who = static_cast<uint8_t>(someone < kLast ? 1 + someone : kLeaf + someone - kLast);
    const auto spoke = static_cast<uint8_t>(2 + pick(kLast - 1));
    const uint32_t action = pick(100);
    if (action < 50) {
      PathAttributes attributes;
      for (uint32_t i = pick(3); i > 0; --i) attributes.as_path.prepend(64000 + pick(3));
      attributes.origin = static_cast<Origin>(pick(3));
      if (pick(2) == 0) attributes.med = pick(3);
      if (pick(12) == 0) attributes.communities = {kNoExport};
      scene_.at(who).originate(nth(pick(kPrefixes)), attributes);
    } else if (action < 75) {
      scene_.at(who).withdraw_originated(nth(pick(kPrefixes)));
    } else if (action < 79) {
      scene_.at(kHub).reset_peer(scene_.peer(kHub, spoke));
    } else if (action < 82) {
      scene_.cut(kHub, spoke);
    } else if (action < 85) {
      scene_.mend(kHub, spoke);
    } else if (action < 88) {
      scene_.at(spoke).crash();
      scene_.run(seconds(1));
      scene_.at(spoke).start();
    } else if (action < 90) {
      scene_.at(kHub).request_refresh(scene_.peer(kHub, spoke));
    } else if (action < 92) {
      scene_.at(spoke).request_refresh(scene_.peer(spoke, kHub));
    } else if (action < 95) {
      rules_[spoke] = {3 + pick(6), pick(3) == 0 ? 4u : 0u};
      scene_.at(kHub).set_import_policy(scene_.peer(kHub, spoke), import_policy(spoke));
    } else if (action < 98) {
      // The same policy looks at other things now, or it is another one.
      const size_t kind = pick(2);
      withheld_[kind] = 3 + pick(4);
      if (pick(2) == 0) exports_[kind] = export_policy(kind);
      for (uint8_t n = 2; n <= kLast; ++n) {
        if ((is_internal(n) ? 1u : 0u) != kind) continue;
        scene_.at(kHub).set_export_policy(scene_.peer(kHub, n), exports_[kind]);
      }
    } else {
      scene_.at(kHub).reevaluate_decision();
    }
    scene_.run(milliseconds(pick(4) == 0 ? 30000 : pick(200)));
  }
  void calm() {
    for (uint8_t n = 2; n <= kLast; ++n) scene_.mend(kHub, n);
    scene_.run(seconds(600));
  }

  // The hub's tables from what the neighbours say they sent, by another way.
  void check() {
    Speaker& hub = scene_.at(kHub);
    candidates_.clear();
    for (const Prefix& prefix : hub.originated()) {
      for (const Decided& decided : hub.explain(prefix)) {
        if (!decided.candidate.peer) candidates_[prefix].push_back(decided.candidate);
      }
    }
    for (uint8_t n = 2; n <= kLast; ++n) {
      check_import(n);
      if (testing::Test::HasFatalFailure()) return;
    }
    size_t used = 0;
    for (uint32_t i = 0; i < kPrefixes; ++i) {
      const Prefix prefix = nth(i);
      const auto& all = candidates_[prefix];
      const Decision decision = decide(all, hub_options());
      const auto best = hub.best(prefix);
      ASSERT_EQ(best.has_value(), decision.best.has_value()) << prefix.to_string();
      if (!best) continue;
      ++used;
      EXPECT_EQ(best->paths[0].peer, all[*decision.best].peer);
      EXPECT_EQ(best->paths[0].path_id, all[*decision.best].path_id);
      EXPECT_EQ(*best->paths[0].attributes, *all[*decision.best].attributes);
      EXPECT_EQ(best->paths.size(), decision.multipath.size());
    }
    EXPECT_EQ(hub.best_count(), used);
    for (uint8_t n = 2; n <= kLast; ++n) check_export(n);
  }

  // Nobody tells anything any more: nothing is left.
  void end() {
    candidates_.clear();
    for (const uint8_t n : {1, 2, 3, 4, 5, 6, 7, 10, 11}) {
      for (const Prefix& prefix : scene_.at(n).originated()) {
        scene_.at(n).withdraw_originated(prefix);
      }
    }
    calm();
    for (const uint8_t n : {1, 2, 3, 4, 5, 6, 7, 10, 11}) {
      const TableSizes sizes = scene_.at(n).sizes();
      EXPECT_EQ(sizes.prefixes, 0u) << int{n};
      EXPECT_EQ(sizes.attribute_sets, 0u) << int{n};
      EXPECT_EQ(sizes.verdicts, 0u) << int{n};
      EXPECT_EQ(sizes.sources, 0u) << int{n};
    }
  }

  Scene& scene() { return scene_; }

 private:
  Policy import_policy(uint8_t n) {
    return [this, n](const RouteView& route) {
      const Rules& rules = rules_[n];
      if (number_of(route.prefix) % rules.refused == 0) {
        return PolicyVerdict::reject("refused", "by its number");
      }
      if (rules.preferred == 0 || number_of(route.prefix) % rules.preferred != 0) {
        return PolicyVerdict::accept();
      }
      PathAttributes changed = route.attributes;
      changed.local_pref = 300;
      return PolicyVerdict::change(changed, "preferred", "by its number");
    };
  }
  Policy export_policy(size_t kind) {
    return [this, kind](const RouteView& route) {
      return number_of(route.prefix) % withheld_[kind] == 0
                 ? PolicyVerdict::reject("withheld", "by its number")
                 : PolicyVerdict::accept();
    };
  }

  void check_import(uint8_t n) {
    Speaker& hub = scene_.at(kHub);
    const PeerId peer = scene_.peer(kHub, n);
    // What the neighbour says it sent is what is here.
    const auto told = scene_.at(n).advertised(scene_.peer(n, kHub));
    const auto learned = hub.learned(peer);
    ASSERT_EQ(told.size(), learned.size()) << int{n};
    std::map<std::pair<Prefix, PathId>, AttributesPtr> by_route;
    for (const AdvertisedRoute& route : told) {
      by_route[{route.prefix, route.path_id}] = route.attributes;
    }
    size_t accepted = 0;
    for (const LearnedRoute& route : learned) {
      const auto sent = by_route.find({route.prefix, route.path_id});
      ASSERT_NE(sent, by_route.end());
      EXPECT_EQ(*sent->second, *route.received);
      EXPECT_FALSE(route.is_stale);
      const Rules& rules = rules_[n];
      const uint32_t number = number_of(route.prefix);
      const bool is_refused =
          number % rules.refused == 0 || route.received->as_path.contains(65515);
      ASSERT_EQ(route.accepted == nullptr, is_refused);
      if (is_refused) continue;
      ++accepted;
      PathAttributes expected = *route.received;
      if (rules.preferred != 0 && number % rules.preferred == 0) expected.local_pref = 300;
      EXPECT_EQ(*route.accepted, expected);
      Candidate candidate;
      candidate.peer = peer;
      candidate.path_id = route.path_id;
      candidate.peer_address = Scene::address(n);
      candidate.peer_router_id = Scene::address(n);
      candidate.is_ebgp = !is_internal(n);
      candidate.attributes = route.accepted;
      candidates_[route.prefix].push_back(candidate);
    }
    EXPECT_EQ(scene_.status(kHub, n).prefixes_received, learned.size());
    EXPECT_EQ(scene_.status(kHub, n).prefixes_accepted, accepted);
    EXPECT_EQ(scene_.status(kHub, n).restart.stale_routes, 0u);
  }

  // The paths that may be told of a prefix, best first: one, or some of them.
  std::vector<Candidate> ranked(const Prefix& prefix, size_t count) {
    std::vector<Candidate> left = candidates_[prefix];
    std::vector<Candidate> ranked;
    while (!left.empty() && ranked.size() < count) {
      const auto best = decide(left, hub_options()).best;
      ranked.push_back(left[*best]);
      left.erase(left.begin() + static_cast<ptrdiff_t>(*best));
    }
    return ranked;
  }

  // Adj-RIB-Out, and the far end's Adj-RIB-In, are what the rules make of the best routes.
  void check_export(uint8_t n) {
    const PeerId peer = scene_.peer(kHub, n);
    const bool to_internal = is_internal(n);
    std::map<Prefix, std::multiset<PathAttributes>> expected;
    size_t count = 0;
    for (uint32_t i = 0; i < kPrefixes; ++i) {
      const Prefix prefix = nth(i);
      if (!prefix.is_ipv4() && !speaks_ipv6(n)) continue;
      if (number_of(prefix) % withheld_[to_internal ? 1 : 0] == 0) continue;
      for (const Candidate& route : ranked(prefix, has_paths(n) ? kTold : 1)) {
        const bool from_internal = route.peer && !route.is_ebgp;
        const bool no_export = !route.attributes->communities.empty();
        if (route.peer == peer || (from_internal && to_internal) || (no_export && !to_internal)) {
          continue;
        }
        PathAttributes out;
        out.as_path = route.attributes->as_path;
        if (!to_internal) out.as_path.prepend(65515);
        out.origin = route.attributes->origin;
        expected[prefix].insert(std::move(out));
        ++count;
      }
    }
    const auto told = scene_.at(kHub).advertised(peer);
    const auto there = scene_.at(n).learned(scene_.peer(n, kHub));
    ASSERT_EQ(told.size(), count) << int{n};
    ASSERT_EQ(there.size(), count) << int{n};
    EXPECT_EQ(scene_.status(kHub, n).prefixes_advertised, count);
    std::map<Prefix, std::multiset<PathAttributes>> found;
    for (size_t i = 0; i < told.size(); ++i) {
      PathAttributes part;
      part.as_path = told[i].attributes->as_path;
      part.origin = told[i].attributes->origin;
      found[told[i].prefix].insert(std::move(part));
    }
    EXPECT_EQ(found, expected) << int{n};
    std::map<std::pair<Prefix, PathId>, AttributesPtr> by_route;
    for (const AdvertisedRoute& route : told) {
      by_route[{route.prefix, route.path_id}] = route.attributes;
    }
    for (const LearnedRoute& route : there) {
      const auto sent = by_route.find({route.prefix, route.path_id});
      ASSERT_NE(sent, by_route.end()) << route.prefix.to_string() << " at " << int{n};
      EXPECT_EQ(*sent->second, *route.received);
    }
  }

  Scene scene_;
  std::map<uint8_t, Rules> rules_;
  uint32_t withheld_[2] = {3, 5};
  Policy exports_[2] = {export_policy(0), export_policy(1)};
  std::map<Prefix, std::vector<Candidate>> candidates_;
};

TEST(Model, TablesEqualThoseComputedFromScratch) {
  for (const uint32_t seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 random(seed);
    World world;
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 60; ++i) world.disturb(random);
      world.calm();
      world.check();
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", round " << round;
    }
    world.end();
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
