// Quiescent-state reclamation between the one writer (control thread) and the workers.
#pragma once

#include <rte_rcu_qsbr.h>

#include <memory>

#include "lpm/error.h"

namespace skyhop::lpm {

/// Owns an rte_rcu_qsbr variable. Workers register, report once a pass, and go off line before they
/// block; the control thread synchronises before it frees what workers may read.
class Qsbr {
 public:
  /// EAL must run. `max_workers` bounds the worker ids.
  static Result<std::unique_ptr<Qsbr>> create(unsigned max_workers);
  ~Qsbr();
  Qsbr(const Qsbr&) = delete;
  Qsbr& operator=(const Qsbr&) = delete;

  void enter(unsigned worker);
  void leave(unsigned worker);
  void quiescent(unsigned worker) { rte_rcu_qsbr_quiescent(variable_, worker); }
  /// Waits until every worker that is on line has passed a quiescent state.
  void synchronize() { rte_rcu_qsbr_synchronize(variable_, RTE_QSBR_THRID_INVALID); }
  [[nodiscard]] rte_rcu_qsbr* raw() { return variable_; }

 private:
  explicit Qsbr(rte_rcu_qsbr* variable) : variable_(variable) {}
  rte_rcu_qsbr* variable_;
};

}  // namespace skyhop::lpm
