#include "dataplane/links/jitter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace skyhop::dataplane {
namespace {

// Enough that no test of a hundred thousand samples tells the curve from its chords.
constexpr uint32_t kNormalQuantiles = 4096;

// The standard normal distribution's value below which `share` of it lies; by bisection, for the
// distribution function is in the library and its inverse is not.
double normal_quantile(double share) {
  double low = -10, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const double below = std::erfc(-middle / std::numbers::sqrt2) / 2;
    (below < share ? low : high) = middle;
  }
  return low;
}

}  // namespace

Jitter::Jitter(const JitterSpec& spec, uint64_t hz) {
  const double cycles_per_ns = static_cast<double>(hz) / 1e9;
  const auto add = [&](double ns) {
    quantiles_.push_back(static_cast<int64_t>(std::llround(ns * cycles_per_ns)));
  };
  const auto spread = static_cast<double>(spec.spread_ns);
  switch (spec.kind) {
    case JitterSpec::Kind::none:
      break;
    case JitterSpec::Kind::uniform:
      add(-spread);
      add(spread);
      break;
    case JitterSpec::Kind::normal:
      // The ends would be infinite: each stands for the outer half of the outermost part.
      for (uint32_t i = 0; i < kNormalQuantiles; ++i) {
        const double share = std::clamp(static_cast<double>(i), 0.25, kNormalQuantiles - 1.25) /
                             (kNormalQuantiles - 1);
        add(spread * normal_quantile(share));
      }
      break;
    case JitterSpec::Kind::samples:
      for (const uint64_t ns : spec.samples_ns) add(static_cast<double>(ns));
      std::ranges::sort(quantiles_);
      interpolates_ = false;
      break;
  }
}

}  // namespace skyhop::dataplane
