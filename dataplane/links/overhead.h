// What a packet weighs on a link: its own octets and those of the encapsulation.
//
// A link is plain now: nothing is encrypted, only counted. When a tunnel carries real ESP, its
// batch operations stand between act_forward()'s checks and the far router's queue (hot_loop.cc),
// and the octets counted here stay what they are.
#pragma once

#include <cstdint>

#include "dataplane/batch.h"

namespace skyhop::dataplane {

/// Octets on the wire for an IP packet of `length`: with a trailer (block > 1) the packet and the
/// two octets of pad length and next header are padded to whole blocks (RFC 4303 2.4).
SKYHOP_INLINE constexpr uint64_t wire_length(uint32_t length, uint32_t fixed, uint32_t block) {
  if (block <= 1) return uint64_t{length} + fixed;
  return uint64_t{(length + 2 + block - 1) / block} * block + fixed;
}

/// The same, summed over a batch.
SKYHOP_INLINE uint64_t wire_bytes(const Batch& batch, uint32_t fixed, uint32_t block) {
  uint32_t sum = 0;  // 512 packets of 64 KiB fit
  if (block <= 1) {
    for (uint32_t i = 0; i < batch.count; ++i) sum += info::length(batch.info[i]);
  } else if ((block & (block - 1)) == 0) {
    const uint32_t mask = block - 1;
    for (uint32_t i = 0; i < batch.count; ++i) {
      sum += (info::length(batch.info[i]) + 2 + mask) & ~mask;
    }
  } else {
    for (uint32_t i = 0; i < batch.count; ++i) {
      sum += static_cast<uint32_t>(wire_length(info::length(batch.info[i]), 0, block));
    }
  }
  return sum + uint64_t{fixed} * batch.count;
}

}  // namespace skyhop::dataplane
