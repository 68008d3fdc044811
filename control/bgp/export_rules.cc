#include "control/bgp/export_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace skyhop::bgp {
namespace {

// RFC 9234 5, egress.
bool goes_up_or_sideways(const ExportSession& session) {
  if (!session.peer.role || !session.is_ebgp) return false;
  return *session.peer.role == Role::customer || *session.peer.role == Role::peer ||
         *session.peer.role == Role::route_server_client;
}
bool goes_down_or_sideways(const ExportSession& session) {
  if (!session.peer.role || !session.is_ebgp) return false;
  return *session.peer.role == Role::provider || *session.peer.role == Role::peer ||
         *session.peer.role == Role::route_server;
}

bool is_reflected(const ExportSession& session, const PathSource& source) {
  return !source.is_local && !source.is_ebgp && !session.is_ebgp;
}

// RFC 4291 2.5.5.2.
Ipv6Address mapped(Ipv4Address address) { return {0, uint64_t{0xFFFF} << 32 | address.value()}; }

Ipv4Address own_ipv4(const ExportSession& session) {
  if (session.peer.own_ipv4) return *session.peer.own_ipv4;
  const IpAddress& local = session.peer.local_address;
  return local.is_ipv4() ? local.ipv4() : session.speaker.router_id;
}

Ipv6NextHop own_ipv6(const ExportSession& session) {
  if (session.peer.own_ipv6) return *session.peer.own_ipv6;
  const IpAddress& local = session.peer.local_address;
  return {local.is_ipv4() ? mapped(local.ipv4()) : local.ipv6(), {}};
}

bool has_next_hop(const Prefix& prefix, const PathAttributes& attributes) {
  return attributes.ipv6_next_hop || (prefix.is_ipv4() && attributes.next_hop != Ipv4Address());
}

void set_own_next_hop(const ExportSession& session, const Prefix& prefix, PathAttributes& out) {
  const IpAddress& local = session.peer.local_address;
  // RFC 8950: an IPv4 route over IPv6, where there is no IPv4 address to name.
  const bool is_ipv6 = !prefix.is_ipv4() ||
                       (session.takes_ipv6_next_hops && !local.is_ipv4() && !session.peer.own_ipv4);
  if (is_ipv6) {
    out.next_hop = {};
    out.ipv6_next_hop = own_ipv6(session);
  } else {
    out.next_hop = own_ipv4(session);
    out.ipv6_next_hop.reset();
  }
}

void change_next_hop(const ExportSession& session, const Prefix& prefix,
                     const PathAttributes& learned, const PathSource& source, PathAttributes& out) {
  const bool is_policys =
      out.next_hop != learned.next_hop || out.ipv6_next_hop != learned.ipv6_next_hop;
  // An IPv6 next hop of an IPv4 route can only be told to who agreed on RFC 8950.
  const bool is_strange = prefix.is_ipv4() && out.ipv6_next_hop && !session.takes_ipv6_next_hops;
  if (is_policys && has_next_hop(prefix, out) && !is_strange) return;
  const NextHopMode mode = session.peer.next_hop;
  const bool is_self = (mode == NextHopMode::self && !is_reflected(session, source)) ||
                       (mode == NextHopMode::automatic && session.is_ebgp) ||
                       !has_next_hop(prefix, out) || is_strange;
  if (is_self) set_own_next_hop(session, prefix, out);
}

// RFC 4271 5.1.2, with what neighbours ask for besides.
void change_as_path(const ExportSession& session, AsPath& path) {
  const PeerConfig& peer = session.peer;
  const Asn shown = asn_towards(session.speaker, peer);
  if (peer.private_as == PrivateAs::strip) path.remove_if(is_private);
  if (peer.private_as == PrivateAs::replace) path.replace_if(is_private, shown);
  if (peer.as_override) {
    path.replace_if([&](Asn asn) { return asn == session.remote_asn; }, shown);
  }
  if (!peer.prepend_own_as) return;
  const bool hides_real_as = peer.local_as && peer.local_as->replace_as;
  if (!hides_real_as) path.prepend(session.speaker.asn);
  if (shown != session.speaker.asn || hides_real_as) path.prepend(shown);
}

// RFC 4456 8: who brought it into the AS, and the clusters it has crossed.
void reflect(const ExportSession& session, const PathSource& source, PathAttributes& out) {
  if (!out.originator_id) out.originator_id = source.router_id;
  out.cluster_list.insert(out.cluster_list.begin(), session.speaker.cluster());
}

}  // namespace

