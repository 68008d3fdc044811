// The lab's checks: what must hold at a time.
#pragma once

#include <string>
#include <vector>

#include "control/emulator/emulation.h"

namespace skyhop::emulator {

struct CheckResult {
  std::string name;
  Seconds at{0};
  bool passed = false;
  std::string detail;  ///< what was found, when it failed; a short proof when it passed
};

/// Evaluates one check against the emulation as it stands.
[[nodiscard]] CheckResult evaluate(const Emulation& emulation, const lab::Check& check);

struct TimelineReport {
  Convergence convergence;
  std::vector<CheckResult> checks;
  std::vector<std::string> events;  ///< "10s: gateway transit-1 down"
  [[nodiscard]] bool passed() const;
};

/// Converges, then plays timeline and checks in virtual time (events before checks at equal times).
[[nodiscard]] Result<TimelineReport> play(Emulation& emulation, const lab::Lab& lab);

}  // namespace skyhop::emulator
