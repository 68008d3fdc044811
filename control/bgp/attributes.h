// Path attributes as values (RFC 4271 4.3, 5.1): what a route carries besides its prefix.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/bgp/prefix.h"

namespace skyhop::bgp {

using Asn = uint32_t;
inline constexpr Asn kAsTrans = 23456;  // RFC 6793
/// RFC 6996.
[[nodiscard]] constexpr bool is_private(Asn asn) {
  return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}

enum class Origin : uint8_t { igp = 0, egp = 1, incomplete = 2 };

struct AsSegment {
  enum class Type : uint8_t { set = 1, sequence = 2 };
  Type type = Type::sequence;
  std::vector<Asn> asns;
  friend auto operator<=>(const AsSegment&, const AsSegment&) = default;
};

struct AsPath {
  std::vector<AsSegment> segments;

  static AsPath sequence(std::vector<Asn> asns);
  /// RFC 4271 9.1.2.2 a: a set counts as one.
  [[nodiscard]] uint32_t length() const;
  [[nodiscard]] bool contains(Asn asn) const { return count(asn) != 0; }
  [[nodiscard]] size_t count(Asn asn) const;
  [[nodiscard]] bool has_set() const;
  /// The neighbour's AS: first of the leading sequence.
  [[nodiscard]] std::optional<Asn> first() const;
  /// RFC 4271 5.1.2 b: `count` times in front, opening a new segment when the first is full or a
  /// set.
  void prepend(Asn asn, uint32_t count = 1);
  /// Takes out every number for which `is_unwanted` holds, and the segments that are left empty.
  template <typename IsUnwanted>
  void remove_if(IsUnwanted is_unwanted) {
    for (AsSegment& segment : segments) std::erase_if(segment.asns, is_unwanted);
    std::erase_if(segments, [](const AsSegment& segment) { return segment.asns.empty(); });
  }
  /// Puts `by` where `is_meant` holds.
  template <typename IsMeant>
  void replace_if(IsMeant is_meant, Asn by) {
    for (AsSegment& segment : segments) std::ranges::replace_if(segment.asns, is_meant, by);
  }
  [[nodiscard]] std::vector<Asn> flat() const;
  /// "65515 65100", sets in braces; empty for an empty path.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const AsPath&, const AsPath&) = default;
};

inline constexpr uint32_t kDefaultLocalPref = 100;

using Community = uint32_t;                                 // RFC 1997
inline constexpr Community kGracefulShutdown = 0xFFFF0000;  // RFC 8326
inline constexpr Community kLlgrStale = 0xFFFF0006;         // RFC 9494
inline constexpr Community kNoLlgr = 0xFFFF0007;
inline constexpr Community kBlackhole = 0xFFFF029A;  // RFC 7999
inline constexpr Community kNoExport = 0xFFFFFF01;
inline constexpr Community kNoAdvertise = 0xFFFFFF02;
inline constexpr Community kNoExportSubconfed = 0xFFFFFF03;
inline constexpr Community kNoPeer = 0xFFFFFF04;  // RFC 3765

/// RFC 4360: the type in the high octet.
using ExtendedCommunity = uint64_t;
/// Means nothing outside of the AS it was set in.
[[nodiscard]] constexpr bool is_transitive(ExtendedCommunity community) {
  return (community >> 62 & 1) == 0;
}

struct LargeCommunity {  // RFC 8092
  uint32_t global = 0, local1 = 0, local2 = 0;
  friend auto operator<=>(const LargeCommunity&, const LargeCommunity&) = default;
};

struct Aggregator {
  Asn asn = 0;
  Ipv4Address address;
  friend auto operator<=>(const Aggregator&, const Aggregator&) = default;
};

/// An attribute we do not know, carried on when optional transitive (with Partial set).
struct UnknownAttribute {
  uint8_t flags = 0;
  uint8_t type = 0;
  std::vector<uint8_t> value;
  friend auto operator<=>(const UnknownAttribute&, const UnknownAttribute&) = default;
};

/// Optional transitive attributes that some router on the way did not know (RFC 4271 5): once set
/// the mark stays.
namespace partial {
inline constexpr uint8_t kAggregator = 1;
inline constexpr uint8_t kCommunities = 2;
inline constexpr uint8_t kExtendedCommunities = 4;
inline constexpr uint8_t kLargeCommunities = 8;
inline constexpr uint8_t kOnlyToCustomer = 16;
}  // namespace partial

struct Ipv6NextHop {  // RFC 2545
  Ipv6Address global;
  std::optional<Ipv6Address> link_local;
  friend auto operator<=>(const Ipv6NextHop&, const Ipv6NextHop&) = default;
};

/// What a route carries. `weight` and `tag` are this router's own and never on the wire.
struct PathAttributes {
  Origin origin = Origin::igp;
  AsPath as_path;
  Ipv4Address next_hop;  ///< of IPv4 routes
  std::optional<Ipv6NextHop> ipv6_next_hop;
  std::optional<uint32_t> med;
  std::optional<uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<Community> communities;                   ///< sorted
  std::vector<ExtendedCommunity> extended_communities;  ///< sorted
  std::vector<LargeCommunity> large_communities;        ///< sorted
  std::optional<Ipv4Address> originator_id;             ///< RFC 4456
  std::vector<Ipv4Address> cluster_list;
  std::vector<UnknownAttribute> unknown;  ///< by type
  uint8_t partial_bits = 0;               ///< of `partial`
  std::optional<Asn> only_to_customer;    ///< RFC 9234
  uint32_t weight = 0;                    ///< decides before LOCAL_PREF: higher
  uint32_t tag = 0;                       ///< set and matched by route maps
  [[nodiscard]] bool carries(Community community) const {
    return std::ranges::binary_search(communities, community);
  }
  void add(Community community);
  /// Of whichever family.
  [[nodiscard]] IpAddress any_next_hop() const {
    return ipv6_next_hop ? IpAddress(ipv6_next_hop->global) : IpAddress(next_hop);
  }
  friend auto operator<=>(const PathAttributes&, const PathAttributes&) = default;
};

}  // namespace skyhop::bgp
