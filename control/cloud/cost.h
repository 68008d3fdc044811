// What a lab would cost on Azure by the hour, resource by resource (prices.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "control/lab/lab.h"

namespace skyhop::cloud {

struct CostItem {
  std::string resource;  ///< "azurerm_route_server.routerserver"
  std::string item;      ///< of the price table
  uint32_t count = 1;
  std::optional<double> usd_per_hour;  ///< of one; absent: the table has no price for it
};

/// Of the VMs of a lab, which have no sizes: what the first lab's test machines are.
inline constexpr auto kVmSize = "Standard_B1s";

/// What stands in Azure, in the order of the lab: route servers, VPN gateways, Aviatrix gateways'
/// VMs (without Aviatrix' own licences), VMs. What is outside of Azure costs nothing here.
[[nodiscard]] std::vector<CostItem> cost_of(const lab::Lab& lab, const Network& network);

/// Of everything that has a price.
[[nodiscard]] double usd_per_hour(const std::vector<CostItem>& items);

}  // namespace skyhop::cloud
