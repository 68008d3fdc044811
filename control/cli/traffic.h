// What run and replay share: a run with its progress line, and its report.
#pragma once

#include "control/cli/command.h"
#include "control/cli/load_lab.h"
#include "control/emulator/runner.h"

namespace skyhop::cli {

/// The lab, with the command line's word on its tunnels.
[[nodiscard]] std::expected<LoadedLab, ExitCode> load_lab_for_traffic(const std::string& file,
                                                                      const EspOptions& esp,
                                                                      Output output,
                                                                      Streams& streams);

/// Runs, prints the report, and tells the exit code.
[[nodiscard]] ExitCode run_traffic(const LoadedLab& lab, emulator::RunOptions options,
                                   const EspOptions& esp, Output output, Streams& streams);

/// Every name must be a VM of the lab; an Error with the near name otherwise.
[[nodiscard]] Result<void> require_vms(const cloud::Network& network,
                                       const std::vector<std::string>& names);

}  // namespace skyhop::cli
