// Which flow a packet belongs to, and which member of an ECMP group that flow takes.
//
// One hash serves the workers, `skyhop trace` and the tests, so that a traced path is the path the
// packets take. It uses only 32-bit multiply, add, xor and shift: sixteen lanes at once on AVX-512.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

#include "lpm/address.h"

namespace skyhop::lpm {

/// The 5-tuple. Ports are 0 for protocols without them and for every fragment, so that all pieces
/// of a datagram stay on one path. ICMP echo uses the identifier as source port.
struct FlowKey {
  Ipv4Address source;
  Ipv4Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint8_t protocol = 0;

  [[nodiscard]] constexpr FlowKey reversed() const {
    return {destination, source, destination_port, source_port, protocol};
  }
  friend constexpr auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

[[nodiscard]] constexpr uint32_t flow_hash(uint32_t source, uint32_t destination, uint32_t ports,
                                           uint32_t protocol) {
  uint32_t h = source * 0x9E3779B1u;
  h = (std::rotl(h, 13) ^ destination) * 0x85EBCA77u;
  h = (std::rotl(h, 13) ^ ports) * 0xC2B2AE3Du;
  h = (std::rotl(h, 13) ^ protocol) * 0x27D4EB2Fu;
  h ^= h >> 15;
  h *= 0x85EBCA77u;
  h ^= h >> 13;
  return h;
}

[[nodiscard]] constexpr uint32_t flow_hash(const FlowKey& key) {
  return flow_hash(key.source.value(), key.destination.value(),
                   (uint32_t{key.source_port} << 16) | key.destination_port, key.protocol);
}

/// Slots of a next-hop group; see next_hop_group.h.
inline constexpr uint32_t kGroupSlots = 64;

/// Slot of a flow at one router. `seed` is odd and differs per router, otherwise the routers of a
/// chain would all split the flows the same way and half of the paths would stay empty.
[[nodiscard]] constexpr uint32_t group_slot(uint32_t hash, uint32_t seed) {
  return (hash * seed) >> 26;
}

/// The seed of the router with this dense index.
[[nodiscard]] constexpr uint32_t group_seed(uint32_t router_index) {
  uint32_t x = (router_index + 1) * 0x9E3779B1u;
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  return x | 1u;
}

}  // namespace skyhop::lpm
