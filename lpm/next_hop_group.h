// Next-hop groups: what a route points to.
//
// A route's next hop is a group, never a link: 64 slots, each holding one of the router's edges. A
// flow picks its slot by hash, so a group with one member, an ECMP set and a set whose members have
// failed all cost the same one load. When an edge dies only the groups that hold it are written:
// the cost of a fail-over does not depend on the number of routes.
//
// Fail-over is resilient: every slot has an order of succession over the members, fixed when the
// group is made. The slot's edge is the first of them that lives. So the death of an edge moves
// only the flows that it carried, its return moves just these back, and the slots depend on who
// lives now, not on what happened before. The orders are chosen so that the living share the slots
// evenly whoever is dead: the loads differ by at most 1 slot of 64 in groups of up to 5 members, by
// at most 3 in groups of up to 8.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "lpm/flow.h"
#include "lpm/memory.h"

namespace skyhop::lpm {

/// Index into one router's edges (links, ports, drops). 16 bits: the slots are what workers load.
using EdgeId = uint16_t;
/// Index of a group in its router's group table; what forwarding tables hold (24 bits in rte_lpm).
using GroupId = uint32_t;

/// The group every table starts with as its default: all slots on edge 0, "no route".
inline constexpr GroupId kNoRouteGroup = 0;
inline constexpr EdgeId kNoRouteEdge = 0;

/// Who carries the traffic, and who takes over when every primary is dead.
struct NextHopSet {
  std::vector<EdgeId> primary;  ///< sorted, without duplicates
  std::vector<EdgeId> backup;   ///< sorted, without duplicates
  friend auto operator<=>(const NextHopSet&, const NextHopSet&) = default;
};

/// One router's groups. The control thread writes, workers read `slots()` without locks: a slot is
/// one aligned 16-bit store, so a reader sees the old edge or the new one, both of them valid.
class GroupTable {
 public:
  /// `capacity` groups at most: the array never moves, so readers need no indirection. It takes
  /// memory only where groups are.
  explicit GroupTable(uint32_t capacity = 1u << 16);

  /// The group of this set, made if there is none. kNoRouteGroup for an empty set.
  /// Aborts when the capacity is exceeded (a bug: the caller sizes the table).
  GroupId find_or_add(const NextHopSet& set);

  /// Marks an edge dead or alive again and rewrites the slots that this concerns, in every group
  /// that holds it. Returns the number of groups that changed.
  uint32_t set_edge_alive(EdgeId edge, bool alive);

  /// Members that carry traffic now: the living primaries, else the living backups, else none.
  [[nodiscard]] std::vector<EdgeId> active(GroupId group) const;
  [[nodiscard]] const NextHopSet& members(GroupId group) const { return groups_[group].set; }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(groups_.size()); }

  /// The flat slot array: edge of (group, slot) at [group * kGroupSlots + slot].
  [[nodiscard]] const EdgeId* slots() const { return slots_.data(); }
  [[nodiscard]] EdgeId edge_for(GroupId group, uint32_t slot) const {
    return slots_[size_t{group} * kGroupSlots + slot];
  }

 private:
  struct Group {
    NextHopSet set;
    std::vector<EdgeId> succession;  // of slot 0, then of slot 1, ...: primaries, then backups

    [[nodiscard]] std::span<EdgeId> succession_of(uint32_t slot) {
      const size_t members = set.primary.size() + set.backup.size();
      return std::span(succession).subspan(slot * members, members);
    }
  };

  /// For each slot the members' indices, first heir first. Depends on their number alone.
  using Rankings = std::vector<std::vector<uint16_t>>;

  const Rankings& rankings_of(size_t members);
  bool fill(GroupId id);
  [[nodiscard]] bool is_alive(EdgeId edge) const { return edge >= dead_.size() || !dead_[edge]; }

  uint32_t capacity_;
  ZeroArray<EdgeId> slots_;  // capacity * kGroupSlots (+ gather slack)
  std::vector<Group> groups_;
  std::map<NextHopSet, GroupId> by_set_;
  std::map<size_t, Rankings> rankings_;  // by number of members
  std::vector<std::vector<GroupId>> groups_of_edge_;
  std::vector<bool> dead_;
};

}  // namespace skyhop::lpm
