// Bounded cursors over the wire's big-endian octets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lpm/address.h"
#include "lpm/ipv6.h"

namespace skyhop::bgp {

using Octets = std::span<const uint8_t>;

/// Reads from the front. A read past the end gives zeros, takes nothing and marks the reader failed
/// for good, so a caller may read a whole structure and ask once.
class Reader {
 public:
  explicit Reader(Octets octets) : rest_(octets) {}

  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] size_t size() const { return rest_.size(); }
  [[nodiscard]] Octets rest() const { return rest_; }

  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  lpm::Ipv4Address address() { return lpm::Ipv4Address(u32()); }
  lpm::Ipv6Address ipv6_address() {
    const uint64_t high = u64();
    return {high, u64()};
  }

  /// The next `count` octets; empty when there are fewer.
  Octets take(size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const Octets front = rest_.first(count);
    rest_ = rest_.subspan(count);
    return front;
  }

 private:
  uint64_t number(size_t octets) {
    uint64_t value = 0;
    for (const uint8_t octet : take(octets)) value = (value << 8) | octet;
    return value;
  }

  Octets rest_;
  bool failed_ = false;
};

/// Appends to a buffer of the caller's.
class Writer {
 public:
  explicit Writer(std::vector<uint8_t>& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value) { number(value, 2); }
  void u32(uint32_t value) { number(value, 4); }
  void u64(uint64_t value) { number(value, 8); }
  void address(lpm::Ipv4Address value) { u32(value.value()); }
  void ipv6_address(lpm::Ipv6Address value) {
    u64(value.high());
    u64(value.low());
  }
  void bytes(Octets octets) { out_.insert(out_.end(), octets.begin(), octets.end()); }
  [[nodiscard]] size_t size() const { return out_.size(); }
  /// Overwrites two octets written before, as for a length known only now.
  void patch_u16(size_t at, uint16_t value) {
    out_[at] = static_cast<uint8_t>(value >> 8);
    out_[at + 1] = static_cast<uint8_t>(value);
  }

 private:
  void number(uint64_t value, int octets) {
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<uint8_t>(value >> shift));
    }
  }

  std::vector<uint8_t>& out_;
};

}  // namespace skyhop::bgp
