// Established flows of one NIC in one direction: what makes its NSGs stateful (A69).
//
// The rule: once a flow is allowed its packets pass in both directions, without asking the rules.
// Our choice: a set-associative table of exact 5-tuples, four to a cache line, one line per
// look-up. A flow stands in the table of its direction, and turned round in that of the other, so
// that a look-up needs no canonical order and can use the flow hash the packet already carries. The
// hash also says which of the four places is a flow's favourite: as long as lines have room, one
// compare of sixteen octets finds it.
//
// Workers share a table without locks. An entry is 16 aligned octets, written and read by one SSE
// move: single-copy atomic on every CPU with AVX (Intel SDM 3A 9.1.1, AMD APM 2 7.3.2). Older CPUs
// do it in practice without promising it. Two workers that insert the same flow at once leave a
// duplicate, which does no harm.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "dataplane/rows.h"
#include "lpm/flow.h"
#include "lpm/memory.h"

namespace skyhop::dataplane {

/// The 5-tuple as sixteen octets of the packet, from the TTL to the ports, with TTL and checksum
/// masked out. A bit in the TTL's place keeps an empty entry from matching anything.
struct alignas(16) FlowEntry {
  uint32_t protocol_word = 0;  ///< kPresent, protocol << 8
  uint32_t source_be = 0;
  uint32_t destination_be = 0;
  uint32_t ports_be = 0;

  static constexpr uint32_t kPresent = 1;
  static constexpr uint32_t kProtocolMask = 0xff00;

  /// Equals no entry of a table, not even an empty one.
  [[nodiscard]] SKYHOP_INLINE static constexpr FlowEntry none() { return {~uint32_t{0}, 0, 0, 0}; }

  [[nodiscard]] bool is_present() const { return (protocol_word & ~kProtocolMask) == kPresent; }

  static FlowEntry of(const lpm::FlowKey& key) {
    return {kPresent | uint32_t{key.protocol} << 8, __builtin_bswap32(key.source.value()),
            __builtin_bswap32(key.destination.value()),
            __builtin_bswap32((uint32_t{key.source_port} << 16) | key.destination_port)};
  }
  friend bool operator==(const FlowEntry&, const FlowEntry&) = default;
};

/// The same flow seen from the other end. ICMP echo keeps its identifier in place.
[[nodiscard]] constexpr lpm::FlowKey reverse_direction(const lpm::FlowKey& key) {
  lpm::FlowKey reversed = key.reversed();
  if (key.protocol == 1) std::swap(reversed.source_port, reversed.destination_port);
  return reversed;
}

class FlowTable {
 public:
  static constexpr uint32_t kWays = 4;

  /// Room for `entries` flows, rounded up to a power of two; at least 64. Takes memory only where
  /// flows are.
  explicit FlowTable(uint32_t entries);

  [[nodiscard]] SKYHOP_INLINE bool contains(__m128i entry, uint32_t hash) const {
    const __m128i* ways = bucket(hash);
    for (uint32_t i = 0; i < kWays; ++i) {
      const __m128i way = _mm_load_si128(ways + (favourite(hash) + i) % kWays);
      if (_mm_movemask_epi8(_mm_cmpeq_epi32(way, entry)) == 0xffff) return true;
    }
    return false;
  }
  [[nodiscard]] bool contains(const lpm::FlowKey& key) const;

  // For the vector units, which compare many flows with what stands at their favourite places.
  [[nodiscard]] SKYHOP_INLINE const FlowEntry* entries() const {
    return reinterpret_cast<const FlowEntry*>(memory_.get());
  }
  /// A flow's favourite place is entries()[(hash & bucket_mask()) * kWays + favourite(hash)].
  [[nodiscard]] SKYHOP_INLINE uint32_t bucket_mask() const { return mask_; }
  [[nodiscard]] SKYHOP_INLINE static uint32_t favourite(uint32_t hash) { return hash >> kWayShift; }
  static constexpr uint32_t kWayShift = 30;

  /// Returns how many other entries had to go: none or one.
  uint32_t insert(const lpm::FlowKey& key);

  [[nodiscard]] uint32_t capacity() const { return (mask_ + 1) * kWays; }

 private:
  [[nodiscard]] SKYHOP_INLINE __m128i* bucket(uint32_t hash) const {
    return reinterpret_cast<__m128i*>(memory_.get()) + size_t{hash & mask_} * kWays;
  }

  uint32_t mask_;
  lpm::Memory memory_;
};

}  // namespace skyhop::dataplane
