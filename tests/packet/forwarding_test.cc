// Packets in, packets out: paths, ECMP, fail-over, order, TTL and checksum.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "pcap/checksum.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSource(10, 0, 1, 4), kSink(10, 0, 2, 4);

Frame udp(uint16_t port, uint32_t sequence = 0, uint8_t ttl = 64) {
  return PacketBuilder()
      .ipv4(kSource, kSink)
      .udp(port, 80)
      .ttl(ttl)
      .payload(std::to_string(sequence))
      .frame();
}

pcap::PacketView view(const Frame& frame) {
  const auto parsed = pcap::parse_frame(pcap::LinkType::ethernet, frame);
  EXPECT_TRUE(parsed) << pcap::describe_frame(pcap::LinkType::ethernet, frame);
  return parsed.value_or(pcap::PacketView{});
}

// source -> fabric -> gateway -> two middles -> gateway -> fabric -> sink: ECMP, split and merged.
struct Diamond : Rig {
  RouterIndex entry = fabric("entry");
  RouterIndex split = gateway("split", Ipv4Address(10, 9, 0, 1));
  RouterIndex left = gateway("left", Ipv4Address(10, 9, 0, 2));
  RouterIndex right = gateway("right", Ipv4Address(10, 9, 0, 3));
  RouterIndex merge = fabric("merge");
  PortIndex source = port("source", kSource, entry);
  PortIndex sink = port("sink", kSink, merge);
  EdgeId to_split = forward(entry, split);  // link 0
  EdgeId to_left = forward(split, left);    // link 1
  EdgeId to_right = forward(split, right);  // link 2
  EdgeId left_on = forward(left, merge);    // link 3
  EdgeId right_on = forward(right, merge);  // link 4
  EdgeId out = deliver(merge, sink);
  Diamond() {
    route(entry, "0.0.0.0/0", {to_split});
    route(split, "10.0.0.0/16", {to_left, to_right});
    route(left, "10.0.2.0/24", {left_on});
    route(right, "10.0.2.0/24", {right_on});
    route(merge, "10.0.2.4/32", {out});
  }
};

TEST(Forwarding, DecrementsTtlOnlyWhereTheDeviceDoes_V53) {
  Diamond net;
  net.send(net.source, {udp(4000)});
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.sink).size(), 1u);
  const auto packet = view(outcome.arrived.at(net.sink)[0]);
  EXPECT_EQ(packet.ttl, 62);  // two gateways, two fabrics
  EXPECT_EQ(packet.flow.source, kSource);
  EXPECT_EQ(packet.flow.destination, kSink);
}

TEST(Forwarding, RewritesTheMacsOfThePort) {
  Diamond net;
  net.send(net.source, {udp(4000)});
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.sink).size(), 1u);
  const Frame& frame = outcome.arrived.at(net.sink)[0];
  const Frame expected = {0x02, 0x0d, 10, 0, 2, 4, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x08, 0};
  EXPECT_EQ(Frame(frame.begin(), frame.begin() + 14), expected);
}

TEST(Forwarding, LeavesEverythingElseOfThePacketAlone) {
  Diamond net;
  const Frame sent = udp(4000, 12345);
  net.send(net.source, {sent});
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.sink).size(), 1u);
  Frame got = outcome.arrived.at(net.sink)[0];
  ASSERT_EQ(got.size(), sent.size());
  std::copy_n(sent.begin(), 14, got.begin());
  got[14 + 8] = sent[14 + 8];    // TTL
  got[14 + 10] = sent[14 + 10];  // header checksum
  got[14 + 11] = sent[14 + 11];
  EXPECT_EQ(got, sent);
}

TEST(Forwarding, SpreadsFlowsEvenlyAndKeepsEachOnItsPath) {
  Diamond net;
  std::vector<Frame> frames;
  for (int round = 0; round < 3; ++round) {
    for (uint16_t flow = 0; flow < 1024; ++flow) frames.push_back(udp(1024 + flow, round));
  }
  net.send(net.source, frames);
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.delivered, frames.size());
  const auto left = outcome.counters.links[1].packets, right = outcome.counters.links[2].packets;
  EXPECT_EQ(left + right, frames.size());
  EXPECT_EQ(left % 3, 0u);  // all three packets of a flow went the same way
  EXPECT_GT(left, frames.size() * 4 / 10);
  EXPECT_LT(left, frames.size() * 6 / 10);
}

