// The Internet checksum (RFC 1071) and its update in place (RFC 1624).
//
// All numbers are in host byte order: read fields with `.value()`, store results with Be16(...).
#pragma once

#include <cstdint>
#include <span>

#include "lpm/address.h"

namespace skyhop::pcap {

/// Sum of the 16-bit words of `bytes` (an odd last octet is padded with zero) on top of `sum`, not
/// complemented, folded to 16 bits. Several pieces may be summed in turn if all but the last are
/// of even length.
[[nodiscard]] uint16_t ones_complement_sum(std::span<const uint8_t> bytes, uint16_t sum = 0);

/// Checksum of `bytes`, whose checksum field holds zero. Over bytes that hold their right checksum
/// the result is 0.
[[nodiscard]] inline uint16_t internet_checksum(std::span<const uint8_t> bytes) {
  return static_cast<uint16_t>(~ones_complement_sum(bytes));
}

/// Checksum of a TCP or UDP segment with its pseudo-header; the segment's checksum field holds
/// zero. UDP sends a result of 0 as 0xffff (RFC 768), which this does for protocol 17.
[[nodiscard]] uint16_t transport_checksum(lpm::Ipv4Address source, lpm::Ipv4Address destination,
                                          uint8_t protocol, std::span<const uint8_t> segment);

/// True when a received segment's checksum is right; UDP's 0 ("not computed") counts as right.
[[nodiscard]] bool transport_checksum_ok(lpm::Ipv4Address source, lpm::Ipv4Address destination,
                                         uint8_t protocol, std::span<const uint8_t> segment);

/// The checksum after a 16-bit word of the data changed: RFC 1624 equation 3, ~(~HC + ~m + m').
/// RFC 1141's form yields 0xffff where a full computation yields 0x0000; this one does not.
[[nodiscard]] constexpr uint16_t update_checksum(uint16_t checksum, uint16_t old_word,
                                                 uint16_t new_word) {
  uint32_t sum =
      uint32_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~old_word) + new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

/// The same for an aligned 32-bit word, such as an address.
[[nodiscard]] constexpr uint16_t update_checksum32(uint16_t checksum, uint32_t old_word,
                                                   uint32_t new_word) {
  checksum = update_checksum(checksum, static_cast<uint16_t>(old_word >> 16),
                             static_cast<uint16_t>(new_word >> 16));
  return update_checksum(checksum, static_cast<uint16_t>(old_word),
                         static_cast<uint16_t>(new_word));
}

}  // namespace skyhop::pcap
