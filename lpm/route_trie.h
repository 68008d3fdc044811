// Every route of one table as its writer knows them: which prefixes there are, and what covers
// what. A tree bitmap (Eatherton 2004) of nodes that decide six bits each, so that a route is found
// in at most six steps however many there are.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "lpm/address.h"
#include "lpm/next_hop_group.h"

namespace skyhop::lpm {

/// An array that is just as long as its owner knows it to be.
template <typename T>
  requires std::is_trivially_copyable_v<T>
class PackedArray {
 public:
  PackedArray() = default;
  ~PackedArray() { std::free(items_); }
  PackedArray(const PackedArray&) = delete;
  PackedArray& operator=(const PackedArray&) = delete;

  T& operator[](uint32_t i) { return items_[i]; }
  const T& operator[](uint32_t i) const { return items_[i]; }
  /// `count` is the length before.
  void insert(uint32_t at, uint32_t count, T item) {
    auto* larger = static_cast<T*>(std::realloc(items_, (count + 1) * sizeof(T)));
    if (larger == nullptr) throw std::bad_alloc();
    items_ = larger;
    std::memmove(items_ + at + 1, items_ + at, (count - at) * sizeof(T));
    items_[at] = item;
  }
  void erase(uint32_t at, uint32_t count) {
    std::memmove(items_ + at, items_ + at + 1, (count - at - 1) * sizeof(T));
  }

 private:
  T* items_ = nullptr;
};

/// The prefixes that end within six bits, and the nodes below. A prefix that has n of the six bits,
/// with the values b, stands at heap index 2^n + b (2..127): its parent there is one bit shorter.
struct TrieNode {
  TrieNode() = default;
  ~TrieNode() {
    for (uint32_t i = 0; i < child_count(); ++i) delete child_array[i];
  }
  TrieNode(const TrieNode&) = delete;
  TrieNode& operator=(const TrieNode&) = delete;

  [[nodiscard]] bool has(uint32_t index) const { return (prefixes[index / 64] >> index % 64) & 1; }
  [[nodiscard]] uint32_t rank(uint32_t index) const {
    const uint64_t below = (uint64_t{1} << index % 64) - 1;
    return static_cast<uint32_t>(index < 64 ? std::popcount(prefixes[0] & below)
                                            : std::popcount(prefixes[0]) +
                                                  std::popcount(prefixes[1] & below));
  }
  [[nodiscard]] uint32_t prefix_count() const {
    return static_cast<uint32_t>(std::popcount(prefixes[0]) + std::popcount(prefixes[1]));
  }
  [[nodiscard]] GroupId& group(uint32_t index) { return groups[rank(index)]; }
  [[nodiscard]] GroupId group(uint32_t index) const { return groups[rank(index)]; }
  /// The index of the longest prefix at or above the index; 0: none in this node.
  [[nodiscard]] uint32_t longest_at(uint32_t index) const {
    while (index > 1 && !has(index)) index /= 2;
    return index > 1 ? index : 0;
  }
  [[nodiscard]] uint32_t longest_of_slot(uint32_t slot) const { return longest_at(64 + slot); }
  [[nodiscard]] GroupId group_at(uint32_t index, GroupId inherited) const {
    const uint32_t longest = longest_at(index);
    return longest == 0 ? inherited : group(longest);
  }
  void add(uint32_t index, GroupId group) {
    groups.insert(rank(index), prefix_count(), group);
    prefixes[index / 64] |= uint64_t{1} << index % 64;
  }
  void remove(uint32_t index) {
    groups.erase(rank(index), prefix_count());
    prefixes[index / 64] &= ~(uint64_t{1} << index % 64);
  }

  [[nodiscard]] uint32_t child_count() const {
    return static_cast<uint32_t>(std::popcount(children));
  }
  [[nodiscard]] uint32_t child_rank(uint32_t slot) const {
    return static_cast<uint32_t>(std::popcount(children & ((uint64_t{1} << slot) - 1)));
  }
  [[nodiscard]] TrieNode* child(uint32_t slot) const {
    return (children >> slot) & 1 ? child_array[child_rank(slot)] : nullptr;
  }
  void add_child(uint32_t slot, TrieNode* node) {
    child_array.insert(child_rank(slot), child_count(), node);
    children |= uint64_t{1} << slot;
  }
  void remove_child(uint32_t slot) {
    child_array.erase(child_rank(slot), child_count());
    children &= ~(uint64_t{1} << slot);
  }
  [[nodiscard]] bool is_empty() const { return (prefixes[0] | prefixes[1]) == 0 && children == 0; }

  /// What each of the 64 slots says where there is no child.
  [[nodiscard]] std::array<GroupId, 128> values(GroupId inherited) const {
    std::array<GroupId, 128> all;
    all[1] = inherited;
    uint32_t next = 0;
    for (uint32_t index = 2; index < 128; ++index) {
      all[index] = has(index) ? groups[next++] : all[index / 2];
    }
    return all;  // of the slots from 64 on
  }

  std::array<uint64_t, 2> prefixes{};  // by heap index
  uint64_t children = 0;               // by slot
  PackedArray<GroupId> groups;
  PackedArray<TrieNode*> child_array;
  uint32_t data = 0;  // the table's own
};

class RouteTrie {
 public:
  static constexpr uint32_t kStride = 6;

  /// `nothing` is what holds where no prefix matches.
  explicit RouteTrie(GroupId nothing) : nothing_(nothing) {}

