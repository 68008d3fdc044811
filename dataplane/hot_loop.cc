// The pass: how packets flow through the routers. Compiled per CPU level (hot_loop.h).
//
// Nothing here may be an inline function with external linkage that is not always inlined: the
// linker would keep one copy for all CPU levels. A test looks for such symbols.
#include "dataplane/hot_loop.h"

#include <immintrin.h>
#include <rte_ethdev.h>
#include <rte_lpm.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/links/crossing.h"
#include "dataplane/links/overhead.h"
#include "dataplane/stages/input.h"
#include "dataplane/stages/rewrite.h"
#include "dataplane/worker.h"
#include "lpm/popline_view.h"

namespace skyhop::dataplane::SKYHOP_LEVEL {
namespace {

#include "dataplane/stages/age.h"
#include "dataplane/stages/deliver.h"
#include "dataplane/stages/filter.h"
#include "dataplane/stages/lookup.h"
#include "dataplane/stages/take.h"

/// Forwards rows over a link, or out of a port, which may take some out of the set; `now` is when
/// they were looked up.
SKYHOP_INLINE void act_forward(Worker& w, RouterIndex index, const Router& router, const Edge& edge,
                               RowSet& rows, uint64_t now) {
  const bool forwards = edge.action == EdgeAction::forward;
  const Link* link = forwards ? &w.tables.links[edge.link] : nullptr;
  const Overhead overhead = forwards ? link->overhead : Overhead{};
  Weight weight = age(w, index, router, forwards, overhead, rows);
  if ((edge.guard | edge.filter) != 0) {
    if (edge.guard != 0) guard_rows(w, index, w.tables.guards_data[edge.guard], rows);
    if (edge.filter != 0) filter_rows(w, index, edge.filter, rows);
    weight = weigh(w, overhead, rows);
  }
  if (!forwards) return deliver(w, index, edge.port, rows, weight);

  if (!link->is_up.load(std::memory_order_relaxed)) [[unlikely]] {
    return w.drop_all(index, DropReason::link_down, rows);
  }
  if (link->nat_leaving != 0) [[unlikely]] {
    translate_rows(w, index, link->nat_leaving, rows);
    weight = weigh(w, overhead, rows);
  }
  if (weight.longest > link->mtu) [[unlikely]] {
    fit_mtu(w, index, link->mtu, rows);
    weight = weigh(w, overhead, rows);
  }
  LinkCounters& counters = w.link_counters[edge.link];
  counters.packets += weight.count;
  counters.bytes += weight.octets;
  if (link->crossing.load(std::memory_order_relaxed) != nullptr) [[unlikely]] {
    return cross(w, index, edge.link, rows, now);
  }
  if (link->nat_entering != 0) [[unlikely]] {
    translate_rows(w, link->to, link->nat_entering, rows);
  }
  w.enqueue(link->to, rows, now);
}

void act(Worker& w, RouterIndex index, const Router& router, const Edge& edge, RowSet& rows,
         uint64_t now) {
  switch (edge.action) {
    case EdgeAction::forward:
    case EdgeAction::deliver:
      return act_forward(w, index, router, edge, rows, now);
    case EdgeAction::local:
      return answer_local(w, index, rows);
    case EdgeAction::drop:
      if (edge.reason == DropReason::no_route && router.answers_icmp) {
        rows.for_each([&](uint32_t row) {
          report(w, index, IcmpError::net_unreachable(), row, w.pass.info[row]);
        });
      }
      return w.drop_all(index, edge.reason, rows);
  }
}

/// Looks up one router's whole queue and moves it on; `now` is the TSC, before and after.
template <bool kGathers>
SKYHOP_INLINE uint64_t route(Worker& w, RouterIndex index, uint64_t now) {
  const Router& router = w.tables.routers[index];
  RowSet rows;
  const uint64_t queued = w.dequeue(index, rows);
  const uint32_t count = rows.count();
  const Edge* all_edges = router.edges.load(std::memory_order_acquire);

  alignas(64) EdgeId edges[kRows];
  const LookupResult result = look_up_edges<kGathers>(router, w.pass, rows, edges);
  if (result.is_uniform) {
    act(w, index, router, all_edges[result.first], rows, now);
  } else {
    while (!rows.is_empty()) {
      const EdgeId edge = edges[rows.first()];
      RowSet mine = take_edge(edges, edge, rows);
      act(w, index, router, all_edges[edge], mine, now);
    }
  }

  const uint64_t after = rte_rdtsc();
  RouterCounters& counters = w.router_counters[index];
  counters.packets += count;
  counters.batches += 1;
  counters.cycles += after - now;
  if (w.tables.measures_latency) w.router_cycles[index].record(after - queued, count);
  return after;
}

// The two functions that callgrind counts: everything that is done because there are packets.

/// Reads what an input has put into the pass table's rows from pass.count on, and queues the good.
/// `now` is the TSC, before the input was polled and after all this.
[[gnu::noinline]] uint64_t receive(Worker& w, const Input& input, uint32_t count, uint64_t now) {
  PassTable& pass = w.pass;
  const uint32_t first = pass.count;
  rte_mbuf** packets = &pass.packet[first];
  const uint64_t stamp = rte_rdtsc();
  uint8_t** frames = &pass.frame[first];
  uint32_t* lengths = &pass.length[first];
  uint32_t segments = 0;
  for (uint32_t i = 0; i < count; ++i) {
    frames[i] = rte_pktmbuf_mtod(packets[i], uint8_t*);
    segments |= packets[i]->nb_segs;
    lengths[i] = packets[i]->data_len;
  }
  if (input.prefetches) {
    for (uint32_t i = 0; i < count; ++i) rte_prefetch0(frames[i]);
  }
  if (segments != 1) [[unlikely]] {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      rte_mbuf* packet = packets[i];
      if (packet->nb_segs != 1 && !make_contiguous(w, input.router, packet)) continue;
      packets[kept] = packet;
      frames[kept] = rte_pktmbuf_mtod(packet, uint8_t*);
      lengths[kept] = packet->data_len;
      ++kept;
    }
    w.counters.offered += count - kept;
    w.port_counters[input.port].received += count - kept;
    count = kept;
  }
  uint64_t* stamps = &pass.stamp[first];
  for (uint32_t i = 0; i < count; ++i) stamps[i] = stamp;
  pass.count = first + count;
  w.has_one_stamp = first == 0;
  w.counters.offered += count;

