// All that a speaker knows of its neighbours: what was agreed on, timers, counters, the last
// NOTIFICATIONs, restarts and BFD.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/report/table.h"

namespace skyhop::cli {

[[nodiscard]] report::Table neighbor_table(const bgp::Speaker& speaker,
                                           const std::vector<bgp::PeerId>& peers);
[[nodiscard]] nlohmann::ordered_json neighbors_json(const bgp::Speaker& speaker,
                                                    const std::vector<bgp::PeerId>& peers);

}  // namespace skyhop::cli
