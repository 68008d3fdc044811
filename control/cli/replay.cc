// skyhop replay: the packets of a capture through the lab.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control/cli/commands.h"
#include "control/cli/traffic.h"
#include "control/emulator/forwarding.h"

namespace skyhop::cli {
namespace {

Result<void> known_entry(const cloud::Network& network, const ReplayOptions& options) {
  if (options.link.empty()) return require_vms(network, {options.from});
  const auto links = emulator::links_named(network, options.link);
  if (!links) return std::unexpected(links.error());
  if (links->size() == 1) return {};
  return fail("--link: packets arrive in one direction", options.link, "say 'A -> B'");
}

}  // namespace

ExitCode replay(const ReplayOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = load_lab(options.lab, output, streams, changes_of(options.shaping, options.esp));
  if (!lab) return lab.error();
  if (const auto known = known_entry(lab->network, options); !known) {
    return report_error(known.error(), ExitCode::usage, output, streams);
  }
  if (access(options.capture.c_str(), R_OK) != 0) {
    return report_error({std::strerror(errno), options.capture, ""}, ExitCode::environment, output,
                        streams);
  }
  emulator::RunOptions run_options;
  run_options.from = options.from;
  run_options.replay_file = options.capture;
  run_options.replay_link = options.link;
  run_options.capture_file = options.out;
  run_options.loops = options.loops;
  run_options.workers = options.lcores.workers;
  run_options.cpus = options.lcores.cpus;
  return run_traffic(*lab, std::move(run_options), options.esp, output, streams);
}

}  // namespace skyhop::cli
