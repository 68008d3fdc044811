// One worker lcore: its queues, its counters, and what the stages do with them.
//
// A worker runs to completion: what it takes in during a pass has been delivered, dropped, handed
// over or put on a link that holds it when the pass ends. Nothing here is touched by another
// thread, except that the reader of the counters copies them and that the rings have many
// producers.
#pragma once

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/batch.h"
#include "dataplane/counters.h"
#include "dataplane/generator/stream.h"
#include "dataplane/hot_loop.h"
#include "dataplane/links/calendar.h"
#include "dataplane/ports/capture.h"
#include "dataplane/stages/icmp.h"
#include "dataplane/tables.h"
#include "lpm/qsbr.h"

namespace skyhop::dataplane {

namespace ipsec {
class Workspace;
}

/// One writer each; summed by the reader.
struct WorkerCounters {
  uint64_t offered = 0;
  uint64_t originated = 0;
  uint64_t delivered = 0;
  uint64_t busy_cycles = 0;
  uint64_t flow_evictions = 0;
  std::vector<RouterCounters> routers;
  std::vector<LinkCounters> links;
  std::vector<PortCounters> ports;
  Histogram path_cycles;
  Histogram lateness_cycles;
  lpm::ZeroArray<Histogram> router_cycles;
};

/// Where packets come from.
struct Input {
  enum class Kind : uint8_t { device, stream, replay, link };
  Kind kind = Kind::stream;
  PortIndex port = 0;
  RouterIndex router = 0;
  FilterIndex filter = 0;
  LinkIndex link = 0;  ///< that a replay arrives over
  uint16_t device = 0;
  uint16_t queue = 0;
  std::unique_ptr<Stream> stream;
  std::unique_ptr<Replay> replay;
};

/// A port's ring, emptied by the worker that owns the port.
struct OwnedExit {
  PortIndex port = 0;
  rte_ring* ring = nullptr;
  uint16_t device = 0;
  CaptureSink* capture = nullptr;  ///< nothing: the device
};

/// What crosses a ring with a packet, in the mbuf's private area.
struct Handoff {
  uint64_t stamp;
  RouterIndex router;  ///< that delivered it, for the drop that may come
};
inline constexpr uint16_t kPrivateSize = 64;
static_assert(sizeof(Handoff) <= kPrivateSize);

/// A packet that a router made, to be looked up there in the next pass.
struct Originated {
  rte_mbuf* packet;
  uint64_t stamp;
  RouterIndex router;
};

enum class RunState : uint8_t { running, draining, stopped };

class Worker {
 public:
  Worker(const Tables& tables, unsigned index, uint32_t burst, uint32_t port_count);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The lcore's main function: passes until `state` says stop.
  void run(const HotLoop& loop, const std::atomic<RunState>& state, lpm::Qsbr& qsbr,
           bool shares_cpu);

  // The hot part, for the stages.

  /// An empty batch. There are as many as can be in use at once.
  SKYHOP_INLINE Batch* take_batch() {
    Batch* batch = free_batches[--free_batch_count];
    batch->count = 0;
    return batch;
  }
  SKYHOP_INLINE void give_back(Batch* batch) { free_batches[free_batch_count++] = batch; }

  /// Frees the packet at the end of the pass at the latest.
  SKYHOP_INLINE void release(rte_mbuf* packet) {
    if (freed_count == kFreed) flush_freed();
    freed[freed_count++] = packet;
  }
  SKYHOP_INLINE void release_all(const Batch& batch) {
    if (freed_count + batch.count > kFreed) flush_freed();
    rte_mbuf** to = &freed[freed_count];
    for (uint32_t i = 0; i < batch.count; ++i) to[i] = pass.packet[batch.ref[i]];
    freed_count += batch.count;
  }
  void flush_freed();

  // The one funnel of all drops.
  SKYHOP_INLINE void count_drops(RouterIndex router, DropReason reason, uint32_t count) {
    router_counters[router].drops[static_cast<uint8_t>(reason)] += count;
  }
  SKYHOP_INLINE void drop(RouterIndex router, DropReason reason, uint32_t ref) {
    count_drops(router, reason, 1);
    release(pass.packet[ref]);
  }
  SKYHOP_INLINE void drop_all(RouterIndex router, DropReason reason, Batch* batch) {
    count_drops(router, reason, batch->count);
    release_all(*batch);
    give_back(batch);
  }

