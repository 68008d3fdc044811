// Prefixes with a value each, asked for the longest one that holds an address or a prefix.
//
// Control side only: a look-up costs one hash probe per distinct length stored, so rules that
// compare thousands of routes with the VNets' ranges stay linear.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>

#include "lpm/address.h"

namespace skyhop::cloud {

template <typename Value>
class PrefixMap {
 public:
  using Entry = std::pair<const lpm::Ipv4Prefix, Value>;

  /// False when the prefix was there already; its value stays.
  bool insert(lpm::Ipv4Prefix prefix, Value value = {}) {
    lengths_ |= uint64_t{1} << prefix.length();
    return entries_.emplace(prefix, std::move(value)).second;
  }
  [[nodiscard]] const Value* find(lpm::Ipv4Prefix prefix) const {
    const auto it = entries_.find(prefix);
    return it == entries_.end() ? nullptr : &it->second;
  }
  [[nodiscard]] bool contains(lpm::Ipv4Prefix prefix) const { return find(prefix) != nullptr; }

  /// The longest entry equal to `prefix` or a supernet of it.
  [[nodiscard]] const Entry* longest_match(lpm::Ipv4Prefix prefix) const {
    uint64_t lengths = lengths_ & ((uint64_t{2} << prefix.length()) - 1);
    while (lengths != 0) {
      const auto length = static_cast<uint8_t>(std::bit_width(lengths) - 1);
      const auto it = entries_.find({prefix.address(), length});
      if (it != entries_.end()) return &*it;
      lengths &= ~(uint64_t{1} << length);
    }
    return nullptr;
  }
  [[nodiscard]] const Entry* longest_match(lpm::Ipv4Address address) const {
    return longest_match(lpm::Ipv4Prefix::host(address));
  }
  [[nodiscard]] bool covers(lpm::Ipv4Prefix prefix) const {
    return longest_match(prefix) != nullptr;
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  std::unordered_map<lpm::Ipv4Prefix, Value> entries_;
  uint64_t lengths_ = 0;  ///< bit n: some entry has length n
};

struct Nothing {};
using PrefixSet = PrefixMap<Nothing>;

[[nodiscard]] inline PrefixSet prefix_set(std::span<const lpm::Ipv4Prefix> prefixes) {
  PrefixSet set;
  for (const lpm::Ipv4Prefix prefix : prefixes) set.insert(prefix);
  return set;
}

}  // namespace skyhop::cloud
