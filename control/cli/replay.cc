// skyhop replay: the packets of a capture through the lab.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control/cli/commands.h"
#include "control/cli/traffic.h"

namespace skyhop::cli {

ExitCode replay(const ReplayOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = load_lab(options.lab, output, streams, {options.shaping});
  if (!lab) return lab.error();
  if (const auto known = require_vms(lab->network, {options.from}); !known) {
    return report_error(known.error(), ExitCode::usage, output, streams);
  }
  if (access(options.capture.c_str(), R_OK) != 0) {
    return report_error({std::strerror(errno), options.capture, ""}, ExitCode::environment, output,
                        streams);
  }
  emulator::RunOptions run_options;
  run_options.from = options.from;
  run_options.replay_file = options.capture;
  run_options.capture_file = options.out;
  run_options.loops = options.loops;
  run_options.workers = options.lcores.workers;
  run_options.cpus = options.lcores.cpus;
  return run_traffic(*lab, run_options, output, streams);
}

}  // namespace skyhop::cli
