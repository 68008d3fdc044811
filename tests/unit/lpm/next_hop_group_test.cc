#include "lpm/next_hop_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>

namespace skyhop::lpm {
namespace {

using Slots = std::vector<EdgeId>;

Slots slots_of(const GroupTable& table, GroupId group) {
  Slots slots;
  for (uint32_t slot = 0; slot < kGroupSlots; ++slot) slots.push_back(table.edge_for(group, slot));
  return slots;
}

std::map<EdgeId, uint32_t> load_of(const GroupTable& table, GroupId group) {
  std::map<EdgeId, uint32_t> load;
  for (const EdgeId edge : slots_of(table, group)) ++load[edge];
  return load;
}

// Edges 1, 2, ..., count.
std::vector<EdgeId> edges(uint32_t count, EdgeId first = 1) {
  std::vector<EdgeId> members(count);
  std::ranges::generate(members, [&first] { return first++; });
  return members;
}

TEST(GroupTable, GroupZeroIsNoRoute) {
  GroupTable table;
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find_or_add({}), kNoRouteGroup);
  EXPECT_EQ(slots_of(table, kNoRouteGroup), Slots(kGroupSlots, kNoRouteEdge));
}

TEST(GroupTable, OneGroupPerSet) {
  GroupTable table;
  const GroupId a = table.find_or_add({{1, 2}, {}});
  const GroupId b = table.find_or_add({{1}, {2}});
  EXPECT_NE(a, b);
  EXPECT_EQ(table.find_or_add({{1, 2}, {}}), a);
  EXPECT_EQ(table.find_or_add({{1}, {2}}), b);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.members(b).backup, Slots{2});
}

TEST(GroupTable, SharesSlotsEvenly) {
  GroupTable table;
  for (uint32_t count = 1; count <= kGroupSlots; ++count) {
    const auto load = load_of(table, table.find_or_add({edges(count), {}}));
    ASSERT_EQ(load.size(), count);
    for (const auto& [edge, slots] : load) {
      EXPECT_GE(slots, kGroupSlots / count) << count;
      EXPECT_LE(slots, (kGroupSlots + count - 1) / count) << count;
    }
  }
}

TEST(GroupTable, MoreMembersThanSlots) {
  GroupTable table;
  const GroupId group = table.find_or_add({edges(70), {}});
  EXPECT_EQ(load_of(table, group).size(), kGroupSlots);
  EXPECT_EQ(table.active(group).size(), 70u);
}

TEST(GroupTable, DeathMovesOnlyTheDeadMembersSlots) {
  for (uint32_t count = 2; count <= 8; ++count) {
    for (EdgeId victim = 1; victim <= count; ++victim) {
      GroupTable table;
      const GroupId group = table.find_or_add({edges(count), {}});
      const Slots before = slots_of(table, group);
      EXPECT_EQ(table.set_edge_alive(victim, false), 1u);
      const Slots after = slots_of(table, group);
      for (uint32_t slot = 0; slot < kGroupSlots; ++slot) {
        if (before[slot] == victim) {
          EXPECT_NE(after[slot], victim);
        } else {
          EXPECT_EQ(after[slot], before[slot]);
        }
      }
      EXPECT_EQ(table.set_edge_alive(victim, true), 1u);
      EXPECT_EQ(slots_of(table, group), before);
    }
  }
}

// All subsets of the members of a group, as bit masks.
TEST(GroupTable, SurvivorsShareEvenlyWhoeverIsDead) {
  for (uint32_t count = 1; count <= 8; ++count) {
    GroupTable table;
    const GroupId group = table.find_or_add({edges(count), {}});
    for (uint32_t alive = 1; alive < 1u << count; ++alive) {
      for (EdgeId edge = 1; edge <= count; ++edge) {
        table.set_edge_alive(edge, ((alive >> (edge - 1)) & 1) != 0);
      }
      const auto load = load_of(table, group);
      ASSERT_EQ(load.size(), static_cast<size_t>(std::popcount(alive)));
      const auto by_load = [](const auto& a, const auto& b) { return a.second < b.second; };
      const auto [least, most] = std::ranges::minmax_element(load, by_load);
      EXPECT_LE(most->second - least->second, count <= 5 ? 1u : 3u) << count << " alive " << alive;
    }
  }
}

