#include "dataplane/ipsec/transform.h"

#include <gtest/gtest.h>

namespace skyhop::dataplane::ipsec {
namespace {

constexpr Transform kGcm256{Cipher::aes_256_gcm, Integrity::none};
constexpr Transform kCbcSha256{Cipher::aes_256_cbc, Integrity::hmac_sha256_128};

TEST(Transforms, HaveTheNamesOfPolicies) {
  EXPECT_EQ(to_string(kGcm256), "GCMAES256");
  EXPECT_EQ(to_string(kCbcSha256), "AES256/SHA256");
  for (const Transform transform : all_transforms()) {
    EXPECT_EQ(parse_transform(to_string(transform)), transform) << to_string(transform);
  }
  for (const char* wrong :
       {"", "AES256", "GCMAES256/SHA256", "AES256/", "/SHA256", "rot13/SHA256"}) {
    EXPECT_FALSE(parse_transform(wrong)) << wrong;
  }
}

TEST(Transforms, OfAPolicysTwoFields) {
  EXPECT_EQ(transform_of("GCMAES256", "GCMAES256"), kGcm256);
  EXPECT_EQ(transform_of("GCMAES256", "None"), kGcm256);  // as Aviatrix says it: NO-AUTH
  EXPECT_EQ(transform_of("AES256", "SHA256"), kCbcSha256);
  EXPECT_FALSE(transform_of("AES256", "GCMAES256"));
  EXPECT_FALSE(transform_of("AES512", "SHA256"));
}

TEST(Transforms, GcmAndCbcWithSha2AndSha1AreThere) {
  for (const char* name :
       {"GCMAES256", "GCMAES128", "AES256/SHA256", "AES256/SHA384", "AES256/SHA1", "AES192/SHA256",
        "AES192/SHA384", "AES192/SHA1", "AES128/SHA256", "AES128/SHA384", "AES128/SHA1"}) {
    const auto transform = parse_transform(name);
    ASSERT_TRUE(transform) << name;
    EXPECT_EQ(default_driver(*transform),
              sizes_of(*transform).is_aead ? "crypto_aesni_gcm" : "crypto_aesni_mb");
  }
}

TEST(Transforms, NobodyEncryptsWithDesOrWithoutIntegrity) {
  EXPECT_EQ(default_driver({Cipher::des_cbc, Integrity::hmac_sha1_96}), "");
  EXPECT_EQ(default_driver({Cipher::aes_256_cbc, Integrity::none}), "");
  EXPECT_EQ(default_driver({Cipher::null, Integrity::none}), "");
}

TEST(Overhead, OctetsPerSuite) {
  using enum UdpEncapsulation;
  EXPECT_EQ(overhead_of(kCbcSha256, on).fixed, 20u + 8 + 8 + 16 + 16);
  EXPECT_EQ(overhead_of(kCbcSha256, off).fixed, 20u + 8 + 16 + 16);
  EXPECT_EQ(overhead_of(kCbcSha256, off).block, 16u);
  EXPECT_EQ(overhead_of(kGcm256, off).fixed, 20u + 8 + 8 + 16);
  EXPECT_EQ(overhead_of(kGcm256, off).block, 4u);
  EXPECT_EQ(overhead_of({Cipher::aes_128_cbc, Integrity::hmac_sha384_192}, off).fixed,
            20u + 8 + 16 + 24);
  EXPECT_EQ(overhead_of({Cipher::aes_128_cbc, Integrity::hmac_sha1_96}, off).fixed,
            20u + 8 + 16 + 12);
  EXPECT_EQ(overhead_of({Cipher::des_cbc, Integrity::hmac_md5_96}, off).fixed, 20u + 8 + 8 + 12);
  EXPECT_EQ(overhead_of({Cipher::null, Integrity::hmac_sha256_128}, off).block, 4u);
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
