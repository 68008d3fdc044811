// skyhop routes: the table of a gateway, or the effective routes of a subnet's NICs.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/routes_view.h"
#include "control/emulator/forwarding.h"
#include "control/emulator/names.h"
#include "control/report/json.h"

namespace skyhop::cli {

ExitCode routes(const RoutesOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  const emulator::Emulation& emulation = (*lab)->emulation;
  const auto id = emulator::table_named(emulation.network(), options.on);
  if (!id) return report_error(id.error(), ExitCode::usage, output, streams);
  const cloud::Router& router = emulation.network().at(*id);
  const auto verdict =
      emulator::table_verdict(emulation.network(), *id, emulation.table(*id).entries().size());
  const report::Json forwarding_table = {{"kind", lpm::to_string(verdict.kind)},
                                         {"why", verdict.why}};
  const std::string forwarding_text =
      fmt::format("\nIts forwarding table is {}: {}\n", lpm::to_string(verdict.kind), verdict.why);

  if (const auto* subnet = std::get_if<cloud::SubnetId>(&router.what)) {
    if (options.as_product) {
      return report_error({router.name + " is no Aviatrix gateway", "", "leave out --product"},
                          ExitCode::usage, output, streams);
    }
    const auto& effective = emulation.effective_routes(*subnet);
    if (output == Output::json) {
      streams.out << report::dump({{"name", router.name},
                                   {"kind", "subnet"},
                                   {"forwarding_table", forwarding_table},
                                   {"routes", effective_routes_json(effective)}});
    } else {
      streams.out << effective_route_table("Effective routes of " + router.name, effective)
                         .render(streams.out_style)
                  << forwarding_text;
    }
    return ExitCode::ok;
  }
  const routing::RouterTable& table = emulation.table(*id);
  if (options.as_product) {
    const auto kind = emulation.network().at(*emulation.network().gateway_of(*id)).kind;
    if (kind != cloud::GatewayKind::transit && kind != cloud::GatewayKind::spoke) {
      return report_error({router.name + " is no Aviatrix gateway", "", "leave out --product"},
                          ExitCode::usage, output, streams);
    }
    const uint32_t metric = (*lab)->loaded.lab.settings.twin_metric;
    streams.out << (output == Output::json
                        ? report::dump({{"name", router.name},
                                        {"kind", "gateway"},
                                        {"routes", gateway_table_json(table, metric)}})
                        : gateway_table("Gateway routes of " + router.name, table, metric)
                              .render(streams.out_style));
    return ExitCode::ok;
  }
  if (output == Output::json) {
    streams.out << report::dump({{"name", router.name},
                                 {"kind", "gateway"},
                                 {"forwarding_table", forwarding_table},
                                 {"routes", router_table_json(table)}});
  } else {
    streams.out << router_table("Routes of " + router.name, table).render(streams.out_style)
                << forwarding_text;
  }
  return ExitCode::ok;
}

}  // namespace skyhop::cli
