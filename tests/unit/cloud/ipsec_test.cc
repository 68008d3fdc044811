#include "control/cloud/ipsec.h"

#include <gtest/gtest.h>

namespace skyhop::cloud {
namespace {

using lab::IpsecPolicy;

uint32_t fixed(const char* encryption, const char* integrity, NatTraversal nat) {
  return encapsulation_of({.ipsec_encryption = encryption, .ipsec_integrity = integrity}, nat)
      .fixed_bytes;
}

uint32_t block(const char* encryption) {
  return encapsulation_of({.ipsec_encryption = encryption}, NatTraversal::off).block;
}

TEST(Encapsulation, OctetsPerSuite) {
  // IPv4 20 + ESP 8 + IV + ICV, and 8 for UDP.
  EXPECT_EQ(fixed("AES256", "SHA256", NatTraversal::on), 20u + 8 + 8 + 16 + 16);
  EXPECT_EQ(fixed("AES256", "SHA256", NatTraversal::off), 20u + 8 + 16 + 16);
  EXPECT_EQ(fixed("AES128", "SHA1", NatTraversal::off), 20u + 8 + 16 + 12);
  EXPECT_EQ(fixed("AES192", "MD5", NatTraversal::off), 20u + 8 + 16 + 12);
  EXPECT_EQ(fixed("GCMAES256", "GCMAES256", NatTraversal::off), 20u + 8 + 8 + 16);
  EXPECT_EQ(fixed("DES3", "SHA1", NatTraversal::off), 20u + 8 + 8 + 12);
  EXPECT_EQ(fixed("None", "SHA256", NatTraversal::off), 20u + 8 + 16);
}

TEST(Encapsulation, PaddingPerCipher) {
  EXPECT_EQ(block("AES256"), 16u);
  EXPECT_EQ(block("DES3"), 8u);
  EXPECT_EQ(block("GCMAES128"), 4u);
  EXPECT_EQ(block("None"), 4u);
}

TEST(Policies, A48_EveryFieldMustAgree) {
  EXPECT_EQ(mismatch(IpsecPolicy{}, IpsecPolicy{}), "");
  EXPECT_NE(mismatch(IpsecPolicy{}, IpsecPolicy{.ike_encryption = "AES128"}), "");
  EXPECT_NE(mismatch(IpsecPolicy{}, IpsecPolicy{.ike_integrity = "SHA1"}), "");
  EXPECT_NE(mismatch(IpsecPolicy{}, IpsecPolicy{.dh_group = "DHGroup2"}), "");
  EXPECT_NE(mismatch(IpsecPolicy{}, IpsecPolicy{.ipsec_encryption = "AES128"}), "");
  EXPECT_NE(mismatch(IpsecPolicy{}, IpsecPolicy{.ipsec_integrity = "SHA1"}), "");
  EXPECT_EQ(mismatch(IpsecPolicy{}, IpsecPolicy{.pfs_group = "PFS24"}),
            "pfs_group: None against PFS24");
}

TEST(Policies, TwoNamesOfOneGroupAgree) {
  EXPECT_EQ(mismatch(IpsecPolicy{}, IpsecPolicy{.dh_group = "DHGroup2048"}), "");
}

TEST(Policies, A48_AzuresDefaultProposals) {
  EXPECT_EQ(mismatch(std::nullopt, std::nullopt), "");
  EXPECT_EQ(mismatch(std::nullopt, IpsecPolicy{.dh_group = "DHGroup2"}), "");
  EXPECT_EQ(mismatch(IpsecPolicy{}, std::nullopt),
            "dh_group: DHGroup14 is not among Azure's default proposals");
}

TEST(Policies, A49_GcmDoesBoth) {
  EXPECT_FALSE(fault_of(IpsecPolicy{}));
  EXPECT_FALSE(fault_of({.ipsec_encryption = "GCMAES256", .ipsec_integrity = "GCMAES256"}));
  for (const char* integrity : {"SHA256", "GCMAES128"}) {
    const auto fault = fault_of({.ipsec_encryption = "GCMAES256", .ipsec_integrity = integrity});
    ASSERT_TRUE(fault) << integrity;
    EXPECT_EQ(fault->rule, "A49");
    EXPECT_EQ(fault->field, "ipsec_integrity");
  }
  EXPECT_TRUE(fault_of({.ipsec_encryption = "AES256", .ipsec_integrity = "GCMAES256"}));
}

TEST(Policies, UnknownAlgorithmIsNamed) {
  const auto fault = fault_of({.ike_encryption = "AES-256-CBC"});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->field, "ike_encryption");
}

}  // namespace
}  // namespace skyhop::cloud
