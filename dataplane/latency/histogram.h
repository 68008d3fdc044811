// A log-linear histogram: 128 buckets per power of two, so a value is known to better than 1 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace skyhop::dataplane {

/// Values 0..2^40-1 (larger ones count as the largest). Fixed size, no allocation; merged by adding.
class Histogram {
 public:
  static constexpr unsigned kSubBits = 7;  // 128 sub-buckets: at most 1/128 = 0.78 % wide
  static constexpr unsigned kMaxBits = 40;
  static constexpr unsigned kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;

  void record(uint64_t value, uint64_t count = 1) {
    counts_[bucket_of(value)] += count;
    total_ += count;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  void merge(const Histogram& other);
  /// The same samples in another unit: every value times `factor`.
  [[nodiscard]] Histogram scaled(double factor) const;

  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] uint64_t min() const { return total_ == 0 ? 0 : min_; }
  [[nodiscard]] uint64_t max() const { return max_; }
  /// The value below or at which `quantile` (0..1) of the samples lie: middle of its bucket.
  [[nodiscard]] uint64_t percentile(double quantile) const;

  [[nodiscard]] static constexpr unsigned bucket_of(uint64_t value) {
    constexpr uint64_t kLargest = (uint64_t{1} << kMaxBits) - 1;
    if (value > kLargest) value = kLargest;
    const unsigned bits = static_cast<unsigned>(std::bit_width(value | ((1u << kSubBits) - 1)));
    const unsigned shift = bits - kSubBits;
    return static_cast<unsigned>((uint64_t{shift} << (kSubBits - 1)) + (value >> shift));
  }

 private:
  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t min_ = ~uint64_t{0};
  uint64_t max_ = 0;
};

}  // namespace skyhop::dataplane
