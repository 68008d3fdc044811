#include "dataplane/ipsec/keys.h"

#include <gtest/gtest.h>

#include <set>

namespace skyhop::dataplane::ipsec {
namespace {

constexpr Transform kGcm{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_192_cbc, Integrity::hmac_sha384_192};

TEST(Keys, TheSameSeedAndLabelGiveTheSameKeys) {
  const KeyLabel label{.link = "a -> b", .tunnel = 1, .worker = 2, .generation = 3};
  EXPECT_EQ(make_keys(7, label, kCbc), make_keys(7, label, kCbc));
  // Written down: another machine, another day.
  EXPECT_EQ(to_hex(make_keys(1, {.link = "a -> b"}, {Cipher::aes_128_cbc, Integrity::hmac_md5_96})
                       .cipher_key),
            "4fb3a1215955cd3b3b6c50a605c458d6");
}

TEST(Keys, EveryPartOfTheLabelMatters) {
  std::set<std::string> keys;
  std::set<uint32_t> spis;
  const auto add = [&](uint64_t seed, const KeyLabel& label) {
    const KeyMaterial made = make_keys(seed, label, kGcm);
    keys.insert(to_hex(made.cipher_key));
    spis.insert(made.spi);
  };
  add(1, {.link = "a -> b"});
  add(2, {.link = "a -> b"});
  add(1, {.link = "b -> a"});
  add(1, {.link = "a -> b", .tunnel = 1});
  add(1, {.link = "a -> b", .worker = 1});
  add(1, {.link = "a -> b", .generation = 1});
  add(1, {.link = "a -> b", .draw = 1});
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_EQ(spis.size(), 7u);
}

TEST(Keys, AreAsLongAsTheAlgorithmWantsThem) {
  for (const Transform transform : all_transforms()) {
    EXPECT_TRUE(check_keys(make_keys(1, {.link = "a -> b"}, transform), transform))
        << to_string(transform);
  }
  EXPECT_EQ(make_keys(1, {}, kGcm).cipher_key.size(), 36u);     // RFC 4106 8.1: the salt follows
  EXPECT_EQ(make_keys(1, {}, kCbc).integrity_key.size(), 48u);  // RFC 4868 2.1.1
}

TEST(Keys, Rfc4303_2_1_ReservedSpisAreRefused) {
  KeyMaterial keys = make_keys(1, {}, kGcm);
  keys.spi = 255;
  EXPECT_EQ(check_keys(keys, kGcm).error().what, "SPI 255 is reserved");
  keys.spi = 256;
  EXPECT_TRUE(check_keys(keys, kGcm));
}

TEST(Keys, WrongLengthsAreRefused) {
  KeyMaterial keys = make_keys(1, {}, kGcm);
  keys.cipher_key.pop_back();
  EXPECT_EQ(check_keys(keys, kGcm).error().what,
            "the key and salt of GCMAES256 has 36 octets, not 35");
  keys = make_keys(1, {}, kCbc);
  keys.integrity_key.clear();
  EXPECT_EQ(check_keys(keys, kCbc).error().what,
            "the integrity key of AES192/SHA384 has 48 octets, not 0");
}

TEST(Keys, HexBothWays) {
  const std::vector<uint8_t> octets{0x00, 0x1f, 0xab};
  EXPECT_EQ(to_hex(octets), "001fab");
  EXPECT_EQ(*parse_hex("0x001FaB"), octets);
  EXPECT_EQ(*parse_hex("001fab"), octets);
  EXPECT_FALSE(parse_hex("001"));
  EXPECT_FALSE(parse_hex("0g"));
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
