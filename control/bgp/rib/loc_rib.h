// The Loc-RIB: all usable routes of each prefix, and which of them are in use.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "control/bgp/rib/decision.h"

namespace skyhop::bgp {

class LocRib {
 public:
  struct Path {
    std::optional<PeerId> peer;  ///< absent: originated here
    PathId path_id = 0;
    AttributesPtr attributes;
    friend bool operator==(const Path&, const Path&) = default;
  };
  struct Entry {
    std::vector<Path> paths;  ///< every candidate, by peer and path id; the originated one first
    std::vector<Path> used;   ///< the best, then the other multipath members by peer
  };
  /// Adds to a path what the decision wants to know of its peer.
  using Describe = std::function<Candidate(const Path&)>;

  /// Takes effect with the next decide(); null attributes remove the path.
  void set_path(const Prefix& prefix, std::optional<PeerId> peer, PathId path_id,
                AttributesPtr attributes);
  /// Everything is decided anew by the next decide().
  void touch_all();
  [[nodiscard]] bool is_dirty() const { return !dirty_.empty(); }
  /// Decides what was touched; the prefixes whose used paths have changed, ascending.
  std::vector<Prefix> decide_dirty(const Describe& describe, const DecisionOptions& options);

  [[nodiscard]] const Entry* find(const Prefix& prefix) const;
  [[nodiscard]] std::vector<Prefix> prefixes() const;
  [[nodiscard]] size_t used_count() const { return used_; }

 private:
  bool decide_one(Entry& entry, const Describe& describe, const DecisionOptions& options);

  std::unordered_map<Prefix, Entry> entries_;
  std::vector<Prefix> dirty_;
  std::vector<Candidate> candidates_;  ///< scratch
  size_t used_ = 0;
};

}  // namespace skyhop::bgp
