#include "control/emulator/virtual_clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace skyhop::emulator {
namespace {

using std::chrono::seconds;

TEST(VirtualClock, RunsTasksInTheOrderOfTheirTimesAndStandsAtTheEnd) {
  VirtualClock clock;
  std::vector<int> order;
  clock.schedule(seconds(3), [&] { order.push_back(3); });
  clock.schedule(seconds(1), [&] { order.push_back(1); });
  clock.schedule(seconds(2), [&] { order.push_back(2); });
  EXPECT_EQ(clock.next(), seconds(1));
  clock.run_until(seconds(2));
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(clock.now(), seconds(2));
  clock.run_until(seconds(10));
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(clock.now(), seconds(10));
  EXPECT_EQ(clock.next(), bgp::Time::max());
}

TEST(VirtualClock, EqualTimesRunInTheOrderTheyWereAskedFor) {
  VirtualClock clock;
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) clock.schedule(seconds(1), [&order, i] { order.push_back(i); });
  clock.run_until(seconds(1));
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(VirtualClock, ATaskSeesItsOwnTimeAndMayScheduleMore) {
  VirtualClock clock;
  std::vector<bgp::Time> times;
  std::function<void()> tick = [&] {
    times.push_back(clock.now());
    if (times.size() < 3) clock.schedule(seconds(5), tick);
  };
  clock.schedule(seconds(5), tick);
  clock.run_until(seconds(100));
  EXPECT_EQ(times, (std::vector<bgp::Time>{seconds(5), seconds(10), seconds(15)}));
}

TEST(VirtualClock, ATaskDueNowRunsInTheSameTurn) {
  VirtualClock clock;
  bool ran = false;
  clock.schedule(seconds(1), [&] { clock.schedule(seconds(0), [&] { ran = true; }); });
  clock.run_until(seconds(1));
  EXPECT_TRUE(ran);
}

TEST(VirtualClock, ACancelledTaskNeverRuns) {
  VirtualClock clock;
  int runs = 0;
  const auto first = clock.schedule(seconds(1), [&] { ++runs; });
  const auto second = clock.schedule(seconds(1), [&] { ++runs; });
  clock.cancel(first);
  clock.cancel(first);
  clock.run_until(seconds(1));
  clock.cancel(second);  // has run: no effect
  EXPECT_EQ(runs, 1);
}

TEST(VirtualClock, ATaskMayCancelAnotherOfTheSameMoment) {
  VirtualClock clock;
  bool ran = false;
  bgp::Scheduler::TimerId victim = 0;
  clock.schedule(seconds(1), [&] { clock.cancel(victim); });
  victim = clock.schedule(seconds(1), [&] { ran = true; });
  clock.run_until(seconds(2));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace skyhop::emulator
