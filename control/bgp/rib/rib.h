// The routes of one address family: every path that every peer told us (the Adj-RIBs-In) and which
// of them are in use (the Loc-RIB), in one table.
//
// A prefix is a node of 28 octets (IPv4) with its first path inside; further paths are chained. A
// path is 20 octets: numbers of its attribute set, of what the import policy made of it and of its
// source. One open-addressing index leads from prefix to node. A peer has no table of its own: what
// it told is found by walking the nodes, in slices, which is what the loss of a session, a change
// of policy or the end of a restart do. Until a walk is through, paths that it will remove are
// known by their generation, and no decision takes them any more.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bgp/rib/attribute_pool.h"
#include "control/bgp/rib/decision.h"
#include "control/bgp/rib/source_pool.h"
#include "control/bgp/rib/verdict_pool.h"
#include "control/bgp/scheduler.h"
#include "lpm/hash.h"

namespace skyhop::bgp {

/// A node of a table; 0 is none. A number is used again once its prefix is gone.
using NodeId = uint32_t;

/// What the tables of a speaker share.
struct RibShared {
  /// What the decision, and a policy, wants to know of a peer.
  struct Peer {
    std::string name;
    std::string group;
    IpAddress address;
    Ipv4Address router_id;
    bool is_ebgp = false;
    bool is_client = false;  ///< RFC 4456
  };

  AttributePool attributes;
  VerdictPool verdicts;
  SourcePool sources;
  std::vector<Peer> peers;  ///< by PeerId
  Ipv4Address router_id;    ///< our own

  /// Of whom a path was learned; nullopt: originated here.
  [[nodiscard]] std::optional<PeerId> peer_of(uint32_t source) const {
    return source == 0 ? std::nullopt : std::optional(sources[source].peer);
  }
  [[nodiscard]] Peer& peer(PeerId id) { return peers[static_cast<size_t>(id)]; }
  [[nodiscard]] const Peer& peer(PeerId id) const { return peers[static_cast<size_t>(id)]; }
};

/// The import rules of a peer, for routes that are there already.
class ImportJudge {
 public:
  virtual ~ImportJudge() = default;
  struct Judgement {
    AttributesPtr received;  ///< mostly as it was; null: the route goes
    VerdictRef verdict;
  };
  [[nodiscard]] virtual Judgement judge(PeerId peer, const Prefix& prefix, AttributesPtr received,
                                        bool is_stale) = 0;
};

/// A usable path.
struct RibChoice {
  uint32_t source = 0;
  const AttributeSet* attributes = nullptr;  ///< null: there is none
};

struct RibPath {
  uint32_t received = 0;  ///< attribute set
  uint32_t verdict = 0;   ///< 0: accepted as it came
  uint32_t source : 24 = 0;
  uint32_t generation : 2 = 0;
  uint32_t is_best : 1 = 0;
  uint32_t is_used : 1 = 0;  ///< the best, or a multipath member
  uint32_t learned = 0;      ///< ticks
  uint32_t next = 0;         ///< the next path to this prefix; 0: none
};
static_assert(sizeof(RibPath) == 20);

template <typename P>
class Rib {
 public:
  explicit Rib(RibShared& shared) : shared_(shared), seed_(lpm::hash_seed()) {}
  ~Rib();
  Rib(const Rib&) = delete;
  Rib& operator=(const Rib&) = delete;

  // ---- Routes come and go; decisions follow with decide() ---------------------------------------

  /// `source` and `verdict` are numbers of the shared pools, held by the caller.
  void announce(uint32_t source, const P& prefix, const AttributesPtr& received, uint32_t verdict,
                Time now);
  /// False: there is no such path.
  bool withdraw(uint32_t source, const P& prefix);
  /// Brings what announce() and withdraw() will look at first into the cache.
  void prefetch(const P& prefix) const { index_.prefetch(lpm::hash_of(prefix, seed_)); }

