// A tunnel as one worker has it: seals what leaves, opens what arrives, and changes to new SAs in
// time.
//
// Every worker has SAs of its own for every tunnel and direction (as RFC 9611 does it), so sequence
// numbers and replay windows have one writer, and no packet waits for another core. A flow stays
// with its worker, so it stays with its SA's order. A bundle (HPE) holds several tunnels between
// the same two addresses; a flow keeps to one of them by its hash.
//
// A new SA is made before the old one ends: the control thread makes spares ahead, which the
// opening side accepts from that moment on; the worker changes to one when the current SA has used
// nine tenths of its packets, octets or seconds. The old SA stays open until nothing can be on its
// way any more (control.h). Without a spare the current SA goes on to its very end, and packets are
// dropped behind it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/ipsec/association.h"
#include "dataplane/rows.h"

namespace skyhop::dataplane::ipsec {

/// What became of a packet.
enum class Fault : uint8_t {
  none,
  malformed,
  bad_checksum,  ///< of the outer header
  unknown_spi,
  replayed,
  authentication,
  no_association,  ///< none is left that may still be used
  sequence_overflow,
  no_room,  ///< in the packet's buffer
};

/// The packets of one call, whole frames in buffers of one segment.
struct Parcel {
  uint32_t count = 0;
  std::array<rte_mbuf*, kRows> packet;
  std::array<uint32_t, kRows> hash;  ///< of the flow; to seal
  std::array<Fault, kRows> fault;    ///< written by the call
};

/// What a worker needs besides, once for all its tunnels.
class Workspace {
 public:
  /// `queue`: the worker's queue pair of every engine. `number` tells data planes apart.
  static Result<std::unique_ptr<Workspace>> create(unsigned number, uint16_t queue);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Parcel parcel;  ///< for whoever calls; nothing of it outlives a call

 private:
  friend class Tunnel;
  explicit Workspace(uint16_t queue) : queue_(queue) {}

  /// Lanes of the parcel that one SA handles, a range of `order`.
  struct Run {
    Association* association;
    uint32_t first;
    uint32_t count;
    uint32_t good;  ///< of them, so far; their buffers stand first in `sorted`
  };

  uint16_t queue_;
  rte_mempool* pool_ = nullptr;
  uint32_t call_ = 0;
  std::array<rte_crypto_op*, kRows> ops_{};
  std::array<rte_crypto_op*, kRows> done_{};
  std::array<uint16_t, kRows> order_;
  std::array<rte_mbuf*, kRows> sorted_;
  std::array<uint16_t, kRows> fragment_;  ///< DF of the inner header, as in memory
  std::array<uint8_t*, kRows> frame_;     ///< where it began
  std::array<uint32_t, kRows> sequence_;  ///< the low half
  std::array<Association*, kRows> association_;
  std::array<uint16_t, kRows> congested_;  ///< lanes whose outer header says CE
  std::array<Run, kRows> runs_;
  uint32_t run_count_ = 0;
};

class Tunnel {
 public:
  /// A bundle of `members` with room for so many SAs in each, `spares` of them ahead of time.
  Tunnel(lpm::Ipv4Address source, lpm::Ipv4Address destination, uint32_t members, uint32_t spares,
         uint32_t associations);

  // The worker's.

  /// Puts every packet into ESP. Returns how many could not be.
  uint32_t seal(Workspace& workspace, Parcel& parcel);
  /// Takes every packet out of ESP. Good ones have an Ethernet header in front again, of which only
  /// the type is right. Returns how many were no good.
  uint32_t open(Workspace& workspace, Parcel& parcel);

  // The control thread's.

  [[nodiscard]] uint32_t members() const { return static_cast<uint32_t>(members_.size()); }
  [[nodiscard]] const Association* current(uint32_t member) const {
    return members_[member].current.load(std::memory_order_acquire);
  }
  /// The opening side accepts it from now on. False: another SA has its SPI, or its place.
  [[nodiscard]] bool admit(Association* association);
  /// The opening side knows it no longer; free it after a grace period.
  void dismiss(const Association* association);
  /// The first SA of a member, or a spare. False when it has enough of them.
  [[nodiscard]] bool provide(uint32_t member, Association* association);
  [[nodiscard]] uint32_t spares(uint32_t member) const;

 private:
  struct Member {
    std::atomic<Association*> current = nullptr;
    // One producer (the control thread), one consumer (the worker).
    std::unique_ptr<std::atomic<Association*>[]> spares;
    std::atomic<uint32_t> head = 0;
    std::atomic<uint32_t> tail = 0;
  };

  [[nodiscard]] Association* find(uint32_t spi) const;
  [[nodiscard]] uint32_t slot_of(uint32_t spi) const { return (spi * 0x9e3779b1u) >> table_shift_; }
  /// Sorts the lanes of a parcel by SA and makes the runs.
  void spread(Workspace& workspace, Parcel& parcel);
  /// Gives `count` lanes, from `first` of the order on, to the SAs that may have them.
  void assign(Workspace& workspace, Parcel& parcel, Member& member, uint32_t first, uint32_t count);
  Association* replace(Member& member, Association* current);

  uint32_t source_;
  uint32_t destination_;
  uint32_t spare_mask_;
  uint32_t spare_count_;
  std::vector<Member> members_;
  std::unique_ptr<std::atomic<Association*>[]> table_;  ///< by SPI
  uint32_t table_shift_;
};

}  // namespace skyhop::dataplane::ipsec
