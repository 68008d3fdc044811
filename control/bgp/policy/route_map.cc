#include "control/bgp/policy/route_map.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::bgp {
namespace {

bool permits_any(const std::vector<std::shared_ptr<const PrefixList>>& lists,
                 const Prefix& prefix) {
  return std::ranges::any_of(lists, [&](const auto& list) { return list->permits(prefix); });
}

Prefix next_hop_of(const PathAttributes& attributes) {
  if (attributes.ipv6_next_hop) return Ipv6Prefix(attributes.ipv6_next_hop->global, 128);
  return Ipv4Prefix::host(attributes.next_hop);
}

RouteOrigin source_of(const RouteView& route) {
  if (route.is_local) return RouteOrigin::local;
  return route.is_ebgp ? RouteOrigin::ebgp : RouteOrigin::ibgp;
}

}  // namespace

bool RouteMatch::matches(const RouteView& route) const {
  const PathAttributes& attributes = route.attributes;
  const auto carries = [&](const CommunityPattern& pattern) { return pattern.matches(attributes); };
  if (!prefixes.empty() && !permits_any(prefixes, route.prefix)) return false;
  if (!next_hops.empty() && !permits_any(next_hops, next_hop_of(attributes))) return false;
  if (!communities.empty() && std::ranges::none_of(communities, carries)) return false;
  if (!std::ranges::all_of(all_communities, carries)) return false;
  if (as_path_length && !as_path_length->contains(attributes.as_path.length())) return false;
  if (med && !med->contains(attributes.med.value_or(0))) return false;
  if (local_preference &&
      !local_preference->contains(attributes.local_pref.value_or(kDefaultLocalPref))) {
    return false;
  }
  if (tag && *tag != attributes.tag) return false;
  if (!peers.empty() && std::ranges::find(peers, route.peer) == peers.end() &&
      std::ranges::find(peers, route.group) == peers.end()) {
    return false;
  }
  if (origin && *origin != attributes.origin) return false;
  if (source && *source != source_of(route)) return false;
  if (as_paths.empty()) return true;
  const std::string path = attributes.as_path.to_string();
  return std::ranges::any_of(as_paths,
                             [&](const AsPathPattern& pattern) { return pattern.matches(path); });
}

bool RouteChange::is_empty() const {
  return remove_communities.empty() && !communities && add_communities.empty() &&
         !strip_private_as && replace_as.empty() && prepend.empty() && !local_preference && !med &&
         !origin && !next_hop && !ipv6_next_hop && !weight && !tag;
}

void RouteChange::apply(const Prefix& prefix, PathAttributes& attributes) const {
  for (const CommunityPattern& pattern : remove_communities) pattern.remove_from(attributes);
  if (communities) {
    attributes.communities.clear();
    attributes.extended_communities.clear();
    attributes.large_communities.clear();
    for (const AnyCommunity& community : *communities) add(community, attributes);
  }
  for (const AnyCommunity& community : add_communities) add(community, attributes);
  if (strip_private_as) attributes.as_path.remove_if(is_private);
  for (const auto& [from, to] : replace_as) {
    attributes.as_path.replace_if([from = from](Asn asn) { return asn == from; }, to);
  }
  for (auto asn = prepend.rbegin(); asn != prepend.rend(); ++asn) attributes.as_path.prepend(*asn);
  if (local_preference) attributes.local_pref = local_preference;
  if (med) attributes.med = med;
  if (origin) attributes.origin = *origin;
  if (prefix.is_ipv4() && next_hop) {
    attributes.next_hop = *next_hop;
    attributes.ipv6_next_hop.reset();
  }
  if (!prefix.is_ipv4() && ipv6_next_hop) {
    attributes.ipv6_next_hop = Ipv6NextHop{*ipv6_next_hop, {}};
  }
  if (weight) attributes.weight = *weight;
  if (tag) attributes.tag = *tag;
}

RouteMap::RouteMap(std::string name, std::vector<Entry> entries)
    : name_(std::move(name)), entries_(std::move(entries)) {
  std::ranges::stable_sort(entries_, {}, &Entry::sequence);
}

PolicyVerdict RouteMap::operator()(const RouteView& route) const {
  std::optional<PathAttributes> changed;
  std::vector<uint32_t> permitted;  // entries that matched and went on, or decided
  std::vector<uint32_t> changing;
  for (const Entry& entry : entries_) {
    const RouteView seen{route.prefix,  changed ? *changed : route.attributes,
                         route.group,   route.is_local,
                         route.is_ebgp, route.peer};
    if (!entry.match.matches(seen)) continue;
    if (entry.permission == Permission::deny) {
      return PolicyVerdict::reject(fmt::format("route map {}", name_),
                                   fmt::format("denied by entry {}", entry.sequence));
    }
    permitted.push_back(entry.sequence);
    if (!entry.change.is_empty()) {
      if (!changed) changed = route.attributes;
      entry.change.apply(route.prefix, *changed);
      changing.push_back(entry.sequence);
    }
    if (!entry.goes_on) break;
  }
  if (permitted.empty()) {
    return PolicyVerdict::reject(fmt::format("route map {}", name_), "no entry permits it");
  }
  if (!changed) return PolicyVerdict::accept();
  return PolicyVerdict::change(
      std::move(*changed), fmt::format("route map {}", name_),
      fmt::format("changed by {} {}", changing.size() == 1 ? "entry" : "entries",
                  fmt::join(changing, ", ")));
}

Policy policy_of(std::shared_ptr<const RouteMap> map) {
  return [map = std::move(map)](const RouteView& route) { return (*map)(route); };
}

}  // namespace skyhop::bgp
