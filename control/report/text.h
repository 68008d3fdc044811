// Text as a terminal shows it: UTF-8 of a known width, without control characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/report/style.h"

namespace skyhop::report {

/// Names come from files and peers: control characters (a terminal would obey them) and bytes that
/// are no UTF-8 become `instead`. The result is valid UTF-8 on one line.
[[nodiscard]] std::string printable(std::string_view text, std::string_view instead = "?");

/// Columns that printable text takes: combining marks none, East Asian wide characters two.
[[nodiscard]] unsigned display_width(std::string_view text);

/// At most `width` columns of it, the last one an ellipsis when something was cut.
[[nodiscard]] std::string truncate(std::string_view text, unsigned width, Charset charset);

/// Lines of at most `width` columns, broken at spaces where there are any.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, unsigned width);

}  // namespace skyhop::report
