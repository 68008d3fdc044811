// Virtual time for the speaker's tests: runs what is due, in order, and moves the clock to it.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "control/bgp/scheduler.h"

namespace skyhop::bgp::test {

class VirtualScheduler : public Scheduler {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  TimerId schedule(Duration delay, std::function<void()> task) override {
    const TimerId id = ++last_;
    const auto at = queue_.emplace(std::pair(now_ + delay, id), std::move(task)).first;
    pending_.emplace(id, at->first.first);
    return id;
  }
  void cancel(TimerId timer) override {
    const auto found = pending_.find(timer);
    if (found == pending_.end()) return;
    queue_.erase({found->second, timer});
    pending_.erase(found);
  }

  void run_for(Duration duration) { run_until(now_ + duration); }
  void run_until(Time end) {
    while (!queue_.empty() && queue_.begin()->first.first <= end) {
      auto node = queue_.extract(queue_.begin());
      now_ = node.key().first;
      pending_.erase(node.key().second);
      node.mapped()();
    }
    now_ = end;
  }

 private:
  std::map<std::pair<Time, TimerId>, std::function<void()>> queue_;
  std::map<TimerId, Time> pending_;
  TimerId last_ = 0;
  Time now_ = {};
};

}  // namespace skyhop::bgp::test
