// What Aviatrix gateways carry, by their VM's size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skyhop::cloud::aviatrix {

/// The VM size that the mc-transit and mc-spoke modules take when none is written.
[[nodiscard]] std::string_view default_size(bool insane_mode);

struct Capacity {
  uint64_t mbits_per_second = 0;  ///< of all that the gateway forwards; 0: not known, not limited
  std::string reason;             ///< where the figure comes from
};
[[nodiscard]] Capacity capacity_of(std::string_view size, bool insane_mode);

/// One IPsec tunnel, whatever the gateway.
inline constexpr uint64_t kTunnelMbitsPerSecond = 1'250;

}  // namespace skyhop::cloud::aviatrix
