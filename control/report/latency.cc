#include "control/report/latency.h"

#include <nlohmann/json.hpp>

#include "control/report/units.h"

namespace skyhop::report {

Table latency_table(std::string title, std::string first_column) {
  return Table({{std::move(first_column), Align::left, Narrow::truncate},
                {"samples", Align::right},
                {"min", Align::right},
                {"p50", Align::right},
                {"p90", Align::right},
                {"p99", Align::right},
                {"p99.9", Align::right},
                {"max", Align::right}},
               std::move(title));
}

void add_latency(Table& table, std::string name, const Latency& latency) {
  if (latency.samples == 0) {
    table.add({std::move(name), "0", "-", "-", "-", "-", "-", "-"});
    return;
  }
  const auto shown = [](uint64_t ns) { return nanoseconds(static_cast<double>(ns)); };
  table.add({std::move(name), count(latency.samples), shown(latency.min), shown(latency.p50),
             shown(latency.p90), shown(latency.p99), shown(latency.p999), shown(latency.max)});
}

nlohmann::ordered_json to_json(const Latency& latency) {
  return {{"samples", latency.samples}, {"min", latency.min}, {"p50", latency.p50},
          {"p90", latency.p90},         {"p99", latency.p99}, {"p999", latency.p999},
          {"max", latency.max}};
}

}  // namespace skyhop::report
