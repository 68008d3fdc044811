#include "dataplane/latency/histogram.h"

#include <algorithm>
#include <cmath>

namespace skyhop::dataplane {

void Histogram::merge(const Histogram& other) {
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) counts_[bucket] += other.counts_[bucket];
  total_ += other.total_;
  inverse_min_ = std::max(inverse_min_, other.inverse_min_);
  max_ = std::max(max_, other.max_);
}

Histogram Histogram::scaled(double factor) const {
  Histogram result;
  if (total_ == 0) return result;
  const auto scale = [factor](uint64_t value) {
    return static_cast<uint64_t>(std::llround(static_cast<double>(value) * factor));
  };
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts_[bucket] != 0) result.record(scale(middle_of(bucket)), counts_[bucket]);
  }
  result.inverse_min_ = ~scale(min());
  result.max_ = scale(max_);
  return result;
}

uint64_t Histogram::percentile(double quantile) const {
  if (total_ == 0) return 0;
  const double wanted = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(total_);
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(wanted)));
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::clamp(middle_of(bucket), min(), max());
  }
  return max();
}

}  // namespace skyhop::dataplane
