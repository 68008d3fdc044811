// From the Loc-RIB to a peer: what it may be told, how the attributes change on the way
// (export_rules.h), and the UPDATEs that say so.
#pragma once

#include <span>
#include <vector>

#include "control/bgp/peer.h"
#include "control/bgp/rib/loc_rib.h"

namespace skyhop::bgp {

class Exporter {
 public:
  explicit Exporter(PeerHost& host) : host_(host) {}

  /// A table lookup of the caller's: the best path and its source, or null.
  using BestOf = std::function<const LocRib::Path*(const Prefix& prefix, PathSource& source)>;
  enum class Extent : uint8_t {
    changes,     ///< only what differs from the Adj-RIB-Out
    everything,  ///< also what the peer has already (RFC 2918)
  };
  /// Brings the peer's Adj-RIB-Out up to date for `prefixes` (ascending) and sends the difference.
  void advertise(Peer& peer, std::span<const Prefix> prefixes, const BestOf& best_of,
                 Extent extent);

 private:
  class Batch;

  PeerHost& host_;
};

}  // namespace skyhop::bgp
