// Why real az output and a lab differ: for each row the lab's own story of the route, and for all
// of them together the changes to the lab that make the two agree. No change is named that was not
// tried.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/explain/alternatives.h"
#include "control/report/az/comparison.h"

namespace skyhop::report::az {

/// A file of az output, and what it came to.
struct Compared {
  std::string file;
  AnswerKind kind = AnswerKind::effective_routes;
  Subject subject;
  Json azure;
  Comparison comparison;
};

struct Story {
  std::string text;  ///< one sentence; empty when there is nothing to say
  std::string rule;
};

/// A difference from the lab's side.
[[nodiscard]] Story story_of(const Difference& difference, const Subject& subject,
                             const emulator::Emulation& emulation);

struct Cause {
  std::string resource;
  std::string cause;  ///< "branch_to_branch_traffic_enabled is off on routerserver"
  std::string fix;
  std::string rule;
  size_t explains = 0;  ///< differences that are gone with it and with those before it
};

/// The fewest changes found that leave the fewest differences, the strongest first.
[[nodiscard]] std::vector<Cause> causes_of(const std::vector<Compared>& files, const lab::Lab& lab,
                                           const emulator::Emulation& emulation);

}  // namespace skyhop::report::az
