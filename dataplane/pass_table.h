// How packets travel inside a worker: they stand still.
//
// A packet that enters a pass takes a row of the pass table and keeps it. What routers look at
// stands there in columns that vector units load sixteen at a time. A router's queue is a set of
// rows (rows.h): it looks its rows up and hands parts of the set on. To forward moves no octet of a
// packet, to split costs a compare, to meet again an OR, and packets of one flow stay in order
// because rows do. The bytes of a packet are read once on the way in and written once on the way
// out.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/flow_table.h"
#include "dataplane/rows.h"

struct rte_mbuf;

namespace skyhop::dataplane {

/// What the header of a packet says and a pass changes, in 32 bits: IP total length 31..16, TTL
/// 15..8, routers that it may still cross 7..0. The TTL lives here between entry and exit; the
/// header in memory holds the old one until write_header() (stages/rewrite.h).
namespace info {
/// A packet may cross so many routers; the last one delivers it or drops it as looping.
inline constexpr uint32_t kMaxCrossed = 255;
SKYHOP_INLINE constexpr uint32_t make(uint32_t length, uint32_t ttl, uint32_t crossed = 0) {
  return (length << 16) | (ttl << 8) | (kMaxCrossed - crossed);
}
SKYHOP_INLINE constexpr uint32_t length(uint32_t value) { return value >> 16; }
SKYHOP_INLINE constexpr uint32_t ttl(uint32_t value) { return (value >> 8) & 0xff; }
SKYHOP_INLINE constexpr uint32_t left(uint32_t value) { return value & 0xff; }
inline constexpr uint32_t kOneTtl = 1u << 8;
inline constexpr uint32_t kOneCrossed = 1;
}  // namespace info

/// Rows are given in order of arrival, and all end with the pass.
struct PassTable {
  /// Vector loads and stores may run over the end by one vector.
  static constexpr uint32_t kSlack = 16;
  template <typename T>
  using Column = std::array<T, kRows + kSlack>;

  uint32_t count = 0;
  alignas(64) Column<uint32_t> destination;  ///< host byte order
  alignas(64) Column<uint32_t> net;          ///< destination >> 8, which indexes tables
  alignas(64) Column<uint32_t> hash;         ///< lpm::flow_hash
  alignas(64) Column<uint32_t> info;
  alignas(64) Column<uint32_t> came;    ///< TTL, protocol, checksum as they came, in memory's order
  alignas(64) Column<uint32_t> length;  ///< of the frame, set on entry only
  alignas(64) Column<uint8_t*> frame;   ///< its first octet, the Ethernet header
  alignas(64) Column<rte_mbuf*> packet;
  alignas(64) Column<uint64_t> stamp;  ///< TSC on entry
  /// What flow tables hold of an established flow; FlowEntry::none() where a packet is not plain
  /// UDP or TCP (options, fragments, other protocols), so that rules look at the packet itself.
  alignas(64) Column<FlowEntry> flow;
  /// Rows whose packet has gone elsewhere: to a device, a ring, a link, another row. What the
  /// others hold is freed when the pass ends.
  RowSet gone;

  [[nodiscard]] bool has_room(uint32_t rows) const { return count + rows <= kRows; }
  /// A row of its own for what stands in another one, behind all others.
  uint32_t move_to_end(uint32_t row) {
    const uint32_t to = count++;
    destination[to] = destination[row];
    net[to] = net[row];
    hash[to] = hash[row];
    info[to] = info[row];
    came[to] = came[row];
    frame[to] = frame[row];
    packet[to] = packet[row];
    stamp[to] = stamp[row];
    flow[to] = flow[row];
    gone.add(row);
    return to;
  }
};

}  // namespace skyhop::dataplane
