#include "control/bgp/policy/prefix_list.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

bool covers(const PrefixList::Entry& entry, uint8_t length) {
  const uint8_t own = entry.prefix.length();
  if (!entry.ge && !entry.le) return length == own;
  const uint8_t longest = entry.prefix.is_ipv4() ? 32 : 128;
  return length >= entry.ge.value_or(own) && length <= entry.le.value_or(longest);
}

}  // namespace

Prefix truncated(const Prefix& prefix, uint8_t length) {
  return prefix.visit([length]<typename P>(const P& p) { return Prefix(P(p.address(), length)); });
}

PrefixList::PrefixList(std::string name, std::vector<Entry> entries)
    : name_(std::move(name)), entries_(std::move(entries)) {
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Prefix& prefix = entries_[i].prefix;
    by_prefix_[prefix].push_back(i);
    auto& lengths = prefix.is_ipv4() ? ipv4_lengths_ : ipv6_lengths_;
    if (std::ranges::find(lengths, prefix.length()) == lengths.end()) {
      lengths.push_back(prefix.length());
    }
  }
}

const PrefixList::Entry* PrefixList::match(const Prefix& prefix) const {
  const Entry* first = nullptr;
  for (const uint8_t length : prefix.is_ipv4() ? ipv4_lengths_ : ipv6_lengths_) {
    if (length > prefix.length()) continue;
    const auto found = by_prefix_.find(truncated(prefix, length));
    if (found == by_prefix_.end()) continue;
    for (const uint32_t i : found->second) {
      const Entry& entry = entries_[i];
      if (first != nullptr && &entry > first) break;
      if (!covers(entry, prefix.length())) continue;
      first = &entry;
      break;
    }
  }
  return first;
}

}  // namespace skyhop::bgp
