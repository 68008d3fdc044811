#include <iostream>
#include <string>
#include <vector>

#include "control/cli/commands.h"

int main(int argc, char** argv) {
  using namespace skyhop;
  std::ios::sync_with_stdio(false);
  cli::Streams streams{std::cout, std::cerr, report::style_of(stdout), report::style_of(stderr)};
  const cli::ExitCode code =
      cli::dispatch(cli::all_commands(), std::vector<std::string>(argv + 1, argv + argc), streams);
  std::cout.flush();
  // A full disk or a closed pipe: what was asked for did not get out.
  if (!std::cout && code == cli::ExitCode::ok) return static_cast<int>(cli::ExitCode::environment);
  return static_cast<int>(code);
}
