// ESP: a batch into a tunnel, and out of it at the far end.
//
//   reads   the lanes, the frames as the crossing has written them out
//   writes  the frames, and where they begin; counters of the link
//   next    seal: the link (links/crossing.h); open: the queue of the router at its far end
//   drops   seal, at the router that sends: esp_no_sa, esp_overflow, no_buffer (no room in the
//           buffer); open, at the router that receives: esp_unknown_spi, esp_malformed,
//           esp_replayed, esp_auth_failed, bad_checksum (of the outer header)
//
// A sealed frame is what is on the wire, Ethernet header in front; the lanes stay those of the
// packet inside, and hold again when it has been opened.
#pragma once

#include "dataplane/batch.h"
#include "dataplane/image.h"

namespace skyhop::dataplane {

class Worker;
namespace ipsec {
class Tunnel;
}

void seal_batch(Worker& worker, RouterIndex from, LinkIndex link, ipsec::Tunnel& tunnel,
                Batch& batch);
void open_batch(Worker& worker, LinkIndex link, ipsec::Tunnel& tunnel, Batch& batch);

}  // namespace skyhop::dataplane
