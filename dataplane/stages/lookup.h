// Look-up: longest prefix match in the router's table, then the group's slot for each flow.
//
// Each kind of table has one function that finds the groups of a batch; what follows is the same
// for all. rte_lpm's stands in line, the others are called.
//
//   reads   the destination and hash lanes
//   writes  the edge of each lane
//   next    the action of the edge
//   drops   nothing itself; edge 0 is no_route
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// All lanes have edge `first`, or else `edges` holds each lane's.
struct LookupResult {
  bool is_uniform;
  EdgeId first;
};

/// Groups from a Popline; not in line, so that it takes no register from rte_lpm's way.
[[gnu::noinline]] void look_up_popline(const lpm::TableView& table, const Batch& batch,
                                       uint32_t* groups) {
  const lpm::popline::View& view = *table.popline.load(std::memory_order_acquire);
  lpm::popline::find_many(view, batch.destination.data(), batch.count,
                          table.default_group.load(std::memory_order_relaxed), groups);
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// Groups from rte_lpm's tables, written in whole vectors; true when all lanes have the first's.
SKYHOP_INLINE bool look_up_rte_lpm(const lpm::TableView& table, const Batch& batch,
                                   uint32_t* groups) {
  const uint32_t count = batch.count;
  const auto* tbl24 = reinterpret_cast<const int*>(table.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const int*>(table.lpm->tbl8);
  const __m512i kExtended = _mm512_set1_epi32(RTE_LPM_VALID_EXT_ENTRY_BITMASK);
  const __m512i kSuccess = _mm512_set1_epi32(RTE_LPM_LOOKUP_SUCCESS);
  const __m512i kNextHop = _mm512_set1_epi32(0x00ffffff);
  const __m512i miss =
      _mm512_set1_epi32(static_cast<int>(table.default_group.load(std::memory_order_relaxed)));
  __m512i first_group = _mm512_setzero_si512();
  __mmask16 differs = 0;
  for (uint32_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = lanes_left(count - i);
    const __m512i destination = _mm512_load_si512(&batch.destination[i]);
    __m512i entry = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes,
                                                _mm512_srli_epi32(destination, 8), tbl24, 4);
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
    _mm512_store_si512(&groups[i], group);
    if (i == 0) first_group = _mm512_broadcastd_epi32(_mm512_castsi512_si128(group));
    differs |= _mm512_mask_cmpneq_epi32_mask(lanes, group, first_group);
  }
  return differs == 0;
}

SKYHOP_INLINE bool are_equal(const uint32_t* groups, uint32_t count) {
  const __m512i first = _mm512_set1_epi32(static_cast<int>(groups[0]));
  __mmask16 differs = 0;
  for (uint32_t i = 0; i < count; i += 16) {
    differs |=
        _mm512_mask_cmpneq_epi32_mask(lanes_left(count - i), _mm512_load_si512(&groups[i]), first);
  }
  return differs == 0;
}

SKYHOP_INLINE LookupResult look_up_edges(const Router& router, const Batch& batch, EdgeId* edges) {
  const uint32_t count = batch.count;
  const lpm::TableView& table = *router.table.load(std::memory_order_acquire);
  alignas(64) uint32_t groups[kLanes];
  bool has_one_group;
  if (table.kind == lpm::TableKind::rte_lpm) [[likely]] {
    has_one_group = look_up_rte_lpm(table, batch, groups);
  } else {
    look_up_popline(table, batch, groups);
    has_one_group = are_equal(groups, count);
  }
  const __m512i seed = _mm512_set1_epi32(static_cast<int>(router.seed));
  if (has_one_group) {
    // One group: its 64 slots are two registers.
    const EdgeId* row = router.slots + size_t{groups[0]} * lpm::kGroupSlots;
    const __m512i low = _mm512_loadu_si512(row);
    const __m512i high = _mm512_loadu_si512(row + 32);
    const __m512i same = _mm512_broadcastw_epi16(_mm512_castsi512_si128(low));
    const auto first = static_cast<EdgeId>(_mm_extract_epi16(_mm512_castsi512_si128(low), 0));
    const __m512i difference =
        _mm512_or_si512(_mm512_xor_si512(low, same), _mm512_xor_si512(high, same));
    if (_mm512_test_epi32_mask(difference, difference) == 0) return {true, first};
    for (uint32_t i = 0; i < count; i += 16) {
      const __m512i slot =
          _mm512_srli_epi32(_mm512_mullo_epi32(_mm512_load_si512(&batch.hash[i]), seed), 26);
      const __m512i edge = _mm512_permutex2var_epi16(low, slot, high);
      _mm256_store_si256(reinterpret_cast<__m256i*>(&edges[i]), _mm512_cvtepi32_epi16(edge));
    }
    return {false, edges[0]};
  }
  for (uint32_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = lanes_left(count - i);
    const __m512i slot =
        _mm512_srli_epi32(_mm512_mullo_epi32(_mm512_load_si512(&batch.hash[i]), seed), 26);
    const __m512i index = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(&groups[i]), 6),
                                           slot);  // 64 slots per group
    const __m512i edge = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, index,
                                                     router.slots, sizeof(EdgeId));
    _mm256_store_si256(reinterpret_cast<__m256i*>(&edges[i]), _mm512_cvtepi32_epi16(edge));
  }
  return {false, edges[0]};
}

#else

#if defined(__AVX2__)

