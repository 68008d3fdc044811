#include "control/bgp/import_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::bgp {
namespace {

// How often our own AS is in the path: the speaker's, or the one the peer knows us by.
size_t own_count(const ImportSession& session, const AsPath& path) {
  const Asn real = session.speaker.asn;
  const Asn shown = asn_towards(session.speaker, session.peer);
  return path.count(real) + (shown == real ? 0 : path.count(shown));
}

bool is_own_next_hop(const ImportSession& session, const Prefix& prefix,
                     const PathAttributes& received) {
  const PeerConfig& peer = session.peer;
  if (received.ipv6_next_hop) {
    const Ipv6Address next_hop = received.ipv6_next_hop->global;
    return peer.local_address == IpAddress(next_hop) ||
           (peer.own_ipv6 && peer.own_ipv6->global == next_hop);
  }
  return prefix.is_ipv4() && (peer.local_address == IpAddress(received.next_hop) ||
                              peer.own_ipv4 == std::optional(received.next_hop));
}

// RFC 9234 5, ingress: from below or beside nothing comes that has been told downwards before.
std::optional<std::string> leak(const ImportSession& session, const PathAttributes& received) {
  if (!session.peer.role || !session.is_ebgp || !received.only_to_customer) return {};
  switch (*session.peer.role) {
    case Role::provider:
    case Role::route_server:
      return fmt::format("route leak: OTC {} from a {}", *received.only_to_customer,
                         *session.peer.role == Role::provider ? "customer" : "route server client");
    case Role::peer:
      if (*received.only_to_customer == session.remote_asn) return {};
      return fmt::format("route leak: OTC {} from peer AS {}", *received.only_to_customer,
                         session.remote_asn);
    case Role::customer:
    case Role::route_server_client:
      break;
  }
  return {};
}

// RFC 9234 5, ingress: what comes from above or beside gets the mark.
bool wants_otc(const ImportSession& session, const PathAttributes& received) {
  if (!session.peer.role || !session.is_ebgp || received.only_to_customer) return false;
  return *session.peer.role == Role::customer || *session.peer.role == Role::peer ||
         *session.peer.role == Role::route_server_client;
}

}  // namespace

std::optional<Refusal> refusal(const ImportSession& session, const Prefix& prefix,
                               const PathAttributes& received) {
  const PeerConfig& peer = session.peer;
  const AsPath& path = received.as_path;
  if (own_count(session, path) > peer.allow_as_in) {
    const Asn own = path.contains(session.speaker.asn) ? session.speaker.asn
                                                       : asn_towards(session.speaker, peer);
    return Refusal{"RFC 4271 9.1.2", fmt::format("AS_PATH holds our AS {}", own)};
  }
  // A route server does not put itself into the path (RFC 7947 2.2.2).
  const bool is_from_route_server = peer.role == Role::route_server_client;
  if (session.is_ebgp && peer.enforce_first_as && !is_from_route_server &&
      path.first() != std::optional(session.remote_asn)) {
    return Refusal{"RFC 4271 6.3",
                   fmt::format("AS_PATH does not begin with the peer's AS {}", session.remote_asn)};
  }
  if (is_own_next_hop(session, prefix, received)) {
    return Refusal{"RFC 4271 6.3", "NEXT_HOP is our own address"};
  }
  if (received.originator_id == std::optional(session.speaker.router_id)) {
    return Refusal{"RFC 4456 8", "ORIGINATOR_ID is ours"};
  }
  if (std::ranges::find(received.cluster_list, session.speaker.cluster()) !=
      received.cluster_list.end()) {
    return Refusal{"RFC 4456 8", "CLUSTER_LIST holds our cluster"};
  }
  if (peer.rejects_as_sets && path.has_set()) {
    return Refusal{"RFC 9774", "AS_PATH holds an AS_SET"};
  }
  if (auto why = leak(session, received)) return Refusal{"RFC 9234 5", std::move(*why)};
  if (peer.requires_policy && session.is_ebgp && !peer.import_policy) {
    return Refusal{"RFC 8212", "no import policy for another AS"};
  }
  return {};
}

std::optional<PathAttributes> marked(const ImportSession& session, const PathAttributes& received) {
  const PeerConfig& peer = session.peer;
  const bool shows_local_as = session.is_ebgp && peer.local_as && !peer.local_as->no_prepend;
  const bool is_shut =
      session.is_ebgp && peer.honours_graceful_shutdown && received.carries(kGracefulShutdown);
  const bool gets_otc = wants_otc(session, received);
  if (!shows_local_as && !is_shut && !gets_otc) return {};
  PathAttributes out = received;
  if (shows_local_as) out.as_path.prepend(peer.local_as->asn);
  if (is_shut) out.local_pref = 0;
  if (gets_otc) out.only_to_customer = session.remote_asn;
  return out;
}

}  // namespace skyhop::bgp
