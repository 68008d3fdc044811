// Packets into ESP and out again, and everything that can be wrong with them on the way.
#include "dataplane/ipsec/tunnel.h"

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/ipsec/rig.h"

namespace skyhop::dataplane::ipsec {
namespace {

constexpr Transform kGcm{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_256_cbc, Integrity::hmac_sha256_128};

uint32_t word_at(const Frame& frame, size_t at) {
  return pcap::read_header<lpm::Be32>(frame, at)->value();
}
uint32_t spi_of(const Frame& frame) { return word_at(frame, kEthernet + kIpv4); }
uint32_t sequence_of(const Frame& frame) { return word_at(frame, kEthernet + kIpv4 + 4); }

void expect_same_packets(const std::vector<Frame>& in, const std::vector<Frame>& out) {
  ASSERT_EQ(in.size(), out.size());
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(ip_of(in[i]), ip_of(out[i])) << i;
    EXPECT_EQ(out[i].size(), kEthernet + ip_of(in[i]).size()) << i;
    EXPECT_EQ(out[i][12] << 8 | out[i][13], pcap::kEtherTypeIpv4) << i;
  }
}

// ---- There and back ----------------------------------------------------------------------------

class EveryTransform : public testing::TestWithParam<Transform> {};
INSTANTIATE_TEST_SUITE_P(All, EveryTransform, testing::ValuesIn(all_transforms()),
                         [](const auto& param) { return test_name(param.param); });

TEST_P(EveryTransform, PacketsComeOutAsTheyWentIn) {
  for (const auto udp : {UdpEncapsulation::off, UdpEncapsulation::on}) {
    for (const auto numbers : {SequenceNumbers::bits_32, SequenceNumbers::extended}) {
      EspSpec spec = spec_of(GetParam());
      spec.udp = udp;
      spec.sequence_numbers = numbers;
      Pair pair(spec);
      for (const uint32_t burst : kBursts) {
        const auto in = packets(burst);
        const auto wire = pair.sealed(in);
        for (size_t i = 0; i < in.size(); ++i) EXPECT_NE(wire[i], in[i]);
        const Passed out = pair.open(wire);
        EXPECT_EQ(out.bad, 0u);
        expect_same_packets(in, out.frames);
      }
    }
  }
}

TEST_P(EveryTransform, WeighsWhatTheAccountingSays) {
  for (const auto udp : {UdpEncapsulation::off, UdpEncapsulation::on}) {
    EspSpec spec = spec_of(GetParam());
    spec.udp = udp;
    Pair pair(spec);
    const Overhead overhead = overhead_of(GetParam(), udp);
    std::vector<Frame> in;
    for (size_t length = 42; length < 42 + 40; ++length) in.push_back(packet(1, 0, length));
    in.push_back(packet(1, 0, 1514));
    const auto wire = pair.sealed(in);
    for (size_t i = 0; i < in.size(); ++i) {
      const size_t inner = in[i].size() - kEthernet;
      const size_t blocks = (inner + 2 + overhead.block - 1) / overhead.block * overhead.block;
      EXPECT_EQ(wire[i].size() - kEthernet, blocks + overhead.fixed) << inner;
    }
    expect_same_packets(in, pair.open(wire).frames);
  }
}

TEST_P(EveryTransform, OneFlippedBitAnywhereIsNoticed) {
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed({packet(1, 0, 100)});
  const size_t esp = kEthernet + kIpv4;
  std::vector<Frame> broken;
  for (size_t at = esp + kEspHeader; at < wire[0].size(); ++at) {
    broken.push_back(wire[0]);
    broken.back()[at] ^= static_cast<uint8_t>(1u << (at % 8));
  }
  const Passed out = pair.open(broken);
  EXPECT_EQ(out.count(Fault::authentication), broken.size());
  EXPECT_EQ(pair.open(wire).bad, 0u);  // and the good one still comes through
}

TEST_P(EveryTransform, Rfc3602_3_NobodyCanPredictAnIv) {
  const TransformSizes sizes = sizes_of(GetParam());
  if (sizes.iv == 0) GTEST_SKIP() << "a tunnel without a cipher has no IV";
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed(std::vector<Frame>(67, packet(1, 0)));
  std::set<std::string> ivs, first_blocks;
  for (const Frame& frame : wire) {
    const auto iv = frame.begin() + kEthernet + kIpv4 + kEspHeader;
    ivs.emplace(iv, iv + sizes.iv);
    first_blocks.emplace(iv + sizes.iv, iv + sizes.iv + 8);
  }
  EXPECT_EQ(ivs.size(), wire.size());
  EXPECT_EQ(first_blocks.size(), wire.size()) << "equal packets look equal on the wire";
  if (sizes.is_aead) return;  // RFC 4106 3.1: a counter will do
  // Neighbours differ in about half of their bits.
  uint32_t bits = 0;
  for (size_t i = 1; i < wire.size(); ++i) {
    for (size_t k = 0; k < sizes.iv; ++k) {
      const size_t at = kEthernet + kIpv4 + kEspHeader + k;
      bits += static_cast<uint32_t>(__builtin_popcount(wire[i][at] ^ wire[i - 1][at]));
    }
  }
  EXPECT_NEAR(bits / static_cast<double>((wire.size() - 1) * sizes.iv * 8), 0.5, 0.05);
}

// ---- One tunnel --------------------------------------------------------------------------------

class BothKinds : public testing::TestWithParam<Transform> {};
INSTANTIATE_TEST_SUITE_P(Kinds, BothKinds, testing::Values(kGcm, kCbc),
                         [](const auto& param) { return test_name(param.param); });

TEST_P(BothKinds, Rfc4303_2_2_SequenceNumbersCountFromOne) {
  Pair pair(spec_of(GetParam()));
  uint32_t expected = 1;
  for (const uint32_t burst : kBursts) {
    for (const Frame& frame : pair.sealed(packets(burst))) {
      EXPECT_EQ(sequence_of(frame), expected++);
      EXPECT_EQ(spi_of(frame), pair.current().spec.keys.spi);
    }
  }
}

TEST_P(BothKinds, CorruptedPacketsAmongGoodOnes) {
  for (const uint32_t burst : kBursts) {
    Pair pair(spec_of(GetParam()));
    const auto in = packets(burst);
    auto wire = pair.sealed(in);
    std::vector<Frame> expected;
    for (size_t i = 0; i < wire.size(); ++i) {
      if (i % 3 == 1) {
        wire[i].back() ^= 1;
      } else {
        expected.push_back(in[i]);
      }
    }
    const Passed out = pair.open(wire);
    for (size_t i = 0; i < wire.size(); ++i) {
      EXPECT_EQ(out.faults[i], i % 3 == 1 ? Fault::authentication : Fault::none) << i;
    }
    expect_same_packets(expected, out.good());
  }
}

TEST_P(BothKinds, ReplayedPacketsAreTold) {
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed(packets(67));
  EXPECT_EQ(pair.open(wire).bad, 0u);
  EXPECT_EQ(pair.open(wire).count(Fault::replayed), 67u);
  // Copies within one burst, too: the first of them counts.
  const auto more = pair.sealed(packets(3));
  const Passed out = pair.open({more[0], more[1], more[0], more[2], more[2], more[1]});
  EXPECT_EQ(out.faults, (std::vector{Fault::none, Fault::none, Fault::replayed, Fault::none,
                                     Fault::replayed, Fault::replayed}));
}

TEST_P(BothKinds, AForgedPacketDoesNotMoveTheWindow) {
  EspSpec spec = spec_of(GetParam());
  spec.replay_window = 64;
  Pair pair(spec);
  const auto wire = pair.sealed(packets(2));
  Frame forged = wire[1];
  forged[kEthernet + kIpv4 + 4] = 0x70;  // a sequence number far ahead
  EXPECT_EQ(pair.open({forged}).faults[0], Fault::authentication);
  EXPECT_EQ(pair.open(wire).bad, 0u);
}

TEST_P(BothKinds, TruncatedPacketsAreTold) {
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed({packet(1, 0, 90)});
  std::vector<Frame> cut;
  for (size_t length = 0; length < wire[0].size(); ++length) {
    cut.emplace_back(wire[0].begin(), wire[0].begin() + static_cast<ptrdiff_t>(length));
  }
  EXPECT_EQ(pair.open(cut).count(Fault::malformed), cut.size());
  // Cut, and the outer header says so: what is too short or ends within a block cannot be ESP, and
  // the rest has no right ICV.
  std::vector<Frame> honest;
  for (size_t length = kEthernet + kIpv4 + kEspHeader; length < wire[0].size(); ++length) {
    Frame frame(wire[0].begin(), wire[0].begin() + static_cast<ptrdiff_t>(length));
    frame[kEthernet + 2] = 0;
    frame[kEthernet + 3] = static_cast<uint8_t>(length - kEthernet);
    frame[kEthernet + 10] = frame[kEthernet + 11] = 0;
    finish_outer(frame.data() + kEthernet,
                 constant_sum(outer_template(kHere, kThere, UdpEncapsulation::off)), 0);
    honest.push_back(frame);
  }
  const Passed out = pair.open(honest);
  EXPECT_EQ(out.count(Fault::malformed) + out.count(Fault::authentication), honest.size());
  EXPECT_GT(out.count(Fault::authentication), 0u);
  EXPECT_EQ(pair.open(wire).bad, 0u);
}

TEST_P(BothKinds, UnknownSpisAreTold) {
  Pair pair(spec_of(GetParam()));
  const auto wire = pair.sealed(packets(4));
  auto wrong = wire;
  wrong[1][kEthernet + kIpv4] ^= 0x80;
  wrong[2][kEthernet + kIpv4 + 3] ^= 0x01;
  EXPECT_EQ(pair.open(wrong).faults,
            (std::vector{Fault::none, Fault::unknown_spi, Fault::unknown_spi, Fault::none}));
}

TEST_P(BothKinds, PacketsOfOtherAddressesAreNotOurs) {
  Pair pair(spec_of(GetParam()));
  EspSpec other = spec_of(GetParam());
  other.source = {198, 51, 100, 12};
  Pair stranger(other);  // same label, same keys, another gateway
  EXPECT_EQ(pair.open(stranger.sealed(packets(3))).count(Fault::unknown_spi), 3u);
}

TEST_P(BothKinds, UdpEncapsulationMustBeAsAgreed) {
  EspSpec with_udp = spec_of(GetParam());
  with_udp.udp = UdpEncapsulation::on;
  Pair plain(spec_of(GetParam())), encapsulated(with_udp);
  EXPECT_EQ(plain.open(encapsulated.sealed(packets(3))).count(Fault::malformed), 3u);
  EXPECT_EQ(encapsulated.open(plain.sealed(packets(3))).count(Fault::malformed), 3u);
}

TEST_P(BothKinds, AWrongOuterChecksumIsTold) {
  Pair pair(spec_of(GetParam()));
  auto wire = pair.sealed(packets(3));
  wire[1][kEthernet + 8] = 1;  // another TTL, and nobody told the checksum
  EXPECT_EQ(pair.open(wire).faults, (std::vector{Fault::none, Fault::bad_checksum, Fault::none}));
}

TEST_P(BothKinds, WithoutTheRightKeysNothingOpens) {
  EspSpec other = spec_of(GetParam());
  other.seed = 2;
  const KeyMaterial keys = Pair(spec_of(GetParam())).current().spec.keys;
  other.keys = {make_keys(3, {}, GetParam())};
  other.keys[0].spi = keys.spi;
  Pair pair(spec_of(GetParam())), stranger(other);
  EXPECT_EQ(stranger.open(pair.sealed(packets(67))).count(Fault::authentication), 67u);
}

TEST_P(BothKinds, GivenKeysAreUsed) {
  EspSpec spec = spec_of(GetParam());
  spec.keys = {make_keys(99, {.link = "by hand"}, GetParam())};
  spec.keys[0].spi = 0x1234;
  Pair pair(spec);
  EXPECT_EQ(pair.current().spec.keys, spec.keys[0]);
  EXPECT_EQ(spi_of(pair.sealed(packets(1))[0]), 0x1234u);
}

TEST_P(BothKinds, APacketWithoutRoomBehindItIsTold) {
  Pair pair(spec_of(GetParam()));
  const Passed out = pair.seal({packet(1, 0), packet(1, 1, 2048 + 60), packet(1, 2)});
  EXPECT_EQ(out.faults, (std::vector{Fault::none, Fault::no_room, Fault::none}));
  EXPECT_EQ(pair.open(out.good()).bad, 0u);
}

// ---- Bundles -----------------------------------------------------------------------------------

TEST_P(BothKinds, V47_FlowsSpreadOverTheTunnelsOfABundleAndKeepTheirOrder) {
  EspSpec spec = spec_of(GetParam());
  spec.tunnels = kMostTunnels;
  Pair pair(spec);
  constexpr uint16_t kFlows = 400;
  std::map<uint16_t, std::set<uint32_t>> tunnels_of_flow;
  std::map<uint32_t, uint32_t> flows_of_tunnel;
  std::map<uint16_t, uint32_t> next;
  for (uint32_t round = 0; round < 3; ++round) {
    std::vector<Frame> in;
    for (uint16_t flow = 0; flow < kFlows; ++flow) in.push_back(packet(1000 + flow, round));
    const auto wire = pair.sealed(in);
    for (uint16_t flow = 0; flow < kFlows; ++flow) {
      if (round == 0) ++flows_of_tunnel[spi_of(wire[flow])];
      tunnels_of_flow[flow].insert(spi_of(wire[flow]));
    }
    const Passed out = pair.open(wire);
    ASSERT_EQ(out.bad, 0u);
    expect_same_packets(in, out.frames);  // in the very same order
  }
  for (const auto& [flow, spis] : tunnels_of_flow) EXPECT_EQ(spis.size(), 1u) << flow;
  EXPECT_EQ(flows_of_tunnel.size(), kMostTunnels);
  // 400 flows over 50 tunnels, 8 each: chi-squared with 49 degrees of freedom, 0.001 at 85.4.
  double chi_squared = 0;
  for (const auto& [spi, flows] : flows_of_tunnel) chi_squared += (flows - 8.0) * (flows - 8.0) / 8;
  EXPECT_LT(chi_squared, 85.4);
}

TEST_P(BothKinds, TunnelsOfABundleHaveKeysOfTheirOwn) {
  EspSpec spec = spec_of(GetParam());
  spec.tunnels = 8;
  Pair pair(spec);
  std::set<std::string> keys;
  std::set<uint32_t> spis;
  for (uint32_t i = 0; i < spec.tunnels; ++i) {
    keys.insert(to_hex(pair.current(i).spec.keys.cipher_key));
    spis.insert(pair.current(i).spec.keys.spi);
  }
  EXPECT_EQ(keys.size(), spec.tunnels);
  EXPECT_EQ(spis.size(), spec.tunnels);
}

TEST(Tunnels, WhatNobodyCarriesOutIsRefused) {
  const auto qsbr = lpm::Qsbr::create(1);
  const auto made = Control::create(
      {{.index = 0, .name = "a -> b", .spec = spec_of({Cipher::des_cbc, Integrity::hmac_sha1_96})}},
      1, 9999, **qsbr);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().to_string(),
            "a -> b: nothing here encrypts with DES/SHA1 (choose another algorithm, or "
            "--encryption none)");
  EspSpec wrong = spec_of(kCbc);
  wrong.driver = "crypto_aesni_gcm";
  EXPECT_FALSE(Control::create({{.index = 0, .name = "a -> b", .spec = wrong}}, 1, 9998, **qsbr));
  wrong.driver = "crypto_enigma";
  EXPECT_FALSE(Control::create({{.index = 0, .name = "a -> b", .spec = wrong}}, 1, 9997, **qsbr));
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
