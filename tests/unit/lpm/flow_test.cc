#include "lpm/flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <vector>

namespace skyhop::lpm {
namespace {

// Flows as a lab has them: few hosts, neighbouring addresses, consecutive ports.
std::vector<FlowKey> lab_flows(uint32_t count) {
  std::vector<FlowKey> flows;
  for (uint32_t i = 0; i < count; ++i) {
    flows.push_back({.source = Ipv4Address(10, 0, 30, static_cast<uint8_t>(4 + i % 4)),
                     .destination = Ipv4Address(10, 0, 110, static_cast<uint8_t>(4 + i / 4 % 4)),
                     .source_port = static_cast<uint16_t>(32768 + i / 16),
                     .destination_port = 5201,
                     .protocol = 17});
  }
  return flows;
}

// Pearson's chi-squared statistic against an even distribution.
double chi_squared(const std::vector<uint32_t>& counts) {
  double total = 0;
  for (const uint32_t count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const uint32_t count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Far out on the distribution of an even spread with this many cells (mean k, deviation sqrt(2k)).
double too_uneven(size_t cells) {
  const auto degrees = static_cast<double>(cells - 1);
  return degrees + 6 * std::sqrt(2 * degrees);
}

TEST(Flow, ReversedTwiceIsItself) {
  const FlowKey key{Ipv4Address(10, 0, 0, 1), Ipv4Address(10, 0, 0, 2), 1000, 80, 6};
  EXPECT_EQ(key.reversed().source, key.destination);
  EXPECT_EQ(key.reversed().source_port, key.destination_port);
  EXPECT_EQ(key.reversed().reversed(), key);
  EXPECT_NE(flow_hash(key), flow_hash(key.reversed()));
}

TEST(Flow, EveryFieldCounts) {
  const FlowKey key{Ipv4Address(10, 0, 0, 1), Ipv4Address(10, 0, 0, 2), 1000, 80, 6};
  std::vector<FlowKey> variants(6, key);
  variants[1].source = Ipv4Address(10, 0, 0, 3);
  variants[2].destination = Ipv4Address(10, 0, 0, 3);
  variants[3].source_port = 1001;
  variants[4].destination_port = 81;
  variants[5].protocol = 17;
  std::set<uint32_t> hashes;
  for (const auto& variant : variants) hashes.insert(flow_hash(variant));
  EXPECT_EQ(hashes.size(), variants.size());
}

TEST(Flow, OneBitMovesHalfOfTheHash) {
  std::mt19937 random(1);
  for (int bit = 0; bit < 104; ++bit) {
    int flipped = 0;
    constexpr int kTrials = 500;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::array<uint32_t, 4> words;
      std::ranges::generate(words, [&random] { return static_cast<uint32_t>(random()); });
      words[3] &= 0xff;
      const uint32_t before = flow_hash(words[0], words[1], words[2], words[3]);
      words[bit / 32] ^= 1u << (bit % 32);
      flipped += std::popcount(before ^ flow_hash(words[0], words[1], words[2], words[3]));
    }
    EXPECT_NEAR(flipped / double{kTrials}, 16, 4) << "bit " << bit;
  }
}

TEST(Flow, SpreadsOverTheSlotsOfEveryRouter) {
  const auto flows = lab_flows(64 * 256);
  for (uint32_t router = 0; router < 200; ++router) {
    std::vector<uint32_t> counts(kGroupSlots);
    for (const auto& flow : flows) ++counts[group_slot(flow_hash(flow), group_seed(router))];
    EXPECT_LT(chi_squared(counts), too_uneven(kGroupSlots)) << "router " << router;
  }
}

TEST(Flow, SeedsAreOddAndDiffer) {
  std::set<uint32_t> seeds;
  for (uint32_t router = 0; router < 10000; ++router) {
    EXPECT_EQ(group_seed(router) & 1, 1u);
    seeds.insert(group_seed(router));
  }
  // One bit is lost to oddness, so pairs may meet, but hardly ever.
  EXPECT_GE(seeds.size(), 9990u);
}

// Polarisation: of the flows that one router puts on one of its slots, the next router must again
// use all of its slots, whichever pair of routers it is.
TEST(Flow, RoutersOfAChainSplitIndependently) {
  const auto flows = lab_flows(64 * 64 * 8);
  std::vector<uint32_t> hashes;
  for (const auto& flow : flows) hashes.push_back(flow_hash(flow));
  for (uint32_t first = 0; first < 24; ++first) {
    for (uint32_t second = first + 1; second < 24; ++second) {
      std::vector<uint32_t> counts(kGroupSlots * kGroupSlots);
      for (const uint32_t hash : hashes) {
        ++counts[group_slot(hash, group_seed(first)) * kGroupSlots +
                 group_slot(hash, group_seed(second))];
      }
      EXPECT_LT(chi_squared(counts), too_uneven(counts.size())) << first << ' ' << second;
    }
  }
}

TEST(Flow, SameSeedWouldPolarise) {
  // The test above can fail: with one seed for both routers all flows are on the diagonal.
  std::vector<uint32_t> counts(kGroupSlots * kGroupSlots);
  for (const auto& flow : lab_flows(64 * 64)) {
    const uint32_t slot = group_slot(flow_hash(flow), group_seed(0));
    ++counts[slot * kGroupSlots + slot];
  }
  EXPECT_GT(chi_squared(counts), too_uneven(counts.size()));
}

}  // namespace
}  // namespace skyhop::lpm
