// Which limit bound a run: the tightest of those that refused packets, not the busiest.
#include "control/emulator/limits_met.h"

#include <gtest/gtest.h>

namespace skyhop::emulator {
namespace {

using dataplane::Counters;
using dataplane::LimitCounters;

// Two ways of two limits each, of which the first is shared.
dataplane::Image two_ways() {
  dataplane::Image image;
  image.limits = {{.name = "gateway"}, {.name = "tunnel a"}, {.name = "tunnel b"}};
  image.links = {{.name = "g -> a", .limits = {0, 1}}, {.name = "g -> b", .limits = {0, 2}}};
  return image;
}

Counters counters_of(std::vector<uint64_t> packets) {
  Counters counters;
  for (const uint64_t each : packets) counters.links.push_back({.packets = each, .bytes = 0});
  counters.crossings.resize(packets.size());
  return counters;
}

LimitCounters limit(uint64_t held_up, uint64_t refused, bool by_packets, uint32_t depth) {
  LimitCounters counters;
  counters.held_up[by_packets ? 1 : 0] = held_up;
  counters.refused[by_packets ? 1 : 0] = refused;
  counters.queue_packets_max = depth;
  return counters;
}

TEST(Limits, NoneWasMet) {
  const LimitNames names(two_ways());
  const Counters counters = counters_of({10, 10});
  EXPECT_TRUE(limits_met(names, counters).empty());
  EXPECT_EQ(limit_of(names, counters, 0), "");
}

TEST(Limits, TheTightestIsNamedFirstAndTheMereQueueLast) {
  const LimitNames names(two_ways());
  Counters counters = counters_of({100, 50});  // carried
  auto& a = counters.crossings[0].limits;
  auto& b = counters.crossings[1].limits;
  a[0] = limit(900, 800, false, 1000);
  b[0] = limit(900, 700, false, 900);
  a[1] = limit(60, 30, true, 40);
  b[1] = limit(5, 0, true, 7);
  b[2] = limit(9, 4, false, 3);  // the link's own rate
  const auto met = limits_met(names, counters);
  ASSERT_EQ(met.size(), 4u);
  EXPECT_EQ(met[0].name, "rate of the link");  // 50 got through it
  EXPECT_EQ(met[0].links, std::vector<std::string>{"g -> b"});
  EXPECT_EQ(met[0].carried, 50u);
  EXPECT_EQ(met[1].name, "tunnel a");
  EXPECT_TRUE(met[1].by_packets);
  EXPECT_EQ(met[1].carried, 100u);
  EXPECT_EQ(met[1].refused, 30u);
  EXPECT_EQ(met[1].held_up, 60u);
  EXPECT_EQ(met[2].name, "gateway");
  EXPECT_FALSE(met[2].by_packets);
  EXPECT_EQ(met[2].links.size(), 2u);
  EXPECT_EQ(met[2].carried, 130u + 54u);
  EXPECT_EQ(met[2].refused, 1500u);
  EXPECT_EQ(met[2].queue_packets_max, 1000u);
  EXPECT_EQ(met[3].name, "tunnel b");
  EXPECT_EQ(met[3].refused, 0u);
}

TEST(Limits, ALinkIsBoundByTheLastThatRefuses) {
  const LimitNames names(two_ways());
  Counters counters = counters_of({100, 50});
  auto& a = counters.crossings[0].limits;
  a[0] = limit(900, 800, false, 1000);
  EXPECT_EQ(limit_of(names, counters, 0), "gateway, bits/s");
  a[1] = limit(60, 30, true, 40);
  EXPECT_EQ(limit_of(names, counters, 0), "tunnel a, packets/s");
  a[2] = limit(2000, 0, false, 40);  // only holds up
  EXPECT_EQ(limit_of(names, counters, 0), "tunnel a, packets/s");
  auto& b = counters.crossings[1].limits;
  b[0] = limit(5, 0, false, 2);
  b[1] = limit(9, 0, false, 2);
  b[2] = limit(7, 0, false, 2);
  EXPECT_EQ(limit_of(names, counters, 1), "tunnel b, bits/s");
}

}  // namespace
}  // namespace skyhop::emulator
