#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dataplane/generator/stream.h"
#include "pcap/checksum.h"
#include "pcap/packet.h"

namespace skyhop::dataplane {
namespace {

constexpr uint64_t kHz = 2'000'000'000;

StreamSpec spec_of(uint32_t flows) {
  StreamSpec spec;
  spec.destination = Ipv4Address(10, 0, 110, 5);
  spec.flows = flows;
  return spec;
}

TEST(Pacer, SendsOneAtOnceAndThenOnePerInterval) {
  Pacer pacer(1'000'000, kHz);  // 2,000 cycles apart
  const uint64_t start = 12'345'678;
  EXPECT_EQ(pacer.due(start, 0, 64), 1u);
  EXPECT_EQ(pacer.due(start + 1'999, 1, 64), 0u);
  EXPECT_EQ(pacer.due(start + 2'000, 1, 64), 1u);
  EXPECT_EQ(pacer.due(start + 21'000, 2, 64), 9u);       // a late worker catches up
  EXPECT_EQ(pacer.due(start + 2'000'000, 11, 64), 64u);  // as fast as there is room
}

TEST(Pacer, KeepsTheRateOverALongTime) {
  Pacer pacer(333'333, kHz);
  uint64_t sent = 0;
  for (uint64_t now = 1; now < 10 * kHz; now += 7'777'777) {
    for (uint32_t due = 1; due != 0; sent += due) due = pacer.due(now, sent, 256);
  }
  EXPECT_NEAR(static_cast<double>(sent), 3'333'330, 3'333'330 * 0.001);
}

TEST(Pacer, WithoutARateEverythingIsDue) {
  Pacer pacer(0, kHz);
  EXPECT_EQ(pacer.due(5, 1'000'000, 77), 77u);
}

TEST(Stream, FlowsAreDistinctSeededAndAsManyAsWanted) {
  const auto flows = stream_flows(spec_of(1024));
  EXPECT_EQ(std::set(flows.begin(), flows.end()).size(), 1024u);
  for (const StreamFlow& flow : flows) {
    EXPECT_GE(flow.port, 1024);
    EXPECT_EQ(flow.destination, Ipv4Address(10, 0, 110, 5));
  }
  EXPECT_EQ(flows, stream_flows(spec_of(1024)));
  StreamSpec other = spec_of(1024);
  other.destination = Ipv4Address(10, 0, 110, 6);
  EXPECT_NE(flows.front().port, stream_flows(other).front().port);
  EXPECT_EQ(stream_flows(spec_of(1'000'000)).size(), 65536u - 1024u);
}

TEST(Stream, SeveralDestinationsShareTheFlows) {
  StreamSpec spec = spec_of(1'000'003);
  for (uint8_t i = 0; i < 100; ++i) spec.destinations.emplace_back(10, 1, i, 1);
  const auto flows = stream_flows(spec);
  ASSERT_EQ(flows.size(), 1'000'003u);
  EXPECT_EQ(std::set(flows.begin(), flows.end()).size(), flows.size());
  std::map<Ipv4Address, uint32_t> of;
  for (const StreamFlow& flow : flows) ++of[flow.destination];
  EXPECT_EQ(of.size(), 100u);
  for (const auto& [destination, count] : of) EXPECT_NEAR(count, 10'000, 1);
  EXPECT_NE(flows[0].destination + 1, flows[1].destination);
}

TEST(Stream, FramesAreWholePacketsOfEachProtocol) {
  const Ipv4Address source(10, 0, 30, 5);
  for (const uint8_t protocol : {17, 6, 1, 47}) {
    for (const uint16_t size : {min_frame(protocol), uint16_t{64}, uint16_t{1518}}) {
      StreamSpec spec = spec_of(1);
      spec.protocol = protocol;
      spec.ttl = 33;
      const auto frame = stream_frame(spec, source, {spec.destination, 5555}, size);
      EXPECT_EQ(frame.size(), size);
      const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
      ASSERT_TRUE(packet);
      EXPECT_EQ(packet->total_length, size - 14);
      EXPECT_EQ(packet->ttl, 33);
      EXPECT_EQ(packet->flow.protocol, protocol);
      EXPECT_EQ(packet->flow.source_port, protocol == 47 ? 0 : 5555);
      EXPECT_TRUE(protocol == 47 || protocol == 1 ||
                  pcap::transport_checksum_ok(source, spec.destination, protocol, packet->payload));
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane
