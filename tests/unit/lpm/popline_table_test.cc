#include "lpm/popline_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "lpm/popline_find.h"
#include "lpm/qsbr.h"
#include "lpm/reference_trie.h"
#include "random_routes.h"

namespace skyhop::lpm {
namespace {

Ipv4Prefix p(const char* text) { return Ipv4Prefix::parse(text).value(); }
Ipv4Address a(const char* text) { return Ipv4Address::parse(text).value(); }

GroupId expected_group(const ReferenceTrie<GroupId>& oracle, Ipv4Address address) {
  const auto* match = oracle.lookup(address);
  return match == nullptr ? kNoRouteGroup : match->second;
}

// As a worker does it.
void look_up(const popline::Find& find, const PoplineTable& table,
             const std::vector<uint32_t>& destinations, std::vector<GroupId>& groups) {
  const TableView& view = table.view();
  find.many(*view.popline.load(std::memory_order_acquire), destinations.data(), destinations.size(),
            view.default_group.load(std::memory_order_relaxed), groups.data());
}

// Every compilation of the burst look-up, the table's own and the single one.
void expect_agreement(const PoplineTable& table, const ReferenceTrie<GroupId>& oracle,
                      const std::vector<uint32_t>& destinations) {
  std::vector<GroupId> expected;
  for (const uint32_t d : destinations) expected.push_back(expected_group(oracle, Ipv4Address(d)));
  std::vector<GroupId> groups(destinations.size() + 1, 0xdead);
  for (const popline::Find& find : popline::finds()) {
    look_up(find, table, destinations, groups);
    for (size_t i = 0; i < destinations.size(); ++i) {
      ASSERT_EQ(groups[i], expected[i])
          << find.name << " " << Ipv4Address(destinations[i]).to_string() << " lane " << i << " of "
          << destinations.size();
    }
    ASSERT_EQ(groups.back(), 0xdeadu) << find.name << " wrote beyond the burst";
  }
  for (size_t i = 0; i < destinations.size(); ++i) {
    ASSERT_EQ(table.lookup(Ipv4Address(destinations[i])), expected[i]);
  }
}

/// From how many routes on the root is wide: always, on the way, never.
class PoplineTableTest : public testing::TestWithParam<size_t> {
 protected:
  static PoplineOptions options() { return {.widen_at = GetParam()}; }
  static bool widens() { return GetParam() != SIZE_MAX; }
};

INSTANTIATE_TEST_SUITE_P(Roots, PoplineTableTest, testing::Values(0, 150, SIZE_MAX),
                         [](const auto& widen_at) {
                           if (widen_at.param == 0) return "wide";
                           return widen_at.param == SIZE_MAX ? "narrow" : "widening";
                         });

TEST_P(PoplineTableTest, EmptyTableHasNoRoute) {
  PoplineTable table(options(), nullptr);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.lookup(a("10.0.0.1")), kNoRouteGroup);
  EXPECT_FALSE(table.erase(p("10.0.0.0/8")));
  EXPECT_FALSE(table.erase(p("10.0.0.1/32")));
  EXPECT_FALSE(table.erase(Ipv4Prefix::everything()));
  table.lookup({}, {});
}

TEST_P(PoplineTableTest, DefaultRouteStandsBesideTheTable) {
  PoplineTable table(options(), nullptr);
  ASSERT_TRUE(table.set(Ipv4Prefix::everything(), 7));
  ASSERT_TRUE(table.set(p("10.0.0.0/8"), kNoRouteGroup));  // a route to nowhere is a route
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.lookup(a("11.0.0.1")), 7u);
  EXPECT_EQ(table.lookup(a("10.0.0.1")), kNoRouteGroup);
  EXPECT_TRUE(table.erase(Ipv4Prefix::everything()));
  EXPECT_EQ(table.lookup(a("11.0.0.1")), kNoRouteGroup);
  EXPECT_EQ(table.size(), 1u);
}

