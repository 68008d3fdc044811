// The two tables a peer has: what it told us, and what we told it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/scheduler.h"

namespace skyhop::bgp {

/// The keys of a hashed table in an order that never depends on the hash.
template <typename Table>
[[nodiscard]] auto sorted_keys(const Table& table) {
  std::vector<typename Table::key_type> keys;
  keys.reserve(table.size());
  for (const auto& [key, value] : table) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

/// Why a route was rejected or changed.
struct Explanation {
  std::string rule;
  std::string reason;
};

/// Which of a peer's paths.
using RouteKey = Nlri<Prefix>;

}  // namespace skyhop::bgp

template <>
struct std::hash<skyhop::bgp::RouteKey> {
  size_t operator()(const skyhop::bgp::RouteKey& key) const noexcept {
    return std::hash<skyhop::bgp::Prefix>{}(key.prefix) ^ (key.path_id * 0x9E3779B97F4A7C15ull);
  }
};

namespace skyhop::bgp {

class AdjRibIn {
 public:
  struct Entry {
    AttributesPtr received;
    AttributesPtr accepted;                  ///< null: rejected
    std::shared_ptr<const Explanation> why;  ///< null: accepted as it came
    Time learned = {};
    bool is_stale = false;  ///< of before a restart or refresh (RFC 4724, 7313), not told again yet
  };

  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] size_t accepted_count() const { return accepted_; }
  [[nodiscard]] const Entry* find(const RouteKey& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void set(const RouteKey& key, Entry entry) {
    Entry& slot = entries_[key];
    count(slot, -1);
    slot = std::move(entry);
    count(slot, 1);
  }
  bool erase(const RouteKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    count(found->second, -1);
    entries_.erase(found);
    return true;
  }
  void mark_stale(AddressFamily family) {
    for (auto& [key, entry] : entries_) {
      if (key.prefix.family() == family) entry.is_stale = true;
    }
  }
  void mark_stale(const RouteKey& key) { entries_.at(key).is_stale = true; }
  [[nodiscard]] std::vector<RouteKey> keys() const { return sorted_keys(entries_); }

 private:
  void count(const Entry& entry, int change) {
    if (entry.accepted) accepted_ = static_cast<size_t>(static_cast<ptrdiff_t>(accepted_) + change);
  }

  std::unordered_map<RouteKey, Entry> entries_;
  size_t accepted_ = 0;
};

/// Attributes as on the wire.
using AdjRibOut = std::unordered_map<Prefix, AttributesPtr>;

}  // namespace skyhop::bgp
