// What a router's forwarding table is, for reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "lpm/table_view.h"

namespace skyhop::dataplane {

struct TableInfo {
  lpm::TableKind kind = lpm::TableKind::rte_lpm;
  std::string why;     ///< it is of this kind
  size_t routes = 0;   ///< the default route among them
  size_t bytes = 0;    ///< with what only the control thread reads
  uint32_t moves = 0;  ///< from kind to kind, so far
};

}  // namespace skyhop::dataplane
