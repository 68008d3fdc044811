// One router's routes: who offers each prefix, who wins, why the others lost, and the forwarding
// table that follows.
//
// The rule: the longest prefix is the forwarding table's work; among offers of the same prefix the
// lowest preference wins. Offers come from named sources ("bgp", "controller", "azure"), and each
// source can be replaced whole or changed prefix by prefix; only real differences reach the sink.
//
// A full Internet table has a million prefixes and a handful of different offers: a prefix keeps
// the number of its list of offers, 20 octets in all, and lists that are equal are one. What an
// engineer reads is put together when it is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/routing/edge.h"
#include "lpm/flow.h"
#include "lpm/id_index.h"
#include "lpm/slab.h"

namespace skyhop::routing {

/// Who offers a route. The numbers order nothing; `Offer::preference` does.
enum class Source : uint8_t { connected, system, user, gateway, controller, bgp };
[[nodiscard]] std::string_view to_string(Source source);

/// A next hop as an engineer reads it.
struct NextHop {
  EdgeId edge = 0;
  std::optional<Ipv4Address> via;  ///< the next hop's address, where there is one
  std::string name;                ///< "transit-1-hagw", "eth1", "None"
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

struct Offer {
  Source source = Source::system;
  uint32_t preference = 0;  ///< lower wins; equal: the earlier source name
  std::vector<NextHop> primary;
  std::vector<NextHop> backup;
  std::string description;  ///< "User route av-rfc1918-10", "AS path 65515 65100"
  std::string as_path;      ///< of a BGP route, "65515 65100"
  std::string rule;         ///< "A57", "V38": what ranks it
  bool usable = true;       ///< false: kept only to be explained (an Invalid route)
  std::string why_not;      ///< of an unusable offer
  friend bool operator==(const Offer&, const Offer&) = default;
};

struct Entry {
  Ipv4Prefix prefix;
  std::map<std::string, std::vector<Offer>> offers;  ///< by source name
  [[nodiscard]] const Offer* best() const;
  struct Loser {
    const Offer* offer;
    std::string reason;
  };
  [[nodiscard]] std::vector<Loser> losers() const;
};

class RouterTable {
 public:
  /// `sink` may be null; it outlives the table.
  RouterTable(RouterId router, FibSink* sink);

  /// The index of this edge; a new one is told to the sink.
  EdgeId edge(const Edge& edge);
  [[nodiscard]] const Edge& edge_at(EdgeId id) const { return edges_[id]; }
  [[nodiscard]] size_t edge_count() const { return edges_.size(); }
  /// All edges over this link.
  [[nodiscard]] std::vector<EdgeId> edges_over(LinkId link) const;

  using Offers = std::map<Ipv4Prefix, std::vector<Offer>>;
  /// Replaces everything the source offers. Returns the number of prefixes whose forwarding
  /// changed.
  size_t replace(const std::string& source, Offers offers);
  /// Replaces what the source offers for one prefix; empty: nothing any more.
  bool set(const std::string& source, Ipv4Prefix prefix, std::vector<Offer> offers);

  /// A list of offers that many prefixes will have, kept as long as the table; 0 is the empty one.
  using ListId = uint32_t;
  [[nodiscard]] ListId share(std::vector<Offer> offers);
  /// The same for many prefixes, told to the sink together. Returns the number of prefixes whose
  /// forwarding changed.
  size_t set(const std::string& source, std::span<const Ipv4Prefix> prefixes, ListId offers);
  /// Completes the texts of a source's offers when they are read: what differs from prefix to
  /// prefix although the offers do not.
  using Describe = std::function<void(Ipv4Prefix prefix, std::vector<Offer>& offers)>;
  void describe(const std::string& source, Describe describe);

  /// Moves traffic off an edge (or back) without touching routes.
  void set_edge_alive(EdgeId edge, bool alive);
  [[nodiscard]] bool is_edge_alive(EdgeId edge) const;

  // An entry that is shown stays as it is until the offers for its prefix change.
  /// Longest match that has a usable offer; null: no route.
  [[nodiscard]] const Entry* lookup(Ipv4Address destination) const;
  [[nodiscard]] const Entry* find(Ipv4Prefix prefix) const;
  /// All of them.
  [[nodiscard]] const std::map<Ipv4Prefix, Entry>& entries() const;
  [[nodiscard]] size_t size() const { return nodes_.size(); }
  /// The edge a flow takes: what the worker's look-up gives for the same hash.
  [[nodiscard]] EdgeId edge_for(Ipv4Address destination, uint32_t flow_hash) const;
  /// Edges that carry traffic for the entry now.
  [[nodiscard]] std::vector<EdgeId> active(const Entry& entry) const;
  [[nodiscard]] RouterId router() const { return router_; }

 private:
  using SourceId = uint8_t;  ///< index into sources_
  static constexpr lpm::GroupId kNotInstalled = UINT32_MAX;

  struct OfferList {
    std::vector<Offer> offers;
    uint32_t preference = 0;             ///< of the best of them
    lpm::GroupId group = kNotInstalled;  ///< where it leads to; none is usable
    uint32_t holders = 0;
    uint32_t hash = 0;
  };
  /// What one source offers.
  struct Part {
    ListId list = 0;
    uint32_t next = 0;  ///< the next part in parts_; 0: none
    SourceId source = 0;
  };
  struct Node {
    Ipv4Address address;
    uint8_t length = 0;
    SourceId source = 0;
    ListId list = 0;    ///< 0: nobody offers it, for the moment
    uint32_t next = 0;  ///< the next part in parts_; 0: none
    lpm::GroupId installed = kNotInstalled;
  };
  static_assert(sizeof(Node) == 20);

  struct SourceInfo {
    std::string name;
    Describe describe;
  };

  [[nodiscard]] SourceId source_id(const std::string& name);
  [[nodiscard]] ListId intern(std::vector<Offer> offers);
  void release(ListId list);
  [[nodiscard]] uint32_t node_of(Ipv4Prefix prefix) const;
  [[nodiscard]] uint32_t make_node(Ipv4Prefix prefix);
  [[nodiscard]] ListId list_of(const Node& node, SourceId source) const;
  void put(Node& node, SourceId source, ListId list);
  [[nodiscard]] lpm::GroupId winner(const Node& node) const;
  /// Notes the group that the prefix has now; false: it is as before.
  [[nodiscard]] bool settle(uint32_t id, lpm::GroupId group);
  void tell(Ipv4Prefix prefix, lpm::GroupId group);
  /// The node with the longest prefix that is installed; 0: none.
  [[nodiscard]] uint32_t match(Ipv4Address destination) const;
  [[nodiscard]] const Entry& show(uint32_t id) const;

  RouterId router_;
  FibSink* sink_;
  std::vector<Edge> edges_;
  std::map<Edge, EdgeId> edge_ids_;
  std::vector<bool> dead_;
  lpm::GroupTable groups_;
  uint64_t seed_;
  std::vector<SourceInfo> sources_;
  lpm::Slab<OfferList> lists_;
  lpm::IdIndex lists_by_hash_;
  lpm::Slab<Node> nodes_;
  lpm::Slab<Part> parts_;
  lpm::IdIndex nodes_by_prefix_;
  std::array<uint32_t, 33> installed_{};  ///< prefixes, by length
  mutable std::map<Ipv4Prefix, Entry> shown_;
};

}  // namespace skyhop::routing
