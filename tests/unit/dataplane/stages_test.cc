// The parts of the stages that need no worker: header rewriting, fragments, ICMP, rules, overhead.
#include <gtest/gtest.h>

#include <random>

#include "dataplane/links/overhead.h"
#include "dataplane/stages/fragment.h"
#include "dataplane/stages/icmp.h"
#include "dataplane/stages/input.h"
#include "dataplane/stages/nsg.h"
#include "dataplane/stages/rewrite.h"
#include "pcap/checksum.h"
#include "pcap/packet.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kA(10, 0, 0, 1), kB(10, 0, 0, 2);

TEST(Rewrite, ManyDecrementsAtOnceEqualOneByOneAndAFreshChecksum) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    auto packet = PacketBuilder()
                      .ipv4(Ipv4Address(static_cast<uint32_t>(random())),
                            Ipv4Address(static_cast<uint32_t>(random())))
                      .identification(static_cast<uint16_t>(random()))
                      .ttl(static_cast<uint8_t>(2 + random() % 254))
                      .udp(1, 2)
                      .packet();
    const uint8_t ttl = packet[8];
    const auto hops = static_cast<uint32_t>(random() % ttl);
    auto one_by_one = packet;
    for (uint32_t hop = 1; hop <= hops; ++hop) {
      write_header(one_by_one.data(), info::make(28, ttl - hop));
    }
    write_header(packet.data(), info::make(28, ttl - hops));
    EXPECT_EQ(packet, one_by_one);
    EXPECT_EQ(packet[8], ttl - hops);
    auto fresh = packet;
    fresh[10] = fresh[11] = 0;
    const uint16_t checksum = pcap::internet_checksum(pcap::Bytes(fresh).first(20));
    EXPECT_EQ((packet[10] << 8) | packet[11], checksum);
  }
}

TEST(Rewrite, FoldsTheCarryWhereRfc1141WouldGoWrong) {
  // Every header checksum there is, by walking the identification.
  for (uint32_t id = 0; id <= 0xffff; ++id) {
    auto packet =
        PacketBuilder().ipv4(kA, kB).identification(static_cast<uint16_t>(id)).udp(1, 2).packet();
    write_header(packet.data(), info::make(28, 63));
    ASSERT_EQ(pcap::internet_checksum(pcap::Bytes(packet).first(20)), 0) << id;
  }
}

std::vector<uint8_t> reassemble(std::span<const uint8_t> ip, uint32_t mtu, uint32_t expected) {
  const FragmentPlan plan = plan_fragments(ip, mtu);
  EXPECT_EQ(plan.count, expected);
  std::vector<uint8_t> data;
  for (uint32_t i = 0; i < plan.count; ++i) {
    std::vector<uint8_t> piece(mtu);
    const uint32_t length = build_fragment(ip, plan, i, piece.data());
    EXPECT_LE(length, mtu);
    piece.resize(length);
    const auto view = pcap::parse_ipv4(piece);
    EXPECT_TRUE(view);
    if (!view) return {};
    EXPECT_EQ(view->fragment_offset, data.size());
    EXPECT_EQ(view->more_fragments, i + 1 < plan.count);
    data.insert(data.end(), view->payload.begin(), view->payload.end());
  }
  return data;
}

TEST(Fragment, PiecesMakeThePacketAgain) {
  for (const uint32_t size : {100u, 1000u, 1480u, 4000u}) {
    for (const uint32_t mtu : {68u, 576u, 577u, 1400u}) {
      const auto packet =
          PacketBuilder().ipv4(kA, kB).udp(1, 2).payload(std::string(size, 'z')).packet();
      if (packet.size() <= mtu) continue;
      const uint32_t piece = (mtu - 20) & ~7u;
      const auto data = static_cast<uint32_t>(packet.size()) - 20;
      EXPECT_EQ(reassemble(packet, mtu, (data + piece - 1) / piece),
                std::vector<uint8_t>(packet.begin() + 20, packet.end()));
    }
  }
}

TEST(Fragment, OnlyCopiedOptionsGoIntoLaterPieces_Rfc791) {
  // Record route (not copied) and loose source route (copied).
  const uint8_t options[] = {7, 7, 4, 0, 0, 0, 0, 131, 7, 4, 10, 0, 0, 9, 0, 0};
  const auto packet = PacketBuilder()
                          .ipv4(kA, kB)
                          .options(options)
                          .udp(1, 2)
                          .payload(std::string(200, 'q'))
                          .packet();
  const FragmentPlan plan = plan_fragments(packet, 120);
  ASSERT_GE(plan.count, 2u);
  EXPECT_EQ(plan.first_header, 36u);
  EXPECT_EQ(plan.later_header, 28u);
  std::vector<uint8_t> later(120);
  later.resize(build_fragment(packet, plan, 1, later.data()));
  const auto view = pcap::parse_ipv4(later);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->options[0], 131);
}

TEST(Fragment, AFragmentKeepsItsPlaceInTheDatagram) {
  const auto packet = PacketBuilder()
                          .ipv4(kA, kB)
                          .udp(1, 2)
                          .fragment_offset(800)
                          .more_fragments()
                          .payload(std::string(400, 'm'))
                          .packet();
  const FragmentPlan plan = plan_fragments(packet, 220);
  ASSERT_EQ(plan.count, 2u);
  std::vector<uint8_t> last(220);
  last.resize(build_fragment(packet, plan, 1, last.data()));
  const auto view = pcap::parse_ipv4(last);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->fragment_offset, 1000);
  EXPECT_TRUE(view->more_fragments);  // it was not the datagram's last
}

