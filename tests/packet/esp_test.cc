// Tunnels that encrypt, between routers: what arrives, what is on the wire, what is dropped where.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "dataplane/links/overhead.h"
#include "pcap/reader.h"
#include "tests/packet/esp_line.h"

namespace skyhop::dataplane {
namespace {

using ipsec::AssociationRecord;
using ipsec::Cipher;
using ipsec::EspSpec;
using ipsec::Integrity;
using ipsec::Transform;
using ipsec::UdpEncapsulation;
using pcap::PacketBuilder;

constexpr Transform kGcm{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_256_cbc, Integrity::hmac_sha256_128};

Frame numbered(uint16_t flow, uint32_t number, size_t size = 0) {
  return PacketBuilder()
      .ipv4(EspLine::kSource, EspLine::kSink)
      .udp(flow, 80)
      .payload(std::to_string(number))
      .frame_size(size)
      .frame();
}

std::vector<Frame> numbered_frames(uint32_t count, uint16_t flows = 37) {
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < count; ++i) {
    frames.push_back(numbered(static_cast<uint16_t>(5000 + i % flows), i));
  }
  return frames;
}

/// Every flow's numbers must grow from packet to packet.
void expect_flows_in_order(const std::vector<Frame>& arrived) {
  std::map<uint16_t, uint32_t> last;
  for (const Frame& frame : arrived) {
    const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
    ASSERT_TRUE(packet);
    const auto number = static_cast<uint32_t>(
        std::stoul(std::string(packet->payload.begin() + 8, packet->payload.end())));
    const auto [entry, is_new] = last.try_emplace(packet->flow.source_port, number);
    ASSERT_TRUE(is_new || entry->second < number) << "flow " << packet->flow.source_port;
    entry->second = number;
  }
}

struct Case {
  Transform transform;
  uint32_t burst;
};
class EspBursts : public testing::TestWithParam<Case> {};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Transform transform : {kGcm, kCbc}) {
    for (const uint32_t burst : {1u, 3u, 4u, 67u, 256u}) all.push_back({transform, burst});
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Esp, EspBursts, testing::ValuesIn(cases()), [](const auto& param) {
  return std::string(param.param.transform == kGcm ? "gcm_" : "cbc_") +
         std::to_string(param.param.burst);
});

TEST_P(EspBursts, CrossATunnelAndNothingButTheTtlChanges) {
  EspLine line(GetParam().transform);
  line.options.burst = GetParam().burst;
  const auto sent = numbered_frames(1000);
  line.send(line.source, sent);
  const Outcome outcome = line.run();
  const auto& arrived = outcome.arrived.at(line.sink);
  ASSERT_EQ(arrived.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    const auto expected = PacketBuilder()
                              .ipv4(EspLine::kSource, EspLine::kSink)
                              .udp(static_cast<uint16_t>(5000 + i % 37), 80)
                              .payload(std::to_string(i))
                              .ttl(62)
                              .packet();
    EXPECT_EQ(std::vector(arrived[i].begin() + 14, arrived[i].end()), expected) << i;
  }
  const LinkCounters& tunnel = outcome.counters.links[line.tunnel];
  EXPECT_EQ(tunnel.packets, sent.size());
  EXPECT_EQ(tunnel.sealed, sent.size());
  EXPECT_EQ(tunnel.opened, sent.size());
  EXPECT_GT(tunnel.seal_cycles, 0u);
  EXPECT_GT(tunnel.open_cycles, 0u);
}

TEST_P(EspBursts, CorruptedOnesAmongThemAreDroppedWhereTheyArrive) {
  const auto sent = numbered_frames(300);
  std::vector<Frame> wire = sealed_on_the_wire(GetParam().transform, sent);
  ASSERT_EQ(wire.size(), sent.size());
  uint64_t corrupted = 0;
  for (size_t i = 0; i < wire.size(); i += 7, ++corrupted) wire[i][wire[i].size() - 3] ^= 4;
  EspLine line(GetParam().transform);
  line.options.burst = GetParam().burst;
  line.arrive(wire);
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.offered, sent.size());
  EXPECT_EQ(line.dropped_at(line.far, DropReason::esp_auth_failed, outcome), corrupted);
  EXPECT_EQ(outcome.counters.delivered, sent.size() - corrupted);
  expect_flows_in_order(outcome.arrived.at(line.sink));
}

