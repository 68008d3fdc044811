// From the Loc-RIB to a peer: what it may be told (RFC 4271 9.1.3, 9.2), how the attributes change
// on the way (5.1), and the UPDATEs that say so.
#pragma once

#include <span>
#include <vector>

#include "control/bgp/peer.h"
#include "control/bgp/rib/loc_rib.h"

namespace skyhop::bgp {

/// Where a Loc-RIB path came from.
struct PathSource {
  std::string_view group;  ///< of the peer; empty when originated here
  bool is_local = false;
  bool is_ebgp = false;
};

class Exporter {
 public:
  Exporter(const SpeakerConfig& speaker, PeerHost& host) : speaker_(speaker), host_(host) {}

  /// The export rules and the policy, before the attributes change.
  [[nodiscard]] PolicyVerdict verdict(const Peer& peer, const Prefix& prefix,
                                      const LocRib::Path& path, const PathSource& source) const;

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

  [[nodiscard]] AttributesPtr outgoing(const Peer& peer, const LocRib::Path& path,
                                       const PathSource& source, PolicyVerdict verdict) const;

  const SpeakerConfig& speaker_;
  PeerHost& host_;
};

}  // namespace skyhop::bgp