TEST(Forwarding, PicksThePathThatTheFlowHashNames) {
  Diamond net;
  lpm::GroupTable groups;
  const auto group = groups.find_or_add({{net.to_left, net.to_right}, {}});
  for (const uint16_t port : {1024, 1025, 1026, 1027, 1028, 1029, 1030}) {
    Diamond one;
    one.send(one.source, {udp(port)});
    const Outcome outcome = one.run();
    const lpm::FlowKey key{kSource, kSink, port, 80, 17};
    const auto slot = lpm::group_slot(lpm::flow_hash(key), lpm::group_seed(one.split));
    const bool goes_left = groups.edge_for(group, slot) == net.to_left;
    EXPECT_EQ(outcome.counters.links[1].packets, goes_left ? 1u : 0u) << port;
  }
}

TEST(Forwarding, FragmentsOfADatagramStayOnOnePath) {
  Diamond net;
  std::vector<Frame> frames;
  for (int i = 0; i < 32; ++i) {
    frames.push_back(PacketBuilder()
                         .ipv4(kSource, kSink)
                         .udp(static_cast<uint16_t>(2000 + i), 80)
                         .more_fragments()
                         .payload("12345678")
                         .frame());
    frames.push_back(PacketBuilder()
                         .ipv4(kSource, kSink)
                         .udp(static_cast<uint16_t>(2000 + i), 80)
                         .fragment_offset(16)
                         .payload("end")
                         .frame());
  }
  net.send(net.source, frames);
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.delivered, frames.size());
  EXPECT_EQ(outcome.counters.links[1].packets * outcome.counters.links[2].packets, 0u);
}

TEST(Forwarding, DeadEdgeMovesItsFlowsToTheOtherMember) {
  Diamond net;
  std::vector<Frame> frames;
  for (uint16_t flow = 0; flow < 200; ++flow) frames.push_back(udp(1024 + flow));
  net.send(net.source, frames);
  const Outcome outcome =
      net.run([&net](Dataplane& d) { d.set_edge_alive(net.split, net.to_left, false); });
  EXPECT_EQ(outcome.counters.delivered, 200u);
  EXPECT_EQ(outcome.counters.links[1].packets, 0u);
  EXPECT_EQ(outcome.counters.links[2].packets, 200u);
}

TEST(Forwarding, LinkThatIsDownLosesWhatItsSenderStillSends) {
  Diamond net;
  std::vector<Frame> frames;
  for (uint16_t flow = 0; flow < 200; ++flow) frames.push_back(udp(1024 + flow));
  net.send(net.source, frames);
  const Outcome outcome = net.run([](Dataplane& d) { d.set_link_up(1, false); });
  EXPECT_GT(outcome.drops(DropReason::link_down), 60u);
  EXPECT_EQ(outcome.drops(DropReason::link_down) + outcome.counters.delivered, 200u);
  EXPECT_EQ(outcome.counters.links[1].packets, 0u);
}

TEST(Forwarding, BackupCarriesWhenAllPrimariesAreDead) {
  Diamond net;
  net.route(net.split, "10.0.2.0/24", {net.to_left}, {net.to_right});
  net.send(net.source, {udp(1), udp(2), udp(3)});
  const Outcome outcome =
      net.run([&net](Dataplane& d) { d.set_edge_alive(net.split, net.to_left, false); });
  EXPECT_EQ(outcome.counters.links[2].packets, 3u);
}

TEST(Forwarding, LongerPrefixWinsAndErasedRouteFallsBack) {
  Diamond net;
  net.route(net.split, "10.0.2.0/25", {net.to_left});
  net.send(net.source, {udp(1), udp(2), udp(3), udp(4), udp(5)});
  Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.links[1].packets, 5u);
  outcome = net.run([&net](Dataplane& d) {
    d.erase_route(net.split, *Ipv4Prefix::parse("10.0.2.0/25"));
    d.erase_route(net.split, *Ipv4Prefix::parse("10.0.0.0/16"));
  });
  // Nor is there a way back for the five messages about it.
  EXPECT_EQ(outcome.counters.originated, 5u);
  EXPECT_EQ(outcome.drops(DropReason::no_route), 10u);
}

TEST(Forwarding, AddedEdgesWorkWhileTheWorkersRun) {
  Diamond net;
  StreamSpec stream;
  stream.port = net.source;
  stream.destination = kSink;
  stream.frame_sizes = {60};
  net.image.streams.push_back(stream);
  net.image.ports[net.sink].capture_file.clear();
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  EdgeSpec spec;
  spec.action = EdgeAction::forward;
  spec.link = 1;
  EdgeId last = 0;
  for (int i = 0; i < 40; ++i) last = dataplane->add_edge(net.split, spec);
  ASSERT_TRUE(dataplane->set_route(net.split, *Ipv4Prefix::parse("10.0.2.0/24"), {{last}, {}}));
  const auto before = dataplane->counters().delivered;
  while (dataplane->counters().delivered < before + 1000) std::this_thread::yield();
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.counters.dropped(), 0u);
}

