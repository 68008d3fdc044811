// What a packet weighs on a link: its own octets and those of the encapsulation.
//
// Every link counts them, also where nothing is encrypted.
#pragma once

#include <cstdint>

#include "dataplane/rows.h"

namespace skyhop::dataplane {

/// Octets on the wire for an IP packet. With a trailer (block > 1) the packet and the two octets of
/// pad length and next header are padded to whole blocks (RFC 4303 2.4), which are powers of two.
struct Overhead {
  uint32_t fixed = 0;
  uint32_t add = 0;
  uint32_t keep = ~uint32_t{0};

  static constexpr Overhead of(uint32_t fixed, uint32_t block) {
    return block <= 1 ? Overhead{fixed} : Overhead{fixed, 2 + block - 1, ~(block - 1)};
  }
  [[nodiscard]] SKYHOP_INLINE constexpr uint32_t on_wire(uint32_t length) const {
    return ((length + add) & keep) + fixed;
  }
};

}  // namespace skyhop::dataplane
