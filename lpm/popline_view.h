// What readers see of a PoplineTable, and how they look up in it.
//
// The look-ups compile for the CPU of whoever includes this: 16 lanes with AVX-512, else one by one
// with prefetches. They are always inlined, so that a program may hold several compilations of them
// side by side; nothing in them is an inline function of the library, of which the linker would
// keep one for all.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define SKYHOP_POPLINE_INLINE [[gnu::always_inline]] inline

namespace skyhop::lpm::popline {

inline constexpr uint32_t kUnit = 16;               ///< octets that node indexes count in
inline constexpr uint32_t kNodeFlag = 1u << 31;     ///< else a leaf
inline constexpr uint32_t kIndex = (1u << 26) - 1;  ///< of a node: its first unit
inline constexpr uint32_t kMiss = 1u << 24;         ///< the leaf where no prefix matches
inline constexpr uint32_t kStride = 6;
inline constexpr uint32_t kNarrowRoot = 12;
inline constexpr uint32_t kWideRoot = 18;

/// What the wide root says of one value of the first 18 bits: the groups of the next 6 bits, in one
/// half of a cache line. Bit 0 of the map is the flag kAway. Without it each other bit s says that
/// slot s differs from the slot before, and slot s has the code number popcount(map[1..s]). With it
/// the rest of the map is an entry, which is where to go on.
struct alignas(32) Block {
  static constexpr uint32_t kCodes = 24;
  static constexpr uint64_t kAway = 1;

  uint64_t map;
  uint8_t codes[kCodes];  ///< group + 1; 0: no prefix matches
};
static_assert(sizeof(Block) == 32);

/// One version of the table. A reader takes the current one once per burst; it is valid until the
/// reader's next quiescent state. The root names nodes of its own version's array only.
///
/// An entry is a leaf (a group or kMiss) or a node. A node decides the next 6 bits: a 64-bit map
/// that has a bit wherever the entry of a slot differs from the slot before, then these entries.
/// Slot s has the entry number popcount(map[0..s]). Nodes start at multiples of 16 octets and, up
/// to 14 entries, lie within one cache line.
struct View {
  const Block* blocks = nullptr;   ///< the wide root, or else:
  const uint32_t* root = nullptr;  ///< the narrow one, an entry for each value of the first 12 bits
  const std::byte* nodes = nullptr;
};

/// From an entry that stands at this depth to the leaf.
SKYHOP_POPLINE_INLINE uint32_t walk(const std::byte* nodes, uint32_t entry, uint32_t destination,
                                    uint32_t depth) {
  for (; entry & kNodeFlag; depth += kStride) {
    const std::byte* node = nodes + size_t{entry & kIndex} * kUnit;
    const uint64_t map = *reinterpret_cast<const uint64_t*>(node);
    const uint32_t slot = (destination << depth) >> 26;
    const auto rank = static_cast<uint32_t>(__builtin_popcountll(map << (63 - slot)));
    entry = __atomic_load_n(reinterpret_cast<const uint32_t*>(node) + 1 + rank, __ATOMIC_ACQUIRE);
  }
  return entry;
}

/// The slot's code, of a map that is not kAway (else any octet up to 64 behind the codes).
SKYHOP_POPLINE_INLINE uint32_t code_of(const Block& block, uint64_t map, uint32_t destination) {
  const uint32_t slot = (destination >> 8) & 63;
  const auto rank = static_cast<uint32_t>(__builtin_popcountll(map << (63 - slot)));
  return __atomic_load_n(block.codes + rank, __ATOMIC_RELAXED);
}

/// The leaf at the end of the way: a group or kMiss.
SKYHOP_POPLINE_INLINE uint32_t find(const View& view, uint32_t destination) {
  if (view.blocks == nullptr) {
    const uint32_t entry =
        __atomic_load_n(&view.root[destination >> (32 - kNarrowRoot)], __ATOMIC_ACQUIRE);
    return walk(view.nodes, entry, destination, kNarrowRoot);
  }
  const Block& block = view.blocks[destination >> (32 - kWideRoot)];
  const uint64_t map = __atomic_load_n(&block.map, __ATOMIC_ACQUIRE);
  if (map & Block::kAway) {
    return walk(view.nodes, static_cast<uint32_t>(map >> 1), destination, kWideRoot);
  }
  const uint32_t code = code_of(block, map, destination);
  return code == 0 ? kMiss : code - 1;
}

/// Takes the lanes whose block was kAway to their leaves; their entries stand in `groups`.
SKYHOP_POPLINE_INLINE void follow(const View& view, const uint32_t* destinations, uint64_t away,
                                  uint32_t miss, uint32_t* groups) {
  for (uint64_t left = away; left != 0; left &= left - 1) {
    __builtin_prefetch(view.nodes + size_t{groups[__builtin_ctzll(left)] & kIndex} * kUnit);
  }
  for (; away != 0; away &= away - 1) {
    const int i = __builtin_ctzll(away);
    const uint32_t leaf = walk(view.nodes, groups[i], destinations[i], kWideRoot);
    groups[i] = leaf == kMiss ? miss : leaf;
  }
}

#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)

inline constexpr uint32_t kLanesAtOnce = 64;

SKYHOP_POPLINE_INLINE __mmask16 lanes_of(uint32_t count, uint32_t vector) {
  const uint32_t left = count > 16 * vector ? count - 16 * vector : 0;
  return static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
}

SKYHOP_POPLINE_INLINE __m512i popcount64(__m512i x) {
#if defined(__AVX512VPOPCNTDQ__)
  return _mm512_popcnt_epi64(x);
#else
  const __m512i counts =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m512i nibble = _mm512_set1_epi8(15);
  const __m512i low = _mm512_shuffle_epi8(counts, _mm512_and_si512(x, nibble));
  const __m512i high =
      _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble));
  return _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512());
