// What may be otherwise in the real network than in the lab: each switch of the lab turned the
// other way, each resource that could be missing or down. Where `remedies()` asks what would let
// more through, this also asks what would let less through.
#pragma once

#include <optional>
#include <vector>

#include "control/explain/remedies.h"

namespace skyhop::explain {

/// A change to the lab, or to the state of one of its elements.
struct Alternative {
  Remedy change;  ///< `cause` says what would be so: "branch-to-branch is off on routerserver"
  std::optional<lab::TimelineEvent> event;  ///< what happens once the changed lab has converged
};

/// Single changes, those to what users set first, failures last.
[[nodiscard]] std::vector<Alternative> alternatives(const lab::Lab& lab,
                                                    const cloud::Network& network);

/// The lab with all of these, converged, and after failures as long as hold timers take to run out.
/// Null when the lab would break a rule.
[[nodiscard]] std::unique_ptr<Trial> try_out(const lab::Lab& lab,
                                             const std::vector<const Alternative*>& changes);

}  // namespace skyhop::explain
