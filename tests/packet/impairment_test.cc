// What links do to packets: rate, loss, duplication, corruption, jitter, reordering.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "tests/packet/link_rig.h"

namespace skyhop::dataplane {
namespace {

constexpr LinkIndex kLink = TwoWays::kToNear;

/// What arrives of `count` packets over one link with these conditions.
struct LinkRun {
  Outcome outcome;
  std::vector<uint32_t> arrived;
  [[nodiscard]] const CrossingCounters& link() const { return outcome.counters.crossings[kLink]; }
};
LinkRun run(const LinkConditions& conditions, uint32_t count, uint64_t seed = 1) {
  TwoWays net;
  net.image.held_packets = 2 * count;
  net.image.seed = seed;
  net.conditions(kLink) = conditions;
  net.send(net.source, frames(kNear, count));
  const auto dataplane = net.make();
  EXPECT_TRUE(dataplane->start());
  net.let_go_by(*dataplane, 0.1);
  Outcome outcome = net.finish(*dataplane);
  std::vector<uint32_t> arrived;
  if (conditions.corrupted == 0) arrived = numbers(outcome.arrived.at(net.sink));
  return {std::move(outcome), std::move(arrived)};
}

std::vector<uint32_t> missing(const std::vector<uint32_t>& arrived, uint32_t count) {
  const std::set<uint32_t> there(arrived.begin(), arrived.end());
  std::vector<uint32_t> gone;
  for (uint32_t i = 0; i < count; ++i) {
    if (!there.contains(i)) gone.push_back(i);
  }
  return gone;
}

TEST(Loss, TakesTheSamePacketsForTheSameSeed) {
  LinkConditions lossy;
  lossy.loss.share = 0.1;
  const LinkRun first = run(lossy, 2000);
  const auto lost = missing(first.arrived, 2000);
  EXPECT_NEAR(static_cast<double>(lost.size()), 200, 4 * std::sqrt(180));
  EXPECT_EQ(first.outcome.drops(DropReason::link_loss), lost.size());
  EXPECT_EQ(first.link().lost, lost.size());
  EXPECT_EQ(missing(run(lossy, 2000).arrived, 2000), lost);
  EXPECT_NE(missing(run(lossy, 2000, 2).arrived, 2000), lost);
  // Whatever else is asked of the link.
  LinkConditions more = lossy;
  more.delay_ns = kMillisecond;
  more.jitter = {.kind = JitterSpec::Kind::normal, .spread_ns = 100'000};
  more.duplicated = 0.1;
  more.reordered = 0.1;
  more.reorder_delay_ns = kMillisecond;
  EXPECT_EQ(missing(run(more, 2000).arrived, 2000), lost);
}

TEST(Loss, InBurstsTakesNeighbours) {
  LinkConditions lossy;
  lossy.loss = {.share = 0.1, .burst = 10};
  const auto lost = missing(run(lossy, 4000).arrived, 4000);
  ASSERT_FALSE(lost.empty());
  size_t bursts = 1;
  for (size_t i = 1; i < lost.size(); ++i) bursts += lost[i] != lost[i - 1] + 1 ? 1 : 0;
  EXPECT_GT(lost.size(), 6 * bursts);
  EXPECT_EQ(missing(run(lossy, 4000).arrived, 4000), lost);
}

class RateBursts : public testing::TestWithParam<uint32_t> {};

TEST_P(RateBursts, OverTheQueueAreRefusedAndTheRestComesAtTheRate) {
  constexpr uint32_t kQueue = 40;
  const uint32_t count = GetParam();
  TwoWays net;
  net.conditions(kLink).rate = {.packets_per_second = 1000, .queue_packets = kQueue};
  net.send(net.source, frames(kNear, count));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  const uint32_t taken = std::min(count, kQueue + 1);  // the first passes at once
  wait_until(*dataplane, [&](const Counters& c) {
    return c.held == taken - 1 && c.delivered == 1 && c.dropped() == count - taken;
  });
  for (uint32_t n = 2; n <= taken; ++n) {
    net.set_ms(n - 1);
    wait_until(*dataplane, [&](const Counters& c) { return c.delivered >= n; });
    EXPECT_EQ(dataplane->counters().delivered, n);
  }
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.drops(DropReason::queue_full), count - taken);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), up_to(taken));
  const LimitCounters& limit = outcome.counters.crossings[kLink].limits[0];
  EXPECT_EQ(limit.held_up[LimitCounters::kByPackets], count - 1);
  EXPECT_EQ(limit.refused[LimitCounters::kByPackets], count - taken);
  EXPECT_EQ(limit.queue_packets_max, taken - 1);
}

