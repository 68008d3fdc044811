#include "lpm/popline_arena.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace skyhop::lpm::popline {
Arena::Arena(uint32_t units)
    : memory_(allocate(size_t{units} * kUnit, Pages::huge)), units_(units) {}

uint32_t Arena::class_for(uint32_t entries) {
  const uint32_t units = (sizeof(uint64_t) + entries * sizeof(uint32_t) + kUnit - 1) / kUnit;
  return static_cast<uint32_t>(std::bit_width(units - 1));
}

uint32_t Arena::take(uint32_t size_class) {
  const uint32_t size = 1u << size_class;
  auto& free = free_[size_class];
  if (free.empty()) {
    const uint32_t block = std::max(size, kLine);
    if (units_ - next_ < block) return 0;
    for (uint32_t at = next_ + block; at != next_; at -= size) free.push_back(at - size);
    next_ += block;
  }
  const uint32_t unit = free.back();
  free.pop_back();
  return unit;
}

Memory Arena::grow() {
  Memory larger = allocate(bytes() * 2, Pages::huge);
  std::memcpy(larger.get(), memory_.get(), size_t{next_} * kUnit);
  std::swap(memory_, larger);
  units_ *= 2;
  return larger;
}

}  // namespace skyhop::lpm::popline
