// What an IPsec tunnel is told to be, and what became of its SAs. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/ipsec/keys.h"
#include "dataplane/ipsec/transform.h"
#include "lpm/address.h"

namespace skyhop::dataplane::ipsec {

enum class SequenceNumbers : uint8_t { bits_32, extended };  ///< extended: 64 bits (RFC 4304)

struct AssociationSpec {
  Transform transform;
  KeyMaterial keys;
  lpm::Ipv4Address source;  ///< of the tunnel
  lpm::Ipv4Address destination;
  UdpEncapsulation udp = UdpEncapsulation::off;
  SequenceNumbers sequence_numbers = SequenceNumbers::bits_32;
  uint32_t replay_window = 1024;  ///< packets; 0: off, where sequence numbers have 32 bits
  uint64_t first_sequence = 1;
};

/// How long an SA may be used; 0: no end.
struct Lifetime {
  uint64_t packets = 0;
  uint64_t octets = 0;  ///< of the packets inside
  double seconds = 0;
};

/// Bundles have at most so many tunnels (V47).
inline constexpr uint32_t kMostTunnels = 50;

/// One direction of a link that is an IPsec tunnel, or a bundle of them.
struct EspSpec {
  Transform transform;
  std::string driver;  ///< of DPDK; empty: default_driver()
  lpm::Ipv4Address source;
  lpm::Ipv4Address destination;
  UdpEncapsulation udp = UdpEncapsulation::off;
  SequenceNumbers sequence_numbers = SequenceNumbers::bits_32;
  uint32_t replay_window = 1024;
  uint32_t tunnels = 1;
  Lifetime lifetime;
  uint64_t first_sequence = 1;  ///< of every SA
  uint64_t seed = 1;
  /// Keys that the first SAs of the first worker have, tunnel by tunnel; the rest follows from the
  /// seed.
  std::vector<KeyMaterial> keys;
};

/// An SA of the run, there or gone.
struct AssociationRecord {
  enum class State : uint8_t { spare, current, replaced, gone };
  uint32_t link = 0;
  uint32_t tunnel = 0;
  uint32_t worker = 0;
  uint32_t generation = 0;
  State state = State::spare;
  AssociationSpec spec;
  uint64_t packets = 0;  ///< sealed
  uint64_t octets = 0;
  uint64_t opened = 0;  ///< packets
};
[[nodiscard]] std::string_view to_string(AssociationRecord::State state);

}  // namespace skyhop::dataplane::ipsec
