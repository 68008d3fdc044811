#include "lpm/rte_lpm_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "lpm/qsbr.h"
#include "lpm/reference_trie.h"
#include "random_routes.h"

namespace skyhop::lpm {
namespace {

std::unique_ptr<RteLpmTable> make_table(const std::string& name, const RteLpmOptions& options = {},
                                        Qsbr* qsbr = nullptr) {
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
  const auto table = make_table("random", {.first_tbl8 = 4});
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

// Every entry is what rte_lpm_add() and rte_lpm_delete() leave for the same routes; only the
// numbers of the second-level blocks may differ.
TEST(RteLpmTable, EntriesAreThoseOfRteLpm) {
  const auto table = make_table("ours", {.first_tbl8 = 2});
  const rte_lpm_config config{.max_rules = 4096, .number_tbl8s = 1024, .flags = 0};
  rte_lpm* const theirs = rte_lpm_create("theirs", static_cast<int>(SOCKET_ID_ANY), &config);
  ASSERT_NE(theirs, nullptr);
  const rte_lpm* const ours = table->view().lpm;
  const auto is_equal = [](rte_lpm_tbl_entry x, rte_lpm_tbl_entry y) {
    return x.valid == y.valid && (!x.valid || (x.next_hop == y.next_hop && x.depth == y.depth));
  };
  RandomRoutes random(11);
  std::vector<Ipv4Prefix> prefixes;
  for (int i = 0; i < 700; ++i) {
    const Ipv4Prefix prefix = random.prefix();
    if (prefix.length() != 0) prefixes.push_back(prefix);
  }
  for (uint32_t round = 0; round < 4; ++round) {
    for (uint32_t i = 0; i < 600; ++i) {
      const Ipv4Prefix prefix = prefixes[random.below(static_cast<uint32_t>(prefixes.size()))];
      if (random.below(3) == 0) {
        const int code = rte_lpm_delete(theirs, prefix.address().value(), prefix.length());
        ASSERT_EQ(table->erase(prefix), code == 0);
      } else {
        const GroupId group = 1 + random.below(5);
        // rte_lpm refuses to add what it has.
        const int code = rte_lpm_add(theirs, prefix.address().value(), prefix.length(), group);
        ASSERT_TRUE(code == 0 || code == -EEXIST);
        ASSERT_TRUE(table->set(prefix, group));
      }
    }
    uint32_t blocks = 0;
    for (uint32_t i = 0; i < RTE_LPM_TBL24_NUM_ENTRIES; ++i) {
      const rte_lpm_tbl_entry x = ours->tbl24[i], y = theirs->tbl24[i];
      // A block that rte_lpm let go leaves its flag in an entry that is no longer valid.
      const bool has_block = x.valid && x.valid_group;
      ASSERT_EQ(has_block, y.valid && y.valid_group) << i;
      if (!has_block) {
        ASSERT_TRUE(is_equal(x, y)) << i;
        continue;
      }
      ++blocks;
      for (uint32_t k = 0; k < RTE_LPM_TBL8_GROUP_NUM_ENTRIES; ++k) {
        ASSERT_TRUE(is_equal(ours->tbl8[x.next_hop * 256 + k], theirs->tbl8[y.next_hop * 256 + k]))
            << i << "." << k;
      }
    }
    EXPECT_GT(blocks, 10u);
  }
  rte_lpm_free(theirs);
}

TEST(RteLpmTable, MakesMoreBlocksWhenTheyRunOut) {
  const auto table = make_table("more_blocks", {.first_tbl8 = 1, .max_tbl8 = 6});
  const size_t before = table->bytes();
  for (uint8_t net = 0; net < 6; ++net) {
    ASSERT_TRUE(table->set({Ipv4Address(10, 0, net, 0), 25}, net + 1u));
  }
  EXPECT_GT(table->bytes(), before);
  ASSERT_TRUE(table->set(p("10.0.1.128/25"), 9));  // the same /24: no block more
  const auto full = table->set(p("10.0.6.0/25"), 7);
  ASSERT_FALSE(full);  // and nothing changed
  EXPECT_NE(full.error().to_string().find("cannot install 10.0.6.0/25"), std::string::npos);
  EXPECT_EQ(table->size(), 7u);
  EXPECT_EQ(table->lookup(a("10.0.6.1")), kNoRouteGroup);
  for (uint8_t net = 0; net < 6; ++net) {
    EXPECT_EQ(table->lookup(Ipv4Address(10, 0, net, 1)), net + 1u);
  }
  EXPECT_TRUE(table->erase(p("10.0.0.0/25")));
  EXPECT_TRUE(table->set(p("10.0.6.0/25"), 7));
  EXPECT_EQ(table->lookup(a("10.0.6.1")), 7u);
  EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
}

TEST(RteLpmTable, TakesBackBlocksOnlyAfterTheWorkersWereQuiescent) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    const auto table = make_table("reclaim", {.first_tbl8 = 2, .max_tbl8 = 2}, qsbr->get());
    const rte_lpm* const lpm = table->view().lpm;
    ASSERT_TRUE(table->set(p("10.0.0.0/25"), 1));
    (*qsbr)->enter(0);
    const uint32_t block = lpm->tbl24[0x0a0000].next_hop;
    ASSERT_TRUE(table->erase(p("10.0.0.0/25")));
    table->tidy();
    ASSERT_TRUE(table->set(p("10.0.1.0/25"), 2));
    // Worker 0 may still read the old block: it says what it said.
    EXPECT_NE(lpm->tbl24[0x0a0001].next_hop, block);
    (*qsbr)->quiescent(0);
    ASSERT_TRUE(table->set(p("10.0.2.0/25"), 3));
    EXPECT_EQ(lpm->tbl24[0x0a0002].next_hop, block);
    EXPECT_EQ(table->lookup(a("10.0.2.1")), 3u);
    EXPECT_EQ(table->lookup(a("10.0.0.1")), kNoRouteGroup);
    (*qsbr)->leave(0);
  }
}

TEST(RteLpmTable, VisitsEveryRoute) {
  const auto table = make_table("visit");
  std::map<Ipv4Prefix, GroupId> routes;
  RandomRoutes random(5);
  for (uint32_t i = 0; i < 300; ++i) routes[random.prefix()] = 1 + i;
  routes[Ipv4Prefix::everything()] = 7;
  for (const auto& [prefix, group] : routes) ASSERT_TRUE(table->set(prefix, group));
  std::map<Ipv4Prefix, GroupId> visited;
  table->for_each([&](Ipv4Prefix prefix, GroupId group) { visited[prefix] = group; });
  EXPECT_EQ(visited, routes);
}

TEST(RteLpmTable, RefusesBadNames) {
  EXPECT_FALSE(RteLpmTable::create(std::string(28, 'x'), {}, nullptr));
  const auto first = make_table(std::string(27, 'x'), {.first_tbl8 = 1});
  EXPECT_FALSE(RteLpmTable::create(std::string(27, 'x'), {}, nullptr));  // taken
}

TEST(RteLpmTable, LackOfMemoryIsAnError) {
  const auto result = RteLpmTable::create("huge", {.first_tbl8 = 1u << 23}, nullptr);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().to_string().find("more memory"), std::string::npos);
}

TEST(RteLpmTableDeathTest, AbortsOnAGroupOfMoreThan24Bits) {
  const auto table = make_table("too_large", {.first_tbl8 = 1});
  EXPECT_DEATH((void)table->set(p("10.0.0.0/8"), 1u << 24), "24 bits");
}

}  // namespace
}  // namespace skyhop::lpm
