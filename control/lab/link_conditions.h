// What links do to packets: how conditions add up, what cannot be, and the files of delays.
#pragma once

#include <string>

#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::lab {

/// Why no link can be like this, or empty.
[[nodiscard]] std::string problem_of(const LinkConditions& conditions);

/// "rate 100 Mbit/s, delay 10ms, loss 1 %": what is said, without the link.
[[nodiscard]] std::string describe(const LinkConditions& conditions);

/// Reads the files that links and timeline name as `jitter_file`, from beside the lab file that
/// names them: a duration a line, "#" begins a comment. Everything wrong is reported at the name.
void read_jitter_files(Lab& lab, Diagnostics& diagnostics);

}  // namespace skyhop::lab
