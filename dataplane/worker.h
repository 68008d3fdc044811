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

#include "dataplane/counters.h"
#include "dataplane/generator/stream.h"
#include "dataplane/hot_loop.h"
#include "dataplane/links/calendar.h"
#include "dataplane/pass_table.h"
#include "dataplane/ports/capture.h"
#include "dataplane/stages/icmp.h"
#include "dataplane/stages/input.h"
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
  bool prefetches = false;  ///< frames come from elsewhere than this CPU's cache
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

/// Packets that wait for a router to look them up.
struct alignas(64) Queue {
  RowSet rows;
  uint64_t since = 0;  ///< TSC when the first of them was queued
  bool is_waiting = false;
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

  // The one funnel of all drops. What is dropped stays in its row, and is freed with it.
  SKYHOP_INLINE void count_drops(RouterIndex router, DropReason reason, uint32_t count) {
    router_counters[router].drops[static_cast<uint8_t>(reason)] += count;
  }
  SKYHOP_INLINE void drop_all(RouterIndex router, DropReason reason, const RowSet& rows) {
    count_drops(router, reason, rows.count());
  }

  /// Queues rows at a router; `now` is when they got there. A router that is down loses them.
  SKYHOP_INLINE void enqueue(RouterIndex router, const RowSet& rows, uint64_t now) {
    if (rows.is_empty()) return;
    if (!tables.routers[router].is_up.load(std::memory_order_relaxed)) [[unlikely]] {
      return drop_all(router, DropReason::router_down, rows);
    }
    Queue& queue = queues[router];
    if (!queue.is_waiting) {
      queue.is_waiting = true;
      queue.since = now;
      ready[ready_tail++ & ready_mask] = router;
    }
    queue.rows |= rows;
  }
  /// Takes a router's whole queue; when its first packet was queued.
  SKYHOP_INLINE uint64_t dequeue(RouterIndex router, RowSet& rows) {
    Queue& queue = queues[router];
    rows = queue.rows;
    queue.rows.clear();
    queue.is_waiting = false;
    return queue.since;
  }

  /// Frees the packets that have not gone elsewhere, and with them all rows.
  void end_pass();
  /// Packets of ours.
  void free_packets(rte_mbuf** packets, uint32_t count);

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

  PassTable pass{};
  std::unique_ptr<Queue[]> queues;       ///< by router
  std::unique_ptr<RouterIndex[]> ready;  ///< FIFO of routers with packets
  uint32_t ready_mask = 0;
  uint32_t ready_head = 0;
  uint32_t ready_tail = 0;

  static constexpr uint32_t kOriginated = 1024;
  std::array<Originated, kOriginated> originated;
  uint32_t originated_head = 0;
  std::atomic<uint32_t> originated_count = 0;

  ipsec::Workspace* ipsec = nullptr;  ///< null: no tunnel encrypts

  /// What links hold, and how much it was when the last crossing ended.
  std::unique_ptr<Calendar> calendar;
  std::atomic<uint32_t> held_count = 0;
  /// Packets that may arrive from links in one pass.
  static constexpr uint32_t kReleased = kMaxBurst;

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
};

// The rare ways, compiled once (worker.cc, stages/local.cc).

/// Queues the packets that routers originated in the pass before.
void inject_originated(Worker& worker);
/// Sends what other workers handed over for this worker's ports; how many packets that was.
uint32_t drain_exits(Worker& worker);
/// Sends an ICMP error about the packet, if it may be; the packet stays. `row_info` is what its
/// header shall say.
void report(Worker& worker, RouterIndex router, const IcmpError& error, uint32_t row,
            uint32_t row_info);
/// Packets addressed to the router itself.
void answer_local(Worker& worker, RouterIndex router, const RowSet& rows);
/// Takes out what expired or looped among packets that have been aged (stages/age.h).
void expire(Worker& worker, RouterIndex router, bool forwards, RowSet& rows);
/// Packets longer than the MTU are fragmented, or dropped.
void fit_mtu(Worker& worker, RouterIndex router, uint32_t mtu, RowSet& rows);
/// Lets the filter's rules decide a packet that does not stand at its favourite place in the table.
bool admit(Worker& worker, const Filter& filter, uint32_t row);
/// Takes out packets whose source the guard does not admit.
void guard_rows(Worker& worker, RouterIndex router, const Guard& guard, RowSet& rows);
/// Translates the packets of a link by a gateway's rules, and takes out those that cannot be;
/// `index` is that gateway.
void translate_rows(Worker& worker, RouterIndex index, NatIndex nat, RowSet& rows);
/// Frames of several segments become one segment; false (and counted as no_buffer) if it cannot.
bool make_contiguous(Worker& worker, RouterIndex router, rte_mbuf* packet);
/// The checks of stages/input.h for a packet that the fast reader left; drops it or fills its row.
void inspect_slowly(Worker& worker, RouterIndex router, uint32_t row, RowSet& rows);
/// Fills the row, frame and stamp apart; the packet is good.
void fill_row(PassTable& pass, uint32_t row, const Inspected& packet);

}  // namespace skyhop::dataplane
