#include "lpm/popline_blocks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace skyhop::lpm::popline {

Blocks::Blocks() : memory_(allocate(kBytes, Pages::huge)), busy_(kCount) {}

bool Blocks::write(uint32_t index, uint64_t map, std::span<const uint32_t> entries,
                   Readers readers) {
  if (entries.size() > Block::kCodes) return false;
  std::array<uint8_t, Block::kCodes> codes;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i] != kMiss && entries[i] >= 0xff) return false;  // a node, or a larger group
    codes[i] = static_cast<uint8_t>(entries[i] == kMiss ? 0 : entries[i] + 1);
  }
  Block& to = block(index);
  map &= ~Block::kAway;  // the first slot differs from none
  const bool is_same_map = to.map == map;
  const bool is_away = (to.map & Block::kAway) != 0;
  if (busy_[index] || (readers == Readers::some && !is_same_map && !is_away)) return false;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (to.codes[i] == codes[i]) continue;  // leave the readers' cache lines alone
    std::atomic_ref(to.codes[i]).store(codes[i], std::memory_order_relaxed);
  }
  if (!is_same_map) std::atomic_ref(to.map).store(map, std::memory_order_release);
  return true;
}

Blocks::After Blocks::point_away(uint32_t index, uint32_t entry, Readers readers) {
  Block& to = block(index);
  const bool was_away = (to.map & Block::kAway) != 0;
  std::atomic_ref(to.map).store((uint64_t{entry} << 1) | Block::kAway, std::memory_order_release);
  if (was_away || readers == Readers::none) return After::nothing;
  busy_[index] = true;
  return After::grace_period;
}

Memory Blocks::move() {
  constexpr size_t kPage = 4096;
  constexpr std::array<std::byte, kPage> kZero{};
  Memory copy = allocate(kBytes, Pages::huge);
  for (size_t at = 0; at < kCount * sizeof(Block); at += kPage) {
    // What holds no route takes no memory in the copy either.
    if (std::memcmp(memory_.get() + at, kZero.data(), kPage) == 0) continue;
    std::memcpy(copy.get() + at, memory_.get() + at, kPage);
  }
  std::swap(memory_, copy);
  return copy;
}

}  // namespace skyhop::lpm::popline
