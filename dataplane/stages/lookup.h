// Look-up: longest prefix match in the router's table, then the group's slot for each flow.
//
//   reads   the destination and hash columns
//   writes  the edge of each row
//   next    the action of the edge
//   drops   nothing itself; edge 0 is no_route
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// All rows have edge `first`, or else `edges` holds each row's.
struct LookupResult {
  bool is_uniform;
  EdgeId first;
};

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// The sixteen words of `table` at `index`. Two ways, of which CPUs prefer one or the other by a
/// factor of two (gathers_are_faster()).
template <bool kGathers>
SKYHOP_INLINE __m512i load_sixteen(const uint32_t* table, __m512i index) {
  if constexpr (kGathers) {
    return _mm512_i32gather_epi32(index, table, 4);
  } else {
    alignas(64) uint32_t at[16];
    _mm512_store_si512(at, index);
    const auto four = [&](uint32_t i) {
      __m128i words = _mm_cvtsi32_si128(static_cast<int>(table[at[i]]));
      words = _mm_insert_epi32(words, static_cast<int>(table[at[i + 1]]), 1);
      words = _mm_insert_epi32(words, static_cast<int>(table[at[i + 2]]), 2);
      return _mm_insert_epi32(words, static_cast<int>(table[at[i + 3]]), 3);
    };
    __m512i words = _mm512_castsi128_si512(four(0));
    words = _mm512_inserti32x4(words, four(4), 1);
    words = _mm512_inserti32x4(words, four(8), 2);
    return _mm512_inserti32x4(words, four(12), 3);
  }
}

/// Writes each row's group; true when all rows have the group of the first. A table answers for
/// every destination, so neighbours that are not of the set do no harm.
template <bool kGathers>
SKYHOP_INLINE bool look_up_groups(const Router& router, const PassTable& pass, const RowSet& rows,
                                  uint32_t* groups) {
  const auto* tbl24 = reinterpret_cast<const uint32_t*>(router.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const uint32_t*>(router.lpm->tbl8);
  const __m512i kExtended = _mm512_set1_epi32(RTE_LPM_VALID_EXT_ENTRY_BITMASK);
  const __m512i kSuccess = _mm512_set1_epi32(RTE_LPM_LOOKUP_SUCCESS);
  const __m512i kNextHop = _mm512_set1_epi32(0x00ffffff);
  const __m512i miss = _mm512_set1_epi32(static_cast<int>(router.table->default_group()));
  __m512i first_group = _mm512_setzero_si512();
  bool has_first = false;
  __mmask16 differs = 0;
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    const auto lanes = static_cast<__mmask16>(mine);
    const __m512i destination = _mm512_load_si512(&pass.destination[first]);
    __m512i entry = load_sixteen<kGathers>(tbl24, _mm512_srli_epi32(destination, 8));
    const __mmask16 extended =
        _mm512_mask_cmpeq_epi32_mask(lanes, _mm512_and_si512(entry, kExtended), kExtended);
    if (extended != 0) {
      const __m512i index =
          _mm512_add_epi32(_mm512_slli_epi32(entry, 8),  // the flags fall off at the top
                           _mm512_and_si512(destination, _mm512_set1_epi32(0xff)));
      entry = _mm512_mask_i32gather_epi32(entry, extended, index, tbl8, 4);
    }
    const __mmask16 hit = _mm512_test_epi32_mask(entry, kSuccess);
    const __m512i group = _mm512_mask_and_epi32(miss, hit, entry, kNextHop);
    _mm512_store_si512(&groups[first], group);
    if (!has_first) {
      has_first = true;
      first_group = _mm512_broadcastd_epi32(
          _mm512_castsi512_si128(_mm512_maskz_compress_epi32(lanes, group)));
    }
    differs |= _mm512_mask_cmpneq_epi32_mask(lanes, group, first_group);
  });
  return differs == 0;
}

template <bool kGathers>
SKYHOP_INLINE LookupResult look_up_edges(const Router& router, const PassTable& pass,
                                         const RowSet& rows, EdgeId* edges) {
  alignas(64) uint32_t groups[kRows];
  const __m512i seed = _mm512_set1_epi32(static_cast<int>(router.seed));
  const auto slots_of = [&](uint32_t first) {
    return _mm512_srli_epi32(_mm512_mullo_epi32(_mm512_load_si512(&pass.hash[first]), seed), 26);
  };
  const auto store = [&](uint32_t first, __m512i edge) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(&edges[first]), _mm512_cvtepi32_epi16(edge));
  };
  if (look_up_groups<kGathers>(router, pass, rows, groups)) {
    // One group: its 64 slots are two registers.
    const EdgeId* row = router.slots + size_t{groups[rows.first()]} * lpm::kGroupSlots;
    const __m512i low = _mm512_loadu_si512(row);
    const __m512i high = _mm512_loadu_si512(row + 32);
    const __m512i same = _mm512_broadcastw_epi16(_mm512_castsi512_si128(low));
    const auto first = static_cast<EdgeId>(_mm_extract_epi16(_mm512_castsi512_si128(low), 0));
    const __m512i difference =
        _mm512_or_si512(_mm512_xor_si512(low, same), _mm512_xor_si512(high, same));
    if (_mm512_test_epi32_mask(difference, difference) == 0) return {true, first};
    rows.for_each_sixteen([&](uint32_t at, uint32_t) {
      store(at, _mm512_permutex2var_epi16(low, slots_of(at), high));
    });
    return {false, 0};
  }
  rows.for_each_sixteen([&](uint32_t at, uint32_t mine) {
    const __m512i group = _mm512_load_si512(&groups[at]);
    const __m512i index = _mm512_add_epi32(_mm512_slli_epi32(group, 6), slots_of(at));
    store(at, _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), static_cast<__mmask16>(mine),
                                          index, router.slots, sizeof(EdgeId)));
  });
  return {false, 0};
}

