// The anti-replay window (RFC 4303 3.4.3 and appendix A2): which of the newest sequence numbers
// came.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace skyhop::dataplane::ipsec {

/// One writer. A window of no packets takes everything.
class ReplayWindow {
 public:
  /// `extended`: of 64 bits, of which packets carry the low half. `newest`: came already, as all
  /// before it.
  ReplayWindow(uint32_t packets, bool extended, uint64_t newest)
      : packets_(packets),
        is_extended_(extended),
        newest_(newest),
        words_(packets == 0 ? 0 : std::bit_ceil(packets / kBits + 2)) {}

  /// An authentic packet came with this number. False: it came before, or is behind the window.
  bool take(uint32_t low) {
    if (packets_ == 0) return true;
    const uint64_t number = is_extended_ ? extend(low) : low;
    if (number > newest_) {
      const uint64_t first = newest_ / kBits + 1;
      const uint64_t last = number / kBits;
      const uint64_t fresh = std::min<uint64_t>(last - first + 1, words_.size());
      for (uint64_t i = 0; i < fresh; ++i) word(last - i) = 0;
      newest_ = number;
    } else if (newest_ - number >= packets_) {
      return false;
    }
    const uint64_t bit = uint64_t{1} << (number % kBits);
    uint64_t& seen = word(number / kBits);
    const bool is_new = (seen & bit) == 0;
    seen |= bit;
    return is_new;
  }

 private:
  static constexpr uint32_t kBits = 64;

  /// The number near the window that ends in these 32 bits (A2.2).
  [[nodiscard]] uint64_t extend(uint32_t low) const {
    const auto newest_low = static_cast<uint32_t>(newest_);
    const uint64_t high = newest_ >> kBits / 2;
    const uint32_t bottom = newest_low - packets_ + 1;
    const bool is_in_one = newest_low >= packets_ - 1;
    const uint64_t turn =
        is_in_one ? (low >= bottom ? high : high + 1) : (low >= bottom ? high - 1 : high);
    return turn << kBits / 2 | low;
  }
  uint64_t& word(uint64_t n) { return words_[n & (words_.size() - 1)]; }

  uint32_t packets_;
  bool is_extended_;
  uint64_t newest_;
  std::vector<uint64_t> words_;
};

}  // namespace skyhop::dataplane::ipsec
