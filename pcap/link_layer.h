// Link layers a capture may have, and where the IPv4 packet starts in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pcap/headers.h"

namespace skyhop::pcap {

enum class LinkType : uint8_t {
  ethernet,       ///< LINKTYPE_ETHERNET
  raw_ip,         ///< LINKTYPE_RAW, LINKTYPE_IPV4: the packet and nothing before it
  linux_cooked,   ///< LINKTYPE_LINUX_SLL: `tcpdump -i any` of old
  linux_cooked2,  ///< LINKTYPE_LINUX_SLL2: `tcpdump -i any` of today
  loopback,       ///< LINKTYPE_NULL and LINKTYPE_LOOP: a 4-octet address family, either order
};

[[nodiscard]] std::string_view to_string(LinkType link);

/// What the link layer carries.
struct NetworkLayer {
  uint16_t ether_type = 0;  ///< of the innermost VLAN tag
  size_t offset = 0;        ///< of the first octet after the link header and all VLAN tags
  friend bool operator==(const NetworkLayer&, const NetworkLayer&) = default;
};

/// Nothing when the link header or a VLAN tag is cut short, or its type is not an EtherType.
[[nodiscard]] std::optional<NetworkLayer> find_network_layer(LinkType link, Bytes frame);

/// The IPv4 packet in the frame (with whatever padding follows it), if it carries one.
[[nodiscard]] std::optional<Bytes> find_ipv4(LinkType link, Bytes frame);

}  // namespace skyhop::pcap