TEST(Forwarding, CountsEncapsulationOnTheLink) {
  Diamond net;
  net.image.links[0].overhead_fixed = 44;
  net.image.links[0].overhead_block = 16;
  const Frame frame = udp(9);  // 20 + 8 + 1 octets
  net.send(net.source, {frame});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.links[0].bytes, 44u + 32u);  // 29 + 2 padded to 16s
  EXPECT_EQ(outcome.counters.links[1].bytes + outcome.counters.links[2].bytes, 29u);
  EXPECT_EQ(outcome.counters.ports[net.source].received_bytes, 29u);
  EXPECT_EQ(outcome.counters.ports[net.sink].delivered_bytes, 29u);
}

TEST(Forwarding, RecordsOneLatencyPerPacket) {
  Diamond net;
  net.send(net.source, std::vector<Frame>(100, udp(5)));
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.path_latency_ns.total(), 100u);
  EXPECT_GT(outcome.counters.path_latency_ns.min(), 0u);
  EXPECT_EQ(outcome.counters.router_latency_ns[net.split].total(), 100u);
  EXPECT_EQ(outcome.counters.routers[net.split].packets, 100u);
}

TEST(Forwarding, HeaderChecksumsStayRight_Rfc1624) {
  Diamond net;
  std::mt19937 random(1);
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < 20'000; ++i) {
    frames.push_back(PacketBuilder()
                         .ipv4(kSource, kSink)
                         .identification(static_cast<uint16_t>(random()))
                         .ttl(static_cast<uint8_t>(3 + random() % 253))
                         .udp(5, 6)
                         .frame());
  }
  net.send(net.source, frames);
  const Outcome outcome = net.run();
  const auto& arrived = outcome.arrived.at(net.sink);
  EXPECT_EQ(arrived.size(), outcome.counters.delivered);
  for (const Frame& frame : arrived) {
    const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
    ASSERT_TRUE(packet);  // it checks the header's checksum
  }
}

// Bursts whose sizes leave every kind of tail.
class Bursts : public testing::TestWithParam<uint32_t> {};

TEST_P(Bursts, DeliverEverythingInOrderPerFlow) {
  Diamond net;
  net.options.burst = GetParam();
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < 1000; ++i) {
    frames.push_back(udp(static_cast<uint16_t>(5000 + i % 37), i));
  }
  net.send(net.source, frames);
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.sink).size(), frames.size());
  std::map<uint16_t, uint32_t> last;
  for (const Frame& frame : outcome.arrived.at(net.sink)) {
    const auto packet = view(frame);
    EXPECT_EQ(packet.ttl, 62);
    const auto sequence = static_cast<uint32_t>(
        std::stoul(std::string(packet.payload.begin() + 8, packet.payload.end())));
    const auto [entry, is_new] = last.try_emplace(packet.flow.source_port, sequence);
    EXPECT_TRUE(is_new || entry->second < sequence);
    entry->second = sequence;
  }
}

INSTANTIATE_TEST_SUITE_P(Tails, Bursts, testing::Values(1, 3, 4, 15, 16, 17, 64, 67, 255, 256));

TEST(Workers, NeverReorderAFlow) {
  Diamond net;
  net.options.workers = eal().workers;
  // Three sources on three workers, one port that one of them owns.
  for (uint16_t part = 0; part < 3; ++part) {
    std::vector<Frame> frames;
    for (uint32_t i = 0; i < 3000; ++i) {
      frames.push_back(udp(static_cast<uint16_t>(6000 + part * 100 + i % 19), i));
    }
    net.send(net.source, frames);
  }
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.offered, 9000u);
  std::map<uint16_t, uint32_t> last;
  for (const Frame& frame : outcome.arrived.at(net.sink)) {
    const auto packet = view(frame);
    const auto sequence = static_cast<uint32_t>(
        std::stoul(std::string(packet.payload.begin() + 8, packet.payload.end())));
    const auto [entry, is_new] = last.try_emplace(packet.flow.source_port, sequence);
    EXPECT_TRUE(is_new || entry->second < sequence);
    entry->second = sequence;
  }
  EXPECT_EQ(outcome.arrived.at(net.sink).size(), outcome.counters.delivered);
}

TEST(Workers, ShareTheFlowsOfOneStream) {
  Diamond net;
  net.options.workers = eal().workers;
  net.image.ports[net.sink].capture_file.clear();
  StreamSpec stream;
  stream.port = net.source;
  stream.destination = kSink;
  stream.frame_sizes = {60};
  stream.limit = 10'000;
  net.image.streams.push_back(stream);
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.offered, 10'000u);
  EXPECT_EQ(outcome.counters.delivered, 10'000u);
}

}  // namespace
}  // namespace skyhop::dataplane
