#include "dataplane/links/calendar.h"

#include <algorithm>
#include <bit>

namespace skyhop::dataplane {
namespace {

// A tick is the largest power of two of cycles of which there are so many in a second.
constexpr uint64_t kLeastTicksPerSecond = 4'000'000;

}  // namespace

void Calendar::Level::append(uint32_t slot, uint32_t index, Held* all) {
  Slot& list = slots[slot];
  all[index].next_ = kNone;
  if (list.head == kNone) {
    list.head = index;
    used[slot / 64] |= uint64_t{1} << (slot % 64);
    used_words |= uint64_t{1} << (slot / 64);
  } else {
    all[list.tail].next_ = index;
  }
  list.tail = index;
}

void Calendar::Level::forget(uint32_t slot) {
  slots[slot] = {};
  used[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  if (used[slot / 64] == 0) used_words &= ~(uint64_t{1} << (slot / 64));
}

uint32_t Calendar::Level::first_from(uint32_t slot) const {
  const uint32_t word = slot / 64;
  if (const uint64_t rest = used[word] >> (slot % 64); rest != 0) {
    return slot + static_cast<uint32_t>(std::countr_zero(rest));
  }
  // Shifting by 64 is undefined: take the words behind this one in two steps.
  const uint64_t words = (used_words >> word) >> 1;
  if (words == 0) return kSlots;
  const uint32_t next = word + 1 + static_cast<uint32_t>(std::countr_zero(words));
  return next * 64 + static_cast<uint32_t>(std::countr_zero(used[next]));
}

Calendar::Calendar(uint32_t capacity, uint64_t now, uint64_t hz)
    : all_(std::make_unique<Held[]>(capacity)),
      levels_(std::make_unique<std::array<Level, kLevels>>()),
      tick_bits_(static_cast<unsigned>(std::bit_width(hz / kLeastTicksPerSecond | 1)) - 1),
      current_(now >> tick_bits_) {
  for (uint32_t i = capacity; i-- > 0;) {
    all_[i].next_ = free_;
    free_ = i;
  }
}

bool Calendar::add(const Held& held) {
  if (free_ == kNone) return false;
  const uint32_t index = free_;
  free_ = all_[index].next_;
  all_[index] = held;
  place(index);
  ++count_;
  return true;
}

void Calendar::place(uint32_t index) {
  const uint64_t tick = std::max(tick_of(all_[index].due), current_);
  const uint64_t long_turns = (tick >> kLongTurnBits) - (current_ >> kLongTurnBits);
  unsigned level = 0;
  uint64_t slot = tick;
  if (long_turns != 0) {
    // The last level goes round: a packet beyond its reach waits in the farthest slot, and is
    // placed anew from there.
    level = 2;
    slot = (current_ >> kLongTurnBits) + std::min<uint64_t>(long_turns, kSlots - 1);
  } else if ((tick ^ current_) >= kSlots) {
    level = 1;
    slot = tick >> kSlotBits;
  }
  (*levels_)[level].append(static_cast<uint32_t>(slot & (kSlots - 1)), index, all_.get());
}

void Calendar::spread(unsigned level) {
  Level& from = (*levels_)[level];
  const auto slot = static_cast<uint32_t>(current_ >> (level * kSlotBits)) & (kSlots - 1);
  uint32_t index = from.slots[slot].head;
  if (index == kNone) return;
  from.forget(slot);
  while (index != kNone) {
    const uint32_t next = all_[index].next_;
    if (next != kNone) __builtin_prefetch(&all_[next]);
    place(index);
    index = next;
  }
}

void Calendar::turn(uint64_t now) {
  constexpr uint64_t kTurn = kSlots, kLongTurn = uint64_t{1} << kLongTurnBits;
  const uint64_t next = (current_ | (kTurn - 1)) + 1;
  current_ = next;
  if ((next & (kLongTurn - 1)) != 0) {
    // Turns without packets are passed over, up to the end of the long turn.
    const auto slot = static_cast<uint32_t>(next >> kSlotBits) & (kSlots - 1);
    const uint64_t used = (*levels_)[1].first_from(slot);
    const uint64_t turn = (next & ~(kLongTurn - 1)) + (used << kSlotBits);
    current_ = std::min(turn, now & ~(kTurn - 1));
  }
  if ((current_ & (kLongTurn - 1)) == 0) spread(2);
  spread(1);
}

bool Calendar::take(uint64_t now, Held& out) {
  const uint64_t now_tick = now >> tick_bits_;
  if (count_ == 0) {
    current_ = std::max(current_, now_tick);
    return false;
  }
  Level& level = (*levels_)[0];
  for (;;) {
    const uint64_t turn_start = current_ & ~uint64_t{kSlots - 1};
    const uint32_t slot = level.first_from(static_cast<uint32_t>(current_ & (kSlots - 1)));
    const uint64_t turn_last = turn_start + kSlots - 1;
    if (slot != kSlots) {
      if (turn_start + slot > now_tick) break;
      current_ = turn_start + slot;
      Slot& list = level.slots[slot];
      const uint32_t index = list.head;
      Held& held = all_[index];
      if (held.next_ == kNone) {
        level.forget(slot);
      } else {
        list.head = held.next_;
        __builtin_prefetch(&all_[held.next_]);
      }
      out = held;
      held.next_ = free_;
      free_ = index;
      --count_;
      return true;
    }
    if (now_tick <= turn_last) break;
    turn(now_tick);
  }
  current_ = std::max(current_, now_tick);
  return false;
}

}  // namespace skyhop::dataplane
