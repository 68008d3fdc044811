// Memory that is zero and takes room only where it was written to: the kernel gives a page when it
// is first touched. So a table may be as large as it could ever become.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace skyhop::lpm {

struct FreeMemory {
  size_t bytes = 0;
  void operator()(std::byte* memory) const;
};
using Memory = std::unique_ptr<std::byte, FreeMemory>;

enum class Pages : uint8_t {
  small,  ///< room is taken 4 KiB at a time
  huge,   ///< 2 MiB at a time, which saves most of the looks into the page tables; from 2 MiB on
};

/// Aligned for a cache line, huge pages for themselves. Aborts when there is no room.
[[nodiscard]] Memory allocate(size_t bytes, Pages pages);

/// An array whose elements are zero octets at first, which must mean an empty one.
template <typename T>
  requires std::is_trivially_copyable_v<T>
class ZeroArray {
 public:
  ZeroArray() = default;
  explicit ZeroArray(size_t size)
      : memory_(allocate(size * sizeof(T), Pages::small)), size_(size) {}

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(memory_.get()); }
  [[nodiscard]] const T* data() const { return reinterpret_cast<const T*>(memory_.get()); }
  [[nodiscard]] T& operator[](size_t i) { return data()[i]; }
  [[nodiscard]] const T& operator[](size_t i) const { return data()[i]; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  Memory memory_;
  size_t size_ = 0;
};

}  // namespace skyhop::lpm
