// How packets travel inside a worker: in batches, as columns of what routers look at.
//
// A router's queue is a Batch: contiguous arrays that vector units load sixteen at a time. The
// bytes of a packet are read once on the way in and written once on the way out; between them only
// these sixteen octets per packet move, and when a whole batch leaves by one edge not even those.
#pragma once

#include <array>
#include <cstdint>

struct rte_mbuf;

#define SKYHOP_INLINE [[gnu::always_inline]] inline

namespace skyhop::dataplane {

/// Packets taken in by one pass at most.
inline constexpr uint32_t kMaxBurst = 256;
/// Packets inside one pass at most: the burst, and the fragments that a small MTU makes of it.
inline constexpr uint32_t kBatchCapacity = 512;
/// Vector stores may run over the end by one vector.
inline constexpr uint32_t kLaneSlack = 16;
inline constexpr uint32_t kLanes = kBatchCapacity + kLaneSlack;

/// What a pass knows of a packet besides its reference, in 32 bits:
/// IP total length 31..16, TTL 15..8, routers crossed 7..0. The TTL lives here between entry and
/// exit; the header in memory holds the old one until write_header() (stages/rewrite.h).
namespace info {
SKYHOP_INLINE constexpr uint32_t make(uint32_t length, uint32_t ttl, uint32_t crossed = 0) {
  return (length << 16) | (ttl << 8) | crossed;
}
SKYHOP_INLINE constexpr uint32_t length(uint32_t value) { return value >> 16; }
SKYHOP_INLINE constexpr uint32_t ttl(uint32_t value) { return (value >> 8) & 0xff; }
SKYHOP_INLINE constexpr uint32_t crossed(uint32_t value) { return value & 0xff; }
inline constexpr uint32_t kOneTtl = 1u << 8;
inline constexpr uint32_t kOneCrossed = 1;
/// A packet may cross so many routers; the last one delivers it or drops it as looping.
inline constexpr uint32_t kMaxCrossed = 255;
}  // namespace info

/// One router's queue, or what is on its way there.
struct alignas(64) Batch {
  uint32_t count = 0;
  uint64_t queued = 0;                                   ///< TSC when its first packet was queued
  alignas(64) std::array<uint32_t, kLanes> destination;  ///< host byte order
  alignas(64) std::array<uint32_t, kLanes> hash;         ///< lpm::flow_hash
  alignas(64) std::array<uint32_t, kLanes> info;
  alignas(64) std::array<uint32_t, kLanes> ref;  ///< row of the PassTable
};

/// What the pass keeps of each packet, by Batch::ref. Refs are given in order of arrival and are
/// all free again when the pass ends.
struct PassTable {
  /// Shape of a packet: the fast stages handle plain ones, the rest is parsed where it matters.
  static constexpr uint8_t kPlain = 0;    ///< UDP or TCP, no options, no fragment
  static constexpr uint8_t kUnusual = 1;  ///< anything else

  uint32_t count = 0;
  std::array<rte_mbuf*, kLanes> packet;
  std::array<uint8_t*, kLanes> frame;   ///< its first octet, the Ethernet header
  std::array<uint32_t, kLanes> length;  ///< of the frame, set on entry only
  std::array<uint64_t, kLanes> stamp;   ///< TSC on entry
  std::array<uint8_t, kLanes> shape;
};

}  // namespace skyhop::dataplane
