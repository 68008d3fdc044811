// Hashing of what others send: with a seed, so that nobody can make what he sends fall together.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "lpm/address.h"
#include "lpm/ipv6.h"

namespace skyhop::lpm {

/// One for the process. Nothing that is shown or sent may depend on it.
[[nodiscard]] uint64_t hash_seed();

/// Both halves of the product: every bit of the result depends on every bit of both.
[[nodiscard]] constexpr uint64_t mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

class Hasher {
 public:
  explicit Hasher(uint64_t seed) : state_(seed) {}

  void add(uint64_t value) { state_ = mix(state_ ^ value, 0x9E3779B97F4A7C15ull); }
  void add(std::span<const uint8_t> octets) {
    add(octets.size());
    while (octets.size() >= sizeof(uint64_t)) {
      uint64_t word;
      std::memcpy(&word, octets.data(), sizeof word);
      add(word);
      octets = octets.subspan(sizeof word);
    }
    uint64_t last = 0;
    if (!octets.empty()) std::memcpy(&last, octets.data(), octets.size());
    add(last);
  }
  void add(std::string_view text) {
    add(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  template <typename T>
  void add_optional(const std::optional<T>& value) {
    add(value ? uint64_t{*value} + 1 : 0);
  }
  [[nodiscard]] uint32_t result() const { return static_cast<uint32_t>(state_ >> 32); }

 private:
  uint64_t state_;
};

[[nodiscard]] inline uint32_t hash_of(Ipv4Prefix prefix, uint64_t seed) {
  const uint64_t key = (uint64_t{prefix.address().value()} << 8) | prefix.length();
  return static_cast<uint32_t>(mix(mix(key ^ seed, 0x9E3779B97F4A7C15ull), 0xD6E8FEB86659FD93ull) >>
                               32);
}
[[nodiscard]] inline uint32_t hash_of(const Ipv6Prefix& prefix, uint64_t seed) {
  Hasher hasher(seed);
  hasher.add(prefix.address().high());
  hasher.add(prefix.address().low());
  hasher.add(prefix.length());
  return hasher.result();
}

}  // namespace skyhop::lpm