// 254 is the last group that a block of the wide root holds itself.
TEST_P(PoplineTableTest, HoldsGroupsOfEverySize) {
  PoplineTable table(options(), nullptr);
  ReferenceTrie<GroupId> oracle;
  std::vector<uint32_t> destinations;
  for (const GroupId group : {1u, 254u, 255u, 0xffffffu, 254u, 0u}) {
    for (const char* text : {"10.0.0.0/31", "10.1.2.0/24", "10.64.0.0/12", "10.80.0.0/18"}) {
      const Ipv4Prefix prefix = p(text);
      ASSERT_TRUE(table.set(prefix, group));
      oracle.set(prefix, group);
      const uint32_t first = prefix.address().value(), last = first | ~prefix.mask();
      destinations.insert(destinations.end(), {first - 1, first, last, last + 1});
      ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
    }
  }
}

// A block of the wide root holds 24 runs itself.
TEST_P(PoplineTableTest, HoldsAnyNumberOfRuns) {
  PoplineTable table(options(), nullptr);
  ReferenceTrie<GroupId> oracle;
  std::vector<uint32_t> destinations;
  const auto prefix = [](uint32_t i) { return Ipv4Prefix(Ipv4Address(0x0a000000 + (i << 9)), 24); };
  for (uint32_t i = 0; i < 32; ++i) {
    ASSERT_TRUE(table.set(prefix(i), 1 + i));
    oracle.set(prefix(i), 1 + i);
    destinations.push_back(0x0a000000 + (i << 9));
    destinations.push_back(0x0a000000 + (i << 9) + 0x100);
    ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
  }
  for (uint32_t i = 0; i < 32; ++i) {
    ASSERT_TRUE(table.erase(prefix(i)) && oracle.erase(prefix(i)));
    ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
  }
}

TEST_P(PoplineTableTest, EveryLengthAtBothEndsOfTheAddressSpace) {
  PoplineTable table(options(), nullptr);
  ReferenceTrie<GroupId> oracle;
  const auto change = [&](bool adds, uint32_t address, uint8_t length) {
    const Ipv4Prefix prefix(Ipv4Address(address), length);
    if (adds) {
      ASSERT_TRUE(table.set(prefix, 100u + length));
      oracle.set(prefix, 100u + length);
    } else {
      ASSERT_EQ(table.erase(prefix), oracle.erase(prefix));
    }
    expect_agreement(table, oracle,
                     {0, 1, 0x7fffffff, 0x7ffffffe, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe,
                      prefix.address().value() | (~prefix.mask() >> 1)});
  };
  for (const uint32_t address : {0u, 0xffffffffu, 0x80000000u, 0x7fffffffu}) {
    for (uint8_t length = 32; length > 0; --length) {
      ASSERT_NO_FATAL_FAILURE(change(true, address, length));
    }
  }
  for (uint8_t length = 1; length <= 32; ++length) {  // the covers first
    for (const uint32_t address : {0u, 0xffffffffu, 0x80000000u, 0x7fffffffu}) {
      ASSERT_NO_FATAL_FAILURE(change(false, address, length));
    }
  }
  EXPECT_EQ(table.size(), 0u);
}

/// Adds, replaces and deletes at random, every length, against the slow trie; look-ups in bursts
/// whose tails differ. Few groups, so that neighbours are often equal and runs join and part.
void compare_at_random(PoplineTable& table, ReferenceTrie<GroupId>& oracle, RandomRoutes& random,
                       uint32_t steps, uint32_t group_count) {
  for (uint32_t step = 0; step < steps; ++step) {
    const Ipv4Prefix prefix = random.prefix();
    if (random.below(3) == 0) {
      ASSERT_EQ(table.erase(prefix), oracle.erase(prefix));
    } else {
      const GroupId group = 1 + random.below(group_count);
      ASSERT_TRUE(table.set(prefix, group)) << prefix.to_string();
      oracle.set(prefix, group);
    }
    ASSERT_EQ(table.size(), oracle.size());
    if (step % 10 != 9) continue;
    for (const size_t burst : {1, 3, 4, 67}) {
      // The edges of the prefix just written are where mistakes show.
      std::vector<uint32_t> destinations{prefix.address().value()};
      while (destinations.size() < burst) destinations.push_back(random.address().value());
      if (burst > 3) destinations[1] = prefix.address().value() | ~prefix.mask();
      if (burst > 3) destinations[2] = (prefix.address().value() | ~prefix.mask()) + 1;
      if (burst > 3) destinations[3] = prefix.address().value() - 1;
      ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
    }
  }
}

