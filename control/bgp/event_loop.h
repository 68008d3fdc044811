// Real time and sockets in one thread: the Scheduler that a speaker on TCP runs by.
#pragma once

#include <functional>
#include <memory>

#include "control/bgp/scheduler.h"

namespace skyhop::bgp {

/// Everything but `stop` and `post` belongs to the thread that runs it.
class EventLoop final : public Scheduler {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] Time now() const override;  ///< monotonic, since the loop was made
  /// A task of delay 0 runs in the next turn: sockets are served in between.
  TimerId schedule(Duration delay, std::function<void()> task) override;
  void cancel(TimerId timer) override;

  /// Until stop().
  void run();
  /// Until `done` says so, which is asked after every handler, or `limit` has passed. True: done.
  bool run_until(const std::function<bool()>& done, Duration limit);
  /// From any thread, also from a handler.
  void stop();
  /// Runs `task` in the loop's thread; from any thread.
  void post(std::function<void()> task);

  class Impl;  ///< of event_loop_impl.h, for transports
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace skyhop::bgp
