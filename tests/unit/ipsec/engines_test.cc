// Every engine against every other: what one seals, the other opens.
#include <string>
#include <tuple>

#include "tests/unit/ipsec/rig.h"

namespace skyhop::dataplane::ipsec {
namespace {

using Case = std::tuple<Transform, std::string, std::string>;

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Transform transform : all_transforms()) {
    if (transform.cipher == Cipher::null) continue;  // OpenSSL's driver has none
    std::vector<std::string> drivers = {"crypto_aesni_mb", "crypto_openssl"};
    if (sizes_of(transform).is_aead) drivers.insert(drivers.begin(), "crypto_aesni_gcm");
    for (const std::string& seals : drivers) {
      for (const std::string& opens : drivers) {
        if (seals != opens) all.emplace_back(transform, seals, opens);
      }
    }
  }
  return all;
}

class Engines : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Engines, testing::ValuesIn(cases()), [](const auto& param) {
  return test_name(std::get<0>(param.param)) + "_" + std::get<1>(param.param).substr(7) + "_to_" +
         std::get<2>(param.param).substr(7);
});

TEST_P(Engines, UnderstandEachOther) {
  const auto& [transform, seals, opens] = GetParam();
  for (const auto numbers : {SequenceNumbers::bits_32, SequenceNumbers::extended}) {
    EspSpec spec = spec_of(transform);
    spec.sequence_numbers = numbers;
    spec.udp = UdpEncapsulation::on;
    spec.driver = seals;
    Pair here(spec);
    spec.driver = opens;
    Pair there(spec);
    std::vector<Frame> in = packets(67);
    for (size_t size : {60u, 61u, 590u, 1514u}) in.push_back(packet(9, 0, size));
    auto wire = here.sealed(in);
    EXPECT_EQ(wire, there.sealed(in)) << "the same keys, numbers and IVs give the same octets";
    wire[1].back() ^= 1;
    const Passed out = there.open(wire);
    EXPECT_EQ(out.bad, 1u);
    for (size_t i = 0; i < in.size(); ++i) {
      if (i == 1) {
        EXPECT_EQ(out.faults[i], Fault::authentication);
      } else {
        EXPECT_EQ(ip_of(out.frames[i]), ip_of(in[i])) << i;
      }
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
