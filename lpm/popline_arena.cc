#include "lpm/popline_arena.h"

#include <rte_rcu_qsbr.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace skyhop::lpm::popline {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kPage = 4096;

}  // namespace

void FreeMemory::operator()(std::byte* memory) const { std::free(memory); }

Memory allocate(size_t bytes) {
  const bool is_large = bytes >= kHugePage;
  const size_t alignment = is_large ? kHugePage : kPage;
  const size_t size = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) {
    std::fprintf(stderr, "forwarding table: out of memory (%zu octets)\n", size);
    std::abort();
  }
  // A walk touches two or three lines anywhere in the table; with small pages each would also cost
  // a look into the page tables. Without such pages it only is slower.
  if (is_large) (void)::madvise(memory, size, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return Memory(static_cast<std::byte*>(memory));
}

void Limbo::add(Block block) { current_.blocks.push_back(block); }
void Limbo::add(Memory memory) { current_.memory.push_back(std::move(memory)); }
void Limbo::add(std::unique_ptr<const View> view) { current_.views.push_back(std::move(view)); }

void Limbo::seal() {
  if (current_.is_empty()) return;
  if (qsbr_ != nullptr) current_.token = rte_rcu_qsbr_start(qsbr_);
  waiting_.push_back(std::move(current_));
  current_ = {};
}

bool Limbo::is_over(const Batch& batch) const {
  return qsbr_ == nullptr || rte_rcu_qsbr_check(qsbr_, batch.token, false) == 1;
}

void Limbo::wait() const {
  if (qsbr_ == nullptr) return;
  const uint64_t token = rte_rcu_qsbr_start(qsbr_);
  while (rte_rcu_qsbr_check(qsbr_, token, false) == 0) std::this_thread::yield();
}

Arena::Arena(uint32_t units) : memory_(allocate(size_t{units} * kUnit)), units_(units) {}

uint32_t Arena::class_for(uint32_t entries) {
  const uint32_t units = (sizeof(uint64_t) + entries * sizeof(uint32_t) + kUnit - 1) / kUnit;
  return static_cast<uint32_t>(std::bit_width(units - 1));
}

uint32_t Arena::take(uint32_t size_class) {
  const uint32_t size = 1u << size_class;
  auto& free = free_[size_class];
  if (free.empty()) {
    const uint32_t block = std::max(size, kLine);
    if (units_ - next_ < block) return 0;
    for (uint32_t at = next_ + block; at != next_; at -= size) free.push_back(at - size);
    next_ += block;
  }
  const uint32_t unit = free.back();
  free.pop_back();
  return unit;
}

void Arena::give_back(Limbo::Block block) { free_[block.size_class].push_back(block.unit); }

Memory Arena::grow() {
  Memory larger = allocate(bytes() * 2);
  std::memcpy(larger.get(), memory_.get(), bytes());
  std::swap(memory_, larger);
  units_ *= 2;
  return larger;
}

}  // namespace skyhop::lpm::popline
