// Results as JUnit XML, the form that CI systems read.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace skyhop::report {

struct JunitCase {
  std::string class_name;  ///< groups cases in viewers: the lab's name
  std::string name;
  double seconds = 0;
  std::optional<std::string> failure;  ///< what was expected and what was found; several lines
  std::optional<std::string> skipped;  ///< why
};

struct JunitSuite {
  std::string name;
  std::vector<JunitCase> cases;
};

/// A complete document: valid UTF-8, every special character escaped, what XML 1.0 cannot hold
/// replaced by U+FFFD.
[[nodiscard]] std::string junit_xml(const std::vector<JunitSuite>& suites);

}  // namespace skyhop::report
