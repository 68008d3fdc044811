// skyhop show: the network that the clouds make of a lab.
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/cost_view.h"
#include "control/cli/load_lab.h"
#include "control/cli/network_view.h"
#include "control/report/json.h"

namespace skyhop::cli {

ExitCode show(const ShowOptions& options, Streams& streams) {
  const auto loaded = load_lab(options.lab, options.common.output, streams, {options.shaping});
  if (!loaded) return loaded.error();
  if (options.cost) {
    const auto items = cloud::cost_of(loaded->lab, loaded->network);
    streams.out << (options.common.output == Output::json ? report::dump(cost_json(items))
                                                          : cost_table(items, streams.out_style));
  } else if (options.common.output == Output::json) {
    streams.out << report::dump(network_json(loaded->network));
  } else {
    streams.out << network_tables(loaded->network, streams.out_style);
  }
  return ExitCode::ok;
}

}  // namespace skyhop::cli
