// `extends: other.yaml`: a lab as the changes to another lab.
#pragma once

#include <expected>
#include <string>

#include "control/lab/yaml_tree.h"

namespace skyhop::lab {

/// How many labs a chain of extends may hold.
inline constexpr size_t kMaxExtends = 8;

/// The file's text; the message says why not (missing, a directory, a device, too large).
[[nodiscard]] std::expected<std::string, std::string> read_lab_text(const std::string& file);

/// Follows `extends` from `root` (of the lab file `file`), and merges: maps key by key, anything
/// else replaces what the base has. Marks keep the file they come from.
[[nodiscard]] NodePtr resolve_extends(NodePtr root, const std::string& file,
                                      Diagnostics& diagnostics);

}  // namespace skyhop::lab
