#include "dataplane/counters.h"

#include <numeric>

namespace skyhop::dataplane {

uint64_t Counters::dropped() const {
  return std::accumulate(drops.begin(), drops.end(), uint64_t{0});
}

}  // namespace skyhop::dataplane
