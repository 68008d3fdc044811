// What a peer may be told (RFC 4271 9.1.3, 9.2), and how the attributes change on the way (5.1).
#pragma once

#include <optional>
#include <string_view>

#include "control/bgp/config.h"

namespace skyhop::bgp {

/// Where a path comes from.
struct PathSource {
  std::optional<PeerId> peer;  ///< absent: originated here
  std::string_view group;      ///< of the peer
  std::string_view name;       ///< of the peer
  bool is_local = false;
  bool is_ebgp = false;
  bool is_client = false;  ///< RFC 4456
  Ipv4Address router_id;   ///< the peer's
};

/// Who is told.
struct ExportSession {
  const SpeakerConfig& speaker;
  const PeerConfig& peer;
  PeerId id{};
  Asn remote_asn = 0;
  bool is_ebgp = false;
  bool speaks_long_lived = false;     ///< RFC 9494
  bool takes_ipv6_next_hops = false;  ///< RFC 8950, for IPv4 routes
};

/// All that the rules look at, but for who it is, is equal: both are told the same, but for what
/// comes from one of them.
[[nodiscard]] bool are_alike(const ExportSession& a, const ExportSession& b);

/// The export rules, then the policy. In this order:
///   RFC 4271 9.1.3   not back to where it came from
///   RFC 4271 9.2     from an internal peer to another only by reflection (RFC 4456 6)
///   RFC 1997         NO_ADVERTISE; NO_EXPORT and NO_EXPORT_SUBCONFED to another AS
///   RFC 9234 5       what carries OTC only goes to customers and route server clients
///   RFC 9494 4.3     a long-lived stale route only goes to who knows what that is
///   RFC 8212         to another AS only with an export policy, where one is required
[[nodiscard]] PolicyVerdict may_tell(const ExportSession& session, const Prefix& prefix,
                                     const PathAttributes& attributes, const PathSource& source);

/// The attributes as they go out: `changed` are the policy's, if it changed any.
[[nodiscard]] PathAttributes outgoing(const ExportSession& session, const Prefix& prefix,
                                      const PathAttributes& learned, const PathSource& source,
                                      std::optional<PathAttributes> changed);

}  // namespace skyhop::bgp
