// What import policies made of received routes, kept once however many routes share it.
#pragma once

#include <string>
#include <utility>

#include "control/bgp/attribute_set.h"
#include "lpm/id_index.h"
#include "lpm/slab.h"

namespace skyhop::bgp {

struct Verdict {
  AttributesPtr accepted;  ///< as the policy left them; null: refused
  std::string rule;        ///< what refused or changed it: "A19", "RFC 4271 9.1.2"
  std::string reason;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Number 0 stands for "accepted as it came" and is not kept.
class VerdictPool {
 public:
  VerdictPool();

  /// Held once more by this call.
  [[nodiscard]] uint32_t intern(Verdict verdict);
  void hold(uint32_t id) {
    if (id != 0) ++records_[id].holders;
  }
  void release(uint32_t id) {
    if (id != 0 && --records_[id].holders == 0) remove(id);
  }
  [[nodiscard]] const Verdict& operator[](uint32_t id) const { return records_[id].verdict; }
  [[nodiscard]] size_t size() const { return index_.size(); }

 private:
  struct Record {
    Verdict verdict;
    uint32_t hash = 0;
    uint32_t holders = 0;
  };

  void remove(uint32_t id);

  lpm::Slab<Record> records_;
  lpm::IdIndex index_;
  uint64_t seed_;
};

/// Holds a verdict.
class VerdictRef {
 public:
  VerdictRef() = default;
  VerdictRef(VerdictPool& pool, Verdict verdict)
      : pool_(&pool), id_(pool.intern(std::move(verdict))) {}
  VerdictRef(VerdictRef&& other) noexcept : pool_(other.pool_), id_(std::exchange(other.id_, 0)) {}
  VerdictRef& operator=(VerdictRef&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~VerdictRef() {
    if (pool_ != nullptr) pool_->release(id_);
  }
  [[nodiscard]] uint32_t id() const { return id_; }

 private:
  VerdictPool* pool_ = nullptr;
  uint32_t id_ = 0;
};

}  // namespace skyhop::bgp
