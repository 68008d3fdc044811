// The calendar: packets that a worker holds because a link has not let go of them yet, by the time
// at which it will.
//
// A hierarchical timing wheel of three levels of 4,096 slots. A slot of the first level is one tick
// (less than a quarter of a microsecond), so a packet is never early and at most a tick late; a
// slot of the next level is a whole turn of the one below. Adding and taking cost the same however
// many packets are held. Packets that are due in the same tick come out in the order in which they
// went in. All memory is taken once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/image.h"

struct rte_mbuf;

namespace skyhop::dataplane {

/// A packet on a link, with what its row of the pass table held.
struct alignas(64) Held {
  uint64_t due = 0;  ///< link time, in cycles
  rte_mbuf* packet = nullptr;
  uint8_t* frame = nullptr;
  uint64_t stamp = 0;  ///< TSC on entry
  uint32_t destination = 0;
  uint32_t hash = 0;
  uint32_t info = 0;
  LinkIndex link = 0;
  uint32_t delay = 0;     ///< of the wire, in units of 64 cycles
  RouterIndex from = 0;   ///< the router that sent it into the link
  bool is_plain = false;  ///< what Inspected has
  uint8_t stage = 0;      ///< of its crossing
  uint8_t fate = 0;       ///< what the link does to it

 private:
  friend class Calendar;
  uint32_t next_ = 0;
};
static_assert(sizeof(Held) == 64);

class Calendar {
 public:
  /// Room for `capacity` packets; `now` is where its time begins, `hz` the clock's.
  Calendar(uint32_t capacity, uint64_t now, uint64_t hz);

  [[nodiscard]] uint32_t count() const { return count_; }
  [[nodiscard]] bool is_full() const { return free_ == kNone; }
  /// Keeps a packet until held.due, or until the next take() if that has passed. False when full.
  bool add(const Held& held);
  /// Takes out the packet that is due first, if one is due at `now`. `now` never goes back.
  bool take(uint64_t now, Held& out);

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr unsigned kSlotBits = 12;
  static constexpr uint32_t kSlots = 1u << kSlotBits;
  static constexpr unsigned kLongTurnBits = 2 * kSlotBits;
  static constexpr unsigned kLevels = 3;

  struct Slot {
    uint32_t head = kNone;
    uint32_t tail = kNone;
  };
  struct Level {
    std::array<Slot, kSlots> slots;
    std::array<uint64_t, kSlots / 64> used{};  ///< a bit per slot that is not empty
    uint64_t used_words = 0;                   ///< a bit per word of `used` that is not zero

    void append(uint32_t slot, uint32_t index, Held* all);
    void forget(uint32_t slot);
    /// The first used slot from `slot` on; kSlots when there is none.
    [[nodiscard]] uint32_t first_from(uint32_t slot) const;
  };

  [[nodiscard]] uint64_t tick_of(uint64_t due) const {
    return (due >> tick_bits_) + ((due & ((uint64_t{1} << tick_bits_) - 1)) != 0);
  }
  void place(uint32_t index);
  /// Moves to the next turn of the first level that may hold a packet, at most to that of `now`.
  void turn(uint64_t now);
  /// Spreads what the current slot of a level holds over the level below.
  void spread(unsigned level);

  std::unique_ptr<Held[]> all_;
  std::unique_ptr<std::array<Level, kLevels>> levels_;
  unsigned tick_bits_;
  uint64_t current_;  ///< the tick up to which everything was taken
  uint32_t free_ = kNone;
  uint32_t count_ = 0;
};

}  // namespace skyhop::dataplane
