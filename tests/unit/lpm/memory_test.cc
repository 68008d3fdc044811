#include "lpm/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace skyhop::lpm {
namespace {

TEST(Memory, IsZeroAlignedAndWritable) {
  constexpr size_t kHugePage = size_t{2} << 20;
  for (const Pages pages : {Pages::small, Pages::huge}) {
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{100}, size_t{65'535}, size_t{65'536},
                               size_t{65'537}, kHugePage, kHugePage + 1}) {
      for (int round = 0; round < 2; ++round) {  // the second may get what the first gave back
        const Memory memory = allocate(bytes, pages);
        const bool is_huge = pages == Pages::huge && bytes >= kHugePage;
        EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % (is_huge ? kHugePage : 64), 0u);
        EXPECT_TRUE(std::all_of(memory.get(), memory.get() + bytes,
                                [](std::byte octet) { return octet == std::byte{0}; }));
        std::memset(memory.get(), 0xff, bytes);
      }
    }
  }
}

/// Pages of an array that are in memory.
size_t resident_pages(const ZeroArray<uint64_t>& array) {
  constexpr size_t kPage = 4096;
  std::vector<unsigned char> pages(array.size() * sizeof(uint64_t) / kPage);
  auto* const start = const_cast<uint64_t*>(array.data());
  EXPECT_EQ(mincore(start, pages.size() * kPage, pages.data()), 0);
  return static_cast<size_t>(std::ranges::count_if(pages, [](auto page) { return page & 1; }));
}

TEST(Memory, TakesRoomOnlyWhereItWasWrittenTo) {
  ZeroArray<uint64_t> array((size_t{1} << 20) / sizeof(uint64_t));
  EXPECT_EQ(resident_pages(array), 0u);
  array[5000] = 7;
  EXPECT_EQ(resident_pages(array), 1u);
  EXPECT_EQ(array[4999], 0u);
}

}  // namespace
}  // namespace skyhop::lpm
