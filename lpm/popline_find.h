// The burst look-up of PoplineTable, compiled once per CPU level and picked at run time.
#pragma once

#include <span>
#include <string_view>

#include "lpm/popline_view.h"

namespace skyhop::lpm::popline {

struct Find {
  std::string_view name;  ///< of the x86-64 level: "v2", "v3", "v4"
  /// groups[i] is what the table says of destinations[i], or `miss`.
  void (*many)(const View& view, const uint32_t* destinations, size_t count, uint32_t miss,
               uint32_t* groups);
};

/// Those that this CPU runs, the plainest first.
[[nodiscard]] std::span<const Find> finds();
[[nodiscard]] const Find& best_find();

}  // namespace skyhop::lpm::popline
