// The memory of a PoplineTable's nodes: units of 16 octets in one array, so that a 26-bit index
// names a node and a vector gather reaches it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lpm/memory.h"
#include "lpm/popline_view.h"

namespace skyhop::lpm::popline {

/// Blocks of 1, 2, 4, ... 32 units, those of up to 4 within a cache line, larger ones from the
/// start of one.
class Arena {
 public:
  static constexpr uint32_t kClasses = 6;
  static constexpr uint32_t kMaxUnits = kIndex + 1;

  explicit Arena(uint32_t units);

  /// The smallest class that holds so many entries (1..64) and their map.
  [[nodiscard]] static uint32_t class_for(uint32_t entries);
  /// The first unit of a free block; 0: the array is full and must grow.
  [[nodiscard]] uint32_t take(uint32_t size_class);
  void give_back(uint32_t unit, uint32_t size_class) { free_[size_class].push_back(unit); }
  /// Doubles the array; the old one is returned for the readers that still use it.
  [[nodiscard]] Memory grow();

  [[nodiscard]] std::byte* node(uint32_t unit) { return memory_.get() + size_t{unit} * kUnit; }
  [[nodiscard]] const std::byte* base() const { return memory_.get(); }
  [[nodiscard]] uint32_t units() const { return units_; }
  /// Units that were ever taken; the rest of the array is untouched.
  [[nodiscard]] uint32_t high_water() const { return next_; }
  [[nodiscard]] size_t bytes() const { return size_t{units_} * kUnit; }

 private:
  static constexpr uint32_t kLine = 64 / kUnit;

  Memory memory_;
  uint32_t units_;
  uint32_t next_ = kLine;  // unit 0 means none
  std::array<std::vector<uint32_t>, kClasses> free_;
};

}  // namespace skyhop::lpm::popline