class Esp : public testing::TestWithParam<Transform> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Esp, testing::Values(kGcm, kCbc), [](const auto& param) {
  return std::string(param.param == kGcm ? "gcm" : "cbc");
});

TEST_P(Esp, TheWireWeighsWhatTheLinkCounts) {
  for (const auto udp : {UdpEncapsulation::off, UdpEncapsulation::on}) {
    EspLine line(GetParam());
    line.esp().udp = udp;
    const ipsec::Overhead overhead = ipsec::overhead_of(GetParam(), udp);
    line.image.links[line.tunnel].overhead_fixed = overhead.fixed;
    line.image.links[line.tunnel].overhead_block = overhead.block;
    const std::string file = line.capture(line.tunnel);
    std::vector<Frame> sent;
    for (size_t size = 43; size < 90; ++size) sent.push_back(numbered(1, 0, size));
    sent.push_back(numbered(1, 0, 1514));
    line.send(line.source, sent);
    const Outcome outcome = line.run();
    uint64_t octets = 0;
    for (const Frame& frame : read_capture(file)) octets += frame.size() - 14;
    EXPECT_EQ(outcome.counters.links[line.tunnel].bytes, octets);
  }
}

TEST_P(Esp, ACaptureShowsWhatIsOnTheTunnelAndWhen) {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  const auto now = [] {
    return static_cast<uint64_t>(
        duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  };
  EspLine line(GetParam());
  const std::string file = line.capture(line.tunnel);
  line.image.links[line.back].capture_file = file;  // both directions in one file
  line.send(line.source, numbered_frames(67));
  std::vector<Frame> answers;
  for (uint32_t i = 0; i < 20; ++i) {
    answers.push_back(PacketBuilder().ipv4(EspLine::kSink, EspLine::kSource).udp(80, 5000).frame());
  }
  line.send(line.sink, answers);
  const uint64_t before = now();
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.delivered, 87u);
  auto reader = pcap::CaptureReader::open(file);
  ASSERT_TRUE(reader);
  std::map<uint32_t, uint32_t> by_source;
  uint64_t last = before;
  for (auto frame = reader->next(); frame && *frame; frame = reader->next()) {
    const auto packet = pcap::parse_frame((*frame)->link, (*frame)->bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->flow.protocol, pcap::kProtocolEsp);
    ++by_source[packet->flow.source.value()];
    EXPECT_GE((*frame)->timestamp_ns, last);
    last = (*frame)->timestamp_ns;
  }
  EXPECT_LE(last, now());
  EXPECT_EQ(by_source[EspLine::kNearOuter.value()], 67u);
  EXPECT_EQ(by_source[EspLine::kFarOuter.value()], 20u);
}

TEST_P(Esp, Rfc4301_RoutersAgeThePacketInside) {
  // The sending gateway takes one from the TTL before it seals, and the receiving one after.
  EspLine line(GetParam());
  const std::string plain = line.capture(line.into_far_fabric);
  line.send(line.source, {numbered(1, 0)});
  line.run();
  const auto frames = read_capture(plain);
  ASSERT_EQ(frames.size(), 1u);
  const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frames[0]);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ttl, 62);  // a plain link shows the packet as it is by now, checksum included
}

TEST_P(Esp, WhatIsCapturedOpensInAnotherRunOnce) {
  const auto sent = numbered_frames(67);
  const auto wire = sealed_on_the_wire(GetParam(), sent);
  EspLine line(GetParam());
  line.arrive(wire);
  line.arrive(wire);  // somebody plays them a second time
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.offered, 134u);
  EXPECT_EQ(outcome.counters.delivered, 67u);
  EXPECT_EQ(line.dropped_at(line.far, DropReason::esp_replayed, outcome), 67u);
}

TEST_P(Esp, PacketsThatAreNoEspAreNotLetIn) {
  EspLine line(GetParam());
  line.arrive({numbered(1, 0), numbered(1, 1)});  // in the clear
  const Outcome outcome = line.run();
  EXPECT_EQ(line.dropped_at(line.far, DropReason::esp_malformed, outcome), 2u);
}

TEST_P(Esp, OverAPlainLinkPacketsArriveAsTheyAre) {
  EspLine line(GetParam());
  line.image.replays.push_back({.file = line.keep({numbered(1, 0), numbered(1, 1)}),
                                .loops = 1,
                                .link = line.into_far_fabric});
  EXPECT_EQ(line.run().counters.delivered, 2u);
}

