// What skyhop's exit codes mean. Scripts rely on them: they never change.
#pragma once

namespace skyhop::cli {

enum class ExitCode : int {
  ok = 0,
  check_failed = 1,  ///< a check or the sum law does not hold, or lint found a trap
  usage = 2,         ///< the command line is wrong; nothing was read
  invalid_lab = 3,   ///< the lab file is wrong; nothing was started
  environment = 4,   ///< DPDK, a port or a file failed
};

}  // namespace skyhop::cli
