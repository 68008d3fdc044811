// Random routes for tests: crowded, so that prefixes nest, meet and split each other's blocks.
#pragma once

#include <random>

#include "lpm/address.h"

namespace skyhop::lpm {

class RandomRoutes {
 public:
  explicit RandomRoutes(uint32_t seed) : random_(seed) {}

  /// Any length, mostly within two /16s; shorter than /8 seldom, for they are slow to install.
  Ipv4Prefix prefix() {
    const uint32_t length = below(20) == 0 ? below(33) : 8 + below(25);
    return {address(), static_cast<uint8_t>(length)};
  }
  Ipv4Address address() {
    switch (random_() % 4) {
      case 0:
        return Ipv4Address(static_cast<uint32_t>(random_()));
      case 1:
        return Ipv4Address(0x0a010000u | (random_() & 0xffff));
      default:
        return Ipv4Address(0x0a000000u | (random_() & 0x7ff));
    }
  }
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

 private:
  std::mt19937 random_;
};

}  // namespace skyhop::lpm
