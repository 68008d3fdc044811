// The ICMP that routers send (RFC 792, RFC 1812 4.3), built from the packet that caused it.
//
//   reads   the offending packet's header and data
//   writes  a new packet, from the IPv4 header on
//   next    the sending router's own look-up
//   drops   nothing: a message that may not or cannot be sent is not originated
#pragma once

#include <cstdint>
#include <span>

#include "lpm/address.h"

namespace skyhop::dataplane {

struct IcmpError {
  uint8_t type = 0;
  uint8_t code = 0;
  uint16_t mtu = 0;  ///< next-hop MTU in "fragmentation needed" (RFC 1191 4)

  static constexpr IcmpError net_unreachable() { return {3, 0, 0}; }
  static constexpr IcmpError fragmentation_needed(uint32_t mtu) {
    return {3, 4, static_cast<uint16_t>(mtu > 0xffff ? 0xffff : mtu)};
  }
  static constexpr IcmpError time_exceeded() { return {11, 0, 0}; }
};

/// TTL of what routers originate.
inline constexpr uint8_t kOriginTtl = 64;
/// An error is no longer than this, so it reaches every host (RFC 1812 4.3.2.3).
inline constexpr uint32_t kMaxIcmpError = 576;

/// RFC 1812 4.3.2.7: never about an ICMP error, nor about a fragment other than the first. (Bad
/// sources and destinations never come so far.) `ip` is a checked packet.
[[nodiscard]] bool may_report(std::span<const uint8_t> ip);

/// Writes the message to `out`, which holds kMaxIcmpError octets, and returns its length. `ip` is
/// the offender as its header stood when it reached the router; it is quoted as far as fits.
[[nodiscard]] uint32_t build_icmp_error(const IcmpError& error, lpm::Ipv4Address router,
                                        std::span<const uint8_t> ip, uint8_t* out);

/// True for an echo request: checked packet, unfragmented, right ICMP checksum.
[[nodiscard]] bool is_echo_request(std::span<const uint8_t> ip);

/// Turns an echo request into its reply, in place: addresses swapped, TTL new, IPv4 options as they
/// were, checksums right.
void turn_into_echo_reply(std::span<uint8_t> ip);

}  // namespace skyhop::dataplane
