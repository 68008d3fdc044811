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

  /// `worker` registers and goes on line; its id is below max_workers and not in use.
  void enter(unsigned worker);
  /// Goes off line and unregisters: holds no references from here on.
  void leave(unsigned worker);
  /// Around anything that blocks: off line a worker does not hold the control thread up.
  void go_offline(unsigned worker) { rte_rcu_qsbr_thread_offline(variable_, worker); }
  void go_online(unsigned worker) { rte_rcu_qsbr_thread_online(variable_, worker); }
  /// Reports that the worker holds no reference now; once a pass.
  void quiescent(unsigned worker) { rte_rcu_qsbr_quiescent(variable_, worker); }
  /// Waits until every worker that is on line has passed a quiescent state. Yields meanwhile: the
  /// worker it waits for may need this very core.
  void synchronize();
  [[nodiscard]] rte_rcu_qsbr* raw() { return variable_; }

 private:
  explicit Qsbr(rte_rcu_qsbr* variable) : variable_(variable) {}
  rte_rcu_qsbr* variable_;
};

}  // namespace skyhop::lpm
