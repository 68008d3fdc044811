// Ageing: what crossing one router does to a packet (see stages/rewrite.h for the header).
//
//   reads   the info lane
//   writes  the info lane: one more router crossed, and the TTL where the router decrements it
//   next    guard, filter, link or port
//   drops   ttl_expired (with ICMP time exceeded), looping: both in age_slowly()
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// Ages all lanes; those that expire or have crossed too many routers are taken out.
SKYHOP_INLINE void age_batch(Worker& w, RouterIndex index, const Router& router, bool forwards,
                             Batch& batch) {
  // Expiring: TTL below 2. Looping: this is the last router allowed, and it wants to forward.
  const uint32_t least_ttl = router.decrements_ttl ? 2 * info::kOneTtl : 0;
  const uint32_t most_crossed = forwards ? info::kMaxCrossed - 2 : 0xff;
  const uint32_t step = info::kOneCrossed - (router.decrements_ttl ? info::kOneTtl : 0);
  const uint32_t count = batch.count;
  uint32_t* lanes = batch.info.data();
  uint32_t trouble = 0;
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  const __m512i ttl_mask = _mm512_set1_epi32(0xff00), crossed_mask = _mm512_set1_epi32(0xff);
  const __m512i least = _mm512_set1_epi32(static_cast<int>(least_ttl));
  const __m512i most = _mm512_set1_epi32(static_cast<int>(most_crossed));
  for (uint32_t i = 0; i < count; i += 16) {
    const __mmask16 valid = lanes_left(count - i);
    const __m512i value = _mm512_load_si512(&lanes[i]);
    trouble |= _mm512_mask_cmplt_epu32_mask(valid, _mm512_and_si512(value, ttl_mask), least) |
               _mm512_mask_cmpgt_epu32_mask(valid, _mm512_and_si512(value, crossed_mask), most);
  }
#else
  for (uint32_t i = 0; i < count; ++i) {
    trouble |= static_cast<uint32_t>((lanes[i] & 0xff00) < least_ttl) |
               static_cast<uint32_t>((lanes[i] & 0xff) > most_crossed);
  }
#endif
  if (trouble != 0) [[unlikely]]
    return age_slowly(w, index, forwards, batch);
  for (uint32_t i = 0; i < count; ++i) lanes[i] += step;
}

/// True when some packet is longer than the MTU.
SKYHOP_INLINE bool exceeds_mtu(const Batch& batch, uint32_t mtu) {
  uint32_t longest = 0;
  for (uint32_t i = 0; i < batch.count; ++i) {
    longest = batch.info[i] > longest ? batch.info[i] : longest;
  }
  return info::length(longest) > mtu;
}
