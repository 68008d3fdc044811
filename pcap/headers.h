// Protocol headers as they stand on the wire. All have alignment 1: overlay or copy them anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "lpm/endian.h"

namespace skyhop::pcap {

using lpm::Be16;
using lpm::Be32;

using MacAddress = std::array<uint8_t, 6>;
using Bytes = std::span<const uint8_t>;

inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeArp = 0x0806;
inline constexpr uint16_t kEtherTypeVlan = 0x8100;  ///< IEEE 802.1Q C-tag
inline constexpr uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr uint16_t kEtherTypeServiceVlan = 0x88a8;  ///< IEEE 802.1ad S-tag
inline constexpr uint16_t kEtherTypeOldVlan = 0x9100;      ///< S-tag of gear older than 802.1ad

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint8_t kProtocolEsp = 50;

struct EthernetHeader {
  MacAddress destination{};
  MacAddress source{};
  Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

/// What follows a VLAN EtherType.
struct VlanTag {
  Be16 control;  ///< priority 3 bits, DEI 1, VLAN id 12
  Be16 type;     ///< EtherType of what follows the tag
};
static_assert(sizeof(VlanTag) == 4);

/// RFC 791 3.1, without options.
struct Ipv4Header {
  static constexpr uint16_t kDontFragment = 0x4000;
  static constexpr uint16_t kMoreFragments = 0x2000;
  static constexpr uint16_t kFragmentOffset = 0x1fff;  ///< in units of 8 octets

  uint8_t version_and_words = 0x45;  ///< version 4 bits, header length in 32-bit words 4 bits
  uint8_t traffic_class = 0;         ///< DSCP 6 bits, ECN 2
  Be16 total_length;                 ///< header and data, octets
  Be16 identification;
  Be16 fragment;  ///< flags 3 bits, offset 13
  uint8_t ttl = 64;
  uint8_t protocol = 0;
  Be16 checksum;
  Be32 source;
  Be32 destination;

  [[nodiscard]] constexpr uint8_t version() const { return version_and_words >> 4; }
  [[nodiscard]] constexpr uint32_t header_length() const { return (version_and_words & 15u) * 4; }
};
static_assert(sizeof(Ipv4Header) == 20);

/// RFC 768.
struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;    ///< header and data, octets
  Be16 checksum;  ///< 0: not computed
};
static_assert(sizeof(UdpHeader) == 8);

/// RFC 9293 3.1, without options.
struct TcpHeader {
  static constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;

  Be16 source_port;
  Be16 destination_port;
  Be32 sequence;
  Be32 acknowledgment;
  uint8_t data_offset = 0x50;  ///< header length in 32-bit words in the upper 4 bits
  uint8_t flags = 0;
  Be16 window;
  Be16 checksum;
  Be16 urgent;
};
static_assert(sizeof(TcpHeader) == 20);

/// RFC 792.
struct IcmpHeader {
  static constexpr uint8_t kEchoReply = 0, kUnreachable = 3, kEchoRequest = 8, kTimeExceeded = 11;

  uint8_t type = 0;
  uint8_t code = 0;
  Be16 checksum;
  Be16 identifier;  ///< echo; otherwise the first half of the rest of the header
  Be16 sequence;    ///< echo; next-hop MTU in "fragmentation needed"
};
static_assert(sizeof(IcmpHeader) == 8);

/// Copies the header at `offset`, if the buffer holds all of it.
template <typename Header>
  requires std::is_trivially_copyable_v<Header> && (alignof(Header) == 1)
[[nodiscard]] std::optional<Header> read_header(Bytes buffer, size_t offset = 0) {
  if (offset > buffer.size() || buffer.size() - offset < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, buffer.data() + offset, sizeof header);
  return header;
}

}  // namespace skyhop::pcap
