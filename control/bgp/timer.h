// A restartable one-shot timer that dies with its owner.
#pragma once

#include <functional>
#include <utility>

#include "control/bgp/scheduler.h"

namespace skyhop::bgp {

class Timer {
 public:
  Timer(Scheduler& scheduler, std::function<void()> on_expiry)
      : scheduler_(scheduler), on_expiry_(std::move(on_expiry)) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Runs out `delay` from now. Putting it off costs no scheduler call: a hold timer is put off by
  /// every message.
  void start(Duration delay) {
    deadline_ = scheduler_.now() + delay;
    if (running_ && scheduled_for_ <= deadline_) return;
    stop();
    running_ = true;
    schedule();
  }
  void stop() {
    if (running_) scheduler_.cancel(id_);
    running_ = false;
  }
  [[nodiscard]] bool is_running() const { return running_; }
  [[nodiscard]] Time deadline() const { return deadline_; }  ///< of a running one

 private:
  void schedule() {
    scheduled_for_ = deadline_;
    id_ = scheduler_.schedule(deadline_ - scheduler_.now(), [this] { expire(); });
  }
  void expire() {
    if (scheduler_.now() < deadline_) {
      schedule();
      return;
    }
    running_ = false;
    on_expiry_();
  }

  Scheduler& scheduler_;
  std::function<void()> on_expiry_;
  Scheduler::TimerId id_ = 0;
  Time deadline_ = {};
  Time scheduled_for_ = {};
  bool running_ = false;
};

}  // namespace skyhop::bgp
