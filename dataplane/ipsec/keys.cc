#include "dataplane/ipsec/keys.h"

#include <algorithm>

namespace skyhop::dataplane::ipsec {
namespace {

// RFC 4303 2.1: 0 never goes on the wire, 1 to 255 are reserved.
constexpr uint32_t kFirstSpi = 256;

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Octets {
 public:
  explicit Octets(uint64_t seed) : state_(seed) {}
  void stir(uint64_t word) { state_ = next() ^ word; }
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::vector<uint8_t> take(size_t count) {
    std::vector<uint8_t> octets(count);
    for (size_t i = 0; i < count; ++i) {
      if (i % 8 == 0) word_ = next();
      octets[i] = static_cast<uint8_t>(word_ >> (i % 8 * 8));
    }
    return octets;
  }

 private:
  uint64_t state_;
  uint64_t word_ = 0;
};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

KeyMaterial make_keys(uint64_t seed, const KeyLabel& label, Transform transform) {
  Octets octets(seed);
  for (const char c : label.link) octets.stir(static_cast<uint8_t>(c));
  octets.stir((uint64_t{label.tunnel} << 32) | label.worker);
  octets.stir((uint64_t{label.generation} << 32) | label.draw);
  const TransformSizes sizes = sizes_of(transform);
  KeyMaterial keys;
  keys.spi = std::max(static_cast<uint32_t>(octets.next()), kFirstSpi);
  keys.cipher_key = octets.take(sizes.cipher_key + sizes.salt);
  keys.integrity_key = octets.take(sizes.integrity_key);
  return keys;
}

Result<void> check_keys(const KeyMaterial& keys, Transform transform) {
  const TransformSizes sizes = sizes_of(transform);
  const auto is_long = [&](const char* what, size_t has, size_t needs) -> Result<void> {
    if (has == needs) return {};
    return fail(std::string(what) + " of " + to_string(transform) + " has " +
                std::to_string(needs) + " octets, not " + std::to_string(has));
  };
  if (keys.spi < kFirstSpi) {
    return fail("SPI " + std::to_string(keys.spi) + " is reserved", {}, "256 and above are free");
  }
  if (auto r = is_long(sizes.is_aead ? "the key and salt" : "the encryption key",
                       keys.cipher_key.size(), sizes.cipher_key + sizes.salt);
      !r) {
    return r;
  }
  return is_long("the integrity key", keys.integrity_key.size(), sizes.integrity_key);
}

std::string to_hex(const std::vector<uint8_t>& octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

Result<std::vector<uint8_t>> parse_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() % 2 != 0) return fail("an odd number of hexadecimal digits");
  std::vector<uint8_t> octets;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]), low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) {
      return fail("'" + std::string(text.substr(i, 2)) + "' is no hexadecimal octet");
    }
    octets.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return octets;
}

}  // namespace skyhop::dataplane::ipsec
