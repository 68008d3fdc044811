#include "control/bgp/rib/source_pool.h"

#include <cstdio>
#include <cstdlib>

#include "lpm/hash.h"

namespace skyhop::bgp {

SourcePool::SourcePool() : seed_(lpm::hash_seed()) {}

uint32_t SourcePool::hash_of(PeerId peer, PathId path_id) const {
  return static_cast<uint32_t>(
      lpm::mix(seed_ ^ ((uint64_t{static_cast<uint32_t>(peer)} << 32) | path_id),
               0x9E3779B97F4A7C15ull) >>
      32);
}

uint32_t SourcePool::find(PeerId peer, PathId path_id) const {
  return index_.find(hash_of(peer, path_id), [&](uint32_t id) {
    const Source& source = records_[id].source;
    return source.peer == peer && source.path_id == path_id;
  });
}

uint32_t SourcePool::intern(PeerId peer, PathId path_id) {
  uint32_t id = find(peer, path_id);
  if (id == 0) {
    id = records_.make(Record{{peer, path_id}, 0});
    if (id > kMaximum) {
      std::fprintf(stderr, "BGP tables: more than %u sources of paths\n", kMaximum);
      std::abort();
    }
    index_.insert(hash_of(peer, path_id), id);
  }
  ++records_[id].holders;
  return id;
}

void SourcePool::remove(uint32_t id) {
  const Source& source = records_[id].source;
  index_.erase(hash_of(source.peer, source.path_id), id);
  records_.destroy(id);
}

}  // namespace skyhop::bgp
