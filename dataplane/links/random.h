// Chance on links: a generator of 64 bits of state, so that a link can afford one for each thing
// that is left to chance. Then what happens to a packet does not depend on what else is asked for.
#pragma once

#include <cstdint>

namespace skyhop::dataplane {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Random {
 public:
  explicit Random(uint64_t seed = 0) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    return mix(state_);
  }
  /// 0 .. bound - 1.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(((next() >> 32) * bound) >> 32); }

  static constexpr uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

 private:
  uint64_t state_;
};

/// A probability to hold a random number against.
class Chance {
 public:
  constexpr Chance() = default;
  /// 0 is never, 1 and more always.
  explicit constexpr Chance(double probability)
      : threshold_(probability <= 0   ? 0
                   : probability >= 1 ? ~uint64_t{0}
                                      : static_cast<uint64_t>(probability * 0x1p64)) {}

  [[nodiscard]] constexpr bool is_never() const { return threshold_ == 0; }
  /// Draws, also when the answer is known: the numbers that follow do not depend on it.
  [[nodiscard]] bool happens(Random& random) const {
    const uint64_t drawn = random.next();
    return drawn < threshold_ || threshold_ == ~uint64_t{0};
  }

 private:
  uint64_t threshold_ = 0;
};

}  // namespace skyhop::dataplane
