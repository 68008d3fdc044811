// Numbered objects of one size, in chunks: a number is half a pointer.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace skyhop::lpm {

/// Numbers count from 1; the lowest free one is given out, so that two equal runs give out the same
/// and the living stay close together. A chunk without a living object gives its memory back.
template <typename T>
class Slab {
 public:
  Slab() = default;
  ~Slab() {
    for (uint32_t id = 1; id < limit(); ++id) {
      if (is_live(id)) std::destroy_at(&(*this)[id]);
    }
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  template <typename... Arguments>
  uint32_t make(Arguments&&... arguments) {
    while (roomy_ < chunks_.size() && chunks_[roomy_]->live == capacity(roomy_)) ++roomy_;
    if (roomy_ == chunks_.size()) chunks_.push_back(std::make_unique<Chunk>());
    Chunk& chunk = *chunks_[roomy_];
    if (!chunk.objects) {
      chunk.objects = std::make_unique_for_overwrite<Storage[]>(kChunk);
      if (roomy_ == 0) chunk.used[0] = 1;  // number 0 is nobody
    }
    while (chunk.used[chunk.hint] == ~uint64_t{0}) ++chunk.hint;
    const auto bit = static_cast<uint32_t>(std::countr_one(chunk.used[chunk.hint]));
    chunk.used[chunk.hint] |= uint64_t{1} << bit;
    ++chunk.live;
    ++size_;
    const uint32_t within = chunk.hint * 64 + bit;
    std::construct_at(reinterpret_cast<T*>(&chunk.objects[within]),
                      std::forward<Arguments>(arguments)...);
    return static_cast<uint32_t>(roomy_) * kChunk + within;
  }
  void destroy(uint32_t id) {
    std::destroy_at(&(*this)[id]);
    const uint32_t number = id / kChunk;
    Chunk& chunk = *chunks_[number];
    const uint32_t word = id % kChunk / 64;
    chunk.used[word] &= ~(uint64_t{1} << id % 64);
    chunk.hint = std::min(chunk.hint, word);
    --size_;
    roomy_ = std::min<size_t>(roomy_, number);
    if (--chunk.live == 0) chunk = {};
  }

  [[nodiscard]] T& operator[](uint32_t id) {
    return reinterpret_cast<T&>(chunks_[id / kChunk]->objects[id % kChunk]);
  }
  [[nodiscard]] const T& operator[](uint32_t id) const {
    return reinterpret_cast<const T&>(chunks_[id / kChunk]->objects[id % kChunk]);
  }
  [[nodiscard]] bool is_live(uint32_t id) const {
    return id != 0 && id < limit() &&
           ((chunks_[id / kChunk]->used[id % kChunk / 64] >> id % 64) & 1);
  }
  /// Above every number given out.
  [[nodiscard]] uint32_t limit() const { return static_cast<uint32_t>(chunks_.size()) * kChunk; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr uint32_t kChunk = 4096;

  struct alignas(T) Storage {
    std::array<std::byte, sizeof(T)> octets;
  };
  struct Chunk {
    std::unique_ptr<Storage[]> objects;  ///< null: nobody lives here
    std::array<uint64_t, kChunk / 64> used{};
    uint32_t live = 0;
    uint32_t hint = 0;  ///< no word before it has room
  };

  static uint32_t capacity(size_t chunk) { return chunk == 0 ? kChunk - 1 : kChunk; }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t roomy_ = 0;  ///< no chunk before it has room
  size_t size_ = 0;
};

}  // namespace skyhop::lpm
