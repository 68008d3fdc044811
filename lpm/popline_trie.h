// The writer's side of a PoplineTable: which prefixes there are, node by node.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "lpm/next_hop_group.h"
#include "lpm/popline_view.h"

namespace skyhop::lpm::popline {

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

/// The prefixes that end within six bits, and the nodes below (a tree bitmap, Eatherton 2004).
/// A prefix that has n of the six bits, with the values b, stands at heap index 2^n + b (2..127):
/// its parent there is one bit shorter.
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
  uint32_t data = 0;  // first unit of the node that readers see; 0: it stands in the root
};

}  // namespace skyhop::lpm::popline
