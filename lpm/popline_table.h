// A forwarding table of our own: a full Internet table in a look-up of one cache line.
//
// The root is an array with half a cache line for each value of the first 18 bits: a map of the
// next 6 bits and, beside it, the groups of their runs in an octet each (after the ideas of
// Poptrie, Asai and Ohara 2015, whose nodes and leaves are apart). So a destination tells where its
// line is without looking at anything before, and 8 MiB say what DIR-24-8 says in 64. Where that
// does not do (prefixes beyond /24, more than 24 runs, groups from 255 on) the line names a node,
// which has the same shape with entries of 32 bits, and leads further down 6 bits at a time. Small
// tables in large labs have a root of 12 bits that takes 16 KiB.
//
// Behind it stands the writer's own trie, which knows every prefix of each node: a changed node is
// made anew from it and put in with one store, so a reader sees every destination either before or
// after the change. Adding a route costs a microsecond however many there are. Replaced nodes are
// reused after a grace period.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lpm/forwarding_table.h"
#include "lpm/popline_arena.h"
#include "lpm/popline_blocks.h"
#include "lpm/popline_view.h"
#include "lpm/route_trie.h"

namespace skyhop::lpm {

struct PoplineOptions {
  /// From so many routes on the root is the wide one; 0: from the start.
  size_t widen_at = 0;
};

class PoplineTable final : public LiveTable {
 public:
  /// Needs no EAL.
  PoplineTable(const PoplineOptions& options, Qsbr* qsbr);
  ~PoplineTable() override;

  Result<void> set(Ipv4Prefix prefix, GroupId group) override;
  bool erase(Ipv4Prefix prefix) override;
  [[nodiscard]] GroupId lookup(Ipv4Address destination) const override;
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override;
  [[nodiscard]] size_t size() const override { return trie_.routes() + (has_default() ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;
  void for_each(const Visitor& visit) const override;
  void tidy() override;

  /// What view() leads to now.
  [[nodiscard]] const popline::View& popline_view() const { return *current_view_; }
  [[nodiscard]] bool is_wide() const { return blocks_.has_value(); }

 private:
  using Node = TrieNode;  // its data: the first unit of the node that readers see, or 0
  using Step = RouteTrie::Step;
  using Way = RouteTrie::Way;

  [[nodiscard]] bool make_room();
  [[nodiscard]] bool has_room() const;
  void reclaim();
  void settle(uint32_t block);
  void widen_root();
  void publish_view();
  void fill_blocks(Node& node, uint32_t depth, uint32_t path, GroupId inherited);
  void paint(const Step& step, uint32_t first_slot, uint32_t slots);
  void put_in_root(uint32_t index, uint32_t entry);
  void repaint_children(const Step& step, uint32_t heap_index, GroupId group);
  void repaint(Node& node, uint32_t depth, uint32_t path, GroupId inherited);
  void render(Node& node, uint32_t depth, uint32_t path, GroupId inherited);
  void publish(const Way& way);
  void patch(const Node& parent, uint32_t slot, uint32_t entry);
  [[nodiscard]] uint32_t take(uint32_t size_class);
  void retire(uint32_t unit);

  [[nodiscard]] uint32_t root_bits() const {
    return is_wide() ? popline::kWideRoot : popline::kNarrowRoot;
  }
  [[nodiscard]] uint32_t* narrow_root() { return reinterpret_cast<uint32_t*>(root_.get()); }
  [[nodiscard]] popline::Blocks::Readers readers() const {
    return limbo_.is_alone() ? popline::Blocks::Readers::none : popline::Blocks::Readers::some;
  }

  PoplineOptions options_;
  popline::Arena arena_;
  Memory root_;                            // narrow, or null
  std::optional<popline::Blocks> blocks_;  // wide
  std::unique_ptr<const popline::View> current_view_;
  RouteTrie trie_;
  size_t live_units_ = 0;
};

}  // namespace skyhop::lpm
