#include "control/cli/traffic.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/run_view.h"
#include "control/emulator/names.h"
#include "control/report/json.h"
#include "control/report/progress.h"

namespace skyhop::cli {

Result<void> require_vms(const cloud::Network& network, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (auto vm = emulator::vm_named(network, name); !vm) return std::unexpected(vm.error());
  }
  return {};
}

ExitCode run_traffic(const LoadedLab& lab, const emulator::RunOptions& options, Output output,
                     Streams& streams) {
  report::Progress progress(stderr, streams.err_style);
  const auto result =
      emulator::run(lab.lab, lab.network, options,
                    [&](const emulator::RunProgress& now) { progress.update(progress_text(now)); });
  progress.clear();
  if (!result) return report_error(result.error(), ExitCode::environment, output, streams);
  streams.out << (output == Output::json ? report::dump(run_json(lab.lab.name, *result))
                                         : run_text(lab.lab.name, *result, streams.out_style));
  if (result->replay_error) {
    return report_error(*result->replay_error, ExitCode::environment, Output::table, streams);
  }
  return result->passed() ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace skyhop::cli