TEST_P(Esp, PaddingOfShortFramesIsLeftBehind) {
  Frame frame = PacketBuilder().ipv4(EspLine::kSource, EspLine::kSink).udp(1, 2).frame();
  const size_t length = frame.size();
  frame.resize(60, 0xee);
  EspLine line(GetParam());
  line.send(line.source, {frame});
  const Outcome outcome = line.run();
  ASSERT_EQ(outcome.arrived.at(line.sink).size(), 1u);
  EXPECT_EQ(outcome.arrived.at(line.sink)[0].size(), length);
}

TEST_P(Esp, PacketsTooLongAreCutBeforeTheyAreSealed) {
  EspLine line(GetParam());
  line.image.links[line.tunnel].mtu = 600;
  line.send(line.source, {numbered(1, 0, 1514)});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.originated, 2u);
  EXPECT_EQ(outcome.counters.delivered, 3u);
  EXPECT_EQ(outcome.counters.links[line.tunnel].sealed, 3u);
}

TEST_P(Esp, ErrorsAboutPacketsBehindTheTunnelQuoteThem) {
  EspLine line(GetParam());
  line.route(line.far, "10.0.1.0/24", {line.far_to_near});
  const Frame dying = PacketBuilder()
                          .ipv4(EspLine::kSource, EspLine::kSink)
                          .udp(7, 80)
                          .payload("hello")
                          .ttl(2)
                          .frame();
  line.send(line.source, {dying});
  const Outcome outcome = line.run();
  EXPECT_EQ(line.dropped_at(line.far, DropReason::ttl_expired, outcome), 1u);
  const auto& answers = outcome.arrived.at(line.source);
  ASSERT_EQ(answers.size(), 1u);
  const auto answer = pcap::parse_frame(pcap::LinkType::ethernet, answers[0]);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->flow.protocol, pcap::kProtocolIcmp);
  const auto quoted = pcap::parse_ipv4(answer->payload.subspan(8));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->flow.source_port, 7);
}

TEST_P(Esp, ATunnelThatIsCutOrAGatewayThatIsDownOpensNothing) {
  EspLine cut(GetParam());
  cut.send(cut.source, numbered_frames(10));
  const Outcome lost = cut.run([&](Dataplane& d) { d.set_link_up(cut.tunnel, false); });
  EXPECT_EQ(lost.drops(DropReason::link_down), 10u);
  EspLine dead(GetParam());
  dead.send(dead.source, numbered_frames(10));
  const Outcome down = dead.run([&](Dataplane& d) { d.set_router_up(dead.far, false); });
  EXPECT_EQ(down.drops(DropReason::router_down), 10u);
  EXPECT_EQ(down.counters.links[dead.tunnel].opened, 0u);
}

TEST_P(Esp, AHeldPacketIsSealedWhileItIsOnItsWay) {
  EspLine line(GetParam());
  std::atomic<uint64_t> clock = 1'000'000;
  line.image.held_packets = 1024;
  line.image.links[line.tunnel].conditions.delay_ns = 1'000'000;
  line.options.link_clock = &clock;
  line.send(line.source, numbered_frames(67));
  const auto dataplane = line.make();
  ASSERT_TRUE(dataplane->start());
  while (dataplane->counters().held != 67) std::this_thread::yield();
  EXPECT_EQ(dataplane->counters().links[line.tunnel].sealed, 67u);
  EXPECT_EQ(dataplane->counters().links[line.tunnel].opened, 0u);
  clock += 1'000'000'000;
  wait_until_finished(*dataplane);
  const Outcome outcome = line.finish(*dataplane);
  EXPECT_EQ(outcome.counters.delivered, 67u);
  EXPECT_EQ(outcome.counters.links[line.tunnel].opened, 67u);
  expect_flows_in_order(outcome.arrived.at(line.sink));
}

