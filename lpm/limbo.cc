#include "lpm/limbo.h"

#include "lpm/qsbr.h"

namespace skyhop::lpm {

void Limbo::seal() {
  if (current_.is_empty()) return;
  if (qsbr_ != nullptr) current_.grace_period = qsbr_->begin_grace_period();
  waiting_.push_back(std::move(current_));
  current_ = {};
}

bool Limbo::is_over(const Batch& batch) const {
  return qsbr_ == nullptr || qsbr_->is_over(batch.grace_period);
}

void Limbo::wait() const {
  if (qsbr_ != nullptr) qsbr_->synchronize();
}

bool Limbo::is_alone() const { return qsbr_ == nullptr || !qsbr_->is_open(); }

}  // namespace skyhop::lpm
