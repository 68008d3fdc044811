#include "control/cli/bench_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/report/table.h"
#include "control/report/units.h"
#include "lpm/popline_find.h"

namespace skyhop::cli {
namespace {

using lpm::TableFigures;
using report::Align;
using report::Tone;

// "2.49 G", "149 M", "29.1 k": three digits.
std::string rate(double per_second) {
  if (per_second >= 1e9) return fmt::format("{:.3g} G", per_second / 1e9);
  if (per_second >= 1e6) return fmt::format("{:.3g} M", per_second / 1e6);
  if (per_second >= 1e3) return fmt::format("{:.3g} k", per_second / 1e3);
  return fmt::format("{:.0f}", per_second);
}

const TableFigures& fastest(const std::vector<TableFigures>& figures, uint32_t routes) {
  const auto lookups = [routes](const TableFigures& f) {
    return f.routes == routes && f.is_complete() ? f.lookups_s : 0;
  };
  return *std::ranges::max_element(figures, {}, lookups);
}

}  // namespace

std::string table_bench_text(const TableBench& bench, const report::Style& style) {
  report::Table table({{"routes", Align::right},
                       {"table"},
                       {"look-ups/s", Align::right},
                       {"adds/s", Align::right},
                       {"changes/s", Align::right},
                       {"deletes/s", Align::right},
                       {"memory", Align::right}});
  std::string notes;
  uint32_t last = 0;
  for (const TableFigures& f : bench.figures) {
    if (last != 0 && f.routes != last) table.add_gap();
    last = f.routes;
    const bool is_fastest = f.is_complete() && &f == &fastest(bench.figures, f.routes);
    table.add({report::count(f.loaded) + (f.is_complete() ? "" : "*"),
               f.kind,
               {rate(f.lookups_s), is_fastest ? Tone::good : Tone::plain},
               rate(f.adds_s),
               rate(f.changes_s),
               rate(f.deletes_s),
               report::bytes(f.bytes)});
    if (!f.is_complete()) {
      notes += fmt::format(
          "* {} held {} of {} routes when the time limit stopped it; its figures are with these\n",
          f.kind, report::count(f.loaded), report::count(f.routes));
    }
  }
  for (const uint32_t routes : bench.sizes()) {
    const lpm::TableComparison best = lpm::compare_tables(bench.figures, routes);
    if (best.ratio() == 0) continue;
    notes += fmt::format("{} routes: {} looks up {:.2f} times as fast as DPDK's {}\n",
                         report::count(routes), best.own->kind, best.ratio(), best.dpdk->kind);
  }
  return table.render(style) + notes +
         fmt::format(
             "random addresses within random routes, bursts of 64, best round; popline for "
             "x86-64-{}\n"
             "rte_lpm_add is DPDK's rte_lpm filled by its own function, rte_lpm the same filled by "
             "skyhop\n{}\n",
             lpm::popline::best_find().name, bench.memory);
}

std::vector<uint32_t> TableBench::sizes() const {
  std::vector<uint32_t> sizes;
  for (const TableFigures& f : figures) {
    if (std::ranges::find(sizes, f.routes) == sizes.end()) sizes.push_back(f.routes);
  }
  return sizes;
}

report::Json table_bench_json(const TableBench& bench) {
  report::Json tables = report::Json::array();
  for (const TableFigures& f : bench.figures) {
    tables.push_back({{"table", f.kind},
                      {"routes", f.routes},
                      {"loaded", f.loaded},
                      {"complete", f.is_complete()},
                      {"lookups_per_s", f.lookups_s},
                      {"adds_per_s", f.adds_s},
                      {"changes_per_s", f.changes_s},
                      {"deletes_per_s", f.deletes_s},
                      {"bytes", f.bytes},
                      {"dpdk", f.is_dpdk}});
  }
  report::Json ratios = report::Json::array();
  for (const uint32_t routes : bench.sizes()) {
    const lpm::TableComparison best = lpm::compare_tables(bench.figures, routes);
    if (best.ratio() == 0) continue;
    ratios.push_back({{"routes", routes},
                      {"own", best.own->kind},
                      {"dpdk", best.dpdk->kind},
                      {"lookup_ratio", best.ratio()}});
  }
  return {{"popline_lookup", lpm::popline::best_find().name},
          {"memory", bench.memory},
          {"tables", tables},
          {"ratios", ratios}};
}

}  // namespace skyhop::cli