INSTANTIATE_TEST_SUITE_P(Rate, RateBursts, testing::Values(1, 3, 4, 67));

TEST(Rate, OfALineCountsTheEncapsulation) {
  TwoWays net;
  LinkSpec& link = net.image.links[kLink];
  link.overhead_fixed = 100;
  link.overhead_block = 16;
  link.conditions.rate.bits_per_second = 8'000'000;  // an octet each microsecond
  net.send(net.source, frames(kNear, 1));            // 29 octets: 32 of blocks and 100
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 1; });
  const CrossingCounters counters = dataplane->counters().crossings[kLink];
  EXPECT_EQ(counters.limits[0].queue_octets_max, 132u);
  net.set_ms(0.132);
  wait_until_finished(*dataplane);
  EXPECT_EQ(net.finish(*dataplane).counters.delivered, 1u);
}

TEST(Rate, ThatLinksShareIsOneForBoth) {
  TwoWays net;
  net.image.limits = {{.name = "gateway", .rate = {.packets_per_second = 1000}}};
  net.image.links[TwoWays::kToNear].limits = {0};
  net.image.links[TwoWays::kToFar].limits = {0};
  net.send(net.source, frames(kNear, 20));
  net.send(net.source, frames(kFar, 20));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 39; });
  for (uint32_t n = 2; n <= 40; ++n) {
    net.set_ms(n - 1);
    wait_until(*dataplane, [&](const Counters& c) { return c.delivered >= n; });
    EXPECT_EQ(dataplane->counters().delivered, n);
  }
  wait_until_finished(*dataplane);
  const Outcome outcome = net.finish(*dataplane);
  uint64_t held_up = 0;
  for (const LinkIndex link : {TwoWays::kToNear, TwoWays::kToFar}) {
    held_up += outcome.counters.crossings[link].limits[0].held_up[LimitCounters::kByPackets];
  }
  EXPECT_EQ(held_up, 39u);
}

TEST(Rate, SeveralInARowEachHaveTheirQueue) {
  TwoWays net;
  net.image.limits = {{.name = "wide", .rate = {.packets_per_second = 2000}},
                      {.name = "narrow", .rate = {.packets_per_second = 1000, .queue_packets = 5}}};
  net.image.links[kLink].limits = {0, 1};
  net.send(net.source, frames(kNear, 31));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.offered == 31 && c.held == 30; });
  // 31 packets come out of the wide one in 15 ms, in which the narrow one lets 15 go and keeps 5.
  net.let_go_by(*dataplane, 0.1);
  const Outcome outcome = net.finish(*dataplane);
  const CrossingCounters& link = outcome.counters.crossings[kLink];
  EXPECT_EQ(link.limits[0].queue_packets_max, 30u);
  EXPECT_EQ(link.limits[0].refused[LimitCounters::kByPackets], 0u);
  EXPECT_EQ(link.limits[1].queue_packets_max, 5u);
  EXPECT_GE(outcome.counters.delivered, 20u);
  EXPECT_LE(outcome.counters.delivered, 22u);
  EXPECT_EQ(link.refused(), 31 - outcome.counters.delivered);
  EXPECT_TRUE(std::ranges::is_sorted(numbers(outcome.arrived.at(net.sink))));
}

TEST(Rate, TakenAwayLetsNobodyOvertake) {
  TwoWays net;
  net.delay(TwoWays::kToFar, 5);
  net.conditions(TwoWays::kJoinOn).rate.packets_per_second = 1000;
  net.send(net.source, frames(kNear, 20));
  net.send(net.source, frames(kFar, 20));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == 39; });
  dataplane->set_link_conditions(TwoWays::kJoinOn, {});
  net.set_ms(5);
  wait_until(*dataplane, [](const Counters& c) { return c.links[TwoWays::kJoinOn].packets == 40; });
  net.let_go_by(*dataplane, 1);
  const Outcome outcome = net.finish(*dataplane);
  std::vector<uint32_t> expected = up_to(20);
  for (const uint32_t number : up_to(20)) expected.push_back(number);
  EXPECT_EQ(numbers(outcome.arrived.at(net.sink)), expected);
}

TEST(Duplication, MakesWholeCopiesThatCountAsOriginated) {
  for (const uint64_t delay_ns : {uint64_t{0}, kMillisecond}) {
    LinkConditions conditions;
    conditions.duplicated = 1;
    conditions.delay_ns = delay_ns;
    const LinkRun twice = run(conditions, 67);
    EXPECT_EQ(twice.outcome.counters.originated, 67u);
    EXPECT_EQ(twice.outcome.counters.delivered, 134u);
    EXPECT_EQ(twice.link().duplicated, 67u);
    std::map<uint32_t, std::vector<Frame>> copies;
    for (const Frame& frame : twice.outcome.arrived.at(1)) {
      copies[numbers({frame})[0]].push_back(frame);
    }
    EXPECT_EQ(copies.size(), 67u);
    for (const auto& [number, both] : copies) {
      ASSERT_EQ(both.size(), 2u) << number;
      EXPECT_TRUE(std::ranges::equal(both[0], both[1])) << number;
    }
  }
}

