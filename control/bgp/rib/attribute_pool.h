// One copy of each attribute set: routes share it, and equal sets are equal pointers.
#pragma once

#include <span>
#include <vector>

#include "control/bgp/attribute_set.h"
#include "lpm/id_index.h"

namespace skyhop::bgp {

/// A set goes as soon as nobody holds it. Sets that outlive the pool are theirs who hold them.
class AttributePool final : public AttributeInterner {
 public:
  AttributePool();
  ~AttributePool() override;
  AttributePool(const AttributePool&) = delete;
  AttributePool& operator=(const AttributePool&) = delete;

  [[nodiscard]] AttributesPtr intern(PathAttributes attributes) override;
  /// The set equal to this one.
  [[nodiscard]] AttributesPtr intern(const AttributesPtr& attributes);
  [[nodiscard]] AttributesPtr recall(std::span<const uint8_t> octets, uint8_t form) override;
  void remember(std::span<const uint8_t> octets, uint8_t form,
                const AttributesPtr& attributes) override;

  [[nodiscard]] const AttributeSet& operator[](uint32_t id) const { return *sets_[id]; }
  [[nodiscard]] size_t size() const { return by_value_.size(); }

 private:
  friend class AttributeSet;

  [[nodiscard]] uint32_t hash_of(const PathAttributes& attributes) const;
  [[nodiscard]] uint32_t hash_of(std::span<const uint8_t> octets, uint8_t form) const;
  void remove(const AttributeSet& set);
  void forget_wire(AttributeSet& set);

  std::vector<AttributeSet*> sets_;  ///< by id, from 1 on; null: the id is free
  std::vector<uint32_t> free_;
  lpm::IdIndex by_value_;
  lpm::IdIndex by_wire_;
  uint64_t seed_;  ///< so that nobody can make sets whose hashes are equal
};

}  // namespace skyhop::bgp