  RowSet rows;
  take_rows(w, input.router, first, first + count, rows);
  PortCounters& port = w.port_counters[input.port];
  port.cycles += stamp - now;
  port.received += count;
  port.received_bytes += weigh(w, Overhead{}, rows).octets;
  if (input.filter != 0) filter_rows(w, input.router, input.filter, rows);
  w.enqueue(input.router, rows, stamp);
  now = rte_rdtsc();
  w.router_counters[input.router].cycles += now - stamp;
  return now;
}

template <bool kGathers>
SKYHOP_INLINE uint64_t route_queues(Worker& w, uint64_t now) {
  while (w.ready_head != w.ready_tail) {
    now = route<kGathers>(w, w.ready[w.ready_head++ & w.ready_mask], now);
  }
  return now;
}

/// Routes until nothing is queued, and frees what has not gone elsewhere.
[[gnu::noinline]] uint64_t route_all(Worker& w, uint64_t now) {
  static const bool gathers = gathers_are_faster();
  now = gathers ? route_queues<true>(w, now) : route_queues<false>(w, now);
  w.end_pass();
  return now;
}

/// Polls one input; `now` is the TSC, before and after.
SKYHOP_INLINE uint32_t take_in(Worker& w, Input& input, uint32_t room, uint64_t& now) {
  rte_mbuf** packets = &w.pass.packet[w.pass.count];
  uint32_t count = 0;
  switch (input.kind) {
    case Input::Kind::device:
      count = rte_eth_rx_burst(input.device, input.queue, packets, static_cast<uint16_t>(room));
      break;
    case Input::Kind::stream:
      count = input.stream->make(w.tables.pool, packets, room, rte_rdtsc());
      break;
    case Input::Kind::replay:
      count = input.replay->read(w.tables.pool, packets, room);
      break;
    case Input::Kind::link:
      count = input.replay->read(w.tables.pool, packets, room);
      if (count != 0) arrive_from_outside(w, input.link, count, now);
      return count;
  }
  if (count != 0) now = receive(w, input, count, now);
  return count;
}

bool pass(Worker& w) {
  const uint64_t start = rte_rdtsc();
  uint64_t now = start;
  w.has_one_stamp = true;
  bool takes_in = !w.is_draining;
  if (w.held_count.load(std::memory_order_relaxed) != 0) [[unlikely]]
    takes_in &= release_held(w);
  if (w.originated_count.load(std::memory_order_relaxed) != 0) [[unlikely]]
    inject_originated(w);
  if (takes_in) {
    const auto inputs = w.inputs_count;
    uint32_t room = w.burst;
    for (uint32_t i = 0; i < inputs && room != 0; ++i) {
      uint32_t which = w.first_input + i;
      if (which >= inputs) which -= inputs;
      room -= take_in(w, w.inputs_data[which], room, now);
    }
    if (++w.first_input >= inputs) w.first_input = 0;
  }
  const bool had_packets = w.pass.count != 0;
  if (had_packets) {
    w.counters.busy_cycles += route_all(w, now) - start;
  }
  return had_packets;
}

bool look_up_for_test(const Router& router, const PassTable& pass, const RowSet& rows, bool gathers,
                      std::span<EdgeId> out) {
  alignas(64) EdgeId edges[kRows];
  const LookupResult result = gathers ? look_up_edges<true>(router, pass, rows, edges)
                                      : look_up_edges<false>(router, pass, rows, edges);
  rows.for_each(
      [&](uint32_t row) { out.data()[row] = result.is_uniform ? result.first : edges[row]; });
  return result.is_uniform;
}

void take_for_test(Worker& w, RouterIndex router, uint32_t first, uint32_t last, RowSet& rows) {
  take_rows(w, router, first, last, rows);
}

#define SKYHOP_TEXT_OF(name) #name
#define SKYHOP_TEXT(name) SKYHOP_TEXT_OF(name)

}  // namespace

extern const HotLoop kHotLoop;
constinit const HotLoop kHotLoop{SKYHOP_TEXT(SKYHOP_LEVEL), pass, look_up_for_test, take_for_test};

}  // namespace skyhop::dataplane::SKYHOP_LEVEL
