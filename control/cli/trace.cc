// skyhop trace: the path of one flow, and why.
#include "control/emulator/trace.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/trace_view.h"
#include "control/emulator/names.h"
#include "control/report/json.h"

namespace skyhop::cli {

ExitCode trace(const TraceOptions& options, Streams& streams) {
  const Output output = options.common.output;
  auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  const cloud::Network& network = (*lab)->loaded.network;

  const auto from = emulator::vm_named(network, options.from);
  if (!from) return report_error(from.error(), ExitCode::usage, output, streams);
  const auto to = emulator::destination_named(network, options.to);
  if (!to) return report_error(to.error(), ExitCode::usage, output, streams);
  const emulator::TraceRequest request{.from = *from,
                                       .to = *to,
                                       .protocol = options.protocol,
                                       .source_port = options.source_port,
                                       .destination_port = options.destination_port};
  if (options.mtr) {
    const auto hops = emulator::mtr((*lab)->emulation, request);
    streams.out << (output == Output::json ? report::dump({{"hops", mtr_json(hops)}})
                                           : emulator::to_string(hops) + "\n");
    return ExitCode::ok;
  }
  const emulator::Trace traced = emulator::trace((*lab)->emulation, request);
  streams.out << (output == Output::json ? report::dump(trace_json(traced))
                                         : trace_text(traced, streams.out_style));
  // An answer, not a check: that nothing arrives may be what the user wanted to see.
  return ExitCode::ok;
}

}  // namespace skyhop::cli
