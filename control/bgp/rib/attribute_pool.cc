#include "control/bgp/rib/attribute_pool.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

class Hasher {
 public:
  void add(uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15ull;
    state_ ^= state_ >> 29;
  }
  template <typename T>
  void add_optional(const std::optional<T>& value) {
    add(value ? uint64_t{*value} + 1 : 0);
  }
  [[nodiscard]] size_t result() const { return state_; }

 private:
  uint64_t state_ = 0x51ED270B;
};

}  // namespace

size_t hash_of(const PathAttributes& attributes) {
  Hasher hasher;
  hasher.add(static_cast<uint64_t>(attributes.origin));
  for (const AsSegment& segment : attributes.as_path.segments) {
    hasher.add(static_cast<uint64_t>(segment.type));
    for (const Asn asn : segment.asns) hasher.add(asn);
  }
  hasher.add(attributes.next_hop.value());
  hasher.add_optional(attributes.med);
  hasher.add_optional(attributes.local_pref);
  for (const Community community : attributes.communities) hasher.add(community);
  for (const uint64_t community : attributes.extended_communities) hasher.add(community);
  for (const LargeCommunity& community : attributes.large_communities) {
    hasher.add(community.global);
    hasher.add((uint64_t{community.local1} << 32) | community.local2);
  }
  // What is rare is left to the comparison.
  return hasher.result();
}

AttributesPtr AttributePool::intern(PathAttributes attributes) {
  if (const auto known = sets_.find(attributes); known != sets_.end()) return *known;
  sweep_when_due();
  return *sets_.insert(std::make_shared<const PathAttributes>(std::move(attributes))).first;
}

AttributesPtr AttributePool::intern(const AttributesPtr& attributes) {
  if (const auto known = sets_.find(attributes); known != sets_.end()) return *known;
  sweep_when_due();
  return *sets_.insert(attributes).first;
}

void AttributePool::sweep_when_due() {
  if (sets_.size() < sweep_at_) return;
  std::erase_if(sets_, [](const AttributesPtr& set) { return set.use_count() == 1; });
  sweep_at_ = std::max<size_t>(1024, sets_.size() * 2);
}

}  // namespace skyhop::bgp
