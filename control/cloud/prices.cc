#include "control/cloud/prices.h"

#include <algorithm>
#include <array>

namespace skyhop::cloud {

namespace {

constexpr std::array kPrices = {
    Price{kRouteServerItem, 0.45},  Price{kPublicIpItem, 0.005},    Price{kTunnelItem, 0.015},
    Price{"Basic", 0.036},          Price{"VpnGw1", 0.19},          Price{"VpnGw2", 0.49},
    Price{"VpnGw3", 1.25},          Price{"VpnGw4", 2.10},          Price{"VpnGw5", 3.65},
    Price{"VpnGw1AZ", 0.361},       Price{"VpnGw2AZ", 0.564},       Price{"Standard_B1s", 0.0104},
    Price{"Standard_B1ms", 0.0207}, Price{"Standard_B2s", 0.0416},  Price{"Standard_B2ms", 0.0832},
    Price{"Standard_D3_v2", 0.293}, Price{"Standard_D4_v2", 0.585}, Price{"Standard_D5_v2", 1.17},
};

}  // namespace

std::span<const Price> prices() { return kPrices; }

std::optional<double> usd_per_hour(std::string_view item) {
  const auto* found = std::ranges::find(kPrices, item, &Price::item);
  return found == kPrices.end() ? std::nullopt : std::optional(found->usd_per_hour);
}

}  // namespace skyhop::cloud
