// Rewrite: TTL and header checksum, over all the routers a packet crossed at once.
//
//   reads   the info column
//   writes  the info column at each router; the header once, on the way out or before it is quoted
//   next    filter, link, deliver
//   drops   ttl_expired, looping
//
// Routers decrement a number in the column. The checksum depends only on the old and the new header
// word, so n updates by one and one update by n give the same octets (RFC 1624, equation 3).
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/pass_table.h"

namespace skyhop::dataplane {

/// Where the word that changes stands in the IPv4 header: TTL, protocol, checksum.
inline constexpr uint32_t kChangingWord = 8;

/// That word, as in memory, with another TTL.
SKYHOP_INLINE constexpr uint32_t with_ttl(uint32_t word, uint32_t ttl) {
  // One's complement sums do not care for byte order (RFC 1071 2.B): stay in memory's.
  const uint32_t now = (word & 0xff00) | ttl;
  uint32_t sum = (~word >> 16) + (~word & 0xffff) + now;
  sum = (sum & 0xffff) + (sum >> 16);
  sum += sum >> 16;
  return now | (~sum << 16);
}

/// Brings the IPv4 header at `ip` to the TTL of the row; both forms give the same octets.
SKYHOP_INLINE void write_header(uint8_t* ip, uint32_t row_info) {
  uint32_t word;
  std::memcpy(&word, ip + kChangingWord, sizeof word);
  word = with_ttl(word, info::ttl(row_info));
  std::memcpy(ip + kChangingWord, &word, sizeof word);
}

}  // namespace skyhop::dataplane
