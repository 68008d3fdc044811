#include "dataplane/links/crossing.h"

#include <algorithm>

#include "dataplane/links/capture.h"
#include "dataplane/stages/esp.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

// From where packets are due to the far router's queue.
void arrive(Worker& w, RouterIndex from, LinkIndex index, const Crossing& crossing, Batch* batch) {
  const Link& link = w.tables.links[index];
  if (!link.is_up.load(std::memory_order_relaxed)) [[unlikely]] {
    return w.drop_all(from, DropReason::link_down, batch);
  }
  // A router that is down opens nothing: enqueue() drops for it.
  if (crossing.tunnels != nullptr &&
      w.tables.routers[link.to].is_up.load(std::memory_order_relaxed)) {
    open_batch(w, index, *crossing.tunnels[w.index], *batch);
  }
  w.enqueue(link.to, batch);
}

// Keeps the lanes of a batch until `due`.
void hold(Worker& w, RouterIndex from, LinkIndex link, Crossing::State& state, uint64_t due,
          Batch* batch) {
  const PassTable& pass = w.pass;
  for (uint32_t i = 0; i < batch->count; ++i) {
    const uint32_t ref = batch->ref[i];
    Held held;
    held.due = due;
    held.packet = pass.packet[ref];
    held.frame = pass.frame[ref];
    held.stamp = pass.stamp[ref];
    held.destination = batch->destination[i];
    held.hash = batch->hash[i];
    held.info = batch->info[i];
    held.link = link;
    held.from = from;
    held.shape = pass.shape[ref];
    if (w.calendar->add(held)) {
      ++state.held;
    } else {
      w.drop(from, DropReason::no_buffer, ref);
    }
  }
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
  w.give_back(batch);
}

void take_row(Worker& w, const Held& held, Batch& batch) {
  PassTable& pass = w.pass;
  const uint32_t ref = pass.count++;
  pass.packet[ref] = held.packet;
  pass.frame[ref] = held.frame;
  pass.stamp[ref] = held.stamp;
  pass.shape[ref] = held.shape;
  const uint32_t at = batch.count++;
  batch.destination[at] = held.destination;
  batch.hash[at] = held.hash;
  batch.info[at] = held.info;
  batch.ref[at] = ref;
  rte_prefetch0(held.frame);
}

}  // namespace

void cross(Worker& w, RouterIndex from, LinkIndex index, Batch* batch) {
  const Crossing& crossing = *w.tables.links[index].crossing.load(std::memory_order_acquire);
  LinkCounters& counters = w.link_counters[index];
  const uint64_t esp_cycles = counters.seal_cycles + counters.open_cycles;
  if (crossing.tunnels != nullptr) seal_batch(w, from, index, *crossing.tunnels[w.index], *batch);
  if (crossing.capture != nullptr) [[unlikely]] {
    capture_batch(w, *crossing.capture, crossing.tunnels != nullptr, *batch);
  }
  const uint64_t now = w.link_time();
  Crossing::State& state = crossing.states[w.index];
  const uint64_t due = std::max(now + crossing.delay, state.last_due);
  // What is held and due already still comes first.
  if (due <= now && state.held == 0) {
    arrive(w, from, index, crossing, batch);
  } else {
    state.last_due = due;
    hold(w, from, index, state, due, batch);
  }
  // The router that is being routed counts all of its time; this part is the link's.
  w.router_counters[from].cycles -= counters.seal_cycles + counters.open_cycles - esp_cycles;
}

void arrive_from_outside(Worker& w, LinkIndex index, uint32_t count) {
  PassTable& pass = w.pass;
  const Link& link = w.tables.links[index];
  const Crossing* crossing = link.crossing.load(std::memory_order_acquire);
  const uint64_t stamp = rte_rdtsc();
  Batch* batch = w.take_batch();
  batch->queued = stamp;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t ref = pass.count++;
    pass.frame[ref] = rte_pktmbuf_mtod(pass.packet[ref], uint8_t*);
    pass.stamp[ref] = stamp;
    batch->ref[batch->count++] = ref;
  }
  w.counters.offered += count;
  w.has_one_stamp = false;
  if (!link.is_up.load(std::memory_order_relaxed)) {
    return w.drop_all(link.to, DropReason::link_down, batch);
  }
  if (crossing != nullptr && crossing->tunnels != nullptr) {
    open_batch(w, index, *crossing->tunnels[w.index], *batch);
  }
  // Only now does anybody know what they are.
  const uint32_t whole = batch->count;
  batch->count = 0;
  for (uint32_t i = 0; i < whole; ++i) {
    const uint32_t ref = batch->ref[i];
    pass.length[ref] = pass.packet[ref]->data_len;
    inspect_slowly(w, link.to, ref, *batch);
  }
  w.enqueue(link.to, batch);
}

bool release_held(Worker& w) {
  const uint64_t now = w.link_time();
  const uint64_t queued = rte_rdtsc();
  // A batch holds one link's packets; rows are taken from what inputs leave over.
  Batch* batch = nullptr;
  const Crossing* crossing = nullptr;
  RouterIndex from = 0;
  LinkIndex link = 0;
  Held held;
  uint32_t room = Worker::kReleased;
  for (; room != 0 && w.calendar->take(now, held); --room) {
    if (batch != nullptr && (held.link != link || held.from != from)) {
      arrive(w, from, link, *crossing, batch);
      batch = nullptr;
    }
    if (batch == nullptr) {
      batch = w.take_batch();
      batch->queued = queued;
      link = held.link;
      from = held.from;
      crossing = w.tables.links[link].crossing.load(std::memory_order_acquire);
    }
    --crossing->states[w.index].held;
    take_row(w, held, *batch);
  }
  if (batch != nullptr) arrive(w, from, link, *crossing, batch);
  w.has_one_stamp = false;
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
  return room != 0;
}

}  // namespace skyhop::dataplane
