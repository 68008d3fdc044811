// The traps that networks of this kind are known for, found in a lab: cause, what it costs here
// (seen in the lab's own tables), fix.
#pragma once

#include <string>
#include <vector>

#include "control/emulator/emulation.h"
#include "control/lab/lab.h"

namespace skyhop::explain {

enum class Weight {
  trap,  ///< costs something in this lab
  note,  ///< odd, harmless here
};

struct Finding {
  Weight weight = Weight::trap;
  std::string trap;      ///< "branch-to-branch", stable: scripts may look for it
  std::string resource;  ///< "azurerm_route_server.routerserver"
  std::string cause;
  std::vector<std::string> effect;  ///< rows of the lab's tables, or what happens to them
  std::string fix;
  std::string rule;
};

/// `emulation` is the lab's, converged. Traps come before notes.
[[nodiscard]] std::vector<Finding> lint(const lab::Lab& lab, const emulator::Emulation& emulation);

}  // namespace skyhop::explain
