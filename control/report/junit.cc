#include "control/report/junit.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/report/text.h"

namespace skyhop::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Attribute and element text alike. Line breaks and tabs stay what they are in both.
std::string escape(std::string_view text) {
  std::string out;
  size_t start = 0;
  const auto flush = [&](size_t end) {
    out += printable(text.substr(start, end - start), kReplacement);
  };
  for (size_t i = 0; i < text.size(); ++i) {
    std::string_view entity;
    switch (text[i]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '"':
        entity = "&quot;";
        break;
      case '\n':
        entity = "&#10;";
        break;
      case '\t':
        entity = "&#9;";
        break;
      default:
        continue;
    }
    flush(i);
    out += entity;
    start = i + 1;
  }
  flush(text.size());
  return out;
}

struct Totals {
  size_t tests = 0;
  size_t failures = 0;
  size_t skipped = 0;
  double seconds = 0;

  void add(const Totals& other) {
    tests += other.tests;
    failures += other.failures;
    skipped += other.skipped;
    seconds += other.seconds;
  }
  [[nodiscard]] std::string attributes() const {
    return fmt::format(R"(tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}")", tests,
                       failures, skipped, seconds);
  }
};

Totals totals_of(const JunitSuite& suite) {
  Totals totals;
  for (const JunitCase& c : suite.cases) {
    totals.add({1, c.failure ? size_t{1} : 0, c.skipped && !c.failure ? size_t{1} : 0, c.seconds});
  }
  return totals;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string to_xml(const JunitCase& c) {
  std::string out = fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")",
                                escape(c.class_name), escape(c.name), c.seconds);
  if (c.failure) {
    out += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                       escape(first_line(*c.failure)), escape(*c.failure));
  } else if (c.skipped) {
    out += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape(*c.skipped));
  } else {
    out += "/>\n";
  }
  return out;
}

}  // namespace

std::string junit_xml(const std::vector<JunitSuite>& suites) {
  Totals all;
  std::string body;
  for (const JunitSuite& suite : suites) {
    const Totals totals = totals_of(suite);
    all.add(totals);
    body += fmt::format("  <testsuite name=\"{}\" {}>\n", escape(suite.name), totals.attributes());
    for (const JunitCase& c : suite.cases) body += to_xml(c);
    body += "  </testsuite>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"skyhop\" {}>\n{}"
      "</testsuites>\n",
      all.attributes(), body);
}

}  // namespace skyhop::report
