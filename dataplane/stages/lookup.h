// Look-up: longest prefix match in the router's table, then the group's slot for each flow.
//
// Each kind of table has one function that finds the groups of a set; what follows is the same for
// all. rte_lpm's stands in line, the others are called.
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

/// The four words of `table` at `indices`, which stand in memory.
SKYHOP_INLINE __m128i load_four(const uint32_t* table, const uint32_t* indices) {
  asm("" : "+r"(indices));  // lest they come out of a vector, which takes longer
  const auto word = [&](uint32_t i) { return static_cast<int>(table[indices[i]]); };
  __m128i words = _mm_cvtsi32_si128(word(0));
  words = _mm_insert_epi32(words, word(1), 1);
  words = _mm_insert_epi32(words, word(2), 2);
  return _mm_insert_epi32(words, word(3), 3);
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// The sixteen words of `table` at `indices`. Two ways, of which CPUs prefer
/// one or the other by a factor of two (gathers_are_faster()).
template <bool kGathers>
SKYHOP_INLINE __m512i load_sixteen(const uint32_t* table, const uint32_t* indices) {
  if constexpr (kGathers) {
    return _mm512_i32gather_epi32(_mm512_load_si512(indices), table, 4);
  } else {
    __m512i words = _mm512_castsi128_si512(load_four(table, indices));
    words = _mm512_inserti32x4(words, load_four(table, indices + 4), 1);
    words = _mm512_inserti32x4(words, load_four(table, indices + 8), 2);
    return _mm512_inserti32x4(words, load_four(table, indices + 12), 3);
  }
}

/// Writes each row's group; true when all rows have the group of the first. A table answers for
/// every destination, so neighbours that are not of the set do no harm.
template <bool kGathers>
SKYHOP_INLINE bool look_up_rte_lpm(const lpm::TableView& table, const PassTable& pass,
                                   const RowSet& rows, uint32_t* groups) {
  const auto* tbl24 = reinterpret_cast<const uint32_t*>(table.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const uint32_t*>(table.lpm->tbl8);
  const __m512i kExtended = _mm512_set1_epi32(RTE_LPM_VALID_EXT_ENTRY_BITMASK);
  const __m512i kSuccess = _mm512_set1_epi32(RTE_LPM_LOOKUP_SUCCESS);
  const __m512i kNextHop = _mm512_set1_epi32(0x00ffffff);
  const __m512i miss =
      _mm512_set1_epi32(static_cast<int>(table.default_group.load(std::memory_order_relaxed)));
  __m512i first_group = _mm512_setzero_si512();
  bool has_first = false;
  __mmask16 differs = 0;
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    const auto lanes = static_cast<__mmask16>(mine);
    __m512i entry = load_sixteen<kGathers>(tbl24, &pass.net[first]);
    const __mmask16 extended =
        _mm512_mask_cmpeq_epi32_mask(lanes, _mm512_and_si512(entry, kExtended), kExtended);
    if (extended != 0) {
      const __m512i destination = _mm512_load_si512(&pass.destination[first]);
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

SKYHOP_INLINE bool are_all(const EdgeId* slots, EdgeId edge) {
  const __m512i same = _mm512_set1_epi16(static_cast<short>(edge));
  const __m512i low = _mm512_xor_si512(_mm512_loadu_si512(slots), same);
  const __m512i high = _mm512_xor_si512(_mm512_loadu_si512(slots + 32), same);
  const __m512i difference = _mm512_or_si512(low, high);
  return _mm512_test_epi32_mask(difference, difference) == 0;
}

/// The slots of sixteen flows.
SKYHOP_INLINE __m512i slots_of(const PassTable& pass, uint32_t first, uint32_t seed) {
  return _mm512_srli_epi32(_mm512_mullo_epi32(_mm512_load_si512(&pass.hash[first]),
                                              _mm512_set1_epi32(static_cast<int>(seed))),
                           26);
}
SKYHOP_INLINE void store_edges(EdgeId* edges, __m512i lanes) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(edges), _mm512_cvtepi32_epi16(lanes));
}

/// Edges where all rows have one group: its 64 slots are two registers.
SKYHOP_INLINE void pick_edges(const Router& router, const PassTable& pass, const RowSet& rows,
                              const EdgeId* slots, EdgeId* edges) {
  const __m512i low = _mm512_loadu_si512(slots);
  const __m512i high = _mm512_loadu_si512(slots + 32);
  rows.for_each_sixteen([&](uint32_t first, uint32_t) {
    store_edges(&edges[first],
                _mm512_permutex2var_epi16(low, slots_of(pass, first, router.seed), high));
  });
}

/// Edges where rows have groups of their own.
SKYHOP_INLINE void load_edges(const Router& router, const PassTable& pass, const RowSet& rows,
                              const uint32_t* groups, EdgeId* edges) {
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    const __m512i group = _mm512_load_si512(&groups[first]);
    const __m512i index =
        _mm512_add_epi32(_mm512_slli_epi32(group, 6), slots_of(pass, first, router.seed));
    store_edges(&edges[first],
                _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), static_cast<__mmask16>(mine),
                                            index, router.slots, sizeof(EdgeId)));
  });
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
        const __m512i loaded = load_sixteen<kGathers>(words, &words[i]);
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

