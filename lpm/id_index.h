// A hash table of numbers: finds the id of what has a given key, which is kept elsewhere.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace skyhop::lpm {

/// Open addressing with linear probing, at most two thirds full: 8 octets for each slot. The slot
/// keeps the hash, so growing looks at no key, and a key is looked at only when the hash is equal.
/// Nothing may depend on the order of the slots.
class IdIndex {
 public:
  /// The id for which `is_it` holds; 0: there is none. `is_it` sees ids of equal hash only.
  template <typename IsIt>
  [[nodiscard]] uint32_t find(uint32_t hash, IsIt is_it) const {
    if (slots_.empty()) return 0;
    for (size_t at = home(hash);; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.id == 0) return 0;
      if (slot.hash == hash && is_it(slot.id)) return slot.id;
    }
  }
  /// The id is not 0 and not in yet.
  void insert(uint32_t hash, uint32_t id) {
    if (3 * (size_ + 1) > 2 * slots_.size()) resize(slots_.empty() ? kFewest : 2 * slots_.size());
    put({hash, id});
    ++size_;
  }
  /// The id is in, with this hash.
  void erase(uint32_t hash, uint32_t id) {
    size_t at = home(hash);
    while (slots_[at].id != id) at = (at + 1) & mask();
    // Closes the gap with whatever would not be found across it.
    for (size_t next = (at + 1) & mask(); slots_[next].id != 0; next = (next + 1) & mask()) {
      const size_t distance = (next - home(slots_[next].hash)) & mask();
      if (distance < ((next - at) & mask())) continue;
      slots_[at] = slots_[next];
      at = next;
    }
    slots_[at] = {};
    --size_;
    if (slots_.size() > kFewest && 8 * size_ < slots_.size()) resize(slots_.size() / 2);
  }
  void prefetch(uint32_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(hash)]);
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr size_t kFewest = 16;

  struct Slot {
    uint32_t hash = 0;
    uint32_t id = 0;  ///< 0: free
  };

  [[nodiscard]] size_t mask() const { return slots_.size() - 1; }
  // The upper bits: when the table grows, neighbours stay neighbours.
  [[nodiscard]] size_t home(uint32_t hash) const {
    return static_cast<size_t>((uint64_t{hash} * slots_.size()) >> 32);
  }
  void put(Slot slot) {
    size_t at = home(slot.hash);
    while (slots_[at].id != 0) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void resize(size_t slots) {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
    for (const Slot& slot : old) {
      if (slot.id != 0) put(slot);
    }
  }

  std::vector<Slot> slots_;  ///< a power of two, or none yet
  size_t size_ = 0;
};

}  // namespace skyhop::lpm
