#include "control/cli/check_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "control/report/json.h"
#include "control/report/text.h"
#include "control/report/units.h"

namespace skyhop::cli {

using report::Align;
using report::Json;
using report::Narrow;
using report::Tone;

std::string convergence_text(const emulator::Convergence& convergence, const report::Style& style) {
  const std::string took = report::seconds(convergence.took.count());
  if (convergence.converged) {
    return report::paint(fmt::format("converged in {} of virtual time", took), Tone::good, style) +
           "\n";
  }
  std::string out =
      report::paint(fmt::format("not converged after {} of virtual time", took), Tone::bad, style) +
      "\n";
  for (const std::string& what : convergence.waiting) {
    out += fmt::format("  {}\n", report::printable(what));
  }
  return out;
}

Json convergence_json(const emulator::Convergence& convergence) {
  return {{"converged", convergence.converged},
          {"seconds", convergence.took.count()},
          {"waiting", convergence.waiting}};
}

report::Table check_table(const std::vector<emulator::CheckResult>& checks) {
  report::Table table({{"At", Align::right},
                       {"Check", Align::left, Narrow::wrap},
                       {"Result"},
                       {"Found", Align::left, Narrow::wrap}},
                      "Checks");
  for (const emulator::CheckResult& c : checks) {
    table.add({report::seconds(c.at.count()), c.name,
               c.passed ? report::Cell("ok", Tone::good) : report::Cell("FAILED", Tone::bad),
               c.detail});
  }
  return table;
}

Json checks_json(const std::vector<emulator::CheckResult>& checks) {
  Json list = Json::array();
  for (const emulator::CheckResult& c : checks) {
    list.push_back(
        {{"name", c.name}, {"at", c.at.count()}, {"passed", c.passed}, {"detail", c.detail}});
  }
  return list;
}

report::JunitSuite junit_suite(const std::string& lab, const emulator::TimelineReport& report) {
  report::JunitSuite suite{lab, {}};
  report::JunitCase converges{.class_name = lab, .name = "converges", .failure = {}, .skipped = {}};
  if (!report.convergence.converged) {
    converges.failure =
        fmt::format("not converged\n{}", fmt::join(report.convergence.waiting, "\n"));
  }
  suite.cases.push_back(std::move(converges));
  for (const emulator::CheckResult& c : report.checks) {
    report::JunitCase result{
        .class_name = lab,
        .name = fmt::format("{} (at {})", c.name, report::seconds(c.at.count())),
        .failure = {},
        .skipped = {}};
    if (!c.passed) result.failure = c.detail;
    suite.cases.push_back(std::move(result));
  }
  return suite;
}

}  // namespace skyhop::cli
