// What links leave to chance, held against the distributions that were asked for. Seeds are fixed:
// each test says what it says in every run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <utility>
#include <vector>

#include "dataplane/links/jitter.h"
#include "dataplane/links/loss.h"
#include "dataplane/links/random.h"

namespace skyhop::dataplane {
namespace {

constexpr uint64_t kHz = 1'000'000'000;  // a cycle is a nanosecond
constexpr int kDraws = 200'000;

/// Kolmogorov and Smirnov's distance of samples from a distribution function.
double distance(std::vector<double> samples, const std::function<double(double)>& below) {
  std::ranges::sort(samples);
  const auto n = static_cast<double>(samples.size());
  double most = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double share = below(samples[i]);
    most = std::max(
        {most, share - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - share});
  }
  return most;
}
/// The distance that one fair sample in a thousand exceeds.
double critical(size_t n) { return 1.95 / std::sqrt(static_cast<double>(n)); }

std::vector<double> draws(const Jitter& jitter, uint64_t seed = 1) {
  Random random(seed);
  std::vector<double> all;
  for (int i = 0; i < kDraws; ++i) all.push_back(static_cast<double>(jitter.draw(random)));
  return all;
}

TEST(Chance, HappensAsOftenAsAsked) {
  for (const double probability : {0.0, 1e-4, 0.01, 0.25, 0.5, 0.999, 1.0}) {
    Random random(7);
    const Chance chance(probability);
    int count = 0;
    for (int i = 0; i < kDraws; ++i) count += chance.happens(random) ? 1 : 0;
    const double deviation = std::sqrt(kDraws * probability * (1 - probability));
    EXPECT_NEAR(count, kDraws * probability, 4 * deviation) << probability;
  }
}

TEST(Chance, BelowIsEven) {
  Random random(3);
  std::vector<int> counts(10);
  for (int i = 0; i < kDraws; ++i) ++counts[random.below(10)];
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - kDraws / 10.0, 2) / (kDraws / 10.0);
  EXPECT_LT(chi_square, 27.9);  // nine degrees of freedom, 0.1 %
}

