// One router's routes: who offers each prefix, who wins, why the others lost, and the forwarding
// table that follows.
//
// The rule: the longest prefix is the forwarding table's work; among offers of the same prefix the
// lowest preference wins. Offers come from named sources ("bgp", "controller", "azure"), and each
// source can be replaced whole or changed prefix by prefix; only real differences reach the sink.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/routing/edge.h"
#include "lpm/flow.h"
#include "lpm/reference_trie.h"

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

  /// Moves traffic off an edge (or back) without touching routes.
  void set_edge_alive(EdgeId edge, bool alive);
  [[nodiscard]] bool is_edge_alive(EdgeId edge) const;

  /// Longest match that has a usable offer; null: no route.
  [[nodiscard]] const Entry* lookup(Ipv4Address destination) const;
  [[nodiscard]] const Entry* find(Ipv4Prefix prefix) const;
  /// The edge a flow takes: what the worker's look-up gives for the same hash.
  [[nodiscard]] EdgeId edge_for(Ipv4Address destination, uint32_t flow_hash) const;
  /// Edges that carry traffic for the entry now.
  [[nodiscard]] std::vector<EdgeId> active(const Entry& entry) const;
  [[nodiscard]] const std::map<Ipv4Prefix, Entry>& entries() const { return entries_; }
  [[nodiscard]] RouterId router() const { return router_; }

 private:
  bool install(Entry& entry);

  RouterId router_;
  FibSink* sink_;
  std::vector<Edge> edges_;
  std::map<Edge, EdgeId> edge_ids_;
  std::vector<bool> dead_;
  std::map<Ipv4Prefix, Entry> entries_;
  std::map<std::string, std::set<Ipv4Prefix>> prefixes_of_;
  lpm::GroupTable groups_;
  lpm::ReferenceTrie<lpm::GroupId> fib_;
  std::map<Ipv4Prefix, lpm::NextHopSet> installed_;
};

}  // namespace skyhop::routing
