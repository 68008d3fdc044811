// What two OPENs make of a session: what we offer, whether we take what is offered, and what both
// have agreed on then.
#pragma once

#include <optional>

#include "control/bgp/config.h"
#include "control/bgp/message/open.h"
#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {

/// `has_restarted` is RFC 4724's R.
enum class Restarting : bool { no, yes };
[[nodiscard]] Capabilities offered(const PeerConfig& peer, Restarting restarting);

/// Why the peer's OPEN is refused although it is right by itself.
[[nodiscard]] std::optional<Notification> refused(const SpeakerConfig& speaker,
                                                  const PeerConfig& peer, const Open& theirs);

/// Of a session; everything is off before the peer's OPEN is there.
struct Negotiated {
  SessionContext context{.four_octet_as = false};
  bool route_refresh = false;
  bool enhanced_route_refresh = false;
  /// The peer said what RFC 4724 calls its capability, and so did we: it is told End-of-RIB, and
  /// its routes stand when it restarts.
  bool graceful_restart = false;
  bool notification = false;  ///< RFC 8538: both said N
  bool long_lived = false;    ///< RFC 9494
};
[[nodiscard]] Negotiated negotiate(const PeerConfig& peer, const Capabilities& ours,
                                   const Open& theirs, bool is_ebgp);

}  // namespace skyhop::bgp
