// Virtual time: an ordered queue of tasks. A hold timer of 180 s costs one entry, and two runs of
// the same lab do the same things in the same order.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>

#include "control/bgp/scheduler.h"

namespace skyhop::emulator {

class VirtualClock final : public bgp::Scheduler {
 public:
  [[nodiscard]] bgp::Time now() const override { return now_; }
  TimerId schedule(bgp::Duration delay, std::function<void()> task) override;
  void cancel(TimerId timer) override;

  /// Runs everything due up to and including `until`, then stands at `until`.
  void run_until(bgp::Time until);
  /// When the next task is due; nullopt-like max() when there is none.
  [[nodiscard]] bgp::Time next() const;

 private:
  using Key = std::pair<bgp::Time, TimerId>;  // ids grow: equal times run in the order asked for

  bgp::Time now_{0};
  TimerId last_ = 0;
  std::map<Key, std::function<void()>> tasks_;
  std::unordered_map<TimerId, bgp::Time> due_;
};

}  // namespace skyhop::emulator
