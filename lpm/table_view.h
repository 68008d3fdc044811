// What workers see of a router's table, whatever its kind.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "lpm/next_hop_group.h"

struct rte_lpm;

namespace skyhop::lpm {

namespace popline {
struct View;
}

/// The kinds that workers can read.
enum class TableKind : uint8_t { rte_lpm, popline };
[[nodiscard]] std::string_view to_string(TableKind kind);

/// Lives as long as its table. A router gets another table by one store of a pointer to this.
struct TableView {
  explicit TableView(TableKind kind_in) : kind(kind_in) {}

  const TableKind kind;
  const rte_lpm* lpm = nullptr;                         ///< of kind rte_lpm
  std::atomic<const popline::View*> popline = nullptr;  ///< of that kind; anew for every burst
  std::atomic<GroupId> default_group = kNoRouteGroup;   ///< where nothing matches
};

}  // namespace skyhop::lpm
