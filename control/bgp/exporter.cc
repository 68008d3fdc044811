#include "control/bgp/exporter.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

namespace skyhop::bgp {

// Prefixes by attribute set, in the order in which the sets first came up: never by address.
class Exporter::Batch {
 public:
  void announce(const Prefix& prefix, const AttributesPtr& attributes) {
    const auto [at, is_new] = index_.try_emplace(attributes.get(), groups_.size());
    if (is_new) groups_.push_back({attributes, {}, {}});
    Group& group = groups_[at->second];
    prefix.is_ipv4() ? group.ipv4.push_back(prefix.ipv4()) : group.ipv6.push_back(prefix.ipv6());
  }
  void withdraw(const Prefix& prefix) {
    prefix.is_ipv4() ? withdrawn_ipv4_.push_back(prefix.ipv4())
                     : withdrawn_ipv6_.push_back(prefix.ipv6());
  }

  void send(Peer& peer) {
    const SessionContext context = peer.context();
    const auto emit = [&](const std::vector<uint8_t>& message) { peer.send(message); };
    std::vector<EncodedAttributes> encoded;
    for (const Group& group : groups_) {
      encoded.push_back(encode_for_update(*group.attributes, context));
      if (fits(encoded.back(), context)) continue;
      // No message holds it: the peer must not keep what it had before.
      take_back(peer, group.ipv4);
      take_back(peer, group.ipv6);
    }
    std::ranges::sort(withdrawn_ipv4_);
    std::ranges::sort(withdrawn_ipv6_);
    encode_withdrawals(withdrawn_ipv4_, context, emit);
    encode_withdrawals(withdrawn_ipv6_, context, emit);
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (!fits(encoded[i], context)) continue;
      encode_announcements(groups_[i].ipv4, encoded[i], context, emit);
      encode_announcements(groups_[i].ipv6, encoded[i], context, emit);
    }
  }

 private:
  struct Group {
    AttributesPtr attributes;
    std::vector<Nlri<Ipv4Prefix>> ipv4;
    std::vector<Nlri<Ipv6Prefix>> ipv6;
  };

  template <typename P>
  void take_back(Peer& peer, const std::vector<Nlri<P>>& routes) {
    for (const Nlri<P>& route : routes) {
      peer.adj_out().erase(route.prefix);
      withdraw(route.prefix);
    }
  }

  std::vector<Group> groups_;
  std::unordered_map<const PathAttributes*, size_t> index_;
  std::vector<Nlri<Ipv4Prefix>> withdrawn_ipv4_;
  std::vector<Nlri<Ipv6Prefix>> withdrawn_ipv6_;
};

PolicyVerdict Exporter::verdict(const Peer& peer, const Prefix& prefix, const LocRib::Path& path,
                                const PathSource& source) const {
  const PathAttributes& attributes = *path.attributes;
  if (path.peer == peer.id()) {
    return PolicyVerdict::reject("RFC 4271 9.1.3", "the best route came from this peer");
  }
  if (!source.is_local && !source.is_ebgp && !peer.is_ebgp()) {
    // A route reflector (RFC 4456) would decide here by client and non-client.
    return PolicyVerdict::reject("RFC 4271 9.2", "learned from an internal peer");
  }
  const auto carries = [&](Community community) {
    return std::ranges::binary_search(attributes.communities, community);
  };
  if (speaker_.honour_no_advertise && carries(kNoAdvertise)) {
    return PolicyVerdict::reject("RFC 1997", "carries NO_ADVERTISE");
  }
  if (speaker_.honour_no_export && peer.is_ebgp() && carries(kNoExport)) {
    return PolicyVerdict::reject("RFC 1997", "carries NO_EXPORT");
  }
  if (!peer.config().export_policy) return PolicyVerdict::accept();
  return peer.config().export_policy(
      {prefix, attributes, source.group, source.is_local, source.is_ebgp});
}

AttributesPtr Exporter::outgoing(const Peer& peer, const LocRib::Path& path,
                                 const PathSource& source, PolicyVerdict verdict) const {
  const PathAttributes& learned = *path.attributes;
  const bool is_med_ours =
      source.is_local || (verdict.changed && verdict.changed->med != learned.med);
  PathAttributes out = verdict.changed ? *std::move(verdict.changed) : PathAttributes(learned);
  const PeerConfig& config = peer.config();
  const bool is_self = config.next_hop == NextHopMode::self ||
                       (config.next_hop == NextHopMode::automatic && peer.is_ebgp()) ||
                       (out.next_hop == Ipv4Address() && !out.ipv6_next_hop);
  if (is_self && !out.ipv6_next_hop) out.next_hop = config.local_address;
  if (peer.is_ebgp()) {
    if (config.prepend_own_as) out.as_path.prepend(speaker_.asn);
    out.local_pref.reset();             // RFC 4271 5.1.5
    if (!is_med_ours) out.med.reset();  // 5.1.4: not passed on to a third AS
    out.originator_id.reset();          // RFC 4456: non-transitive
    out.cluster_list.clear();
  } else {
    out.local_pref = out.local_pref.value_or(kDefaultLocalPref);
  }
  return host_.intern(std::move(out));
}

void Exporter::advertise(Peer& peer, std::span<const Prefix> prefixes, const BestOf& best_of,
                         Extent extent) {
  Batch batch;
  AdjRibOut& adj_out = peer.adj_out();
  // Many prefixes share a set; what becomes of it on the way out is worked out once.
  std::unordered_map<const PathAttributes*, AttributesPtr> known[2];
  for (const Prefix& prefix : prefixes) {
    PathSource source;
    const LocRib::Path* path = best_of(prefix, source);
    PolicyVerdict verdict = path == nullptr ? PolicyVerdict::reject({}, {})
                                            : this->verdict(peer, prefix, *path, source);
    if (!verdict.accepted || !peer.speaks(prefix.family())) {
      if (adj_out.erase(prefix) != 0) batch.withdraw(prefix);
      continue;
    }
    AttributesPtr attributes;
    if (verdict.changed) {
      attributes = outgoing(peer, *path, source, std::move(verdict));
    } else {
      AttributesPtr& memo = known[source.is_local ? 1 : 0][path->attributes.get()];
      if (!memo) memo = outgoing(peer, *path, source, {});
      attributes = memo;
    }
    AttributesPtr& sent = adj_out[prefix];
    if (sent == attributes && extent == Extent::changes) continue;
    sent = attributes;
    batch.announce(prefix, attributes);
  }
  batch.send(peer);
}

}  // namespace skyhop::bgp
