// Crossing: what a link does with packets besides carrying them. A plain link has none of it.
//
//   reads   the rows, the link's crossing, the time
//   writes  the worker's calendar, for packets that the link holds; octets of packets it corrupts
//   next    the far router's queue, at once or in the pass in which a packet is due
//   drops   at the router that sent: queue_full, link_loss, link_down (cut while the packet was on
//           the link), no_buffer (as many packets are held as may be, no copy could be made, or no
//           room for ESP), esp_no_sa, esp_overflow; at the far router: what its checks find wrong
//           with a corrupted header, the other faults of ESP (stages/esp.h)
//
// The stages of a crossing, in order:
//
//   depart    the rows as the hot loop has them: aged, fitted to the MTU, counted on the link
//   seal      a tunnel encrypts; what is captured is what comes out of here
//   limits    those of the gateways at its ends, then the link's own rate: each with a queue
//   wire      loss, duplication, corruption; then delay, jitter and reordering
//   arrive    the packets that are due
//   open      a tunnel decrypts
//   queue     at the far router, for its own look-up
//
// What chance has for a packet is drawn when it departs, from generators of the link and the
// worker, one for each purpose: the nth packet that a worker sends into a link has the same fate in
// every run, whatever the queues do and whatever else is asked of the link.
//
// A held packet keeps what the pass table knew of it (Held, links/calendar.h), and takes a row
// again in the pass in which it goes on. It stays with its worker, which also has its flow: workers
// share nothing of a link but its limits (links/shaper.h), and packets of a flow stay in order
// unless the link is asked to reorder. Rows say who came first, and packets that just came off a
// link may have later ones than those that reach it now; so what follows others into a link arrives
// in a later pass than they.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/counters.h"
#include "dataplane/image.h"
#include "dataplane/links/jitter.h"
#include "dataplane/links/loss.h"
#include "dataplane/links/random.h"
#include "dataplane/links/shaper.h"
#include "dataplane/rows.h"

namespace skyhop::dataplane {

class LinkCapture;
class Worker;
namespace ipsec {
class Tunnel;
}

/// What a link does, as workers read it: made whole, never changed, replaced by pointer and freed
/// after a grace period. A link that had one never goes back to none: what it still holds keeps its
/// place before what comes later.
struct Crossing {
  ipsec::Tunnel* const* tunnels = nullptr;  ///< by worker; null: nothing is encrypted
  LinkCapture* capture = nullptr;           ///< null: nobody looks
  bool is_instant = true;                   ///< it has neither limits nor a wire to speak of

  /// By stage; the link's own rate is the last. The same stages in all crossings of one link.
  struct Limit {
    Shaper* shaper = nullptr;
    ShaperRate rate;
  };
  std::array<Limit, kMaxLimits> limits;
  uint8_t limit_count = 0;

  uint64_t delay = 0;  ///< cycles
  Jitter jitter;
  bool jitter_reorders = false;
  LossChain loss;
  Chance duplicates;
  Chance corrupts;
  Chance reorders;
  uint64_t reorder_delay = 0;  ///< cycles that a packet comes after its turn

  /// Packets must be written out before they are on the link.
  [[nodiscard]] bool writes_packets() const {
    return tunnels != nullptr || capture != nullptr || !duplicates.is_never() ||
           !corrupts.is_never();
  }

  /// What one worker knows of the link.
  struct alignas(64) State {
    /// Packets that wait in each stage, the wire behind the limits; those out of turn do not count.
    std::array<uint32_t, kMaxLimits + 1> waiting{};
    bool is_bad = false;                 ///< of the chain of losses
    uint64_t last_due = 0;               ///< no later packet arrives before, except out of turn
    uint64_t arrived_in = ~uint64_t{0};  ///< the pass in which packets last came from the calendar
    Random losses, duplications, corruptions, places, reorderings, jitters;
    CrossingCounters counters;

    void seed(uint64_t seed);
    /// A packet that comes now overtakes none, and has none to wait for.
    [[nodiscard]] bool is_clear(uint64_t now) const {
      return last_due <= now &&
             std::ranges::all_of(waiting, [](uint32_t count) { return count == 0; });
    }
  };
  State* states = nullptr;  ///< by worker; the same for all crossings of one link
};

/// Takes rows over: everything from depart on; `tsc` is now. Compiled once, away from the hot loop.
void cross(Worker& worker, RouterIndex from, LinkIndex link, const RowSet& rows, uint64_t tsc);

/// Packets that come from outside of the model, as if the link had carried them: `count` buffers
/// stand in the pass table from pass.count on; `tsc` is now.
void arrive_from_outside(Worker& worker, LinkIndex link, uint32_t count, uint64_t tsc);

/// Lets packets that are due go on, as many as the pass has room for. False when more are due.
bool release_held(Worker& worker);

}  // namespace skyhop::dataplane
