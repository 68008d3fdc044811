// What routers say: time exceeded, unreachable, too big, echo; and when they keep silent.
#include <gtest/gtest.h>

#include "pcap/checksum.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSource(10, 0, 1, 4), kSink(10, 0, 2, 4);
constexpr Ipv4Address kFirst(10, 9, 0, 1), kSecond(10, 9, 0, 2);

// source - fabric - first - second - sink, with the way back.
struct Line : Rig {
  RouterIndex entry = fabric("entry");
  RouterIndex first = gateway("first", kFirst);
  RouterIndex second = gateway("second", kSecond);
  PortIndex source = port("source", kSource, entry);
  PortIndex sink = port("sink", kSink, second);
  EdgeId entry_on = forward(entry, first);      // link 0
  EdgeId first_on = forward(first, second);     // link 1
  EdgeId first_back = forward(first, entry);    // link 2
  EdgeId second_back = forward(second, first);  // link 3
  Line() {
    route(entry, "0.0.0.0/0", {entry_on});
    route(entry, "10.0.1.4/32", {deliver(entry, source)});
    route(first, "10.0.2.0/24", {first_on});
    route(first, "10.0.1.0/24", {first_back});
    route(first, "10.9.0.1/32", {local(first)});
    route(second, "10.0.2.4/32", {deliver(second, sink)});
    route(second, "10.0.1.0/24", {second_back});
  }
};

struct Icmp {
  pcap::PacketView packet;
  uint8_t type = 0xff;
  uint8_t code = 0xff;
  uint16_t mtu = 0;
  std::vector<uint8_t> quoted;
};

Icmp parse_icmp(const Frame& frame) {
  Icmp icmp;
  const auto parsed = pcap::parse_frame(pcap::LinkType::ethernet, frame);
  EXPECT_TRUE(parsed);
  if (!parsed) return icmp;
  icmp.packet = *parsed;
  EXPECT_EQ(parsed->flow.protocol, pcap::kProtocolIcmp);
  EXPECT_EQ(pcap::internet_checksum(parsed->payload), 0);
  const auto header = pcap::read_header<pcap::IcmpHeader>(parsed->payload);
  EXPECT_TRUE(header);
  if (!header) return icmp;
  icmp.type = header->type;
  icmp.code = header->code;
  icmp.mtu = header->sequence.value();
  icmp.quoted.assign(parsed->payload.begin() + 8, parsed->payload.end());
  return icmp;
}

TEST(Icmp, TimeExceededComesFromTheRouterWhereThePacketDied) {
  for (const auto& [ttl, router] : {std::pair{1, kFirst}, std::pair{2, kSecond}}) {
    Line line;
    line.send(line.source, {PacketBuilder()
                                .ipv4(kSource, kSink)
                                .udp(33434, 33435)
                                .ttl(static_cast<uint8_t>(ttl))
                                .payload("probe")
                                .frame()});
    const Outcome outcome = line.run();
    EXPECT_EQ(outcome.drops(DropReason::ttl_expired), 1u);
    EXPECT_EQ(outcome.counters.originated, 1u);
    ASSERT_EQ(outcome.arrived.at(line.source).size(), 1u);
    const Icmp icmp = parse_icmp(outcome.arrived.at(line.source)[0]);
    EXPECT_EQ(icmp.packet.flow.source, router);
    EXPECT_EQ(icmp.packet.flow.destination, kSource);
    EXPECT_EQ(icmp.type, 11);
    EXPECT_EQ(icmp.code, 0);
    // The originator sends with 64; gateways after it count.
    EXPECT_EQ(icmp.packet.ttl, 64 - (ttl - 1));
    // The offender as it reached the router: a right header with a TTL of 1.
    const auto quoted = pcap::parse_ipv4(icmp.quoted);
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->ttl, 1);
    EXPECT_EQ(quoted->flow.destination, kSink);
    EXPECT_EQ(quoted->flow.source_port, 33434);
    EXPECT_EQ(std::string(quoted->payload.begin() + 8, quoted->payload.end()), "probe");
  }
}

TEST(Icmp, NoRouteIsAnsweredWithNetUnreachable) {
  Line line;
  line.send(line.source,
            {PacketBuilder().ipv4(kSource, Ipv4Address(172, 16, 0, 1)).udp(1, 2).frame()});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::no_route), 1u);
  ASSERT_EQ(outcome.arrived.at(line.source).size(), 1u);
  const Icmp icmp = parse_icmp(outcome.arrived.at(line.source)[0]);
  EXPECT_EQ(icmp.type, 3);
  EXPECT_EQ(icmp.code, 0);
  EXPECT_EQ(icmp.packet.flow.source, kFirst);
}

