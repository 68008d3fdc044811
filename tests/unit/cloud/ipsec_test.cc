#include "control/cloud/ipsec.h"

#include <gtest/gtest.h>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud {
namespace {

using lab::IpsecPolicy;

uint32_t fixed(const char* encryption, const char* integrity, NatTraversal nat) {
  const IpsecPolicy policy{.ipsec_encryption = encryption, .ipsec_integrity = integrity};
  return encapsulation_of(transform_of(policy), nat).fixed_bytes;
}

uint32_t block(const char* encryption) {
  return encapsulation_of(transform_of({.ipsec_encryption = encryption}), NatTraversal::off).block;
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
  EXPECT_EQ(fixed("AES256", "SHA384", NatTraversal::off), 20u + 8 + 16 + 24);
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

// ---- Tunnels of a lab ---------------------------------------------------------------------------

using dataplane::ipsec::EspSpec;
using dataplane::ipsec::SequenceNumbers;
using dataplane::ipsec::UdpEncapsulation;
using test::address;
using test::findings;
using test::first_lab;
using test::named;
using Strings = std::vector<std::string>;

/// What the first of the two gateways seals with.
EspSpec esp(const Network& network, const std::string& from, const std::string& to) {
  const Link& link = network.at(network.find_link(from + " - " + to).value());
  return network.at(link.a).name == from ? link.ipsec->a_to_b : link.ipsec->b_to_a;
}

TEST(Tunnels, RunBetweenPublicAddressesInUdp) {
  const Network network = derive(first_lab()).network;
  const EspSpec out = esp(network, "transit-2", "vng-0"), in = esp(network, "vng-0", "transit-2");
  EXPECT_EQ(out.source, test::gateway(network, "transit-2").public_ip);
  EXPECT_EQ(out.destination, test::gateway(network, "vng-0").public_ip);
  EXPECT_EQ(out.udp, UdpEncapsulation::on);
  EXPECT_EQ(in.source, out.destination);
  EXPECT_EQ(in.destination, out.source);
}

TEST(Tunnels, OfTwinsRunBetweenTheirFirstNics) {
  const Network network = derive(first_lab()).network;
  const EspSpec out = esp(network, "transit-1", "transit-1-hagw");
  EXPECT_EQ(out.source, address("10.0.21.132"));
  EXPECT_EQ(out.destination, address("10.0.21.196"));
  EXPECT_EQ(out.udp, UdpEncapsulation::off);
}

TEST(Tunnels, EncryptAsTheirPoliciesSay) {
  lab::Lab lab = first_lab();
  for (auto& connection : lab.virtual_network_gateway_connections) {
    connection.ipsec_policy->ipsec_encryption = "GCMAES256";
    connection.ipsec_policy->ipsec_integrity = "GCMAES256";
    connection.ipsec_policy->sa_lifetime = 3600;
    connection.ipsec_policy->sa_datasize = 1024;
  }
  IpsecPolicy& ours = test::connection(lab, "transit-2-to-vng").ipsec_policy;
  ours.ipsec_encryption = ours.ipsec_integrity = "GCMAES256";
  const Network network = derive(lab).network;
  const EspSpec external = esp(network, "vng-0", "transit-2");
  EXPECT_EQ(to_string(external.transform), "GCMAES256");
  EXPECT_EQ(external.driver, "crypto_aesni_gcm");
  EXPECT_EQ(external.lifetime.seconds, 3600);
  EXPECT_EQ(external.lifetime.octets, 1024u * 1024);
  const EspSpec own = esp(network, "spoke1", "transit-1");
  EXPECT_EQ(to_string(own.transform), "AES256/SHA256");
  EXPECT_EQ(own.driver, "crypto_aesni_mb");
  // Azure's defaults: 27,000 s and 102,400,000 KB.
  EXPECT_EQ(own.lifetime.seconds, 27'000);
  EXPECT_EQ(own.lifetime.octets, 102'400'000u * 1024ull);
}

TEST(Tunnels, SettingsHaveTheLastWord) {
  lab::Lab lab = first_lab();
  lab.settings.esp = {.algorithm = "GCMAES128",
                      .driver = "crypto_openssl",
                      .nat_traversal = "off",
                      .extended_sequence_numbers = true,
                      .replay_window = 64,
                      .lifetime_packets = 1000,
                      .lifetime_kilobytes = 7,
                      .lifetime = lab::Seconds(60),
                      .seed = 9,
                      .keys = {}};
  const Network network = derive(lab).network;
  for (const Link& link : network.links) {
    EXPECT_EQ(link.ipsec.has_value(), link.kind != LinkKind::fabric) << link.name;
    if (!link.ipsec) continue;
    const EspSpec& spec = link.ipsec->a_to_b;
    EXPECT_EQ(to_string(spec.transform), "GCMAES128");
    EXPECT_EQ(spec.driver, "crypto_openssl");
    EXPECT_EQ(spec.udp, UdpEncapsulation::off);
    EXPECT_EQ(spec.sequence_numbers, SequenceNumbers::extended);
    EXPECT_EQ(spec.replay_window, 64u);
    EXPECT_EQ(spec.lifetime.packets, 1000u);
    EXPECT_EQ(spec.lifetime.octets, 7u * 1024);
    EXPECT_EQ(spec.lifetime.seconds, 60);
    EXPECT_EQ(spec.seed, 9u);
    EXPECT_EQ(link.encapsulation.fixed_bytes, 20u + 8 + 8 + 16);
  }
  lab.settings.esp.algorithm = "AES512";
  EXPECT_EQ(findings(derive(lab).diagnostics), (Strings{"error - settings.esp.algorithm"}));
}

lab::EspKeys keys_of(const std::string& from, const std::string& to) {
  return {.from = from,
          .to = to,
          .spi = "0x1001",
          .encryption_key = std::string(64, 'a'),
          .integrity_key = std::string(64, 'b')};
}

TEST(Tunnels, TakeGivenKeysInTheirDirection) {
  lab::Lab lab = first_lab();
  lab.settings.esp.keys = {keys_of("vng-0", "transit-2")};
  const DeriveResult result = derive(lab);
  EXPECT_TRUE(findings(result.diagnostics).empty());
  EXPECT_TRUE(esp(result.network, "transit-2", "vng-0").keys.empty());
  const auto keys = esp(result.network, "vng-0", "transit-2").keys;
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].spi, 0x1001u);
  EXPECT_EQ(keys[0].cipher_key, std::vector<uint8_t>(32, 0xaa));
  EXPECT_EQ(keys[0].integrity_key, std::vector<uint8_t>(32, 0xbb));
}

TEST(Tunnels, KeysThatFitNoTunnelAreFound) {
  const auto found = [](const lab::EspKeys& keys) {
    lab::Lab lab = first_lab();
    lab.settings.esp.keys = {keys};
    return findings(derive(lab).diagnostics);
  };
  EXPECT_EQ(found(keys_of("spoke1", "spoke2")), (Strings{"error - settings.esp.keys[0]"}));
  lab::EspKeys keys = keys_of("spoke1", "transit-1");
  keys.encryption_key = "abcd";
  EXPECT_EQ(found(keys), (Strings{"error - settings.esp.keys[0]"}));
  keys.encryption_key = "xyz0";
  EXPECT_EQ(found(keys), (Strings{"error - settings.esp.keys[0].encryption_key"}));
  keys = keys_of("spoke1", "transit-1");
  keys.spi = "12z";
  EXPECT_EQ(found(keys), (Strings{"error - settings.esp.keys[0].spi"}));
  keys = keys_of("spoke1", "transit-1");
  keys.tunnel = 1;  // there is one only
  EXPECT_EQ(found(keys), (Strings{"error - settings.esp.keys[0].tunnel"}));
}

TEST(Tunnels, WhatNobodyEncryptsWithIsTold) {
  lab::Lab lab = first_lab();
  for (auto& connection : lab.virtual_network_gateway_connections) {
    connection.ipsec_policy->ipsec_encryption = "DES";
  }
  test::connection(lab, "transit-2-to-vng").ipsec_policy.ipsec_encryption = "DES";
  const DeriveResult result = derive(lab);
  EXPECT_EQ(result.diagnostics.size(), 2u);  // both tunnels
  EXPECT_TRUE(esp(result.network, "vng-0", "transit-2").driver.empty());
  lab.settings.encryption = lab::Encryption::none;
  EXPECT_TRUE(derive(lab).diagnostics.empty());
}

}  // namespace
}  // namespace skyhop::cloud