TEST(Icmp, ErrorQuotesTheOffenderAndHasRightChecksums_Rfc1812) {
  const auto packet =
      PacketBuilder().ipv4(kA, kB).udp(7, 8).payload(std::string(1000, 'o')).packet();
  std::vector<uint8_t> message(kMaxIcmpError);
  message.resize(build_icmp_error(IcmpError::time_exceeded(), Ipv4Address(10, 9, 9, 9), packet,
                                  message.data()));
  const auto view = pcap::parse_ipv4(message);
  ASSERT_TRUE(view);
  EXPECT_EQ(message.size(), kMaxIcmpError);
  EXPECT_EQ(view->flow.destination, kA);
  EXPECT_EQ(view->traffic_class, 0xc0);
  EXPECT_EQ(pcap::internet_checksum(view->payload), 0);
  EXPECT_TRUE(std::equal(view->payload.begin() + 8, view->payload.end(), packet.begin()));
}

TEST(Icmp, SpeaksAboutQueriesButNotAboutErrors) {
  EXPECT_TRUE(may_report(PacketBuilder().ipv4(kA, kB).udp(1, 2).packet()));
  EXPECT_TRUE(may_report(PacketBuilder().ipv4(kA, kB).icmp_echo_request(1, 1).packet()));
  EXPECT_FALSE(may_report(PacketBuilder().ipv4(kA, kB).icmp(3, 1).packet()));
  EXPECT_FALSE(may_report(PacketBuilder().ipv4(kA, kB).icmp(11, 0).packet()));
  EXPECT_FALSE(may_report(PacketBuilder().ipv4(kA, kB).icmp(5, 1).packet()));
  EXPECT_FALSE(may_report(PacketBuilder().ipv4(kA, kB).udp(1, 2).fragment_offset(8).packet()));
  EXPECT_TRUE(may_report(PacketBuilder().ipv4(kA, kB).udp(1, 2).more_fragments().packet()));
}

TEST(Icmp, EchoReplyMirrorsTheRequest) {
  auto packet = PacketBuilder().ipv4(kA, kB).ttl(3).icmp_echo_request(5, 6).payload("x").packet();
  ASSERT_TRUE(is_echo_request(packet));
  turn_into_echo_reply(packet);
  const auto view = pcap::parse_ipv4(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->flow.source, kB);
  EXPECT_EQ(view->flow.destination, kA);
  EXPECT_EQ(view->ttl, kOriginTtl);
  EXPECT_EQ(view->payload[0], 0);
  EXPECT_EQ(pcap::internet_checksum(view->payload), 0);
  EXPECT_FALSE(is_echo_request(packet));
  EXPECT_FALSE(is_echo_request(
      PacketBuilder().ipv4(kA, kB).icmp_echo_request(5, 6).bad_transport_checksum().packet()));
}

TEST(Nsg, FirstMatchDecidesAndNoMatchDenies_A66) {
  FilterRule deny_host;
  deny_host.sources = {*Ipv4Prefix::parse("10.0.0.1/32")};
  FilterRule allow_web;
  allow_web.allow = true;
  allow_web.protocol = 6;
  allow_web.destination_ports = {{80, 80}, {8000, 8080}};
  const std::vector<FilterRule> stage = {deny_host, allow_web};
  EXPECT_FALSE(allows(stage, {kA, kB, 1, 80, 6}));
  EXPECT_TRUE(allows(stage, {kB, kA, 1, 80, 6}));
  EXPECT_TRUE(allows(stage, {kB, kA, 1, 8080, 6}));
  EXPECT_FALSE(allows(stage, {kB, kA, 1, 8081, 6}));
  EXPECT_FALSE(allows(stage, {kB, kA, 1, 80, 17}));
  EXPECT_FALSE(allows({}, {kB, kA, 1, 80, 6}));
}

TEST(Nsg, PortsSayNothingAboutProtocolsWithoutThem) {
  FilterRule rule;
  rule.allow = true;
  rule.source_ports = {{0, 100}};
  EXPECT_FALSE(allows({rule}, {kA, kB, 7, 0, 1}));
  EXPECT_TRUE(allows({rule}, {kA, kB, 7, 0, 17}));
  rule.source_ports = {{0, 0xffff}};
  EXPECT_TRUE(allows({rule}, {kA, kB, 7, 0, 1}));
}

TEST(Input, ErrorsNameTheFlowTheyAreAbout) {
  const auto quoted = PacketBuilder().ipv4(kA, kB).tcp(1000, 443).packet();
  const auto packet = PacketBuilder().ipv4(kB, kA).icmp(3, 3).payload(quoted).packet();
  const FilterInput input = filter_input(packet.data());
  EXPECT_EQ(input.key, (lpm::FlowKey{kB, kA, 0, 0, 1}));
  ASSERT_TRUE(input.about);
  EXPECT_EQ(*input.about, (lpm::FlowKey{kA, kB, 1000, 443, 6}));
}

TEST(Links, EncapsulationPadsToWholeBlocks) {
  EXPECT_EQ(Overhead::of(0, 1).on_wire(100), 100u);
  EXPECT_EQ(Overhead::of(52, 1).on_wire(100), 152u);
  EXPECT_EQ(Overhead::of(52, 16).on_wire(100), 112u + 52u);
  EXPECT_EQ(Overhead::of(52, 16).on_wire(94), 96u + 52u);
  EXPECT_EQ(Overhead::of(52, 16).on_wire(95), 112u + 52u);
  EXPECT_EQ(Overhead::of(52, 4).on_wire(95), 100u + 52u);
}

}  // namespace
}  // namespace skyhop::dataplane
