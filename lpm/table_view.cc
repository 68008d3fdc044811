#include "lpm/table_view.h"

namespace skyhop::lpm {

std::string_view to_string(TableKind kind) {
  switch (kind) {
    case TableKind::rte_lpm:
      return "rte_lpm";
    case TableKind::popline:
      return "popline";
  }
  return "?";
}

}  // namespace skyhop::lpm
