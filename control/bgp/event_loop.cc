#include "control/bgp/event_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "control/bgp/event_loop_impl.h"

namespace skyhop::bgp {

void EventLoop::Impl::arm() {
  const Time first = tasks.empty() ? Time::max() : tasks.begin()->first.first;
  if (first == armed) return;
  armed = first;
  if (tasks.empty()) {
    timer.cancel();
    return;
  }
  timer.expires_at(origin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(first));
  timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

// What is due at the start of the turn; tasks that follow from these wait for the next one.
void EventLoop::Impl::run_due() {
  armed = Time::max();
  const Key end{now(), last};
  while (!tasks.empty() && tasks.begin()->first <= end) {
    auto task = tasks.extract(tasks.begin());
    due.erase(task.key().second);
    task.mapped()();
  }
  arm();
}

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

Time EventLoop::now() const { return impl_->now(); }

Scheduler::TimerId EventLoop::schedule(Duration delay, std::function<void()> task) {
  const TimerId id = ++impl_->last;
  const Time at = now() + std::max(delay, Duration{0});
  impl_->tasks.emplace(Impl::Key{at, id}, std::move(task));
  impl_->due.emplace(id, at);
  impl_->arm();
  return id;
}

// The timer stays set: firing for nothing is cheaper than setting it anew.
void EventLoop::cancel(TimerId timer) {
  const auto entry = impl_->due.find(timer);
  if (entry == impl_->due.end()) return;
  impl_->tasks.erase({entry->second, timer});
  impl_->due.erase(entry);
}

void EventLoop::run() {
  impl_->context.restart();
  impl_->context.run();
}

bool EventLoop::run_until(const std::function<bool()>& done, Duration limit) {
  impl_->context.restart();
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
  while (!done()) {
    if (impl_->context.run_one_until(deadline) == 0) return done();
  }
  return true;
}

void EventLoop::stop() { impl_->context.stop(); }

void EventLoop::post(std::function<void()> task) {
  boost::asio::post(impl_->context, std::move(task));
}

}  // namespace skyhop::bgp
