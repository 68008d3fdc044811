// skyhop run: converge, forward packets, report.
#include "control/cli/commands.h"
#include "control/cli/traffic.h"

namespace skyhop::cli {

ExitCode run(const RunOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = load_lab(options.lab, output, streams, changes_of(options.shaping, options.esp));
  if (!lab) return lab.error();

  std::vector<std::string> vms;
  if (!options.from.empty()) vms = {options.from, options.to};
  for (const auto& [vm, devargs] : options.ports) vms.push_back(vm);
  if (const auto known = require_vms(lab->network, vms); !known) {
    return report_error(known.error(), ExitCode::usage, output, streams);
  }

  emulator::RunOptions run_options;
  if (options.duration) run_options.duration_s = options.duration->count();
  run_options.pps = options.pps;
  run_options.frame_size = options.size;
  run_options.from = options.from;
  run_options.to = options.to;
  run_options.workers = options.lcores.workers;
  run_options.cpus = options.lcores.cpus;
  run_options.ports = options.ports;
  return run_traffic(*lab, std::move(run_options), options.esp, output, streams);
}

}  // namespace skyhop::cli
