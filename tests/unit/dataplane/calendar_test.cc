// The calendar against a sorted list: never early, at most a tick late, nothing lost, and first
// come first served among equals.
#include "dataplane/links/calendar.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace skyhop::dataplane {
namespace {

constexpr uint64_t kHz = 2'600'000'000;
constexpr uint64_t kTick = 512;  // cycles, at this rate
constexpr uint64_t kTurn = 4096 * kTick;
constexpr uint64_t kLongTurn = 4096 * kTurn;

Held packet(uint64_t due, uint32_t number) {
  Held held;
  held.due = due;
  held.hash = number;
  return held;
}

TEST(Calendar, IsNeverEarlyAndAtMostATickLate) {
  Calendar calendar(4, 1000, kHz);
  Held out;
  for (const uint64_t due : {uint64_t{1001}, uint64_t{5000}, 3 * kTurn, 3 * kTurn + 1,
                             2 * kLongTurn - 1, 2 * kLongTurn, 5 * kLongTurn + 7}) {
    ASSERT_TRUE(calendar.add(packet(due, 1)));
    EXPECT_FALSE(calendar.take(due - 1, out)) << due;
    ASSERT_TRUE(calendar.take(due + kTick - 1, out)) << due;
    EXPECT_EQ(out.due, due);
    EXPECT_EQ(calendar.count(), 0u);
  }
}

TEST(Calendar, GivesWhatIsOverdueAtOnce) {
  Calendar calendar(4, 10 * kTurn, kHz);
  Held out;
  ASSERT_TRUE(calendar.add(packet(3, 1)));
  ASSERT_TRUE(calendar.take(10 * kTurn, out));
  EXPECT_EQ(out.due, 3u);
}

TEST(Calendar, RefusesWhatItHasNoRoomFor) {
  Calendar calendar(3, 0, kHz);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(calendar.add(packet(kTurn, i)));
  EXPECT_TRUE(calendar.is_full());
  EXPECT_FALSE(calendar.add(packet(kTurn, 3)));
  Held out;
  EXPECT_TRUE(calendar.take(kTurn, out));
  EXPECT_TRUE(calendar.add(packet(kTurn, 4)));
  EXPECT_EQ(calendar.count(), 3u);
}

// A packet that waits in an upper level and one that comes later straight to a lower one.
TEST(Calendar, KeepsTheOrderOfEqualsWhateverLevelTheyCameThrough) {
  for (const uint64_t due : {kTurn + 100 * kTick, kLongTurn + kTurn + 5 * kTick, 3 * kLongTurn}) {
    Calendar calendar(64, 0, kHz);
    Held out;
    uint32_t number = 0;
    std::set<uint64_t> times = {0, due - kTick, due};
    for (const uint64_t before : {kLongTurn / 2, kTurn, kTurn / 2}) {
      if (before < due) times.insert(due - before);
    }
    for (const uint64_t now : times) {
      ASSERT_FALSE(now < due && calendar.take(now, out)) << "early";
      ASSERT_TRUE(calendar.add(packet(due, number++)));
    }
    for (uint32_t i = 0; i < number; ++i) {
      ASSERT_TRUE(calendar.take(due, out));
      EXPECT_EQ(out.hash, i) << due;
    }
  }
}

// The last level reaches 3.8 hours at this rate, wherever in its turn the time stands.
TEST(Calendar, HoldsEvenWhatLiesBeyondItsLastLevel) {
  constexpr uint64_t kReach = 4096 * kLongTurn;
  for (const uint64_t start : {uint64_t{0}, kReach - kTurn, kReach + 17, 9 * kReach - 1}) {
    Calendar calendar(8, start, kHz);
    Held out;
    const uint64_t dues[] = {start + kTurn, start + kReach - kLongTurn, start + kReach,
                             start + 3 * kReach + 5};
    for (const uint64_t due : dues) ASSERT_TRUE(calendar.add(packet(due, 0)));
    for (const uint64_t due : dues) {
      EXPECT_FALSE(calendar.take(due - 1, out)) << start << " " << due;
      ASSERT_TRUE(calendar.take(due + kTick, out)) << start << " " << due;
      EXPECT_EQ(out.due, due);
    }
  }
}

TEST(Calendar, DoesWhatASortedListDoes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    constexpr uint32_t kCapacity = 500;
    uint64_t now = random() >> 20;
    Calendar calendar(kCapacity, now, kHz);
    std::multimap<uint64_t, uint32_t> truth;  // by the tick after which it is due; equals in order
    uint32_t number = 0;
    for (int step = 0; step < 3000; ++step) {
      // Spans from within a tick to some long turns.
      const auto span = [&] { return random() % (uint64_t{1} << (random() % 36)); };
      const auto adds = random() % 4;
      for (uint64_t i = 0; i < adds; ++i) {
        const uint64_t due = now + span();
        const uint64_t tick = std::max((due + kTick - 1) / kTick, now / kTick);
        const bool fits = truth.size() < kCapacity;
        ASSERT_EQ(calendar.add(packet(due, number)), fits);
        if (fits) truth.emplace(tick, number);
        ++number;
      }
      now += span();
      Held out;
      auto room = random() % 8;
      while (room-- != 0) {
        const bool is_due = !truth.empty() && truth.begin()->first <= now / kTick;
        ASSERT_EQ(calendar.take(now, out), is_due);
        if (!is_due) break;
        ASSERT_EQ(out.hash, truth.begin()->second);
        truth.erase(truth.begin());
      }
      ASSERT_EQ(calendar.count(), truth.size());
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane
