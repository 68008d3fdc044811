// What transports on sockets share with the event loop: Asio stays out of the public headers.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <unordered_map>

#include "control/bgp/event_loop.h"

namespace skyhop::bgp {

class EventLoop::Impl {
 public:
  Impl() : context(1), timer(context), work(context.get_executor()) {}

  [[nodiscard]] Time now() const { return std::chrono::steady_clock::now() - origin; }
  void arm();
  void run_due();

  using Key = std::pair<Time, TimerId>;  // ids grow: equal times run in the order asked for

  const std::chrono::steady_clock::time_point origin = std::chrono::steady_clock::now();
  boost::asio::io_context context;
  boost::asio::steady_timer timer;  ///< one for all tasks: set for the first
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::map<Key, std::function<void()>> tasks;
  std::unordered_map<TimerId, Time> due;
  TimerId last = 0;
  Time armed = Time::max();
};

}  // namespace skyhop::bgp
