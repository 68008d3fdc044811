#include "control/report/esp_keys.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace skyhop::report {
namespace {

using dataplane::ipsec::AssociationRecord;
using dataplane::ipsec::Cipher;
using dataplane::ipsec::Integrity;
using dataplane::ipsec::SequenceNumbers;
using dataplane::ipsec::UdpEncapsulation;

// Wireshark's words (epan/dissectors/packet-ipsec.c says them in its preferences).
std::string_view wireshark_name(Cipher cipher) {
  switch (cipher) {
    case Cipher::aes_128_gcm:
    case Cipher::aes_192_gcm:
    case Cipher::aes_256_gcm:
      return "AES-GCM with 16 octet ICV [RFC4106]";
    case Cipher::aes_128_cbc:
    case Cipher::aes_192_cbc:
    case Cipher::aes_256_cbc:
      return "AES-CBC [RFC3602]";
    case Cipher::triple_des_cbc:
      return "TripleDES-CBC [RFC2451]";
    case Cipher::des_cbc:
      return "DES-CBC [RFC2405]";
    case Cipher::null:
      break;
  }
  return "NULL";
}

std::string_view wireshark_name(Integrity integrity) {
  switch (integrity) {
    case Integrity::hmac_sha1_96:
      return "HMAC-SHA-1-96 [RFC2404]";
    case Integrity::hmac_sha256_128:
      return "HMAC-SHA-256-128 [RFC4868]";
    case Integrity::hmac_sha384_192:
      return "HMAC-SHA-384-192 [RFC4868]";
    case Integrity::hmac_sha512_256:
      return "HMAC-SHA-512-256 [RFC4868]";
    case Integrity::hmac_md5_96:
      return "HMAC-MD5-96 [RFC2403]";
    case Integrity::none:
      break;
  }
  return "NULL";
}

std::string key_text(const std::vector<uint8_t>& key) {
  return key.empty() ? "" : "0x" + dataplane::ipsec::to_hex(key);
}

}  // namespace

std::string wireshark_keys(const std::vector<AssociationRecord>& associations) {
  std::string text;
  for (const AssociationRecord& record : associations) {
    const auto& spec = record.spec;
    text +=
        fmt::format(R"("IPv4","{}","{}","{:#010x}","{}","{}","{}","{}")"
                    "\n",
                    spec.source.to_string(), spec.destination.to_string(), spec.keys.spi,
                    wireshark_name(spec.transform.cipher), key_text(spec.keys.cipher_key),
                    wireshark_name(spec.transform.integrity), key_text(spec.keys.integrity_key));
  }
  return text;
}

nlohmann::ordered_json associations_json(const std::vector<AssociationRecord>& associations,
                                         const std::vector<std::string>& link_names) {
  auto list = nlohmann::ordered_json::array();
  for (const AssociationRecord& record : associations) {
    const auto& spec = record.spec;
    nlohmann::ordered_json item = {
        {"link", link_names[record.link]},
        {"tunnel", record.tunnel},
        {"worker", record.worker},
        {"generation", record.generation},
        {"state", std::string(dataplane::ipsec::to_string(record.state))},
        {"source", spec.source.to_string()},
        {"destination", spec.destination.to_string()},
        {"nat_traversal", spec.udp == UdpEncapsulation::on},
        {"spi", fmt::format("{:#010x}", spec.keys.spi)},
        {"algorithm", dataplane::ipsec::to_string(spec.transform)},
        {"encryption_key", dataplane::ipsec::to_hex(spec.keys.cipher_key)},
        {"integrity_key", dataplane::ipsec::to_hex(spec.keys.integrity_key)},
        {"extended_sequence_numbers", spec.sequence_numbers == SequenceNumbers::extended},
        {"packets", record.packets},
        {"octets", record.octets},
        {"opened", record.opened}};
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace skyhop::report
