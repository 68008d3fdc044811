// Compiled for x86-64-v2, -v3 and -v4.
#include "lpm/popline_view.h"

namespace skyhop::lpm::popline::SKYHOP_LEVEL {

void many(const View& view, const uint32_t* destinations, size_t count, uint32_t miss,
          uint32_t* groups) {
  find_many(view, destinations, count, miss, groups);
}

}  // namespace skyhop::lpm::popline::SKYHOP_LEVEL
