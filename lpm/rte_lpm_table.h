// DPDK's rte_lpm (DIR-24-8): one memory access for prefixes up to /24 and two beyond.
#pragma once

#include <rte_lpm.h>

#include <memory>
#include <string>
#include <unordered_set>

#include "lpm/forwarding_table.h"

struct rte_rcu_qsbr;

namespace skyhop::lpm {

struct RteLpmOptions {
  uint32_t max_rules = 1u << 16;
  uint32_t max_tbl8 = 1u << 10;  ///< one per /24 that holds prefixes longer than /24
};

class RteLpmTable final : public LiveTable {
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
  [[nodiscard]] size_t size() const override { return prefixes_.size() + (has_default() ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;

 private:
  RteLpmTable(rte_lpm* lpm, const RteLpmOptions& options)
      : LiveTable(TableKind::rte_lpm), lpm_(lpm), options_(options) {
    view_.lpm = lpm;
  }

  rte_lpm* lpm_;
  RteLpmOptions options_;
  // What is in the table, without the default route: rte_lpm could say, but searches linearly.
  std::unordered_set<Ipv4Prefix> prefixes_;
};

}  // namespace skyhop::lpm
