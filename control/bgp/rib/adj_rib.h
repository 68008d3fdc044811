// The two tables a peer has: what it told us, and what we told it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
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
  [[nodiscard]] size_t size(AddressFamily family) const {
    return family == kIpv4Unicast ? ipv4_ : entries_.size() - ipv4_;
  }
  [[nodiscard]] size_t accepted_count() const { return accepted_; }
  [[nodiscard]] size_t stale_count() const { return stale_; }
  [[nodiscard]] const Entry* find(const RouteKey& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void set(const RouteKey& key, Entry entry) {
    const auto [at, is_new] = entries_.try_emplace(key);
    if (is_new && key.prefix.is_ipv4()) ++ipv4_;
    count(at->second, -1);
    at->second = std::move(entry);
    count(at->second, 1);
  }
  bool erase(const RouteKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    count(found->second, -1);
    if (key.prefix.is_ipv4()) --ipv4_;
    entries_.erase(found);
    return true;
  }
  void mark_stale(AddressFamily family) {
    for (auto& [key, entry] : entries_) {
      if (key.prefix.family() == family) mark_stale(entry);
    }
  }
  void mark_stale(const RouteKey& key) { mark_stale(entries_.at(key)); }
  [[nodiscard]] std::vector<RouteKey> keys() const { return sorted_keys(entries_); }

 private:
  void mark_stale(Entry& entry) {
    if (!std::exchange(entry.is_stale, true)) ++stale_;
  }
  void count(const Entry& entry, int change) {
    const auto add = [change](size_t& to) {
      to = static_cast<size_t>(static_cast<ptrdiff_t>(to) + change);
    };
    if (entry.accepted) add(accepted_);
    if (entry.is_stale) add(stale_);
  }

  std::unordered_map<RouteKey, Entry> entries_;
  size_t ipv4_ = 0;
  size_t accepted_ = 0;
  size_t stale_ = 0;
};

/// Attributes as on the wire.
using AdjRibOut = std::unordered_map<Prefix, AttributesPtr>;

}  // namespace skyhop::bgp
