#include "control/bgp/rib/verdict_pool.h"

#include "lpm/hash.h"

namespace skyhop::bgp {

VerdictPool::VerdictPool() : seed_(lpm::hash_seed()) {}

uint32_t VerdictPool::intern(Verdict verdict) {
  lpm::Hasher hasher(seed_);
  hasher.add(verdict.accepted ? verdict.accepted.set()->id() : 0);
  hasher.add(verdict.rule);
  hasher.add(verdict.reason);
  const uint32_t hash = hasher.result();
  const auto is_it = [&](uint32_t id) { return records_[id].verdict == verdict; };
  uint32_t id = index_.find(hash, is_it);
  if (id == 0) {
    id = records_.make(Record{std::move(verdict), hash, 0});
    index_.insert(hash, id);
  }
  ++records_[id].holders;
  return id;
}

void VerdictPool::remove(uint32_t id) {
  index_.erase(records_[id].hash, id);
  records_.destroy(id);
}

}  // namespace skyhop::bgp
