// Packets of one flow never overtake each other: with any number of workers and any burst, through
// ECMP, security groups, a link with a small MTU, options, pings, and ports that rings lead to.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSink(10, 0, 2, 4);
constexpr uint32_t kSources = 3;
constexpr uint32_t kFlows = 40, kPerFlow = 50;
constexpr uint32_t kMtu = 600;

Ipv4Address address_of(uint32_t source) { return {10, 0, 1, static_cast<uint8_t>(source + 4)}; }

// source (three of them) - split = upper | lower = join - far - sink; the last link but one has the
// small MTU, and every NIC has a security group.
struct Ladder : Rig {
  RouterIndex far = fabric("far");
  PortIndex sink = port("sink", kSink, far);
  std::vector<PortIndex> sources;
  Ladder() {
    const FilterRule any{.allow = true};
    const RouterIndex join = gateway("join", Ipv4Address(10, 9, 0, 4));
    const RouterIndex split = gateway("split", Ipv4Address(10, 9, 0, 1));
    const RouterIndex upper = gateway("upper", Ipv4Address(10, 9, 0, 2));
    const RouterIndex lower = gateway("lower", Ipv4Address(10, 9, 0, 3));
    route(split, "10.0.2.0/24", {forward(split, upper), forward(split, lower)});
    route(upper, "10.0.2.0/24", {forward(upper, join)});
    route(lower, "0.0.0.0/0", {forward(lower, join)});
    route(join, "10.0.2.0/26", {forward(join, far, kMtu)});
    route(far, "10.0.2.4/32", {deliver(far, sink, filter({"sink", 100, {{any}}}))});
    for (uint32_t i = 0; i < kSources; ++i) {
      const RouterIndex near = fabric("near");
      route(near, "0.0.0.0/0", {forward(near, split)});
      sources.push_back(port("source", address_of(i), near));
      image.ports[sources.back()].filter = filter({"source", i, {{any}, {any}}});
    }
  }
};

// What a payload says eight octets at a time, so that every fragment says it.
struct Mark {
  uint32_t flow;
  uint32_t sequence;
};

std::string payload_of(const Mark& mark, size_t octets) {
  std::string payload;
  while (payload.size() < octets) payload.append(reinterpret_cast<const char*>(&mark), sizeof mark);
  return payload;
}

Frame frame_of(uint32_t source, const Mark& mark, std::mt19937& random) {
  const bool is_long = random() % 8 == 0;
  const std::string payload = payload_of(mark, is_long ? 1000 : 8 + random() % 3 * 8);
  const auto port = static_cast<uint16_t>(3000 + mark.flow % kFlows);
  PacketBuilder builder;
  builder.ipv4(address_of(source), kSink).identification(static_cast<uint16_t>(mark.sequence));
  switch (mark.flow % 4) {
    case 0:
      builder.icmp_echo_request(port, static_cast<uint16_t>(mark.sequence));
      break;
    case 1: {
      // Options in some packets of the flow, not in others.
      const uint8_t nops[] = {1, 1, 1, 0};
      if (random() % 2 == 0) builder.options(nops);
      [[fallthrough]];
    }
    default:
      builder.udp(port, 80);
  }
  return builder.payload(payload).frame();
}

struct Setting {
  size_t workers;
  uint32_t burst;
};

class Order : public testing::TestWithParam<Setting> {};

TEST_P(Order, OfAFlowIsKept) {
  const auto [workers, burst] = GetParam();
  Ladder net;
  net.options.workers.assign(eal().workers.begin(), eal().workers.begin() + workers);
  net.options.burst = burst;
  std::mt19937 random(7);
  for (uint32_t source = 0; source < kSources; ++source) {
    std::vector<Mark> marks;
    for (uint32_t i = 0; i < kFlows * kPerFlow; ++i) {
      marks.push_back({source * kFlows + i % kFlows, i / kFlows});
    }
    // Flows mixed, each in order.
    for (size_t i = 0; i + kFlows < marks.size(); i += kFlows) {
      std::shuffle(marks.begin() + i, marks.begin() + i + kFlows, random);
    }
    std::vector<Frame> frames;
    for (const Mark& mark : marks) frames.push_back(frame_of(source, mark, random));
    net.send(net.sources[source], frames);
  }
  const Outcome outcome = net.run();

  // A worker that waits for a CPU may leave its port's ring full.
  EXPECT_EQ(outcome.counters.dropped(), outcome.drops(DropReason::tx_full));
  EXPECT_GT(outcome.counters.originated, kSources * kFlows * kPerFlow / 16);  // long ones were cut
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> last;  // sequence and offset, by flow
  for (const Frame& frame : outcome.arrived.at(net.sink)) {
    const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
    ASSERT_TRUE(packet);
    // The payload here is all behind the IP header; only the first fragment has eight octets of
    // transport header in front.
    const size_t skipped = packet->fragment_offset == 0 ? 8 : 0;
    ASSERT_GE(packet->payload.size(), skipped + sizeof(Mark));
    Mark mark;
    std::memcpy(&mark, packet->payload.data() + skipped, sizeof mark);
    const auto now = std::make_pair(mark.sequence, uint32_t{packet->fragment_offset});
    const auto [entry, is_new] = last.try_emplace(mark.flow, now);
    EXPECT_TRUE(is_new || entry->second < now)
        << "flow " << mark.flow << ": " << now.first << " after " << entry->second.first;
    entry->second = now;
  }
  EXPECT_EQ(last.size(), kSources * kFlows);
}

INSTANTIATE_TEST_SUITE_P(WorkersAndBursts, Order,
                         testing::Values(Setting{1, 1}, Setting{1, 3}, Setting{1, 4},
                                         Setting{1, 67}, Setting{1, 0}, Setting{2, 67},
                                         Setting{3, 4}, Setting{3, 67}, Setting{3, 0}),
                         [](const auto& info) {
                           return std::to_string(info.param.workers) + "_workers_burst_" +
                                  std::to_string(info.param.burst);
                         });

}  // namespace
}  // namespace skyhop::dataplane
