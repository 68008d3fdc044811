// skyhop bgp: sessions, and what a speaker learned, chose and advertised.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/bgp/mrt.h"
#include "control/cli/bgp_view.h"
#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/neighbor_view.h"
#include "control/emulator/names.h"
#include "control/lab/diagnostic.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

using View = BgpOptions::View;

// The peers of that name or address; all without a name.
Result<std::vector<bgp::PeerId>> peers_named(const bgp::Speaker& speaker, const std::string& name) {
  std::vector<bgp::PeerId> found;
  std::vector<std::string> names;
  for (const bgp::PeerId peer : speaker.peers()) {
    const bgp::PeerConfig& config = speaker.peer_config(peer);
    names.push_back(config.name);
    if (name.empty() || name == config.name || name == config.remote_address.to_string()) {
      found.push_back(peer);
    }
  }
  if (!found.empty() || name.empty()) return found;
  const std::string near = lab::nearest(name, names);
  return fail(fmt::format("{} has no peer '{}'", speaker.config().name, name), {},
              near.empty() ? std::string() : fmt::format("did you mean {}?", near));
}

report::Table table_of(View view, const bgp::Speaker& speaker,
                       const std::vector<bgp::PeerId>& peers) {
  if (view == View::learned) return learned_table(speaker, peers);
  if (view == View::advertised) return advertised_table(speaker, peers);
  if (view == View::neighbors) return neighbor_table(speaker, peers);
  return best_route_table(speaker);
}

report::Json json_of(View view, const bgp::Speaker& speaker,
                     const std::vector<bgp::PeerId>& peers) {
  report::Json json = {{"router", speaker.config().name}, {"asn", speaker.config().asn}};
  if (view == View::learned) {
    json["learned"] = learned_json(speaker, peers);
  } else if (view == View::advertised) {
    json["advertised"] = advertised_json(speaker, peers);
  } else if (view == View::neighbors) {
    json["neighbors"] = neighbors_json(speaker, peers);
  } else {
    json["routes"] = best_routes_json(speaker);
  }
  return json;
}

bool write_file(const std::string& path, const std::vector<uint8_t>& octets) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(octets.data()),
             static_cast<std::streamsize>(octets.size()));
  file.close();
  return file.good();
}

}  // namespace

ExitCode bgp(const BgpOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  const emulator::Emulation& emulation = (*lab)->emulation;
  if (options.view == View::summary) {
    streams.out << (output == Output::json
                        ? report::dump({{"sessions", session_summary_json(emulation)}})
                        : session_summary(emulation).render(streams.out_style));
    return ExitCode::ok;
  }
  const auto id = emulator::gateway_named(emulation.network(), options.router);
  if (!id) return report_error(id.error(), ExitCode::usage, output, streams);
  const bgp::Speaker* speaker = emulation.speaker(*id);
  if (speaker == nullptr) {
    return report_error({fmt::format("{} speaks no BGP", options.router), "",
                         "spoke gateways are programmed by the controller: see skyhop routes"},
                        ExitCode::usage, output, streams);
  }
  if (!options.mrt_dump.empty() &&
      !write_file(options.mrt_dump, bgp::mrt_table_dump(*speaker, emulation.clock()))) {
    return report_error({"cannot write the MRT file", options.mrt_dump, ""}, ExitCode::environment,
                        output, streams);
  }
  const auto peers = peers_named(*speaker, options.peer);
  if (!peers) return report_error(peers.error(), ExitCode::usage, output, streams);
  streams.out << (output == Output::json
                      ? report::dump(json_of(options.view, *speaker, *peers))
                      : table_of(options.view, *speaker, *peers).render(streams.out_style));
  return ExitCode::ok;
}

}  // namespace skyhop::cli
