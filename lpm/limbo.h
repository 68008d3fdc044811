// What a writer replaced, until no reader holds it any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace skyhop::lpm {

class Qsbr;

/// Grace periods for one table. Only the control thread calls this.
class Limbo {
 public:
  /// A number of the table's own, with a kind of its own.
  struct Item {
    uint32_t index;
    uint32_t kind;
  };

  /// Null: there are no readers, and every grace period is over at once.
  explicit Limbo(Qsbr* qsbr) : qsbr_(qsbr) {}
  /// From now on there may be readers.
  void attach(Qsbr& qsbr) { qsbr_ = &qsbr; }

  void add(Item item) { current_.items.push_back(item); }
  /// Lets go of something when the grace period is over.
  void add(std::shared_ptr<const void> object) { current_.objects.push_back(std::move(object)); }

  /// Begins a grace period for what was added since the last, and hands over what is through one.
  template <typename Take>
  void reclaim(Take&& take) {
    seal();
    while (!waiting_.empty() && is_over(waiting_.front())) {
      const Batch batch = std::move(waiting_.front());
      waiting_.pop_front();
      for (const Item& item : batch.items) take(item);
    }
  }
  /// Waits until every worker that is on line has passed a quiescent state.
  void wait() const;
  [[nodiscard]] bool is_empty() const { return waiting_.empty() && current_.is_empty(); }
  /// Enough has gathered to be worth a look.
  [[nodiscard]] bool is_due() const { return current_.items.size() >= kBatch; }
  /// Nobody can be reading now or before the writer returns.
  [[nodiscard]] bool is_alone() const;

 private:
  static constexpr size_t kBatch = 512;

  struct Batch {
    std::vector<Item> items;
    std::vector<std::shared_ptr<const void>> objects;
    uint64_t grace_period = 0;
    [[nodiscard]] bool is_empty() const { return items.empty() && objects.empty(); }
  };

  void seal();
  [[nodiscard]] bool is_over(const Batch& batch) const;

  Qsbr* qsbr_;
  Batch current_;
  std::deque<Batch> waiting_;
};

}  // namespace skyhop::lpm
