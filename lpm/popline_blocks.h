// The wide root of a PoplineTable: 2^18 blocks of 32 octets, in memory only where routes are.
#pragma once

#include <span>
#include <vector>

#include "lpm/popline_arena.h"
#include "lpm/popline_view.h"

namespace skyhop::lpm::popline {

/// A block cannot be rewritten at once, and a reader that has loaded its map goes on to its codes.
/// So a block whose map changes first points away, by one store, to an entry that says the new;
/// when every reader has been quiescent since, its octets are nobody's, and it may take the groups
/// in again. Single codes of an unchanged map are stored in place.
class Blocks {
 public:
  static constexpr uint32_t kCount = 1u << kWideRoot;

  enum class Readers : uint8_t { none, some };

  /// No prefix matches anywhere.
  Blocks();

  [[nodiscard]] const Block* data() const { return reinterpret_cast<const Block*>(memory_.get()); }
  [[nodiscard]] size_t bytes() const { return kBytes; }

  /// Lets the block itself say what a node with this map and these entries would say. False, and
  /// nothing is done, when they do not fit or a reader would see a mixture.
  bool write(uint32_t index, uint64_t map, std::span<const uint32_t> entries, Readers readers);

  enum class After : uint8_t { nothing, grace_period };
  /// Points the block away to the entry. After::grace_period: when one is over, is_free(index).
  [[nodiscard]] After point_away(uint32_t index, uint32_t entry, Readers readers);
  /// The octets of a block that points away are nobody's any more.
  void set_free(uint32_t index) { busy_[index] = false; }

  /// The entry that a block points to, which must be away.
  [[nodiscard]] uint32_t entry(uint32_t index) const {
    return static_cast<uint32_t>(data()[index].map >> 1);
  }

  /// Goes over to a copy; the old memory is returned for the readers that still use it.
  [[nodiscard]] Memory move();

 private:
  // A gather of a code takes three octets more, and a reader of a block that turns away takes a
  // wrong octet before it knows.
  static constexpr size_t kBytes = kCount * sizeof(Block) + 64;

  [[nodiscard]] Block& block(uint32_t index) {
    return reinterpret_cast<Block*>(memory_.get())[index];
  }

  Memory memory_;
  std::vector<bool> busy_;  // points away since less than a grace period
};

}  // namespace skyhop::lpm::popline
