// DPDK's rte_fib (DIR-24-8 with a trie of routes behind it) as a forwarding table.
#pragma once

#include <memory>
#include <string>

#include "lpm/forwarding_table.h"

struct rte_fib;

namespace skyhop::lpm {

struct RteFibOptions {
  uint32_t max_routes = 1u << 16;
  uint32_t max_tbl8 = 1u << 10;  ///< one per /24 that holds prefixes longer than /24
  enum class NextHop : uint8_t { two_octets, four_octets } next_hop = NextHop::four_octets;
};

/// For measuring and for one thread: rte_fib clears and reuses second-level blocks at once, so a
/// reader beside the writer could see a wrong group. No router of a running lab uses it.
class RteFibTable final : public ForwardingTable {
 public:
  /// EAL must run. `name` is unique in the process. Fails when memory is short.
  static Result<std::unique_ptr<RteFibTable>> create(const std::string& name,
                                                     const RteFibOptions& options);
  ~RteFibTable() override;

  /// Aborts on a group that does not fit: 2^13 - 1 with two octets, 24 bits with four.
  Result<void> set(Ipv4Prefix prefix, GroupId group) override;
  bool erase(Ipv4Prefix prefix) override;
  [[nodiscard]] GroupId lookup(Ipv4Address destination) const override;
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override;
  [[nodiscard]] size_t size() const override { return routes_ + (has_default_ ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;

  /// Looks up with AVX-512 from now on; false when this CPU or build of DPDK cannot.
  bool use_avx512();
  [[nodiscard]] rte_fib* raw() const { return fib_; }

 private:
  RteFibTable(rte_fib* fib, const RteFibOptions& options) : fib_(fib), options_(options) {}
  [[nodiscard]] bool has(Ipv4Prefix prefix) const;
  [[nodiscard]] uint64_t group_limit() const;
  [[nodiscard]] uint64_t long_flag() const { return group_limit(); }
  [[nodiscard]] uint64_t miss() const { return 2 * group_limit(); }
  [[nodiscard]] GroupId group_of(uint64_t next_hop) const {
    return next_hop == miss() ? default_group_
                              : static_cast<GroupId>(next_hop & (group_limit() - 1));
  }

  rte_fib* fib_;
  RteFibOptions options_;
  GroupId default_group_ = kNoRouteGroup;
  bool has_default_ = false;
  size_t routes_ = 0;
};

}  // namespace skyhop::lpm
