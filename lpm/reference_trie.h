// Longest-prefix match as one would write it on paper: a binary trie with one-way branches cut out.
//
// The control side keeps its RIBs in it; the tests hold the fast tables against it. One thread
// only.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "lpm/address.h"

namespace skyhop::lpm {

/// A map from prefixes to values that also answers "which is the longest prefix of this address".
/// Every operation visits at most 33 nodes. Pointers to entries hold until their entry is erased.
template <typename T>
class ReferenceTrie {
 public:
  using Entry = std::pair<const Ipv4Prefix, T>;

  /// Adds the prefix or replaces its value.
  T& set(Ipv4Prefix prefix, T value) {
    std::optional<Entry>& entry = node_for(prefix).entry;
    if (!entry) ++size_;
    entry.emplace(prefix, std::move(value));
    return entry->second;
  }

  /// The value of exactly this prefix, default-made if there is none.
  T& operator[](Ipv4Prefix prefix) {
    std::optional<Entry>& entry = node_for(prefix).entry;
    if (!entry) {
      entry.emplace(prefix, T{});
      ++size_;
    }
    return entry->second;
  }

  /// Removes exactly this prefix; false when it is not there.
  bool erase(Ipv4Prefix prefix) {
    Link* parent = nullptr;
    Link* link = &root_;
    while (*link && (*link)->prefix != prefix) {
      if (!is_above((*link)->prefix, prefix)) return false;
      parent = link;
      link = &(*link)->child_towards(prefix);
    }
    if (!*link || !(*link)->entry) return false;
    (*link)->entry.reset();
    --size_;
    splice_out(*link);
    if (parent != nullptr) splice_out(*parent);  // a fork with one branch left
    return true;
  }

  void clear() {
    root_.reset();
    size_ = 0;
  }

  /// The longest prefix that contains the address, nullptr when none does.
  [[nodiscard]] const Entry* lookup(Ipv4Address address) const {
    const Entry* best = nullptr;
    for_each_covering(Ipv4Prefix::host(address), [&best](const Entry& entry) { best = &entry; });
    return best;
  }

  /// The value of exactly this prefix, nullptr when it is not there.
  [[nodiscard]] const T* find(Ipv4Prefix prefix) const {
    const Node* node = root_.get();
    while (node != nullptr && is_above(node->prefix, prefix)) {
      node = node->child_towards(prefix).get();
    }
    return node != nullptr && node->prefix == prefix && node->entry ? &node->entry->second
                                                                    : nullptr;
  }
  [[nodiscard]] T* find(Ipv4Prefix prefix) {
    return const_cast<T*>(std::as_const(*this).find(prefix));
  }

  /// Visits the entries that contain `prefix`, itself included, shortest first.
  template <typename Visitor>
  void for_each_covering(Ipv4Prefix prefix, Visitor&& visit) const {
    const Node* node = root_.get();
    while (node != nullptr && node->prefix.contains(prefix)) {
      if (node->entry) visit(*node->entry);
      if (node->prefix.length() == prefix.length()) return;
      node = node->child_towards(prefix).get();
    }
  }

  /// Visits the entries that `prefix` contains, itself included, in the order of for_each.
  template <typename Visitor>
  void for_each_within(Ipv4Prefix prefix, Visitor&& visit) const {
    const Node* node = root_.get();
    while (node != nullptr && is_above(node->prefix, prefix)) {
      node = node->child_towards(prefix).get();
    }
    if (node != nullptr && prefix.contains(node->prefix)) visit_all(*node, visit);
  }

  /// Visits all entries by address, shorter prefixes of the same address first: a prefix comes
  /// before all that it contains.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    if (root_) visit_all(*root_, visit);
  }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  struct Node;
  using Link = std::unique_ptr<Node>;

  // Without an entry a node is a fork and has two children; the children lie within its prefix.
  struct Node {
    explicit Node(Ipv4Prefix p) : prefix(p) {}

    Link& child_towards(Ipv4Prefix below) {
      return children[bit(below.address(), prefix.length())];
    }
    const Link& child_towards(Ipv4Prefix below) const {
      return children[bit(below.address(), prefix.length())];
    }

    Ipv4Prefix prefix;
    std::optional<Entry> entry;
    std::array<Link, 2> children;
  };

  static bool bit(Ipv4Address address, uint8_t position) {
    return ((address.value() << position) >> 31) != 0;
  }

  static bool is_above(Ipv4Prefix upper, Ipv4Prefix lower) {
    return upper.length() < lower.length() && upper.contains(lower);
  }

  static Ipv4Prefix common_part(Ipv4Prefix a, Ipv4Prefix b) {
    const auto agreeing = std::countl_zero(a.address().value() ^ b.address().value());
    const auto length = std::min<int>({agreeing, a.length(), b.length()});
    return {a.address(), static_cast<uint8_t>(length)};
  }

  Node& node_for(Ipv4Prefix prefix) {
    Link* link = &root_;
    while (*link && is_above((*link)->prefix, prefix)) link = &(*link)->child_towards(prefix);
    if (!*link) {
      *link = std::make_unique<Node>(prefix);
    } else if ((*link)->prefix != prefix) {
      // The node here is below the prefix or beside it: put their common part above it.
      Link below =
          std::exchange(*link, std::make_unique<Node>(common_part((*link)->prefix, prefix)));
      Link& side = (*link)->child_towards(below->prefix);
      side = std::move(below);
      if ((*link)->prefix != prefix) {
        link = &(*link)->child_towards(prefix);
        *link = std::make_unique<Node>(prefix);
      }
    }
    return **link;
  }

  // Removes a node that neither holds an entry nor joins two branches.
  static void splice_out(Link& link) {
    auto& [left, right] = link->children;
    if (link->entry || (left && right)) return;
    link = std::move(left ? left : right);
  }

  template <typename Visitor>
  static void visit_all(const Node& node, Visitor& visit) {
    if (node.entry) visit(*node.entry);
    for (const Link& child : node.children) {
      if (child) visit_all(*child, visit);
    }
  }

  Link root_;
  size_t size_ = 0;
};

}  // namespace skyhop::lpm
