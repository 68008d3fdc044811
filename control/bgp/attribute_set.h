// Attribute sets as routes share them: one copy of each, counted by who holds it.
//
// A pool (rib/attribute_pool.h) makes equal sets one, so that "has it changed" is a comparison of
// pointers. A speaker, its sets and everybody who holds one live in one thread: the counts are
// plain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

class AttributePool;

class AttributeSet {
 public:
  AttributeSet(PathAttributes value, AttributePool* pool)
      : value_(std::move(value)), pool_(pool), path_length_(value_.as_path.length()) {}
  AttributeSet(const AttributeSet&) = delete;
  AttributeSet& operator=(const AttributeSet&) = delete;

  [[nodiscard]] const PathAttributes& value() const { return value_; }
  /// AsPath::length(), counted once.
  [[nodiscard]] uint32_t path_length() const { return path_length_; }
  /// Its number in its pool, for tables that keep half a pointer.
  [[nodiscard]] uint32_t id() const { return id_; }

  void hold() const { ++holders_; }
  void release() const {
    if (--holders_ == 0) discard();
  }

 private:
  friend class AttributePool;

  void discard() const;

  PathAttributes value_;
  AttributePool* pool_;  ///< null: nobody else's
  uint32_t path_length_;
  mutable uint32_t holders_ = 0;
  uint32_t id_ = 0;
  uint32_t hash_ = 0;
  // The octets it came as, if it came from the wire: they will come again.
  uint32_t wire_hash_ = 0;
  uint16_t wire_size_ = 0;
  uint8_t wire_form_ = 0;
  std::unique_ptr<uint8_t[]> wire_;
};

/// Holds a set; null holds none. Equal when it is the same set, which within one pool means equal
/// attributes.
class AttributesPtr {
 public:
  AttributesPtr() = default;
  AttributesPtr(std::nullptr_t) {}  // NOLINT: as of any pointer
  explicit AttributesPtr(const AttributeSet* set) : set_(set) {
    if (set_ != nullptr) set_->hold();
  }
  AttributesPtr(const AttributesPtr& other) : AttributesPtr(other.set_) {}
  AttributesPtr(AttributesPtr&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
  AttributesPtr& operator=(AttributesPtr other) noexcept {
    std::swap(set_, other.set_);
    return *this;
  }
  ~AttributesPtr() {
    if (set_ != nullptr) set_->release();
  }

  [[nodiscard]] const PathAttributes* get() const {
    return set_ == nullptr ? nullptr : &set_->value();
  }
  const PathAttributes& operator*() const { return set_->value(); }
  const PathAttributes* operator->() const { return &set_->value(); }
  explicit operator bool() const { return set_ != nullptr; }
  [[nodiscard]] const AttributeSet* set() const { return set_; }
  friend bool operator==(const AttributesPtr&, const AttributesPtr&) = default;

 private:
  const AttributeSet* set_ = nullptr;
};

/// A set of nobody's pool.
[[nodiscard]] inline AttributesPtr make_attributes(PathAttributes attributes) {
  return AttributesPtr(new AttributeSet(std::move(attributes), nullptr));
}

/// Who makes sets one, as decoders see it.
class AttributeInterner {
 public:
  virtual ~AttributeInterner() = default;
  [[nodiscard]] virtual AttributesPtr intern(PathAttributes attributes) = 0;
  /// The set that these octets, read in this way, were said to mean; null: not known (any more).
  [[nodiscard]] virtual AttributesPtr recall(std::span<const uint8_t> octets, uint8_t form) = 0;
  virtual void remember(std::span<const uint8_t> octets, uint8_t form,
                        const AttributesPtr& attributes) = 0;
};

}  // namespace skyhop::bgp
