// What happens to a route on its way in, beside the policy: what no policy may allow, and what the
// session itself puts on it.
#pragma once

#include <optional>

#include "control/bgp/config.h"

namespace skyhop::bgp {

/// From whom.
struct ImportSession {
  const SpeakerConfig& speaker;
  const PeerConfig& peer;
  Asn remote_asn = 0;
  bool is_ebgp = false;
};

/// Why a route as received cannot be used; nullopt: it can. In this order:
///   RFC 4271 9.1.2   our AS in the path more often than allow_as_in (also RFC 7705's)
///   RFC 4271 6.3     the path begins with another AS than the peer's; a next hop of ours
///   RFC 4456 8       ORIGINATOR_ID or CLUSTER_LIST is ours
///   RFC 9774         an AS_SET, where that is refused
///   RFC 9234 5       the peer may not tell what has passed OTC's mark: a route leak
///   RFC 8212         another AS without an import policy, where one is required
struct Refusal {
  const char* rule = "";
  std::string reason;
};
[[nodiscard]] std::optional<Refusal> refusal(const ImportSession& session, const Prefix& prefix,
                                             const PathAttributes& received);

/// What the session puts on a route before the policy sees it; nullopt: nothing. The local AS of
/// RFC 7705, OTC of RFC 9234, the LOCAL_PREF of RFC 8326.
[[nodiscard]] std::optional<PathAttributes> marked(const ImportSession& session,
                                                   const PathAttributes& received);

}  // namespace skyhop::bgp
