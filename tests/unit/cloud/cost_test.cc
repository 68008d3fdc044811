// What a lab costs: everything that stands in Azure once, at the table's price.
#include "control/cloud/cost.h"

#include <gtest/gtest.h>

#include <numeric>

#include "control/cloud/prices.h"
#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

std::vector<CostItem> bill_of(const lab::Lab& lab) { return cost_of(lab, derive(lab).network); }

uint32_t count_of(const std::vector<CostItem>& items, std::string_view item) {
  return std::accumulate(items.begin(), items.end(), uint32_t{0},
                         [&](uint32_t sum, const CostItem& each) {
                           return sum + (each.item == item ? each.count : 0);
                         });
}

TEST(Cost, TheFirstLab) {
  const lab::Lab lab = first_lab();
  const auto items = bill_of(lab);
  EXPECT_EQ(count_of(items, kRouteServerItem), 1u);
  EXPECT_EQ(count_of(items, lab.virtual_network_gateways[0].sku), 1u);
  // A pair of each transit, one of them with insane_mode, and two spokes.
  EXPECT_EQ(count_of(items, "Standard_D3_v2"), 2u);
  EXPECT_EQ(count_of(items, "Standard_B1ms"), 2u + 2u);
  EXPECT_EQ(count_of(items, kVmSize), lab.virtual_machines.size());
  // The route server's, one of each VPN gateway instance, one of each Aviatrix gateway.
  EXPECT_EQ(count_of(items, kPublicIpItem), 1u + 2u + 6u);
  double sum = 0;
  for (const CostItem& item : items) sum += item.count * item.usd_per_hour.value();
  EXPECT_DOUBLE_EQ(usd_per_hour(items), sum);
  EXPECT_GT(sum, 0.45 + *usd_per_hour(lab.virtual_network_gateways[0].sku));
}

TEST(Cost, TunnelsBeyondTenAreChargedFor) {
  lab::Lab lab = first_lab();
  const auto connection = lab.virtual_network_gateway_connections[0];
  const size_t has = lab.virtual_network_gateway_connections.size();
  for (size_t i = has; i < 12; ++i) {
    lab.virtual_network_gateway_connections.push_back(connection);
    lab.virtual_network_gateway_connections.back().name = "more" + std::to_string(i);
  }
  EXPECT_EQ(count_of(bill_of(lab), kTunnelItem), 2u);
  lab.virtual_network_gateway_connections.resize(10);
  EXPECT_EQ(count_of(bill_of(lab), kTunnelItem), 0u);
}

TEST(Cost, WhatHasNoPriceIsSaidAndNotSummed) {
  lab::Lab lab = first_lab();
  lab.spoke_gateways[0].gw_size = "Standard_X1";
  const auto items = bill_of(lab);
  const auto unknown = std::ranges::find(items, std::string("Standard_X1"), &CostItem::item);
  ASSERT_NE(unknown, items.end());
  EXPECT_FALSE(unknown->usd_per_hour);
  EXPECT_LT(usd_per_hour(items), usd_per_hour(bill_of(first_lab())));
}

TEST(Cost, EachPriceStandsOnceInTheTable) {
  std::set<std::string_view> items;
  for (const Price& price : prices()) {
    EXPECT_TRUE(items.insert(price.item).second) << price.item;
    EXPECT_GT(price.usd_per_hour, 0) << price.item;
  }
}

}  // namespace
}  // namespace skyhop::cloud::test
