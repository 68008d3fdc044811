#include "lpm/qsbr.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace skyhop::lpm {
namespace {

TEST(Qsbr, NobodyOnLineHoldsNobodyUp) {
  const auto qsbr = Qsbr::create(4);
  ASSERT_TRUE(qsbr);
  (*qsbr)->synchronize();
  (*qsbr)->enter(3);
  (*qsbr)->go_offline(3);
  (*qsbr)->synchronize();
  (*qsbr)->go_online(3);
  (*qsbr)->leave(3);
  (*qsbr)->synchronize();
}

TEST(Qsbr, GracePeriodEndsOnlyAfterEveryWorkerReported) {
  const auto qsbr = Qsbr::create(2);
  ASSERT_TRUE(qsbr);
  (*qsbr)->enter(0);
  (*qsbr)->enter(1);
  const uint64_t grace_period = (*qsbr)->begin_grace_period();
  EXPECT_FALSE((*qsbr)->is_over(grace_period));
  (*qsbr)->quiescent(0);
  EXPECT_FALSE((*qsbr)->is_over(grace_period));
  (*qsbr)->quiescent(1);
  EXPECT_TRUE((*qsbr)->is_over(grace_period));
  (*qsbr)->leave(0);
  (*qsbr)->leave(1);
}

// The reader holds a version across each pass; the writer spoils a version only after a grace
// period. A reader that ever sees a spoilt version has been let down.
TEST(Qsbr, ReadersNeverSeeWhatWasFreed) {
  constexpr uint64_t kVersions = 200;
  constexpr uint64_t kSpoilt = ~uint64_t{0};
  const auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  std::array<std::array<std::atomic<uint64_t>, 8>, 2> versions{};
  std::atomic<uint32_t> current = 0;
  std::atomic<bool> is_reading = false;
  std::atomic<bool> must_stop = false;
  std::atomic<uint64_t> spoilt_seen = 0;

  std::thread reader([&] {
    (*qsbr)->enter(0);
    is_reading.store(true);
    is_reading.notify_one();
    while (!must_stop.load(std::memory_order_relaxed)) {
      const auto& version = versions[current.load(std::memory_order_acquire)];
      for (const auto& word : version) {
        if (word.load(std::memory_order_relaxed) == kSpoilt) ++spoilt_seen;
      }
      (*qsbr)->quiescent(0);
      std::this_thread::yield();  // one core must do
    }
    (*qsbr)->leave(0);
  });
  is_reading.wait(false);

  for (uint64_t number = 1; number <= kVersions; ++number) {
    const uint32_t next = 1 - current.load(std::memory_order_relaxed);
    for (auto& word : versions[next]) word.store(number, std::memory_order_relaxed);
    current.store(next, std::memory_order_release);
    (*qsbr)->synchronize();
    for (auto& word : versions[1 - next]) word.store(kSpoilt, std::memory_order_relaxed);
  }
  must_stop.store(true);
  reader.join();
  EXPECT_EQ(spoilt_seen.load(), 0u);
  (*qsbr)->synchronize();  // the reader has left and holds nobody up
}

TEST(QsbrDeathTest, AbortsOnAWorkerBeyondTheLimit) {
  const auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  EXPECT_DEATH((*qsbr)->enter(100000), "no such worker");
}

TEST(QsbrDeathTest, AbortsWhenItIsClosedAroundAWorker) {
  const auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  EXPECT_TRUE((*qsbr)->is_open());
  (*qsbr)->enter(0);
  EXPECT_DEATH((*qsbr)->close(), "closed while workers are inside");
  (*qsbr)->leave(0);
  (*qsbr)->close();
  EXPECT_DEATH((*qsbr)->enter(0), "enters while it is closed");
  (*qsbr)->open();
  (*qsbr)->enter(0);
  (*qsbr)->leave(0);
}

}  // namespace
}  // namespace skyhop::lpm
