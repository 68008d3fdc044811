// Events and checks of a lab in the order of their times; events come before checks.
#pragma once

#include <string>
#include <vector>

#include "control/emulator/checks.h"
#include "control/emulator/emulation.h"

namespace skyhop::emulator {

class Timeline {
 public:
  /// The lab outlives the timeline.
  explicit Timeline(const lab::Lab& lab);

  /// Plays everything that is due up to `time`, in virtual time.
  Result<void> play_until(Emulation& emulation, Seconds time);
  /// Time of the last event or check.
  [[nodiscard]] Seconds end() const;
  [[nodiscard]] const std::vector<CheckResult>& checks() const { return checks_; }
  /// "10 s: gateway transit-1 goes down"
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

 private:
  struct Step {
    Seconds at;
    const lab::TimelineEvent* event = nullptr;  ///< one of the two is set
    const lab::Check* check = nullptr;
  };

  std::vector<Step> steps_;
  size_t next_ = 0;
  std::vector<CheckResult> checks_;
  std::vector<std::string> events_;
};

/// "gateway transit-1 goes down"
[[nodiscard]] std::string describe(const lab::TimelineEvent& event);

}  // namespace skyhop::emulator
