// Time as the speaker sees it: injected, so that a hold timer of 180 s costs nothing in a test.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace skyhop::bgp {

using Duration = std::chrono::nanoseconds;
/// Since the start of the emulation (virtual or real).
using Time = std::chrono::nanoseconds;

class Scheduler {
 public:
  using TimerId = uint64_t;  ///< 0 is never a timer
  virtual ~Scheduler() = default;
  [[nodiscard]] virtual Time now() const = 0;
  /// Runs `task` once, `delay` from now; equal times run in the order they were asked for.
  virtual TimerId schedule(Duration delay, std::function<void()> task) = 0;
  /// No effect on a timer that has run or was cancelled.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace skyhop::bgp