#endif
}

/// The maps of sixteen lanes, by `word`, an index in words of 64 bits.
struct Maps {
  __m512i low, high;
};
SKYHOP_POPLINE_INLINE Maps load_maps(const void* base, __mmask16 lanes, __m512i word) {
  const __m512i zero = _mm512_setzero_si512();
  return {_mm512_mask_i32gather_epi64(zero, static_cast<__mmask8>(lanes),
                                      _mm512_castsi512_si256(word), base, 8),
          _mm512_mask_i32gather_epi64(zero, static_cast<__mmask8>(lanes >> 8),
                                      _mm512_extracti64x4_epi64(word, 1), base, 8)};
}
SKYHOP_POPLINE_INLINE __m512i joined(__m512i low, __m512i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                            _mm512_cvtepi64_epi32(high), 1);
}
/// How many bits each map has up to its lane's slot.
SKYHOP_POPLINE_INLINE __m512i ranks_of(const Maps& maps, __m512i slot) {
  const __m512i above = _mm512_sub_epi32(_mm512_set1_epi32(63), slot);
  return joined(
      popcount64(_mm512_sllv_epi64(maps.low, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(above)))),
      popcount64(_mm512_sllv_epi64(maps.high,
                                   _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(above, 1)))));
}

SKYHOP_POPLINE_INLINE __m512i or_miss(__m512i leaf, uint32_t miss) {
  return _mm512_mask_mov_epi32(leaf, _mm512_cmpeq_epi32_mask(leaf, _mm512_set1_epi32(kMiss)),
                               _mm512_set1_epi32(static_cast<int>(miss)));
}

/// One level down in the lanes that stand on a node.
SKYHOP_POPLINE_INLINE __m512i descend(const View& view, __m512i entry, __mmask16 on_node,
                                      __m512i bits) {
  const __m512i unit = _mm512_and_si512(entry, _mm512_set1_epi32(kIndex));
  const Maps maps = load_maps(view.nodes, on_node, _mm512_slli_epi32(unit, 1));
  const __m512i rank = ranks_of(maps, _mm512_srli_epi32(bits, 26));
  const __m512i index = _mm512_add_epi32(_mm512_slli_epi32(unit, 2), rank);
  return _mm512_mask_i32gather_epi32(entry, on_node, index, view.nodes + 4, 4);
}

