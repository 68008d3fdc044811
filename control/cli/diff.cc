// skyhop diff: what the real az CLI printed beside what it would print of the lab.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/cli/lines.h"
#include "control/report/az/difference_causes.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

using report::Json;
using report::Tone;
using report::az::Cause;
using report::az::Compared;
using report::az::Difference;
using Side = Difference::Side;

std::string_view name_of(Side side) {
  switch (side) {
    case Side::only_azure:
      return "only in Azure";
    case Side::only_lab:
      return "only in the lab";
    case Side::differs:
      return "differs";
  }
  return "differs";
}

/// "NAME=FILE", or a file whose own name may tell whose answer it holds.
struct Source {
  std::string file;
  std::string hint;
};

Source source_of(const std::string& argument) {
  const size_t at = argument.find('=');
  if (at != std::string::npos && !std::filesystem::exists(argument)) {
    return {argument.substr(at + 1), argument.substr(0, at)};
  }
  return {argument, std::filesystem::path(argument).stem().string()};
}

Result<Compared> compare_file(const std::string& argument, const ConvergedLab& lab) {
  const Source source = source_of(argument);
  std::ifstream stream(source.file);
  if (!stream) return fail("cannot be read", source.file);
  Compared result;
  result.file = source.file;
  result.azure = Json::parse(stream, nullptr, false);
  if (result.azure.is_discarded()) {
    return fail("is no JSON", source.file, "save the output of 'az network ... -o json'");
  }
  const auto at_file = [&](Error error) {
    error.where = source.file;
    return std::unexpected(std::move(error));
  };
  const auto kind = report::az::kind_of(result.azure);
  if (!kind) return at_file(kind.error());
  result.kind = *kind;
  const auto subject =
      report::az::subject_of(*kind, result.azure, source.hint, lab.loaded.lab, lab.emulation);
  if (!subject) return at_file(subject.error());
  result.subject = *subject;
  result.comparison = report::az::compare(
      *kind, result.azure, subject->ask(lab.loaded.lab, lab.emulation), lab.emulation);
  return result;
}

std::string text_of(const std::vector<Compared>& files, const std::vector<Cause>& causes,
                    const emulator::Emulation& emulation, const report::Style& style) {
  Lines lines(style);
  size_t all = 0;
  for (const Compared& file : files) {
    const auto& [equal, differences, left_out] = file.comparison;
    all += differences.size();
    lines.head(fmt::format("{}: {}, {} ({})", file.file, report::az::command_of(file.kind),
                           file.subject.name,
                           differences.empty() ? fmt::format("all {} rows agree", equal)
                                               : fmt::format("{} rows agree, {} do not", equal,
                                                             differences.size())),
               differences.empty() ? Tone::good : Tone::bad);
    for (const Difference& d : differences) {
      lines.item(fmt::format("{}: {}: {}", name_of(d.side), d.row, d.what));
      const auto story = report::az::story_of(d, file.subject, emulation);
      if (!story.text.empty()) lines.more(with_rule(story.text, story.rule), Tone::dim);
    }
    for (const std::string& what : left_out) lines.item("not compared: " + what, Tone::dim);
  }
  if (all == 0) return lines.take();
  if (causes.empty()) {
    lines.head("no single change to what the lab file has brings the two nearer", Tone::warning);
    return lines.take();
  }
  lines.head("they would agree more if (each was tried, on top of those before it)");
  size_t left = all;
  for (const Cause& cause : causes) {
    left -= cause.explains;
    lines.item(with_rule(fmt::format("{}: explains {}, {} left", cause.cause, cause.explains, left),
                         cause.rule));
    lines.more("in the lab: " + cause.fix, Tone::good);
  }
  return lines.take();
}

Json json_of(const std::vector<Compared>& files, const std::vector<Cause>& causes,
             const emulator::Emulation& emulation) {
  Json list = Json::array();
  size_t all = 0;
  for (const Compared& file : files) {
    Json differences = Json::array();
    for (const Difference& d : file.comparison.differences) {
      const auto story = report::az::story_of(d, file.subject, emulation);
      differences.push_back({{"side", d.side == Side::only_azure ? "azure"
                                      : d.side == Side::only_lab ? "lab"
                                                                 : "both"},
                             {"row", d.row},
                             {"what", d.what},
                             {"story", story.text},
                             {"rule", story.rule}});
    }
    all += differences.size();
    list.push_back({{"file", file.file},
                    {"command", report::az::command_of(file.kind)},
                    {"subject", file.subject.name},
                    {"equal", file.comparison.equal},
                    {"differences", std::move(differences)},
                    {"left_out", file.comparison.left_out}});
  }
  Json reasons = Json::array();
  for (const Cause& c : causes) {
    reasons.push_back({{"resource", c.resource},
                       {"cause", c.cause},
                       {"fix", c.fix},
                       {"rule", c.rule},
                       {"explains", c.explains}});
  }
  return {{"differences", all}, {"files", std::move(list)}, {"causes", std::move(reasons)}};
}

}  // namespace

ExitCode diff(const DiffOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  std::vector<Compared> files;
  bool all_read = true;
  for (const std::string& argument : options.answers) {
    auto compared = compare_file(argument, **lab);
    if (compared) {
      files.push_back(std::move(*compared));
    } else {
      report_error(compared.error(), ExitCode::usage, Output::table, streams);
      all_read = false;
    }
  }
  if (!all_read) return ExitCode::usage;
  const emulator::Emulation& emulation = (*lab)->emulation;
  const auto causes = report::az::causes_of(files, (*lab)->loaded.lab, emulation);
  if (output == Output::json) {
    streams.out << report::dump(json_of(files, causes, emulation));
  } else {
    streams.out << text_of(files, causes, emulation, streams.out_style);
  }
  const bool agree = std::ranges::all_of(
      files, [](const Compared& file) { return file.comparison.differences.empty(); });
  return agree ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace skyhop::cli
