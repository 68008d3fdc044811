// What Azure charges by the hour for what a lab is made of: its list prices of one region and date,
// pay as you go. They change; the table says of when it is.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace skyhop::cloud {

inline constexpr std::string_view kPricesOf = "2025-01";
inline constexpr std::string_view kPricesRegion = "East US, pay as you go";

struct Price {
  std::string_view item;  ///< a SKU or VM size, or one of the names below
  double usd_per_hour;
};

inline constexpr std::string_view kRouteServerItem = "Route Server";
inline constexpr std::string_view kPublicIpItem = "Standard static public IP";
inline constexpr std::string_view kTunnelItem = "S2S tunnel from the 11th on";

[[nodiscard]] std::span<const Price> prices();
/// Nothing when the table does not have it.
[[nodiscard]] std::optional<double> usd_per_hour(std::string_view item);

/// Not by the hour, and so not in a lab's sum.
inline constexpr double kPeeringUsdPerGigabyte = 0.01;  ///< in each VNet that the traffic crosses
inline constexpr unsigned kTunnelsIncluded = 10;        ///< in a VPN gateway's price

}  // namespace skyhop::cloud
