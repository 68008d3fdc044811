#include "control/bgp/exporter.h"

#include <algorithm>
#include <map>
#include <tuple>
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

void Exporter::advertise(Peer& peer, std::span<const Prefix> prefixes, const BestOf& best_of,
                         Extent extent) {
  Batch batch;
  AdjRibOut& adj_out = peer.adj_out();
  const ExportSession session = peer.export_session();
  // Many prefixes share a set; what becomes of it on the way out is worked out once for each source
  // and family.
  using Memo = std::tuple<const PathAttributes*, std::optional<PeerId>, bool>;
  std::map<Memo, AttributesPtr> known;
  for (const Prefix& prefix : prefixes) {
    PathSource source;
    const LocRib::Path* path = best_of(prefix, source);
    PolicyVerdict verdict = path == nullptr ? PolicyVerdict::reject({}, {})
                                            : may_tell(session, prefix, *path->attributes, source);
    if (!verdict.accepted || !peer.speaks(prefix.family())) {
      if (adj_out.erase(prefix) != 0) batch.withdraw(prefix);
      continue;
    }
    AttributesPtr attributes;
    const auto make = [&] {
      return host_.intern(
          outgoing(session, prefix, *path->attributes, source, std::move(verdict.changed)));
    };
    if (verdict.changed) {
      attributes = make();
    } else {
      AttributesPtr& memo = known[{path->attributes.get(), source.peer, prefix.is_ipv4()}];
      if (!memo) memo = make();
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
