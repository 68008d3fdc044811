#include "pcap/link_layer.h"

#include <bit>

namespace skyhop::pcap {
namespace {

constexpr uint16_t kFirstEtherType = 0x0600;  // below: an IEEE 802.3 length, or a Linux pseudo type
constexpr uint16_t kHardwareNetlink = 824;    // ARPHRD_NETLINK: its protocol field is no EtherType

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
struct LinuxCookedHeader {
  Be16 packet_type;
  Be16 hardware_type;
  Be16 address_length;
  std::array<uint8_t, 8> address;
  Be16 protocol;
};
static_assert(sizeof(LinuxCookedHeader) == 16);

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
struct LinuxCooked2Header {
  Be16 protocol;
  Be16 reserved;
  Be32 interface_index;
  Be16 hardware_type;
  uint8_t packet_type;
  uint8_t address_length;
  std::array<uint8_t, 8> address;
};
static_assert(sizeof(LinuxCooked2Header) == 20);

using MaybeLayer = std::optional<NetworkLayer>;

MaybeLayer skip_vlan_tags(NetworkLayer layer, Bytes frame) {
  while (layer.ether_type == kEtherTypeVlan || layer.ether_type == kEtherTypeServiceVlan ||
         layer.ether_type == kEtherTypeOldVlan) {
    const auto tag = read_header<VlanTag>(frame, layer.offset);
    if (!tag) return {};
    layer = {tag->type.value(), layer.offset + sizeof *tag};
  }
  if (layer.ether_type < kFirstEtherType) return {};
  return layer;
}

MaybeLayer after_ethernet(Bytes frame) {
  const auto header = read_header<EthernetHeader>(frame);
  if (!header) return {};
  return skip_vlan_tags({header->type.value(), sizeof *header}, frame);
}

template <typename Header>
MaybeLayer after_linux_cooked(Bytes frame) {
  const auto header = read_header<Header>(frame);
  if (!header || header->hardware_type.value() == kHardwareNetlink) return {};
  return skip_vlan_tags({header->protocol.value(), sizeof *header}, frame);
}

// IPv6 if the version says so; everything else is for the IPv4 parser to judge.
MaybeLayer raw(Bytes frame) {
  if (frame.empty()) return {};
  return NetworkLayer{frame[0] >> 4 == 6 ? kEtherTypeIpv6 : kEtherTypeIpv4, 0};
}

MaybeLayer after_loopback(Bytes frame) {
  const auto family = read_header<Be32>(frame);
  if (!family) return {};
  // In the byte order of the machine that captured (NULL) or big-endian (LOOP): families are small
  // numbers, so only one reading makes sense.
  const uint32_t value =
      family->value() > 0xffff ? std::byteswap(family->value()) : family->value();
  switch (value) {
    case 2:  // AF_INET everywhere
      return NetworkLayer{kEtherTypeIpv4, sizeof *family};
    case 10:  // AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS
    case 24:
    case 28:
    case 30:
      return NetworkLayer{kEtherTypeIpv6, sizeof *family};
    default:
      return {};
  }
}

}  // namespace

std::string_view to_string(LinkType link) {
  switch (link) {
    case LinkType::ethernet:
      return "ethernet";
    case LinkType::raw_ip:
      return "raw_ip";
    case LinkType::linux_cooked:
      return "linux_cooked";
    case LinkType::linux_cooked2:
      return "linux_cooked2";
    case LinkType::loopback:
      return "loopback";
  }
  return "unknown";
}

std::optional<NetworkLayer> find_network_layer(LinkType link, Bytes frame) {
  switch (link) {
    case LinkType::ethernet:
      return after_ethernet(frame);
    case LinkType::raw_ip:
      return raw(frame);
    case LinkType::linux_cooked:
      return after_linux_cooked<LinuxCookedHeader>(frame);
    case LinkType::linux_cooked2:
      return after_linux_cooked<LinuxCooked2Header>(frame);
    case LinkType::loopback:
      return after_loopback(frame);
  }
  return {};
}

std::optional<Bytes> find_ipv4(LinkType link, Bytes frame) {
  const auto layer = find_network_layer(link, frame);
  if (!layer || layer->ether_type != kEtherTypeIpv4) return {};
  return frame.subspan(layer->offset);
}

}  // namespace skyhop::pcap
