// Prefix lists and route maps. Names that nobody has were reported when the lab was read.
#include "control/cloud/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace skyhop::cloud {

namespace {

using bgp::Permission;
using bgp::Prefix;

std::optional<Prefix> parse_prefix(const std::string& text) {
  if (const auto ipv4 = lpm::Ipv4Prefix::parse(text)) return *ipv4;
  if (const auto ipv6 = lpm::Ipv6Prefix::parse(text)) return *ipv6;
  return {};
}

Permission permission_of(lab::RouteAction action) {
  return action == lab::RouteAction::permit ? Permission::permit : Permission::deny;
}

bgp::Origin origin_of(lab::RouteOriginCode code) {
  switch (code) {
    case lab::RouteOriginCode::igp:
      return bgp::Origin::igp;
    case lab::RouteOriginCode::egp:
      return bgp::Origin::egp;
    case lab::RouteOriginCode::incomplete:
      break;
  }
  return bgp::Origin::incomplete;
}

bgp::RouteOrigin source_of(lab::RouteSourceKind kind) {
  switch (kind) {
    case lab::RouteSourceKind::local:
      return bgp::RouteOrigin::local;
    case lab::RouteSourceKind::ebgp:
      return bgp::RouteOrigin::ebgp;
    case lab::RouteSourceKind::ibgp:
      break;
  }
  return bgp::RouteOrigin::ibgp;
}

class PolicyReader {
 public:
  explicit PolicyReader(Derivation& d) : d_(d) {}

  void run() {
    for (const lab::PrefixListResource& list : d_.lab.prefix_lists) read(list);
    for (const lab::RouteMapResource& map : d_.lab.route_maps) read(map);
  }

 private:
  using PrefixListPtr = std::shared_ptr<const bgp::PrefixList>;

  void read(const lab::PrefixListResource& resource) {
    std::vector<bgp::PrefixList::Entry> entries;
    for (size_t i = 0; i < resource.entries.size(); ++i) {
      const std::string path = fmt::format("prefix_list.{}.entry[{}]", resource.name, i);
      if (const auto entry = entry_of(resource.entries[i], path)) entries.push_back(*entry);
    }
    lists_[resource.name] =
        std::make_shared<const bgp::PrefixList>(resource.name, std::move(entries));
  }

  std::optional<bgp::PrefixList::Entry> entry_of(const lab::PrefixListEntry& from,
                                                 const std::string& path) {
    const auto prefix = parse_prefix(from.prefix);
    if (!prefix) {
      d_.error(path + ".prefix", fmt::format("\"{}\" is no prefix such as 10.0.0.0/8 or "
                                             "2001:db8::/32, with its host bits zero",
                                             from.prefix));
      return {};
    }
    const uint32_t longest = prefix->is_ipv4() ? 32 : 128;
    const uint32_t least = from.ge.value_or(prefix->length());
    bgp::PrefixList::Entry entry{permission_of(from.action), *prefix, {}, {}};
    if (from.ge) {
      if (least < prefix->length() || least > longest) {
        d_.error(path + ".ge", fmt::format("expected {} to {}", prefix->length(), longest));
        return {};
      }
      entry.ge = static_cast<uint8_t>(*from.ge);
    }
    if (from.le) {
      if (*from.le < least || *from.le > longest) {
        d_.error(path + ".le", fmt::format("expected {} to {}", least, longest));
        return {};
      }
      entry.le = static_cast<uint8_t>(*from.le);
    }
    return entry;
  }

  void read(const lab::RouteMapResource& resource) {
    std::vector<bgp::RouteMap::Entry> entries;
    std::map<uint32_t, size_t> sequences;
    uint32_t last = 0;
    for (size_t i = 0; i < resource.entries.size(); ++i) {
      const lab::RouteMapEntry& from = resource.entries[i];
      const std::string path = fmt::format("route_map.{}.entry[{}]", resource.name, i);
      last = from.sequence.value_or(last + 10);
      if (const auto [known, is_new] = sequences.emplace(last, i); !is_new) {
        d_.error(path,
                 fmt::format("sequence {} is already that of entry[{}]", last, known->second));
      }
      entries.push_back({last, permission_of(from.action), match_of(from.match, path + ".match"),
                         change_of(from.set, path + ".set"), from.goes_on});
      if (entries.back().permission == Permission::deny && !entries.back().change.is_empty()) {
        d_.error(path + ".set", "a route that is denied is not changed");
      }
    }
    d_.network.route_maps[resource.name] =
        std::make_shared<const bgp::RouteMap>(resource.name, std::move(entries));
  }

