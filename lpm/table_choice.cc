#include "lpm/table_choice.h"

#include <fmt/format.h>

namespace skyhop::lpm {

std::string_view to_string(TableChoice choice) {
  switch (choice) {
    case TableChoice::rte_lpm:
      return "rte_lpm";
    case TableChoice::popline:
      return "popline";
    case TableChoice::automatic:
      return "auto";
  }
  return "?";
}

std::optional<TableChoice> table_choice_from(std::string_view name) {
  for (const auto choice : {TableChoice::rte_lpm, TableChoice::popline, TableChoice::automatic}) {
    if (to_string(choice) == name) return choice;
  }
  return {};
}

TableKind TablePolicy::kind_for(size_t routes, std::optional<TableKind> now) const {
  if (choice == TableChoice::rte_lpm) return TableKind::rte_lpm;
  if (choice == TableChoice::popline || is_large_lab()) return TableKind::popline;
  if (routes <= kRteLpmUpTo) return TableKind::rte_lpm;
  if (routes >= kPoplineFrom) return TableKind::popline;
  return now.value_or(TableKind::rte_lpm);
}

std::string TablePolicy::why(TableKind kind, size_t routes) const {
  if (choice != TableChoice::automatic) return "as asked";
  if (is_large_lab()) {
    return fmt::format("auto: {} routers, rte_lpm takes 64 MiB for each", routers);
  }
  if (kind == TableKind::rte_lpm) {
    return fmt::format("auto: {} routes, rte_lpm is the fastest up to {}", routes, kRteLpmUpTo);
  }
  return fmt::format("auto: {} routes, popline is the fastest from {} on", routes, kPoplineFrom);
}

}  // namespace skyhop::lpm
