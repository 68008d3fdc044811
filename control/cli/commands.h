// The commands of skyhop: one file each.
#pragma once

#include <span>

#include "control/cli/command.h"

namespace skyhop::cli {

[[nodiscard]] std::span<const Command> all_commands();

[[nodiscard]] ExitCode run(const RunOptions& options, Streams& streams);
[[nodiscard]] ExitCode check(const CheckOptions& options, Streams& streams);
[[nodiscard]] ExitCode trace(const TraceOptions& options, Streams& streams);
[[nodiscard]] ExitCode routes(const RoutesOptions& options, Streams& streams);
[[nodiscard]] ExitCode bgp(const BgpOptions& options, Streams& streams);
[[nodiscard]] ExitCode replay(const ReplayOptions& options, Streams& streams);
[[nodiscard]] ExitCode validate(const ValidateOptions& options, Streams& streams);
[[nodiscard]] ExitCode show(const ShowOptions& options, Streams& streams);
[[nodiscard]] ExitCode explain(const ExplainOptions& options, Streams& streams);
[[nodiscard]] ExitCode lint(const LintOptions& options, Streams& streams);
[[nodiscard]] ExitCode import(const ImportOptions& options, Streams& streams);
[[nodiscard]] ExitCode activity(const TimedOptions& options, Streams& streams);
[[nodiscard]] ExitCode alerts(const TimedOptions& options, Streams& streams);
[[nodiscard]] ExitCode az(const AzOptions& options, Streams& streams);
[[nodiscard]] ExitCode diff(const DiffOptions& options, Streams& streams);
[[nodiscard]] ExitCode bench(const BenchOptions& options, Streams& streams);

}  // namespace skyhop::cli
