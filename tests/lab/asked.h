// Commands as somebody types them, and what they answer.
#pragma once

#include <sstream>
#include <string>

#include "control/cli/command.h"
#include "control/cli/commands.h"

namespace skyhop::cli {

struct Answer {
  ExitCode code;
  std::string out;
  std::string err;
};

inline Answer skyhop(const Arguments& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err, {}, {}};
  const ExitCode code = dispatch(all_commands(), arguments, streams);
  return {code, out.str(), err.str()};
}

inline std::string config(const std::string& name) {
  return std::string(SKYHOP_CONFIGS) + "/" + name;
}

}  // namespace skyhop::cli
