// A router's table and its replacement by another of the other kind while workers look up in it.
//
// The rule: what workers read is replaced whole. Our choice: the new table is built beside the old
// one, shown by one store of a pointer, and the old one is freed when every worker has been
// quiescent since. A burst sees one of the two, and both say the same.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "lpm/forwarding_table.h"
#include "lpm/limbo.h"
#include "lpm/table_choice.h"

namespace skyhop::lpm {

class Qsbr;

class TableSlot {
 public:
  /// EAL must run. `name` is unique in the process and at most 24 octets long; `place` is what
  /// workers read. Fails when memory is short.
  static Result<std::unique_ptr<TableSlot>> create(const std::string& name,
                                                   const TablePolicy& policy,
                                                   std::atomic<const TableView*>& place,
                                                   Qsbr* qsbr);
  ~TableSlot();
  TableSlot(const TableSlot&) = delete;
  TableSlot& operator=(const TableSlot&) = delete;

  /// A table that has grown too large for its kind moves at once, while that takes milliseconds.
  Result<void> set(Ipv4Prefix prefix, GroupId group);
  bool erase(Ipv4Prefix prefix);
  /// Moves a table that is of the wrong kind for its size, and lets go of what waited for readers.
  void tidy();

  [[nodiscard]] const LiveTable& table() const { return *table_; }
  [[nodiscard]] TableKind kind() const { return table_->view().kind; }
  [[nodiscard]] std::string why() const;
  [[nodiscard]] uint32_t moves() const { return moves_; }

 private:
  TableSlot(std::string name, const TablePolicy& policy, std::atomic<const TableView*>& place,
            Qsbr* qsbr)
      : name_(std::move(name)), policy_(policy), place_(place), qsbr_(qsbr), limbo_(qsbr) {}

  [[nodiscard]] Result<std::unique_ptr<LiveTable>> make(TableKind kind);
  Result<void> move_to(TableKind kind);
  void show(std::unique_ptr<LiveTable> table);

  std::string name_;
  TablePolicy policy_;
  std::atomic<const TableView*>& place_;
  Qsbr* qsbr_;
  Limbo limbo_;
  std::unique_ptr<LiveTable> table_;
  uint32_t moves_ = 0;
  bool lacks_memory_ = false;  // for rte_lpm; not asked for again
};

}  // namespace skyhop::lpm
