// Route maps: ordered entries that match routes and change them. The first entry that matches
// decides, unless it goes on to the next; a route that no entry permits is refused.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/bgp/policy.h"
#include "control/bgp/policy/as_path_pattern.h"
#include "control/bgp/policy/community_pattern.h"
#include "control/bgp/policy/prefix_list.h"

namespace skyhop::bgp {

enum class RouteOrigin : uint8_t { local, ebgp, ibgp };

/// All that is given must hold; of a list one element is enough. Empty matches everything.
struct RouteMatch {
  struct Range {
    uint32_t least = 0;
    uint32_t most = UINT32_MAX;
    [[nodiscard]] bool contains(uint32_t value) const { return value >= least && value <= most; }
  };
  std::vector<std::shared_ptr<const PrefixList>> prefixes;
  std::vector<std::shared_ptr<const PrefixList>> next_hops;  ///< matched as a host's prefix
  std::vector<CommunityPattern> communities;
  std::vector<CommunityPattern> all_communities;  ///< each of these must be there
  std::vector<AsPathPattern> as_paths;
  std::optional<Range> as_path_length;
  std::optional<Range> med;  ///< of a route without one: 0
  std::optional<Range> local_preference;
  std::optional<uint32_t> tag;
  std::vector<std::string> peers;  ///< it was learned from one of these, or of these groups
  std::optional<Origin> origin;
  std::optional<RouteOrigin> source;

  [[nodiscard]] bool matches(const RouteView& route) const;
};

/// In the order of the members.
struct RouteChange {
  std::vector<CommunityPattern> remove_communities;
  std::optional<std::vector<AnyCommunity>> communities;  ///< instead of all that there are
  std::vector<AnyCommunity> add_communities;
  bool strip_private_as = false;
  std::vector<std::pair<Asn, Asn>> replace_as;  ///< first by second
  std::vector<Asn> prepend;                     ///< in front, as written
  std::optional<uint32_t> local_preference;
  std::optional<uint32_t> med;
  std::optional<Origin> origin;
  std::optional<Ipv4Address> next_hop;       ///< of IPv4 routes
  std::optional<Ipv6Address> ipv6_next_hop;  ///< of IPv6 routes
  std::optional<uint32_t> weight;
  std::optional<uint32_t> tag;

  [[nodiscard]] bool is_empty() const;
  void apply(const Prefix& prefix, PathAttributes& attributes) const;
};

class RouteMap {
 public:
  struct Entry {
    uint32_t sequence = 10;
    Permission permission = Permission::permit;
    RouteMatch match;
    RouteChange change;
    bool goes_on = false;  ///< a permitting entry that lets later ones see the route, too
  };

  /// Entries in any order.
  RouteMap(std::string name, std::vector<Entry> entries);

  [[nodiscard]] PolicyVerdict operator()(const RouteView& route) const;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::string name_;
  std::vector<Entry> entries_;  ///< by sequence
};

/// The policy that this map is; shared, not copied.
[[nodiscard]] Policy policy_of(std::shared_ptr<const RouteMap> map);

}  // namespace skyhop::bgp