bool are_alike(const ExportSession& a, const ExportSession& b) {
  const auto facts = [](const ExportSession& session) {
    const PeerConfig& peer = session.peer;
    return std::tuple(&session.speaker, session.is_ebgp, session.speaks_long_lived,
                      session.takes_ipv6_next_hops, peer.local_address, peer.next_hop,
                      peer.own_ipv4, peer.own_ipv6, peer.prepend_own_as, peer.as_override,
                      peer.as_override ? session.remote_asn : 0, peer.private_as, peer.local_as,
                      peer.route_reflector_client, peer.role, peer.requires_policy,
                      peer.is_being_shut, peer.add_path.send, peer.advertisement_interval);
  };
  return facts(a) == facts(b) && a.peer.export_policy == b.peer.export_policy;
}

PolicyVerdict may_tell(const ExportSession& session, const Prefix& prefix,
                       const PathAttributes& attributes, const PathSource& source) {
  if (source.peer == session.id) {
    return PolicyVerdict::reject("RFC 4271 9.1.3", "the best route came from this peer");
  }
  if (is_reflected(session, source) && !source.is_client && !session.peer.route_reflector_client) {
    return PolicyVerdict::reject("RFC 4271 9.2", "learned from an internal peer");
  }
  if (session.speaker.honour_no_advertise && attributes.carries(kNoAdvertise)) {
    return PolicyVerdict::reject("RFC 1997", "carries NO_ADVERTISE");
  }
  if (session.speaker.honour_no_export && session.is_ebgp) {
    if (attributes.carries(kNoExport)) {
      return PolicyVerdict::reject("RFC 1997", "carries NO_EXPORT");
    }
    if (attributes.carries(kNoExportSubconfed)) {
      return PolicyVerdict::reject("RFC 1997", "carries NO_EXPORT_SUBCONFED");
    }
  }
  if (attributes.only_to_customer && goes_up_or_sideways(session)) {
    return PolicyVerdict::reject("RFC 9234 5",
                                 fmt::format("carries OTC {}", *attributes.only_to_customer));
  }
  if (attributes.carries(kLlgrStale) && !session.speaks_long_lived) {
    return PolicyVerdict::reject("RFC 9494 4.3", "long-lived stale, and the peer knows no such");
  }
  if (session.peer.requires_policy && session.is_ebgp && !session.peer.export_policy) {
    return PolicyVerdict::reject("RFC 8212", "no export policy for another AS");
  }
  if (!session.peer.export_policy) return PolicyVerdict::accept();
  return session.peer.export_policy(
      {prefix, attributes, source.group, source.is_local, source.is_ebgp, source.name});
}

PathAttributes outgoing(const ExportSession& session, const Prefix& prefix,
                        const PathAttributes& learned, const PathSource& source,
                        std::optional<PathAttributes> changed) {
  // RFC 4271 5.1.4: a neighbour's MED is not passed on to a third AS, ours is; RFC 7947 2.2.3: a
  // transparent route server passes it on.
  const bool keeps_med =
      source.is_local || (changed && changed->med != learned.med) || !session.peer.prepend_own_as;
  PathAttributes out = changed ? *std::move(changed) : PathAttributes(learned);
  change_next_hop(session, prefix, learned, source, out);
  if (session.is_ebgp) {
    change_as_path(session, out.as_path);
    if (!keeps_med) out.med.reset();
    out.local_pref.reset();     // RFC 4271 5.1.5
    out.originator_id.reset();  // RFC 4456 8: non-transitive
    out.cluster_list.clear();
    std::erase_if(out.extended_communities,
                  [](ExtendedCommunity community) { return !is_transitive(community); });
    if (!out.only_to_customer && goes_down_or_sideways(session)) {
      out.only_to_customer = asn_towards(session.speaker, session.peer);
    }
  } else {
    out.local_pref = out.local_pref.value_or(kDefaultLocalPref);
    if (is_reflected(session, source)) reflect(session, source, out);
  }
  if (session.peer.is_being_shut) {
    if (session.is_ebgp) {
      out.add(kGracefulShutdown);
    } else {
      out.local_pref = 0;  // RFC 8326 4.2
    }
  }
  out.weight = 0;
  out.tag = 0;
  return out;
}

}  // namespace skyhop::bgp
