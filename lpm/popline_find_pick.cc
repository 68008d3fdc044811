#include <vector>

#include "lpm/popline_find.h"

namespace skyhop::lpm::popline {

#define SKYHOP_DECLARE_FIND(level)                                                       \
  namespace level {                                                                      \
  void many(const View& view, const uint32_t* destinations, size_t count, uint32_t miss, \
            uint32_t* groups);                                                           \
  }
SKYHOP_DECLARE_FIND(v2)
SKYHOP_DECLARE_FIND(v3)
SKYHOP_DECLARE_FIND(v4)
#undef SKYHOP_DECLARE_FIND

std::span<const Find> finds() {
  static const std::vector<Find> kFinds = [] {
    __builtin_cpu_init();
    std::vector<Find> all{{"v2", v2::many}};
    const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
    if (has_v3) all.push_back({"v3", v3::many});
    if (has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      all.push_back({"v4", v4::many});
    }
    return all;
  }();
  return kFinds;
}

const Find& best_find() {
  static const Find& best = finds().back();
  return best;
}

}  // namespace skyhop::lpm::popline
