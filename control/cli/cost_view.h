// What a lab costs on Azure, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/cloud/cost.h"
#include "control/report/style.h"

namespace skyhop::cli {

/// A row for each resource and what it is charged for, the sum, and what is not in it.
[[nodiscard]] std::string cost_table(const std::vector<cloud::CostItem>& items,
                                     const report::Style& style);
[[nodiscard]] nlohmann::ordered_json cost_json(const std::vector<cloud::CostItem>& items);

}  // namespace skyhop::cli
