#include "pcap/packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "pcap/checksum.h"
#include "pcap/reader.h"

namespace skyhop::pcap {
namespace {

using lpm::Ipv4Address;
using Octets = std::vector<uint8_t>;

constexpr Ipv4Address kSource(10, 0, 30, 4);
constexpr Ipv4Address kDestination(10, 0, 110, 4);

PacketBuilder packet() { return PacketBuilder().ipv4(kSource, kDestination); }

PacketView parsed(const PacketBuilder& builder) {
  static Octets bytes;  // what the view refers to
  bytes = builder.packet();
  const auto view = parse_ipv4(bytes);
  EXPECT_TRUE(view) << to_string(view.error());
  return view.value_or(PacketView{});
}

PacketError error_of(const PacketBuilder& builder) {
  const auto bytes = builder.packet();
  const auto view = parse_ipv4(bytes);
  EXPECT_FALSE(view);
  return view ? PacketError::not_ipv4 : view.error();
}

TEST(PacketBuilder, HandWrittenUdpFrame) {
  const Octets expected = {
      0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,  // eth
      0x45, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0xda, 0xc7,              // ipv4
      0x0a, 0x00, 0x1e, 0x04, 0x0a, 0x00, 0x6e, 0x04,                                      //
      0x0f, 0xa0, 0x14, 0x51, 0x00, 0x0a, 0xd3, 0x77,                                      // udp
      0x68, 0x69};
  EXPECT_EQ(packet().udp(4000, 5201).payload("hi").frame(), expected);
}

TEST(PacketBuilder, MakesWhatText2pcapMakes) {
  auto reader = CaptureReader::open(SKYHOP_CAPTURES "/raw.pcap");
  ASSERT_TRUE(reader);
  const auto expect_next = [&reader](PacketBuilder& builder) {
    const auto frame = reader->next();
    ASSERT_TRUE(frame && *frame);
    auto expected = builder.ttl(255).identification(0x1234).packet();
    expected.resize(46);  // text2pcap pads its Ethernet frames to 60 octets
    EXPECT_EQ(Octets((*frame)->bytes.begin(), (*frame)->bytes.end()), expected);
  };
  expect_next(packet().udp(4000, 5201).payload("skyhop"));
  ASSERT_TRUE(reader->next().value());  // TCP: text2pcap's window and sequence number are its own
  expect_next(packet().icmp_echo_request(7, 3));
  expect_next(packet().protocol(kProtocolEsp).payload(Octets{1, 2, 3, 4}));
}

TEST(PacketBuilder, VlanTagsOutermostFirst) {
  const auto frame = packet().vlan(10, kEtherTypeServiceVlan).vlan(110).udp(1, 2).frame();
  const Octets tags(frame.begin() + 12, frame.begin() + 22);
  EXPECT_EQ(tags, (Octets{0x88, 0xa8, 0, 10, 0x81, 0x00, 0, 110, 0x08, 0x00}));
  const auto view = parse_frame(LinkType::ethernet, frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->flow.source, kSource);
}

TEST(PacketBuilder, FrameSizeFillsThePayload) {
  for (const size_t size : {60, 64, 590, 1514, 9014}) {
    const auto frame = packet().udp(1, 2).frame_size(size).frame();
    ASSERT_EQ(frame.size(), size);
    const auto view = parse_frame(LinkType::ethernet, frame);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->total_length, size - 14);
    EXPECT_TRUE(transport_checksum_ok(kSource, kDestination, kProtocolUdp, view->payload));
  }
  EXPECT_EQ(packet().vlan(1).tcp(1, 2).frame_size(100).frame().size(), 100u);
  EXPECT_EQ(packet().udp(1, 2).payload("0123456789").frame_size(20).frame().size(), 52u);
}

TEST(PacketBuilder, TransportChecksumsAreRight) {
  const auto udp = parsed(packet().udp(1000, 53).payload("odd"));
  EXPECT_TRUE(transport_checksum_ok(kSource, kDestination, kProtocolUdp, udp.payload));
  const auto tcp = parsed(packet().tcp(1000, 80, TcpHeader::kSyn, 7).payload("x"));
  EXPECT_TRUE(transport_checksum_ok(kSource, kDestination, kProtocolTcp, tcp.payload));
  const auto icmp = parsed(packet().icmp_echo_request(7, 3).payload("ping"));
  EXPECT_EQ(internet_checksum(icmp.payload), 0);
  const auto bad = parsed(packet().udp(1000, 53).bad_transport_checksum());
  EXPECT_FALSE(transport_checksum_ok(kSource, kDestination, kProtocolUdp, bad.payload));
}

TEST(PacketBuilderDeathTest, AbortsOnMisuse) {
  EXPECT_DEATH(packet().fragment_offset(7), "multiple of 8");
  EXPECT_DEATH(packet().options(Octets(41)), "40 octets");
  EXPECT_DEATH((void)packet().udp(1, 2).payload(Octets(65508)).packet(), "65535 octets");
  EXPECT_EQ(packet().udp(1, 2).payload(Octets(65507)).packet().size(), 65535u);
}

TEST(ParseIpv4, ReadsEveryField) {
  const auto view = parsed(packet()
                               .udp(4000, 5201)
                               .payload("hello")
                               .ttl(3)
                               .traffic_class(0xb8)
                               .identification(0x1234)
                               .dont_fragment()
                               .options(Octets{0x94, 0x04, 0x00, 0x00}));
  EXPECT_EQ(view.flow, (lpm::FlowKey{kSource, kDestination, 4000, 5201, kProtocolUdp}));
  EXPECT_EQ(view.header_length, 24u);
  EXPECT_EQ(view.total_length, 24 + 8 + 5);
  EXPECT_EQ(view.identification, 0x1234);
  EXPECT_EQ(view.traffic_class, 0xb8);
  EXPECT_EQ(view.ttl, 3);
  EXPECT_TRUE(view.dont_fragment);
  EXPECT_FALSE(view.more_fragments);
  EXPECT_FALSE(view.is_fragment());
  EXPECT_FALSE(view.truncated());
  EXPECT_EQ(Octets(view.options.begin(), view.options.end()), (Octets{0x94, 0x04, 0, 0}));
  EXPECT_EQ(view.payload.size(), 13u);
}

TEST(ParseIpv4, FlowKeysFollowTheRules) {
  const auto key = [](const PacketBuilder& builder) { return parsed(builder).flow; };
  const auto flow = [](uint16_t source_port, uint16_t destination_port, uint8_t protocol) {
    return lpm::FlowKey{kSource, kDestination, source_port, destination_port, protocol};
  };
  EXPECT_EQ(key(packet().tcp(4001, 80)), flow(4001, 80, kProtocolTcp));
  EXPECT_EQ(key(packet().icmp_echo_request(7, 3)), flow(7, 0, kProtocolIcmp));
  EXPECT_EQ(key(packet().icmp_echo_reply(7, 3)), flow(7, 0, kProtocolIcmp));
  EXPECT_EQ(key(packet().icmp(IcmpHeader::kTimeExceeded, 0, 0x12345678)),
            flow(0, 0, kProtocolIcmp));
  EXPECT_EQ(key(packet().protocol(kProtocolEsp).payload("12345678")), flow(0, 0, kProtocolEsp));
  // Every piece of a datagram has the same key, the first one too.
  EXPECT_EQ(key(packet().udp(1, 2).more_fragments()), flow(0, 0, kProtocolUdp));
  EXPECT_EQ(key(packet().udp(1, 2).payload("12345678").fragment_offset(1480)),
            flow(0, 0, kProtocolUdp));
  EXPECT_EQ(key(packet().icmp_echo_request(7, 3).more_fragments()), flow(0, 0, kProtocolIcmp));
  // Too short for ports.
  EXPECT_EQ(key(packet().protocol(kProtocolTcp).payload("123")), flow(0, 0, kProtocolTcp));
  EXPECT_EQ(key(packet().protocol(kProtocolIcmp).payload(Octets{8, 0, 0})),
            flow(0, 0, kProtocolIcmp));
}

TEST(ParseIpv4, Fragments) {
  const auto last = parsed(packet().udp(1, 2).payload("12345678").fragment_offset(65528));
  EXPECT_EQ(last.fragment_offset, 65528);
  EXPECT_EQ(last.payload.size(), 8u) << "no transport header";
  EXPECT_TRUE(last.is_fragment());
  const auto middle = parsed(packet().udp(1, 2).fragment_offset(8).more_fragments());
  EXPECT_TRUE(middle.more_fragments);
  EXPECT_EQ(middle.fragment_offset, 8);
}

TEST(ParseIpv4, BadHeader) {
  EXPECT_EQ(error_of(packet().udp(1, 2).version(6)), PacketError::bad_header);
  EXPECT_EQ(error_of(packet().udp(1, 2).version(0)), PacketError::bad_header);
  EXPECT_EQ(error_of(packet().udp(1, 2).header_words(4)), PacketError::bad_header);
  EXPECT_EQ(error_of(packet().udp(1, 2).header_words(0)), PacketError::bad_header);
  EXPECT_EQ(error_of(packet().udp(1, 2).header_words(15)), PacketError::bad_header) << "28 octets";
  EXPECT_EQ(parse_ipv4({}).error(), PacketError::bad_header);
}

TEST(ParseIpv4, BadLength) {
  EXPECT_EQ(error_of(packet().udp(1, 2).total_length(19)), PacketError::bad_length);
  EXPECT_EQ(error_of(packet().udp(1, 2).total_length(0)), PacketError::bad_length);
  EXPECT_EQ(error_of(packet().udp(1, 2).total_length(29)), PacketError::bad_length);
  EXPECT_EQ(error_of(packet().udp(1, 2).header_words(6).total_length(20)), PacketError::bad_length);
}

TEST(ParseIpv4, BadChecksum) {
  EXPECT_EQ(error_of(packet().udp(1, 2).bad_ip_checksum()), PacketError::bad_checksum);
}

TEST(ParseIpv4, EveryFlippedHeaderBitIsAnError) {
  const auto good = packet().udp(4000, 53).payload("hello").packet();
  for (size_t bit = 0; bit < 20 * 8; ++bit) {
    Octets bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(parse_ipv4(bad)) << "bit " << bit;
  }
}

TEST(ParseIpv4, PaddingIsNotPayload) {
  auto bytes = packet().udp(1, 2).payload("x").packet();
  bytes.resize(46);
  const auto view = parse_ipv4(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload.size(), 9u);
}

// Cut at every octet, with and without knowing that there was more on the wire.
TEST(ParseIpv4, CutAtEveryOctet) {
  const auto whole = packet().tcp(4001, 80).options(Octets(8, 1)).payload("hello").packet();
  for (size_t length = 0; length < whole.size(); ++length) {
    // A buffer of exactly this size, so that the sanitizer sees a step beyond it.
    const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const auto strict = parse_ipv4(cut);
    ASSERT_FALSE(strict);
    EXPECT_EQ(strict.error(), length < 28 ? PacketError::bad_header : PacketError::bad_length);

    const auto snapped = parse_ipv4(cut, whole.size());
    ASSERT_EQ(snapped.has_value(), length >= 28) << length;
    if (!snapped) continue;
    EXPECT_TRUE(snapped->truncated());
    EXPECT_EQ(snapped->payload.size(), length - 28);
    EXPECT_EQ(snapped->flow.destination_port, length >= 32 ? 80 : 0);
    EXPECT_FALSE(describe(*snapped).empty());
  }
}

TEST(ParseFrame, NotIpv4) {
  auto frame = packet().udp(1, 2).ether_type(kEtherTypeIpv6).frame();
  EXPECT_EQ(parse_frame(LinkType::ethernet, frame).error(), PacketError::not_ipv4);
  EXPECT_EQ(parse_frame(LinkType::ethernet, Bytes(frame).first(13)).error(), PacketError::not_ipv4);
  EXPECT_EQ(parse_frame(LinkType::ethernet, {}).error(), PacketError::not_ipv4);
}

TEST(ParseFrame, SnappedFrame) {
  const auto frame = packet().vlan(3).udp(1, 2).frame_size(200).frame();
  const auto view = parse_frame(LinkType::ethernet, Bytes(frame).first(60), frame.size());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->truncated());
  EXPECT_EQ(view->total_length, 182);
  EXPECT_EQ(parse_frame(LinkType::ethernet, Bytes(frame).first(60)).error(),
            PacketError::bad_length);
}