  bgp::RouteMatch match_of(const lab::RouteMapMatch& from, const std::string& path) {
    using Range = bgp::RouteMatch::Range;
    bgp::RouteMatch match;
    match.prefixes = lists_of(from.prefix_lists);
    match.next_hops = lists_of(from.next_hop_prefix_lists);
    match.communities = read_all(from.communities, path + ".community", parse_pattern);
    match.all_communities =
        read_all(from.all_communities, path + ".all_communities", parse_pattern);
    match.as_paths = read_all(from.as_paths, path + ".as_path", compile);
    if (from.min_as_path_length || from.max_as_path_length) {
      match.as_path_length =
          Range{from.min_as_path_length.value_or(0), from.max_as_path_length.value_or(UINT32_MAX)};
    }
    if (from.med) match.med = Range{*from.med, *from.med};
    if (from.local_preference) {
      match.local_preference = Range{*from.local_preference, *from.local_preference};
    }
    match.tag = from.tag;
    match.peers = from.peers;
    if (from.origin) match.origin = origin_of(*from.origin);
    if (from.source) match.source = source_of(*from.source);
    return match;
  }

  bgp::RouteChange change_of(const lab::RouteMapChange& from, const std::string& path) {
    bgp::RouteChange change;
    change.remove_communities =
        read_all(from.remove_communities, path + ".remove_communities", parse_pattern);
    if (from.communities) {
      change.communities = read_all(*from.communities, path + ".communities", parse_one);
    }
    change.add_communities = read_all(from.add_communities, path + ".add_communities", parse_one);
    change.strip_private_as = from.strip_private_as;
    for (const lab::AsReplacement& replacement : from.replace_as) {
      change.replace_as.emplace_back(replacement.from, replacement.to);
    }
    change.prepend = from.prepend_as_path;
    change.local_preference = from.local_preference;
    change.med = from.med;
    if (from.origin) change.origin = origin_of(*from.origin);
    change.next_hop = from.next_hop;
    if (from.ipv6_next_hop) {
      change.ipv6_next_hop = lpm::Ipv6Address::parse(*from.ipv6_next_hop);
      if (!change.ipv6_next_hop) {
        d_.error(path + ".ipv6_next_hop",
                 fmt::format("\"{}\" is no IPv6 address such as 2001:db8::1", *from.ipv6_next_hop));
      }
    }
    change.weight = from.weight;
    change.tag = from.tag;
    return change;
  }

  std::vector<PrefixListPtr> lists_of(const std::vector<std::string>& names) const {
    std::vector<PrefixListPtr> lists;
    for (const std::string& name : names) {
      const auto found = lists_.find(name);
      if (found != lists_.end()) lists.push_back(found->second);
    }
    return lists;
  }

  static auto parse_pattern(const std::string& text) { return bgp::CommunityPattern::parse(text); }
  static auto parse_one(const std::string& text) { return bgp::parse_community(text); }
  static auto compile(const std::string& text) { return bgp::AsPathPattern::compile(text); }

  template <typename Parse>
  auto read_all(const std::vector<std::string>& texts, const std::string& path, Parse parse) {
    std::vector<typename std::invoke_result_t<Parse, const std::string&>::value_type> values;
    for (size_t i = 0; i < texts.size(); ++i) {
      auto value = parse(texts[i]);
      if (value) {
        values.push_back(std::move(*value));
      } else {
        d_.error(fmt::format("{}[{}]", path, i), std::move(value.error()));
      }
    }
    return values;
  }

  Derivation& d_;
  std::map<std::string, PrefixListPtr> lists_;
};

}  // namespace

void derive_policies(Derivation& d) { PolicyReader(d).run(); }

}  // namespace skyhop::cloud
