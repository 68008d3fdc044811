#include "lpm/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace skyhop::lpm {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kPage = 4096;
constexpr size_t kLine = 64;

[[noreturn]] void out_of_memory(size_t bytes) {
  std::fprintf(stderr, "out of memory (%zu octets)\n", bytes);
  std::abort();
}

// Small pieces come from the heap, which is less trouble for the kernel.
constexpr bool is_mapped(size_t bytes) { return bytes >= 16 * kPage; }

constexpr size_t rounded_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

std::byte* map(size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) out_of_memory(bytes);
  return static_cast<std::byte*>(memory);
}

std::byte* map_huge_pages(size_t bytes) {
  // More than wanted, so that an aligned part can be kept.
  std::byte* const start = map(bytes + kHugePage);
  const size_t before = -reinterpret_cast<uintptr_t>(start) % kHugePage;
  if (before != 0) munmap(start, before);
  munmap(start + before + bytes, kHugePage - before);
  (void)madvise(start + before, bytes, MADV_HUGEPAGE);
  return start + before;
}

}  // namespace

void FreeMemory::operator()(std::byte* memory) const {
  if (is_mapped(bytes)) {
    munmap(memory, bytes);
  } else {
    std::free(memory);
  }
}

Memory allocate(size_t bytes, Pages pages) {
  if (pages == Pages::huge && bytes >= kHugePage) {
    const size_t size = rounded_up(bytes, kHugePage);
    return {map_huge_pages(size), FreeMemory{size}};
  }
  if (is_mapped(bytes)) {
    const size_t size = rounded_up(bytes, kPage);
    std::byte* const memory = map(size);
    if (size >= kHugePage) (void)madvise(memory, size, MADV_NOHUGEPAGE);
    return {memory, FreeMemory{size}};
  }
  const size_t size = rounded_up(bytes == 0 ? 1 : bytes, kLine);
  void* const memory = std::aligned_alloc(kLine, size);
  if (memory == nullptr) out_of_memory(size);
  std::memset(memory, 0, size);
  return {static_cast<std::byte*>(memory), FreeMemory{bytes}};
}

}  // namespace skyhop::lpm
