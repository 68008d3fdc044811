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

#if defined(__AVX512BW__) && defined(__AVX512VL__)
/// The mask of the first `count` of sixteen lanes, all of them from 16 on.
SKYHOP_INLINE __mmask16 lanes_left(uint32_t count) {
  return static_cast<__mmask16>(_bzhi_u32(0xffff, count < 16 ? count : 16));
}
#endif

#include "dataplane/stages/age.h"
#include "dataplane/stages/deliver.h"
#include "dataplane/stages/filter.h"
#include "dataplane/stages/lookup.h"
#include "dataplane/stages/take.h"

/// Forwards a batch over a link, or out of a port.
SKYHOP_INLINE void act_forward(Worker& w, RouterIndex index, const Router& router, const Edge& edge,
                               Batch* batch) {
  const bool forwards = edge.action == EdgeAction::forward;
  const Link* link = forwards ? &w.tables.links[edge.link] : nullptr;
  age_batch(w, index, router, forwards, *batch);
  if (edge.guard != 0) [[unlikely]] {
    guard_batch(w, index, w.tables.guards_data[edge.guard], *batch);
  }
  if (edge.filter != 0) filter_batch(w, index, edge.filter, *batch);
  if (!forwards) return deliver(w, index, edge.port, batch);

  if (!link->is_up.load(std::memory_order_relaxed)) [[unlikely]] {
    return w.drop_all(index, DropReason::link_down, batch);
  }
  if (exceeds_mtu(*batch, link->mtu)) [[unlikely]]
    fit_mtu(w, index, link->mtu, *batch);
  LinkCounters& counters = w.link_counters[edge.link];
  counters.packets += batch->count;
  counters.bytes += wire_bytes(*batch, link->overhead_fixed, link->overhead_block);
  if (link->crossing.load(std::memory_order_relaxed) != nullptr) [[unlikely]] {
    return cross(w, index, edge.link, batch);
  }
  w.enqueue(link->to, batch);
}

void act(Worker& w, RouterIndex index, const Router& router, const Edge& edge, Batch* batch) {
  switch (edge.action) {
    case EdgeAction::forward:
    case EdgeAction::deliver:
      return act_forward(w, index, router, edge, batch);
    case EdgeAction::local:
      return answer_local(w, index, batch);
    case EdgeAction::drop:
      if (edge.reason == DropReason::no_route && router.answers_icmp) {
        for (uint32_t i = 0; i < batch->count; ++i) {
          report(w, index, IcmpError::net_unreachable(), batch->ref[i], batch->info[i]);
        }
      }
      return w.drop_all(index, edge.reason, batch);
  }
}

/// Looks up one router's whole queue and moves it on; `now` is the TSC, before and after.
SKYHOP_INLINE uint64_t route(Worker& w, RouterIndex index, uint64_t now) {
  const Router& router = w.tables.routers[index];
  Batch* batch = w.queues[index];
  w.queues[index] = nullptr;
  const uint32_t count = batch->count;
  const uint64_t queued = batch->queued;
  const Edge* all_edges = router.edges.load(std::memory_order_acquire);

  alignas(64) EdgeId edges[kLanes];
  const LookupResult result = look_up_edges(router, *batch, edges);
  if (result.is_uniform) {
    batch->queued = now;
    act(w, index, router, all_edges[result.first], batch);
  } else {
    uint16_t claimed[kLanes / 16] = {};
    uint32_t left = count;
    for (uint32_t i = 0; left != 0; ++i) {
      if ((claimed[i / 16] >> (i % 16)) & 1) continue;
      Batch* part = w.take_batch();
      part->queued = now;
      left -= split_off(*batch, edges, edges[i], claimed, *part);
      act(w, index, router, all_edges[edges[i]], part);
    }
    w.give_back(batch);
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
[[gnu::noinline]] void receive(Worker& w, const Input& input, uint32_t count) {
  PassTable& pass = w.pass;
  const uint32_t first = pass.count;
  rte_mbuf** packets = &pass.packet[first];
  const uint64_t stamp = rte_rdtsc();
  uint64_t bytes = 0;
  uint32_t segments = 0;
  for (uint32_t i = 0; i < count; ++i) {
    pass.frame[first + i] = rte_pktmbuf_mtod(packets[i], uint8_t*);
    segments |= packets[i]->nb_segs;
    rte_prefetch0(pass.frame[first + i]);
    pass.length[first + i] = packets[i]->data_len;
  }
  for (uint32_t i = 0; i < count; ++i) pass.stamp[first + i] = stamp;
  if (segments != 1) [[unlikely]] {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      rte_mbuf* packet = packets[i];
      if (packet->nb_segs != 1 && !make_contiguous(w, input.router, packet)) continue;
      packets[kept] = packet;
      pass.frame[first + kept] = rte_pktmbuf_mtod(packet, uint8_t*);
      pass.length[first + kept] = packet->data_len;
      ++kept;
    }
    w.counters.offered += count - kept;
    w.port_counters[input.port].received += count - kept;
    count = kept;
  }
  pass.count = first + count;
  w.has_one_stamp = first == 0;
  w.counters.offered += count;

  Batch* batch = w.take_batch();
  take_rows(w, input.router, first, first + count, *batch);
  for (uint32_t i = 0; i < batch->count; ++i) bytes += info::length(batch->info[i]);
  PortCounters& port = w.port_counters[input.port];
  port.received += count;
  port.received_bytes += bytes;
  if (input.filter != 0) filter_batch(w, input.router, input.filter, *batch);
  batch->queued = stamp;
  w.enqueue(input.router, batch);
  w.router_counters[input.router].cycles += rte_rdtsc() - stamp;
}

/// Routes until nothing is queued.
[[gnu::noinline]] uint64_t route_all(Worker& w) {
  uint64_t now = rte_rdtsc();
  while (w.ready_head != w.ready_tail) {
    now = route(w, w.ready[w.ready_head++ & w.ready_mask], now);
  }
  w.flush_freed();
  return now;
}

/// Polls one input.
SKYHOP_INLINE uint32_t take_in(Worker& w, Input& input, uint32_t room) {
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
      if (count != 0) arrive_from_outside(w, input.link, count);
      return count;
  }
  if (count != 0) receive(w, input, count);
  return count;
}

bool pass(Worker& w) {
  const uint64_t start = rte_rdtsc();
  w.pass.count = 0;
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
      room -= take_in(w, w.inputs_data[which], room);
    }
    if (++w.first_input >= inputs) w.first_input = 0;
  }
  const bool had_packets = w.pass.count != 0;
  if (had_packets) {
    w.counters.busy_cycles += route_all(w) - start;
  }
  return had_packets;
}

bool look_up_for_test(const Router& router, const Batch& batch, std::span<EdgeId> out) {
  alignas(64) EdgeId edges[kLanes];
  const LookupResult result = look_up_edges(router, batch, edges);
  for (uint32_t i = 0; i < batch.count; ++i) {
    out.data()[i] = result.is_uniform ? result.first : edges[i];
  }
  return result.is_uniform;
}

void take_for_test(Worker& w, RouterIndex router, uint32_t first, uint32_t last, Batch& batch) {
  take_rows(w, router, first, last, batch);
}

#define SKYHOP_TEXT_OF(name) #name
#define SKYHOP_TEXT(name) SKYHOP_TEXT_OF(name)

}  // namespace

extern const HotLoop kHotLoop;
constinit const HotLoop kHotLoop{SKYHOP_TEXT(SKYHOP_LEVEL), pass, look_up_for_test, take_for_test};

}  // namespace skyhop::dataplane::SKYHOP_LEVEL