  /// A node on the way to a prefix.
  struct Step {
    TrieNode* node;
    uint32_t depth;     ///< bits decided above it
    uint32_t path;      ///< their values
    GroupId inherited;  ///< what holds above it
    uint32_t slot;      ///< towards the next step
  };
  /// From the root to the node that holds the prefix. Valid until the next walk.
  using Way = std::vector<Step>;

  [[nodiscard]] static uint32_t slot_of(uint32_t address, uint32_t depth) {
    return (address << depth) >> 26;
  }
  /// Where a prefix stands in its node.
  [[nodiscard]] static uint32_t index_of(Ipv4Prefix prefix, uint32_t depth) {
    const uint32_t bits = prefix.length() - depth;  // 1..6
    return (1u << bits) | ((prefix.address().value() << depth) >> (32 - bits));
  }
  /// Slots under a heap index: the first and how many.
  [[nodiscard]] static std::pair<uint32_t, uint32_t> slots_under(uint32_t index) {
    const auto bits = static_cast<uint32_t>(std::bit_width(index)) - 1;
    return {(index << (kStride - bits)) - 64, 1u << (kStride - bits)};
  }

  /// The way to a prefix of length 1..32; nodes that are missing are made.
  Way& make_way(Ipv4Prefix prefix) {
    walk(prefix, [this](TrieNode& parent, uint32_t slot) {
      auto* child = new TrieNode;
      parent.add_child(slot, child);
      ++nodes_;
      return child;
    });
    return way_;
  }
  /// The same without making any; null when a node is missing.
  [[nodiscard]] Way* find_way(Ipv4Prefix prefix) {
    const auto none = [](TrieNode&, uint32_t) -> TrieNode* { return nullptr; };
    return walk(prefix, none) ? &way_ : nullptr;
  }

  enum class Change : uint8_t { none, replaced, added };
  /// Sets the prefix at this index of a way's last node.
  Change set(TrieNode& node, uint32_t index, GroupId group) {
    if (!node.has(index)) {
      node.add(index, group);
      ++routes_;
      return Change::added;
    }
    return std::exchange(node.group(index), group) == group ? Change::none : Change::replaced;
  }
  void remove(TrieNode& node, uint32_t index) {
    node.remove(index);
    --routes_;
  }
  /// Takes empty nodes off the end of a way; `gone` sees each before it is deleted.
  template <typename Visitor>
  void prune(Way& way, Visitor&& gone) {
    while (way.size() > 1 && way.back().node->is_empty()) {
      TrieNode* node = way.back().node;
      way.pop_back();
      way.back().node->remove_child(way.back().slot);
      gone(*node);
      delete node;
      --nodes_;
    }
  }

  struct Cover {
    GroupId group;
    uint8_t length;
  };
  /// The longest prefix at or above this index of the way's last node.
  [[nodiscard]] static std::optional<Cover> cover(const Way& way, uint32_t index) {
    for (size_t k = way.size(); k-- > 0;) {
      const Step& step = way[k];
      const uint32_t longest = step.node->longest_at(k + 1 == way.size() ? index : 64 + step.slot);
      if (longest == 0) continue;
      const auto bits = static_cast<uint32_t>(std::bit_width(longest)) - 1;
      return Cover{step.node->group(longest), static_cast<uint8_t>(step.depth + bits)};
    }
    return {};
  }

  [[nodiscard]] const TrieNode& root() const { return root_; }
  [[nodiscard]] TrieNode& root() { return root_; }
  [[nodiscard]] size_t routes() const { return routes_; }
  [[nodiscard]] size_t bytes() const {
    return nodes_ * (sizeof(TrieNode) + sizeof(TrieNode*)) + routes_ * sizeof(GroupId);
  }

  /// Visits every prefix and its group.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    visit_node(root_, 0, 0, visit);
  }

 private:
  template <typename Missing>
  bool walk(Ipv4Prefix prefix, Missing missing) {
    const uint32_t address = prefix.address().value();
    way_.clear();
    way_.push_back({&root_, 0, 0, nothing_, 0});
    while (prefix.length() > way_.back().depth + kStride) {
      Step& step = way_.back();
      step.slot = slot_of(address, step.depth);
      TrieNode* child = step.node->child(step.slot);
      if (child == nullptr) child = missing(*step.node, step.slot);
      if (child == nullptr) return false;
      const GroupId inherited = step.node->group_at(64 + step.slot, step.inherited);
      const uint32_t depth = step.depth + kStride;
      way_.push_back({child, depth, address >> (32 - depth), inherited, 0});
    }
    return true;
  }

  template <typename Visitor>
  static void visit_node(const TrieNode& node, uint32_t depth, uint32_t path, Visitor& visit) {
    uint32_t next = 0;
    for (uint32_t index = 2; index < 128; ++index) {
      if (!node.has(index)) continue;
      const auto bits = static_cast<uint32_t>(std::bit_width(index)) - 1;
      const uint32_t length = depth + bits;
      const uint32_t value = (path << bits) | (index - (1u << bits));
      visit(Ipv4Prefix(Ipv4Address(value << (32 - length)), static_cast<uint8_t>(length)),
            node.groups[next++]);
    }
    for (uint32_t slot = 0; slot < 64; ++slot) {
      if (const TrieNode* child = node.child(slot)) {
        visit_node(*child, depth + kStride, (path << kStride) | slot, visit);
      }
    }
  }

  GroupId nothing_;
  TrieNode root_;
  size_t nodes_ = 1;
  size_t routes_ = 0;
  Way way_;
};

}  // namespace skyhop::lpm
