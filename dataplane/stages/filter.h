// Filter: the NSGs of one NIC in one direction.
//
//   reads   the flow and hash columns, the NIC's flow table; packets, for what rules must decide
//   writes  the flow table, for flows that the rules allow
//   next    whatever follows where the filter stands: entry queue, link, port
//   drops   nsg_denied
//
// An established flow costs a compare of sixteen octets with its favourite place in the table.
// Included by hot_loop.cc only, in the namespace of the CPU level.

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// Which of sixteen rows hold flows that stand at their favourite places.
SKYHOP_INLINE uint32_t at_favourite_place(const FlowTable& flows, const PassTable& pass,
                                          uint32_t first) {
  const __m512i hash = _mm512_load_si512(&pass.hash[first]);
  const __m512i bucket =
      _mm512_and_si512(hash, _mm512_set1_epi32(static_cast<int>(flows.bucket_mask())));
  static_assert(FlowTable::kWays == 4);
  alignas(64) uint32_t place[16];
  _mm512_store_si512(place, _mm512_or_si512(_mm512_slli_epi32(bucket, 2),
                                            _mm512_srli_epi32(hash, FlowTable::kWayShift)));
  asm("" : "+m"(place));  // lest they come out of the vector, which takes longer
  const auto* entries = reinterpret_cast<const __m128i*>(flows.entries());
  uint32_t halves = 0;  // two bits per row: the halves of its entry that are equal
  for (uint32_t i = 0; i < 16; i += 4) {
    __m512i four = _mm512_castsi128_si512(_mm_load_si128(entries + place[i]));
    four = _mm512_inserti32x4(four, _mm_load_si128(entries + place[i + 1]), 1);
    four = _mm512_inserti32x4(four, _mm_load_si128(entries + place[i + 2]), 2);
    four = _mm512_inserti32x4(four, _mm_load_si128(entries + place[i + 3]), 3);
    const __m512i wanted = _mm512_load_si512(&pass.flow[first + i]);
    halves |= uint32_t{_mm512_cmpeq_epi64_mask(four, wanted)} << (2 * i);
  }
  return _pext_u32(halves & (halves >> 1), 0x55555555);
}

#else

SKYHOP_INLINE uint32_t at_favourite_place(const FlowTable& flows, const PassTable& pass,
                                          uint32_t first) {
  const auto* entries = reinterpret_cast<const __m128i*>(flows.entries());
  uint32_t found = 0;
  for (uint32_t i = 0; i < 16; ++i) {
    const uint32_t hash = pass.hash[first + i];
    const size_t place =
        size_t{hash & flows.bucket_mask()} * FlowTable::kWays + FlowTable::favourite(hash);
    const __m128i wanted = _mm_load_si128(reinterpret_cast<const __m128i*>(&pass.flow[first + i]));
    const __m128i equal = _mm_cmpeq_epi32(_mm_load_si128(entries + place), wanted);
    found |= static_cast<uint32_t>(_mm_movemask_epi8(equal) == 0xffff) << i;
  }
  return found;
}

#endif

/// Takes out what the filter denies.
SKYHOP_INLINE void filter_rows(Worker& w, RouterIndex router, FilterIndex index, RowSet& rows) {
  const Filter* filter = w.tables.filters.get()[index].load(std::memory_order_acquire);
  const FlowTable& flows = *filter->flows();
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    mine &= ~at_favourite_place(flows, w.pass, first);
    for (; mine != 0; mine &= mine - 1) [[unlikely]] {
      const uint32_t row = first + static_cast<uint32_t>(__builtin_ctz(mine));
      const __m128i flow = _mm_load_si128(reinterpret_cast<const __m128i*>(&w.pass.flow[row]));
      if (flows.contains(flow, w.pass.hash[row]) || admit(w, *filter, row)) continue;
      w.count_drops(router, DropReason::nsg_denied, 1);
      rows.remove(row);
    }
  });
}
