// skyhop lint: the traps of cloud transit networks, found in a lab.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/explain_view.h"
#include "control/report/json.h"

namespace skyhop::cli {

ExitCode lint(const LintOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  const auto findings = explain::lint((*lab)->loaded.lab, (*lab)->emulation);
  const auto traps = std::ranges::count(findings, explain::Weight::trap, &explain::Finding::weight);
  if (output == Output::json) {
    streams.out << report::dump({{"traps", traps}, {"findings", findings_json(findings)}});
  } else {
    streams.out << findings_text(findings, streams.out_style);
  }
  return traps == 0 ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace skyhop::cli
