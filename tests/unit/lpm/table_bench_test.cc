#include "lpm/table_bench.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace skyhop::lpm {
namespace {

TEST(TableBench, RoutesHaveTheMixOfTheInternet) {
  const auto routes = internet_like_routes(20'000, 1);
  ASSERT_EQ(routes.size(), 20'000u);
  std::set<Ipv4Prefix> distinct;
  std::map<int, int> lengths;
  for (const auto& [prefix, group] : routes) {
    distinct.insert(prefix);
    ++lengths[prefix.length()];
    EXPECT_GE(prefix.length(), 8);
    EXPECT_GE(prefix.address().value() >> 24, prefix.length() == 8 ? 1u : 0u);
    EXPECT_LT(prefix.address().value() >> 24, 224u);
    EXPECT_GE(group, 1u);
    EXPECT_LE(group, 255u);
  }
  EXPECT_EQ(distinct.size(), routes.size());
  EXPECT_NEAR(lengths[24], 12'000, 500);
  EXPECT_NEAR(lengths[22], 2200, 200);
  EXPECT_EQ(internet_like_routes(500, 7), internet_like_routes(500, 7));
}

TEST(TableBench, MeasuresEveryKindAndComparesAnswers) {
  std::set<std::string, std::less<>> said;
  const auto figures =
      bench_tables({.routes = 300, .limit_s = 1e9, .destinations = 4096, .lookup_s = 0},
                   [&said](std::string_view what) { said.emplace(what); });
  ASSERT_TRUE(figures) << figures.error().to_string();
  ASSERT_EQ(figures->size(), table_kinds().size());
  for (size_t i = 0; i < figures->size(); ++i) {
    const TableFigures& f = (*figures)[i];
    EXPECT_EQ(f.kind, table_kinds()[i]);
    EXPECT_TRUE(f.is_complete());
    EXPECT_EQ(f.loaded, 300u);
    EXPECT_GT(f.adds_s, 0);
    EXPECT_GT(f.changes_s, 0);
    EXPECT_GT(f.deletes_s, 0);
    EXPECT_GT(f.bytes, 0u);
    EXPECT_TRUE(said.contains(f.kind + ": adding"));
  }
  EXPECT_LT(figures->back().bytes, size_t{1} << 20);
}

// The limit is looked at after every few changes, so some are always done.
TEST(TableBench, TheLimitStopsAndIsMarked) {
  const auto figures = bench_tables(
      {.routes = 5000, .limit_s = 0, .destinations = 256, .lookup_s = 0}, [](std::string_view) {});
  ASSERT_TRUE(figures) << figures.error().to_string();
  for (const TableFigures& f : *figures) {
    EXPECT_FALSE(f.is_complete());
    EXPECT_EQ(f.routes, 5000u);
    EXPECT_GT(f.loaded, 0u);
    EXPECT_LT(f.loaded, 5000u);
  }
}

}  // namespace
}  // namespace skyhop::lpm
