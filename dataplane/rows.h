// Sets of rows of the pass table: what routers, links and ports hand to each other.
//
// A set is a bit per row. Its order is that of the rows, and what it costs depends on the highest
// row that it ever held.
#pragma once

#include <cstdint>

#define SKYHOP_INLINE [[gnu::always_inline]] inline

namespace skyhop::dataplane {

/// Packets taken in by one pass at most.
inline constexpr uint32_t kMaxBurst = 256;
/// Packets inside one pass at most: the burst, what links and routers add to it, and the fragments
/// that a small MTU makes of them.
inline constexpr uint32_t kRows = 1024;

class RowSet {
 public:
  RowSet() = default;
  SKYHOP_INLINE RowSet(const RowSet& other) : used_(other.used_) {
    for (uint32_t i = 0; i < used_; ++i) words_[i] = apart(other.words_[i]);
  }
  SKYHOP_INLINE RowSet& operator=(const RowSet& other) {
    if (this == &other) return *this;
    clear();
    *this |= other;
    return *this;
  }

  SKYHOP_INLINE void clear() {
    for (uint32_t i = 0; i < used_; ++i) words_[i] = apart(0);
    used_ = 0;
  }
  [[nodiscard]] SKYHOP_INLINE bool is_empty() const {
    uint64_t any = 0;
    for (uint32_t i = 0; i < used_; ++i) any |= apart(words_[i]);
    return any == 0;
  }
  [[nodiscard]] SKYHOP_INLINE uint32_t count() const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < used_; ++i) {
      sum += static_cast<uint64_t>(__builtin_popcountll(apart(words_[i])));
    }
    return static_cast<uint32_t>(sum);
  }
  /// The set is not empty.
  [[nodiscard]] SKYHOP_INLINE uint32_t first() const {
    uint32_t i = 0;
    while (words_[i] == 0) ++i;
    return i * 64 + static_cast<uint32_t>(__builtin_ctzll(words_[i]));
  }
  [[nodiscard]] SKYHOP_INLINE bool contains(uint32_t row) const {
    return ((words_[row / 64] >> (row % 64)) & 1) != 0;
  }
  SKYHOP_INLINE void add(uint32_t row) {
    use(row / 64 + 1);
    words_[row / 64] |= uint64_t{1} << (row % 64);
  }
  SKYHOP_INLINE void add_sixteen(uint32_t first) {
    constexpr uint64_t kSixteen = 0xffff;
    const uint32_t at = first % 64;
    use((first + 15) / 64 + 1);
    words_[first / 64] |= kSixteen << at;
    if (at > 48) words_[first / 64 + 1] |= kSixteen >> (64 - at);
  }
  SKYHOP_INLINE void remove(uint32_t row) { words_[row / 64] &= ~(uint64_t{1} << (row % 64)); }
  SKYHOP_INLINE RowSet& operator|=(const RowSet& other) {
    use(other.used_);
    for (uint32_t i = 0; i < other.used_; ++i) words_[i] = apart(words_[i] | other.words_[i]);
    return *this;
  }

  /// Takes out the rows that pick(i) has bits for among the 64 from 64 i on.
  template <typename F>
  SKYHOP_INLINE RowSet take(F pick) {
    RowSet taken;
    taken.used_ = used_;
    for (uint32_t i = 0; i < used_; ++i) {
      const uint64_t mine = words_[i] & pick(i);
      taken.words_[i] = apart(mine);
      words_[i] = apart(words_[i] ^ mine);
    }
    return taken;
  }

  /// Calls f(row) in order. The row itself may be removed meanwhile.
  template <typename F>
  SKYHOP_INLINE void for_each(F f) const {
    for (uint32_t i = 0; i < used_; ++i) {
      for (uint64_t bits = words_[i]; bits != 0; bits &= bits - 1) {
        f(i * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
      }
    }
  }
  /// Calls f(first row, bits) for every sixteen rows of which the set holds some. Any of these may
  /// be removed meanwhile.
  template <typename F>
  SKYHOP_INLINE void for_each_sixteen(F f) const {
    for (uint32_t first = 0; first < used_ * 64; first += 16) {
      uint16_t mine;
      __builtin_memcpy(&mine, reinterpret_cast<const char*>(words_) + first / 8, sizeof mine);
      if (mine != 0) f(first, uint32_t{mine});
    }
  }

  friend bool operator==(const RowSet& a, const RowSet& b) {
    for (uint32_t i = 0; i < kWords; ++i) {
      if (a.words_[i] != b.words_[i]) return false;
    }
    return true;
  }

 private:
  static constexpr uint32_t kWords = kRows / 64;

  SKYHOP_INLINE void use(uint32_t words) { used_ = used_ < words ? words : used_; }
  /// Keeps a word in a register of its own. Sets are written and read word by word, soon after each
  /// other: a vector load would have to wait until all the stores it spans have left the pipeline.
  [[nodiscard]] SKYHOP_INLINE static uint64_t apart(uint64_t word) {
    asm("" : "+r"(word));
    return word;
  }

  uint32_t used_ = 0;  ///< words; the others are zero
  uint64_t words_[kWords] = {};
};

}  // namespace skyhop::dataplane
