// ESP: a set of packets into a tunnel, and out of it at the far end.
//
//   reads   the rows, the frames as the crossing has written them out
//   writes  the frames, and where they begin; counters of the link
//   next    seal: the link (links/crossing.h); open: the queue of the router at its far end
//   drops   seal, at the router that sends: esp_no_sa, esp_overflow, no_buffer (no room in the
//           buffer); open, at the router that receives: esp_unknown_spi, esp_malformed,
//           esp_replayed, esp_auth_failed, bad_checksum (of the outer header)
//
// A sealed frame is what is on the wire, Ethernet header in front; the row stays that of the packet
// inside, and holds again when it has been opened.
#pragma once

#include "dataplane/image.h"
#include "dataplane/rows.h"

namespace skyhop::dataplane {

class Worker;
namespace ipsec {
class Tunnel;
}

/// What cannot be sealed or opened is dropped, and leaves the set.
void seal_rows(Worker& worker, RouterIndex from, LinkIndex link, ipsec::Tunnel& tunnel,
               RowSet& rows);
void open_rows(Worker& worker, LinkIndex link, ipsec::Tunnel& tunnel, RowSet& rows);

}  // namespace skyhop::dataplane
