// The header that tunnel mode puts in front of a packet (RFC 4301 5.1.2.1), and what the far end
// does with it.
//
//   field           out                                     in
//   TTL             64; the inner one is the router's work  not looked at
//   DF              the inner packet's                      not looked at
//   DSCP            the inner packet's                      the inner one stays
//   ECN             the inner packet's                      CE goes in where the inner is capable
//   identification  low 16 bits of the sequence number      fragments are not put together
//   checksum        IPv4 right, UDP 0 (RFC 3948 2.1)        IPv4 checked
//
// Frames keep an Ethernet header in front, so that a capture shows them whole.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "dataplane/ipsec/transform.h"
#include "dataplane/rows.h"
#include "lpm/address.h"

namespace skyhop::dataplane::ipsec {

inline constexpr uint32_t kEthernet = 14;
inline constexpr uint32_t kIpv4 = 20;
inline constexpr uint32_t kUdp = 8;
inline constexpr uint32_t kEspHeader = 8;   ///< SPI and sequence number
inline constexpr uint32_t kEspTrailer = 2;  ///< pad length and next header
inline constexpr uint16_t kNatTraversalPort = 4500;
inline constexpr uint8_t kOuterTtl = 64;

/// Ethernet and IPv4 as every sealed frame begins; what differs between packets is zero.
using OuterTemplate = std::array<uint8_t, kEthernet + kIpv4>;
[[nodiscard]] OuterTemplate outer_template(lpm::Ipv4Address source, lpm::Ipv4Address destination,
                                           UdpEncapsulation udp);
/// Sum of the 16-bit words of its TTL, protocol and addresses, in memory's byte order.
[[nodiscard]] uint32_t constant_sum(const OuterTemplate& outer);

/// Sets DF (`fragment`: flags and offset of the inner header, as in memory) and the checksum of an
/// outer header whose length, identification and traffic class stand.
SKYHOP_INLINE void finish_outer(uint8_t* ip, uint32_t constants, uint16_t fragment) {
  const uint16_t flags = fragment & uint16_t{0x0040};  // DF, as in memory
  std::memcpy(ip + 6, &flags, sizeof flags);
  uint64_t words;  // version .. flags
  std::memcpy(&words, ip, sizeof words);
  uint64_t sum = constants + (words & 0xffffffff) + (words >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  const auto checksum = static_cast<uint16_t>(~sum);
  std::memcpy(ip + 10, &checksum, sizeof checksum);
}

/// A sealed frame as far as anybody can read it.
struct Sealed {
  uint32_t source = 0;  ///< addresses in host byte order
  uint32_t destination = 0;
  uint32_t spi = 0;
  uint32_t sequence = 0;
  uint32_t offset = 0;        ///< of the ESP header, from the start of the frame
  uint32_t length = 0;        ///< of the ESP packet, header to ICV
  bool is_congested = false;  ///< ECN says CE
};
enum class SealedFault : uint8_t {
  malformed,     ///< no IPv4 with ESP in it, or not whole
  bad_checksum,  ///< of the outer IPv4 header
};
/// Reads the frame; nothing when it is good. An SPI of zero marks IKE (RFC 3948 2.2) and one octet
/// 0xff keeps translations alive (2.3): both are no ESP.
[[nodiscard]] std::optional<SealedFault> read_sealed(std::span<const uint8_t> frame, Sealed& out);

/// Congestion seen on the way, told to the inner IPv4 packet if it understands (RFC 6040 4.2). Its
/// checksum follows.
void mark_congested(uint8_t* ip);

}  // namespace skyhop::dataplane::ipsec
