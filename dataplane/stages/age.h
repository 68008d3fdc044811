// Age: what crossing one router does to a packet (see stages/rewrite.h for the header), and what
// the packets weigh.
//
//   reads   the info column
//   writes  the info column: one router less to cross, and the TTL where the router decrements it
//   next    guard, filter, link or port
//   drops   ttl_expired (with ICMP time exceeded), looping: both in expire()
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// Of all rows of a set.
struct Weight {
  uint32_t count = 0;
  uint32_t longest = 0;  ///< IP octets
  uint64_t octets = 0;   ///< on a link
};

/// Subtracts `step` from every info, where `least` is what its two lower octets may be before. True
/// when all were at least that.
SKYHOP_INLINE bool age_and_weigh(PassTable& pass, const RowSet& rows, uint32_t least, uint32_t step,
                                 const Overhead& overhead, Weight& weight) {
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  const auto all = [](uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); };
  const __m512i nobody = all(0xffff);  // as good as the best, and without octets
  __m512i longest = _mm512_setzero_si512(), octets = _mm512_setzero_si512();
  __mmask64 below = 0;
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    const auto lanes = static_cast<__mmask16>(mine);
    const __m512i value = _mm512_mask_load_epi32(nobody, lanes, &pass.info[first]);
    below |= _mm512_cmplt_epu8_mask(value, all(least));
    longest = _mm512_max_epu32(longest, value);
    const __m512i padded = _mm512_and_si512(
        _mm512_add_epi32(_mm512_srli_epi32(value, 16), all(overhead.add)), all(overhead.keep));
    octets = _mm512_mask_add_epi32(octets, lanes, octets, padded);
    _mm512_mask_store_epi32(&pass.info[first], lanes, _mm512_sub_epi32(value, all(step)));
  });
  weight.longest = info::length(_mm512_reduce_max_epu32(longest));
  weight.octets = static_cast<uint32_t>(_mm512_reduce_add_epi32(octets));
  const bool is_fine = below == 0;
#else
  const auto all = [](uint32_t value) { return _mm_set1_epi32(static_cast<int>(value)); };
  const __m128i bits = _mm_setr_epi32(1, 2, 4, 8);
  __m128i longest = _mm_setzero_si128(), octets = longest, lowest = all(~uint32_t{0});
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    for (uint32_t i = 0; i < 16; i += 4) {
      auto* at = reinterpret_cast<__m128i*>(&pass.info[first + i]);
      const __m128i value = _mm_load_si128(at);
      const __m128i of_set = _mm_cmpeq_epi32(_mm_and_si128(all(mine >> i), bits), bits);
      lowest = _mm_min_epu8(lowest, _mm_or_si128(value, _mm_xor_si128(of_set, all(~0u))));
      longest = _mm_max_epu32(longest, _mm_and_si128(value, of_set));
      const __m128i padded = _mm_and_si128(
          _mm_add_epi32(_mm_srli_epi32(value, 16), all(overhead.add)), all(overhead.keep));
      octets = _mm_add_epi32(octets, _mm_and_si128(padded, of_set));
      _mm_store_si128(at, _mm_sub_epi32(value, _mm_and_si128(all(step), of_set)));
    }
  });
  alignas(16) uint32_t each[3][4];
  _mm_store_si128(reinterpret_cast<__m128i*>(each[0]), longest);
  _mm_store_si128(reinterpret_cast<__m128i*>(each[1]), octets);
  _mm_store_si128(reinterpret_cast<__m128i*>(each[2]), lowest);
  bool is_fine = true;
  weight = {};
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t length = info::length(each[0][i]);
    if (length > weight.longest) weight.longest = length;
    weight.octets += each[1][i];
    is_fine &= (each[2][i] & 0xff00) >= (least & 0xff00) && (each[2][i] & 0xff) >= (least & 0xff);
  }
#endif
  weight.count = rows.count();
  weight.octets += uint64_t{overhead.fixed} * weight.count;
  return is_fine;
}

/// Ages the packets, takes out those that expire or have crossed too many routers, and weighs the
/// others.
SKYHOP_INLINE Weight age(Worker& w, RouterIndex index, const Router& router, bool forwards,
                         const Overhead& overhead, RowSet& rows) {
  // Expiring: TTL below 2. Looping: this is the last router allowed, and it wants to forward.
  const uint32_t ttl = router.decrements_ttl ? info::kOneTtl : 0;
  const uint32_t least = 2 * ttl + (forwards ? 2 * info::kOneCrossed : 0);
  const uint32_t step = ttl + info::kOneCrossed;
  Weight weight;
  if (!age_and_weigh(w.pass, rows, least, step, overhead, weight)) [[unlikely]] {
    expire(w, index, forwards, rows);
    age_and_weigh(w.pass, rows, 0, 0, overhead, weight);
  }
  return weight;
}

SKYHOP_INLINE Weight weigh(Worker& w, const Overhead& overhead, const RowSet& rows) {
  Weight weight;
  age_and_weigh(w.pass, rows, 0, 0, overhead, weight);
  return weight;
}
