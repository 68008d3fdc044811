// How a BFD session is set up.
#pragma once

#include "control/bgp/bfd/packet.h"

namespace skyhop::bgp::bfd {

inline constexpr uint16_t kSingleHopPort = 3784;  // RFC 5881
inline constexpr uint16_t kMultihopPort = 4784;   // RFC 5883

struct Config {
  Interval desired_min_tx = std::chrono::milliseconds(300);
  Interval required_min_rx = std::chrono::milliseconds(300);
  uint8_t detect_multiplier = 3;
  enum class Reach : uint8_t {
    single_hop,  ///< port 3784; sent with TTL 255, and nothing less is taken (RFC 5881 5, GTSM)
    multihop,    ///< port 4784
  };
  Reach reach = Reach::single_hop;
};

}  // namespace skyhop::bgp::bfd
