#include "lpm/qsbr.h"

#include <rte_errno.h>
#include <rte_malloc.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace skyhop::lpm {
namespace {

[[noreturn]] void bug(const char* what, unsigned number) {
  std::fprintf(stderr, "QSBR: %s (%u)\n", what, number);
  std::abort();
}

}  // namespace

Result<std::unique_ptr<Qsbr>> Qsbr::create(unsigned max_workers) {
  void* memory = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(max_workers), RTE_CACHE_LINE_SIZE);
  if (memory == nullptr) return fail("out of memory for the QSBR variable");
  auto* variable = static_cast<rte_rcu_qsbr*>(memory);
  if (rte_rcu_qsbr_init(variable, max_workers) != 0) {
    rte_free(memory);
    return fail(std::string("cannot initialise QSBR: ") + rte_strerror(rte_errno));
  }
  return std::unique_ptr<Qsbr>(new Qsbr(variable));
}

Qsbr::~Qsbr() { rte_free(variable_); }

void Qsbr::close() {
  is_open_.store(false, std::memory_order_release);
  if (const unsigned inside = inside_.load()) bug("closed while workers are inside", inside);
}

void Qsbr::enter(unsigned worker) {
  inside_.fetch_add(1);
  if (!is_open()) bug("a worker enters while it is closed", worker);
  if (rte_rcu_qsbr_thread_register(variable_, worker) != 0) bug("no such worker", worker);
  rte_rcu_qsbr_thread_online(variable_, worker);
}

void Qsbr::leave(unsigned worker) {
  rte_rcu_qsbr_thread_offline(variable_, worker);
  rte_rcu_qsbr_thread_unregister(variable_, worker);
  inside_.fetch_sub(1);
}

void Qsbr::synchronize() {
  const uint64_t grace_period = begin_grace_period();
  while (!is_over(grace_period)) std::this_thread::yield();
}

}  // namespace skyhop::lpm
