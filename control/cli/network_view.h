// A derived network for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/cloud/network.h"
#include "control/report/style.h"

namespace skyhop::cli {

/// Tables: virtual networks and subnets, peerings, gateways and NICs, links, sessions, and every
/// derived value with its reason.
[[nodiscard]] std::string network_tables(const cloud::Network& network, const report::Style& style);

/// The same and all the rest of it; things refer to each other by name.
[[nodiscard]] nlohmann::ordered_json network_json(const cloud::Network& network);

}  // namespace skyhop::cli
