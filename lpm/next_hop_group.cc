#include "lpm/next_hop_group.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace skyhop::lpm {

GroupTable::GroupTable(uint32_t capacity) : capacity_(capacity) {
  // Two spare slots: a 32-bit gather of the last 16-bit slot must stay inside the array.
  slots_.resize(size_t{capacity} * kGroupSlots + 2, kNoRouteEdge);
  sets_.push_back({});
  by_set_.emplace(NextHopSet{}, kNoRouteGroup);
}

GroupId GroupTable::find_or_add(const NextHopSet& set) {
  const auto [entry, is_new] = by_set_.try_emplace(set, size());
  if (!is_new) return entry->second;
  if (size() == capacity_) {
    std::fprintf(stderr, "next-hop group table is full (%u groups)\n", capacity_);
    std::abort();
  }
  const GroupId group = size();
  sets_.push_back(set);
  for (const auto* members : {&set.primary, &set.backup}) {
    for (const EdgeId edge : *members) {
      if (edge >= groups_of_edge_.size()) groups_of_edge_.resize(edge + 1u);
      groups_of_edge_[edge].push_back(group);
    }
  }
  fill(group);
  return group;
}

uint32_t GroupTable::set_edge_alive(EdgeId edge, bool alive) {
  if (is_alive(edge) == alive) return 0;
  if (edge >= dead_.size()) dead_.resize(edge + 1u);
  dead_[edge] = !alive;
  if (edge >= groups_of_edge_.size()) return 0;
  for (const GroupId group : groups_of_edge_[edge]) fill(group);
  return static_cast<uint32_t>(groups_of_edge_[edge].size());
}

std::vector<EdgeId> GroupTable::active(GroupId group) const {
  for (const auto* members : {&sets_[group].primary, &sets_[group].backup}) {
    std::vector<EdgeId> living;
    for (const EdgeId edge : *members) {
      if (is_alive(edge)) living.push_back(edge);
    }
    if (!living.empty()) return living;
  }
  return {};
}

void GroupTable::fill(GroupId group) {
  const auto living = active(group);
  for (uint32_t slot = 0; slot < kGroupSlots; ++slot) {
    const EdgeId edge = living.empty() ? kNoRouteEdge : living[slot % living.size()];
    std::atomic_ref(slots_[size_t{group} * kGroupSlots + slot])
        .store(edge, std::memory_order_release);
  }
}

}  // namespace skyhop::lpm
