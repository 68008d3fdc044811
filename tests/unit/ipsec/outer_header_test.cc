// The header in front of a sealed packet (RFC 4301 5.1.2.1), written and read.
#include "dataplane/ipsec/outer_header.h"

#include <gtest/gtest.h>

#include "pcap/checksum.h"
#include "tests/unit/ipsec/rig.h"

namespace skyhop::dataplane::ipsec {
namespace {

using pcap::Ipv4Header;
using pcap::PacketBuilder;

constexpr Transform kGcm{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_256_cbc, Integrity::hmac_sha256_128};

Ipv4Header outer_of(const Frame& frame) { return *pcap::read_header<Ipv4Header>(frame, kEthernet); }

PacketBuilder inner() {
  return PacketBuilder().ipv4({10, 0, 1, 4}, {10, 0, 2, 4}).udp(1, 2).payload("hello");
}

class OuterHeader : public testing::TestWithParam<Transform> {};
INSTANTIATE_TEST_SUITE_P(Both, OuterHeader, testing::Values(kGcm, kCbc),
                         [](const auto& param) { return test_name(param.param); });

TEST_P(OuterHeader, Rfc4301_TtlIsItsOwn) {
  Pair pair(spec_of(GetParam()));
  for (const uint8_t ttl : {1, 63, 255}) {
    const auto wire = pair.sealed({inner().ttl(ttl).frame()});
    EXPECT_EQ(outer_of(wire[0]).ttl, kOuterTtl);
    EXPECT_EQ(pair.open(wire).frames[0][kEthernet + 8], ttl);
  }
}

TEST_P(OuterHeader, Rfc4301_DontFragmentIsCopied) {
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed({inner().dont_fragment().frame(), inner().frame()});
  EXPECT_EQ(outer_of(wire[0]).fragment.value(), Ipv4Header::kDontFragment);
  EXPECT_EQ(outer_of(wire[1]).fragment.value(), 0);
}

TEST_P(OuterHeader, Rfc4301_AFragmentInsideIsNoneOutside) {
  Pair pair(spec_of(GetParam()));
  const Frame fragment = inner().more_fragments().fragment_offset(64).frame();
  const auto wire = pair.sealed({fragment});
  EXPECT_EQ(outer_of(wire[0]).fragment.value(), 0);
  EXPECT_EQ(ip_of(pair.open(wire).frames[0]), ip_of(fragment));
}

TEST_P(OuterHeader, Rfc4301_DscpAndEcnAreCopied) {
  Pair pair(spec_of(GetParam()));
  for (const uint8_t traffic_class : {0x00, 0xb8, 0x02, 0xfe, 0xff}) {
    const auto wire = pair.sealed({inner().traffic_class(traffic_class).frame()});
    EXPECT_EQ(outer_of(wire[0]).traffic_class, traffic_class);
  }
}

TEST_P(OuterHeader, HasRightLengthsChecksumAndIdentification) {
  for (const auto udp : {UdpEncapsulation::off, UdpEncapsulation::on}) {
    EspSpec spec = spec_of(GetParam());
    spec.udp = udp;
    Pair pair(spec);
    const auto wire = pair.sealed(packets(67, 333));
    for (size_t i = 0; i < wire.size(); ++i) {
      const Ipv4Header outer = outer_of(wire[i]);
      EXPECT_EQ(outer.total_length.value(), wire[i].size() - kEthernet);
      EXPECT_EQ(pcap::internet_checksum({wire[i].data() + kEthernet, kIpv4}), 0);
      EXPECT_EQ(outer.identification.value(), i + 1);
      EXPECT_EQ(outer.source.value(), kHere.value());
      EXPECT_EQ(outer.destination.value(), kThere.value());
      EXPECT_EQ(outer.protocol, udp == UdpEncapsulation::on ? 17 : 50);
      if (udp == UdpEncapsulation::off) continue;
      const auto header = *pcap::read_header<pcap::UdpHeader>(wire[i], kEthernet + kIpv4);
      EXPECT_EQ(header.source_port.value(), 4500);
      EXPECT_EQ(header.destination_port.value(), 4500);
      EXPECT_EQ(header.length.value(), wire[i].size() - kEthernet - kIpv4);
      EXPECT_EQ(header.checksum.value(), 0);  // RFC 3948 2.1
    }
  }
}

// What congestion on the way does to a packet: the outer ECN becomes CE.
Frame congested(Frame frame) {
  frame[kEthernet + 1] |= 3;
  frame[kEthernet + 10] = frame[kEthernet + 11] = 0;
  const uint16_t sum = pcap::internet_checksum({frame.data() + kEthernet, kIpv4});
  frame[kEthernet + 10] = static_cast<uint8_t>(sum >> 8);
  frame[kEthernet + 11] = static_cast<uint8_t>(sum);
  return frame;
}

TEST_P(OuterHeader, Rfc6040_CongestionOnTheWayIsToldToCapablePackets) {
  Pair pair(spec_of(GetParam()));
  const std::vector<Frame> in = {inner().traffic_class(0xb8).frame(),   // not capable
                                 inner().traffic_class(0xb9).frame(),   // ECT(1)
                                 inner().traffic_class(0x02).frame(),   // ECT(0)
                                 inner().traffic_class(0x03).frame(),   // CE already
                                 inner().traffic_class(0x02).frame()};  // nothing happened to it
  auto wire = pair.sealed(in);
  for (size_t i = 0; i < 4; ++i) wire[i] = congested(wire[i]);
  const Passed out = pair.open(wire);
  ASSERT_EQ(out.bad, 0u);
  const uint8_t expected[] = {0xb8, 0xbb, 0x03, 0x03, 0x02};
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(out.frames[i][kEthernet + 1], expected[i]) << i;
    EXPECT_EQ(pcap::internet_checksum({out.frames[i].data() + kEthernet, kIpv4}), 0) << i;
  }
}

TEST_P(OuterHeader, Rfc4301_ForgedDscpOnTheWayStaysOutside) {
  Pair pair(spec_of(GetParam()));
  auto wire = pair.sealed({inner().traffic_class(0x48).frame()});
  wire[0][kEthernet + 1] = 0xfc;
  wire[0][kEthernet + 10] = wire[0][kEthernet + 11] = 0;
  const uint16_t sum = pcap::internet_checksum({wire[0].data() + kEthernet, kIpv4});
  wire[0][kEthernet + 10] = static_cast<uint8_t>(sum >> 8);
  wire[0][kEthernet + 11] = static_cast<uint8_t>(sum);
  EXPECT_EQ(pair.open(wire).frames[0][kEthernet + 1], 0x48);
}

// ---- Reading -----------------------------------------------------------------------------------

Frame esp_frame(bool with_udp = false) {
  const std::vector<uint8_t> esp{0x11, 0x22, 0x33, 0x44, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8};
  PacketBuilder builder;
  builder.ipv4(kHere, kThere);
  if (with_udp) {
    builder.udp(4500, 4500);
  } else {
    builder.protocol(50);
  }
  return builder.payload(pcap::Bytes(esp)).frame();
}

TEST(ReadSealed, FindsTheEspPacket) {
  for (const bool with_udp : {false, true}) {
    Sealed sealed;
    ASSERT_FALSE(read_sealed(esp_frame(with_udp), sealed));
    EXPECT_EQ(sealed.spi, 0x11223344u);
    EXPECT_EQ(sealed.source, kHere.value());
    EXPECT_EQ(sealed.destination, kThere.value());
    EXPECT_EQ(sealed.offset, kEthernet + kIpv4 + (with_udp ? kUdp : 0));
    EXPECT_EQ(sealed.length, 16u);
    EXPECT_FALSE(sealed.is_congested);
  }
}

TEST(ReadSealed, PaddingOfTheLinkIsNotPartOfIt) {
  Frame frame = esp_frame();
  frame.resize(frame.size() + 30, 0xee);
  Sealed sealed;
  ASSERT_FALSE(read_sealed(frame, sealed));
  EXPECT_EQ(sealed.length, 16u);
}

TEST(ReadSealed, TheUdpLengthMayCountTheHeaderOnly) {
  Frame frame = esp_frame(true);
  frame[kEthernet + kIpv4 + 4] = 0;
  frame[kEthernet + kIpv4 + 5] = kUdp;
  Sealed sealed;
  ASSERT_FALSE(read_sealed(frame, sealed));
  EXPECT_EQ(sealed.length, 16u);
  frame[kEthernet + kIpv4 + 5] = 250;
  EXPECT_EQ(read_sealed(frame, sealed), SealedFault::malformed);
}

TEST(ReadSealed, RefusesEverythingElse) {
  const std::vector<uint8_t> keep_alive{0xff}, ike{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto builder = [] { return PacketBuilder().ipv4(kHere, kThere); };
  const auto fault = [](const Frame& frame) {
    Sealed sealed;
    return read_sealed(frame, sealed);
  };
  EXPECT_EQ(fault({}), SealedFault::malformed);
  EXPECT_EQ(fault(builder().udp(4500, 4500).payload(pcap::Bytes(keep_alive)).frame()),
            SealedFault::malformed);
  EXPECT_EQ(fault(builder().udp(4500, 4500).payload(pcap::Bytes(ike)).frame()),
            SealedFault::malformed);
  EXPECT_EQ(fault(builder().udp(4500, 4501).payload("0123456789abcdef").frame()),
            SealedFault::malformed);
  EXPECT_EQ(fault(builder().tcp(1, 2).payload("0123456789abcdef").frame()), SealedFault::malformed);
  EXPECT_EQ(fault(builder().protocol(50).payload("0123456789abcdef").more_fragments().frame()),
            SealedFault::malformed);
  EXPECT_EQ(fault(builder().protocol(50).payload("0123456").frame()), SealedFault::malformed);
  EXPECT_EQ(fault(builder().protocol(50).payload("0123456789").version(6).frame()),
            SealedFault::malformed);
  EXPECT_EQ(fault(builder().protocol(50).payload("0123456789").bad_ip_checksum().frame()),
            SealedFault::bad_checksum);
  const Frame whole = esp_frame(true);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(fault({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)})) << length;
  }
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
