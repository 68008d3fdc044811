// Encoding of path attributes, ascending by type.
#include <algorithm>

#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {
namespace {

using attribute_flag::kExtendedLength;
using attribute_flag::kOptional;
using attribute_flag::kPartial;
using attribute_flag::kTransitive;

constexpr size_t kSegmentCapacity = 255;

uint16_t two_octets(Asn asn) { return static_cast<uint16_t>(asn > 0xFFFF ? kAsTrans : asn); }

class AttributeEncoder {
 public:
  explicit AttributeEncoder(const SessionContext& context) : context_(context), writer_(out_) {}

  std::vector<uint8_t> encode(const PathAttributes& from) {
    const uint8_t known = kOptional | kTransitive;
    const auto flags = [&](uint8_t bit) {
      return static_cast<uint8_t>(known | ((from.partial_bits & bit) != 0 ? kPartial : 0));
    };
    unknown_ = from.unknown;
    attribute(kTransitive, AttributeType::origin,
              [&](Writer& w) { w.u8(static_cast<uint8_t>(from.origin)); });
    attribute(kTransitive, AttributeType::as_path,
              [&](Writer& w) { write_path(w, from.as_path, context_.four_octet_as); });
    if (!from.ipv6_next_hop) {
      attribute(kTransitive, AttributeType::next_hop, [&](Writer& w) { w.address(from.next_hop); });
    }
    if (from.med) {
      attribute(kOptional, AttributeType::med, [&](Writer& w) { w.u32(*from.med); });
    }
    if (from.local_pref) {
      attribute(kTransitive, AttributeType::local_pref,
                [&](Writer& w) { w.u32(*from.local_pref); });
    }
    if (from.atomic_aggregate) {
      attribute(kTransitive, AttributeType::atomic_aggregate, [](Writer&) {});
    }
    if (from.aggregator) {
      attribute(flags(partial::kAggregator), AttributeType::aggregator, [&](Writer& w) {
        if (context_.four_octet_as) {
          w.u32(from.aggregator->asn);
        } else {
          w.u16(two_octets(from.aggregator->asn));
        }
        w.address(from.aggregator->address);
      });
    }
    if (!from.communities.empty()) {
      attribute(flags(partial::kCommunities), AttributeType::communities, [&](Writer& w) {
        for (const Community community : from.communities) w.u32(community);
      });
    }
    if (from.originator_id) {
      attribute(kOptional, AttributeType::originator_id,
                [&](Writer& w) { w.address(*from.originator_id); });
    }
    if (!from.cluster_list.empty()) {
      attribute(kOptional, AttributeType::cluster_list, [&](Writer& w) {
        for (const Ipv4Address cluster : from.cluster_list) w.address(cluster);
      });
    }
    if (!from.extended_communities.empty()) {
      attribute(flags(partial::kExtendedCommunities), AttributeType::extended_communities,
                [&](Writer& w) {
                  for (const uint64_t community : from.extended_communities) w.u64(community);
                });
    }
    if (!context_.four_octet_as) four_octet(from);
    if (!from.large_communities.empty()) {
      attribute(flags(partial::kLargeCommunities), AttributeType::large_communities,
                [&](Writer& w) {
                  for (const LargeCommunity& community : from.large_communities) {
                    w.u32(community.global);
                    w.u32(community.local1);
                    w.u32(community.local2);
                  }
                });
    }
    unknown_before(256);
    return std::move(out_);
  }

 private:
  // RFC 6793 4.2.2: what AS_TRANS hides goes beside it.
  void four_octet(const PathAttributes& from) {
    const std::vector<Asn> asns = from.as_path.flat();
    if (std::ranges::any_of(asns, [](Asn asn) { return asn > 0xFFFF; })) {
      attribute(kOptional | kTransitive, AttributeType::as4_path,
                [&](Writer& w) { write_path(w, from.as_path, true); });
    }
    if (from.aggregator && from.aggregator->asn > 0xFFFF) {
      attribute(kOptional | kTransitive, AttributeType::as4_aggregator, [&](Writer& w) {
        w.u32(from.aggregator->asn);
        w.address(from.aggregator->address);
      });
    }
  }

  static void write_path(Writer& writer, const AsPath& path, bool four_octets) {
    for (const AsSegment& segment : path.segments) {
      for (size_t at = 0; at < segment.asns.size(); at += kSegmentCapacity) {
        const size_t count = std::min(kSegmentCapacity, segment.asns.size() - at);
        writer.u8(static_cast<uint8_t>(segment.type));
        writer.u8(static_cast<uint8_t>(count));
        for (const Asn asn : std::span(segment.asns).subspan(at, count)) {
          if (four_octets) {
            writer.u32(asn);
          } else {
            writer.u16(two_octets(asn));
          }
        }
      }
    }
  }

  template <typename WriteValue>
  void attribute(uint8_t flags, AttributeType type, WriteValue write_value) {
    unknown_before(static_cast<unsigned>(type));
    value_.clear();
    Writer value_writer(value_);
    write_value(value_writer);
    emit(flags, static_cast<uint8_t>(type), value_);
  }

  void unknown_before(unsigned type) {
    while (!unknown_.empty() && unknown_.front().type < type) {
      emit(unknown_.front().flags, unknown_.front().type, unknown_.front().value);
      unknown_ = unknown_.subspan(1);
    }
  }

  void emit(uint8_t flags, uint8_t type, Octets value) {
    const bool is_long = value.size() > 255;
    writer_.u8(static_cast<uint8_t>((flags & ~kExtendedLength) | (is_long ? kExtendedLength : 0)));
    writer_.u8(type);
    if (is_long) {
      writer_.u16(static_cast<uint16_t>(value.size()));
    } else {
      writer_.u8(static_cast<uint8_t>(value.size()));
    }
    writer_.bytes(value);
  }

  const SessionContext& context_;
  std::vector<uint8_t> out_;
  std::vector<uint8_t> value_;
  Writer writer_;
  std::span<const UnknownAttribute> unknown_;
};

}  // namespace

std::vector<uint8_t> encode_attributes(const PathAttributes& attributes,
                                       const SessionContext& context) {
  return AttributeEncoder(context).encode(attributes);
}

}  // namespace skyhop::bgp
