// Links that hold packets, on a clock that the test sets.
#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <thread>

#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSource(10, 0, 1, 4), kNear(10, 0, 2, 4), kFar(10, 0, 3, 4);
constexpr uint64_t kMillisecond = 1'000'000;  // in ns

Frame udp(Ipv4Address to, uint32_t sequence) {
  return PacketBuilder()
      .ipv4(kSource, to)
      .udp(static_cast<uint16_t>(4000 + sequence % 8), 80)
      .payload(std::to_string(sequence))
      .frame();
}

std::vector<Frame> frames(Ipv4Address to, uint32_t count) {
  std::vector<Frame> all;
  for (uint32_t i = 0; i < count; ++i) all.push_back(udp(to, i));
  return all;
}

/// The sequence numbers, in order of arrival.
std::vector<uint32_t> numbers(const std::vector<Frame>& arrived) {
  std::vector<uint32_t> all;
  for (const Frame& frame : arrived) {
    all.push_back(static_cast<uint32_t>(std::stoul(std::string(frame.begin() + 42, frame.end()))));
  }
  return all;
}

std::vector<uint32_t> up_to(uint32_t count) {
  std::vector<uint32_t> all(count);
  for (uint32_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

//                 near --+
// source -> split         +-> join -> end -> sink
//                 far  --+
struct TwoWays : Rig {
  RouterIndex split = fabric("split");
  RouterIndex near = fabric("near");
  RouterIndex far = fabric("far");
  RouterIndex join = fabric("join");
  RouterIndex end = fabric("end");
  PortIndex source = port("source", kSource, split);
  PortIndex sink = port("sink", kNear, end);
  EdgeId to_near = forward(split, near);  // link 0
  EdgeId to_far = forward(split, far);    // link 1
  EdgeId near_on = forward(near, join);   // link 2
  EdgeId far_on = forward(far, join);     // link 3
  EdgeId join_on = forward(join, end);    // link 4
  EdgeId out = deliver(end, sink);
  std::atomic<uint64_t> clock = 1'000'000;

  TwoWays() {
    route(split, "10.0.2.0/24", {to_near});
    route(split, "10.0.3.0/24", {to_far});
    route(near, "0.0.0.0/0", {near_on});
    route(far, "0.0.0.0/0", {far_on});
    route(join, "0.0.0.0/0", {join_on});
    route(end, "0.0.0.0/0", {out});
    image.held_packets = 1024;
    options.link_clock = &clock;
  }

  void delay(LinkIndex link, uint64_t ms) {
    image.links[link].conditions.delay_ns = ms * kMillisecond;
  }

  /// Sets the clock to this long after its start, and no earlier than a tick behind.
  void set_ms(uint64_t ms) { clock = 1'000'000 + ms * rte_get_tsc_hz() / 1000 + 4096; }
};

template <typename Condition>
void wait_until(const Dataplane& dataplane, Condition condition) {
  while (!condition(dataplane.counters())) std::this_thread::yield();
}

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
  net.send(net.source, {udp(kNear, 7)});
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
