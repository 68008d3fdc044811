#include "dataplane/nat_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace skyhop::dataplane {
namespace {

using lpm::FlowKey;
using lpm::Ipv4Address;
using Outcome = NatTable::Outcome;

constexpr Ipv4Address kHost(10, 0, 0, 1), kServer(192, 0, 2, 1), kNat(100, 64, 0, 1);

FlowKey flow(uint16_t port, uint8_t protocol = 17) { return {kHost, kServer, port, 53, protocol}; }
FlowKey behind(uint16_t port, uint8_t protocol = 17) { return {kNat, kServer, port, 53, protocol}; }

TEST(NatTable, BothDirectionsAreFoundOnTheirOwnSide) {
  NatTable table(64);
  FlowKey found;
  EXPECT_FALSE(table.find(NatSide::leaving, flow(1), found, 0));
  EXPECT_EQ(table.insert(NatSide::leaving, flow(1), behind(9), 0), Outcome::added);
  ASSERT_TRUE(table.find(NatSide::leaving, flow(1), found, 0));
  EXPECT_EQ(found, behind(9));
  ASSERT_TRUE(table.find(NatSide::entering, behind(9).reversed(), found, 0));
  EXPECT_EQ(found, flow(1).reversed());
  EXPECT_FALSE(table.find(NatSide::entering, flow(1), found, 0));
  EXPECT_FALSE(table.find(NatSide::leaving, behind(9).reversed(), found, 0));
}

TEST(NatTable, RepliesOfTwoFlowsAreNeverTheSame) {
  NatTable table(64);
  EXPECT_EQ(table.insert(NatSide::leaving, flow(1), behind(9), 0), Outcome::added);
  EXPECT_EQ(table.insert(NatSide::leaving, flow(2), behind(9), 0), Outcome::taken);
  FlowKey found;
  EXPECT_FALSE(table.find(NatSide::leaving, flow(2), found, 0));
  EXPECT_EQ(table.insert(NatSide::leaving, flow(2), behind(10), 0), Outcome::added);
  EXPECT_EQ(table.insert(NatSide::leaving, flow(2), behind(11), 0), Outcome::taken);
  // What was claimed for the replies of a flow that then failed is free again.
  EXPECT_EQ(table.insert(NatSide::leaving, flow(3), behind(11), 0), Outcome::added);
}

TEST(NatTable, ASilentFlowIsForgottenAndItsPlaceUsedAgain) {
  for (const uint8_t protocol : {1, 6, 17}) {
    NatTable table(64);
    const uint32_t timeout = NatTable::idle_timeout(protocol);
    EXPECT_EQ(table.insert(NatSide::leaving, flow(1, protocol), behind(9, protocol), 100),
              Outcome::added);
    FlowKey found;
    // Each packet keeps it alive, but each direction keeps its own time.
    EXPECT_TRUE(table.find(NatSide::leaving, flow(1, protocol), found, 100 + timeout));
    EXPECT_TRUE(table.find(NatSide::leaving, flow(1, protocol), found, 100 + 2 * timeout));
    EXPECT_FALSE(table.find(NatSide::leaving, flow(1, protocol), found, 101 + 3 * timeout));
    EXPECT_EQ(
        table.insert(NatSide::leaving, flow(2, protocol), behind(9, protocol), 101 + 3 * timeout),
        Outcome::added);
    ASSERT_TRUE(table.find(NatSide::entering, reverse_direction(behind(9, protocol)), found,
                           101 + 3 * timeout));
    EXPECT_EQ(found, reverse_direction(flow(2, protocol)));
  }
}

TEST(NatTable, SaysWhenItIsFull) {
  NatTable table(64);
  size_t added = 0, full = 0;
  for (uint16_t port = 1; port < 200; ++port) {
    const Outcome outcome = table.insert(NatSide::leaving, flow(port), behind(port), 0);
    added += outcome == Outcome::added ? 1 : 0;
    full += outcome == Outcome::full ? 1 : 0;
  }
  EXPECT_LE(added, 32u);  // each takes two of the 64
  EXPECT_GT(added, 8u);
  EXPECT_EQ(added + full, 199u);
}

// Many threads want few translations: no two flows end up with the same replies.
TEST(NatTable, WorkersNeverShareATranslation) {
  constexpr unsigned kThreads = 4;
  constexpr uint16_t kFlows = 200;
  NatTable table(1u << 14);
  std::vector<std::vector<std::pair<FlowKey, FlowKey>>> mine(kThreads);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (uint16_t i = 0; i < kFlows; ++i) {
        const FlowKey key{Ipv4Address(10, 0, static_cast<uint8_t>(t), 1), kServer,
                          static_cast<uint16_t>(1000 + i), 53, 17};
        for (uint16_t port = 2000; port < 4000; ++port) {
          if (table.insert(NatSide::leaving, key, behind(port), 1) != Outcome::added) continue;
          mine[t].emplace_back(key, behind(port));
          break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& flows : mine) {
    EXPECT_EQ(flows.size(), kFlows);
    for (const auto& [key, translated] : flows) {
      FlowKey found;
      ASSERT_TRUE(table.find(NatSide::leaving, key, found, 1));
      EXPECT_EQ(found, translated);
      ASSERT_TRUE(table.find(NatSide::entering, translated.reversed(), found, 1));
      EXPECT_EQ(found, key.reversed());
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane
