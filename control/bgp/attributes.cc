#include "control/bgp/attributes.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr size_t kSegmentCapacity = 255;  // its count is one octet on the wire

}  // namespace

AsPath AsPath::sequence(std::vector<Asn> asns) {
  AsPath path;
  for (auto asn = asns.rbegin(); asn != asns.rend(); ++asn) path.prepend(*asn);
  return path;
}

uint32_t AsPath::length() const {
  size_t length = 0;
  for (const AsSegment& segment : segments) {
    length += segment.type == AsSegment::Type::set ? 1 : segment.asns.size();
  }
  return static_cast<uint32_t>(length);
}

size_t AsPath::count(Asn asn) const {
  size_t count = 0;
  for (const AsSegment& segment : segments) {
    count += static_cast<size_t>(std::ranges::count(segment.asns, asn));
  }
  return count;
}

bool AsPath::has_set() const {
  return std::ranges::find(segments, AsSegment::Type::set, &AsSegment::type) != segments.end();
}

std::optional<Asn> AsPath::first() const {
  if (segments.empty() || segments[0].type != AsSegment::Type::sequence ||
      segments[0].asns.empty()) {
    return {};
  }
  return segments[0].asns[0];
}

void AsPath::prepend(Asn asn, uint32_t count) {
  while (count > 0) {
    if (segments.empty() || segments[0].type != AsSegment::Type::sequence ||
        segments[0].asns.size() >= kSegmentCapacity) {
      segments.insert(segments.begin(), AsSegment{});
    }
    auto& asns = segments[0].asns;
    const auto fitting = std::min<size_t>(count, kSegmentCapacity - asns.size());
    asns.insert(asns.begin(), fitting, asn);
    count -= static_cast<uint32_t>(fitting);
  }
}

void PathAttributes::add(Community community) {
  const auto at = std::ranges::lower_bound(communities, community);
  if (at == communities.end() || *at != community) communities.insert(at, community);
}

std::vector<Asn> AsPath::flat() const {
  std::vector<Asn> asns;
  for (const AsSegment& segment : segments) {
    asns.insert(asns.end(), segment.asns.begin(), segment.asns.end());
  }
  return asns;
}

std::string AsPath::to_string() const {
  std::string text;
  for (const AsSegment& segment : segments) {
    if (!text.empty()) text += ' ';
    const bool is_set = segment.type == AsSegment::Type::set;
    text += fmt::format("{}{}{}", is_set ? "{" : "", fmt::join(segment.asns, is_set ? "," : " "),
                        is_set ? "}" : "");
  }
  return text;
}

}  // namespace skyhop::bgp
