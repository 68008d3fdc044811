// A traced path for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/emulator/trace.h"
#include "control/report/style.h"

namespace skyhop::cli {

/// Both directions, a block of lines for each hop.
[[nodiscard]] std::string trace_text(const emulator::Trace& trace, const report::Style& style);
[[nodiscard]] nlohmann::ordered_json trace_json(const emulator::Trace& trace);

/// [["10.0.30.4"], ["10.0.21.132", "10.0.21.196"], ...]
[[nodiscard]] nlohmann::ordered_json mtr_json(
    const std::vector<std::vector<lpm::Ipv4Address>>& hops);

}  // namespace skyhop::cli
