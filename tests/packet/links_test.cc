// Links that hold packets, on a clock that the test sets.
#include <gtest/gtest.h>

#include "tests/packet/link_rig.h"

namespace skyhop::dataplane {
namespace {

class LinkBursts : public testing::TestWithParam<uint32_t> {};

TEST_P(LinkBursts, AreHeldForTheDelayOfTheirLinkAndCountAsHeld) {
  const uint32_t count = GetParam();
  TwoWays net;
  net.delay(0, 1);
  net.delay(1, 2);
  net.send(net.source, frames(kNear, count));
  net.send(net.source, frames(kFar, count));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [&](const Counters& c) { return c.held == 2 * count; });
  EXPECT_EQ(dataplane->counters().delivered, 0u);
  EXPECT_FALSE(dataplane->is_finished());
  net.set_ms(1);
  // What is due later is still there when all that is due now has arrived.
  wait_until(*dataplane, [&](const Counters& c) { return c.delivered == count; });
  EXPECT_EQ(dataplane->counters().held, count);
  net.set_ms(2);
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.counters.delivered, 2 * count);
  std::vector<uint32_t> expected = up_to(count);
  for (const uint32_t number : up_to(count)) expected.push_back(number);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), expected);
}

INSTANTIATE_TEST_SUITE_P(Links, LinkBursts, testing::Values(1, 3, 4, 67, 500));

TEST(Links, HeldPacketsKeepTtlAndHashForTheRoutersBehind) {
  TwoWays net;
  net.delay(0, 1);
  const RouterIndex gateway = net.gateway("gateway", Ipv4Address(10, 9, 0, 1));
  net.route(net.near, "10.0.2.0/24", {net.forward(net.near, gateway)});
  net.route(gateway, "10.0.2.0/24", {net.forward(gateway, net.join)});
  net.send(net.source, {numbered(kNear, 7)});
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 1; });
  net.set_ms(1);
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  ASSERT_EQ(outcome.arrived.at(net.sink).size(), 1u);
  EXPECT_EQ(outcome.arrived.at(net.sink)[0][14 + 8], 63);  // one gateway
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), std::vector<uint32_t>{7});
}

TEST(Links, ThatBecomeFasterLetNobodyOvertake) {
  TwoWays net;
  net.delay(0, 1);
  net.delay(1, 2);
  net.delay(4, 5);
  net.send(net.source, frames(kNear, 20));
  net.send(net.source, frames(kFar, 20));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 40; });
  net.set_ms(1);  // the first twenty go on to the slow link, which becomes plain
  wait_until(*dataplane, [](const Counters& c) { return c.links[4].packets == 20; });
  dataplane->set_link_conditions(4, {});
  net.set_ms(2);
  wait_until(*dataplane, [](const Counters& c) { return c.links[4].packets == 40; });
  EXPECT_EQ(dataplane->counters().delivered, 0u);
  net.set_ms(7);
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  std::vector<uint32_t> expected = up_to(20);
  for (const uint32_t number : up_to(20)) expected.push_back(number);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), expected);
}

// Rows say who comes first, and those that come off the last link get later ones here than those
// that come off a link before it.
TEST(Links, LetNobodyPassThoseThatComeOffThemInTheSamePass) {
  TwoWays net;
  net.delay(TwoWays::kToFar, 1);
  net.delay(TwoWays::kNearOn, 2);
  net.delay(TwoWays::kJoinOn, 1);
  std::vector<uint32_t> expected = up_to(20);
  std::vector<Frame> behind;
  for (uint32_t number = 20; number < 40; ++number) {
    behind.push_back(numbered(kNear, number));
    expected.push_back(number);
  }
  net.send(net.source, frames(kFar, 20));
  net.send(net.source, behind);
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 40; });
  net.set_ms(1);
  wait_until(*dataplane, [](const Counters& c) { return c.links[4].packets == 20; });
  dataplane->set_link_conditions(TwoWays::kJoinOn, {});
  net.set_ms(3);  // all are due, those that are behind a little earlier
  wait_until(*dataplane, [](const Counters& c) { return c.links[4].packets == 40; });
  net.set_ms(4);
  wait_until_finished(*dataplane);
  EXPECT_EQ(numbers(net.finish(*dataplane).arrived.at(net.sink)), expected);
}

TEST(Links, LoseWhatIsOnThemWhenTheyAreCut) {
  TwoWays net;
  net.delay(0, 1);
  net.send(net.source, frames(kNear, 67));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 67; });
  dataplane->set_link_up(0, false);
  net.set_ms(1);
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.drops(DropReason::link_down), 67u);
  EXPECT_EQ(outcome.counters.routers[net.split].drops[static_cast<uint8_t>(DropReason::link_down)],
            67u);
}

TEST(Links, HoldNoMoreThanThereIsRoomFor) {
  TwoWays net;
  net.image.held_packets = 16;
  net.delay(0, 1);
  net.send(net.source, frames(kNear, 67));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 16 && c.dropped() == 51; });
  net.set_ms(1);
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.drops(DropReason::no_buffer), 51u);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), up_to(16));
}

TEST(Links, AreDrainedByStop) {
  TwoWays net;
  net.delay(0, 1);
  net.options.link_clock = nullptr;
  net.send(net.source, frames(kNear, 67));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.offered == 67; });
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), up_to(67));
}

TEST(Links, KeepWhatADrainDoesNotWaitFor) {
  TwoWays net;
  net.delay(0, 1);
  net.options.drain_limit_s = 0;
  net.send(net.source, frames(kNear, 67));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 67; });
  dataplane->stop();  // the clock stands still
  const Counters counters = dataplane->counters();
  EXPECT_EQ(counters.held, 67u);
  EXPECT_EQ(counters.delivered, 0u);
  EXPECT_TRUE(counters.sum_law_holds());
}

}  // namespace
}  // namespace skyhop::dataplane
