// A log-linear histogram: 128 buckets per power of two, so a value is known to better than 1 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace skyhop::dataplane {

/// Values 0..2^40-1 (larger ones count as the largest). Fixed size, no allocation; merged by
/// adding. An empty one is all zero octets (lpm::ZeroArray).
///
/// Values below 256 have a bucket each. From there on a bucket is at most 1/128 of its values wide,
/// so its middle is off by at most 1/256 = 0.4 %; scaled() rounds a second time: 0.8 % in all.
class Histogram {
 public:
  static constexpr unsigned kSubBits = 7;  // 128 buckets per power of two
  static constexpr unsigned kMaxBits = 40;
  static constexpr unsigned kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;

  [[gnu::always_inline]] void record(uint64_t value, uint64_t count = 1) {
    counts_[bucket_of(value)] += count;
    total_ += count;
    if (~value > inverse_min_) inverse_min_ = ~value;
    if (value > max_) max_ = value;
  }
  void merge(const Histogram& other);
  /// The same samples in another unit: every value times `factor`.
  [[nodiscard]] Histogram scaled(double factor) const;

  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] uint64_t min() const { return total_ == 0 ? 0 : ~inverse_min_; }
  [[nodiscard]] uint64_t max() const { return max_; }
  /// The value below or at which `quantile` (0..1) of the samples lie: the middle of its bucket,
  /// never outside min()..max(). 0 when there are no samples.
  [[nodiscard]] uint64_t percentile(double quantile) const;

  [[gnu::always_inline]] [[nodiscard]] static constexpr unsigned bucket_of(uint64_t value) {
    constexpr uint64_t kLargest = (uint64_t{1} << kMaxBits) - 1;
    constexpr uint64_t kLinear = (uint64_t{2} << kSubBits) - 1;  // values up to it are exact
    if (value > kLargest) value = kLargest;
    const auto shift = static_cast<unsigned>(std::bit_width(value | kLinear)) - (kSubBits + 1);
    return static_cast<unsigned>((uint64_t{shift} << kSubBits) + (value >> shift));
  }
  /// Smallest value of a bucket; the bucket after it starts at lowest_of(bucket + 1).
  [[nodiscard]] static constexpr uint64_t lowest_of(unsigned bucket) {
    constexpr unsigned kLinearBuckets = 2u << kSubBits;
    if (bucket < kLinearBuckets) return bucket;
    const unsigned shift = (bucket >> kSubBits) - 1;
    return uint64_t{bucket - (shift << kSubBits)} << shift;
  }
  [[nodiscard]] static constexpr uint64_t middle_of(unsigned bucket) {
    return lowest_of(bucket) + (lowest_of(bucket + 1) - lowest_of(bucket)) / 2;
  }

 private:
  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t inverse_min_ = 0;
  uint64_t max_ = 0;
};

}  // namespace skyhop::dataplane
