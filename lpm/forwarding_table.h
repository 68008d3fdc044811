// A router's forwarding table: longest prefix -> next-hop group.
//
// The rule: one table per router, written by the control thread alone and read by workers without
// locks under QSBR. Some engines refuse /0, so the default route stands beside every table and is
// given to each look-up as the value for a miss.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "lpm/address.h"
#include "lpm/error.h"
#include "lpm/limbo.h"
#include "lpm/table_view.h"

namespace skyhop::lpm {

/// What every kind of table does. Groups are 24 bits. Only the control thread calls this.
class ForwardingTable {
 public:
  virtual ~ForwardingTable() = default;
  ForwardingTable() = default;
  ForwardingTable(const ForwardingTable&) = delete;
  ForwardingTable& operator=(const ForwardingTable&) = delete;

  /// Adds the prefix or replaces its group. /0 sets the default route. Fails, and changes nothing,
  /// when out of space.
  virtual Result<void> set(Ipv4Prefix prefix, GroupId group) = 0;
  /// Removes the prefix; false when it is not there.
  virtual bool erase(Ipv4Prefix prefix) = 0;
  /// Longest match, kNoRouteGroup when nothing matches.
  [[nodiscard]] virtual GroupId lookup(Ipv4Address destination) const = 0;
  /// The same for many destinations (host byte order); sizes are equal.
  virtual void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const = 0;
  [[nodiscard]] virtual size_t size() const = 0;
  /// Memory that it takes, with what only the control thread reads of it.
  [[nodiscard]] virtual size_t bytes() const = 0;
};

/// A table that workers may read while it changes. With a Qsbr memory that they may still read is
/// reused only after they reported a quiescent state; without one there must be no reader beside
/// the writer.
class LiveTable : public ForwardingTable {
 public:
  using Visitor = std::function<void(Ipv4Prefix, GroupId)>;
  /// Every route, the default route among them, in any order.
  virtual void for_each(const Visitor& visit) const = 0;
  /// Does what had to wait for readers, as far as they have moved on. To be called now and then.
  virtual void tidy() = 0;
  /// Workers may read a table that was made without a Qsbr from now on. Once.
  void attach(Qsbr& qsbr) { limbo_.attach(qsbr); }

  /// For the workers' inlined look-ups (dataplane/stages/lookup.h).
  [[nodiscard]] const TableView& view() const { return view_; }
  [[nodiscard]] GroupId default_group() const {
    return view_.default_group.load(std::memory_order_relaxed);
  }

 protected:
  LiveTable(TableKind kind, Qsbr* qsbr) : view_(kind), limbo_(qsbr) {}

  void set_default(GroupId group) {
    has_default_ = true;
    view_.default_group.store(group, std::memory_order_release);
  }
  bool erase_default() {
    view_.default_group.store(kNoRouteGroup, std::memory_order_release);
    return std::exchange(has_default_, false);
  }
  [[nodiscard]] bool has_default() const { return has_default_; }

  TableView view_;
  Limbo limbo_;

 private:
  bool has_default_ = false;
};

}  // namespace skyhop::lpm
