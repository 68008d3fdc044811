#include "dataplane/rows.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace skyhop::dataplane {
namespace {

using Rows = std::set<uint32_t>;

RowSet set_of(const Rows& rows) {
  RowSet set;
  for (const uint32_t row : rows) set.add(row);
  return set;
}

Rows rows_of(const RowSet& set) {
  Rows rows;
  uint32_t last = 0;
  set.for_each([&](uint32_t row) {
    EXPECT_TRUE(rows.empty() || row > last);
    last = row;
    rows.insert(row);
  });
  return rows;
}

TEST(RowSet, DoesWhatASetDoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Rows a, b;
    for (auto n = random() % (2 * kRows); n != 0; --n) a.insert(random() % kRows);
    for (auto n = random() % (2 * kRows); n != 0; --n) b.insert(random() % kRows);
    const RowSet in_a = set_of(a), in_b = set_of(b);
    EXPECT_EQ(rows_of(in_a), a);
    EXPECT_EQ(in_a.count(), a.size());
    EXPECT_EQ(in_a.is_empty(), a.empty());
    if (!a.empty()) {
      EXPECT_EQ(in_a.first(), *a.begin());
    }
    for (uint32_t row = 0; row < kRows; ++row) ASSERT_EQ(in_a.contains(row), a.contains(row));

    RowSet both = in_a;
    both |= in_b;
    Rows expected = a;
    expected.insert(b.begin(), b.end());
    EXPECT_EQ(rows_of(both), expected);
    EXPECT_TRUE(both == set_of(expected));
    const auto is_third = [](uint32_t row) { return row % 3 == 0; };
    RowSet thirds = both.take([&](uint32_t word) {
      uint64_t bits = 0;
      for (uint32_t i = 0; i < 64; ++i) bits |= uint64_t{is_third(word * 64 + i)} << i;
      return bits;
    });
    Rows expected_thirds;
    for (const uint32_t row : expected) {
      if (is_third(row)) expected_thirds.insert(row);
    }
    std::erase_if(expected, is_third);
    EXPECT_EQ(rows_of(thirds), expected_thirds);
    EXPECT_EQ(rows_of(both), expected);
    RowSet copy;
    copy.add(kRows - 1);
    copy = both;
    EXPECT_TRUE(copy == both);
    for (const uint32_t row : expected) both.remove(row);
    EXPECT_TRUE(both.is_empty());
    copy.clear();
    EXPECT_TRUE(copy == RowSet());
  }
}

TEST(RowSet, AddsSixteenAnywhere) {
  for (uint32_t first = 0; first + 16 <= kRows; ++first) {
    RowSet set;
    set.add_sixteen(first);
    Rows expected;
    for (uint32_t i = 0; i < 16; ++i) expected.insert(first + i);
    EXPECT_EQ(rows_of(set), expected);
  }
}

TEST(RowSet, GoesThroughSixteensThatHoldSomething) {
  const Rows rows = {0, 15, 16, 100, 128, 143, 144, 511, kRows - 1};
  Rows seen;
  set_of(rows).for_each_sixteen([&](uint32_t first, uint32_t mine) {
    EXPECT_EQ(first % 16, 0u);
    EXPECT_NE(mine, 0u);
    for (uint32_t i = 0; i < 16; ++i) {
      if ((mine >> i & 1) != 0) seen.insert(first + i);
    }
  });
  EXPECT_EQ(seen, rows);
}

}  // namespace
}  // namespace skyhop::dataplane
