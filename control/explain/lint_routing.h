// Traps that no single key of a lab shows: they lie in how routes of several sources meet, and in
// the paths that flows take there and back.
#pragma once

#include <vector>

#include "control/explain/lint.h"

namespace skyhop::explain {

/// Two ways to one network that branch-to-branch joins, routes that the fabric does not follow,
/// flows that come back through another appliance.
[[nodiscard]] std::vector<Finding> routing_traps(const lab::Lab& lab,
                                                 const emulator::Emulation& emulation);

}  // namespace skyhop::explain
