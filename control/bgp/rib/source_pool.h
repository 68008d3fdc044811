// Where a path comes from: a peer, and the number it gave the path (RFC 7911). Numbered, so that a
// path says it in 24 bits, and so that the number can be told to others as the path's own.
#pragma once

#include <cstdint>
#include <utility>

#include "control/bgp/prefix.h"
#include "control/bgp/rib/decision.h"
#include "lpm/id_index.h"
#include "lpm/slab.h"

namespace skyhop::bgp {

/// Number 0 stands for "originated here" and is not kept.
class SourcePool {
 public:
  static constexpr uint32_t kMaximum = (1u << 24) - 1;

  struct Source {
    PeerId peer{};
    PathId path_id = 0;
  };

  SourcePool();

  /// Held once more by this call.
  [[nodiscard]] uint32_t intern(PeerId peer, PathId path_id);
  /// 0: no path has it.
  [[nodiscard]] uint32_t find(PeerId peer, PathId path_id) const;
  void hold(uint32_t id) {
    if (id != 0) ++records_[id].holders;
  }
  void release(uint32_t id) {
    if (id != 0 && --records_[id].holders == 0) remove(id);
  }
  [[nodiscard]] const Source& operator[](uint32_t id) const { return records_[id].source; }
  /// The order of paths to one prefix: those originated here, then by peer and path id.
  [[nodiscard]] uint64_t rank(uint32_t id) const {
    if (id == 0) return 0;
    const Source& source = records_[id].source;
    return ((uint64_t{static_cast<uint32_t>(source.peer)} + 1) << 32) | source.path_id;
  }
  [[nodiscard]] size_t size() const { return index_.size(); }

 private:
  struct Record {
    Source source;
    uint32_t holders = 0;
  };

  [[nodiscard]] uint32_t hash_of(PeerId peer, PathId path_id) const;
  void remove(uint32_t id);

  lpm::Slab<Record> records_;
  lpm::IdIndex index_;
  uint64_t seed_;
};

/// Holds a source.
class SourceRef {
 public:
  SourceRef() = default;
  SourceRef(SourcePool& pool, PeerId peer, PathId path_id)
      : pool_(&pool), id_(pool.intern(peer, path_id)) {}
  SourceRef(SourceRef&& other) noexcept : pool_(other.pool_), id_(std::exchange(other.id_, 0)) {}
  SourceRef& operator=(SourceRef&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~SourceRef() {
    if (pool_ != nullptr) pool_->release(id_);
  }
  [[nodiscard]] uint32_t id() const { return id_; }
  [[nodiscard]] bool is(PeerId peer, PathId path_id) const {
    return id_ != 0 && (*pool_)[id_].peer == peer && (*pool_)[id_].path_id == path_id;
  }

 private:
  SourcePool* pool_ = nullptr;
  uint32_t id_ = 0;
};

}  // namespace skyhop::bgp
