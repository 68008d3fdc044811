#include "control/bgp/rib/attribute_pool.h"

#include <algorithm>

#include "lpm/hash.h"

namespace skyhop::bgp {

void AttributeSet::discard() const {
  if (pool_ != nullptr) pool_->remove(*this);
  delete this;
}

AttributePool::AttributePool() : sets_(1), seed_(lpm::hash_seed()) {}

AttributePool::~AttributePool() {
  for (AttributeSet* set : sets_) {
    if (set != nullptr) set->pool_ = nullptr;
  }
}

uint32_t AttributePool::hash_of(const PathAttributes& attributes) const {
  lpm::Hasher hasher(seed_);
  hasher.add(static_cast<uint64_t>(attributes.origin));
  for (const AsSegment& segment : attributes.as_path.segments) {
    hasher.add(static_cast<uint64_t>(segment.type));
    for (const Asn asn : segment.asns) hasher.add(asn);
  }
  hasher.add(attributes.next_hop.value());
  if (attributes.ipv6_next_hop) {
    hasher.add(attributes.ipv6_next_hop->global.high());
    hasher.add(attributes.ipv6_next_hop->global.low());
  }
  hasher.add_optional(attributes.med);
  hasher.add_optional(attributes.local_pref);
  for (const Community community : attributes.communities) hasher.add(community);
  for (const uint64_t community : attributes.extended_communities) hasher.add(community);
  for (const LargeCommunity& community : attributes.large_communities) {
    hasher.add(community.global);
    hasher.add((uint64_t{community.local1} << 32) | community.local2);
  }
  // What is rare, and the same of many routes, is left to the comparison.
  for (const UnknownAttribute& unknown : attributes.unknown) hasher.add(unknown.value);
  for (const Ipv4Address cluster : attributes.cluster_list) hasher.add(cluster.value());
  return hasher.result();
}

uint32_t AttributePool::hash_of(std::span<const uint8_t> octets, uint8_t form) const {
  lpm::Hasher hasher(seed_ + form);
  hasher.add(octets);
  return hasher.result();
}

AttributesPtr AttributePool::intern(PathAttributes attributes) {
  const uint32_t hash = hash_of(attributes);
  const auto is_it = [&](uint32_t id) { return sets_[id]->value() == attributes; };
  if (const uint32_t known = by_value_.find(hash, is_it)) return AttributesPtr(sets_[known]);
  auto* set = new AttributeSet(std::move(attributes), this);
  set->hash_ = hash;
  if (free_.empty()) {
    set->id_ = static_cast<uint32_t>(sets_.size());
    sets_.push_back(set);
  } else {
    set->id_ = free_.back();
    free_.pop_back();
    sets_[set->id_] = set;
  }
  by_value_.insert(hash, set->id_);
  return AttributesPtr(set);
}

AttributesPtr AttributePool::intern(const AttributesPtr& attributes) {
  return attributes.set()->pool_ == this ? attributes : intern(PathAttributes(*attributes));
}

AttributesPtr AttributePool::recall(std::span<const uint8_t> octets, uint8_t form) {
  const auto is_it = [&](uint32_t id) {
    const AttributeSet& set = *sets_[id];
    return set.wire_form_ == form && set.wire_size_ == octets.size() &&
           std::equal(octets.begin(), octets.end(), set.wire_.get());
  };
  const uint32_t known = by_wire_.find(hash_of(octets, form), is_it);
  return known == 0 ? nullptr : AttributesPtr(sets_[known]);
}

// A set is remembered by one form, the last: two peers that write it differently are rare.
void AttributePool::remember(std::span<const uint8_t> octets, uint8_t form,
                             const AttributesPtr& attributes) {
  AttributeSet& set = *sets_[attributes.set()->id()];
  forget_wire(set);
  set.wire_ = std::make_unique_for_overwrite<uint8_t[]>(octets.size());
  std::ranges::copy(octets, set.wire_.get());
  set.wire_size_ = static_cast<uint16_t>(octets.size());
  set.wire_form_ = form;
  set.wire_hash_ = hash_of(octets, form);
  by_wire_.insert(set.wire_hash_, set.id_);
}

void AttributePool::forget_wire(AttributeSet& set) {
  if (!set.wire_) return;
  by_wire_.erase(set.wire_hash_, set.id_);
  set.wire_.reset();
}

void AttributePool::remove(const AttributeSet& set) {
  forget_wire(*sets_[set.id_]);
  by_value_.erase(set.hash_, set.id_);
  sets_[set.id_] = nullptr;
  free_.push_back(set.id_);
}

}  // namespace skyhop::bgp
