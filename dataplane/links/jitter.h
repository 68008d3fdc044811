// Jitter: what is added to a link's delay, drawn anew for each packet by inverting a distribution
// that is kept as a row of quantiles. On the packet's way there is no arithmetic but a look-up.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/image.h"
#include "dataplane/links/random.h"

namespace skyhop::dataplane {

class Jitter {
 public:
  Jitter() = default;
  Jitter(const JitterSpec& spec, uint64_t hz);

  [[nodiscard]] bool is_none() const { return quantiles_.empty(); }
  /// Cycles; may be negative.
  [[nodiscard]] int64_t draw(Random& random) const {
    if (quantiles_.empty()) return 0;
    const uint64_t drawn = random.next();
    const auto last = static_cast<uint32_t>(quantiles_.size() - 1);
    if (!interpolates_) return quantiles_[((drawn >> 32) * (uint64_t{last} + 1)) >> 32];
    const uint64_t at = (drawn >> 32) * last;  // in 2^-32 quantiles
    const auto index = static_cast<uint32_t>(at >> 32);
    const int64_t low = quantiles_[index], step = quantiles_[index + 1] - low;
    return low + ((step * static_cast<int64_t>((at & 0xffffffff) >> 8)) >> 24);
  }

 private:
  std::vector<int64_t> quantiles_;  ///< cycles, the smallest first
  bool interpolates_ = true;
};

}  // namespace skyhop::dataplane
