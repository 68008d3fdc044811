// Deliver: the header is written, the frame gets its MACs, and the packet leaves at a port.
//
//   reads   the info and ref lanes
//   writes  the frame: Ethernet header, TTL, header checksum
//   next    the sink, the device's queue, or the ring of the worker that owns the port
//   drops   tx_full
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

SKYHOP_INLINE void record_path(Worker& w, const Batch& batch, uint32_t count) {
  const uint64_t now = rte_rdtsc();
  if (w.has_one_stamp) {
    w.counters.path_cycles.record(now - w.pass.stamp[batch.ref[0]], count);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    w.counters.path_cycles.record(now - w.pass.stamp[batch.ref[i]]);
  }
}

SKYHOP_INLINE void count_delivered(Worker& w, PortIndex index, const Batch& batch, uint32_t count) {
  if (count == 0) return;
  if (w.tables.measures_latency) record_path(w, batch, count);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) bytes += info::length(batch.info[i]);
  w.counters.delivered += count;
  w.port_counters[index].delivered += count;
  w.port_counters[index].delivered_bytes += bytes;
}

SKYHOP_INLINE void deliver(Worker& w, RouterIndex router, PortIndex index, Batch* batch) {
  const Port& port = w.tables.ports_data[index];
  const uint32_t count = batch->count;
  if (count == 0) return w.give_back(batch);
  const __m128i ethernet = _mm_load_si128(reinterpret_cast<const __m128i*>(port.ethernet.data()));
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* frame = w.pass.frame[batch->ref[i]];
    // Fourteen octets of Ethernet header; the two of the packet behind them stay.
    auto* at = reinterpret_cast<__m128i*>(frame);
    _mm_storeu_si128(at, _mm_blend_epi16(ethernet, _mm_loadu_si128(at), 0x80));
    write_header(frame + kEthernetLength, batch->info[i]);
  }
  if (port.exit == Port::Exit::sink) {
    w.release_all(*batch);
    count_delivered(w, index, *batch, count);
    return w.give_back(batch);
  }

  rte_mbuf* packets[kBatchCapacity];
  for (uint32_t i = 0; i < count; ++i) packets[i] = w.pass.packet[batch->ref[i]];
  uint32_t sent = 0;
  if (port.exit == Port::Exit::device) {
    // A frame goes out at its IP length: what padded it on the way in stays behind.
    for (uint32_t i = 0; i < count; ++i) {
      packets[i]->data_len = static_cast<uint16_t>(kEthernetLength + info::length(batch->info[i]));
      packets[i]->pkt_len = packets[i]->data_len;
    }
    while (sent < count) {
      const uint16_t taken = rte_eth_tx_burst(port.device, static_cast<uint16_t>(w.index),
                                              packets + sent, static_cast<uint16_t>(count - sent));
      if (taken == 0) break;
      sent += taken;
    }
    count_delivered(w, index, *batch, sent);
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      packets[i]->data_len = static_cast<uint16_t>(kEthernetLength + info::length(batch->info[i]));
      packets[i]->pkt_len = packets[i]->data_len;
      auto* handoff = static_cast<Handoff*>(rte_mbuf_to_priv(packets[i]));
      handoff->stamp = w.pass.stamp[batch->ref[i]];
      handoff->router = router;
    }
    sent = rte_ring_mp_enqueue_burst(port.ring, reinterpret_cast<void**>(packets), count, nullptr);
  }
  w.count_drops(router, DropReason::tx_full, count - sent);
  for (uint32_t i = sent; i < count; ++i) w.release(packets[i]);
  w.give_back(batch);
}
