// Limits on rate: exact over any time, whatever the size of packets, with queues that end where
// they should, and shared without a lock.
#include "dataplane/links/shaper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace skyhop::dataplane {
namespace {

using Kind = ShaperRate::Kind;
using Verdict = Admission::Verdict;

constexpr uint64_t kHz = 2'600'000'000;
constexpr uint64_t kEpoch = 123'456'789;

ShaperRate limit(uint64_t bits, uint64_t packets, Kind kind = Kind::limiter,
                 uint32_t queue_packets = 1000, uint64_t queue_octets = 0) {
  return {RateLimit{bits, packets, queue_packets, queue_octets}, kind, kHz};
}

/// When the last of many packets that come together goes, in seconds; the queue takes all.
double time_of(const ShaperRate& rate, uint32_t packets, uint32_t octets) {
  Shaper shaper(kEpoch);
  Admission last;
  for (uint32_t i = 0; i < packets; ++i) last = shaper.admit(rate, kEpoch, octets, false);
  return static_cast<double>(last.due - kEpoch) / static_cast<double>(kHz);
}

TEST(Shaper, KeepsItsBitRateToWithinATwoThousandth) {
  for (const uint64_t bits : {uint64_t{1000}, uint64_t{550'000'000}, uint64_t{1'250'000'000},
                              uint64_t{100'000'000'000}, uint64_t{400'000'000'000}}) {
    for (const uint32_t octets : {64u, 73u, 1500u}) {
      constexpr uint32_t kPackets = 10'000;
      const ShaperRate rate = limit(bits, 0, Kind::line, kPackets);
      const double expected = 8.0 * octets * kPackets / static_cast<double>(bits);
      EXPECT_NEAR(time_of(rate, kPackets, octets) / expected, 1, 5e-4) << bits << " " << octets;
    }
  }
}

TEST(Shaper, KeepsItsPacketRate) {
  const ShaperRate rate = limit(0, 52'000, Kind::limiter, 100'000);
  EXPECT_NEAR(time_of(rate, 52'001, 64), 1, 1e-6);
  EXPECT_NEAR(time_of(rate, 52'001, 1500), 1, 1e-6);
}

// VpnGw2 of generation 2: 550 Mbit/s and 52,000 packets/s meet at 1,322 octets.
TEST(Shaper, TakesTheStricterOfItsTwoRates_A50) {
  const ShaperRate rate = limit(550'000'000, 52'000, Kind::limiter, 1'000'000);
  EXPECT_NEAR(time_of(rate, 52'001, 64), 1, 1e-5);
  EXPECT_NEAR(time_of(rate, 52'001, 1300), 1, 1e-5);
  EXPECT_NEAR(time_of(rate, 52'001, 1500), 1500 * 8.0 * 52'000 / 550e6, 1e-4);
  Shaper shaper(kEpoch);
  EXPECT_TRUE(shaper.admit(rate, kEpoch, 1321, false).by_packets);
  EXPECT_FALSE(shaper.admit(rate, kEpoch, 1323, false).by_packets);
}

TEST(Shaper, ALineDeliversTheLastBitAndALimiterLetsGoAtOnce) {
  Shaper line(kEpoch), limiter(kEpoch);
  // 1 Gbit/s: 1250 octets take 10 us.
  const Admission sent = line.admit(limit(1'000'000'000, 0, Kind::line), kEpoch, 1250, false);
  EXPECT_EQ(sent.verdict, Verdict::waits);
  EXPECT_FALSE(sent.is_held_up);
  EXPECT_NEAR(static_cast<double>(sent.due - kEpoch), 26'000, 1);
  const ShaperRate rate = limit(1'000'000'000, 0);
  EXPECT_EQ(limiter.admit(rate, kEpoch, 1250, false).verdict, Verdict::passes);
  const Admission second = limiter.admit(rate, kEpoch, 1250, false);
  EXPECT_TRUE(second.is_held_up);
  EXPECT_NEAR(static_cast<double>(second.due - kEpoch), 26'000, 1);
}

TEST(Shaper, FillsItsQueueToTheLastPacket) {
  const ShaperRate rate = limit(0, 1000, Kind::limiter, 4);
  Shaper shaper(kEpoch);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 64, false).verdict, Verdict::passes);
  for (uint32_t i = 1; i <= 4; ++i) {
    const Admission waits = shaper.admit(rate, kEpoch, 64, false);
    EXPECT_EQ(waits.verdict, Verdict::waits);
    EXPECT_EQ(waits.depth, i);
    EXPECT_EQ(waits.octets, 64 * i);
  }
  EXPECT_EQ(shaper.admit(rate, kEpoch, 64, false).verdict, Verdict::refused);
  shaper.leave(64);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 64, false).verdict, Verdict::waits);
  // Who is refused takes no time: the next goes five intervals after the first.
  for (int i = 0; i < 4; ++i) shaper.leave(64);
  const Admission next = shaper.admit(rate, kEpoch, 64, false);
  EXPECT_NEAR(static_cast<double>(next.due - kEpoch), 6 * 2.6e6, 1);
}

TEST(Shaper, CountsItsQueueInOctetsToo) {
  const ShaperRate rate = limit(8'000'000, 0, Kind::line, 1000, 3000);
  Shaper shaper(kEpoch);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 1500, false).verdict, Verdict::waits);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 1500, false).verdict, Verdict::waits);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 40, false).verdict, Verdict::refused);
  shaper.leave(1500);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 1501, false).verdict, Verdict::refused);
  EXPECT_EQ(shaper.admit(rate, kEpoch, 1500, false).verdict, Verdict::waits);
}

TEST(Shaper, SavesNoTimeUp) {
  const ShaperRate rate = limit(0, 1000);
  Shaper shaper(kEpoch);
  const uint64_t later = kEpoch + 10 * kHz;
  EXPECT_EQ(shaper.admit(rate, later, 64, false).verdict, Verdict::passes);
  EXPECT_EQ(shaper.admit(rate, later, 64, false).due, later + 2'600'000);
}

TEST(Shaper, KeepsAPacketBehindThoseThatHaveNotLeft) {
  Shaper shaper(kEpoch);
  const Admission behind = shaper.admit(limit(0, 1000), kEpoch + 5, 64, true);
  EXPECT_EQ(behind.verdict, Verdict::waits);
  EXPECT_EQ(behind.due, kEpoch + 5);
}

TEST(Shaper, GivesTwoThreadsDifferentTimes) {
  const ShaperRate rate = limit(0, 1'000'000, Kind::limiter, 1'000'000);
  Shaper shaper(kEpoch);
  constexpr size_t kEach = 20'000;
  std::vector<uint64_t> dues[2];
  const auto take = [&](std::vector<uint64_t>& all) {
    for (size_t i = 0; i < kEach; ++i) {
      const Admission admission = shaper.admit(rate, kEpoch, 64, true);
      all.push_back(admission.due);
    }
  };
  std::thread other(take, std::ref(dues[1]));
  take(dues[0]);
  other.join();
  EXPECT_TRUE(std::ranges::is_sorted(dues[0]));
  EXPECT_TRUE(std::ranges::is_sorted(dues[1]));
  std::vector<uint64_t> all = dues[0];
  all.insert(all.end(), dues[1].begin(), dues[1].end());
  std::ranges::sort(all);
  for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], kEpoch + 2600 * i);
}

}  // namespace
}  // namespace skyhop::dataplane
