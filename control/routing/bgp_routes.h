// From a speaker's Loc-RIB into its router's table.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/routing/router_table.h"

namespace skyhop::routing {

/// A million routes use a handful of ways: what becomes of the used paths of a prefix is worked out
/// once for all prefixes with paths of these peers and next hops, and neighbours that go the same
/// way reach the table together.
class BgpRoutes {
 public:
  /// What to offer for paths, the best first. Looks at nothing of them but peers and next hops.
  using MakeOffers = std::function<std::vector<Offer>(std::span<const bgp::UsedPath> used)>;

  /// The table outlives this.
  BgpRoutes(RouterTable& table, std::string source, MakeOffers make_offers)
      : table_(table), source_(std::move(source)), make_offers_(std::move(make_offers)) {}

  /// IPv6 is passed over: the data plane has none.
  void change(std::span<const bgp::BestChange> changes);
  /// What MakeOffers knows has changed: it is asked again, from the next change on.
  void forget_ways() { ways_.clear(); }

 private:
  struct Way {
    bgp::PeerId peer{};
    Ipv4Address next_hop;
    friend auto operator<=>(const Way&, const Way&) = default;
  };

  [[nodiscard]] RouterTable::ListId list_for(std::span<const bgp::UsedPath> used);

  RouterTable& table_;
  std::string source_;
  MakeOffers make_offers_;
  std::map<std::vector<Way>, RouterTable::ListId> ways_;
  std::vector<Way> key_;  ///< scratch
};

}  // namespace skyhop::routing
