// Path attributes as values (RFC 4271 4.3, 5.1): what a route carries besides its prefix.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/bgp/prefix.h"

namespace skyhop::bgp {

using Asn = uint32_t;
inline constexpr Asn kAsTrans = 23456;  // RFC 6793

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
  [[nodiscard]] bool contains(Asn asn) const;
  /// The neighbour's AS: first of the leading sequence.
  [[nodiscard]] std::optional<Asn> first() const;
  /// RFC 4271 5.1.2 b: `count` times in front, opening a new segment when the first is full or a
  /// set.
  void prepend(Asn asn, uint32_t count = 1);
  [[nodiscard]] std::vector<Asn> flat() const;
  /// "65515 65100", sets in braces; empty for an empty path.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const AsPath&, const AsPath&) = default;
};

using Community = uint32_t;  // RFC 1997
inline constexpr Community kNoExport = 0xFFFFFF01;
inline constexpr Community kNoAdvertise = 0xFFFFFF02;

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
}  // namespace partial

struct Ipv6NextHop {  // RFC 2545
  Ipv6Address global;
  std::optional<Ipv6Address> link_local;
  friend auto operator<=>(const Ipv6NextHop&, const Ipv6NextHop&) = default;
};

struct PathAttributes {
  Origin origin = Origin::igp;
  AsPath as_path;
  Ipv4Address next_hop;  ///< of IPv4 routes
  std::optional<Ipv6NextHop> ipv6_next_hop;
  std::optional<uint32_t> med;
  std::optional<uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<Community> communities;             ///< sorted
  std::vector<uint64_t> extended_communities;     ///< RFC 4360, sorted
  std::vector<LargeCommunity> large_communities;  ///< sorted
  std::optional<Ipv4Address> originator_id;       ///< RFC 4456
  std::vector<Ipv4Address> cluster_list;
  std::vector<UnknownAttribute> unknown;  ///< by type
  uint8_t partial_bits = 0;               ///< of `partial`
  friend auto operator<=>(const PathAttributes&, const PathAttributes&) = default;
};

/// Attribute sets are shared between the routes that carry them.
using AttributesPtr = std::shared_ptr<const PathAttributes>;

}  // namespace skyhop::bgp
