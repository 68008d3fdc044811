// Which kind of table a router has, and why.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lpm/table_view.h"

namespace skyhop::lpm {

/// What was asked for.
enum class TableChoice : uint8_t { rte_lpm, popline, automatic };
[[nodiscard]] std::string_view to_string(TableChoice choice);  ///< "rte_lpm", "popline", "auto"
[[nodiscard]] std::optional<TableChoice> table_choice_from(std::string_view name);

/// Measured (`skyhop bench lpm`): rte_lpm is the fastest while a table's lines sit in the nearest
/// caches, popline from some thousand routes on. Between the two a table keeps the kind it has.
inline constexpr size_t kRteLpmUpTo = 1024;
inline constexpr size_t kPoplineFrom = 4096;

/// A table of rte_lpm takes 64 MiB of address space, of hugepages where there are some. With more
/// routers than this a lab is large: nobody has one unless it is asked for by name.
inline constexpr size_t kManyRouters = 64;

/// One router's share of the rule.
struct TablePolicy {
  TableChoice choice = TableChoice::rte_lpm;
  size_t routers = 1;  ///< in the whole lab

  [[nodiscard]] bool is_large_lab() const { return routers > kManyRouters; }
  /// The kind for so many routes; `now` is what it has, if it has one.
  [[nodiscard]] TableKind kind_for(size_t routes, std::optional<TableKind> now = {}) const;
  /// "auto: 12 routes, rte_lpm is the fastest up to 1,024".
  [[nodiscard]] std::string why(TableKind kind, size_t routes) const;
};

}  // namespace skyhop::lpm
