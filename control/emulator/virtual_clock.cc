#include "control/emulator/virtual_clock.h"

#include <algorithm>

namespace skyhop::emulator {

bgp::Scheduler::TimerId VirtualClock::schedule(bgp::Duration delay, std::function<void()> task) {
  const TimerId timer = ++last_;
  const bgp::Time due = now_ + std::max(delay, bgp::Duration{0});
  tasks_.emplace(Key{due, timer}, std::move(task));
  due_.emplace(timer, due);
  return timer;
}

void VirtualClock::cancel(TimerId timer) {
  const auto entry = due_.find(timer);
  if (entry == due_.end()) return;
  tasks_.erase({entry->second, timer});
  due_.erase(entry);
}

void VirtualClock::run_until(bgp::Time until) {
  while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
    auto task = tasks_.extract(tasks_.begin());
    now_ = task.key().first;
    due_.erase(task.key().second);
    task.mapped()();
  }
  now_ = std::max(now_, until);
}

bgp::Time VirtualClock::next() const {
  return tasks_.empty() ? bgp::Time::max() : tasks_.begin()->first.first;
}

}  // namespace skyhop::emulator
