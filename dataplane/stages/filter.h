// Filter: the NSGs of one NIC in one direction.
//
//   reads   5-tuples in the packets, the hash lane, the NIC's flow table
//   writes  the flow table, for flows that the rules allow
//   next    whatever follows where the filter stands: entry queue, link, port
//   drops   nsg_denied
//
// An established flow costs one cache line, asked for ahead for the whole batch.
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// Removes the lanes whose bit in `lost` is set.
SKYHOP_INLINE void keep_others(Batch& batch, const uint64_t* lost) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < batch.count; ++i) {
    if ((lost[i / 64] >> (i % 64)) & 1) continue;
    batch.destination[kept] = batch.destination[i];
    batch.hash[kept] = batch.hash[i];
    batch.info[kept] = batch.info[i];
    batch.ref[kept] = batch.ref[i];
    ++kept;
  }
  batch.count = kept;
}

/// The flow table's key of a plain packet: what it needs stands in sixteen octets in a row.
SKYHOP_INLINE __m128i plain_key(const uint8_t* frame) {
  const __m128i octets =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(frame + kEthernetLength + 8));
  const __m128i mask = _mm_setr_epi32(FlowEntry::kProtocolMask, -1, -1, -1);
  return _mm_or_si128(_mm_and_si128(octets, mask), _mm_setr_epi32(FlowEntry::kPresent, 0, 0, 0));
}

SKYHOP_INLINE void filter_batch(Worker& w, RouterIndex router, FilterIndex index, Batch& batch) {
  const Filter* filter = w.tables.filters.get()[index].load(std::memory_order_acquire);
  const FlowTable* flows = filter->flows();
  for (uint32_t i = 0; i < batch.count; ++i) flows->prefetch(batch.hash[i]);
  uint64_t lost[kBatchCapacity / 64] = {};
  uint32_t denied = 0;
  for (uint32_t i = 0; i < batch.count; ++i) {
    const uint32_t ref = batch.ref[i];
    if (w.pass.shape[ref] == PassTable::kPlain &&
        flows->contains(plain_key(w.pass.frame[ref]), batch.hash[i])) [[likely]] {
      continue;
    }
    if (admit(w, *filter, ref)) continue;
    lost[i / 64] |= uint64_t{1} << (i % 64);
    w.drop(router, DropReason::nsg_denied, ref);
    ++denied;
  }
  if (denied != 0) keep_others(batch, lost);
}
