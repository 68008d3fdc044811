// skyhop explain: the whole story of a route, or why a packet arrives or does not.
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/explain_view.h"
#include "control/emulator/names.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

ExitCode explain_packet(const ExplainOptions& options, const ConvergedLab& lab, Streams& streams) {
  const Output output = options.common.output;
  const auto from = emulator::vm_named(lab.loaded.network, options.from);
  if (!from) return report_error(from.error(), ExitCode::usage, output, streams);
  const auto to = emulator::destination_named(lab.loaded.network, options.to);
  if (!to) return report_error(to.error(), ExitCode::usage, output, streams);
  const explain::PacketStory story =
      explain::explain_packet(lab.loaded.lab, lab.emulation,
                              {.from = *from,
                               .to = *to,
                               .protocol = options.protocol,
                               .source_port = options.source_port,
                               .destination_port = options.destination_port});
  if (output == Output::json) {
    streams.out << report::dump(packet_story_json(story));
  } else {
    streams.out << packet_story_text(story, streams.out_style);
  }
  return ExitCode::ok;
}

}  // namespace

ExitCode explain(const ExplainOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  if (!options.from.empty()) return explain_packet(options, **lab, streams);
  const auto story = explain::explain_route((*lab)->emulation, options.router, options.prefix);
  if (!story) return report_error(story.error(), ExitCode::usage, output, streams);
  if (output == Output::json) {
    streams.out << report::dump(route_story_json(*story));
  } else {
    streams.out << route_story_text(*story, streams.out_style);
  }
  return ExitCode::ok;
}

}  // namespace skyhop::cli
