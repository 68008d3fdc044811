// What readers see of a PoplineTable, and how they look up in it.
//
// The look-ups compile for the CPU of whoever includes this: 16 lanes with AVX-512, 8 with AVX2,
// else one by one with prefetches. They are always inlined, so that a program may hold several
// compilations of them side by side; nothing in them is an inline function of the library, of which
// the linker would keep one for all.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define SKYHOP_POPLINE_INLINE [[gnu::always_inline]] inline

namespace skyhop::lpm::popline {

/// One version of the table. A reader takes the current one once per burst; it is valid until the
/// reader's next quiescent state. The root names nodes of its own version's array only.
///
/// An entry is a leaf or a node. The root has one for each value of the first `root_bits` bits. A
/// node decides the next 6 bits: a 64-bit map that has a bit wherever the entry of a slot differs
/// from the slot before, then these entries. Slot s has the entry number popcount(map[0..s]).
/// Nodes start at multiples of 16 octets and, up to 14 entries, lie within one cache line.
struct View {
  const uint32_t* root = nullptr;
  const std::byte* nodes = nullptr;
  uint32_t root_bits = 0;  ///< 12 or 18
};

inline constexpr uint32_t kUnit = 16;               ///< octets that node indexes count in
inline constexpr uint32_t kNodeFlag = 1u << 31;     ///< else a leaf
inline constexpr uint32_t kIndex = (1u << 26) - 1;  ///< of a node: its first unit
inline constexpr uint32_t kMiss = 1u << 24;         ///< the leaf where no prefix matches
inline constexpr uint32_t kStride = 6;

/// The entry at the end of the walk: a group or kMiss.
SKYHOP_POPLINE_INLINE uint32_t find(const View& view, uint32_t destination) {
  uint32_t entry =
      __atomic_load_n(&view.root[destination >> (32 - view.root_bits)], __ATOMIC_ACQUIRE);
  for (uint32_t depth = view.root_bits; entry & kNodeFlag; depth += kStride) {
    const std::byte* node = view.nodes + size_t{entry & kIndex} * kUnit;
    const uint64_t map = *reinterpret_cast<const uint64_t*>(node);
    const uint32_t slot = (destination << depth) >> 26;
    const auto rank = static_cast<uint32_t>(__builtin_popcountll(map << (63 - slot)));
    entry = __atomic_load_n(reinterpret_cast<const uint32_t*>(node) + 1 + rank, __ATOMIC_ACQUIRE);
  }
  return entry;
}

#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)

inline constexpr uint32_t kLanesAtOnce = 64;

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

// One level down in the lanes that stand on a node.
SKYHOP_POPLINE_INLINE __m512i descend(const View& view, __m512i entry, __mmask16 on_node,
                                      __m512i bits) {
  const __m512i unit = _mm512_and_si512(entry, _mm512_set1_epi32(kIndex));
  const __m512i word = _mm512_slli_epi32(unit, 1);  // in words of 64 bits
  const __m512i zero = _mm512_setzero_si512();
  const __m512i map_low = _mm512_mask_i32gather_epi64(zero, static_cast<__mmask8>(on_node),
                                                      _mm512_castsi512_si256(word), view.nodes, 8);
  const __m512i map_high = _mm512_mask_i32gather_epi64(
      zero, static_cast<__mmask8>(on_node >> 8), _mm512_extracti64x4_epi64(word, 1), view.nodes, 8);
  const __m512i above = _mm512_sub_epi32(_mm512_set1_epi32(63), _mm512_srli_epi32(bits, 26));
  const __m512i rank_low =
      popcount64(_mm512_sllv_epi64(map_low, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(above))));
  const __m512i rank_high = popcount64(
      _mm512_sllv_epi64(map_high, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(above, 1))));
  const __m512i rank = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(rank_low)),
                                          _mm512_cvtepi64_epi32(rank_high), 1);
  const __m512i index = _mm512_add_epi32(_mm512_slli_epi32(unit, 2), rank);
  return _mm512_mask_i32gather_epi32(entry, on_node, index, view.nodes + 4, 4);
}

