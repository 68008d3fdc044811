// Quiescent-state reclamation between the one writer (control thread) and the workers.
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
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

  /// Before the workers are launched and after they ended, a writer that knows itself alone may
  /// write what no reader could see half done. It is open at first.
  void open() { is_open_.store(true, std::memory_order_release); }
  void close();
  [[nodiscard]] bool is_open() const { return is_open_.load(std::memory_order_acquire); }

  /// `worker` registers and goes on line; its id is below max_workers and not in use. Only while it
  /// is open.
  void enter(unsigned worker);
  /// Goes off line and unregisters: holds no references from here on.
  void leave(unsigned worker);
  /// Around anything that blocks: off line a worker does not hold the control thread up.
  void go_offline(unsigned worker) { rte_rcu_qsbr_thread_offline(variable_, worker); }
  void go_online(unsigned worker) { rte_rcu_qsbr_thread_online(variable_, worker); }
  /// Reports that the worker holds no reference now; once a pass.
  void quiescent(unsigned worker) { rte_rcu_qsbr_quiescent(variable_, worker); }

  /// A grace period that begins now; is_over() once every worker on line has been quiescent since.
  [[nodiscard]] uint64_t begin_grace_period() { return rte_rcu_qsbr_start(variable_); }
  [[nodiscard]] bool is_over(uint64_t grace_period) const {
    return rte_rcu_qsbr_check(variable_, grace_period, false) == 1;
  }
  /// Waits until every worker that is on line has passed a quiescent state. Yields meanwhile: the
  /// worker it waits for may need this very core.
  void synchronize();

 private:
  explicit Qsbr(rte_rcu_qsbr* variable) : variable_(variable) {}
  rte_rcu_qsbr* variable_;
  std::atomic<bool> is_open_ = true;
  std::atomic<unsigned> inside_ = 0;
};

}  // namespace skyhop::lpm