  /// All that was learned from the peer is gone.
  void lose(PeerId peer);
  /// All that was learned from the peer is stale (RFC 4724, 7313) until it is told again; what is
  /// stale already is gone.
  void mark_stale(PeerId peer);
  /// What is stale still is gone.
  void drop_stale(PeerId peer);
  /// The peer's import rules have changed.
  void reevaluate(PeerId peer);
  /// Everything is decided anew.
  void touch_all();
  /// The next `nodes` nodes of the walks that this takes. False: there is nothing left to do.
  bool walk(size_t nodes, ImportJudge& judge);

  // ---- Decisions --------------------------------------------------------------------------------

  [[nodiscard]] bool is_dirty() const { return dirty_from_ < dirty_.size(); }
  struct Decisions {
    std::vector<NodeId> touched;  ///< some path has changed; ascending by prefix
    std::vector<NodeId> changed;  ///< of these, with other used paths than before
  };
  /// Decides at most `limit` prefixes of those touched. The caller gives each touched node to
  /// recycle() once nobody looks at it any more.
  void decide(size_t limit, const DecisionOptions& options, Decisions& decisions);
  /// Frees the node if neither a path nor a holder is left.
  void recycle(NodeId id);
  /// Holders keep the node of a prefix without paths: who told it to a peer must take it back.
  void hold(NodeId id);
  void release(NodeId id);

  // ---- Reading ----------------------------------------------------------------------------------

  [[nodiscard]] NodeId find(const P& prefix) const;
  [[nodiscard]] bool has(uint32_t source, const P& prefix) const;
  [[nodiscard]] bool is_live(NodeId id) const { return nodes_.is_live(id); }
  /// Above every node's number.
  [[nodiscard]] NodeId limit() const { return nodes_.limit(); }
  [[nodiscard]] P prefix(NodeId id) const { return prefix_of(nodes_[id]); }
  [[nodiscard]] size_t size() const { return nodes_.size(); }
  /// Prefixes with a path in use.
  [[nodiscard]] size_t used_count() const { return used_; }
  /// Paths of this peer.
  [[nodiscard]] size_t received_count(PeerId peer) const;
  [[nodiscard]] size_t accepted_count(PeerId peer) const;
  [[nodiscard]] size_t stale_count(PeerId peer) const;
  /// Ascending by prefix; `wanted` sees the numbers of all nodes.
  template <typename IsWanted>
  [[nodiscard]] std::vector<NodeId> sorted(IsWanted is_wanted) const {
    std::vector<NodeId> ids;
    for (NodeId id = 1; id < limit(); ++id) {
      if (is_live(id) && is_wanted(id)) ids.push_back(id);
    }
    sort_by_prefix(ids);
    return ids;
  }
  void sort_by_prefix(std::span<NodeId> ids) const;

  /// What a path is, to those who ask.
  struct PathView {
    uint32_t source = 0;
    const AttributeSet* received = nullptr;
    const AttributeSet* accepted = nullptr;  ///< null: refused
    uint32_t verdict = 0;
    Time learned = {};
    bool is_stale = false;
    bool is_best = false;
    bool is_used = false;
  };
  /// Every path but those that are gone already: originated here, then by peer and path id.
  template <typename Visit>
  void for_each_path(NodeId id, Visit visit) const {
    for (const RibPath* path = &nodes_[id].first; path != nullptr; path = next(*path)) {
      if (path->received != 0 && !is_gone(*path)) visit(view(*path));
    }
  }
  [[nodiscard]] RibChoice best(NodeId id) const {
    for (const RibPath* path = &nodes_[id].first; path != nullptr; path = next(*path)) {
      if (path->is_best) return {path->source, accepted(*path)};
    }
    return {};
  }
  /// The best, then the other multipath members by peer and path id.
  template <typename Visit>
  void for_each_used(NodeId id, Visit visit) const {
    if (const RibChoice first = best(id); first.attributes != nullptr) visit(first);
    if (nodes_[id].first.next == 0) return;
    for (const RibPath* path = &nodes_[id].first; path != nullptr; path = next(*path)) {
      if (path->is_used && !path->is_best) visit(RibChoice{path->source, accepted(*path)});
    }
  }
  /// The best, the best without it, and so on: `limit` paths at most.
  void rank(NodeId id, size_t limit, const DecisionOptions& options,
            std::vector<RibChoice>& ranked);
  [[nodiscard]] Candidate candidate(uint32_t source, const AttributeSet* accepted) const;

