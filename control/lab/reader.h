// The strict YAML reader: a lab file to a Lab, or everything that is wrong with the file.
#pragma once

#include <string>

#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::lab {

struct ReadResult {
  Lab lab;
  Diagnostics diagnostics;  ///< errors and warnings, in file order; usable unless has_errors()
};

/// Reads syntax, keys, types, prefixes and references between resources. What the clouds forbid is
/// found later, by cloud::derive.
[[nodiscard]] ReadResult read_file(const std::string& file);
[[nodiscard]] ReadResult read_text(const std::string& text, const std::string& file);

/// The JSON Schema (2020-12) of the lab file, made from the same key tables the reader uses.
[[nodiscard]] std::string json_schema();

}  // namespace skyhop::lab
