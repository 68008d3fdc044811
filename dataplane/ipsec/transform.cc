#include "dataplane/ipsec/transform.h"

#include <algorithm>
#include <array>

namespace skyhop::dataplane::ipsec {
namespace {

struct CipherRow {
  Cipher cipher;
  std::string_view name;
  uint32_t key, salt, iv, block;
  bool is_aead;
};
// RFC 4106 (GCM: its ICV has 16 octets, RFC 4106 6), RFC 3602 (CBC), RFC 2451, RFC 2405, RFC 2410.
// Without a cipher, payload and trailer still end on four octets (RFC 4303 2.4).
constexpr std::array kCiphers = {
    CipherRow{Cipher::aes_256_gcm, "GCMAES256", 32, 4, 8, 4, true},
    CipherRow{Cipher::aes_192_gcm, "GCMAES192", 24, 4, 8, 4, true},
    CipherRow{Cipher::aes_128_gcm, "GCMAES128", 16, 4, 8, 4, true},
    CipherRow{Cipher::aes_256_cbc, "AES256", 32, 0, 16, 16, false},
    CipherRow{Cipher::aes_192_cbc, "AES192", 24, 0, 16, 16, false},
    CipherRow{Cipher::aes_128_cbc, "AES128", 16, 0, 16, 16, false},
    CipherRow{Cipher::triple_des_cbc, "DES3", 24, 0, 8, 8, false},
    CipherRow{Cipher::des_cbc, "DES", 8, 0, 8, 8, false},
    CipherRow{Cipher::null, "None", 0, 0, 0, 4, false},
};
constexpr uint32_t kGcmIcv = 16;

struct IntegrityRow {
  Integrity integrity;
  std::string_view name;
  uint32_t key, icv;
};
// RFC 4868 (SHA-2: the key is as long as the digest, the ICV half of it), RFC 2404, RFC 2403.
constexpr std::array kIntegrities = {
    IntegrityRow{Integrity::hmac_sha512_256, "SHA512", 64, 32},
    IntegrityRow{Integrity::hmac_sha384_192, "SHA384", 48, 24},
    IntegrityRow{Integrity::hmac_sha256_128, "SHA256", 32, 16},
    IntegrityRow{Integrity::hmac_sha1_96, "SHA1", 20, 12},
    IntegrityRow{Integrity::hmac_md5_96, "MD5", 16, 12},
    IntegrityRow{Integrity::none, "None", 0, 0},
};

const CipherRow& row_of(Cipher cipher) {
  return *std::ranges::find(kCiphers, cipher, &CipherRow::cipher);
}
const IntegrityRow& row_of(Integrity integrity) {
  return *std::ranges::find(kIntegrities, integrity, &IntegrityRow::integrity);
}

}  // namespace

TransformSizes sizes_of(Transform transform) {
  const CipherRow& cipher = row_of(transform.cipher);
  const IntegrityRow& integrity = row_of(transform.integrity);
  return {.cipher_key = cipher.key,
          .salt = cipher.salt,
          .integrity_key = integrity.key,
          .iv = cipher.iv,
          .block = cipher.block,
          .icv = cipher.is_aead ? kGcmIcv : integrity.icv,
          .is_aead = cipher.is_aead};
}

Overhead overhead_of(Transform transform, UdpEncapsulation udp) {
  constexpr uint32_t kOuterIpv4 = 20, kUdp = 8, kEspHeader = 8;
  const TransformSizes sizes = sizes_of(transform);
  return {.fixed = kOuterIpv4 + (udp == UdpEncapsulation::on ? kUdp : 0) + kEspHeader + sizes.iv +
                   sizes.icv,
          .block = sizes.block};
}

std::string to_string(Transform transform) {
  std::string text(row_of(transform.cipher).name);
  if (!sizes_of(transform).is_aead) {
    text += '/';
    text += row_of(transform.integrity).name;
  }
  return text;
}

std::optional<Transform> parse_transform(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    const auto transform = transform_of(name, "None");
    return transform && sizes_of(*transform).is_aead ? transform : std::nullopt;
  }
  const auto transform = transform_of(name.substr(0, slash), name.substr(slash + 1));
  return transform && !sizes_of(*transform).is_aead ? transform : std::nullopt;
}

std::optional<Transform> transform_of(std::string_view encryption, std::string_view integrity) {
  const auto* cipher = std::ranges::find(kCiphers, encryption, &CipherRow::name);
  if (cipher == kCiphers.end()) return std::nullopt;
  if (cipher->is_aead) return Transform{cipher->cipher, Integrity::none};
  const auto* found = std::ranges::find(kIntegrities, integrity, &IntegrityRow::name);
  if (found == kIntegrities.end()) return std::nullopt;
  return Transform{cipher->cipher, found->integrity};
}

std::vector<Transform> all_transforms() {
  std::vector<Transform> all;
  for (const CipherRow& cipher : kCiphers) {
    for (const IntegrityRow& integrity : kIntegrities) {
      const Transform transform{cipher.cipher, integrity.integrity};
      if (cipher.is_aead == (integrity.integrity == Integrity::none) &&
          !default_driver(transform).empty()) {
        all.push_back(transform);
      }
    }
  }
  return all;
}

std::string_view default_driver(Transform transform) {
  if (transform.cipher == Cipher::des_cbc) return {};
  if (sizes_of(transform).is_aead) return "crypto_aesni_gcm";
  // A cipher without integrity is open to forgery (RFC 8221 4): nothing here offers it.
  return transform.integrity == Integrity::none ? "" : "crypto_aesni_mb";
}

}  // namespace skyhop::dataplane::ipsec