// Looks 16 * vectors destinations up; only the first `count` are touched. All vectors go down
// together, so that their cache misses overlap.
template <uint32_t kVectors>
SKYHOP_POPLINE_INLINE void find_block(const View& view, const uint32_t* destinations,
                                      uint32_t count, uint32_t miss, uint32_t* groups) {
  __m512i entry[kVectors];
  __m512i bits[kVectors];
  __mmask16 lanes[kVectors];
  __mmask16 on_node[kVectors];
  __mmask16 any = 0;
  const __m128i to_root = _mm_cvtsi32_si128(static_cast<int>(32 - view.root_bits));
  __m128i step = _mm_cvtsi32_si128(static_cast<int>(view.root_bits));
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const uint32_t left = count > 16 * v ? count - 16 * v : 0;
    lanes[v] = static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
    const __m512i destination = _mm512_maskz_loadu_epi32(lanes[v], destinations + 16 * v);
    entry[v] = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes[v],
                                           _mm512_srl_epi32(destination, to_root), view.root, 4);
    bits[v] = _mm512_sll_epi32(destination, step);
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
  const __m512i no_match = _mm512_set1_epi32(kMiss);
  const __m512i instead = _mm512_set1_epi32(static_cast<int>(miss));
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __m512i group =
        _mm512_mask_mov_epi32(entry[v], _mm512_cmpeq_epi32_mask(entry[v], no_match), instead);
    _mm512_mask_storeu_epi32(groups + 16 * v, lanes[v], group);
  }
}

SKYHOP_POPLINE_INLINE void find_many(const View& view, const uint32_t* destinations, size_t count,
                                     uint32_t miss, uint32_t* groups) {
  size_t i = 0;
  for (; i + kLanesAtOnce <= count; i += kLanesAtOnce) {
    find_block<4>(view, destinations + i, kLanesAtOnce, miss, groups + i);
  }
  for (; i < count; i += 16) {
    const auto left = static_cast<uint32_t>(count - i);
    find_block<1>(view, destinations + i, left < 16 ? left : 16, miss, groups + i);
  }
}

#else

#if defined(__AVX2__)

SKYHOP_POPLINE_INLINE __m256i popcount64(__m256i x) {
  const __m256i counts =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i low = _mm256_shuffle_epi8(counts, _mm256_and_si256(x, nibble));
  const __m256i high =
      _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
  return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

// The ranks in four lanes: `unit` and `above` in 32 bits each, the answer in 64.
SKYHOP_POPLINE_INLINE __m256i rank4(const View& view, __m128i unit, __m128i above,
                                    __m128i on_node) {
  const __m256i map = _mm256_mask_i32gather_epi64(
      _mm256_setzero_si256(), reinterpret_cast<const long long*>(view.nodes),
      _mm_slli_epi32(unit, 1), _mm256_cvtepi32_epi64(on_node), 8);
  return popcount64(_mm256_sllv_epi64(map, _mm256_cvtepu32_epi64(above)));
}

SKYHOP_POPLINE_INLINE __m256i descend(const View& view, __m256i entry, __m256i bits) {
  const __m256i on_node = _mm256_srai_epi32(entry, 31);
  const __m256i unit = _mm256_and_si256(entry, _mm256_set1_epi32(kIndex));
  const __m256i above = _mm256_sub_epi32(_mm256_set1_epi32(63), _mm256_srli_epi32(bits, 26));
  const __m256i low = rank4(view, _mm256_castsi256_si128(unit), _mm256_castsi256_si128(above),
                            _mm256_castsi256_si128(on_node));
  const __m256i high =
      rank4(view, _mm256_extracti128_si256(unit, 1), _mm256_extracti128_si256(above, 1),
            _mm256_extracti128_si256(on_node, 1));
  // The even words of both, in order.
  const __m256i mixed = _mm256_castps_si256(_mm256_shuffle_ps(
      _mm256_castsi256_ps(low), _mm256_castsi256_ps(high), _MM_SHUFFLE(2, 0, 2, 0)));
  const __m256i rank = _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0));
  const __m256i index = _mm256_add_epi32(_mm256_slli_epi32(unit, 2), rank);
  return _mm256_mask_i32gather_epi32(entry, reinterpret_cast<const int*>(view.nodes + 4), index,
                                     on_node, 4);
}

