// Who belongs to whom in the Aviatrix part of a network. Not for use outside this folder.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud::aviatrix {

/// The links of a network by the routers they join.
class LinkIndex {
 public:
  explicit LinkIndex(const Network& network) : ha_(network.routers.size()) {
    for (size_t i = 0; i < network.links.size(); ++i) {
      const Link& link = network.links[i];
      if (link.kind == LinkKind::tunnel) tunnels_[key(link.a, link.b)].emplace_back(i);
      if (link.kind == LinkKind::ha) ha_[link.a.index()] = ha_[link.b.index()] = LinkId(i);
    }
  }

  /// HPE pairs have several.
  [[nodiscard]] const std::vector<LinkId>& tunnels(RouterId x, RouterId y) const {
    static const std::vector<LinkId> kNone;
    const auto it = tunnels_.find(key(x, y));
    return it == tunnels_.end() ? kNone : it->second;
  }
  [[nodiscard]] std::optional<LinkId> ha(RouterId router) const { return ha_[router.index()]; }

 private:
  static uint64_t key(RouterId x, RouterId y) {
    const auto [low, high] = std::minmax(x.index(), y.index());
    return (uint64_t{low} << 32) | high;
  }

  std::unordered_map<uint64_t, std::vector<LinkId>> tunnels_;
  std::vector<std::optional<LinkId>> ha_;
};

}  // namespace skyhop::cloud::aviatrix