TEST_P(PoplineTableTest, AgreesWithTheReferenceTrie) {
  for (const uint32_t groups : {2u, 300u, (1u << 24) - 1}) {
    PoplineTable table(options(), nullptr);
    ReferenceTrie<GroupId> oracle;
    RandomRoutes random(groups);
    ASSERT_NO_FATAL_FAILURE(compare_at_random(table, oracle, random, 4000, groups));
    EXPECT_EQ(table.is_wide(), widens());
    std::vector<Ipv4Prefix> rest;
    oracle.for_each([&rest](const auto& entry) { rest.push_back(entry.first); });
    for (const Ipv4Prefix prefix : rest) ASSERT_TRUE(table.erase(prefix));
    EXPECT_EQ(table.size(), 0u);
    expect_agreement(table, {}, {0, 0x0a000001, 0x0a010203, 0xffffffff});
  }
}

// The same beside a worker: blocks of the root point away until it has been quiescent, and take
// their groups in again afterwards.
TEST_P(PoplineTableTest, AgreesWhileAWorkerHoldsOldBlocks) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  (*qsbr)->enter(0);
  {
    PoplineTable table(options(), qsbr->get());
    ReferenceTrie<GroupId> oracle;
    RandomRoutes random(21);
    for (int round = 0; round < 30; ++round) {
      ASSERT_NO_FATAL_FAILURE(compare_at_random(table, oracle, random, 100, 9));
      if (random.below(2) == 0) (*qsbr)->quiescent(0);
      if (random.below(2) == 0) table.tidy();
      std::vector<uint32_t> destinations;
      for (int i = 0; i < 200; ++i) destinations.push_back(random.address().value());
      ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
    }
  }
  (*qsbr)->leave(0);
}

// 30,000 routes over the whole address space.
TEST_P(PoplineTableTest, AgreesWithManyRoutes) {
  PoplineTable table(options(), nullptr);
  ReferenceTrie<GroupId> oracle;
  RandomRoutes random(9);
  for (uint32_t i = 0; i < 30'000; ++i) {
    const Ipv4Address address(random.below(0xffffffff));
    const Ipv4Prefix prefix(
        address,
        static_cast<uint8_t>(random.below(8) == 0 ? 1 + random.below(32) : 16 + random.below(9)));
    const GroupId group = 1 + random.below(300);
    ASSERT_TRUE(table.set(prefix, group));
    oracle.set(prefix, group);
  }
  ASSERT_EQ(table.size(), oracle.size());
  std::vector<uint32_t> destinations;
  for (uint32_t i = 0; i < 20'000; ++i) destinations.push_back(random.below(0xffffffff));
  oracle.for_each([&destinations](const auto& entry) {
    const uint32_t first = entry.first.address().value();
    const uint32_t last = first | ~entry.first.mask();
    destinations.insert(destinations.end(), {first - 1, first, last, last + 1});
  });
  ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
  ASSERT_NO_FATAL_FAILURE(compare_at_random(table, oracle, random, 2000, 5));
  ASSERT_NO_FATAL_FAILURE(expect_agreement(table, oracle, destinations));
}

TEST_P(PoplineTableTest, VisitsEveryRoute) {
  PoplineTable table(options(), nullptr);
  std::map<Ipv4Prefix, GroupId> routes;
  RandomRoutes random(5);
  for (uint32_t i = 0; i < 300; ++i) routes[random.prefix()] = 1 + i;
  routes[Ipv4Prefix::everything()] = 7;
  for (const auto& [prefix, group] : routes) ASSERT_TRUE(table.set(prefix, group));
  std::map<Ipv4Prefix, GroupId> visited;
  table.for_each([&](Ipv4Prefix prefix, GroupId group) { visited[prefix] = group; });
  EXPECT_EQ(visited, routes);
}

TEST(PoplineTable, StaysSmallWithANarrowRoot) {
  PoplineTable table({.widen_at = SIZE_MAX}, nullptr);
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(table.set({Ipv4Address(0x0a000000 + (i << 8)), 24}, 1 + i % 7));
  }
  EXPECT_LT(table.bytes(), size_t{256} << 10);
}