TEST(GroupTable, SlotsDependOnWhoLivesNotOnHistory) {
  constexpr EdgeId kMembers = 6;
  GroupTable wanderer;
  const NextHopSet set{edges(4), edges(2, 5)};
  const GroupId group = wanderer.find_or_add(set);
  std::mt19937 random(7);
  std::vector<bool> alive(kMembers + 1, true);
  for (int step = 0; step < 500; ++step) {
    const auto edge = static_cast<EdgeId>(1 + random() % kMembers);
    alive[edge] = !alive[edge];
    wanderer.set_edge_alive(edge, alive[edge]);

    GroupTable fresh;
    for (EdgeId e = 1; e <= kMembers; ++e) fresh.set_edge_alive(e, alive[e]);
    EXPECT_EQ(slots_of(wanderer, group), slots_of(fresh, fresh.find_or_add(set)));
  }
}

TEST(GroupTable, BackupsServeOnlyWhenAllPrimariesAreDead) {
  GroupTable table;
  const GroupId group = table.find_or_add({{1, 2}, {3, 4}});
  EXPECT_EQ(table.active(group), (Slots{1, 2}));
  EXPECT_EQ(table.set_edge_alive(3, false), 0u);  // an idle backup: nothing to write
  EXPECT_EQ(table.set_edge_alive(3, true), 0u);

  table.set_edge_alive(1, false);
  EXPECT_EQ(load_of(table, group), (std::map<EdgeId, uint32_t>{{2, 64}}));
  table.set_edge_alive(2, false);
  EXPECT_EQ(table.active(group), (Slots{3, 4}));
  EXPECT_EQ(load_of(table, group), (std::map<EdgeId, uint32_t>{{3, 32}, {4, 32}}));
  table.set_edge_alive(4, false);
  EXPECT_EQ(load_of(table, group), (std::map<EdgeId, uint32_t>{{3, 64}}));
  table.set_edge_alive(2, true);
  EXPECT_EQ(load_of(table, group), (std::map<EdgeId, uint32_t>{{2, 64}}));
}

TEST(GroupTable, AllDeadIsNoRoute) {
  GroupTable table;
  const GroupId group = table.find_or_add({{1, 2}, {3}});
  for (const EdgeId edge : {1, 2, 3}) table.set_edge_alive(edge, false);
  EXPECT_TRUE(table.active(group).empty());
  EXPECT_EQ(slots_of(table, group), Slots(kGroupSlots, kNoRouteEdge));
  table.set_edge_alive(3, true);
  EXPECT_EQ(slots_of(table, group), Slots(kGroupSlots, 3));
}

TEST(GroupTable, WritesOnlyGroupsThatHoldTheEdge) {
  GroupTable table;
  table.find_or_add({{1, 2}, {}});
  table.find_or_add({{2, 3}, {}});
  table.find_or_add({{3, 4}, {}});
  EXPECT_EQ(table.set_edge_alive(2, false), 2u);
  EXPECT_EQ(table.set_edge_alive(2, false), 0u);
  EXPECT_EQ(table.set_edge_alive(9, false), 0u);
}

TEST(GroupTable, GroupMadeAfterADeathKnowsIt) {
  GroupTable table;
  table.set_edge_alive(2, false);
  EXPECT_EQ(load_of(table, table.find_or_add({{1, 2}, {}})), (std::map<EdgeId, uint32_t>{{1, 64}}));
}

TEST(GroupTable, EdgeBothPrimaryAndBackup) {
  GroupTable table;
  const GroupId group = table.find_or_add({{1}, {1, 2}});
  EXPECT_EQ(table.set_edge_alive(1, false), 1u);
  EXPECT_EQ(load_of(table, group), (std::map<EdgeId, uint32_t>{{2, 64}}));
}

TEST(GroupTable, SlotArrayStaysWhereItIs) {
  GroupTable table(300);
  const EdgeId* const slots = table.slots();
  for (EdgeId edge = 1; edge < 300; ++edge) {
    EXPECT_EQ(table.find_or_add({{edge}, {}}), edge);
    EXPECT_EQ(slots[edge * kGroupSlots + 63], edge);
  }
  EXPECT_EQ(table.slots(), slots);
}

TEST(GroupTableDeathTest, AbortsWhenFull) {
  GroupTable table(2);
  table.find_or_add({{1}, {}});
  EXPECT_DEATH(table.find_or_add({{2}, {}}), "full \\(2\\)");
}

TEST(GroupTableDeathTest, AbortsOnUnsortedMembers) {
  GroupTable table;
  EXPECT_DEATH(table.find_or_add({{2, 1}, {}}), "not a sorted set");
  EXPECT_DEATH(table.find_or_add({{1}, {3, 3}}), "not a sorted set");
}

}  // namespace
}  // namespace skyhop::lpm
