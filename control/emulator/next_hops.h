// What planes put into tables alike: own addresses, the next hop over a link, and what BGP offers.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/cloud/network.h"
#include "control/routing/router_table.h"

namespace skyhop::emulator {

/// A gateway's own addresses, of its NICs and inside of its tunnels: delivered to itself.
[[nodiscard]] routing::RouterTable::Offers own_addresses(const cloud::Network& network,
                                                         const cloud::Gateway& gateway,
                                                         routing::RouterTable& table);

/// Over a link of the table's router to its far end; `via` is the far end's inner address, if any.
[[nodiscard]] routing::NextHop over(const cloud::Network& network, cloud::LinkId link,
                                    routing::RouterTable& table);

/// What a speaker's best route for a prefix offers to the table beside it: nothing when there is
/// none, or when it is the speaker's own. `hop_of` gives the next hop of a path that a peer sent,
/// std::optional<routing::NextHop>; paths that leave the same way count once.
template <typename HopOf>
[[nodiscard]] std::vector<routing::Offer> bgp_offers(const std::optional<bgp::BestRoute>& best,
                                                     uint32_t preference, HopOf hop_of) {
  if (!best || !best->paths.front().peer) return {};
  const bgp::Candidate& first = best->paths.front();
  routing::Offer offer{.source = routing::Source::bgp,
                       .preference = preference,
                       .as_path = first.attributes->as_path.to_string(),
                       .rule = "RFC 4271 9.1.2"};
  offer.description = (first.is_ebgp ? "eBGP, AS path " : "iBGP, AS path ") + offer.as_path;
  for (const bgp::Candidate& path : best->paths) {
    if (!path.peer) continue;
    std::optional<routing::NextHop> hop = hop_of(path);
    const auto same = [&](const routing::NextHop& other) { return other.edge == hop->edge; };
    if (hop && std::ranges::none_of(offer.primary, same)) offer.primary.push_back(std::move(*hop));
  }
  if (offer.primary.empty()) return {};
  return {std::move(offer)};
}

}  // namespace skyhop::emulator
