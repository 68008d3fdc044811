// Decoding of path attributes.
//
// The rule (RFC 7606): a malformed attribute costs the routes that carry it (treat-as-withdraw), or
// only itself where the route is as good without it (attribute discard). The session falls only
// when the NLRI can no longer be found or believed.
#include <algorithm>
#include <array>

#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {
namespace {

using attribute_flag::kExtendedLength;
using attribute_flag::kOptional;
using attribute_flag::kPartial;
using attribute_flag::kTransitive;

constexpr uint8_t kWellKnown = kTransitive;
constexpr uint8_t kOptionalTransitive = kOptional | kTransitive;

struct RawAttribute {
  uint8_t flags = 0;
  uint8_t type = 0;
  Octets value;
  Octets whole;
};

// The Optional and Transitive bits a known type must have; nullopt: unknown type.
std::optional<uint8_t> flags_of(uint8_t type) {
  switch (static_cast<AttributeType>(type)) {
    case AttributeType::origin:
    case AttributeType::as_path:
    case AttributeType::next_hop:
    case AttributeType::local_pref:
    case AttributeType::atomic_aggregate:
      return kWellKnown;
    case AttributeType::med:
    case AttributeType::originator_id:
    case AttributeType::cluster_list:
    case AttributeType::mp_reach:
    case AttributeType::mp_unreach:
      return kOptional;
    case AttributeType::aggregator:
    case AttributeType::communities:
    case AttributeType::extended_communities:
    case AttributeType::as4_path:
    case AttributeType::as4_aggregator:
    case AttributeType::large_communities:
      return kOptionalTransitive;
  }
  return {};
}

// Not a next hop of any route (RFC 4271 6.3, RFC 1812 5.3.7): "this" network, loopback, class D, E.
bool is_usable_next_hop(Ipv4Address address) {
  const uint32_t first = address.value() >> 24;
  return first != 0 && first != 127 && first < 224;
}

// The unspecified address, the loopback one and multicast (RFC 4291 2.5, 2.7) are none either.
bool is_usable_next_hop(Ipv6Address address) {
  return address > Ipv6Address(0, 1) && address.octet(0) != 0xFF;
}

// RFC 2545 3: a global address, and a link-local one behind it; nothing when the length is wrong.
std::optional<Ipv6NextHop> read_ipv6_next_hop(Octets octets) {
  constexpr size_t kAddress = Ipv6Address::kOctets;
  if (octets.size() != kAddress && octets.size() != 2 * kAddress) return {};
  Reader reader(octets);
  Ipv6NextHop next_hop{reader.ipv6_address(), {}};
  if (!reader.empty()) next_hop.link_local = reader.ipv6_address();
  return next_hop;
}

// Nothing when malformed: unknown segment type, empty segment, octets missing or over, AS 0.
std::optional<AsPath> read_as_path(Octets octets, bool four_octet_as) {
  AsPath path;
  Reader reader(octets);
  while (!reader.empty()) {
    const uint8_t type = reader.u8();
    const uint8_t count = reader.u8();
    if (type != static_cast<uint8_t>(AsSegment::Type::set) &&
        type != static_cast<uint8_t>(AsSegment::Type::sequence)) {
      return {};
    }
    Reader asns(reader.take(size_t{count} * (four_octet_as ? 4 : 2)));
    if (!reader.ok() || count == 0) return {};
    AsSegment segment{static_cast<AsSegment::Type>(type), {}};
    segment.asns.reserve(count);
    for (uint8_t i = 0; i < count; ++i) {
      const Asn asn = four_octet_as ? asns.u32() : asns.u16();
      if (asn == 0) return {};  // RFC 7607
      segment.asns.push_back(asn);
    }
    path.segments.push_back(std::move(segment));
  }
  return path;
}

template <typename T>
void sort_unique(std::vector<T>& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

bool is_list_of(Octets value, size_t element) {
  return !value.empty() && value.size() % element == 0;
}

class AttributeDecoder {
 public:
  explicit AttributeDecoder(const SessionContext& context) : context_(context) {}

  std::expected<DecodedAttributes, Notification> decode(Octets octets) {
    Reader reader(octets);
    while (!reader.empty()) {
      const auto attribute = next(reader);
      if (!attribute) break;
      if (auto taken = take(*attribute); !taken) return std::unexpected(taken.error());
    }
    merge_four_octet();
    std::ranges::sort(result_.attributes.unknown, {}, &UnknownAttribute::type);
    return std::move(result_);
  }

 private:
  // RFC 7606 4: an attribute that runs over the field, or a stump at its end, withdraws the routes;
  // the NLRI is still found by the field's length.
  std::optional<RawAttribute> next(Reader& reader) {
    RawAttribute attribute;
    const Octets before = reader.rest();
    attribute.flags = reader.u8();
    attribute.type = reader.u8();
    const size_t length = (attribute.flags & kExtendedLength) != 0 ? reader.u16() : reader.u8();
    attribute.value = reader.take(length);
    if (!reader.ok()) {
      withdraw(attribute.type, UpdateError::malformed_attribute_list,
               "attribute runs over the attributes field");
      return {};
    }
    attribute.whole = before.first(before.size() - reader.size());
    return attribute;
  }

  std::expected<void, Notification> take(const RawAttribute& attribute) {
    const bool is_mp = attribute.type == static_cast<uint8_t>(AttributeType::mp_reach) ||
                       attribute.type == static_cast<uint8_t>(AttributeType::mp_unreach);
    if (seen_[attribute.type]) {
      // RFC 7606 3 g: the first counts, except for those that carry NLRI.
      if (is_mp) return std::unexpected(Notification(UpdateError::malformed_attribute_list));
      discard(attribute.type, UpdateError::malformed_attribute_list, "attribute repeated");
      return {};
    }
    seen_[attribute.type] = true;
    const auto expected = flags_of(attribute.type);
    if (!expected) return take_unknown(attribute);
    if ((attribute.flags & kOptionalTransitive) != *expected) {
      withdraw(attribute.type, UpdateError::attribute_flags_error,
               "Optional or Transitive bit is wrong");
      if (!is_mp) return {};
      // Its NLRI must still be found, or the withdrawal would miss it.
    }
    return take_known(attribute);
  }

  std::expected<void, Notification> take_unknown(const RawAttribute& attribute) {
    if ((attribute.flags & kOptional) == 0) {
      return std::unexpected(Notification(UpdateError::unrecognized_well_known_attribute,
                                          {attribute.whole.begin(), attribute.whole.end()}));
    }
    if ((attribute.flags & kTransitive) != 0) {
      const auto& value = attribute.value;
      result_.attributes.unknown.push_back(
          {kOptionalTransitive | kPartial, attribute.type, {value.begin(), value.end()}});
    }
    return {};
  }

  std::expected<void, Notification> take_known(const RawAttribute& attribute) {
    PathAttributes& out = result_.attributes;
    const Octets value = attribute.value;
    Reader reader(value);
    switch (static_cast<AttributeType>(attribute.type)) {
      case AttributeType::origin:
        result_.has_origin = true;
        if (value.size() != 1 || value[0] > static_cast<uint8_t>(Origin::incomplete)) {
          withdraw(attribute.type, UpdateError::invalid_origin, "ORIGIN is none of the three");
        } else {
          out.origin = static_cast<Origin>(value[0]);
        }
        break;
      case AttributeType::as_path:
        result_.has_as_path = true;
        if (auto path = read_as_path(value, context_.four_octet_as)) {
          out.as_path = std::move(*path);
        } else {
          withdraw(attribute.type, UpdateError::malformed_as_path, "AS_PATH is malformed");
        }
        break;
      case AttributeType::next_hop:
        result_.has_next_hop = true;
        out.next_hop = reader.address();
        if (value.size() != 4 || !is_usable_next_hop(out.next_hop)) {
          withdraw(attribute.type, UpdateError::invalid_next_hop, "NEXT_HOP is no host's address");
        }
        break;
      case AttributeType::med:
        if (has_length(attribute, 4, Outcome::treat_as_withdraw)) out.med = reader.u32();
        break;
      case AttributeType::local_pref:
        if (is_internal(attribute) && has_length(attribute, 4, Outcome::treat_as_withdraw)) {
          out.local_pref = reader.u32();
        }
        break;
      case AttributeType::atomic_aggregate:
        out.atomic_aggregate = has_length(attribute, 0, Outcome::attribute_discard);
        break;
      case AttributeType::aggregator:
        take_aggregator(attribute);
        break;
      case AttributeType::communities:
        if (!is_list(attribute, 4)) break;
        while (!reader.empty()) out.communities.push_back(reader.u32());
        sort_unique(out.communities);
        keep_partial(attribute, partial::kCommunities);
        break;
      case AttributeType::originator_id:
        if (is_internal(attribute) && has_length(attribute, 4, Outcome::treat_as_withdraw)) {
          out.originator_id = reader.address();
        }
        break;
      case AttributeType::cluster_list:
        if (!is_internal(attribute) || !is_list(attribute, 4)) break;
        while (!reader.empty()) out.cluster_list.push_back(reader.address());
        break;
      case AttributeType::mp_reach:
        return take_mp_reach(value);
      case AttributeType::mp_unreach:
        return take_mp_unreach(value);
      case AttributeType::extended_communities:
        if (!is_list(attribute, 8)) break;
        while (!reader.empty()) out.extended_communities.push_back(reader.u64());
        sort_unique(out.extended_communities);
        keep_partial(attribute, partial::kExtendedCommunities);
        break;
      case AttributeType::as4_path:
        take_as4_path(attribute);
        break;
      case AttributeType::as4_aggregator:
        take_as4_aggregator(attribute);
        break;
      case AttributeType::large_communities:
        if (!is_list(attribute, 12)) break;
        while (!reader.empty()) {
          LargeCommunity community;
          community.global = reader.u32();
          community.local1 = reader.u32();
          community.local2 = reader.u32();
          out.large_communities.push_back(community);
        }
        sort_unique(out.large_communities);
        keep_partial(attribute, partial::kLargeCommunities);
        break;
    }
    return {};
  }

  void take_aggregator(const RawAttribute& attribute) {
    const size_t length = context_.four_octet_as ? 8 : 6;
    if (!has_length(attribute, length, Outcome::attribute_discard)) return;
    Reader reader(attribute.value);
    Aggregator aggregator;
    aggregator.asn = context_.four_octet_as ? reader.u32() : reader.u16();
    aggregator.address = reader.address();
    if (aggregator.asn == 0) {
      discard(attribute.type, UpdateError::optional_attribute_error, "AGGREGATOR with AS 0");
      return;
    }
    result_.attributes.aggregator = aggregator;
    keep_partial(attribute, partial::kAggregator);
  }

  // RFC 6793 6: from a 4-octet peer, and when malformed, AS4_PATH and AS4_AGGREGATOR are dropped.
  void take_as4_path(const RawAttribute& attribute) {
    if (context_.four_octet_as) {
      discard(attribute.type, UpdateError::optional_attribute_error, "from a 4-octet AS peer");
      return;
    }
    as4_path_ = read_as_path(attribute.value, true);
    if (!as4_path_) {
      discard(attribute.type, UpdateError::optional_attribute_error, "AS4_PATH is malformed");
    }
  }

  void take_as4_aggregator(const RawAttribute& attribute) {
    if (context_.four_octet_as) {
      discard(attribute.type, UpdateError::optional_attribute_error, "from a 4-octet AS peer");
      return;
    }
    if (!has_length(attribute, 8, Outcome::attribute_discard)) return;
    Reader reader(attribute.value);
    Aggregator aggregator;
    aggregator.asn = reader.u32();
    aggregator.address = reader.address();
    if (aggregator.asn == 0) {
      discard(attribute.type, UpdateError::optional_attribute_error, "AS4_AGGREGATOR with AS 0");
      return;
    }
    as4_aggregator_ = aggregator;
  }

  void merge_four_octet() {
    auto& aggregator = result_.attributes.aggregator;
    if (aggregator && as4_aggregator_) {
      // RFC 6793 4.2.3: another 2-octet AS aggregated since; what is older says nothing now.
      if (aggregator->asn != kAsTrans) return;
      aggregator = as4_aggregator_;
    }
    if (as4_path_) {
      result_.attributes.as_path = merge_as4_path(result_.attributes.as_path, *as4_path_);
    }
  }

  // RFC 7606 7.11 and 7.12: what comes before the NLRI must be right, or the NLRI is lost.
  std::expected<void, Notification> take_mp_reach(Octets value) {
    const auto lost = std::unexpected(Notification(UpdateError::optional_attribute_error));
    result_.has_mp_reach = true;
    Reader reader(value);
    MpReach reach;
    reach.family = read_family(reader);
    const Octets next_hop = reader.take(reader.u8());
    reader.u8();  // reserved
    if (!reader.ok()) return lost;
    if (!is_agreed(reach.family)) return {};
    bool is_usable = false;
    if (reach.family == kIpv4Unicast) {
      if (next_hop.size() != 4) return lost;
      reach.next_hop = Reader(next_hop).address();
      is_usable = is_usable_next_hop(reach.next_hop);
    } else {
      reach.ipv6_next_hop = read_ipv6_next_hop(next_hop);
      if (!reach.ipv6_next_hop) return lost;
      is_usable = is_usable_next_hop(reach.ipv6_next_hop->global);
    }
    if (!is_usable) {
      withdraw(static_cast<uint8_t>(AttributeType::mp_reach), UpdateError::invalid_next_hop,
               "next hop is no host's address");
    }
    reach.nlri = reader.rest();
    result_.mp_reach = reach;
    return {};
  }

  std::expected<void, Notification> take_mp_unreach(Octets value) {
    result_.has_mp_unreach = true;
    Reader reader(value);
    const AddressFamily family = read_family(reader);
    if (!reader.ok()) return std::unexpected(Notification(UpdateError::optional_attribute_error));
    if (is_agreed(family)) result_.mp_unreach = MpUnreach{family, reader.rest()};
    return {};
  }

  static AddressFamily read_family(Reader& reader) {
    const uint16_t afi = reader.u16();
    return {afi, reader.u8()};
  }

  [[nodiscard]] bool is_agreed(AddressFamily family) const {
    return (family == kIpv4Unicast && context_.ipv4.is_agreed) ||
           (family == kIpv6Unicast && context_.ipv6.is_agreed);
  }

  // RFC 7606 7.5, 7.9, 7.10: from outside it means nothing, so it is dropped unseen.
  bool is_internal(const RawAttribute& attribute) {
    if (!context_.is_ebgp) return true;
    discard(attribute.type, UpdateError::optional_attribute_error, "from an external peer");
    return false;
  }

  bool has_length(const RawAttribute& attribute, size_t length, Outcome otherwise) {
    if (attribute.value.size() == length) return true;
    report(attribute.type, otherwise, UpdateError::attribute_length_error, "length is wrong");
    return false;
  }

  bool is_list(const RawAttribute& attribute, size_t element) {
    if (is_list_of(attribute.value, element)) return true;
    withdraw(attribute.type, UpdateError::optional_attribute_error,
             "length is no multiple of its elements'");
    return false;
  }

  void keep_partial(const RawAttribute& attribute, uint8_t bit) {
    if ((attribute.flags & kPartial) != 0) result_.attributes.partial_bits |= bit;
  }

  void discard(uint8_t type, UpdateError error, const char* what) {
    report(type, Outcome::attribute_discard, error, what);
  }
  void withdraw(uint8_t type, UpdateError error, const char* what) {
    report(type, Outcome::treat_as_withdraw, error, what);
  }
  void report(uint8_t type, Outcome outcome, UpdateError error, const char* what) {
    result_.problems.push_back({type, outcome, error, what});
  }

  const SessionContext& context_;
  DecodedAttributes result_;
  std::array<bool, 256> seen_{};
  std::optional<AsPath> as4_path_;
  std::optional<Aggregator> as4_aggregator_;
};

}  // namespace

bool DecodedAttributes::malformed() const {
  return std::ranges::any_of(problems, [](const AttributeProblem& problem) {
    return problem.outcome == Outcome::treat_as_withdraw;
  });
}

std::expected<DecodedAttributes, Notification> decode_attributes(Octets octets,
                                                                 const SessionContext& context) {
  return AttributeDecoder(context).decode(octets);
}

AsPath merge_as4_path(const AsPath& as_path, const AsPath& as4_path) {
  const uint32_t length = as_path.length();
  const uint32_t hidden = as4_path.length();
  if (length < hidden) return as_path;
  uint32_t leading = length - hidden;  // ASes added by routers that know no AS4_PATH
  AsPath merged;
  for (const AsSegment& segment : as_path.segments) {
    if (leading == 0) break;
    if (segment.type == AsSegment::Type::set) {
      merged.segments.push_back(segment);
      --leading;
      continue;
    }
    const auto taken = std::min<size_t>(leading, segment.asns.size());
    const auto end = segment.asns.begin() + static_cast<ptrdiff_t>(taken);
    merged.segments.push_back({segment.type, {segment.asns.begin(), end}});
    leading -= static_cast<uint32_t>(taken);
  }
  for (const AsSegment& segment : as4_path.segments) {
    const bool joins = !merged.segments.empty() && &segment == as4_path.segments.data() &&
                       segment.type == AsSegment::Type::sequence &&
                       merged.segments.back().type == AsSegment::Type::sequence &&
                       merged.segments.back().asns.size() + segment.asns.size() <= 255;
    if (joins) {
      auto& asns = merged.segments.back().asns;
      asns.insert(asns.end(), segment.asns.begin(), segment.asns.end());
    } else {
      merged.segments.push_back(segment);
    }
  }
  return merged;
}

}  // namespace skyhop::bgp
