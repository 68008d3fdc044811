// Sets of rows of the pass table: what routers, links and ports hand to each other.
//
// A set is a bit per row, in one cache line, whatever it holds. Its order is that of the rows.
#pragma once

#include <cstdint>

#define SKYHOP_INLINE [[gnu::always_inline]] inline

namespace skyhop::dataplane {

/// Packets taken in by one pass at most.
inline constexpr uint32_t kMaxBurst = 256;
/// Packets inside one pass at most: the burst, what links and routers add to it, and the fragments
/// that a small MTU makes of them.
inline constexpr uint32_t kRows = 512;

class alignas(64) RowSet {
 public:
  static constexpr uint32_t kWords = kRows / 64;

  RowSet() = default;
  SKYHOP_INLINE RowSet(const RowSet& other) { *this = other; }
  SKYHOP_INLINE RowSet& operator=(const RowSet& other) {
    for (uint32_t i = 0; i < kWords; ++i) words_[i] = apart(other.words_[i]);
    return *this;
  }

  [[nodiscard]] SKYHOP_INLINE uint64_t word(uint32_t i) const { return words_[i]; }
  SKYHOP_INLINE void set_word(uint32_t i, uint64_t bits) { words_[i] = bits; }

  [[nodiscard]] SKYHOP_INLINE bool is_empty() const {
    uint64_t any = 0;
    for (uint32_t i = 0; i < kWords; ++i) any |= apart(words_[i]);
    return any == 0;
  }
  [[nodiscard]] SKYHOP_INLINE uint32_t count() const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < kWords; ++i) sum += static_cast<uint64_t>(ones(apart(words_[i])));
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
  SKYHOP_INLINE void add(uint32_t row) { words_[row / 64] |= uint64_t{1} << (row % 64); }
  SKYHOP_INLINE void remove(uint32_t row) { words_[row / 64] &= ~(uint64_t{1} << (row % 64)); }
  SKYHOP_INLINE void add_sixteen(uint32_t first) {
    constexpr uint64_t kSixteen = 0xffff;
    const uint32_t at = first % 64;
    words_[first / 64] |= kSixteen << at;
    if (at > 48) words_[first / 64 + 1] |= kSixteen >> (64 - at);
  }
  SKYHOP_INLINE RowSet& operator|=(const RowSet& other) {
    for (uint32_t i = 0; i < kWords; ++i) words_[i] = apart(words_[i] | other.words_[i]);
    return *this;
  }
  SKYHOP_INLINE RowSet& operator-=(const RowSet& other) {
    for (uint32_t i = 0; i < kWords; ++i) words_[i] = apart(words_[i] & ~other.words_[i]);
    return *this;
  }

  /// Calls f(row) in order. Rows may be removed, and added to another set, while it goes on.
  template <typename F>
  SKYHOP_INLINE void for_each(F f) const {
    for (uint32_t i = 0; i < kWords; ++i) {
      for (uint64_t bits = words_[i]; bits != 0; bits &= bits - 1) {
        f(i * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
      }
    }
  }
  /// Calls f(first row, bits) for every sixteen rows of which the set holds some.
  template <typename F>
  SKYHOP_INLINE void for_each_sixteen(F f) const {
    for (uint32_t i = 0; i < kWords; ++i) {
      uint32_t first = i * 64;
      for (uint64_t bits = words_[i]; bits != 0; bits >>= 16, first += 16) {
        if (const auto mine = static_cast<uint32_t>(bits & 0xffff); mine != 0) f(first, mine);
      }
    }
  }

  friend bool operator==(const RowSet&, const RowSet&) = default;

 private:
  /// Keeps a word in a register of its own. Sets are written and read word by word, soon after each
  /// other: a vector load would have to wait until all the stores it spans have left the pipeline.
  [[nodiscard]] SKYHOP_INLINE static uint64_t apart(uint64_t word) {
    asm("" : "+r"(word));
    return word;
  }
  [[nodiscard]] SKYHOP_INLINE static int ones(uint64_t word) { return __builtin_popcountll(word); }

  uint64_t words_[kWords] = {};
};

}  // namespace skyhop::dataplane
