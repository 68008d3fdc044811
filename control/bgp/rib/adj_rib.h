// The two tables a peer has: what it told us, and what we told it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/scheduler.h"

namespace skyhop::bgp {

/// The keys of a hashed table in an order that never depends on the hash.
template <typename Table>
[[nodiscard]] std::vector<Ipv4Prefix> sorted_prefixes(const Table& table) {
  std::vector<Ipv4Prefix> prefixes;
  prefixes.reserve(table.size());
  for (const auto& [prefix, value] : table) prefixes.push_back(prefix);
  std::ranges::sort(prefixes);
  return prefixes;
}

/// Why a route was rejected or changed.
struct Explanation {
  std::string rule;
  std::string reason;
};

class AdjRibIn {
 public:
  struct Entry {
    AttributesPtr received;
    AttributesPtr accepted;                  ///< null: rejected
    std::shared_ptr<const Explanation> why;  ///< null: accepted as it came
    Time learned = {};
  };

  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] size_t accepted_count() const { return accepted_; }
  [[nodiscard]] const Entry* find(Ipv4Prefix prefix) const {
    const auto found = entries_.find(prefix);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void set(Ipv4Prefix prefix, Entry entry) {
    Entry& slot = entries_[prefix];
    count(slot, -1);
    slot = std::move(entry);
    count(slot, 1);
  }
  bool erase(Ipv4Prefix prefix) {
    const auto found = entries_.find(prefix);
    if (found == entries_.end()) return false;
    count(found->second, -1);
    entries_.erase(found);
    return true;
  }
  void clear() {
    entries_.clear();
    accepted_ = 0;
  }
  [[nodiscard]] std::vector<Ipv4Prefix> prefixes() const { return sorted_prefixes(entries_); }

 private:
  void count(const Entry& entry, int change) {
    if (entry.accepted) accepted_ = static_cast<size_t>(static_cast<ptrdiff_t>(accepted_) + change);
  }

  std::unordered_map<Ipv4Prefix, Entry> entries_;
  size_t accepted_ = 0;
};

/// Attributes as on the wire.
using AdjRibOut = std::unordered_map<Ipv4Prefix, AttributesPtr>;

}  // namespace skyhop::bgp