constexpr bool gathers_are_faster() { return false; }

SKYHOP_INLINE __m128i load(const void* at) {
  return _mm_load_si128(static_cast<const __m128i*>(at));
}

template <bool kGathers>
SKYHOP_INLINE bool look_up_rte_lpm(const lpm::TableView& table, const PassTable& pass,
                                   const RowSet& rows, uint32_t* groups) {
  const auto* tbl24 = reinterpret_cast<const uint32_t*>(table.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const uint32_t*>(table.lpm->tbl8);
  const auto all = [](uint32_t value) { return _mm_set1_epi32(static_cast<int>(value)); };
  const __m128i kExtended = all(RTE_LPM_VALID_EXT_ENTRY_BITMASK);
  const __m128i kSuccess = all(RTE_LPM_LOOKUP_SUCCESS);
  const __m128i miss = all(table.default_group.load(std::memory_order_relaxed));
  const auto look_up_four = [&](uint32_t row) {
    __m128i entry = load_four(tbl24, &pass.net[row]);
    const __m128i extended = _mm_cmpeq_epi32(_mm_and_si128(entry, kExtended), kExtended);
    if (_mm_movemask_epi8(extended) != 0) [[unlikely]] {
      // The first octets of tbl8 will do for a row whose entry is not extended.
      const __m128i low = _mm_and_si128(load(&pass.destination[row]), all(0xff));
      alignas(16) uint32_t index[4];
      _mm_store_si128(reinterpret_cast<__m128i*>(index),
                      _mm_and_si128(_mm_add_epi32(_mm_slli_epi32(entry, 8), low), extended));
      entry = _mm_blendv_epi8(entry, load_four(tbl8, index), extended);
    }
    const __m128i hit = _mm_cmpeq_epi32(_mm_and_si128(entry, kSuccess), kSuccess);
    return _mm_blendv_epi8(miss, _mm_and_si128(entry, all(0x00ffffff)), hit);
  };
  __m128i first_group = _mm_setzero_si128();
  bool has_first = false;
  uint32_t differs = 0;
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    __m128i group[4];
    for (uint32_t i = 0; i < 4; ++i) {
      group[i] = look_up_four(first + 4 * i);
      _mm_store_si128(reinterpret_cast<__m128i*>(&groups[first + 4 * i]), group[i]);
    }
    if (!has_first) {
      has_first = true;
      first_group = all(groups[first + static_cast<uint32_t>(__builtin_ctz(mine))]);
    }
    for (uint32_t i = 0; i < 4; ++i) group[i] = _mm_cmpeq_epi32(group[i], first_group);
    const __m128i same =
        _mm_packs_epi16(_mm_packs_epi32(group[0], group[1]), _mm_packs_epi32(group[2], group[3]));
    differs |= mine & ~static_cast<uint32_t>(_mm_movemask_epi8(same));
  });
  return differs == 0;
}

