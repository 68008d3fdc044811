// One copy of each attribute set: routes share it, and equal sets are equal pointers.
#pragma once

#include <unordered_set>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

[[nodiscard]] size_t hash_of(const PathAttributes& attributes);

class AttributePool {
 public:
  [[nodiscard]] AttributesPtr intern(PathAttributes attributes);
  /// The set that is equal to this one, or it itself from now on.
  [[nodiscard]] AttributesPtr intern(const AttributesPtr& attributes);
  [[nodiscard]] size_t size() const { return sets_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(const AttributesPtr& set) const { return hash_of(*set); }
    size_t operator()(const PathAttributes& set) const { return hash_of(set); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const AttributesPtr& a, const AttributesPtr& b) const { return *a == *b; }
    bool operator()(const PathAttributes& a, const AttributesPtr& b) const { return a == *b; }
    bool operator()(const AttributesPtr& a, const PathAttributes& b) const { return *a == b; }
  };

  void sweep_when_due();

  std::unordered_set<AttributesPtr, Hash, Equal> sets_;
  size_t sweep_at_ = 1024;  ///< then sets that no route carries any more are dropped
};

}  // namespace skyhop::bgp