 private:
  static constexpr uint8_t kMaxAge = 3;            // of 2 bits
  static constexpr size_t kKeptDirty = 64 * 1024;  // room that is kept between bursts

  struct Node {
    // The prefix without the padding of its own type.
    std::conditional_t<std::is_same_v<P, Ipv4Prefix>, Ipv4Address, Ipv6Address> address;
    uint8_t length = 0;
    uint8_t is_dirty : 1 = 0;
    uint8_t is_altered : 1 = 0;  ///< a path in use has gone or has other attributes now
    uint8_t has_best : 1 = 0;
    uint16_t holders = 0;
    RibPath first;  ///< received == 0: no path at all
  };
  static_assert(!std::is_same_v<P, Ipv4Prefix> || sizeof(Node) == 28);

  struct PeerTable {
    std::array<uint32_t, kMaxAge + 1> received{};  ///< paths, by generation
    std::array<uint32_t, kMaxAge + 1> accepted{};
    uint8_t generation = 0;  ///< of what it tells now
    uint8_t kept_age = 0;    ///< older paths are gone; younger but not of now: stale
    uint8_t ages = 0;        ///< that may be in the table besides the present one
    uint8_t new_ages = 0;    ///< of these, since the sweep under way began
    bool wants_sweep = false, is_swept = false;
    bool wants_judging = false, is_judged = false;
  };
  /// A walk over all nodes, for all peers that had asked when it began.
  struct Walk {
    NodeId next = 0;  ///< 0: not under way
    bool is_wanted = false;
  };

  static P prefix_of(const Node& node) { return P(node.address, node.length); }
  [[nodiscard]] const RibPath* next(const RibPath& path) const {
    return path.next == 0 ? nullptr : &more_[path.next];
  }
  [[nodiscard]] const AttributeSet* accepted(const RibPath& path) const {
    return path.verdict == 0 ? &shared_.attributes[path.received]
                             : shared_.verdicts[path.verdict].accepted.set();
  }
  [[nodiscard]] uint8_t age(const RibPath& path, const PeerTable& peer) const {
    return (peer.generation - path.generation) & kMaxAge;
  }
  [[nodiscard]] bool is_gone(const RibPath& path) const;
  [[nodiscard]] PathView view(const RibPath& path) const;
  [[nodiscard]] PeerTable& table(PeerId peer);
  [[nodiscard]] PeerTable& table_of(const RibPath& path) {
    return table(shared_.sources[path.source].peer);
  }
  NodeId find_or_make(const P& prefix);
  RibPath& insert_path(Node& node, uint32_t source);
  void remove_path(NodeId id, RibPath& path);
  void judge_path(NodeId id, RibPath& path, ImportJudge& judge);
  void count(const RibPath& path, int change);
  [[nodiscard]] size_t sum(const std::array<uint32_t, kMaxAge + 1>& counts, const PeerTable& peer,
                           uint8_t from_age) const;
  void touch(NodeId id);
  bool decide_one(Node& node, const DecisionOptions& options);
  void begin_generation(PeerTable& peer);
  template <typename IsMeant, typename Do>
  void for_paths(NodeId id, IsMeant is_meant, Do act);
  [[nodiscard]] bool step(Walk& walk, size_t& budget, ImportJudge* judge);
  void destroy(NodeId id);

  RibShared& shared_;
  uint64_t seed_;
  lpm::Slab<Node> nodes_;
  lpm::Slab<RibPath> more_;
  lpm::IdIndex index_;
  std::vector<PeerTable> peers_;
  std::vector<NodeId> dirty_;
  size_t dirty_from_ = 0;
  size_t used_ = 0;
  Walk sweep_;
  Walk judging_;
  Decider decider_;
  std::vector<Candidate> candidates_;  ///< scratch
  std::vector<RibPath*> in_race_;      ///< scratch
};

}  // namespace skyhop::bgp