SKYHOP_INLINE bool are_all(const EdgeId* slots, EdgeId edge) {
  uint32_t difference = 0;
  for (uint32_t i = 0; i < lpm::kGroupSlots; ++i) difference |= uint32_t{slots[i]} ^ edge;
  return difference == 0;
}

SKYHOP_INLINE void pick_edges(const Router& router, const PassTable& pass, const RowSet& rows,
                              const EdgeId* slots, EdgeId* edges) {
  rows.for_each_sixteen([&](uint32_t first, uint32_t) {
    for (uint32_t row = first; row < first + 16; ++row) {
      edges[row] = slots[lpm::group_slot(pass.hash[row], router.seed)];
    }
  });
}

SKYHOP_INLINE void load_edges(const Router& router, const PassTable& pass, const RowSet& rows,
                              const uint32_t* groups, EdgeId* edges) {
  rows.for_each([&](uint32_t row) {
    const uint32_t slot = lpm::group_slot(pass.hash[row], router.seed);
    edges[row] = router.slots[size_t{groups[row]} * lpm::kGroupSlots + slot];
  });
}

SKYHOP_INLINE uint64_t rows_with(const EdgeId* edges, EdgeId edge) {
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(edge));
  uint64_t found = 0;
  for (uint32_t i = 0; i < 64; i += 16) {
    const __m128i both = _mm_packs_epi16(_mm_cmpeq_epi16(load(edges + i), wanted),
                                         _mm_cmpeq_epi16(load(edges + i + 8), wanted));
    found |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(both))} << i;
  }
  return found;
}

#endif

/// Groups from a Popline, as look_up_rte_lpm; not in line, so that it takes no register from that.
[[gnu::noinline]] bool look_up_popline(const lpm::TableView& table, const PassTable& pass,
                                       const RowSet& rows, uint32_t* groups) {
  const lpm::popline::View& view = *table.popline.load(std::memory_order_acquire);
  const uint32_t miss = table.default_group.load(std::memory_order_relaxed);
  // Sixteens that follow each other go together.
  uint32_t begin = 0, end = 0;
  const auto find = [&] {
    lpm::popline::find_many(view, pass.destination.data() + begin, end - begin, miss,
                            groups + begin);
  };
  rows.for_each_sixteen([&](uint32_t first, uint32_t) {
    if (first != end) {
      find();
      begin = first;
    }
    end = first + 16;
  });
  find();
  const uint32_t group = groups[rows.first()];
  uint32_t differs = 0;
  rows.for_each([&](uint32_t row) { differs |= groups[row] ^ group; });
  return differs == 0;
}

template <bool kGathers>
SKYHOP_INLINE LookupResult look_up_edges(const Router& router, const PassTable& pass,
                                         const RowSet& rows, EdgeId* edges) {
  alignas(64) uint32_t groups[kRows];
  const lpm::TableView& table = *router.table.load(std::memory_order_acquire);
  const bool has_one_group = table.kind == lpm::TableKind::rte_lpm
                                 ? look_up_rte_lpm<kGathers>(table, pass, rows, groups)
                                 : look_up_popline(table, pass, rows, groups);
  if (has_one_group) [[likely]] {
    const EdgeId* slots = router.slots + size_t{groups[rows.first()]} * lpm::kGroupSlots;
    // One load: the control thread may be writing.
    const EdgeId first = *static_cast<const volatile EdgeId*>(slots);
    if (are_all(slots, first)) return {true, first};
    pick_edges(router, pass, rows, slots, edges);
  } else {
    load_edges(router, pass, rows, groups, edges);
  }
  return {false, 0};
}

/// Takes the rows that have this edge out of `rows`.
SKYHOP_INLINE RowSet take_edge(const EdgeId* edges, EdgeId edge, RowSet& rows) {
  return rows.take([&](uint32_t word) { return rows_with(edges + size_t{word} * 64, edge); });
}
