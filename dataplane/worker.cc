#include "dataplane/worker.h"

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_pause.h>
#include <rte_ring.h>
#include <sched.h>

#include <algorithm>
#include <bit>

namespace skyhop::dataplane {
Worker::Worker(const Tables& tables_in, unsigned index_in, uint32_t burst_in, uint32_t port_count)
    : tables(tables_in), index(index_in), burst(burst_in) {
  const uint32_t routers = tables.router_count;
  queues = std::make_unique<Queue[]>(routers);
  const uint32_t ring = std::bit_ceil(std::max(routers, 2u));
  ready = std::make_unique<RouterIndex[]>(ring);
  ready_mask = ring - 1;

  counters.routers.resize(routers);
  counters.links.resize(tables.link_count);
  counters.ports.resize(port_count);
  counters.router_cycles = lpm::ZeroArray<Histogram>(tables.measures_latency ? routers : 0);
  router_counters = counters.routers.data();
  link_counters = counters.links.data();
  port_counters = counters.ports.data();
  router_cycles = counters.router_cycles.data();
}

Worker::~Worker() {
  // Whatever is left, after a start that failed half-way or a drain that took too long.
  for (uint32_t i = 0; i < originated_count; ++i) {
    rte_pktmbuf_free(originated[(originated_head + i) % kOriginated].packet);
  }
  for (Held held; calendar && calendar->take(~uint64_t{0}, held);) rte_pktmbuf_free(held.packet);
}

void Worker::free_packets(rte_mbuf** packets, uint32_t count) {
  if (count == 0) return;
  if (tables.frees_raw) {
    rte_mempool_put_bulk(tables.pool, reinterpret_cast<void**>(packets), count);
  } else {
    rte_pktmbuf_free_bulk(packets, count);
  }
}

void Worker::end_pass() {
  uint32_t kept = pass.count;
  if (!pass.gone.is_empty()) {
    kept = 0;
    for (uint32_t row = 0; row < pass.count; ++row) {
      if (!pass.gone.contains(row)) pass.packet[kept++] = pass.packet[row];
    }
    pass.gone.clear();
  }
  free_packets(pass.packet.data(), kept);
  pass.count = 0;
}

void Worker::run(const HotLoop& loop, const std::atomic<RunState>& state, lpm::Qsbr& qsbr,
                 bool shares_cpu) {
  inputs_data = inputs.data();
  inputs_count = static_cast<uint32_t>(inputs.size());
  constexpr unsigned kIdlePasses = 64;  // before a shared CPU is given to someone else
  unsigned idle = 0;
  const auto is_done = [](const Input& input) {
    return (input.stream && (!input.stream->is_limited() || input.stream->is_done())) ||
           (input.replay && input.replay->is_done()) || input.kind == Input::Kind::device;
  };
  const auto bump = [](std::atomic<uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  };
  qsbr.enter(index);
  for (RunState now = state.load(std::memory_order_acquire); now != RunState::stopped;
       now = state.load(std::memory_order_acquire)) {
    is_draining = now == RunState::draining;
    bool is_active = loop.pass(*this);
    if (!exits.empty()) is_active |= drain_exits(*this) != 0;
    qsbr.quiescent(index);
    if (is_active) {
      bump(active_passes);
      idle = 0;
    } else if (shares_cpu && ++idle > kIdlePasses) {
      sched_yield();
    }
    is_busy.store(originated_count.load(std::memory_order_relaxed) != 0 ||
                      held_count.load(std::memory_order_relaxed) != 0,
                  std::memory_order_release);
    if (!sources_done.load(std::memory_order_relaxed)) {
      sources_done.store(std::ranges::all_of(inputs, is_done), std::memory_order_release);
    }
    bump(passes);
  }
  qsbr.leave(index);
}

Guard Guard::of(const GuardSpec& spec) {
  Guard guard;
  for (const Ipv4Prefix& prefix : spec.sources) {
    const uint32_t first = prefix.address().value();
    guard.ranges.emplace_back(first, first + static_cast<uint32_t>(prefix.size() - 1));
  }
  std::ranges::sort(guard.ranges);
  size_t kept = 0;
  for (const auto& range : guard.ranges) {
    if (kept != 0 && range.first <= guard.ranges[kept - 1].second) {
      auto& last = guard.ranges[kept - 1].second;
      last = std::max(last, range.second);
    } else {
      guard.ranges[kept++] = range;
    }
  }
  guard.ranges.resize(kept);
  return guard;
}

bool Guard::admits(uint32_t source) const {
  const auto after = std::ranges::upper_bound(
      ranges, source, {}, [](const std::pair<uint32_t, uint32_t>& range) { return range.first; });
  return after != ranges.begin() && source <= std::prev(after)->second;
}

void inject_originated(Worker& w) {
  PassTable& pass = w.pass;
  // What links let go of has taken rows; inputs will want theirs.
  const uint32_t room = std::min(kMaxBurst, kRows - pass.count - w.burst);
  const uint32_t count = std::min(w.originated_count.load(std::memory_order_relaxed), room);
  for (uint32_t i = 0; i < count; ++i) {
    const Originated& made = w.originated[(w.originated_head + i) % Worker::kOriginated];
    const uint32_t row = pass.count++;
    pass.packet[row] = made.packet;
    pass.frame[row] = rte_pktmbuf_mtod(made.packet, uint8_t*);
    pass.stamp[row] = made.stamp;
    Inspected packet;
    // A router without an address of its own makes packets that nobody may forward.
    if (const auto reason = inspect(pass.frame[row], made.packet->data_len, packet)) {
      w.count_drops(made.router, *reason, 1);
      continue;
    }
    fill_row(pass, row, packet);
    // Its own router decrements the TTL like everyone's: it must leave with what was written.
    if (w.tables.routers[made.router].decrements_ttl) pass.info[row] += info::kOneTtl;
    RowSet rows;
    rows.add(row);
    w.enqueue(made.router, rows, made.stamp);
  }
  w.has_one_stamp = false;
  w.originated_head = (w.originated_head + count) % Worker::kOriginated;
  w.originated_count.fetch_sub(count, std::memory_order_relaxed);
}

uint32_t drain_exits(Worker& w) {
  uint32_t moved = 0;
  for (const OwnedExit& exit : w.exits) {
    rte_mbuf* packets[kMaxBurst];
    const uint32_t count =
        rte_ring_sc_dequeue_burst(exit.ring, reinterpret_cast<void**>(packets), kMaxBurst, nullptr);
    if (count == 0) continue;
    moved += count;
    const uint64_t now = rte_rdtsc();
    uint64_t stamps[kMaxBurst];
    uint32_t lengths[kMaxBurst];
    RouterIndex routers[kMaxBurst];
    for (uint32_t i = 0; i < count; ++i) {
      const auto* handoff = static_cast<const Handoff*>(rte_mbuf_to_priv(packets[i]));
      stamps[i] = handoff->stamp;
      routers[i] = handoff->router;
      lengths[i] = packets[i]->pkt_len - kEthernetLength;
    }
    uint32_t sent = 0;
    if (exit.capture != nullptr) {
      for (uint32_t i = 0; i < count; ++i) exit.capture->write(*packets[i], now);
      sent = count;
    } else {
      while (sent < count) {
        const uint16_t taken =
            rte_eth_tx_burst(exit.device, 0, packets + sent, static_cast<uint16_t>(count - sent));
        if (taken == 0) break;
        sent += taken;
      }
    }
    for (uint32_t i = 0; i < sent; ++i) {
      if (w.tables.measures_latency) w.counters.path_cycles.record(now - stamps[i]);
      w.port_counters[exit.port].delivered_bytes += lengths[i];
    }
    w.port_counters[exit.port].delivered += sent;
    w.counters.delivered += sent;
    for (uint32_t i = sent; i < count; ++i) w.count_drops(routers[i], DropReason::tx_full, 1);
    const uint32_t taken_away = exit.capture != nullptr ? 0 : sent;
    w.free_packets(packets + taken_away, count - taken_away);
  }
  return moved;
}

}  // namespace skyhop::dataplane
