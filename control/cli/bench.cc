// skyhop bench: measures parts of skyhop by themselves.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/bench_view.h"
#include "control/cli/commands.h"
#include "control/cli/load_lab.h"
#include "control/report/json.h"
#include "control/report/progress.h"
#include "control/report/units.h"
#include "dataplane/eal.h"

namespace skyhop::cli {

ExitCode bench(const BenchOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto largest = *std::ranges::max_element(options.routes);
  dataplane::EalOptions eal;
  eal.memory_mb = lpm::table_bench_memory_mb(largest);
  const auto info = dataplane::start_eal(eal);
  if (!info) return report_error(info.error(), ExitCode::environment, output, streams);

  report::Progress progress(stderr, streams.err_style);
  TableBench bench{.memory = info->note, .figures = {}};
  for (const uint32_t routes : options.routes) {
    const auto figures = lpm::bench_tables(
        {.routes = routes, .limit_s = options.limit.count()}, [&](std::string_view now) {
          progress.update(report::count(routes) + " routes, " + std::string(now));
        });
    if (!figures) {
      progress.clear();
      return report_error(figures.error(), ExitCode::environment, output, streams);
    }
    bench.figures.insert(bench.figures.end(), figures->begin(), figures->end());
  }
  progress.clear();
  streams.out << (output == Output::json ? report::dump(table_bench_json(bench))
                                         : table_bench_text(bench, streams.out_style));
  const double ratio = lpm::compare_tables(bench.figures, largest).ratio();
  return ratio < options.at_least ? ExitCode::check_failed : ExitCode::ok;
}

}  // namespace skyhop::cli
