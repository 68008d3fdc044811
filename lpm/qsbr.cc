#include "lpm/qsbr.h"

#include <rte_errno.h>
#include <rte_malloc.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace skyhop::lpm {

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

void Qsbr::enter(unsigned worker) {
  if (rte_rcu_qsbr_thread_register(variable_, worker) != 0) {
    std::fprintf(stderr, "QSBR: no such worker (%u)\n", worker);
    std::abort();
  }
  rte_rcu_qsbr_thread_online(variable_, worker);
}

void Qsbr::leave(unsigned worker) {
  rte_rcu_qsbr_thread_offline(variable_, worker);
  rte_rcu_qsbr_thread_unregister(variable_, worker);
}

void Qsbr::synchronize() {
  const uint64_t token = rte_rcu_qsbr_start(variable_);
  while (rte_rcu_qsbr_check(variable_, token, false) == 0) std::this_thread::yield();
}

}  // namespace skyhop::lpm
