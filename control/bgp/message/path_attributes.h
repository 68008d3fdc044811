// Path attributes on the wire (RFC 4271 4.3), with RFC 7606's treatment of malformed ones.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/message/header.h"
#include "control/bgp/message/notification.h"
#include "control/bgp/message/wire.h"

namespace skyhop::bgp {

enum class AttributeType : uint8_t {
  origin = 1,
  as_path = 2,
  next_hop = 3,
  med = 4,
  local_pref = 5,
  atomic_aggregate = 6,
  aggregator = 7,
  communities = 8,
  originator_id = 9,
  cluster_list = 10,
  mp_reach = 14,
  mp_unreach = 15,
  extended_communities = 16,
  as4_path = 17,
  as4_aggregator = 18,
  large_communities = 32,
};

namespace attribute_flag {
inline constexpr uint8_t kOptional = 0x80;
inline constexpr uint8_t kTransitive = 0x40;
inline constexpr uint8_t kPartial = 0x20;
inline constexpr uint8_t kExtendedLength = 0x10;
}  // namespace attribute_flag

/// What both ends agreed on for one address family.
struct FamilyContext {
  bool is_agreed = false;
  bool path_ids_in = false;   ///< RFC 7911: what the peer sends has path identifiers
  bool path_ids_out = false;  ///< what it is sent has
  friend bool operator==(const FamilyContext&, const FamilyContext&) = default;
};

/// What both ends agreed on, and what they are to each other.
struct SessionContext {
  bool four_octet_as = true;  ///< both offered RFC 6793
  bool is_ebgp = true;        ///< LOCAL_PREF and reflection attributes mean nothing then
  FamilyContext ipv4 = {.is_agreed = true};
  FamilyContext ipv6;
  size_t longest_message = kMaxMessageLength;  ///< that the peer takes
  friend bool operator==(const SessionContext&, const SessionContext&) = default;

  template <typename P>
  [[nodiscard]] const FamilyContext& family() const {
    return std::is_same_v<P, Ipv4Prefix> ? ipv4 : ipv6;
  }
};

/// RFC 7606 2, mildest first. A session reset is no outcome: it is the Notification instead.
enum class Outcome : uint8_t { attribute_discard, treat_as_withdraw };

struct AttributeProblem {
  uint8_t type = 0;
  Outcome outcome = Outcome::attribute_discard;
  UpdateError error = UpdateError::unspecific;  ///< what RFC 4271 would have sent
  std::string what;
};

/// RFC 4760's attributes: routes of a family that was agreed on, NLRI not decoded yet. What is in
/// them of other families is passed over.
struct MpReach {
  AddressFamily family;
  Ipv4Address next_hop;
  std::optional<Ipv6NextHop> ipv6_next_hop;
  Octets nlri;
};
struct MpUnreach {
  AddressFamily family;
  Octets nlri;
};

struct DecodedAttributes {
  PathAttributes attributes;
  bool has_origin = false, has_as_path = false, has_next_hop = false;
  std::vector<AttributeProblem> problems;
  bool has_mp_reach = false, has_mp_unreach = false;  ///< of any family
  std::optional<MpReach> mp_reach;
  std::optional<MpUnreach> mp_unreach;

  [[nodiscard]] bool malformed() const;  ///< some problem asks for treat-as-withdraw
};

/// `octets` is the whole path attributes field.
[[nodiscard]] std::expected<DecodedAttributes, Notification> decode_attributes(
    Octets octets, const SessionContext& context);

/// The path attributes field but for MP_REACH_NLRI, by type ascending; for a 2-octet peer with
/// AS_TRANS and AS4_PATH. NEXT_HOP is in it unless the set has an IPv6 one.
[[nodiscard]] std::vector<uint8_t> encode_attributes(const PathAttributes& attributes,
                                                     const SessionContext& context);

/// RFC 6793 4.2.3: the path a 2-octet neighbour hid. `as4_path` without confederation segments.
[[nodiscard]] AsPath merge_as4_path(const AsPath& as_path, const AsPath& as4_path);

}  // namespace skyhop::bgp