SKYHOP_INLINE void look_up_rte_lpm(const lpm::TableView& table, const Batch& batch,
                                   uint32_t* groups) {
  const auto* tbl24 = reinterpret_cast<const int*>(table.lpm->tbl24);
  const auto* tbl8 = reinterpret_cast<const int*>(table.lpm->tbl8);
  const __m256i kExtended = _mm256_set1_epi32(RTE_LPM_VALID_EXT_ENTRY_BITMASK);
  const __m256i kSuccess = _mm256_set1_epi32(RTE_LPM_LOOKUP_SUCCESS);
  const __m256i kNextHop = _mm256_set1_epi32(0x00ffffff);
  const uint32_t default_group = table.default_group.load(std::memory_order_relaxed);
  const __m256i miss = _mm256_set1_epi32(static_cast<int>(default_group));
  uint32_t i = 0;
  for (; i + 8 <= batch.count; i += 8) {
    const __m256i destination =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(&batch.destination[i]));
    __m256i entry = _mm256_i32gather_epi32(tbl24, _mm256_srli_epi32(destination, 8), 4);
    const __m256i extended = _mm256_cmpeq_epi32(_mm256_and_si256(entry, kExtended), kExtended);
    if (_mm256_movemask_epi8(extended) != 0) {
      const __m256i index = _mm256_add_epi32(
          _mm256_slli_epi32(entry, 8), _mm256_and_si256(destination, _mm256_set1_epi32(0xff)));
      entry = _mm256_mask_i32gather_epi32(entry, tbl8, index, extended, 4);
    }
    const __m256i hit = _mm256_cmpeq_epi32(_mm256_and_si256(entry, kSuccess), kSuccess);
    const __m256i group = _mm256_blendv_epi8(miss, _mm256_and_si256(entry, kNextHop), hit);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(&groups[i]), group);
  }
  for (; i < batch.count; ++i) {
    if (rte_lpm_lookup(table.lpm, batch.destination[i], &groups[i]) != 0) {
      groups[i] = default_group;
    }
  }
}

#else

SKYHOP_INLINE void look_up_rte_lpm(const lpm::TableView& table, const Batch& batch,
                                   uint32_t* groups) {
  const uint32_t miss = table.default_group.load(std::memory_order_relaxed);
  uint32_t i = 0;
  for (; i + 4 <= batch.count; i += 4) {
    const __m128i four = _mm_load_si128(reinterpret_cast<const __m128i*>(&batch.destination[i]));
    rte_lpm_lookupx4(table.lpm, four, &groups[i], miss);
  }
  for (; i < batch.count; ++i) {
    if (rte_lpm_lookup(table.lpm, batch.destination[i], &groups[i]) != 0) groups[i] = miss;
  }
}

#endif

SKYHOP_INLINE LookupResult look_up_edges(const Router& router, const Batch& batch, EdgeId* edges) {
  alignas(64) uint32_t groups[kLanes];
  const lpm::TableView& table = *router.table.load(std::memory_order_acquire);
  if (table.kind == lpm::TableKind::rte_lpm) [[likely]] {
    look_up_rte_lpm(table, batch, groups);
  } else {
    look_up_popline(table, batch, groups);
  }
  uint32_t differs = 0;
  for (uint32_t i = 0; i < batch.count; ++i) {
    const uint32_t slot = lpm::group_slot(batch.hash[i], router.seed);
    edges[i] = router.slots[size_t{groups[i]} * lpm::kGroupSlots + slot];
    differs |= uint32_t{edges[i]} ^ edges[0];
  }
  return {differs == 0, edges[0]};
}

#endif

/// Moves the lanes of `edge` among the `left` unclaimed ones to `out`, and claims them.
/// `claimed` holds a bit per lane.
SKYHOP_INLINE uint32_t split_off(const Batch& batch, const EdgeId* edges, EdgeId edge,
                                 uint16_t* claimed, Batch& out) {
  uint32_t at = 0;
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  const __m256i wanted = _mm256_set1_epi16(static_cast<short>(edge));
  for (uint32_t i = 0; i < batch.count; i += 16) {
    const __mmask16 lanes = lanes_left(batch.count - i);
    const __mmask16 mine = _mm256_mask_cmpeq_epi16_mask(
        lanes, _mm256_load_si256(reinterpret_cast<const __m256i*>(&edges[i])), wanted);
    claimed[i / 16] |= mine;
    _mm512_storeu_si512(&out.destination[at], _mm512_maskz_compress_epi32(
                                                  mine, _mm512_load_si512(&batch.destination[i])));
    _mm512_storeu_si512(&out.hash[at],
                        _mm512_maskz_compress_epi32(mine, _mm512_load_si512(&batch.hash[i])));
    _mm512_storeu_si512(&out.info[at],
                        _mm512_maskz_compress_epi32(mine, _mm512_load_si512(&batch.info[i])));
    _mm512_storeu_si512(&out.ref[at],
                        _mm512_maskz_compress_epi32(mine, _mm512_load_si512(&batch.ref[i])));
    at += static_cast<uint32_t>(__builtin_popcount(mine));
  }
#else
  for (uint32_t i = 0; i < batch.count; ++i) {
    if (edges[i] != edge) continue;
    claimed[i / 16] |= static_cast<uint16_t>(1u << (i % 16));
    out.destination[at] = batch.destination[i];
    out.hash[at] = batch.hash[i];
    out.info[at] = batch.info[i];
    out.ref[at] = batch.ref[i];
    ++at;
  }
#endif
  out.count = at;
  return at;
}
