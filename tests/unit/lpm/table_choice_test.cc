#include "lpm/table_choice.h"

#include <gtest/gtest.h>

namespace skyhop::lpm {
namespace {

TEST(TableChoice, NamesAreThoseOfTheLab) {
  for (const char* name : {"rte_lpm", "popline", "auto"}) {
    const auto choice = table_choice_from(name);
    ASSERT_TRUE(choice) << name;
    EXPECT_EQ(to_string(*choice), name);
  }
  EXPECT_FALSE(table_choice_from("rte_fib"));
  EXPECT_FALSE(table_choice_from(""));
}

TEST(TableChoice, AKindAskedForStays) {
  for (const size_t routers : {size_t{1}, size_t{5000}}) {
    for (const size_t routes : {size_t{0}, size_t{1'000'000}}) {
      EXPECT_EQ((TablePolicy{TableChoice::rte_lpm, routers}.kind_for(routes)), TableKind::rte_lpm);
      EXPECT_EQ((TablePolicy{TableChoice::popline, routers}.kind_for(routes)), TableKind::popline);
    }
  }
}

TEST(TableChoice, AutoPicksBySize) {
  const TablePolicy policy{TableChoice::automatic, 12};
  EXPECT_EQ(policy.kind_for(0), TableKind::rte_lpm);
  EXPECT_EQ(policy.kind_for(kRteLpmUpTo), TableKind::rte_lpm);
  EXPECT_EQ(policy.kind_for(kPoplineFrom), TableKind::popline);
  EXPECT_EQ(policy.kind_for(1'000'000), TableKind::popline);
}

// Between the two sizes a table that swings by a few routes does not move.
TEST(TableChoice, AutoKeepsTheKindInBetween) {
  const TablePolicy policy{TableChoice::automatic, 12};
  for (const TableKind now : {TableKind::rte_lpm, TableKind::popline}) {
    EXPECT_EQ(policy.kind_for(kRteLpmUpTo + 1, now), now);
    EXPECT_EQ(policy.kind_for(kPoplineFrom - 1, now), now);
    EXPECT_EQ(policy.kind_for(kRteLpmUpTo, now), TableKind::rte_lpm);
    EXPECT_EQ(policy.kind_for(kPoplineFrom, now), TableKind::popline);
  }
}

TEST(TableChoice, AutoSparesMemoryInALargeLab) {
  EXPECT_EQ((TablePolicy{TableChoice::automatic, kManyRouters}.kind_for(10)), TableKind::rte_lpm);
  EXPECT_EQ((TablePolicy{TableChoice::automatic, kManyRouters + 1}.kind_for(10)),
            TableKind::popline);
}

TEST(TableChoice, SaysWhy) {
  EXPECT_EQ((TablePolicy{TableChoice::rte_lpm, 12}.why(TableKind::rte_lpm, 5)), "as asked");
  EXPECT_EQ((TablePolicy{TableChoice::automatic, 12}.why(TableKind::rte_lpm, 5)),
            "auto: 5 routes, rte_lpm is the fastest up to 1024");
  EXPECT_EQ((TablePolicy{TableChoice::automatic, 12}.why(TableKind::popline, 100'000)),
            "auto: 100000 routes, popline is the fastest from 4096 on");
  EXPECT_EQ((TablePolicy{TableChoice::automatic, 2000}.why(TableKind::popline, 5)),
            "auto: 2000 routers, rte_lpm takes 64 MiB for each");
}

}  // namespace
}  // namespace skyhop::lpm
