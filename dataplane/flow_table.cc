#include "dataplane/flow_table.h"

#include <algorithm>
#include <bit>

namespace skyhop::dataplane {
namespace {

__m128i to_vector(const lpm::FlowKey& key) {
  const FlowEntry entry = FlowEntry::of(key);
  return _mm_load_si128(reinterpret_cast<const __m128i*>(&entry));
}

bool is_equal(__m128i a, __m128i b) { return _mm_movemask_epi8(_mm_cmpeq_epi32(a, b)) == 0xffff; }

}  // namespace

FlowTable::FlowTable(uint32_t entries)
    : mask_(std::bit_ceil(std::max(entries, 64u)) / kWays - 1),
      memory_(lpm::allocate(size_t{mask_ + 1} * kWays * sizeof(FlowEntry), lpm::Pages::huge)) {}

bool FlowTable::contains(const lpm::FlowKey& key) const {
  return contains(to_vector(key), lpm::flow_hash(key));
}

uint32_t FlowTable::insert(const lpm::FlowKey& key) {
  const uint32_t hash = lpm::flow_hash(key);
  const __m128i entry = to_vector(key);
  if (contains(entry, hash)) return 0;
  __m128i* ways = bucket(hash);
  for (uint32_t i = 0; i < kWays; ++i) {
    __m128i* way = ways + (favourite(hash) + i) % kWays;
    if (is_equal(_mm_load_si128(way), _mm_setzero_si128())) {
      _mm_store_si128(way, entry);
      return 0;
    }
  }
  // Full: who has this flow's favourite place goes.
  _mm_store_si128(ways + favourite(hash), entry);
  return 1;
}

}  // namespace skyhop::dataplane
