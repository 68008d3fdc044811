#include "control/cloud/routers/router_policy.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "control/cloud/prefix_map.h"
#include "lpm/flow.h"

namespace skyhop::cloud::routers {
namespace {

using bgp::PolicyVerdict;
using bgp::RouteView;

/// "65535:65282", which the reader has checked.
bgp::Community community_of(const std::string& text) {
  uint32_t high = 0;
  uint32_t low = 0;
  const char* const end = text.data() + text.size();
  const char* const colon = std::from_chars(text.data(), end, high).ptr;
  if (colon != end) std::from_chars(colon + 1, end, low);
  return high << 16 | low;
}

struct ExportRules {
  lab::RouterNeighbor neighbor;
  PrefixSet advertise;
  std::vector<bgp::Community> communities;
  bgp::Asn own = 0;
  bgp::Asn peer_asn = 0;

  [[nodiscard]] bool changes_nothing() const {
    return neighbor.prepend_as_path.empty() && neighbor.strip_as.empty() && !neighbor.as_override &&
           communities.empty() && !neighbor.next_hop;
  }
};

void strip(bgp::AsPath& path, const std::vector<uint32_t>& asns) {
  for (bgp::AsSegment& segment : path.segments) {
    std::erase_if(segment.asns,
                  [&](bgp::Asn asn) { return std::ranges::find(asns, asn) != asns.end(); });
  }
  std::erase_if(path.segments, [](const bgp::AsSegment& segment) { return segment.asns.empty(); });
}

void replace(bgp::AsPath& path, bgp::Asn from, bgp::Asn to) {
  for (bgp::AsSegment& segment : path.segments) {
    std::ranges::replace(segment.asns, from, to);
  }
}

}  // namespace

const lab::RouterNeighbor* neighbor_of(const lab::Lab& lab, const Gateway& router,
                                       const Gateway& peer) {
  const auto found = std::ranges::find(lab.routers, router.resource, &lab::Router::name);
  if (found == lab.routers.end()) return nullptr;
  for (const lab::RouterNeighbor& neighbor : found->neighbors) {
    const std::string& name = neighbor.peer.empty() ? neighbor.name : neighbor.peer;
    if (name == peer.name || name == peer.resource) return &neighbor;
  }
  return nullptr;
}

bgp::Policy export_to(const lab::RouterNeighbor& neighbor, bgp::Asn own, bgp::Asn peer_asn) {
  auto rules =
      std::make_shared<ExportRules>(ExportRules{.neighbor = neighbor,
                                                .advertise = prefix_set(neighbor.advertise),
                                                .communities = {},
                                                .own = own,
                                                .peer_asn = peer_asn});
  for (const std::string& text : neighbor.communities) {
    rules->communities.push_back(community_of(text));
  }
  return [rules = std::shared_ptr<const ExportRules>(std::move(rules))](const RouteView& route) {
    if (!rules->advertise.empty() && !rules->advertise.contains(route.prefix.ipv4())) {
      return PolicyVerdict::reject("",
                                   "not in the advertise list of neighbor " + rules->neighbor.name);
    }
    if (rules->changes_nothing()) return PolicyVerdict::accept();
    bgp::PathAttributes attributes = route.attributes;
    strip(attributes.as_path, rules->neighbor.strip_as);
    if (rules->neighbor.as_override) replace(attributes.as_path, rules->peer_asn, rules->own);
    for (const uint32_t asn : rules->neighbor.prepend_as_path) attributes.as_path.prepend(asn);
    auto& communities = attributes.communities;
    communities.insert(communities.end(), rules->communities.begin(), rules->communities.end());
    std::ranges::sort(communities);
    communities.erase(std::ranges::unique(communities).begin(), communities.end());
    if (rules->neighbor.next_hop) attributes.next_hop = *rules->neighbor.next_hop;
    return PolicyVerdict::change(std::move(attributes), "",
                                 "changed as neighbor " + rules->neighbor.name + " says");
  };
}

bgp::DecisionOptions router_decision(const PlainRouter& router) {
  bgp::DecisionOptions options;
  options.maximum_paths = router.bgp_ecmp ? lpm::kGroupSlots : 1;
  options.multipath_relax = true;
  return options;
}

}  // namespace skyhop::cloud::routers
