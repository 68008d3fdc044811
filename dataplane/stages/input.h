// Input: what RFC 1812 asks before a packet is believed, and the 5-tuple, read once.
//
//   reads   the frame's first 42 octets
//   writes  a row of the pass table
//   next    filter (where the port has NSGs), then the entry router's queue
//   drops   not_ipv4, bad_header, bad_length, bad_checksum, bad_source, bad_destination
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "dataplane/drop_reason.h"
#include "dataplane/pass_table.h"
#include "dataplane/stages/nsg.h"
#include "lpm/flow.h"

namespace skyhop::dataplane {

inline constexpr uint32_t kEthernetLength = 14;
inline constexpr uint32_t kMinIpv4Header = 20;

/// What a checked packet leaves in its row.
struct Inspected {
  uint32_t destination = 0;  ///< host byte order
  uint32_t hash = 0;
  uint32_t info = 0;
  bool is_plain = false;  ///< UDP or TCP, no options, no fragment
};

/// All checks, every shape of packet: the truth the fast readers are tested against. Nothing when
/// the packet is good.
[[nodiscard]] std::optional<DropReason> inspect(const uint8_t* frame, uint32_t length,
                                                Inspected& out);

/// The flow of an IPv4 packet whose header is good. Ports are 0 for fragments, for protocols
/// without them and where the packet ends before them.
[[nodiscard]] lpm::FlowKey flow_of(const uint8_t* ip);

/// What NSG rules see of such a packet.
[[nodiscard]] FilterInput filter_input(const uint8_t* ip);

SKYHOP_INLINE uint32_t load_be32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}
SKYHOP_INLINE uint32_t load_be16(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap16(value);
}

/// RFC 1812 5.3.7: nobody may send from 0/8, loopback, multicast, class E or broadcast.
SKYHOP_INLINE constexpr bool is_bad_source(uint32_t address) {
  const uint32_t net = address >> 24;
  return net == 0 || net == 127 || net >= 224;
}
/// And nothing goes to 0/8, loopback, class E or broadcast; the model routes no multicast.
SKYHOP_INLINE constexpr bool is_bad_destination(uint32_t address) { return is_bad_source(address); }

}  // namespace skyhop::dataplane
