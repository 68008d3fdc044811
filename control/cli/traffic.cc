#include "control/cli/traffic.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/run_view.h"
#include "control/emulator/forwarding.h"
#include "control/emulator/names.h"
#include "control/report/esp_keys.h"
#include "control/report/json.h"
#include "control/report/progress.h"

namespace skyhop::cli {

Result<void> require_vms(const cloud::Network& network, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (auto vm = emulator::vm_named(network, name); !vm) return std::unexpected(vm.error());
  }
  return {};
}

LabChanges changes_of(const std::string& shaping, const EspOptions& esp) {
  return {.shaping = shaping,
          .encryption = esp.encryption,
          .esp_algorithm = esp.algorithm,
          .esp_driver = esp.driver};
}

ExitCode run_traffic(const LoadedLab& lab, emulator::RunOptions options, const EspOptions& esp,
                     Output output, Streams& streams) {
  for (const auto& [link, file] : esp.captures) {
    if (const auto known = emulator::links_named(lab.network, link); !known) {
      return report_error(known.error(), ExitCode::usage, output, streams);
    }
  }
  options.link_captures = esp.captures;
  report::Progress progress(stderr, streams.err_style);
  const auto result =
      emulator::run(lab.lab, lab.network, options,
                    [&](const emulator::RunProgress& now) { progress.update(progress_text(now)); });
  progress.clear();
  if (!result) return report_error(result.error(), ExitCode::environment, output, streams);
  if (!esp.keys_file.empty()) {
    std::ofstream file(esp.keys_file);
    file << report::wireshark_keys(result->associations);
    if (!file.flush()) {
      return report_error({"cannot write the keys", esp.keys_file, ""}, ExitCode::environment,
                          output, streams);
    }
  }
  streams.out << (output == Output::json ? report::dump(run_json(lab.lab.name, *result))
                                         : run_text(lab.lab.name, *result, streams.out_style));
  if (result->replay_error) {
    return report_error(*result->replay_error, ExitCode::environment, Output::table, streams);
  }
  return result->passed() ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace skyhop::cli
