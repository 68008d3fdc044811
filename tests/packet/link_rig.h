// Two ways to one sink over links whose clock the test sets, and packets with numbers.
#pragma once

#include <rte_cycles.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/packet/rig.h"

namespace skyhop::dataplane {

inline constexpr Ipv4Address kSource(10, 0, 1, 4), kNear(10, 0, 2, 4), kFar(10, 0, 3, 4);
inline constexpr uint64_t kMillisecond = 1'000'000;  // in ns

/// A packet of one of eight flows with a number in it.
[[nodiscard]] inline Frame numbered(Ipv4Address to, uint32_t number, Ipv4Address from = kSource) {
  return pcap::PacketBuilder()
      .ipv4(from, to)
      .udp(static_cast<uint16_t>(4000 + number % 8), 80)
      .payload(std::to_string(number))
      .frame();
}

/// Packets 0, 1, ... count - 1.
[[nodiscard]] inline std::vector<Frame> frames(Ipv4Address to, uint32_t count,
                                               Ipv4Address from = kSource) {
  std::vector<Frame> all;
  for (uint32_t i = 0; i < count; ++i) all.push_back(numbered(to, i, from));
  return all;
}

/// The numbers, in order of arrival.
[[nodiscard]] inline std::vector<uint32_t> numbers(const std::vector<Frame>& arrived) {
  std::vector<uint32_t> all;
  for (const Frame& frame : arrived) {
    all.push_back(static_cast<uint32_t>(std::stoul(std::string(frame.begin() + 42, frame.end()))));
  }
  return all;
}

[[nodiscard]] inline std::vector<uint32_t> up_to(uint32_t count) {
  std::vector<uint32_t> all(count);
  for (uint32_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

//                 near --+
// source -> split         +-> join -> end -> sink
//                 far  --+
struct TwoWays : Rig {
  static constexpr LinkIndex kToNear = 0, kToFar = 1, kNearOn = 2, kFarOn = 3, kJoinOn = 4;

  RouterIndex split = fabric("split");
  RouterIndex near = fabric("near");
  RouterIndex far = fabric("far");
  RouterIndex join = fabric("join");
  RouterIndex end = fabric("end");
  PortIndex source = port("source", kSource, split);
  PortIndex sink = port("sink", kNear, end);
  std::atomic<uint64_t> clock = kStart;

  TwoWays() {
    const EdgeId to_near = forward(split, near), to_far = forward(split, far);
    route(split, "10.0.2.0/24", {to_near});
    route(split, "10.0.3.0/24", {to_far});
    route(near, "0.0.0.0/0", {forward(near, join)});
    route(far, "0.0.0.0/0", {forward(far, join)});
    route(join, "0.0.0.0/0", {forward(join, end)});
    route(end, "0.0.0.0/0", {deliver(end, sink)});
    image.held_packets = 1024;
    options.link_clock = &clock;
  }

  LinkConditions& conditions(LinkIndex link) { return image.links[link].conditions; }
  void delay(LinkIndex link, uint64_t ms) { conditions(link).delay_ns = ms * kMillisecond; }

  /// Sets the clock to this long after its start, and some ticks of the calendar.
  void set_ms(double ms) {
    clock =
        kStart + static_cast<uint64_t>(ms * static_cast<double>(rte_get_tsc_hz()) / 1000) + 4096;
  }
  /// Lets the time go by until everything sent has arrived or is lost.
  void let_go_by(const Dataplane& dataplane, double step_ms) {
    for (double ms = step_ms; !dataplane.is_finished(); ms += step_ms) {
      set_ms(ms);
      std::this_thread::yield();
    }
  }

 private:
  static constexpr uint64_t kStart = 1'000'000;
};

/// Waits until the counters are so.
template <typename Condition>
void wait_until(const Dataplane& dataplane, Condition condition) {
  while (!condition(dataplane.counters())) std::this_thread::yield();
}

}  // namespace skyhop::dataplane
