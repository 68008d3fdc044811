// Azure's limit on the prefixes of one peer (A14 to A18) and the plain one.
#include <gtest/gtest.h>

#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

class Limit : public testing::Test {
 protected:
  // Speaker 1 is the route server; 2 and 3 are NVAs.
  void build(uint32_t maximum, PrefixLimit::Counting counting = PrefixLimit::Counting::cumulative) {
    scene_.add(1, 65515);
    scene_.add(2, 65020);
    scene_.add(3, 65030);
    const auto limited = [=](PeerConfig& peer) {
      peer.prefix_limit.maximum = maximum;
      peer.prefix_limit.counting = counting;
    };
    scene_.join(1, 2, limited, untuned);
    scene_.join(1, 3, limited, untuned);
    scene_.start();
    scene_.settle();
  }
  void expect_ceased(uint8_t peer) {
    const auto received = scene_.status(peer, 1).last_notification_in;
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(received->to_string(), "Cease/Maximum Number of Prefixes Reached (6/1)");
    EXPECT_EQ(scene_.status(1, peer).prefixes_received, 0u);
    EXPECT_NE(scene_.state(1, peer), established);
  }
  Scene scene_;
};

TEST_F(Limit, A14_FourThousandRoutesSentOnceAreAllLearned) {
  build(4000);
  scene_.originate(2, 4000);
  scene_.settle();
  EXPECT_EQ(scene_.state(1, 2), established);
  EXPECT_EQ(scene_.at(1).best_count(), 4000u);
}

TEST_F(Limit, A15_OneMoreDropsTheSessionAndAllItsRoutes) {
  build(4000);
  scene_.originate(2, 4001);
  scene_.settle();
  expect_ceased(2);
  EXPECT_EQ(scene_.at(1).best_count(), 0u);
}

TEST_F(Limit, A16_ATableSentTwiceInABurstCountsTwice) {
  build(4000);
  scene_.originate(2, 2001);
  scene_.settle();
  ASSERT_EQ(scene_.state(1, 2), established);
  scene_.at(1).request_refresh(scene_.peer(1, 2));
  scene_.settle();
  expect_ceased(2);
}

TEST_F(Limit, A17_AllRoutesChangingAtOnceStayUpToHalfTheLimit) {
  for (const uint32_t count : {500u, 501u}) {
    Scene scene;
    scene.add(1, 65515);
    scene.add(2, 65020);
    scene.join(
        1, 2,
        [](PeerConfig& peer) {
          peer.prefix_limit.maximum = 1000;
          peer.prefix_limit.counting = PrefixLimit::Counting::cumulative;
        },
        untuned);
    scene.start();
    scene.originate(2, count);
    scene.settle();
    ASSERT_EQ(scene.state(1, 2), established);
    scene.originate(2, count, 77);
    scene.settle();
    EXPECT_EQ(scene.state(1, 2) == established, count == 500);
  }
}

TEST_F(Limit, A18_TheLimitIsPerPeer) {
  build(4000);
  scene_.originate(2, 3000);
  scene_.originate(3, 3000);
  scene_.settle();
  EXPECT_EQ(scene_.state(1, 2), established);
  EXPECT_EQ(scene_.state(1, 3), established);
  EXPECT_EQ(scene_.status(1, 2).prefixes_received, 3000u);
  EXPECT_EQ(scene_.status(1, 3).prefixes_received, 3000u);
}

TEST_F(Limit, CountingTheTableForgivesRepetition) {
  build(600, PrefixLimit::Counting::table);
  scene_.originate(2, 600);
  scene_.settle();
  scene_.originate(2, 600, 77);
  scene_.settle();
  EXPECT_EQ(scene_.state(1, 2), established);
  scene_.at(2).originate(nth_prefix(600), {});
  scene_.settle();
  expect_ceased(2);
}

TEST_F(Limit, SeparateBurstsAreCountedApart) {
  build(1000);
  for (uint32_t med = 1; med <= 10; ++med) {
    scene_.originate(2, 400, med);
    scene_.settle();
    ASSERT_EQ(scene_.state(1, 2), established) << med;
  }
}

TEST_F(Limit, TheSessionIsTriedAgainAfterTheIdleTimeAndFlapsWhileStillOver) {
  build(100);
  scene_.originate(2, 101);
  scene_.settle();
  expect_ceased(2);
  EXPECT_EQ(scene_.state(1, 2), idle);
  EXPECT_FALSE(scene_.status(1, 2).admin_down);
  scene_.run(seconds(200));
  EXPECT_GE(scene_.status(1, 2).counters.established, 2u);
  for (uint32_t i = 0; i < 10; ++i) scene_.at(2).withdraw_originated(nth_prefix(i));
  scene_.run(seconds(200));
  EXPECT_EQ(scene_.state(1, 2), established);
  EXPECT_EQ(scene_.at(1).best_count(), 91u);
}

TEST_F(Limit, WithoutARestartTimeItStaysDown) {
  scene_.add(1, 65515);
  scene_.add(2, 65020);
  scene_.join(
      1, 2,
      [](PeerConfig& peer) {
        peer.prefix_limit.maximum = 10;
        peer.prefix_limit.restart_after.reset();
        peer.passive = true;  // no collision, so no Cease but the one
      },
      untuned);
  scene_.start();
  scene_.originate(2, 11);
  scene_.run(seconds(1000));
  EXPECT_EQ(scene_.state(1, 2), idle);
  EXPECT_TRUE(scene_.status(1, 2).admin_down);
  EXPECT_EQ(scene_.status(1, 2).counters.established, 1u);
  EXPECT_EQ(scene_.status(1, 2).counters.notifications_out, 1u);
}

}  // namespace
}  // namespace skyhop::bgp
