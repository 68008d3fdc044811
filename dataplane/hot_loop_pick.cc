#include <cstdlib>
#include <string_view>
#include <vector>

#include "dataplane/hot_loop.h"

namespace skyhop::dataplane {

namespace v2 {
extern const HotLoop kHotLoop;
}
namespace v3 {
extern const HotLoop kHotLoop;
}
namespace v4 {
extern const HotLoop kHotLoop;
}

std::span<const HotLoop* const> hot_loops() {
  static const std::vector<const HotLoop*> kLoops = [] {
    __builtin_cpu_init();
    std::vector<const HotLoop*> loops{&v2::kHotLoop};
    const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
    if (has_v3) loops.push_back(&v3::kHotLoop);
    if (has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      loops.push_back(&v4::kHotLoop);
    }
    return loops;
  }();
  return kLoops;
}

const HotLoop& best_hot_loop() {
  if (const char* wanted = std::getenv("SKYHOP_CPU")) {
    for (const HotLoop* loop : hot_loops()) {
      if (loop->name == std::string_view(wanted)) return *loop;
    }
  }
  return *hot_loops().back();
}

}  // namespace skyhop::dataplane
