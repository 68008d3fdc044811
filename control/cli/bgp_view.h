// What speakers know, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/emulator/emulation.h"
#include "control/report/table.h"

namespace skyhop::cli {

/// Every session of the lab with both ends' view of it.
[[nodiscard]] report::Table session_summary(const emulator::Emulation& emulation);
[[nodiscard]] nlohmann::ordered_json session_summary_json(const emulator::Emulation& emulation);

/// The Loc-RIB: the routes in use, and why the others are not.
[[nodiscard]] report::Table best_route_table(const bgp::Speaker& speaker);
[[nodiscard]] nlohmann::ordered_json best_routes_json(const bgp::Speaker& speaker);

/// The Adj-RIB-In of these peers, rejected routes included.
[[nodiscard]] report::Table learned_table(const bgp::Speaker& speaker,
                                          const std::vector<bgp::PeerId>& peers);
[[nodiscard]] nlohmann::ordered_json learned_json(const bgp::Speaker& speaker,
                                                  const std::vector<bgp::PeerId>& peers);

/// The Adj-RIB-Out of these peers, as on the wire.
[[nodiscard]] report::Table advertised_table(const bgp::Speaker& speaker,
                                             const std::vector<bgp::PeerId>& peers);
[[nodiscard]] nlohmann::ordered_json advertised_json(const bgp::Speaker& speaker,
                                                     const std::vector<bgp::PeerId>& peers);

}  // namespace skyhop::cli
