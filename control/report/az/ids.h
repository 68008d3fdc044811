// Spellings that several answers share. Not for use outside this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/bgp/attributes.h"

namespace skyhop::report::az {

/// A guid that follows from the text alone.
[[nodiscard]] std::string guid_of(std::string_view text);
/// "East US" -> "eastus".
[[nodiscard]] std::string location_of(std::string_view name);
/// "65515-65100".
[[nodiscard]] std::string as_path_of(const bgp::AsPath& path);
/// "Igp", as a route's ORIGIN is told to a peer.
[[nodiscard]] std::string_view origin_of(bgp::Origin origin);

}  // namespace skyhop::report::az
