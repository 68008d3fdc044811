// skyhop check: timeline and checks of labs in virtual time.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/check_view.h"
#include "control/cli/commands.h"
#include "control/cli/load_lab.h"
#include "control/report/json.h"
#include "control/report/text.h"

namespace skyhop::cli {
namespace {

using report::Json;

// What all labs have come to.
struct Sum {
  ExitCode code = ExitCode::ok;
  size_t passed = 0;
  size_t failed = 0;
  Json labs = Json::array();
  std::vector<report::JunitSuite> suites;

  // The gravest code wins: an invalid lab tells more than a failed check.
  void worsen(ExitCode other) { code = std::max(code, other); }
};

void add_broken(const std::string& file, ExitCode code, const std::string& why, Sum& sum) {
  sum.worsen(code);
  ++sum.failed;
  sum.labs.push_back({{"lab", file}, {"passed", false}, {"error", why}});
  sum.suites.push_back(
      {file, {{.class_name = file, .name = "loads", .failure = why, .skipped = {}}}});
}

void check_lab(const std::string& file, Output output, Streams& streams, Sum& sum) {
  const auto loaded = load_lab(file, Output::table, streams);
  if (!loaded) {
    const bool invalid = loaded.error() == ExitCode::invalid_lab;
    add_broken(file, loaded.error(), invalid ? "the lab is invalid" : "cannot be read", sum);
    return;
  }
  emulator::Emulation emulation(loaded->lab, loaded->network, nullptr);
  const auto played = emulator::play(emulation, loaded->lab);
  if (!played) {
    streams.err << "skyhop: " << report::printable(played.error().to_string()) << "\n";
    add_broken(file, ExitCode::invalid_lab, played.error().to_string(), sum);
    return;
  }
  if (!played->passed()) sum.worsen(ExitCode::check_failed);
  const auto passed =
      static_cast<size_t>(std::ranges::count_if(played->checks, &emulator::CheckResult::passed));
  sum.passed += passed;
  sum.failed += played->checks.size() - passed;
  sum.suites.push_back(junit_suite(loaded->lab.name, *played));
  sum.labs.push_back({{"lab", file},
                      {"name", loaded->lab.name},
                      {"passed", played->passed()},
                      {"convergence", convergence_json(played->convergence)},
                      {"events", played->events},
                      {"checks", checks_json(played->checks)}});
  if (output == Output::json) return;
  streams.out << report::printable(loaded->lab.name) << ": "
              << convergence_text(played->convergence, streams.out_style);
  for (const std::string& event : played->events) {
    streams.out << "  " << report::printable(event) << "\n";
  }
  const report::Table table = check_table(played->checks);
  if (!table.is_empty()) streams.out << table.render(streams.out_style);
  streams.out << "\n";
}

}  // namespace

ExitCode check(const CheckOptions& options, Streams& streams) {
  Sum sum;
  for (const std::string& lab : options.labs) {
    check_lab(lab, options.common.output, streams, sum);
  }
  if (options.common.output == Output::json) {
    streams.out << report::dump({{"passed", sum.code == ExitCode::ok}, {"labs", sum.labs}});
  } else {
    streams.out << fmt::format("{} checks passed, {} failed, in {} labs\n", sum.passed, sum.failed,
                               options.labs.size());
  }
  if (!options.junit.empty()) {
    std::ofstream file(options.junit);
    file << report::junit_xml(sum.suites);
    file.close();
    if (!file) {
      return report_error({"cannot write the JUnit file", options.junit, ""}, ExitCode::environment,
                          Output::table, streams);
    }
  }
  return sum.code;
}

}  // namespace skyhop::cli