/// Looks 16 * kVectors destinations up; only the first `count` are touched. All vectors go down
/// together, so that their cache misses overlap.
template <uint32_t kVectors>
SKYHOP_POPLINE_INLINE void find_narrow(const View& view, const uint32_t* destinations,
                                       uint32_t count, uint32_t miss, uint32_t* groups) {
  __m512i entry[kVectors];
  __m512i bits[kVectors];
  __mmask16 on_node[kVectors];
  __mmask16 any = 0;
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __mmask16 lanes = lanes_of(count, v);
    const __m512i destination = _mm512_maskz_loadu_epi32(lanes, destinations + 16 * v);
    entry[v] =
        _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes,
                                    _mm512_srli_epi32(destination, 32 - kNarrowRoot), view.root, 4);
    bits[v] = _mm512_slli_epi32(destination, kNarrowRoot);
    on_node[v] = _mm512_movepi32_mask(entry[v]);
    any |= on_node[v];
  }
  while (any != 0) {
    any = 0;
#pragma GCC unroll 4
    for (uint32_t v = 0; v < kVectors; ++v) {
      if (on_node[v] == 0) continue;
      entry[v] = descend(view, entry[v], on_node[v], bits[v]);
      bits[v] = _mm512_slli_epi32(bits[v], kStride);
      on_node[v] = _mm512_movepi32_mask(entry[v]);
      any |= on_node[v];
    }
  }
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    _mm512_mask_storeu_epi32(groups + 16 * v, lanes_of(count, v), or_miss(entry[v], miss));
  }
}

/// The same with the wide root. The lanes whose block is kAway, few as a rule, follow one by one:
/// a vector of them would wait for its slowest and hold up all.
template <uint32_t kVectors>
SKYHOP_POPLINE_INLINE void find_wide(const View& view, const uint32_t* destinations, uint32_t count,
                                     uint32_t miss, uint32_t* groups) {
  __m512i destination[kVectors];
  Maps maps[kVectors];
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __mmask16 lanes = lanes_of(count, v);
    destination[v] = _mm512_maskz_loadu_epi32(lanes, destinations + 16 * v);
    const __m512i block = _mm512_srli_epi32(destination[v], 32 - kWideRoot);
    maps[v] = load_maps(view.blocks, lanes, _mm512_slli_epi32(block, 2));
  }
  const __m512i instead = _mm512_set1_epi32(static_cast<int>(miss));
  const __m512i flag = _mm512_set1_epi64(Block::kAway);
  uint64_t all_away = 0;
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __mmask16 lanes = lanes_of(count, v);
    const auto away =
        static_cast<__mmask16>(_mm512_test_epi64_mask(maps[v].low, flag) |
                               (uint32_t{_mm512_test_epi64_mask(maps[v].high, flag)} << 8));
    const __m512i slot =
        _mm512_and_si512(_mm512_srli_epi32(destination[v], 8), _mm512_set1_epi32(63));
    const __m512i block = _mm512_srli_epi32(destination[v], 32 - kWideRoot);
    const __m512i octet = _mm512_add_epi32(_mm512_slli_epi32(block, 5), ranks_of(maps[v], slot));
    const auto here = static_cast<__mmask16>(lanes & ~away);
    const __m512i code = _mm512_and_si512(
        _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), here, octet,
                                    reinterpret_cast<const std::byte*>(view.blocks) + 8, 1),
        _mm512_set1_epi32(0xff));
    const __m512i group = _mm512_mask_sub_epi32(instead, _mm512_test_epi32_mask(code, code), code,
                                                _mm512_set1_epi32(1));
    const __m512i entry =
        joined(_mm512_srli_epi64(maps[v].low, 1), _mm512_srli_epi64(maps[v].high, 1));
    _mm512_mask_storeu_epi32(groups + 16 * v, lanes, _mm512_mask_mov_epi32(group, away, entry));
    all_away |= uint64_t{away} << (16 * v);
  }
  if (all_away != 0) follow(view, destinations, all_away, miss, groups);
}

