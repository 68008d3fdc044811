#include "control/report/esp_keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace skyhop::report {
namespace {

using dataplane::ipsec::AssociationRecord;
using dataplane::ipsec::Cipher;
using dataplane::ipsec::Integrity;
using dataplane::ipsec::Transform;
using dataplane::ipsec::UdpEncapsulation;

AssociationRecord record(Transform transform) {
  AssociationRecord record{.link = 1, .tunnel = 2, .worker = 3, .generation = 4};
  record.state = AssociationRecord::State::current;
  record.spec.transform = transform;
  record.spec.source = {198, 51, 100, 11};
  record.spec.destination = {203, 0, 113, 10};
  record.spec.udp = UdpEncapsulation::on;
  record.spec.keys = {.spi = 0x1001, .cipher_key = {1, 2, 3}, .integrity_key = {0xfe, 0xff}};
  record.packets = 5;
  record.octets = 6;
  record.opened = 7;
  return record;
}

TEST(EspKeys, AreLinesOfWiresharksTable) {
  AssociationRecord gcm = record({Cipher::aes_256_gcm, Integrity::none});
  gcm.spec.keys.integrity_key.clear();
  EXPECT_EQ(wireshark_keys({record({Cipher::aes_192_cbc, Integrity::hmac_sha384_192}), gcm}),
            R"("IPv4","198.51.100.11","203.0.113.10","0x00001001","AES-CBC [RFC3602]","0x010203",)"
            R"("HMAC-SHA-384-192 [RFC4868]","0xfeff")"
            "\n"
            R"("IPv4","198.51.100.11","203.0.113.10","0x00001001",)"
            R"("AES-GCM with 16 octet ICV [RFC4106]","0x010203","NULL","")"
            "\n");
  EXPECT_EQ(wireshark_keys({}), "");
}

TEST(EspKeys, AreThereAsJson) {
  const auto json = associations_json({record({Cipher::aes_256_cbc, Integrity::hmac_sha256_128})},
                                      {"x", "a -> b"});
  EXPECT_EQ(json.dump(),
            R"([{"link":"a -> b","tunnel":2,"worker":3,"generation":4,"state":"current",)"
            R"("source":"198.51.100.11","destination":"203.0.113.10","nat_traversal":true,)"
            R"("spi":"0x00001001","algorithm":"AES256/SHA256","encryption_key":"010203",)"
            R"("integrity_key":"feff","extended_sequence_numbers":false,"packets":5,"octets":6,)"
            R"("opened":7}])");
}

}  // namespace
}  // namespace skyhop::report
