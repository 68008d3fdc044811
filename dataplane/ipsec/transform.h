// What ESP does to a packet: ciphers and integrity algorithms, their sizes, and who carries them
// out.
//
// A transform is named like an Azure policy names it: "AES256/SHA256", and "GCMAES256" where one
// algorithm does both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skyhop::dataplane::ipsec {

enum class Cipher : uint8_t {
  aes_128_gcm,
  aes_192_gcm,
  aes_256_gcm,
  aes_128_cbc,
  aes_192_cbc,
  aes_256_cbc,
  triple_des_cbc,
  des_cbc,  ///< weighed, never carried out: too weak for anybody to want it
  null,     ///< RFC 2410
};

enum class Integrity : uint8_t {
  none,  ///< GCM has its own
  hmac_sha1_96,
  hmac_sha256_128,
  hmac_sha384_192,
  hmac_sha512_256,
  hmac_md5_96,
};

struct Transform {
  Cipher cipher = Cipher::aes_256_cbc;
  Integrity integrity = Integrity::hmac_sha256_128;
  friend bool operator==(const Transform&, const Transform&) = default;
};

/// Sizes in octets.
struct TransformSizes {
  uint32_t cipher_key = 0;
  uint32_t salt = 0;  ///< the part of GCM's nonce that belongs to the key (RFC 4106 4)
  uint32_t integrity_key = 0;
  uint32_t iv = 0;     ///< in each packet
  uint32_t block = 1;  ///< payload and trailer are padded to a multiple of it
  uint32_t icv = 0;    ///< integrity check value, at the end of each packet
  bool is_aead = false;
};
[[nodiscard]] TransformSizes sizes_of(Transform transform);

/// What tunnel mode adds to a packet of n octets: fixed + padding of n + 2 to whole blocks.
struct Overhead {
  uint32_t fixed = 0;
  uint32_t block = 1;
};
enum class UdpEncapsulation : uint8_t { off, on };  ///< RFC 3948
[[nodiscard]] Overhead overhead_of(Transform transform, UdpEncapsulation udp);

/// "AES256/SHA256"; "GCMAES128".
[[nodiscard]] std::string to_string(Transform transform);
/// The reverse; nothing for an unknown name.
[[nodiscard]] std::optional<Transform> parse_transform(std::string_view name);
/// From the two fields of a policy; GCM does not look at the integrity. Nothing for unknown words.
[[nodiscard]] std::optional<Transform> transform_of(std::string_view encryption,
                                                    std::string_view integrity);
/// Those that some driver carries out, the strongest first.
[[nodiscard]] std::vector<Transform> all_transforms();

/// The crypto driver (DPDK's name of the PMD) that is the fastest one for the transform; empty
/// where none carries it out.
[[nodiscard]] std::string_view default_driver(Transform transform);

}  // namespace skyhop::dataplane::ipsec