TEST(Describe, OneLine) {
  const auto line = [](const PacketBuilder& builder) { return describe(parsed(builder)); };
  EXPECT_EQ(line(packet().udp(4000, 5201)), "10.0.30.4:4000 > 10.0.110.4:5201 udp ttl 64 len 28");
  EXPECT_EQ(line(packet().tcp(4001, 80, TcpHeader::kSyn | TcpHeader::kAck).ttl(61).dont_fragment()),
            "10.0.30.4:4001 > 10.0.110.4:80 tcp [S.] ttl 61 len 40 df");
  EXPECT_EQ(line(packet().icmp_echo_request(7, 3)),
            "10.0.30.4 > 10.0.110.4 icmp echo request id 7 seq 3 ttl 64 len 28");
  EXPECT_EQ(line(packet().icmp_echo_reply(7, 3)),
            "10.0.30.4 > 10.0.110.4 icmp echo reply id 7 seq 3 ttl 64 len 28");
  EXPECT_EQ(line(packet().icmp(IcmpHeader::kTimeExceeded, 0)),
            "10.0.30.4 > 10.0.110.4 icmp time exceeded ttl 64 len 28");
  EXPECT_EQ(line(packet().icmp(IcmpHeader::kUnreachable, 4, 1400)),
            "10.0.30.4 > 10.0.110.4 icmp fragmentation needed mtu 1400 ttl 64 len 28");
  EXPECT_EQ(line(packet().icmp(IcmpHeader::kUnreachable, 1)),
            "10.0.30.4 > 10.0.110.4 icmp unreachable code 1 ttl 64 len 28");
  EXPECT_EQ(line(packet().icmp(13, 2)), "10.0.30.4 > 10.0.110.4 icmp type 13 code 2 ttl 64 len 28");
  EXPECT_EQ(line(packet().protocol(kProtocolEsp)), "10.0.30.4 > 10.0.110.4 esp ttl 64 len 20");
  EXPECT_EQ(line(packet().protocol(89)), "10.0.30.4 > 10.0.110.4 protocol 89 ttl 64 len 20");
  EXPECT_EQ(line(packet().udp(1, 2).payload("12345678").fragment_offset(1480)),
            "10.0.30.4 > 10.0.110.4 udp ttl 64 len 28 fragment 1480");
  EXPECT_EQ(line(packet().tcp(1, 2).more_fragments()),
            "10.0.30.4 > 10.0.110.4 tcp [.] ttl 64 len 40 fragment 0+");
}

TEST(Describe, FramesThatAreNone) {
  const auto line = [](const PacketBuilder& builder) {
    return describe_frame(LinkType::ethernet, builder.frame());
  };
  EXPECT_EQ(line(packet().udp(1, 2)), "10.0.30.4:1 > 10.0.110.4:2 udp ttl 64 len 28");
  EXPECT_EQ(line(packet().ether_type(kEtherTypeArp)), "arp, 34 octets");
  EXPECT_EQ(line(packet().ether_type(kEtherTypeIpv6)), "ipv6, 34 octets");
  EXPECT_EQ(line(packet().ether_type(0x88cc)), "EtherType 0x88cc, 34 octets");
  EXPECT_EQ(line(packet().ether_type(0x0026)), "no network layer, 34 octets");
  EXPECT_EQ(line(packet().bad_ip_checksum()), "bad_checksum, 34 octets");
  EXPECT_EQ(line(packet().version(5)), "bad_header, 34 octets");
  EXPECT_EQ(line(packet().total_length(4)), "bad_length, 34 octets");
}

}  // namespace
}  // namespace skyhop::pcap
