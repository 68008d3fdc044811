// What is wrong with a lab: every finding of one run, each with its place and its rule.
#pragma once

#include <string>
#include <vector>

#include "control/lab/lab.h"

namespace skyhop::lab {

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string path;     ///< key in Lab::marks; the nearest marked ancestor gives the place
  std::string message;  ///< what is wrong, with the near name meant where there is one
  std::string rule;     ///< "A54", "V11", or empty
  Mark mark;            ///< filled by the reader, or from `path` by `locate`
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);
/// Fills `mark` from `path`, walking up to the nearest marked ancestor.
void locate(Diagnostics& diagnostics, const Marks& marks);
/// "file:line:column: error: path: message [A54]". `file` stands for marks that name no other file;
/// without a mark the place is left out.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic, const std::string& file);

/// The candidate nearest to `name` by edit distance, or empty when none is near.
[[nodiscard]] std::string nearest(const std::string& name,
                                  const std::vector<std::string>& candidates);

}  // namespace skyhop::lab