  /// Queues a batch at a router and takes it over. A router that is down loses it.
  SKYHOP_INLINE void enqueue(RouterIndex router, Batch* batch) {
    if (batch->count == 0) return give_back(batch);
    if (!tables.routers[router].is_up.load(std::memory_order_relaxed)) [[unlikely]] {
      return drop_all(router, DropReason::router_down, batch);
    }
    Batch*& queue = queues[router];
    if (queue == nullptr) {
      queue = batch;
      ready[ready_tail++ & ready_mask] = router;
      return;
    }
    append(*queue, *batch);
    give_back(batch);
  }
  SKYHOP_INLINE static void append(Batch& to, const Batch& from) {
    const uint32_t at = to.count, count = from.count;
    __builtin_memcpy(&to.destination[at], from.destination.data(), count * 4);
    __builtin_memcpy(&to.hash[at], from.hash.data(), count * 4);
    __builtin_memcpy(&to.info[at], from.info.data(), count * 4);
    __builtin_memcpy(&to.ref[at], from.ref.data(), count * 4);
    to.count = at + count;
  }

  /// What links take for the time, in cycles.
  [[nodiscard]] uint64_t link_time() const {
    return tables.link_clock == nullptr ? rte_rdtsc()
                                        : tables.link_clock->load(std::memory_order_acquire);
  }

  const Tables& tables;
  const unsigned index;
  const uint32_t burst;
  bool is_draining = false;
  /// Time stamps of the packets in this pass are all the same one.
  bool has_one_stamp = true;

  PassTable pass;
  std::unique_ptr<Batch*[]> queues;      ///< by router; null: empty
  std::unique_ptr<RouterIndex[]> ready;  ///< FIFO of routers with packets
  uint32_t ready_mask = 0;
  uint32_t ready_head = 0;
  uint32_t ready_tail = 0;
  std::unique_ptr<Batch*[]> free_batches;  ///< LIFO: the warmest first
  uint32_t free_batch_count = 0;

  static constexpr uint32_t kFreed = kBatchCapacity;
  std::array<rte_mbuf*, kFreed> freed;
  uint32_t freed_count = 0;

  static constexpr uint32_t kOriginated = 1024;
  std::array<Originated, kOriginated> originated;
  uint32_t originated_head = 0;
  std::atomic<uint32_t> originated_count = 0;

  ipsec::Workspace* ipsec = nullptr;  ///< null: no tunnel encrypts

  /// What links hold, and how much it was when the last crossing ended.
  std::unique_ptr<Calendar> calendar;
  std::atomic<uint32_t> held_count = 0;
  /// Packets that may arrive from links in one pass.
  static constexpr uint32_t kReleased = kBatchCapacity / 2;

  std::vector<Input> inputs;
  uint32_t first_input = 0;  ///< where the next pass starts polling
  // For the hot loop, which keeps away from the library's inline functions.
  Input* inputs_data = nullptr;
  uint32_t inputs_count = 0;
  std::vector<OwnedExit> exits;

  WorkerCounters counters;
  RouterCounters* router_counters = nullptr;
  LinkCounters* link_counters = nullptr;
  PortCounters* port_counters = nullptr;
  Histogram* router_cycles = nullptr;

  /// Passes ended, and those of them that moved packets; see Dataplane::stop().
  std::atomic<uint64_t> passes = 0;
  std::atomic<uint64_t> active_passes = 0;
  /// A pass is under way that has packets, or will have.
  std::atomic<bool> is_busy = false;
  /// Every limited stream and every replay of this worker has sent its last packet.
  std::atomic<bool> sources_done = false;

 private:
  std::unique_ptr<Batch[]> batches_;
};

// The rare ways, compiled once (worker.cc, stages/local.cc).

/// Queues the packets that routers originated in the pass before.
void inject_originated(Worker& worker);
/// Sends what other workers handed over for this worker's ports; how many packets that was.
uint32_t drain_exits(Worker& worker);
/// Sends an ICMP error about the packet, if it may be; the packet stays.
void report(Worker& worker, RouterIndex router, const IcmpError& error, uint32_t ref,
            uint32_t info);
/// Packets addressed to the router itself.
void answer_local(Worker& worker, RouterIndex router, Batch* batch);
/// Lanes that expire or loop are dropped, the others aged; see stages/rewrite.h.
void age_slowly(Worker& worker, RouterIndex router, bool forwards, Batch& batch);
/// Lanes longer than the MTU are fragmented in place, or dropped.
void fit_mtu(Worker& worker, RouterIndex router, uint32_t mtu, Batch& batch);
/// Lets the filter's rules decide a packet that its flow table does not hold.
bool admit(Worker& worker, const Filter& filter, uint32_t ref);
/// Drops packets whose source the guard does not admit.
void guard_batch(Worker& worker, RouterIndex router, const Guard& guard, Batch& batch);
/// Frames of several segments become one segment; false (and counted as no_buffer) if it cannot.
bool make_contiguous(Worker& worker, RouterIndex router, rte_mbuf* packet);
/// The checks of stages/input.h for a packet that the fast reader left; drops it or adds its lane.
void inspect_slowly(Worker& worker, RouterIndex router, uint32_t ref, Batch& batch);

}  // namespace skyhop::dataplane
