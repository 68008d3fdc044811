// The common parts of every --json answer. Keys keep the order they are written in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/lab/diagnostic.h"
#include "lpm/error.h"

namespace skyhop::report {

using Json = nlohmann::ordered_json;

/// Indented by two, ends with a newline. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const Json& json);

/// {"what":..,"where":..,"hint":..}, leaving out what is empty.
[[nodiscard]] Json to_json(const Error& error);

/// [{"severity":"error","file":..,"line":..,"column":..,"path":..,"message":..,"rule":..}]
[[nodiscard]] Json to_json(const lab::Diagnostics& diagnostics, const std::string& file);

}  // namespace skyhop::report
