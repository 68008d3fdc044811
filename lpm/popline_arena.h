// The memory of a PoplineTable's nodes: units of 16 octets in one array, so that a 26-bit index
// names a node and a vector gather reaches it. What readers may still see is kept until they have
// passed a quiescent state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "lpm/popline_view.h"

struct rte_rcu_qsbr;

namespace skyhop::lpm::popline {

struct FreeMemory {
  void operator()(std::byte* memory) const;
};
/// Aligned for huge pages when it is large enough to have one, and zero.
using Memory = std::unique_ptr<std::byte, FreeMemory>;
[[nodiscard]] Memory allocate(size_t bytes);

/// What was replaced, until no reader holds it.
class Limbo {
 public:
  struct Block {
    uint32_t unit;
    uint32_t size_class;
  };

  explicit Limbo(rte_rcu_qsbr* qsbr) : qsbr_(qsbr) {}

  void add(Block block);
  void add(Memory memory);
  void add(std::unique_ptr<const View> view);
  /// Hands the blocks whose grace period is over to `take`, and frees the rest that is over.
  template <typename Take>
  void reclaim(Take take) {
    seal();
    while (!waiting_.empty() && is_over(waiting_.front())) {
      for (const Block& block : waiting_.front().blocks) take(block);
      waiting_.pop_front();
    }
  }
  /// Waits until every worker that is on line has passed a quiescent state.
  void wait() const;
  [[nodiscard]] bool is_empty() const { return waiting_.empty() && current_.is_empty(); }
  /// Enough has gathered to be worth a look.
  [[nodiscard]] bool is_due() const { return current_.blocks.size() >= kBatch; }

 private:
  static constexpr size_t kBatch = 512;

  struct Batch {
    std::vector<Block> blocks;
    std::vector<Memory> memory;
    std::vector<std::unique_ptr<const View>> views;
    uint64_t token = 0;
    [[nodiscard]] bool is_empty() const {
      return blocks.empty() && memory.empty() && views.empty();
    }
  };

  void seal();
  [[nodiscard]] bool is_over(const Batch& batch) const;

  rte_rcu_qsbr* qsbr_;  // null: there are no other readers
  Batch current_;
  std::deque<Batch> waiting_;
};

/// Blocks of 1, 2, 4, ... 32 units, those of up to 4 within a cache line, larger ones from the
/// start of one.
class Arena {
 public:
  static constexpr uint32_t kClasses = 6;
  static constexpr uint32_t kMaxUnits = kIndex + 1;

  explicit Arena(uint32_t units);

  /// The smallest class that holds so many entries (1..64) and their map.
  [[nodiscard]] static uint32_t class_for(uint32_t entries);
  /// The first unit of a free block; 0: the array is full and must grow.
  [[nodiscard]] uint32_t take(uint32_t size_class);
  void give_back(Limbo::Block block);
  /// Doubles the array; the old one is returned for the readers that still use it.
  [[nodiscard]] Memory grow();

  [[nodiscard]] std::byte* node(uint32_t unit) { return memory_.get() + size_t{unit} * kUnit; }
  [[nodiscard]] const std::byte* base() const { return memory_.get(); }
  [[nodiscard]] uint32_t units() const { return units_; }
  /// Units that were ever taken; the rest of the array is untouched.
  [[nodiscard]] uint32_t high_water() const { return next_; }
  [[nodiscard]] size_t bytes() const { return size_t{units_} * kUnit; }

 private:
  static constexpr uint32_t kLine = 64 / kUnit;

  Memory memory_;
  uint32_t units_;
  uint32_t next_ = kLine;  // unit 0 means none
  std::array<std::vector<uint32_t>, kClasses> free_;
};

}  // namespace skyhop::lpm::popline
