// skyhop activity and skyhop alerts: what has changed in a lab and when, and what somebody should
// look at.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/emulator/alerts.h"
#include "control/emulator/timeline.h"
#include "control/report/json.h"
#include "control/report/table.h"

namespace skyhop::cli {
namespace {

using report::Align;
using report::Json;
using report::Narrow;
using report::Tone;

/// Plays the lab's timeline up to `at`, or to its end.
std::expected<std::unique_ptr<ConvergedLab>, ExitCode> play(const TimedOptions& options,
                                                            Streams& streams) {
  const Output output = options.common.output;
  auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab;
  emulator::Timeline timeline((*lab)->loaded.lab);
  const auto played = timeline.play_until((*lab)->emulation, options.at.value_or(timeline.end()));
  if (!played) {
    return std::unexpected(report_error(played.error(), ExitCode::invalid_lab, output, streams));
  }
  return lab;
}

Tone tone_of(emulator::Alert::Kind kind) {
  using Kind = emulator::Alert::Kind;
  return kind == Kind::near_limit || kind == Kind::approval_pending || kind == Kind::overlap
             ? Tone::warning
             : Tone::bad;
}

}  // namespace

ExitCode activity(const TimedOptions& options, Streams& streams) {
  const auto lab = play(options, streams);
  if (!lab) return lab.error();
  const emulator::Emulation& emulation = (*lab)->emulation;
  // The lab's clock starts when it has converged; what led there happened before.
  const Seconds zero = emulation.converged_at();
  if (options.common.output == Output::json) {
    Json entries = Json::array();
    for (const emulator::LogEntry& entry : emulation.log()) {
      entries.push_back(
          {{"at_s", (entry.at - zero).count()}, {"subject", entry.subject}, {"what", entry.what}});
    }
    streams.out << report::dump({{"entries", std::move(entries)}});
    return ExitCode::ok;
  }
  report::Table table(
      {{"Time", Align::right}, {"Subject"}, {"What happened", Align::left, Narrow::wrap}},
      "Activity, from convergence on; before it times are negative");
  for (const emulator::LogEntry& entry : emulation.log()) {
    table.add({fmt::format("{:.1f} s", (entry.at - zero).count()), entry.subject, entry.what});
  }
  streams.out << table.render(streams.out_style);
  return ExitCode::ok;
}

ExitCode alerts(const TimedOptions& options, Streams& streams) {
  const auto lab = play(options, streams);
  if (!lab) return lab.error();
  const auto found = emulator::alerts((*lab)->emulation, (*lab)->loaded.lab);
  if (options.common.output == Output::json) {
    Json list = Json::array();
    for (const emulator::Alert& alert : found) {
      Json item = {
          {"kind", to_string(alert.kind)}, {"subject", alert.subject}, {"what", alert.what}};
      if (!alert.rule.empty()) item["rule"] = alert.rule;
      list.push_back(std::move(item));
    }
    streams.out << report::dump(
        {{"at_s", (*lab)->emulation.now().count()}, {"alerts", std::move(list)}});
    return ExitCode::ok;
  }
  if (found.empty()) {
    streams.out << "nothing to look at\n";
    return ExitCode::ok;
  }
  report::Table table({{"Alert"}, {"Subject"}, {"What", Align::left, Narrow::wrap}, {"Rule"}},
                      fmt::format("Alerts at {:g} s", (*lab)->emulation.now().count()));
  for (const emulator::Alert& alert : found) {
    table.add({{to_string(alert.kind), tone_of(alert.kind)},
               alert.subject,
               alert.what,
               {alert.rule, Tone::dim}});
  }
  streams.out << table.render(streams.out_style);
  return ExitCode::ok;
}

}  // namespace skyhop::cli
