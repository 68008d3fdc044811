// The hot loop, compiled once per CPU level and picked at run time.
//
// hot_loop.cc and the stage headers it includes are built for x86-64-v2, -v3 (AVX2) and -v4
// (AVX-512), each in a namespace of its own. All variants do the same; tests run each against the
// plainest.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/pass_table.h"
#include "dataplane/tables.h"

namespace skyhop::dataplane {

class Worker;

struct HotLoop {
  std::string_view name;
  /// One pass: take in, route until nothing is queued, let go. True when there were packets.
  bool (*pass)(Worker& worker);
  /// The look-up stage alone, for tests: the edge of each row, by gathers or load by load. True
  /// when the stage saw that all are the same.
  bool (*look_up)(const Router& router, const PassTable& pass, const RowSet& rows, bool gathers,
                  std::span<EdgeId> edges);
  /// The input stage alone, for tests: adds the good ones of the rows [first, last).
  void (*take)(Worker& worker, RouterIndex router, uint32_t first, uint32_t last, RowSet& rows);
};

/// Those that this CPU runs, the plainest first.
[[nodiscard]] std::span<const HotLoop* const> hot_loops();
/// The last of them; SKYHOP_CPU=v2|v3|v4 in the environment asks for another.
[[nodiscard]] const HotLoop& best_hot_loop();

}  // namespace skyhop::dataplane
