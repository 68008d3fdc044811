// Deliver: the header is written, the frame gets its MACs, and the packet leaves at a port.
//
//   reads   the info, frame, packet and stamp columns
//   writes  the frame: Ethernet header, TTL, header checksum
//   next    the sink, the device's queue, or the ring of the worker that owns the port
//   drops   tx_full
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// The fourteen octets of an Ethernet header, as two words that overlap.
struct Macs {
  uint64_t front, back;
  SKYHOP_INLINE explicit Macs(const Port& port) {
    __builtin_memcpy(&front, port.ethernet.data(), 8);
    __builtin_memcpy(&back, port.ethernet.data() + kEthernetLength - 8, 8);
  }
  SKYHOP_INLINE void write(uint8_t* frame) const {
    __builtin_memcpy(frame, &front, 8);
    __builtin_memcpy(frame + kEthernetLength - 8, &back, 8);
  }
};

SKYHOP_INLINE void write_frame(const PassTable& pass, uint32_t row, const Macs& macs) {
  macs.write(pass.frame[row]);
  write_header(pass.frame[row] + kEthernetLength, pass.info[row]);
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// write_header() for sixteen rows: the words that hold TTL, protocol and checksum are fetched one
/// by one, changed together and stored one by one.
SKYHOP_INLINE void write_sixteen(const PassTable& pass, uint32_t first, const Macs& macs) {
  uint8_t* const* frames = &pass.frame[first];
  constexpr uint32_t kWord = kEthernetLength + 8;
  const auto four = [&](uint32_t i) {
    const auto word = [&](uint32_t k) {
      int value;
      __builtin_memcpy(&value, frames[i + k] + kWord, sizeof value);
      return value;
    };
    __m128i words = _mm_cvtsi32_si128(word(0));
    words = _mm_insert_epi32(words, word(1), 1);
    words = _mm_insert_epi32(words, word(2), 2);
    return _mm_insert_epi32(words, word(3), 3);
  };
  __m512i words = _mm512_castsi128_si512(four(0));
  words = _mm512_inserti32x4(words, four(4), 1);
  words = _mm512_inserti32x4(words, four(8), 2);
  words = _mm512_inserti32x4(words, four(12), 3);
  // The same sums as in write_header().
  const __m512i low = _mm512_set1_epi32(0xffff);
  const __m512i ttl = _mm512_and_si512(_mm512_srli_epi32(_mm512_load_si512(&pass.info[first]), 8),
                                       _mm512_set1_epi32(0xff));
  const __m512i now =
      _mm512_or_si512(_mm512_and_si512(words, _mm512_set1_epi32(0xff00)), ttl);
  const __m512i inverted = _mm512_xor_si512(words, _mm512_set1_epi32(-1));
  __m512i sum = _mm512_add_epi32(_mm512_srli_epi32(inverted, 16), _mm512_and_si512(inverted, low));
  sum = _mm512_add_epi32(sum, now);
  sum = _mm512_add_epi32(_mm512_and_si512(sum, low), _mm512_srli_epi32(sum, 16));
  sum = _mm512_add_epi32(sum, _mm512_srli_epi32(sum, 16));
  alignas(64) uint32_t changed[16];
  _mm512_store_si512(
      changed, _mm512_or_si512(
                   now, _mm512_slli_epi32(_mm512_xor_si512(sum, _mm512_set1_epi32(-1)), 16)));
  for (uint32_t i = 0; i < 16; ++i) {
    macs.write(frames[i]);
    __builtin_memcpy(frames[i] + kWord, &changed[i], 4);
  }
}

#endif

SKYHOP_INLINE void write_frames(const PassTable& pass, const RowSet& rows, const Macs& macs) {
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    if (mine == 0xffff) return write_sixteen(pass, first, macs);
#endif
    for (; mine != 0; mine &= mine - 1) {
      write_frame(pass, first + static_cast<uint32_t>(__builtin_ctz(mine)), macs);
    }
  });
}

SKYHOP_INLINE void record_path(Worker& w, const RowSet& rows, uint32_t count) {
  const uint64_t now = rte_rdtsc();
  if (w.has_one_stamp) {
    w.counters.path_cycles.record(now - w.pass.stamp[rows.first()], count);
    return;
  }
  rows.for_each([&](uint32_t row) { w.counters.path_cycles.record(now - w.pass.stamp[row]); });
}

/// `octets` are the IP octets of the rows.
SKYHOP_INLINE void count_delivered(Worker& w, PortIndex index, const RowSet& rows,
                                   uint64_t octets) {
  const uint32_t count = rows.count();
  if (count == 0) return;
  if (w.tables.measures_latency) record_path(w, rows, count);
  w.counters.delivered += count;
  w.port_counters[index].delivered += count;
  w.port_counters[index].delivered_bytes += octets;
}

SKYHOP_INLINE uint32_t to_device(Worker& w, const Port& port, rte_mbuf** packets, uint32_t count) {
  uint32_t sent = 0;
  while (sent < count) {
    const uint16_t taken = rte_eth_tx_burst(port.device, static_cast<uint16_t>(w.index),
                                            packets + sent, static_cast<uint16_t>(count - sent));
    if (taken == 0) break;
    sent += taken;
  }
  return sent;
}

/// Out of a device or to the ring of the worker that owns the port.
SKYHOP_INLINE void send(Worker& w, RouterIndex router, PortIndex index, const Port& port,
                        RowSet rows, uint64_t octets) {
  PassTable& pass = w.pass;
  rte_mbuf* packets[kRows];
  uint32_t count = 0;
  rows.for_each([&](uint32_t row) {
    rte_mbuf* packet = pass.packet[row];
    packets[count++] = packet;
    // A frame goes out at its IP length: what padded it on the way in stays behind.
    packet->data_len = static_cast<uint16_t>(kEthernetLength + info::length(pass.info[row]));
    packet->pkt_len = packet->data_len;
    if (port.exit == Port::Exit::ring) {
      auto* handoff = static_cast<Handoff*>(rte_mbuf_to_priv(packet));
      handoff->stamp = pass.stamp[row];
      handoff->router = router;
    }
  });
  const uint32_t sent =
      port.exit == Port::Exit::device
          ? to_device(w, port, packets, count)
          : rte_ring_mp_enqueue_burst(port.ring, reinterpret_cast<void**>(packets), count, nullptr);
  if (sent != count) [[unlikely]] {
    w.count_drops(router, DropReason::tx_full, count - sent);
    uint32_t i = 0;
    RowSet taken;
    octets = 0;
    rows.for_each([&](uint32_t row) {
      if (i++ >= sent) return;
      taken.add(row);
      octets += info::length(pass.info[row]);
    });
    rows = taken;
  }
  pass.gone |= rows;
  // Who owns a ring counts what leaves it.
  if (port.exit == Port::Exit::device) count_delivered(w, index, rows, octets);
}

SKYHOP_INLINE void deliver(Worker& w, RouterIndex router, PortIndex index, const RowSet& rows,
                           uint64_t octets) {
  const Port& port = w.tables.ports_data[index];
  write_frames(w.pass, rows, Macs(port));
  if (port.exit == Port::Exit::sink) return count_delivered(w, index, rows, octets);
  send(w, router, index, port, rows, octets);
}
