// A forwarding table of our own: a trie of 64-way nodes, each in one cache line.
//
// A look-up loads an entry of the root and then, for each further 6 bits, one line: the entries of
// a node stand beside its map, and runs of equal entries are one (after the idea of Poptrie, Asai
// and Ohara 2015, whose nodes and leaves are apart). A full Internet table takes some 15 MB instead
// of the 64 MiB of DIR-24-8, a small one some kilobytes; adding a route costs a microsecond however
// many there are.
//
// Behind it stands the writer's own trie, which knows every prefix of each node: a changed node is
// made anew from it and put in with one store of 32 bits, so a reader sees every destination either
// before or after the change. Replaced nodes are reused after a grace period.
#pragma once

#include <memory>
#include <vector>

#include "lpm/forwarding_table.h"
#include "lpm/popline_arena.h"
#include "lpm/popline_trie.h"
#include "lpm/popline_view.h"

namespace skyhop::lpm {

class PoplineTable final : public LiveTable {
 public:
  /// With `qsbr` memory that workers may still read is reused only after they reported a quiescent
  /// state; without it there must be no reader beside the writer. Needs no EAL.
  explicit PoplineTable(rte_rcu_qsbr* qsbr);
  ~PoplineTable() override;

  Result<void> set(Ipv4Prefix prefix, GroupId group) override;
  bool erase(Ipv4Prefix prefix) override;
  [[nodiscard]] GroupId lookup(Ipv4Address destination) const override;
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override;
  [[nodiscard]] size_t size() const override { return routes_ + (has_default() ? 1 : 0); }
  [[nodiscard]] size_t bytes() const override;

  /// What view() leads to now.
  [[nodiscard]] const popline::View& popline_view() const { return *current_view_; }

 private:
  using Node = popline::TrieNode;
  /// A node on the way to a prefix.
  struct Step {
    Node* node;
    uint32_t depth;     ///< bits decided above it
    uint32_t path;      ///< their values
    GroupId inherited;  ///< what holds above it
    uint32_t slot;      ///< towards the next step
  };
  using Steps = std::vector<Step>;

  template <typename Missing>
  [[nodiscard]] bool walk(Ipv4Prefix prefix, Missing missing);
  [[nodiscard]] bool make_room();
  [[nodiscard]] bool has_room() const;
  void widen_root();
  void publish_view(popline::Memory replaced_root);
  void fill_root(const Node& node, uint32_t depth, uint32_t path, GroupId inherited);
  void paint(const Step& step, uint32_t first_slot, uint32_t slots);
  void repaint_children(const Step& step, uint32_t heap_index, GroupId group);
  void repaint(Node& node, uint32_t depth, uint32_t path, GroupId inherited);
  void render(Node& node, GroupId inherited);
  void publish();
  void patch(const Node& parent, uint32_t slot, uint32_t entry);
  [[nodiscard]] uint32_t take(uint32_t size_class);
  void retire(uint32_t unit);

  popline::Limbo limbo_;
  popline::Arena arena_;
  popline::Memory root_;
  uint32_t root_bits_;
  std::unique_ptr<const popline::View> current_view_;
  Node trie_;
  size_t routes_ = 0;
  size_t nodes_ = 1;
  size_t live_units_ = 0;
  Steps steps_;  // of the change under way
};

}  // namespace skyhop::lpm
