// What run and replay share: a run with its progress line, and its report.
#pragma once

#include "control/cli/command.h"
#include "control/cli/load_lab.h"
#include "control/emulator/runner.h"

namespace skyhop::cli {

/// What the command line says of links and tunnels.
[[nodiscard]] LabChanges changes_of(const std::string& shaping, const EspOptions& esp);

/// Runs, prints the report, and tells the exit code.
[[nodiscard]] ExitCode run_traffic(const LoadedLab& lab, emulator::RunOptions options,
                                   const EspOptions& esp, Output output, Streams& streams);

/// Every name must be a VM of the lab; an Error with the near name otherwise.
[[nodiscard]] Result<void> require_vms(const cloud::Network& network,
                                       const std::vector<std::string>& names);

}  // namespace skyhop::cli
