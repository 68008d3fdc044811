// Latency as the report shows it: the same six figures for a path, a hop or a link.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/report/table.h"

namespace skyhop::dataplane {
class Histogram;
}

namespace skyhop::report {

/// All in nanoseconds.
struct Latency {
  uint64_t samples = 0;
  uint64_t min = 0;
  uint64_t p50 = 0;
  uint64_t p90 = 0;
  uint64_t p99 = 0;
  uint64_t p999 = 0;
  uint64_t max = 0;
};

/// Of a histogram whose values are nanoseconds.
[[nodiscard]] Latency latency_of(const dataplane::Histogram& histogram);

/// A table with a row per add_latency(): name, samples and the six figures.
[[nodiscard]] Table latency_table(std::string title, std::string first_column);
void add_latency(Table& table, std::string name, const Latency& latency);

/// {"samples":..,"min":..,"p50":..,"p90":..,"p99":..,"p999":..,"max":..}
[[nodiscard]] nlohmann::ordered_json to_json(const Latency& latency);

}  // namespace skyhop::report