TEST(Icmp, TooBigWithDfNamesTheMtu_Rfc1191) {
  Line line;
  line.image.links[1].mtu = 1400;
  line.send(
      line.source,
      {PacketBuilder().ipv4(kSource, kSink).udp(1, 2).dont_fragment().frame_size(1514).frame()});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::mtu_exceeded), 1u);
  ASSERT_EQ(outcome.arrived.at(line.source).size(), 1u);
  const Icmp icmp = parse_icmp(outcome.arrived.at(line.source)[0]);
  EXPECT_EQ(icmp.type, 3);
  EXPECT_EQ(icmp.code, 4);
  EXPECT_EQ(icmp.mtu, 1400);
  EXPECT_EQ(icmp.packet.total_length, 576);
  EXPECT_EQ(icmp.quoted[8], 64);  // TTL as it came
}

TEST(Icmp, TooBigWithoutDfIsFragmented_Rfc791) {
  Line line;
  line.image.links[1].mtu = 1400;
  const Frame sent =
      PacketBuilder().ipv4(kSource, kSink).udp(1, 2).identification(77).frame_size(1514).frame();
  line.send(line.source, {sent, PacketBuilder().ipv4(kSource, kSink).udp(1, 2).frame()});
  const Outcome outcome = line.run();
  const auto& arrived = outcome.arrived.at(line.sink);
  ASSERT_EQ(arrived.size(), 3u);
  EXPECT_EQ(outcome.counters.originated, 1u);  // one packet became two
  std::vector<uint8_t> data;
  for (int i = 0; i < 2; ++i) {
    const auto piece = pcap::parse_frame(pcap::LinkType::ethernet, arrived[i]);
    ASSERT_TRUE(piece);
    EXPECT_LE(piece->total_length, 1400);
    EXPECT_EQ(piece->identification, 77);
    EXPECT_EQ(piece->ttl, 62);
    EXPECT_EQ(piece->more_fragments, i == 0);
    EXPECT_EQ(piece->fragment_offset, data.size());
    data.insert(data.end(), piece->payload.begin(), piece->payload.end());
  }
  EXPECT_EQ(data, std::vector<uint8_t>(sent.begin() + 34, sent.end()));
  EXPECT_EQ(outcome.counters.links[1].packets, 3u);
}

TEST(Icmp, EchoToARouterIsAnswered) {
  Line line;
  const Frame ping =
      PacketBuilder().ipv4(kSource, kFirst).icmp_echo_request(7, 3).payload("ping!").frame();
  line.send(line.source, {ping});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::answered), 1u);
  EXPECT_EQ(outcome.counters.originated, 1u);
  ASSERT_EQ(outcome.arrived.at(line.source).size(), 1u);
  const Icmp icmp = parse_icmp(outcome.arrived.at(line.source)[0]);
  EXPECT_EQ(icmp.type, 0);
  EXPECT_EQ(icmp.packet.flow.source, kFirst);
  EXPECT_EQ(icmp.packet.ttl, 64);
  EXPECT_EQ(std::string(icmp.quoted.begin(), icmp.quoted.end()), "ping!");
}

TEST(Icmp, TtlOfOneReachesTheRouterItself) {
  Line line;
  line.send(line.source,
            {PacketBuilder().ipv4(kSource, kFirst).icmp_echo_request(7, 3).ttl(1).frame()});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::answered), 1u);
}

TEST(Icmp, NothingIsSaidAboutErrorsAndLaterFragments_Rfc1812) {
  Line line;
  const Frame inner = PacketBuilder().ipv4(kSink, kSource).udp(1, 2).payload("data").frame();
  line.send(line.source, {PacketBuilder()
                              .ipv4(kSource, kSink)
                              .icmp(3, 1)
                              .ttl(1)
                              .payload(pcap::Bytes(inner).subspan(14))
                              .frame(),
                          PacketBuilder()
                              .ipv4(kSource, kSink)
                              .udp(1, 2)
                              .fragment_offset(64)
                              .ttl(1)
                              .payload("later")
                              .frame()});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::ttl_expired), 2u);
  EXPECT_EQ(outcome.counters.originated, 0u);
}

TEST(Icmp, TheFabricKeepsSilent) {
  Line line;
  line.image.links[0].mtu = 100;
  line.send(line.source, {PacketBuilder().ipv4(kSource, kSink).udp(1, 2).frame_size(200).frame()});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.drops(DropReason::mtu_exceeded), 1u);
  EXPECT_EQ(outcome.counters.originated, 0u);
}

TEST(Icmp, ManyFragmentsInOneBurstFitOrAreCounted) {
  Line line;
  line.options.burst = 256;
  line.image.links[1].mtu = 576;
  line.send(line.source,
            std::vector<Frame>(
                256, PacketBuilder().ipv4(kSource, kSink).udp(1, 2).frame_size(1514).frame()));
  const Outcome outcome = line.run();  // three fragments each: more than a pass holds
  EXPECT_GT(outcome.counters.delivered, 200u);
  EXPECT_EQ(outcome.counters.delivered % 3, 0u);
  EXPECT_EQ(outcome.counters.delivered / 3 + outcome.drops(DropReason::no_buffer), 256u);
}

}  // namespace
}  // namespace skyhop::dataplane
