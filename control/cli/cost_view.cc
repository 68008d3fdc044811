#include "control/cli/cost_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cloud/prices.h"
#include "control/report/table.h"

namespace skyhop::cli {
namespace {

constexpr double kHoursOfAMonth = 730;  // as Azure's calculator has it

std::string hourly(double usd) { return fmt::format("{:.4f}", usd); }
std::string monthly(double usd) { return fmt::format("{:.2f}", usd * kHoursOfAMonth); }

bool lacks_a_price(const std::vector<cloud::CostItem>& items) {
  return std::ranges::any_of(items, [](const auto& item) { return !item.usd_per_hour; });
}

}  // namespace

std::string cost_table(const std::vector<cloud::CostItem>& items, const report::Style& style) {
  using report::Align;
  report::Table table({{"Resource", Align::left, report::Narrow::truncate},
                       {"Charged for"},
                       {"Count", Align::right},
                       {"USD/h", Align::right},
                       {"USD/month", Align::right}});
  for (const cloud::CostItem& item : items) {
    const double usd = item.count * item.usd_per_hour.value_or(0);
    table.add({item.resource, item.item, std::to_string(item.count),
               item.usd_per_hour ? hourly(usd) : "?", item.usd_per_hour ? monthly(usd) : "?"});
  }
  table.add_gap();
  const double sum = cloud::usd_per_hour(items);
  table.add({"together", "", "", hourly(sum), monthly(sum)});
  std::string text = table.render(style);
  text += fmt::format("\nAzure's list prices of {} ({}), a month of {} hours.\n", cloud::kPricesOf,
                      cloud::kPricesRegion, kHoursOfAMonth);
  if (lacks_a_price(items)) text += "? : not in the price table, and not in the sum.\n";
  text += fmt::format(
      "Not in the sum: traffic (peerings {:.2f} USD/GB on each side), disks, Aviatrix' licences.\n",
      cloud::kPeeringUsdPerGigabyte);
  return text;
}

nlohmann::ordered_json cost_json(const std::vector<cloud::CostItem>& items) {
  auto rows = nlohmann::ordered_json::array();
  for (const cloud::CostItem& item : items) {
    nlohmann::ordered_json row = {
        {"resource", item.resource}, {"item", item.item}, {"count", item.count}};
    row["usd_per_hour"] = item.usd_per_hour ? nlohmann::ordered_json(*item.usd_per_hour) : nullptr;
    rows.push_back(std::move(row));
  }
  const double sum = cloud::usd_per_hour(items);
  return {{"prices_of", cloud::kPricesOf},
          {"region", cloud::kPricesRegion},
          {"items", std::move(rows)},
          {"usd_per_hour", sum},
          {"usd_per_month", sum * kHoursOfAMonth}};
}

}  // namespace skyhop::cli