TEST(Duplication, OfAHeldPacketComesRightBehindIt) {
  LinkConditions conditions;
  conditions.duplicated = 1;
  conditions.delay_ns = kMillisecond;
  std::vector<uint32_t> expected;
  for (const uint32_t number : up_to(20)) expected.insert(expected.end(), 2, number);
  EXPECT_EQ(run(conditions, 20).arrived, expected);
}

TEST(Duplication, WithoutRoomLosesTheCopyAndCountsIt) {
  TwoWays net;
  net.image.held_packets = 10;
  net.conditions(kLink).duplicated = 1;
  net.conditions(kLink).delay_ns = kMillisecond;
  net.send(net.source, frames(kNear, 8));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.offered == 8 && c.held == 10; });
  net.let_go_by(*dataplane, 1);
  const Outcome outcome = net.finish(*dataplane);
  // Five with their copies have room; of the other three nothing has, and no copy is made.
  EXPECT_EQ(outcome.counters.originated, 5u);
  EXPECT_EQ(outcome.drops(DropReason::no_buffer), 3u);
}

// One bit of each packet is another; the far router's own checks find those in the header.
TEST(Corruption, FlipsOneBitAndTheFarRouterChecks) {
  constexpr uint32_t kCount = 4000;
  LinkConditions conditions;
  conditions.corrupted = 1;
  const LinkRun bad = run(conditions, kCount);
  const LinkRun good = run({}, kCount);
  EXPECT_EQ(bad.link().corrupted, kCount);
  const RouterCounters& far = bad.outcome.counters.routers[1];
  uint64_t found = 0;
  for (const DropReason reason : {DropReason::bad_checksum, DropReason::bad_header,
                                  DropReason::bad_length, DropReason::bad_source}) {
    found += far.drops[static_cast<uint8_t>(reason)];
  }
  EXPECT_GT(far.drops[static_cast<uint8_t>(DropReason::bad_checksum)], 0u);
  EXPECT_GT(far.drops[static_cast<uint8_t>(DropReason::bad_header)], 0u);
  EXPECT_EQ(found, bad.outcome.counters.dropped());
  EXPECT_EQ(found + bad.outcome.counters.delivered, kCount);
  // 20 octets of header in packets of 29 to 32: between 5/8 and 20/29 are found.
  EXPECT_GT(found, kCount * 0.60);
  EXPECT_LT(found, kCount * 0.71);
  size_t next = 0;
  for (const Frame& frame : bad.outcome.arrived.at(1)) {
    // What arrives is in order: look for the original from where the one before was found.
    const auto& sent = good.outcome.arrived.at(1);
    const auto differing = [&frame](const Frame& other) {
      int bits = 0;
      if (frame.size() != other.size()) return 1000;
      for (size_t i = 0; i < frame.size(); ++i) {
        bits += std::popcount(static_cast<uint8_t>(frame[i] ^ other[i]));
      }
      return bits;
    };
    while (next < sent.size() && differing(sent[next]) != 1) ++next;
    ASSERT_LT(next, sent.size());
    ++next;
  }
}

TEST(Corruption, OfAPortMakesAnotherFlow) {
  TwoWays net;
  net.conditions(kLink).corrupted = 1;
  const RouterIndex router = net.near;
  const EdgeId second = net.forward(router, net.join);
  net.route(router, "10.0.2.0/24", {1, second});
  std::vector<Frame> all;
  for (uint32_t i = 0; i < 600; ++i) all.push_back(numbered(kNear, 8));
  net.send(net.source, all);
  const Outcome outcome = net.run();
  // One flow takes one way; those whose ports were hit take either.
  EXPECT_GT(outcome.counters.links[TwoWays::kNearOn].packets, 0u);
  EXPECT_GT(outcome.counters.links[5].packets, 0u);
}

