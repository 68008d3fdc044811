#include "lpm/next_hop_group.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace skyhop::lpm {
namespace {

using Ranking = std::vector<uint16_t>;  // of one slot: indices of members, best first

[[noreturn]] void bug(const char* what, uint32_t number) {
  std::fprintf(stderr, "next-hop group table: %s (%u)\n", what, number);
  std::abort();
}

// True when sorted and without duplicates.
bool is_set(const std::vector<EdgeId>& edges) {
  return std::ranges::adjacent_find(edges, std::greater_equal{}) == edges.end();
}

// Slots that each member carries while the members `dead` (sorted) are dead, as far as the rankings
// made so far say.
std::vector<uint32_t> load_without(const Ranking& dead, std::span<const Ranking> rankings,
                                   size_t members) {
  std::vector<uint32_t> load(members);
  for (const Ranking& ranking : rankings) {
    const auto first_alive = std::ranges::find_if(
        ranking, [&dead](uint16_t member) { return !std::ranges::binary_search(dead, member); });
    if (first_alive != ranking.end()) ++load[*first_alive];
  }
  return load;
}

// Ranks the members for every slot, one rank at a time. The slots that have the same members on
// their ranks so far need an heir for the case that just these are dead: they are dealt out to
// whoever carries least in that case, so the load is level in every case that is reached.
std::vector<Ranking> rank_members(size_t members) {
  std::vector<Ranking> rankings(kGroupSlots);
  for (size_t rank = 0; rank < members; ++rank) {
    std::map<Ranking, std::vector<uint32_t>> slots_by_dead;
    for (uint32_t slot = 0; slot < kGroupSlots; ++slot) {
      Ranking dead = rankings[slot];
      std::ranges::sort(dead);
      slots_by_dead[std::move(dead)].push_back(slot);
    }
    for (const auto& [dead, slots] : slots_by_dead) {
      auto load = load_without(dead, rankings, members);
      for (const uint32_t slot : slots) {
        // Ties are broken from another member on for each slot, or the first would inherit most.
        std::optional<uint16_t> heir;
        for (size_t i = 0; i < members; ++i) {
          const auto member = static_cast<uint16_t>((slot + i) % members);
          if (std::ranges::binary_search(dead, member)) continue;
          if (!heir || load[member] < load[*heir]) heir = member;
        }
        ++load[*heir];
        rankings[slot].push_back(*heir);
      }
    }
  }
  return rankings;
}

}  // namespace

// Two spare slots: a 32-bit gather of the last 16-bit slot must stay inside the array.
GroupTable::GroupTable(uint32_t capacity)
    : capacity_(std::max(capacity, 1u)), slots_(size_t{capacity_} * kGroupSlots + 2) {
  static_assert(kNoRouteEdge == 0);  // as the slots are at first
  groups_.emplace_back();
  by_set_.emplace(NextHopSet{}, kNoRouteGroup);
}

GroupId GroupTable::find_or_add(const NextHopSet& set) {
  const auto [entry, is_new] = by_set_.try_emplace(set, size());
  if (!is_new) return entry->second;
  if (size() == capacity_) bug("full", capacity_);
  if (!is_set(set.primary) || !is_set(set.backup)) bug("members are not a sorted set", size());

  const GroupId id = size();
  Group& group = groups_.emplace_back(Group{set, {}});
  group.succession.resize(kGroupSlots * (set.primary.size() + set.backup.size()));
  size_t ranks_before = 0;
  for (const auto* members : {&set.primary, &set.backup}) {
    const Rankings& rankings = rankings_of(members->size());
    for (uint32_t slot = 0; slot < kGroupSlots; ++slot) {
      EdgeId* const ranks = group.succession_of(slot).data() + ranks_before;
      std::ranges::transform(rankings[slot], ranks,
                             [members](uint16_t index) { return (*members)[index]; });
    }
    ranks_before = members->size();
    for (const EdgeId edge : *members) {
      if (edge >= groups_of_edge_.size()) groups_of_edge_.resize(edge + 1u);
      auto& groups = groups_of_edge_[edge];
      if (groups.empty() || groups.back() != id) groups.push_back(id);
    }
  }
  fill(id);
  return id;
}

const GroupTable::Rankings& GroupTable::rankings_of(size_t members) {
  const auto [entry, is_new] = rankings_.try_emplace(members);
  if (is_new) entry->second = rank_members(members);
  return entry->second;
}

uint32_t GroupTable::set_edge_alive(EdgeId edge, bool alive) {
  if (is_alive(edge) == alive) return 0;
  if (edge >= dead_.size()) dead_.resize(edge + 1u);
  dead_[edge] = !alive;
  if (edge >= groups_of_edge_.size()) return 0;
  uint32_t written = 0;
  for (const GroupId group : groups_of_edge_[edge]) written += fill(group) ? 1 : 0;
  return written;
}

std::vector<EdgeId> GroupTable::active(GroupId group) const {
  for (const auto* members : {&groups_[group].set.primary, &groups_[group].set.backup}) {
    std::vector<EdgeId> living;
    std::ranges::copy_if(*members, std::back_inserter(living),
                         [this](EdgeId edge) { return is_alive(edge); });
    if (!living.empty()) return living;
  }
  return {};
}

bool GroupTable::fill(GroupId id) {
  bool is_changed = false;
  for (uint32_t slot = 0; slot < kGroupSlots; ++slot) {
    const auto succession = groups_[id].succession_of(slot);
    const auto heir =
        std::ranges::find_if(succession, [this](EdgeId edge) { return is_alive(edge); });
    const EdgeId edge = heir != succession.end() ? *heir : kNoRouteEdge;
    EdgeId& stored = slots_[size_t{id} * kGroupSlots + slot];
    if (stored == edge) continue;  // leave the readers' cache lines alone
    std::atomic_ref(stored).store(edge, std::memory_order_release);
    is_changed = true;
  }
  return is_changed;
}

}  // namespace skyhop::lpm
