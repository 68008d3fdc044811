#include "lpm/rte_fib_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lpm/reference_trie.h"
#include "random_routes.h"

namespace skyhop::lpm {
namespace {

using NextHop = RteFibOptions::NextHop;

std::unique_ptr<RteFibTable> make_table(const std::string& name, const RteFibOptions& options) {
  auto table = RteFibTable::create(name, options);
  EXPECT_TRUE(table) << table.error().to_string();
  return table ? std::move(*table) : nullptr;
}

Ipv4Prefix p(const char* text) { return Ipv4Prefix::parse(text).value(); }
Ipv4Address a(const char* text) { return Ipv4Address::parse(text).value(); }

TEST(RteFibTable, DefaultRouteStandsBesideTheTable) {
  const auto table = make_table("fib_default", {.max_routes = 16, .max_tbl8 = 4});
  EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
  ASSERT_TRUE(table->set(Ipv4Prefix::everything(), 7));
  ASSERT_TRUE(table->set(p("10.0.0.0/8"), kNoRouteGroup));
  EXPECT_EQ(table->size(), 2u);
  EXPECT_EQ(table->lookup(a("11.0.0.1")), 7u);
  EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
  EXPECT_TRUE(table->erase(Ipv4Prefix::everything()));
  EXPECT_FALSE(table->erase(Ipv4Prefix::everything()));
  EXPECT_EQ(table->lookup(a("11.0.0.1")), kNoRouteGroup);
}

// rte_fib 22.11 by itself refuses the second /25: it has lost count of its blocks.
TEST(RteFibTable, ALongRouteWithItsCoversGroupDoesNotSpoilTheCount) {
  const auto table = make_table("fib_count", {.max_routes = 64, .max_tbl8 = 2});
  ASSERT_TRUE(table->set(p("10.0.0.0/8"), 1));
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(table->set(p("10.1.1.128/25"), 1)) << round;
    ASSERT_TRUE(table->erase(p("10.1.1.128/25")));
  }
  ASSERT_TRUE(table->set(p("10.2.2.128/25"), 2));
  ASSERT_TRUE(table->set(p("10.3.3.128/25"), 1));
  EXPECT_EQ(table->lookup(a("10.2.2.129")), 2u);
  EXPECT_EQ(table->lookup(a("10.2.2.1")), 1u);
}

TEST(RteFibTable, FullOfTbl8IsAnErrorAndChangesNothing) {
  const auto table = make_table("fib_full", {.max_routes = 256, .max_tbl8 = 64});
  for (uint32_t i = 0; i < 64; ++i) {
    ASSERT_TRUE(table->set({Ipv4Address(0x0a000000 + (i << 8)), 25}, 2)) << i;
  }
  EXPECT_FALSE(table->set(p("10.1.0.0/25"), 3));
  EXPECT_EQ(table->size(), 64u);
  EXPECT_EQ(table->lookup(a("10.1.0.1")), kNoRouteGroup);
  EXPECT_TRUE(table->erase(p("10.0.0.0/25")));
  EXPECT_TRUE(table->set(p("10.1.0.0/25"), 3));
  EXPECT_EQ(table->lookup(a("10.1.0.1")), 3u);
}

TEST(RteFibTable, AgreesWithTheReferenceTrie) {
  for (const auto next_hop : {NextHop::two_octets, NextHop::four_octets}) {
    const bool is_wide = next_hop == NextHop::four_octets;
    const auto table = make_table(is_wide ? "fib_random_4" : "fib_random_2",
                                  {.max_routes = 8192, .max_tbl8 = 1024, .next_hop = next_hop});
    ReferenceTrie<GroupId> oracle;
    RandomRoutes random(is_wide ? 5 : 6);
    const bool has_avx512 = table->use_avx512();
    for (uint32_t step = 0; step < 4000; ++step) {
      const Ipv4Prefix prefix = random.prefix();
      if (random.below(3) == 0) {
        ASSERT_EQ(table->erase(prefix), oracle.erase(prefix));
      } else {
        const GroupId group = random.below(4) == 0 ? 1 : random.below(is_wide ? 1 << 24 : 1 << 13);
        ASSERT_TRUE(table->set(prefix, group)) << prefix.to_string();
        oracle.set(prefix, group);
      }
      ASSERT_EQ(table->size(), oracle.size());
      if (step % 20 != 19) continue;
      for (const size_t burst : {1, 3, 4, 67}) {
        std::vector<uint32_t> destinations{prefix.address().value()};
        while (destinations.size() < burst) destinations.push_back(random.address().value());
        std::vector<GroupId> groups(burst, 0xdead);
        table->lookup(destinations, groups);
        for (size_t i = 0; i < burst; ++i) {
          const auto* match = oracle.lookup(Ipv4Address(destinations[i]));
          ASSERT_EQ(groups[i], match == nullptr ? kNoRouteGroup : match->second)
              << Ipv4Address(destinations[i]).to_string() << " burst " << burst
              << (has_avx512 ? " with AVX-512" : "");
          ASSERT_EQ(table->lookup(Ipv4Address(destinations[i])), groups[i]);
        }
      }
    }
  }
}

TEST(RteFibTableDeathTest, AbortsOnAGroupThatDoesNotFit) {
  const auto table =
      make_table("fib_fit", {.max_routes = 4, .max_tbl8 = 1, .next_hop = NextHop::two_octets});
  EXPECT_DEATH((void)table->set(p("10.0.0.0/8"), 1u << 13), "does not fit");
}

}  // namespace
}  // namespace skyhop::lpm