// What churn replaces is used again: memory does not grow with the number of changes.
TEST_P(PoplineTableTest, ReusesWhatItReplaced) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    PoplineTable table(options(), qsbr->get());
    (*qsbr)->enter(0);
    RandomRoutes random(4);
    std::vector<Ipv4Prefix> prefixes;
    for (int i = 0; i < 2000; ++i) prefixes.push_back(random.prefix());
    const auto churn = [&](int changes) {
      for (int i = 0; i < changes; ++i) {
        const Ipv4Prefix prefix = prefixes[random.below(2000)];
        if (random.below(2) == 0) {
          ASSERT_TRUE(table.set(prefix, 1 + random.below(9)));
        } else {
          (void)table.erase(prefix);
        }
        (*qsbr)->quiescent(0);
      }
    };
    churn(20'000);
    const size_t before = table.bytes();
    churn(100'000);
    EXPECT_LE(table.bytes(), before + before / 4);
    (*qsbr)->leave(0);
  }
}

// While the writer turns everything around them upside down, some routes stay and some have one of
// two groups: a reader may see nothing else.
TEST_P(PoplineTableTest, AReaderSeesEveryDestinationBeforeOrAfterAChange) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    PoplineTable table(options(), qsbr->get());
    constexpr uint32_t kBlocks = 64;
    constexpr GroupId kStays = 5, kOne = 6, kOther = 7, kNoise = 8;
    const auto block = [](uint32_t i) { return 0x0a000000 + (i << 16); };
    for (uint32_t i = 0; i < kBlocks; ++i) {
      ASSERT_TRUE(table.set({Ipv4Address(block(i)), 16}, kOne));
      ASSERT_TRUE(table.set({Ipv4Address(block(i) + 0x7f00), 24}, kStays));
      ASSERT_TRUE(table.set({Ipv4Address(block(i) + 0x4200), 24}, kStays));
    }
    (*qsbr)->enter(0);
    std::atomic<bool> is_over = false;
    std::atomic<uint32_t> wrong = 0;
    std::atomic<uint64_t> bursts = 0;
    std::thread reader([&] {
      std::vector<uint32_t> destinations;
      for (uint32_t i = 0; i < kBlocks; ++i) {
        destinations.insert(destinations.end(), {block(i) + 0x7f01, block(i) + 0x4242,
                                                 block(i) + 0xffff, block(i) + 0x4101});
      }
      std::vector<GroupId> groups(destinations.size());
      size_t which = 0;
      const auto is_either = [](GroupId group) { return group == kOne || group == kOther; };
      do {
        const auto finds = popline::finds();
        look_up(finds[which++ % finds.size()], table, destinations, groups);
        for (size_t i = 0; i < groups.size(); i += 4) {
          const bool good = groups[i] == kStays && groups[i + 1] == kStays &&
                            is_either(groups[i + 2]) && is_either(groups[i + 3]);
          if (!good) wrong.fetch_add(1);
        }
        (*qsbr)->quiescent(0);
        bursts.fetch_add(1);
      } while (!is_over.load());
      (*qsbr)->leave(0);
    });
    RandomRoutes random(8);
    // Noise never holds what the reader asks for: other /24s of the same and of other blocks, some
    // longer prefixes in them, some groups that a block does not hold itself.
    const auto noise = [&] {
      const uint32_t third =
          random.below(2) == 0 ? 0x43 + random.below(0x3c) : 0x80 + random.below(0x70);
      const uint32_t length = random.below(4) == 0 ? 24 + random.below(9) : 24;
      return Ipv4Prefix(Ipv4Address(block(random.below(kBlocks)) + (third << 8)),
                        static_cast<uint8_t>(length));
    };
    for (uint32_t i = 0; i < 60'000 || bursts.load() < 100; ++i) {
      switch (random.below(4)) {
        case 0:
          ASSERT_TRUE(table.set({Ipv4Address(block(random.below(kBlocks))), 16},
                                random.below(2) == 0 ? kOne : kOther));
          break;
        case 1:
          (void)table.erase(noise());
          break;
        default:
          ASSERT_TRUE(table.set(noise(), kNoise + random.below(random.below(8) == 0 ? 400 : 4)));
      }
    }
    is_over.store(true);
    reader.join();
    EXPECT_EQ(wrong.load(), 0u);
    EXPECT_EQ(table.is_wide(), widens());
  }
}

TEST(PoplineTableDeathTest, AbortsOnAGroupOfMoreThan24Bits) {
  PoplineTable table({}, nullptr);
  EXPECT_DEATH((void)table.set(p("10.0.0.0/8"), 1u << 24), "24 bits");
}

}  // namespace
}  // namespace skyhop::lpm
