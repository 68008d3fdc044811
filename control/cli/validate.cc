// skyhop validate: everything that is wrong with a lab file, in one run.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/load_lab.h"
#include "control/lab/reader.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

std::string summary(const LoadedLab& loaded) {
  return fmt::format(
      "{}: valid: {} virtual networks, {} gateways, {} links, {} BGP sessions\n", loaded.lab.file,
      std::ranges::count(loaded.network.vnets, cloud::VnetKind::azure, &cloud::Vnet::kind),
      loaded.network.gateways.size(), loaded.network.links.size(), loaded.network.sessions.size());
}

}  // namespace

ExitCode validate(const ValidateOptions& options, Streams& streams) {
  if (options.schema) {
    streams.out << lab::json_schema();
    return ExitCode::ok;
  }
  const auto loaded = read_lab(options.lab, streams);
  if (!loaded) return loaded.error();
  const bool valid = !lab::has_errors(loaded->diagnostics);
  if (options.common.output == Output::json) {
    streams.out << report::dump(
        {{"valid", valid}, {"diagnostics", report::to_json(loaded->diagnostics, options.lab)}});
  } else {
    print(loaded->diagnostics, options.lab, streams);
    if (valid) {
      streams.out << summary(*loaded);
    } else {
      const auto errors =
          std::ranges::count(loaded->diagnostics, lab::Severity::error, &lab::Diagnostic::severity);
      streams.err << fmt::format("{}: {} {}\n", options.lab, errors,
                                 errors == 1 ? "error" : "errors");
    }
  }
  return valid ? ExitCode::ok : ExitCode::invalid_lab;
}

}  // namespace skyhop::cli
