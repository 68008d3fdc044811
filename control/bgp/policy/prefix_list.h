// Ordered prefix lists: the first entry that covers a prefix decides, and none means no.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/bgp/prefix.h"

namespace skyhop::bgp {

enum class Permission : uint8_t { deny, permit };

class PrefixList {
 public:
  struct Entry {
    Permission permission = Permission::permit;
    Prefix prefix;
    /// Lengths that are meant; absent both: that of the prefix itself. `ge` alone reaches to the
    /// longest, `le` alone begins at the prefix's own.
    std::optional<uint8_t> ge;
    std::optional<uint8_t> le;
  };

  PrefixList() = default;
  PrefixList(std::string name, std::vector<Entry> entries);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool permits(const Prefix& prefix) const {
    const Entry* entry = match(prefix);
    return entry != nullptr && entry->permission == Permission::permit;
  }
  /// The entry that decides, or null.
  [[nodiscard]] const Entry* match(const Prefix& prefix) const;

 private:
  std::string name_;
  std::vector<Entry> entries_;
  /// By the prefix they are written for; each list ascends. Long lists cost no more than the
  /// lengths that occur in them.
  std::unordered_map<Prefix, std::vector<uint32_t>> by_prefix_;
  std::vector<uint8_t> ipv4_lengths_;
  std::vector<uint8_t> ipv6_lengths_;
};

/// The first `length` bits of a prefix that is at least as long.
[[nodiscard]] Prefix truncated(const Prefix& prefix, uint8_t length);

}  // namespace skyhop::bgp
