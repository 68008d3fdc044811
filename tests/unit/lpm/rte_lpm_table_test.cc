#include "lpm/rte_lpm_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lpm/qsbr.h"
#include "lpm/reference_trie.h"
#include "random_routes.h"

namespace skyhop::lpm {
namespace {

std::unique_ptr<RteLpmTable> make_table(const std::string& name, const RteLpmOptions& options = {},
                                        rte_rcu_qsbr* qsbr = nullptr) {
  auto table = RteLpmTable::create(name, options, qsbr);
  EXPECT_TRUE(table) << table.error().to_string();
  return table ? std::move(*table) : nullptr;
}

Ipv4Prefix p(const char* text) { return Ipv4Prefix::parse(text).value(); }
Ipv4Address a(const char* text) { return Ipv4Address::parse(text).value(); }

GroupId expected_group(const ReferenceTrie<GroupId>& oracle, Ipv4Address address) {
  const auto* match = oracle.lookup(address);
  return match == nullptr ? kNoRouteGroup : match->second;
}

TEST(RteLpmTable, EmptyTableHasNoRoute) {
  const auto table = make_table("empty");
  EXPECT_EQ(table->size(), 0u);
  EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
  EXPECT_FALSE(table->erase(p("10.0.0.0/8")));
  EXPECT_FALSE(table->erase(Ipv4Prefix::everything()));
}

TEST(RteLpmTable, DefaultRouteStandsBesideTheTable) {
  const auto table = make_table("default");
  ASSERT_TRUE(table->set(Ipv4Prefix::everything(), 7));
  ASSERT_TRUE(table->set(p("10.0.0.0/8"), 8));
  EXPECT_EQ(table->size(), 2u);
  EXPECT_EQ(table->default_group(), 7u);
  EXPECT_EQ(table->lookup(a("11.0.0.1")), 7u);
  EXPECT_EQ(table->lookup(a("10.0.0.1")), 8u);
  ASSERT_TRUE(table->set(Ipv4Prefix::everything(), 9));
  EXPECT_EQ(table->size(), 2u);
  EXPECT_EQ(table->lookup(a("255.255.255.255")), 9u);
  EXPECT_TRUE(table->erase(Ipv4Prefix::everything()));
  EXPECT_EQ(table->lookup(a("11.0.0.1")), kNoRouteGroup);
  EXPECT_EQ(table->size(), 1u);
}

TEST(RteLpmTable, HoldsTheLargestGroup) {
  const auto table = make_table("largest");
  ASSERT_TRUE(table->set(p("10.0.0.0/8"), 0xffffff));
  EXPECT_EQ(table->lookup(a("10.0.0.1")), 0xffffffu);
}

// Adds, replaces and deletes at random, every length, against the slow trie; look-ups one by one
// and in bursts whose tails differ.
TEST(RteLpmTable, AgreesWithTheReferenceTrie) {
  const auto table = make_table("random", {.max_rules = 8192, .max_tbl8 = 1024});
  ReferenceTrie<GroupId> oracle;
  RandomRoutes random(3);
  uint32_t misses = 0;
  for (uint32_t step = 0; step < 6000; ++step) {
    const Ipv4Prefix prefix = random.prefix();
    if (random.below(3) == 0) {
      EXPECT_EQ(table->erase(prefix), oracle.erase(prefix));
    } else {
      const GroupId group = 1 + random.below((1u << 24) - 1);
      ASSERT_TRUE(table->set(prefix, group)) << prefix.to_string();
      oracle.set(prefix, group);
    }
    if (step % 1000 == 999) {  // empty it of what it holds below /8, so that misses happen
      std::vector<Ipv4Prefix> wide;
      oracle.for_each([&wide](const auto& entry) {
        if (entry.first.length() < 8) wide.push_back(entry.first);
      });
      for (const Ipv4Prefix gone : wide) EXPECT_TRUE(table->erase(gone) && oracle.erase(gone));
    }
    ASSERT_EQ(table->size(), oracle.size());
    if (step % 20 != 19) continue;
    for (const size_t burst : {1, 3, 4, 67}) {
      std::vector<uint32_t> destinations;
      // The edges of the prefix just written are where mistakes show.
      destinations.push_back(prefix.address().value());
      while (destinations.size() < burst) destinations.push_back(random.address().value());
      if (burst > 3) destinations[1] = prefix.address().value() | ~prefix.mask();
      if (burst > 3) destinations[2] = (prefix.address().value() | ~prefix.mask()) + 1;
      std::vector<GroupId> groups(burst, 0xdead);
      table->lookup(destinations, groups);
      for (size_t i = 0; i < burst; ++i) {
        const Ipv4Address destination(destinations[i]);
        const GroupId expected = expected_group(oracle, destination);
        misses += oracle.lookup(destination) == nullptr ? 1 : 0;
        ASSERT_EQ(groups[i], expected) << destination.to_string() << " burst " << burst;
        ASSERT_EQ(table->lookup(destination), expected) << destination.to_string();
      }
    }
  }
  EXPECT_GT(misses, 100u);

  std::vector<Ipv4Prefix> rest;
  oracle.for_each([&rest](const auto& entry) { rest.push_back(entry.first); });
  for (const Ipv4Prefix prefix : rest) EXPECT_TRUE(table->erase(prefix));
  EXPECT_EQ(table->size(), 0u);
  for (const Ipv4Prefix prefix : rest) EXPECT_EQ(table->lookup(prefix.address()), kNoRouteGroup);
}

TEST(RteLpmTable, BurstOfNothing) {
  const auto table = make_table("nothing");
  table->lookup({}, {});
  EXPECT_EQ(table->size(), 0u);
}

TEST(RteLpmTable, FullOfRulesIsAnErrorAndChangesNothing) {
  const auto table = make_table("full_rules", {.max_rules = 4, .max_tbl8 = 4});
  for (uint8_t net = 0; net < 4; ++net) {
    ASSERT_TRUE(table->set({Ipv4Address(10, net, 0, 0), 16}, net + 1u));
  }
  const auto result = table->set(p("10.4.0.0/16"), 5);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().to_string().find("cannot install 10.4.0.0/16"), std::string::npos);
  EXPECT_EQ(table->size(), 4u);
  EXPECT_EQ(table->lookup(a("10.4.0.1")), kNoRouteGroup);
  EXPECT_EQ(table->lookup(a("10.3.0.1")), 4u);
  EXPECT_TRUE(table->set(p("10.3.0.0/16"), 9));  // replacing needs no room
  EXPECT_TRUE(table->erase(p("10.0.0.0/16")));
  EXPECT_TRUE(table->set(p("10.4.0.0/16"), 5));
}

TEST(RteLpmTable, FullOfTbl8IsAnErrorAndChangesNothing) {
  const auto table = make_table("full_tbl8", {.max_rules = 64, .max_tbl8 = 2});
  ASSERT_TRUE(table->set(p("10.0.0.0/25"), 1));
  ASSERT_TRUE(table->set(p("10.0.1.0/25"), 2));
  ASSERT_TRUE(table->set(p("10.0.1.128/25"), 3));  // the same /24: no new tbl8
  EXPECT_FALSE(table->set(p("10.0.2.0/25"), 4));
  EXPECT_EQ(table->size(), 3u);
  EXPECT_EQ(table->lookup(a("10.0.2.1")), kNoRouteGroup);
  EXPECT_TRUE(table->erase(p("10.0.0.0/25")));
  EXPECT_TRUE(table->set(p("10.0.2.0/25"), 4));
  EXPECT_EQ(table->lookup(a("10.0.2.1")), 4u);
}

TEST(RteLpmTable, TakesBackTbl8OnlyAfterTheWorkersWereQuiescent) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    const auto table = make_table("reclaim", {.max_rules = 64, .max_tbl8 = 1}, (*qsbr)->raw());
    ASSERT_TRUE(table->set(p("10.0.0.0/25"), 1));
    (*qsbr)->enter(0);
    ASSERT_TRUE(table->erase(p("10.0.0.0/25")));
    EXPECT_FALSE(table->set(p("10.0.1.0/25"), 2));  // worker 0 may still read the old tbl8
    (*qsbr)->quiescent(0);
    EXPECT_TRUE(table->set(p("10.0.1.0/25"), 2));
    EXPECT_EQ(table->lookup(a("10.0.1.1")), 2u);
    EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
    (*qsbr)->leave(0);
  }
}

TEST(RteLpmTable, RefusesBadNames) {
  EXPECT_FALSE(RteLpmTable::create(std::string(28, 'x'), {}, nullptr));
  const auto first = make_table(std::string(27, 'x'), {.max_rules = 4, .max_tbl8 = 1});
  EXPECT_FALSE(RteLpmTable::create(std::string(27, 'x'), {}, nullptr));  // taken
}

TEST(RteLpmTable, LackOfMemoryIsAnError) {
  const auto result = RteLpmTable::create("huge", {.max_rules = 4, .max_tbl8 = 1u << 23}, nullptr);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().to_string().find("more memory"), std::string::npos);
}

TEST(RteLpmTableDeathTest, AbortsOnAGroupOfMoreThan24Bits) {
  const auto table = make_table("too_large", {.max_rules = 4, .max_tbl8 = 1});
  EXPECT_DEATH((void)table->set(p("10.0.0.0/8"), 1u << 24), "24 bits");
}

}  // namespace
}  // namespace skyhop::lpm
