// IPv4 fragmentation (RFC 791 3.2, RFC 1812 4.2.2.7), for links with a small MTU.
//
//   reads   the packet's header and data
//   writes  fragments, from the IPv4 header on
//   next    the far router's queue, in place of the packet and in order
//   drops   mtu_exceeded where it may not be done, no_buffer where a fragment has none
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace skyhop::dataplane {

/// How a packet is cut. Fragment 0 keeps all options, later ones those with the copied flag.
struct FragmentPlan {
  uint32_t count = 0;         ///< 0: it cannot be cut (header alone fills the MTU)
  uint32_t first_header = 0;  ///< octets
  uint32_t later_header = 0;
  uint32_t first_data = 0;  ///< octets of data in fragment 0, a multiple of 8
  uint32_t later_data = 0;  ///< in each later one but the last
};

/// `ip` is a checked packet longer than `mtu` without DF.
[[nodiscard]] FragmentPlan plan_fragments(std::span<const uint8_t> ip, uint32_t mtu);

/// Writes fragment `index` of `plan` to `out` (room for the MTU); returns its length.
[[nodiscard]] uint32_t build_fragment(std::span<const uint8_t> ip, const FragmentPlan& plan,
                                      uint32_t index, uint8_t* out);

}  // namespace skyhop::dataplane
