#include "lpm/table_slot.h"

#include <utility>

#include "lpm/popline_table.h"
#include "lpm/rte_lpm_table.h"

namespace skyhop::lpm {

Result<std::unique_ptr<TableSlot>> TableSlot::create(const std::string& name,
                                                     const TablePolicy& policy,
                                                     std::atomic<const TableView*>& place,
                                                     Qsbr* qsbr) {
  std::unique_ptr<TableSlot> slot(new TableSlot(name, policy, place, qsbr));
  // Routes are about to come, nobody knows how many: a table that may move begins as the kind that
  // takes no memory before it has them.
  const TableKind first =
      policy.choice == TableChoice::automatic ? TableKind::popline : policy.kind_for(0);
  auto table = slot->make(first);
  if (!table) return std::unexpected(table.error());
  slot->show(std::move(*table));
  return slot;
}

TableSlot::~TableSlot() = default;

Result<std::unique_ptr<LiveTable>> TableSlot::make(TableKind kind) {
  if (kind == TableKind::rte_lpm) {
    auto table = RteLpmTable::create(name_ + "-" + std::to_string(moves_ % 100), {}, nullptr);
    if (!table) return std::unexpected(table.error());
    return std::move(*table);
  }
  // In a large lab megabytes count; elsewhere the fastest form does.
  constexpr size_t kWideInLargeLab = 65'536;
  return std::make_unique<PoplineTable>(
      PoplineOptions{.widen_at = policy_.is_large_lab() ? kWideInLargeLab : 0}, nullptr);
}

void TableSlot::show(std::unique_ptr<LiveTable> table) {
  if (qsbr_ != nullptr) table->attach(*qsbr_);
  place_.store(&table->view(), std::memory_order_release);
  std::swap(table_, table);
  if (table) limbo_.add(std::shared_ptr<const void>(std::move(table)));
}

Result<void> TableSlot::move_to(TableKind kind) {
  auto next = make(kind);
  if (!next) return std::unexpected(next.error());
  Result<void> filled;
  table_->for_each([&](Ipv4Prefix prefix, GroupId group) {
    if (filled) filled = (*next)->set(prefix, group);
  });
  if (!filled) return filled;
  ++moves_;
  show(std::move(*next));
  return {};
}

Result<void> TableSlot::set(Ipv4Prefix prefix, GroupId group) {
  if (auto set = table_->set(prefix, group); !set) return set;
  if (kind() == TableKind::rte_lpm &&
      policy_.kind_for(table_->size(), kind()) == TableKind::popline) {
    (void)move_to(TableKind::popline);
  }
  return {};
}

bool TableSlot::erase(Ipv4Prefix prefix) { return table_->erase(prefix); }

void TableSlot::tidy() {
  table_->tidy();
  const TableKind wanted = policy_.kind_for(table_->size(), kind());
  if (wanted != kind() && !lacks_memory_) lacks_memory_ = !move_to(wanted);
  if (!limbo_.is_empty()) limbo_.reclaim([](Limbo::Item) {});
}

std::string TableSlot::why() const {
  if (lacks_memory_ && kind() == TableKind::popline) {
    return "auto: EAL has no memory for another rte_lpm";
  }
  return policy_.why(kind(), table_->size());
}

}  // namespace skyhop::lpm
