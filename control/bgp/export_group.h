// Peers that are told the same, and what they have been told: one Adj-RIB-Out for all of them.
//
// Each route is put through the rules once, each message made once. The one thing in which members
// differ is that no route goes back to where it came from; so a told route keeps its source, and a
// member sees all but those with itself as source.
//
// The group goes at the pace of its members: while one of them has too much on its way, what has
// changed waits, as numbers of prefixes. A member that holds up the others for too long leaves for
// a group of its own, with a copy of what was told, and comes back once both have nothing to say.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "control/bgp/export_rules.h"
#include "control/bgp/peer.h"
#include "control/bgp/rib/ribs.h"
#include "control/bgp/speaker.h"
#include "control/bgp/update_batch.h"

namespace skyhop::bgp {

/// Where a path comes from, as the export rules see it.
[[nodiscard]] PathSource path_source(const RibShared& shared, uint32_t source);

class ExportGroup {
 public:
  /// Of peers like this one, without any yet; all routes are still to be told.
  ExportGroup(const Peer& like, Ribs& ribs);
  ~ExportGroup();
  ExportGroup(const ExportGroup&) = delete;
  ExportGroup& operator=(const ExportGroup&) = delete;

  /// The peer would be told the same.
  [[nodiscard]] bool suits(const Peer& peer) const;
  [[nodiscard]] bool is_empty() const { return members_.empty(); }
  [[nodiscard]] bool has(const Peer& peer) const { return is_member(peer.id()); }

  /// The peer is new and will be told all there is.
  void join(Peer& peer);
  void leave(const Peer& peer);
  /// The peer is told again what it has (RFC 2918).
  void repeat(const Peer& peer, AddressFamily family);
  /// All routes go through the rules anew.
  void reconsider();
  template <typename P>
  void changed(const typename Rib<P>::Decisions& decisions);

  using Jitter = std::function<Duration(Duration)>;
  /// Tells what fits into a turn. True: there is more that could be told at once.
  bool advance(Time now, const Jitter& jitter);
  /// When more may be told (MinRouteAdvertisementInterval), if it is for this that something waits.
  [[nodiscard]] std::optional<Time> due() const;
  /// Since when some members have to wait for others.
  [[nodiscard]] std::optional<Time> held_up_since() const { return held_up_since_; }

  /// A group of those for whom the others wait; null, and another try later, when there are no
  /// others.
  [[nodiscard]] std::unique_ptr<ExportGroup> split_off_slow(Time now);
  /// A group of this member alone; it is reconsidered, since the rules for it have changed.
  [[nodiscard]] std::unique_ptr<ExportGroup> split_off(const Peer& peer);
  /// Takes the members of a group that was split off when both are told the same and have nothing
  /// to say any more.
  [[nodiscard]] bool absorb(ExportGroup& other);
  [[nodiscard]] bool was_split_off() const { return was_split_off_; }

  [[nodiscard]] size_t told_count(const Peer& peer) const;
  /// By prefix, ascending.
  void add_told(const Peer& peer, std::vector<AdvertisedRoute>& routes) const;

 private:
  /// A path that was told; attributes == 0: none.
  struct Sent {
    uint32_t attributes = 0;
    uint32_t source = 0;
    friend bool operator==(const Sent&, const Sent&) = default;
  };
  /// The Adj-RIB-Out of a family, and what is to be done about it.
  template <typename P>
  struct Table {
    std::vector<Sent> first;                                ///< by node
    std::unordered_map<NodeId, std::vector<Sent>> further;  ///< second and later paths (RFC 7911)
    size_t count = 0;                                       ///< of paths
    std::vector<uint32_t> count_from;                       ///< by peer they came from
    std::vector<NodeId> pending;                            ///< may have changed
    size_t pending_from = 0;
    NodeId walk_next = 0;  ///< of the walk over all nodes; 0: none
    NodeId walk_end = 0;
  };
  /// The nodes from `next` to `end` are still to be told to this member alone.
  struct Repetition {
    enum class Why : uint8_t { joined, refresh, refresh_begun };
    NodeId next = 0;
    NodeId end = 0;
    Why why = Why::joined;
  };
  struct Member {
    Peer* peer;
    Repetition ipv4;
    Repetition ipv6;
    bool is_initial = true;  ///< not told everything yet
    template <typename P>
    [[nodiscard]] Repetition& of() {
      return std::is_same_v<P, Ipv4Prefix> ? ipv4 : ipv6;
    }
  };

  template <typename P>
  [[nodiscard]] Table<P>& table() {
    if constexpr (std::is_same_v<P, Ipv4Prefix>) {
      return ipv4_;
    } else {
      return ipv6_;
    }
  }
  template <typename P>
  [[nodiscard]] const Table<P>& table() const {
    return const_cast<ExportGroup*>(this)->table<P>();
  }
  template <typename P>
  [[nodiscard]] bool has_path_ids() const {
    return context_.family<P>().path_ids_out;
  }
  [[nodiscard]] bool is_member(PeerId peer) const {
    const auto index = static_cast<size_t>(peer);
    return index < is_member_.size() && is_member_[index];
  }
  void add(const Member& member);
  [[nodiscard]] Member take(size_t index);
  [[nodiscard]] std::unique_ptr<ExportGroup> copy_without_members() const;
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] bool has_congested() const;
  template <typename P>
  [[nodiscard]] bool has_work() const;
  template <typename P>
  void advance_family();
  template <typename P>
  void repeat_family(Member& member);
  template <typename P>
  [[nodiscard]] std::vector<NodeId> take_slice();
  template <typename P>
  void tell(NodeId id, UpdateBatch<P>& batch);
  template <typename P>
  void tell_paths(NodeId id, UpdateBatch<P>& batch);
  template <typename P>
  [[nodiscard]] Sent wanted(const P& prefix, const RibChoice& choice);
  template <typename P>
  void count(const Sent& sent, int change);
  template <typename P>
  void send(const UpdateBatch<P>& batch, Peer* only);
  template <typename P>
  void copy_table(const ExportGroup& from);
  template <typename P>
  void drop_table();
  template <typename P, typename Visit>
  void for_each_told(NodeId id, PeerId peer, Visit visit) const;
  template <typename P>
  void add_told_family(PeerId peer, std::vector<AdvertisedRoute>& routes) const;
  [[nodiscard]] std::optional<PeerId> peer_of(const Sent& sent) const;
  /// Everybody but a member that the path came from.
  [[nodiscard]] Audience audience_of(const Sent& sent) const;
  [[nodiscard]] const EncodedAttributes& encoded(uint32_t attributes);

  PeerConfig config_;  ///< of one of them: in all that the rules look at it is everyone's
  ExportSession session_;
  SessionContext context_;
  Ribs& ribs_;
  std::vector<Member> members_;  ///< in order of joining
  std::vector<bool> is_member_;  ///< by PeerId
  Table<Ipv4Prefix> ipv4_;
  Table<Ipv6Prefix> ipv6_;
  bool was_split_off_ = false;
  Time not_before_ = {};
  std::optional<Time> held_up_since_;
  // Of one slice: what becomes of a set on the way out, and its octets.
  std::unordered_map<uint64_t, AttributesPtr> outgoing_;
  std::unordered_map<uint32_t, EncodedAttributes> encoded_;
  std::vector<RibChoice> choices_;
};

}  // namespace skyhop::bgp
