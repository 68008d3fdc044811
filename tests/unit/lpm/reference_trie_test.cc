#include "lpm/reference_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "random_routes.h"

namespace skyhop::lpm {
namespace {

Ipv4Prefix p(const char* text) { return Ipv4Prefix::parse(text).value(); }
Ipv4Address a(const char* text) { return Ipv4Address::parse(text).value(); }

TEST(ReferenceTrie, EmptyMatchesNothing) {
  ReferenceTrie<int> trie;
  EXPECT_TRUE(trie.empty());
  EXPECT_EQ(trie.lookup(a("10.0.0.1")), nullptr);
  EXPECT_EQ(trie.find(Ipv4Prefix::everything()), nullptr);
  EXPECT_FALSE(trie.erase(Ipv4Prefix::everything()));
}

TEST(ReferenceTrie, LongestMatchWins) {
  ReferenceTrie<std::string> trie;
  trie.set(p("0.0.0.0/0"), "default");
  trie.set(p("10.0.0.0/8"), "eight");
  trie.set(p("10.0.30.0/24"), "net");
  trie.set(p("10.0.30.4/32"), "host");
  EXPECT_EQ(trie.lookup(a("10.0.30.4"))->second, "host");
  EXPECT_EQ(trie.lookup(a("10.0.30.5"))->second, "net");
  EXPECT_EQ(trie.lookup(a("10.9.9.9"))->second, "eight");
  EXPECT_EQ(trie.lookup(a("11.0.0.0"))->second, "default");
  EXPECT_EQ(trie.lookup(a("10.0.30.4"))->first, p("10.0.30.4/32"));
  EXPECT_TRUE(trie.erase(p("10.0.30.0/24")));
  EXPECT_EQ(trie.lookup(a("10.0.30.5"))->second, "eight");
}

TEST(ReferenceTrie, ReplacesAndCounts) {
  ReferenceTrie<int> trie;
  trie.set(p("10.0.0.0/8"), 1);
  trie.set(p("10.0.0.0/8"), 2);
  EXPECT_EQ(trie.size(), 1u);
  EXPECT_EQ(*trie.find(p("10.0.0.0/8")), 2);
  trie[p("10.0.0.0/8")] += 5;
  trie[p("10.0.0.0/9")] += 3;
  EXPECT_EQ(*trie.find(p("10.0.0.0/8")), 7);
  EXPECT_EQ(*trie.find(p("10.0.0.0/9")), 3);
  EXPECT_EQ(trie.size(), 2u);
  EXPECT_FALSE(trie.erase(p("10.128.0.0/9")));  // beside
  EXPECT_FALSE(trie.erase(p("0.0.0.0/4")));     // above
  EXPECT_EQ(trie.size(), 2u);
  trie.clear();
  EXPECT_EQ(trie.lookup(a("10.0.0.1")), nullptr);
}

TEST(ReferenceTrie, ForksAreNotEntries) {
  ReferenceTrie<int> trie;
  trie.set(p("10.0.0.0/24"), 1);
  trie.set(p("10.0.1.0/24"), 2);  // a fork appears at 10.0.0.0/23
  EXPECT_EQ(trie.find(p("10.0.0.0/23")), nullptr);
  EXPECT_FALSE(trie.erase(p("10.0.0.0/23")));
  trie.set(p("10.0.0.0/23"), 3);
  EXPECT_EQ(*trie.find(p("10.0.0.0/23")), 3);
  EXPECT_TRUE(trie.erase(p("10.0.0.0/23")));
  EXPECT_EQ(*trie.find(p("10.0.0.0/24")), 1);
  EXPECT_EQ(*trie.find(p("10.0.1.0/24")), 2);
}

TEST(ReferenceTrie, VisitsCoveringAndCovered) {
  ReferenceTrie<int> trie;
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.128/25",
                           "10.1.0.0/16", "192.168.0.0/16"}) {
    trie.set(p(text), 0);
  }
  std::string seen;
  const auto note = [&seen](const auto& entry) { seen += entry.first.to_string() + ' '; };
  trie.for_each_covering(p("10.0.0.0/24"), note);
  EXPECT_EQ(seen, "0.0.0.0/0 10.0.0.0/8 10.0.0.0/16 10.0.0.0/24 ");
  seen.clear();
  trie.for_each_within(p("10.0.0.0/12"), note);
  EXPECT_EQ(seen, "10.0.0.0/16 10.0.0.0/24 10.0.0.128/25 10.1.0.0/16 ");
  seen.clear();
  trie.for_each_within(p("10.2.0.0/16"), note);
  EXPECT_EQ(seen, "");
}

TEST(ReferenceTrie, HoldsMoveOnlyValuesAndMoves) {
  ReferenceTrie<std::unique_ptr<int>> trie;
  trie.set(p("10.0.0.0/8"), std::make_unique<int>(4));
  const auto moved = std::move(trie);
  EXPECT_EQ(**moved.find(p("10.0.0.0/8")), 4);
}

// The oracle's own oracle: a map searched from one end to the other.
TEST(ReferenceTrie, AgreesWithLinearSearch) {
  RandomRoutes random(42);
  ReferenceTrie<uint32_t> trie;
  std::map<Ipv4Prefix, uint32_t> routes;
  for (uint32_t step = 0; step < 6000; ++step) {
    const Ipv4Prefix prefix = random.prefix();
    if (random.below(5) < 2) {
      const auto victim = routes.lower_bound(prefix);
      const Ipv4Prefix erased = victim == routes.end() ? prefix : victim->first;
      EXPECT_EQ(trie.erase(erased), routes.erase(erased) == 1);
    } else {
      trie.set(prefix, step);
      routes[prefix] = step;
    }
    ASSERT_EQ(trie.size(), routes.size());

    if (step % 10 != 0) continue;
    const Ipv4Address address = random.address();
    const ReferenceTrie<uint32_t>::Entry* found = trie.lookup(address);
    const std::pair<const Ipv4Prefix, uint32_t>* expected = nullptr;
    for (const auto& route : routes) {
      if (!route.first.contains(address)) continue;
      if (expected == nullptr || route.first.length() > expected->first.length()) expected = &route;
    }
    ASSERT_EQ(found != nullptr, expected != nullptr);
    if (found != nullptr) {
      EXPECT_EQ(*found, *expected);
    }
  }

  std::vector<std::pair<Ipv4Prefix, uint32_t>> visited;
  trie.for_each([&visited](const auto& entry) { visited.emplace_back(entry); });
  EXPECT_TRUE(std::ranges::equal(visited, routes, [](const auto& v, const auto& r) {
    return v.first == r.first && v.second == r.second;
  }));

  for (int i = 0; i < 200; ++i) {
    const Ipv4Prefix range = random.prefix();
    size_t within = 0;
    trie.for_each_within(range, [&](const auto& entry) {
      EXPECT_TRUE(range.contains(entry.first));
      ++within;
    });
    EXPECT_EQ(within, static_cast<size_t>(std::ranges::count_if(
                          routes, [range](const auto& r) { return range.contains(r.first); })));
  }

  for (const auto& [prefix, value] : routes) EXPECT_TRUE(trie.erase(prefix));
  EXPECT_TRUE(trie.empty());
  EXPECT_EQ(trie.lookup(a("10.0.0.1")), nullptr);
}

}  // namespace
}  // namespace skyhop::lpm
