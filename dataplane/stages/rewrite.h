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

/// Brings the IPv4 header at `ip` to the TTL of the row; both forms give the same octets.
SKYHOP_INLINE void write_header(uint8_t* ip, uint32_t row_info) {
  uint32_t word;  // TTL, protocol, checksum, as in memory
  std::memcpy(&word, ip + 8, sizeof word);
  // One's complement sums do not care for byte order (RFC 1071 2.B): stay in memory's.
  const uint32_t old_word = word & 0xffff;
  const uint32_t new_word = (word & 0xff00) | info::ttl(row_info);
  uint32_t sum = (~word >> 16) + (~old_word & 0xffff) + new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  word = new_word | (~sum << 16);
  std::memcpy(ip + 8, &word, sizeof word);
}

}  // namespace skyhop::dataplane
