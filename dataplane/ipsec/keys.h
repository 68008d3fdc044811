// Keys of security associations: made from a seed, or given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/ipsec/transform.h"
#include "lpm/error.h"

namespace skyhop::dataplane::ipsec {

/// What both ends of an SA must know.
struct KeyMaterial {
  uint32_t spi = 0;
  std::vector<uint8_t> cipher_key;  ///< GCM: the key, then the salt (RFC 4106 8.1)
  std::vector<uint8_t> integrity_key;
  friend bool operator==(const KeyMaterial&, const KeyMaterial&) = default;
};

/// Which SA of a run: every one has keys of its own.
struct KeyLabel {
  std::string_view link;  ///< "transit-1 -> spoke1"
  uint32_t tunnel = 0;    ///< of the bundle
  uint32_t worker = 0;
  uint32_t generation = 0;
  uint32_t draw = 0;  ///< another SPI for the same label, where the first one is taken
};

/// The same seed and label give the same keys on every machine, so that a capture of one run can be
/// decrypted with the keys of another. They are no secret and must not become one's.
[[nodiscard]] KeyMaterial make_keys(uint64_t seed, const KeyLabel& label, Transform transform);

/// Keys that somebody gave: right lengths, an SPI that may be used (RFC 4303 2.1: above 255).
[[nodiscard]] Result<void> check_keys(const KeyMaterial& keys, Transform transform);

/// "2b7e15..." in both directions; an Error for an odd number of digits and for other characters.
[[nodiscard]] std::string to_hex(const std::vector<uint8_t>& octets);
[[nodiscard]] Result<std::vector<uint8_t>> parse_hex(std::string_view text);

}  // namespace skyhop::dataplane::ipsec
