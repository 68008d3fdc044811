// A router's forwarding table: longest prefix -> next-hop group.
//
// The rule: one table per router, written by the control thread alone and read by workers without
// locks under QSBR. Our choice: DPDK's rte_lpm (DIR-24-8), one memory access for prefixes up to /24
// and two beyond. It refuses /0, so the default route stands beside the table and is given to every
// look-up as the value for a miss.
#pragma once

#include <rte_lpm.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>

#include "lpm/address.h"
#include "lpm/error.h"
#include "lpm/next_hop_group.h"

struct rte_rcu_qsbr;

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

struct RteLpmOptions {
  uint32_t max_rules = 1u << 16;
  uint32_t max_tbl8 = 1u << 10;  ///< one per /24 that holds prefixes longer than /24
};

/// rte_lpm behind the interface; `raw()` and `default_group()` are for the workers' inlined loop.
class RteLpmTable final : public ForwardingTable {
 public:
  /// EAL must run. `name` is unique in the process and at most 27 octets long. With `qsbr` a freed
  /// tbl8 is reused only after all workers reported a quiescent state, so a full table may take
  /// another route a little later. Fails when memory is short.
  static Result<std::unique_ptr<RteLpmTable>> create(const std::string& name,
                                                     const RteLpmOptions& options,
                                                     rte_rcu_qsbr* qsbr);
  ~RteLpmTable() override;

  Result<void> set(Ipv4Prefix prefix, GroupId group) override;
  bool erase(Ipv4Prefix prefix) override;
  [[nodiscard]] GroupId lookup(Ipv4Address destination) const override;
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override;
  [[nodiscard]] size_t size() const override { return prefixes_.size() + (has_default_ ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;

  [[nodiscard]] const rte_lpm* raw() const { return lpm_; }
  [[nodiscard]] GroupId default_group() const {
    return default_group_.load(std::memory_order_relaxed);
  }

 private:
  RteLpmTable(rte_lpm* lpm, const RteLpmOptions& options) : lpm_(lpm), options_(options) {}

  rte_lpm* lpm_;
  RteLpmOptions options_;
  std::atomic<GroupId> default_group_ = kNoRouteGroup;
  bool has_default_ = false;
  // What is in the table, without the default route: rte_lpm could say, but searches linearly.
  std::unordered_set<Ipv4Prefix> prefixes_;
};

}  // namespace skyhop::lpm