TEST(Jitter, UniformMatchesItsDistribution) {
  const Jitter jitter({.kind = JitterSpec::Kind::uniform, .spread_ns = 200'000}, kHz);
  const auto samples = draws(jitter);
  EXPECT_LT(distance(samples, [](double x) { return (x + 200'000) / 400'000; }),
            critical(samples.size()));
}

TEST(Jitter, NormalMatchesItsDistribution) {
  constexpr double kDeviation = 100'000;
  const Jitter jitter({.kind = JitterSpec::Kind::normal, .spread_ns = 100'000}, kHz);
  const auto samples = draws(jitter);
  EXPECT_LT(distance(samples,
                     [](double x) { return std::erfc(-x / kDeviation / std::numbers::sqrt2) / 2; }),
            critical(samples.size()));
  double sum = 0, squares = 0;
  for (const double x : samples) sum += x, squares += x * x;
  EXPECT_NEAR(sum / kDraws, 0, 4 * kDeviation / std::sqrt(kDraws));
  EXPECT_NEAR(std::sqrt(squares / kDraws), kDeviation, 0.01 * kDeviation);
}

TEST(Jitter, SamplesComeAsOftenAsTheyStandInTheFile) {
  const Jitter jitter({.kind = JitterSpec::Kind::samples, .samples_ns = {500, 10, 10, 90'000}},
                      kHz);
  std::map<int64_t, int> counts;
  Random random(1);
  for (int i = 0; i < kDraws; ++i) ++counts[jitter.draw(random)];
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_NEAR(counts[10], kDraws * 0.5, 4 * std::sqrt(kDraws * 0.25));
  EXPECT_NEAR(counts[500], kDraws * 0.25, 4 * std::sqrt(kDraws * 0.1875));
  EXPECT_NEAR(counts[90'000], kDraws * 0.25, 4 * std::sqrt(kDraws * 0.1875));
}

TEST(Jitter, IsTheSameForTheSameSeedOnly) {
  const Jitter jitter({.kind = JitterSpec::Kind::uniform, .spread_ns = 200'000}, kHz);
  EXPECT_EQ(draws(jitter, 5), draws(jitter, 5));
  EXPECT_NE(draws(jitter, 5), draws(jitter, 6));
}

struct Losses {
  double share = 0;
  std::vector<int> runs;  ///< lengths of rows of losses
  double bad = 0;         ///< share of packets that met a bad link
  std::vector<int> bad_runs;
};

Losses lose(const LossSpec& spec, int packets) {
  const LossChain chain(spec);
  Random random(11);
  bool is_bad = false;
  Losses losses;
  int run = 0, bad_run = 0;
  for (int i = 0; i < packets; ++i) {
    const bool is_lost = chain.loses(random, is_bad);
    losses.share += is_lost ? 1 : 0;
    losses.bad += is_bad ? 1 : 0;
    if (is_lost) ++run;
    if (!is_lost && run != 0) losses.runs.push_back(std::exchange(run, 0));
    if (is_bad) ++bad_run;
    if (!is_bad && bad_run != 0) losses.bad_runs.push_back(std::exchange(bad_run, 0));
  }
  losses.share /= packets;
  losses.bad /= packets;
  return losses;
}

double mean(const std::vector<int>& numbers) {
  double sum = 0;
  for (const int number : numbers) sum += number;
  return sum / static_cast<double>(numbers.size());
}

TEST(Loss, ByItselfIsAsOftenAsAskedAndHasNoMemory) {
  const Losses losses = lose({.share = 0.05}, 1'000'000);
  EXPECT_NEAR(losses.share, 0.05, 4 * std::sqrt(0.05 * 0.95 / 1e6));
  EXPECT_NEAR(mean(losses.runs), 1 / 0.95, 0.005);  // geometric
}

// Gilbert: a bad link loses everything, so rows of losses are geometric with the mean asked for.
TEST(Loss, InBurstsHasTheirLengthAndTheShareOfAll) {
  const Losses losses = lose({.share = 0.02, .burst = 8}, 5'000'000);
  // A burst counts once: its packets are not independent, about 2 x burst as uncertain.
  EXPECT_NEAR(losses.share, 0.02, 4 * std::sqrt(0.02 * 0.98 / 5e6 * 16));
  EXPECT_NEAR(mean(losses.runs), 8, 4 * 8 / std::sqrt(static_cast<double>(losses.runs.size())));
  // How many bursts are longer than n packets: (1 - 1/8)^n of them.
  for (const int n : {1, 4, 8, 16, 32}) {
    const auto longer = std::ranges::count_if(losses.runs, [n](int run) { return run > n; });
    const double share = std::pow(7.0 / 8, n);
    const auto all = static_cast<double>(losses.runs.size());
    EXPECT_NEAR(static_cast<double>(longer), share * all, 4 * std::sqrt(all * share * (1 - share)))
        << n;
  }
}

// Elliott: a bad link loses some.
TEST(Loss, InBadPeriodsMayBeLessThanAll) {
  const Losses losses = lose({.share = 0.03, .burst = 20, .share_in_burst = 0.3}, 5'000'000);
  EXPECT_NEAR(losses.bad, 0.1, 0.004);
  EXPECT_NEAR(losses.share, 0.03, 0.0015);
  EXPECT_NEAR(mean(losses.bad_runs), 20,
              4 * 20 / std::sqrt(static_cast<double>(losses.bad_runs.size())));
}

TEST(Loss, ThatCannotBeIsKnown) {
  EXPECT_TRUE((LossSpec{.share = 1}).is_possible());
  EXPECT_TRUE((LossSpec{.share = 0.5, .burst = 2}).is_possible());
  EXPECT_FALSE((LossSpec{.share = 0.9, .burst = 2}).is_possible());
  EXPECT_FALSE((LossSpec{.share = 0.5, .burst = 10, .share_in_burst = 0.4}).is_possible());
}

}  // namespace
}  // namespace skyhop::dataplane
