// Subcommands as a table, and what happens before one of them runs: help, versions, bad usage.
#pragma once

#include <algorithm>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "control/cli/exit_code.h"
#include "control/cli/options.h"
#include "control/report/style.h"

namespace skyhop::cli {

/// Where a command writes: answers to `out`, everything else to `err`.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  report::Style out_style;
  report::Style err_style;
};

struct Command {
  std::string_view name;
  std::string_view summary;   ///< one line
  std::string_view usage;     ///< what follows the name
  std::string_view details;   ///< a paragraph for its own help; may be empty
  std::string_view examples;  ///< indented lines
  ExitCode (*run)(const Arguments& arguments, Streams& streams);
};

/// A command's name as a template argument.
template <size_t N>
struct FixedName {
  constexpr FixedName(const char (&name)[N]) { std::copy_n(name, N, text); }  // NOLINT
  char text[N];
};

/// Runs what the arguments (without the program's name) ask for.
[[nodiscard]] ExitCode dispatch(std::span<const Command> commands, const Arguments& arguments,
                                Streams& streams);

/// Prints the error and where help is.
ExitCode report_usage_error(const UsageError& error, std::string_view command, Streams& streams);

/// The log goes to stderr, from this level (a name that the options accept).
void start_logging(const std::string& level);

/// The `run` of a command that parses with `Parse` and then does `Run`.
template <FixedName Name, auto Parse, auto Run>
ExitCode parse_and_run(const Arguments& arguments, Streams& streams) {
  const auto options = Parse(arguments);
  if (!options) return report_usage_error(options.error(), Name.text, streams);
  start_logging(options->common.log_level);
  return Run(*options, streams);
}

}  // namespace skyhop::cli
