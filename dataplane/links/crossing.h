// Crossing: what a link does with packets besides carrying them. A plain link has none of it.
//
//   reads   the lanes, the link's crossing
//   writes  the worker's calendar, for packets that the link holds
//   next    the far router's queue, at once or in the pass in which a packet is due
//   drops   at the router that sent: link_down (cut while the packet was on the link), no_buffer
//           (as many packets are held as may be, no room for ESP), esp_no_sa, esp_overflow; at the
//           router that receives: the other faults of ESP (stages/esp.h)
//
// The stages of a crossing, in order:
//
//   depart    the batch as the hot loop has it: aged, fitted to the MTU, counted on the link
//   seal      a tunnel encrypts; what is captured is what comes out of here
//   hold      the link keeps packets until they are due
//   arrive    the packets that are due
//   open      a tunnel decrypts
//   queue     at the far router, for its own look-up
//
// A held packet keeps its lane and what the pass table knew of it (Held, links/calendar.h), and
// takes a row again in the pass in which it arrives. It stays with its worker, which also has its
// flow: links share nothing between workers but what they shape together, and packets of a flow
// stay in order.
#pragma once

#include <cstdint>

#include "dataplane/batch.h"
#include "dataplane/image.h"

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
  uint64_t delay = 0;                       ///< cycles
  /// What each worker knows of the link, by worker; the same for all crossings of one link.
  struct alignas(64) State {
    uint64_t last_due = 0;  ///< no later packet arrives before
    uint32_t held = 0;
  };
  State* states = nullptr;
};

/// Takes a batch over: everything from depart on. Compiled once, away from the hot loop.
void cross(Worker& worker, RouterIndex from, LinkIndex link, Batch* batch);

/// Packets that come from outside of the model, as if the link had carried them: `count` buffers
/// stand in the pass table from pass.count on.
void arrive_from_outside(Worker& worker, LinkIndex link, uint32_t count);

/// Lets packets that are due arrive, as many as the pass has room for. False when more are due.
bool release_held(Worker& worker);

}  // namespace skyhop::dataplane