inline constexpr uint32_t kLanesAtOnce = 32;

SKYHOP_POPLINE_INLINE void find_whole_block(const View& view, const uint32_t* destinations,
                                            uint32_t miss, uint32_t* groups) {
  constexpr uint32_t kVectors = kLanesAtOnce / 8;
  __m256i entry[kVectors];
  __m256i bits[kVectors];
  const __m128i to_root = _mm_cvtsi32_si128(static_cast<int>(32 - view.root_bits));
  const __m128i step = _mm_cvtsi32_si128(static_cast<int>(view.root_bits));
  __m256i any = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __m256i destination =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(destinations + 8 * v));
    entry[v] = _mm256_i32gather_epi32(reinterpret_cast<const int*>(view.root),
                                      _mm256_srl_epi32(destination, to_root), 4);
    bits[v] = _mm256_sll_epi32(destination, step);
    any = _mm256_or_si256(any, entry[v]);
  }
  while (_mm256_movemask_ps(_mm256_castsi256_ps(any)) != 0) {
    any = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (uint32_t v = 0; v < kVectors; ++v) {
      if (_mm256_movemask_ps(_mm256_castsi256_ps(entry[v])) == 0) continue;
      entry[v] = descend(view, entry[v], bits[v]);
      bits[v] = _mm256_slli_epi32(bits[v], kStride);
      any = _mm256_or_si256(any, entry[v]);
    }
  }
  const __m256i no_match = _mm256_set1_epi32(kMiss);
  const __m256i instead = _mm256_set1_epi32(static_cast<int>(miss));
#pragma GCC unroll 4
  for (uint32_t v = 0; v < kVectors; ++v) {
    const __m256i group =
        _mm256_blendv_epi8(entry[v], instead, _mm256_cmpeq_epi32(entry[v], no_match));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(groups + 8 * v), group);
  }
}

#else

inline constexpr uint32_t kLanesAtOnce = 16;

// The root's entries first, with the nodes they name on their way into the cache.
SKYHOP_POPLINE_INLINE void find_whole_block(const View& view, const uint32_t* destinations,
                                            uint32_t miss, uint32_t* groups) {
  const uint32_t shift = 32 - view.root_bits;
  for (uint32_t i = 0; i < kLanesAtOnce; ++i) {
    const uint32_t entry = view.root[destinations[i] >> shift];
    if (entry & kNodeFlag) __builtin_prefetch(view.nodes + size_t{entry & kIndex} * kUnit);
  }
  for (uint32_t i = 0; i < kLanesAtOnce; ++i) {
    const uint32_t entry = find(view, destinations[i]);
    groups[i] = entry == kMiss ? miss : entry;
  }
}

#endif

SKYHOP_POPLINE_INLINE void find_many(const View& view, const uint32_t* destinations, size_t count,
                                     uint32_t miss, uint32_t* groups) {
  size_t i = 0;
  for (; i + kLanesAtOnce <= count; i += kLanesAtOnce) {
    find_whole_block(view, destinations + i, miss, groups + i);
  }
  for (; i < count; ++i) {
    const uint32_t entry = find(view, destinations[i]);
    groups[i] = entry == kMiss ? miss : entry;
  }
}

#endif

}  // namespace skyhop::lpm::popline
