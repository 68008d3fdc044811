// The report of a run with packets, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/emulator/runner.h"
#include "control/report/style.h"

namespace skyhop::cli {

/// Sessions, packets and drops by reason, throughput, latency, routers, links, checks, events.
[[nodiscard]] std::string run_text(const std::string& lab, const emulator::RunReport& report,
                                   const report::Style& style);
[[nodiscard]] nlohmann::ordered_json run_json(const std::string& lab,
                                              const emulator::RunReport& report);

/// The line that changes while packets flow.
[[nodiscard]] std::string progress_text(const emulator::RunProgress& progress);

}  // namespace skyhop::cli
