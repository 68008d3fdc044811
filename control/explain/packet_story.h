// Why a packet arrives or does not: its path, the first obstacle, the rule behind it, and the
// change to the lab that takes the obstacle away. No change is named that was not tried: the lab is
// derived and converged again with it, and the same packet sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/emulator/trace.h"
#include "control/explain/remedies.h"
#include "control/explain/route_story.h"

namespace skyhop::explain {

struct Cure {
  std::string resource;
  std::string cause;
  std::string fix;
  std::string rule;
};

struct PacketStory {
  emulator::Trace trace;
  bool arrives = false;  ///< and so does the answer, when the destination is a VM
  std::string verdict;   ///< one sentence
  std::string obstacle;  ///< where it ends and why; empty when it arrives
  /// Each of these alone makes it arrive; the likeliest cause first.
  std::vector<Cure> cures;
  /// When no single change does: the fewest found that do together.
  std::vector<Cure> together;
  /// The route that the packet lacks at the place where it ends.
  std::optional<RouteStory> missing;
};

[[nodiscard]] PacketStory explain_packet(const lab::Lab& lab, const emulator::Emulation& emulation,
                                         const emulator::TraceRequest& request);

}  // namespace skyhop::explain
