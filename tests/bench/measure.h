// What the programs that measure the data plane share: arguments, EAL, rates, a verdict.
#pragma once

#include <fmt/core.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dataplane.h"

namespace skyhop::bench {

/// `--key value` pairs and `--flags`.
class Arguments {
 public:
  Arguments(int argc, char** argv) : words_(argv + 1, argv + argc) {}

  [[nodiscard]] bool has(std::string_view key) const {
    return std::ranges::find(words_, key) != words_.end();
  }
  [[nodiscard]] std::string text(std::string_view key, std::string otherwise) const {
    const auto at = std::ranges::find(words_, key);
    return at == words_.end() || at + 1 == words_.end() ? std::move(otherwise) : *(at + 1);
  }
  [[nodiscard]] double number(std::string_view key, double otherwise) const {
    return std::atof(text(key, std::to_string(otherwise)).c_str());
  }

 private:
  std::vector<std::string> words_;
};

[[noreturn]] inline void give_up(const Error& error) {
  fmt::print(stderr, "{}\n", error.to_string());
  std::exit(4);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[nodiscard]] inline double now() {
  return static_cast<double>(rte_rdtsc()) / static_cast<double>(rte_get_tsc_hz());
}

/// Spins: sleeping would give the processor to others for longer than what is measured.
inline void wait_until(double time) {
  while (now() < time) rte_pause();
}

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Packets delivered a second while `work` runs.
template <typename Work>
[[nodiscard]] double rate_during(const dataplane::Dataplane& plane, Work&& work) {
  const uint64_t before = plane.totals().delivered;
  const double start = now();
  work();
  return static_cast<double>(plane.totals().delivered - before) / (now() - start);
}

/// Prints whether a bound holds; the programs end with 1 when one does not.
class Verdict {
 public:
  void expect(bool holds, const std::string& what) {
    if (!holds) {
      fmt::print("FAILED: {}\n", what);
      code_ = 1;
    }
  }
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_ = 0;
};

}  // namespace skyhop::bench
