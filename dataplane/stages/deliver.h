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

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// with_ttl() for sixteen rows.
SKYHOP_INLINE void change_words(const PassTable& pass, uint32_t first, uint32_t* words) {
  const auto all = [](uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); };
  const __m512i came = _mm512_load_si512(&pass.came[first]);
  const __m512i ttl =
      _mm512_and_si512(_mm512_srli_epi32(_mm512_load_si512(&pass.info[first]), 8), all(0xff));
  const __m512i now = _mm512_or_si512(_mm512_and_si512(came, all(0xff00)), ttl);
  const __m512i inverted = _mm512_xor_si512(came, all(~0u));
  __m512i sum =
      _mm512_add_epi32(_mm512_srli_epi32(inverted, 16), _mm512_and_si512(inverted, all(0xffff)));
  sum = _mm512_add_epi32(sum, now);
  sum = _mm512_add_epi32(_mm512_and_si512(sum, all(0xffff)), _mm512_srli_epi32(sum, 16));
  sum = _mm512_add_epi32(sum, _mm512_srli_epi32(sum, 16));
  sum = _mm512_slli_epi32(_mm512_xor_si512(sum, all(~0u)), 16);
  _mm512_store_si512(words, _mm512_or_si512(now, sum));
}

#else

SKYHOP_INLINE void change_words(const PassTable& pass, uint32_t first, uint32_t* words) {
  for (uint32_t i = 0; i < 16; ++i) {
    words[i] = with_ttl(pass.came[first + i], info::ttl(pass.info[first + i]));
  }
}

#endif

SKYHOP_INLINE void write_frames(const PassTable& pass, const RowSet& rows, const Macs& macs) {
  rows.for_each_sixteen([&](uint32_t first, uint32_t mine) {
    alignas(64) uint32_t words[16];
    change_words(pass, first, words);
    asm("" : "+m"(words));  // lest they come out of a vector, which takes longer
    uint8_t* const* frames = &pass.frame[first];
    const auto write = [&](uint32_t i) {
      macs.write(frames[i]);
      __builtin_memcpy(frames[i] + kEthernetLength + kChangingWord, &words[i], sizeof words[i]);
    };
    if (mine == 0xffff) {
      for (uint32_t i = 0; i < 16; ++i) write(i);
    } else {
      for (; mine != 0; mine &= mine - 1) write(static_cast<uint32_t>(__builtin_ctz(mine)));
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
SKYHOP_INLINE void count_delivered(Worker& w, PortIndex index, const RowSet& rows, uint32_t count,
                                   uint64_t octets) {
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
  if (port.exit == Port::Exit::device) count_delivered(w, index, rows, sent, octets);
}

SKYHOP_INLINE void deliver(Worker& w, RouterIndex router, PortIndex index, const RowSet& rows,
                           const Weight& weight) {
  const Port& port = w.tables.ports_data[index];
  write_frames(w.pass, rows, Macs(port));
  if (port.exit == Port::Exit::sink) {
    return count_delivered(w, index, rows, weight.count, weight.octets);
  }
  send(w, router, index, port, rows, weight.octets);
}
