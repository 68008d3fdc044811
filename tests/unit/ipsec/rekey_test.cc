// New SAs in time: nothing is lost, and old ones go when they are done.
#include <set>

#include "tests/unit/ipsec/rig.h"

namespace skyhop::dataplane::ipsec {
namespace {

using State = AssociationRecord::State;

constexpr Transform kGcm{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_256_cbc, Integrity::hmac_sha256_128};

uint32_t spi_of(const Frame& frame) {
  return pcap::read_header<lpm::Be32>(frame, kEthernet + kIpv4)->value();
}

class Rekeying : public testing::TestWithParam<Transform> {
 protected:
  EspSpec spec_ = spec_of(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Kinds, Rekeying, testing::Values(kGcm, kCbc),
                         [](const auto& param) { return test_name(param.param); });

TEST_P(Rekeying, ByPackets) {
  spec_.lifetime.packets = 100;  // 90, then a new SA
  Pair pair(spec_);
  std::vector<uint32_t> spis;
  for (uint32_t round = 0; round < 20; ++round) {
    for (const uint32_t burst : kBursts) {
      const auto in = packets(burst);
      const auto wire = pair.sealed(in);
      for (const Frame& frame : wire) spis.push_back(spi_of(frame));
      const Passed out = pair.open(wire);
      ASSERT_EQ(out.bad, 0u);
      for (size_t i = 0; i < in.size(); ++i) ASSERT_EQ(ip_of(out.frames[i]), ip_of(in[i]));
    }
    pair.control().tend(round);
  }
  // Exactly 90 packets each, bursts or not.
  for (size_t i = 1; i < spis.size(); ++i) EXPECT_EQ(spis[i] != spis[i - 1], i % 90 == 0) << i;
  EXPECT_EQ(std::set(spis.begin(), spis.end()).size(), (spis.size() + 89) / 90);
}

TEST_P(Rekeying, ByOctets) {
  spec_.lifetime.octets = 10'000;  // of packets of 186 octets: the 49th passes 9,000
  Pair pair(spec_);
  std::vector<uint32_t> spis;
  for (uint32_t round = 0; round < 10; ++round) {
    const auto wire = pair.sealed(packets(67));
    for (const Frame& frame : wire) spis.push_back(spi_of(frame));
    EXPECT_EQ(pair.open(wire).bad, 0u);
    pair.control().tend(round);
  }
  for (size_t i = 1; i < spis.size(); ++i) EXPECT_EQ(spis[i] != spis[i - 1], i % 49 == 0) << i;
}

TEST_P(Rekeying, ByTime) {
  spec_.lifetime.seconds = 27'000;
  Pair pair(spec_);
  const auto spi_at = [&pair](double now) {
    pair.control().tend(now);
    const auto wire = pair.sealed(packets(4));
    EXPECT_EQ(pair.open(wire).bad, 0u);
    return spi_of(wire[0]);
  };
  const uint32_t first = spi_at(0);
  EXPECT_EQ(spi_at(24'299), first);
  const uint32_t second = spi_at(24'300);  // nine tenths
  EXPECT_NE(second, first);
  pair.control().tend(24'301);  // sees the new one at work: its life begins
  EXPECT_EQ(spi_at(24'301 + 24'299), second);
  EXPECT_NE(spi_at(24'301 + 24'301), second);
}

TEST_P(Rekeying, BySequenceNumbersOf32Bits) {
  spec_.sequence_numbers = SequenceNumbers::bits_32;
  Pair pair(spec_);
  const Association& association = *pair.tunnel().current(0);
  EXPECT_LT(association.soft_packets, uint64_t{1} << 32);
}

TEST_P(Rekeying, BothAreAcceptedUntilTheOldOneIsDone) {
  spec_.lifetime.packets = 10;
  Pair pair(spec_);
  const auto wire = pair.sealed(packets(12));  // 9 of the first SA, 3 of the second
  ASSERT_NE(spi_of(wire[8]), spi_of(wire[9]));
  const std::vector<Frame> old_ones(wire.begin(), wire.begin() + 9);
  const std::vector<Frame> new_ones(wire.begin() + 9, wire.end());
  EXPECT_EQ(pair.open(new_ones).bad, 0u);  // they overtook the others
  pair.control().tend(1);
  EXPECT_EQ(pair.count(State::replaced), 1u);
  EXPECT_EQ(pair.open({old_ones[0], old_ones[1]}).bad, 0u);
  pair.control().tend(2);
  EXPECT_EQ(pair.count(State::replaced), 1u);
  EXPECT_EQ(pair.open({old_ones.begin() + 2, old_ones.end()}).bad, 0u);
  pair.control().tend(3);  // all nine have come
  EXPECT_EQ(pair.count(State::replaced), 0u);
  EXPECT_EQ(pair.count(State::gone), 1u);
  EXPECT_EQ(pair.open(old_ones).count(Fault::unknown_spi), 9u);
}

TEST_P(Rekeying, WithoutANewOneTheOldOneGoesOnToItsEnd) {
  spec_.lifetime.packets = 1u << 18;  // one spare is enough for that
  Pair pair(spec_);
  ASSERT_EQ(stock_for(spec_).spares, 1u);
  constexpr uint32_t kSoft = (1u << 18) - (1u << 18) / 10, kHard = 1u << 18;
  uint64_t sealed = 0, lost = 0;
  while (sealed + lost < kSoft + kHard + 1000) {
    const Passed out = pair.seal(packets(500, 60));
    sealed += out.count(Fault::none);
    lost += out.count(Fault::no_association);
  }
  EXPECT_EQ(sealed, kSoft + kHard);
  EXPECT_GE(lost, 500u);
  pair.control().tend(1);
  EXPECT_EQ(pair.seal(packets(4)).bad, 0u);  // and on it goes
}

TEST_P(Rekeying, AnExpiredOneIsNotUsed) {
  spec_.lifetime.seconds = 100;
  Pair pair(spec_);
  pair.control().tend(95);
  pair.sealed(packets(1));  // takes the spare
  // The control thread sees the second one, then comes again long after its end; the third is at
  // hand by then.
  pair.control().tend(96);
  pair.control().tend(10'000);
  EXPECT_EQ(pair.sealed(packets(1)).size(), 1u);
  std::set<uint32_t> generations;
  for (const AssociationRecord& record : pair.control().records()) {
    if (record.packets != 0) generations.insert(record.generation);
  }
  EXPECT_EQ(generations, (std::set<uint32_t>{1, 2}));
}

TEST_P(Rekeying, SpisAndKeysAreNew) {
  spec_.lifetime.packets = 10;
  Pair pair(spec_);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(pair.open(pair.sealed(packets(67))).bad, 0u);
    pair.control().tend(i);
  }
  std::set<uint32_t> spis;
  std::set<std::string> keys;
  const auto records = pair.control().records();
  EXPECT_GT(records.size(), 290u);
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].generation, i);
    spis.insert(records[i].spec.keys.spi);
    keys.insert(to_hex(records[i].spec.keys.cipher_key));
  }
  EXPECT_EQ(spis.size(), records.size());
  EXPECT_EQ(keys.size(), records.size());
}

TEST_P(Rekeying, MemoryIsBoundedWhateverIsLostOnTheWay) {
  spec_.lifetime.packets = 10;
  Pair pair(spec_);
  for (int i = 0; i < 200; ++i) {
    pair.seal(packets(67));  // nothing of it ever arrives, and SAs run out
    pair.control().tend(i);
  }
  EXPECT_LE(pair.count(State::spare) + pair.count(State::current) + pair.count(State::replaced),
            stock_for(spec_).all);
}

TEST(Stock, GrowsAsLivesShrink) {
  EspSpec spec;
  EXPECT_EQ(stock_for(spec).spares, 1u);
  spec.lifetime = {.packets = 0, .octets = 102'400'000'000, .seconds = 27'000};  // Azure's
  EXPECT_EQ(stock_for(spec).spares, 1u);
  spec.lifetime.octets = 1'048'576;  // the least that Azure takes
  EXPECT_GT(stock_for(spec).spares, 1u);
  spec.lifetime.packets = 1;
  EXPECT_EQ(stock_for(spec).spares, 256u);
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