TEST_P(Esp, ATunnelRefusesWhatItsLinkDuplicatesOrCorrupts) {
  constexpr uint32_t kCount = 300;
  EspLine twice(GetParam());
  twice.image.held_packets = 2 * kCount;
  twice.image.links[twice.tunnel].conditions.duplicated = 1;
  twice.send(twice.source, numbered_frames(kCount));
  const Outcome doubled = twice.run();
  EXPECT_EQ(doubled.counters.delivered, kCount);
  EXPECT_EQ(twice.dropped_at(twice.far, DropReason::esp_replayed, doubled), kCount);
  EXPECT_TRUE(doubled.counters.sum_law_holds());
  expect_flows_in_order(doubled.arrived.at(twice.sink));

  EspLine noisy(GetParam());
  noisy.image.held_packets = kCount;
  noisy.image.links[noisy.tunnel].conditions.corrupted = 1;
  noisy.send(noisy.source, numbered_frames(kCount));
  const Outcome broken = noisy.run();
  EXPECT_EQ(broken.counters.delivered, 0u);
  // Wherever the bit is: in the outer header, the SPI, the sequence number, or what is encrypted.
  uint64_t refused = 0;
  for (const auto reason :
       {DropReason::bad_checksum, DropReason::esp_malformed, DropReason::esp_unknown_spi,
        DropReason::esp_replayed, DropReason::esp_auth_failed}) {
    refused += noisy.dropped_at(noisy.far, reason, broken);
  }
  EXPECT_EQ(refused, kCount);
  EXPECT_GT(noisy.dropped_at(noisy.far, DropReason::esp_auth_failed, broken), kCount / 2);
}

TEST_P(Esp, RekeysWhileTrafficFlowsAndLosesNothing) {
  EspLine line(GetParam());
  line.esp().lifetime.packets = 1000;
  line.options.burst = 67;
  const auto sent = numbered_frames(30'000);
  line.send(line.source, sent);
  const auto dataplane = line.make();
  ASSERT_TRUE(dataplane->start());
  for (double now = 0; !dataplane->is_finished(); now += 1) {
    dataplane->tend(now);
    std::this_thread::yield();
  }
  const Outcome outcome = line.finish(*dataplane);
  EXPECT_EQ(outcome.counters.delivered, sent.size());
  EXPECT_EQ(outcome.counters.dropped(), 0u);
  expect_flows_in_order(outcome.arrived.at(line.sink));
  // 900 packets each.
  std::set<uint32_t> spis;
  uint64_t packets = 0;
  for (const AssociationRecord& record : dataplane->associations()) {
    if (record.link != line.tunnel || record.packets == 0) continue;
    spis.insert(record.spec.keys.spi);
    packets += record.packets;
    EXPECT_LE(record.packets, 900u);
    EXPECT_EQ(record.opened, record.packets);
  }
  EXPECT_EQ(spis.size(), (sent.size() + 899) / 900);
  EXPECT_EQ(packets, sent.size());
}

TEST_P(Esp, NoWorkerReordersAFlowInABundleThatRekeys) {
  EspLine line(GetParam());
  line.options.workers = eal().workers;
  line.esp().tunnels = 8;
  line.esp().lifetime.packets = 200;
  std::vector<uint32_t> counts;
  for (uint16_t part = 0; part < 3; ++part) {
    std::vector<Frame> frames;
    for (uint32_t i = 0; i < 3000; ++i) {
      frames.push_back(numbered(static_cast<uint16_t>(6000 + part * 100 + i % 19), i));
    }
    line.send(line.source, frames);
  }
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.offered, 9000u);
  EXPECT_EQ(outcome.counters.dropped(), outcome.drops(DropReason::tx_full));
  expect_flows_in_order(outcome.arrived.at(line.sink));
  EXPECT_EQ(outcome.arrived.at(line.sink).size(), outcome.counters.delivered);
}

TEST_P(Esp, EveryWorkerHasItsOwnAssociations) {
  EspLine line(GetParam());
  line.options.workers = eal().workers;
  for (int i = 0; i < 3; ++i) line.send(line.source, numbered_frames(100));
  const auto dataplane = line.make();
  ASSERT_TRUE(dataplane->start());
  wait_until_finished(*dataplane);
  line.finish(*dataplane);
  std::set<uint32_t> spis;
  for (const AssociationRecord& record : dataplane->associations()) {
    if (record.link != line.tunnel || record.packets == 0) continue;
    EXPECT_EQ(record.packets, 100u);
    spis.insert(record.spec.keys.spi);
  }
  EXPECT_EQ(spis.size(), 3u);
}

TEST(EspLinks, AnUnwritableCaptureIsToldBeforeAnythingStarts) {
  EspLine line(kGcm);
  line.image.links[line.tunnel].capture_file = "/nonexistent/tunnel.pcap";
  const auto made = Dataplane::create(line.image, line.options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().where, "/nonexistent/tunnel.pcap");
}

}  // namespace
}  // namespace skyhop::dataplane
