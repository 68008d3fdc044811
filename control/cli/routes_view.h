// Tables of routes for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/cloud/azure/effective_routes.h"
#include "control/report/table.h"
#include "control/routing/router_table.h"

namespace skyhop::cli {

/// A gateway's table: every prefix with the offer in use, and the offers that lost.
[[nodiscard]] report::Table router_table(const std::string& title,
                                         const routing::RouterTable& table);
[[nodiscard]] nlohmann::ordered_json router_table_json(const routing::RouterTable& table);

/// As the Aviatrix controller shows a gateway's table: a row for each next hop, backups among them
/// with their metric, and whether it is up.
[[nodiscard]] report::Table gateway_table(const std::string& title,
                                          const routing::RouterTable& table, uint32_t twin_metric);
[[nodiscard]] nlohmann::ordered_json gateway_table_json(const routing::RouterTable& table,
                                                        uint32_t twin_metric);

/// As Azure shows a NIC's effective routes: a row for each next hop.
[[nodiscard]] report::Table effective_route_table(
    const std::string& title, const std::vector<cloud::azure::EffectiveRoute>& routes);
[[nodiscard]] nlohmann::ordered_json effective_routes_json(
    const std::vector<cloud::azure::EffectiveRoute>& routes);

}  // namespace skyhop::cli