SKYHOP_POPLINE_INLINE void find_many(const View& view, const uint32_t* destinations, size_t count,
                                     uint32_t miss, uint32_t* groups) {
  size_t i = 0;
  if (view.blocks != nullptr) {
    for (; i + kLanesAtOnce <= count; i += kLanesAtOnce) {
      find_wide<4>(view, destinations + i, kLanesAtOnce, miss, groups + i);
    }
    for (; i < count; i += 16) {
      const auto left = static_cast<uint32_t>(count - i);
      find_wide<1>(view, destinations + i, left < 16 ? left : 16, miss, groups + i);
    }
    return;
  }
  for (; i + kLanesAtOnce <= count; i += kLanesAtOnce) {
    find_narrow<4>(view, destinations + i, kLanesAtOnce, miss, groups + i);
  }
  for (; i < count; i += 16) {
    const auto left = static_cast<uint32_t>(count - i);
    find_narrow<1>(view, destinations + i, left < 16 ? left : 16, miss, groups + i);
  }
}

#else

inline constexpr uint32_t kLanesAtOnce = 16;

// The root's entries first, with the nodes they name on their way into the cache.
SKYHOP_POPLINE_INLINE void find_narrow(const View& view, const uint32_t* destinations,
                                       uint32_t count, uint32_t miss, uint32_t* groups) {
  for (uint32_t i = 0; i < count; ++i) {
    groups[i] =
        __atomic_load_n(&view.root[destinations[i] >> (32 - kNarrowRoot)], __ATOMIC_ACQUIRE);
    if (groups[i] & kNodeFlag) {
      __builtin_prefetch(view.nodes + size_t{groups[i] & kIndex} * kUnit);
    }
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t leaf = walk(view.nodes, groups[i], destinations[i], kNarrowRoot);
    groups[i] = leaf == kMiss ? miss : leaf;
  }
}

SKYHOP_POPLINE_INLINE void find_wide(const View& view, const uint32_t* destinations, uint32_t count,
                                     uint32_t miss, uint32_t* groups) {
  for (uint32_t i = 0; i < count; ++i) {
    __builtin_prefetch(&view.blocks[destinations[i] >> (32 - kWideRoot)]);
  }
  uint64_t away = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Block& block = view.blocks[destinations[i] >> (32 - kWideRoot)];
    const uint64_t map = __atomic_load_n(&block.map, __ATOMIC_ACQUIRE);
    const uint32_t code = code_of(block, map, destinations[i]);
    const bool is_away = (map & Block::kAway) != 0;
    const uint32_t here = code == 0 ? miss : code - 1;
    groups[i] = is_away ? static_cast<uint32_t>(map >> 1) : here;
    away |= uint64_t{is_away} << i;
  }
  if (away != 0) follow(view, destinations, away, miss, groups);
}

SKYHOP_POPLINE_INLINE void find_many(const View& view, const uint32_t* destinations, size_t count,
                                     uint32_t miss, uint32_t* groups) {
  const bool is_wide = view.blocks != nullptr;
  for (size_t i = 0; i < count; i += kLanesAtOnce) {
    const auto left = static_cast<uint32_t>(count - i);
    const uint32_t now = left < kLanesAtOnce ? left : kLanesAtOnce;
    if (is_wide) {
      find_wide(view, destinations + i, now, miss, groups + i);
    } else {
      find_narrow(view, destinations + i, now, miss, groups + i);
    }
  }
}

#endif

}  // namespace skyhop::lpm::popline