/// What this CPU prefers, measured.
bool gathers_are_faster() {
  constexpr uint32_t kWords = 256;
  alignas(64) uint32_t words[kWords];
  for (uint32_t i = 0; i < kWords; ++i) words[i] = i * 7 % kWords;
  const auto time = [&]<bool kGathers>() {
    uint64_t best = ~uint64_t{0};
    for (int round = 0; round < 16; ++round) {
      const uint64_t start = rte_rdtsc();
      for (uint32_t i = 0; i < kWords; i += 16) {
        const __m512i loaded = load_sixteen<kGathers>(words, _mm512_load_si512(&words[i]));
        asm volatile("" : : "v"(loaded));
      }
      const uint64_t taken = rte_rdtsc() - start;
      best = taken < best ? taken : best;
    }
    return best;
  };
  return time.template operator()<true>() < time.template operator()<false>();
}

/// The rows of one word of a set that have this edge.
SKYHOP_INLINE uint64_t rows_with(const EdgeId* edges, EdgeId edge) {
  const __m512i wanted = _mm512_set1_epi16(static_cast<short>(edge));
  const uint64_t low = _mm512_cmpeq_epi16_mask(_mm512_load_si512(edges), wanted);
  const uint64_t high = _mm512_cmpeq_epi16_mask(_mm512_load_si512(edges + 32), wanted);
  return low | high << 32;
}

#else

template <bool kGathers>
SKYHOP_INLINE LookupResult look_up_edges(const Router& router, const PassTable& pass,
                                         const RowSet& rows, EdgeId* edges) {
  const auto* tbl24 = reinterpret_cast<const uint32_t*>(router.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const uint32_t*>(router.lpm->tbl8);
  const uint32_t miss = router.table->default_group();
  const EdgeId* slots = router.slots;
  const uint32_t seed = router.seed;
  const auto edge_of = [&](uint32_t row) {
    const uint32_t destination = pass.destination[row];
    uint32_t entry = tbl24[destination >> 8];
    constexpr uint32_t kExtended = RTE_LPM_VALID_EXT_ENTRY_BITMASK;
    if ((entry & kExtended) == kExtended) [[unlikely]] {
      entry = tbl8[(entry << 8) + (destination & 0xff)];
    }
    const uint32_t group = (entry & RTE_LPM_LOOKUP_SUCCESS) != 0 ? entry & 0x00ffffff : miss;
    return slots[size_t{group} * lpm::kGroupSlots + lpm::group_slot(pass.hash[row], seed)];
  };
  const EdgeId first_edge = edge_of(rows.first());
  uint32_t differs = 0;
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    const auto one = [&](uint32_t row) {
      const EdgeId edge = edge_of(row);
      edges[row] = edge;
      differs |= uint32_t{edge} ^ first_edge;
    };
    if (mine == 0xffff) {
      for (uint32_t i = 0; i < 16; ++i) one(first + i);
    } else {
      for (; mine != 0; mine &= mine - 1) {
        one(first + static_cast<uint32_t>(__builtin_ctz(mine)));
      }
    }
  });
  return {differs == 0, first_edge};
}

constexpr bool gathers_are_faster() { return false; }

SKYHOP_INLINE uint64_t rows_with(const EdgeId* edges, EdgeId edge) {
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(edge));
  uint64_t found = 0;
  for (uint32_t i = 0; i < 64; i += 16) {
    const auto equal = [&](uint32_t at) {
      return _mm_cmpeq_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(edges + at)), wanted);
    };
    const __m128i both = _mm_packs_epi16(equal(i), equal(i + 8));
    found |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(both))} << i;
  }
  return found;
}

#endif

/// Takes the rows that have this edge out of `rows`.
SKYHOP_INLINE RowSet take_edge(const EdgeId* edges, EdgeId edge, RowSet& rows) {
  RowSet mine;
  for (uint32_t i = 0; i < RowSet::kWords; ++i) {
    const uint64_t word = rows.word(i);
    if (word == 0) continue;
    const uint64_t found = word & rows_with(edges + size_t{i} * 64, edge);
    mine.set_word(i, found);
    rows.set_word(i, word & ~found);
  }
  return mine;
}