TEST(Reordering, ComesAfterItsTurnAndNothingElseMoves) {
  constexpr uint32_t kCount = 500;
  LinkConditions conditions;
  conditions.reordered = 0.1;
  conditions.reorder_delay_ns = kMillisecond;
  const LinkRun late = run(conditions, kCount);
  ASSERT_EQ(late.arrived.size(), kCount);
  EXPECT_GT(late.link().reordered, 20u);
  // However long the burst took to send: who is overtaken is one of the late, and these keep their
  // own order.
  std::vector<uint32_t> overtaken;
  uint32_t newest = 0;
  for (const uint32_t number : late.arrived) {
    if (number < newest) overtaken.push_back(number);
    newest = std::max(newest, number);
  }
  EXPECT_FALSE(overtaken.empty());
  EXPECT_LE(overtaken.size(), late.link().reordered);
  EXPECT_TRUE(std::ranges::is_sorted(overtaken));
  EXPECT_EQ(run(conditions, kCount).link().reordered, late.link().reordered);
}

TEST(Jitter, KeepsTheOrderUnlessItMayNot) {
  LinkConditions conditions;
  conditions.delay_ns = 2 * kMillisecond;
  conditions.jitter = {.kind = JitterSpec::Kind::uniform, .spread_ns = kMillisecond};
  EXPECT_EQ(run(conditions, 500).arrived, up_to(500));
  conditions.jitter.reorders = true;
  const LinkRun free = run(conditions, 500);
  ASSERT_EQ(free.arrived.size(), 500u);
  EXPECT_FALSE(std::ranges::is_sorted(free.arrived));
  EXPECT_EQ(free.link().reordered, 0u);  // nobody asked for it by name
}

// Each packet far from the next: what arrives by when is the distribution function itself.
TEST(Jitter, DelaysAsItsDistributionSays) {
  constexpr uint32_t kCount = 1000;
  TwoWays net;
  net.image.held_packets = kCount;
  net.conditions(kLink).delay_ns = 10 * kMillisecond;
  net.conditions(kLink).jitter = {
      .kind = JitterSpec::Kind::normal, .spread_ns = kMillisecond, .reorders = true};
  net.send(net.source, frames(kNear, kCount));
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held == kCount; });
  uint64_t before = 0;
  for (const double ms : {8.0, 9.0, 9.5, 10.0, 10.5, 11.0, 12.0}) {
    const double share = std::erfc((10 - ms) / std::sqrt(2)) / 2;
    const double deviation = std::sqrt(share * (1 - share) * kCount);
    net.set_ms(ms);
    wait_until(*dataplane, [&](const Counters& c) {
      return static_cast<double>(c.delivered) > kCount * share - 4 * deviation &&
             c.delivered + c.held == kCount && c.delivered >= before;
    });
    before = dataplane->counters().delivered;
    EXPECT_LT(static_cast<double>(before), kCount * share + 4 * deviation) << ms;
  }
  net.let_go_by(*dataplane, 20);
  EXPECT_EQ(net.finish(*dataplane).counters.delivered, kCount);
}

// Three workers on one link: its rate is the link's, and each flow keeps its order.
TEST(Workers, ShareALinkAndKeepTheOrderOfFlows) {
  constexpr uint32_t kCount = 400;
  TwoWays net;
  net.options.workers = {1, 2, 3};
  net.image.held_packets = 3 * kCount;
  LinkConditions& link = net.conditions(TwoWays::kJoinOn);
  link.rate = {.packets_per_second = 10'000, .queue_packets = 3 * kCount};
  link.delay_ns = kMillisecond;
  link.jitter = {.kind = JitterSpec::Kind::uniform, .spread_ns = kMillisecond / 2};
  std::vector<PortIndex> sources;
  for (uint8_t i = 0; i < 3; ++i) {
    const Ipv4Address from(10, 0, 4, static_cast<uint8_t>(10 + i));
    sources.push_back(net.port("source " + std::to_string(i), from, net.split));
    net.send(sources.back(), frames(kNear, kCount, from));
  }
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  wait_until(*dataplane, [](const Counters& c) { return c.held >= 3 * kCount - 1; });
  // 20 ms: 200 packets and the first, less what 0.5 to 1.5 ms of delay still hold.
  net.set_ms(20);
  wait_until(*dataplane, [](const Counters& c) { return c.delivered >= 201 - 16; });
  EXPECT_LE(dataplane->counters().delivered, 201u - 4);
  net.let_go_by(*dataplane, 1);
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.counters.delivered, 3 * kCount);
  std::map<uint8_t, std::vector<uint32_t>> by_source;
  for (const Frame& frame : outcome.arrived.at(net.sink)) {
    by_source[frame[14 + 15]].push_back(numbers({frame})[0]);
  }
  ASSERT_EQ(by_source.size(), 3u);
  for (const auto& [source, arrived] : by_source) EXPECT_EQ(arrived, up_to(kCount));
}

}  // namespace
}  // namespace skyhop::dataplane
