#include "dataplane/latency/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace skyhop::dataplane {
namespace {

constexpr double kPromise = 0.01;

double error(uint64_t got, double wanted) {
  return std::abs(static_cast<double>(got) - wanted) / wanted;
}

TEST(Histogram, BucketsCoverAllValuesWithoutGaps) {
  for (unsigned bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    EXPECT_EQ(Histogram::bucket_of(Histogram::lowest_of(bucket)), bucket);
    EXPECT_EQ(Histogram::bucket_of(Histogram::lowest_of(bucket + 1) - 1), bucket);
  }
  EXPECT_EQ(Histogram::bucket_of((uint64_t{1} << Histogram::kMaxBits) - 1),
            Histogram::kBuckets - 1);
  EXPECT_EQ(Histogram::bucket_of(~uint64_t{0}), Histogram::kBuckets - 1);
}

TEST(Histogram, NoValueIsOffByMoreThanOnePercent) {
  for (unsigned bucket = 1; bucket < Histogram::kBuckets; ++bucket) {
    const auto lowest = static_cast<double>(Histogram::lowest_of(bucket));
    const auto highest = static_cast<double>(Histogram::lowest_of(bucket + 1) - 1);
    EXPECT_LE(error(Histogram::middle_of(bucket), lowest), kPromise) << bucket;
    EXPECT_LE(error(Histogram::middle_of(bucket), highest), kPromise) << bucket;
  }
}

TEST(Histogram, ScalingKeepsThePromise) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t cycles = 1000 + random() % (uint64_t{1} << (11 + random() % 25));
    const double factor = 0.2 + static_cast<double>(random() % 1000) / 500;
    Histogram histogram;
    histogram.record(cycles);
    histogram.record(1);  // so that min and max do not help
    histogram.record(uint64_t{1} << 39);
    const double wanted = static_cast<double>(cycles) * factor;
    EXPECT_LE(error(histogram.scaled(factor).percentile(0.5), wanted), kPromise)
        << cycles << " * " << factor;
  }
}

TEST(Histogram, PercentilesOfAKnownSet) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.total(), 100'000u);
  EXPECT_EQ(histogram.min(), 1u);
  EXPECT_EQ(histogram.max(), 100'000u);
  for (const double quantile : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    EXPECT_LE(error(histogram.percentile(quantile), quantile * 100'000), kPromise) << quantile;
  }
  EXPECT_EQ(histogram.percentile(0), 1u);
  EXPECT_LE(histogram.percentile(1), 100'000u);
}

TEST(Histogram, MergeAddsAndCountsWeigh) {
  Histogram a, b;
  a.record(100, 90);
  b.record(5000, 10);
  a.merge(b);
  EXPECT_EQ(a.total(), 100u);
  EXPECT_EQ(a.percentile(0.9), 100u);
  EXPECT_LE(error(a.percentile(0.91), 5000), kPromise);
  EXPECT_EQ(a.max(), 5000u);
}

TEST(Histogram, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.scaled(2).total(), 0u);
}

}  // namespace
}  // namespace skyhop::dataplane
