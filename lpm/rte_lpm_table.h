// DPDK's rte_lpm (DIR-24-8): one memory access for prefixes up to /24 and two beyond.
//
// The rule: rte_lpm's look-ups read two tables whose format its header lays open. Our choice: the
// object is rte_lpm's own, made by rte_lpm_create() and read by rte_lpm_lookup() and its vector
// forms, but its entries are written here. rte_lpm_add() searches all rules of a length for every
// one it adds, so loading is quadratic, and the number of second-level blocks (tbl8) is fixed for
// good; a trie beside the table tells the same in a few steps, and more blocks are made when they
// are needed. The tests hold every entry against what rte_lpm_add() and rte_lpm_delete() would
// leave.
#pragma once

#include <rte_lpm.h>

#include <memory>
#include <string>
#include <vector>

#include "lpm/forwarding_table.h"
#include "lpm/route_trie.h"

namespace skyhop::lpm {

struct RteLpmOptions {
  uint32_t first_tbl8 = 256;     ///< blocks that it begins with
  uint32_t max_tbl8 = 1u << 16;  ///< one per /24 that holds longer prefixes
};

class RteLpmTable final : public LiveTable {
 public:
  /// EAL must run. `name` is unique in the process and at most 27 octets long. Fails when memory is
  /// short.
  static Result<std::unique_ptr<RteLpmTable>> create(const std::string& name,
                                                     const RteLpmOptions& options, Qsbr* qsbr);
  ~RteLpmTable() override;

  /// Waits for the workers when it is short of blocks.
  Result<void> set(Ipv4Prefix prefix, GroupId group) override;
  bool erase(Ipv4Prefix prefix) override;
  [[nodiscard]] GroupId lookup(Ipv4Address destination) const override;
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override;
  [[nodiscard]] size_t size() const override { return trie_.routes() + (has_default() ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;
  void for_each(const Visitor& visit) const override;
  void tidy() override;

  /// What DPDK takes for one table, with so many second-level blocks.
  [[nodiscard]] static size_t bytes_for(uint32_t tbl8);

 private:
  RteLpmTable(rte_lpm* lpm, const RteLpmOptions& options, Qsbr* qsbr);

  using Word = uint32_t;  // an rte_lpm_tbl_entry
  [[nodiscard]] Word* tbl24() const { return reinterpret_cast<Word*>(lpm_->tbl24); }
  [[nodiscard]] Word* block(uint32_t number) const {
    return reinterpret_cast<Word*>(lpm_->tbl8) + size_t{number} * RTE_LPM_TBL8_GROUP_NUM_ENTRIES;
  }
  [[nodiscard]] Result<uint32_t> take_block();
  [[nodiscard]] bool more_blocks();
  void reclaim();
  template <typename Change>
  void for_entries(Ipv4Prefix prefix, Change change);

  rte_lpm* lpm_;
  RteLpmOptions options_;
  RouteTrie trie_;
  uint32_t blocks_;                    // that there is memory for
  uint32_t untouched_ = 0;             // the first of those never taken
  std::vector<uint32_t> free_;         // taken before
  std::vector<uint16_t> long_routes_;  // beyond /24, by block
};

}  // namespace skyhop::lpm
