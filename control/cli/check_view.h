// Results of checks and of the timeline, for people, programs and CI.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/emulator/checks.h"
#include "control/report/junit.h"
#include "control/report/table.h"

namespace skyhop::cli {

/// "converged in 61.2 s", or what is not up and why, one line each.
[[nodiscard]] std::string convergence_text(const emulator::Convergence& convergence,
                                           const report::Style& style);
[[nodiscard]] nlohmann::ordered_json convergence_json(const emulator::Convergence& convergence);

[[nodiscard]] report::Table check_table(const std::vector<emulator::CheckResult>& checks);
[[nodiscard]] nlohmann::ordered_json checks_json(const std::vector<emulator::CheckResult>& checks);

/// One lab's checks; convergence is the first case.
[[nodiscard]] report::JunitSuite junit_suite(const std::string& lab,
                                             const emulator::TimelineReport& report);

}  // namespace skyhop::cli
