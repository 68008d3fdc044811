#include "pcap/packet.h"

#include <fmt/core.h>

#include <algorithm>

#include "pcap/checksum.h"

namespace skyhop::pcap {
namespace {

void read_ports(PacketView& view) {
  if (view.is_fragment()) return;
  switch (view.flow.protocol) {
    case kProtocolTcp:
    case kProtocolUdp:
      // Both begin with the two ports; a snap length may cut what follows.
      if (const auto source = read_header<Be16>(view.payload, 0),
          destination = read_header<Be16>(view.payload, 2);
          source && destination) {
        view.flow.source_port = source->value();
        view.flow.destination_port = destination->value();
      }
      return;
    case kProtocolIcmp:
      if (const auto icmp = read_header<IcmpHeader>(view.payload);
          icmp &&
          (icmp->type == IcmpHeader::kEchoRequest || icmp->type == IcmpHeader::kEchoReply)) {
        view.flow.source_port = icmp->identifier.value();
      }
      return;
    default:
      return;
  }
}

std::string tcp_flags(uint8_t flags) {
  constexpr std::pair<uint8_t, char> kLetters[] = {{TcpHeader::kFin, 'F'},
                                                   {TcpHeader::kSyn, 'S'},
                                                   {TcpHeader::kRst, 'R'},
                                                   {TcpHeader::kPsh, 'P'},
                                                   {TcpHeader::kAck, '.'}};
  std::string letters;
  for (const auto& [flag, letter] : kLetters) {
    if ((flags & flag) != 0) letters += letter;
  }
  return letters;
}

std::string describe_icmp(Bytes payload) {
  const auto icmp = read_header<IcmpHeader>(payload);
  if (!icmp) return "icmp";
  switch (icmp->type) {
    case IcmpHeader::kEchoRequest:
    case IcmpHeader::kEchoReply:
      return fmt::format("icmp echo {} id {} seq {}",
                         icmp->type == IcmpHeader::kEchoReply ? "reply" : "request",
                         icmp->identifier.value(), icmp->sequence.value());
    case IcmpHeader::kTimeExceeded:
      return "icmp time exceeded";
    case IcmpHeader::kUnreachable:
      if (icmp->code == 4) {
        return fmt::format("icmp fragmentation needed mtu {}", icmp->sequence.value());
      }
      return fmt::format("icmp unreachable code {}", icmp->code);
    default:
      return fmt::format("icmp type {} code {}", icmp->type, icmp->code);
  }
}

std::string describe_transport(const PacketView& packet) {
  const bool has_header = packet.fragment_offset == 0;
  switch (packet.flow.protocol) {
    case kProtocolTcp:
      if (const auto tcp = read_header<TcpHeader>(packet.payload); tcp && has_header) {
        return "tcp [" + tcp_flags(tcp->flags) + "]";
      }
      return "tcp";
    case kProtocolUdp:
      return "udp";
    case kProtocolIcmp:
      return has_header ? describe_icmp(packet.payload) : "icmp";
    case kProtocolEsp:
      return "esp";
    default:
      return fmt::format("protocol {}", packet.flow.protocol);
  }
}

std::string describe_network_layer(uint16_t ether_type) {
  switch (ether_type) {
    case kEtherTypeArp:
      return "arp";
    case kEtherTypeIpv6:
      return "ipv6";
    default:
      return fmt::format("EtherType 0x{:04x}", ether_type);
  }
}

}  // namespace

std::string_view to_string(PacketError error) {
  switch (error) {
    case PacketError::not_ipv4:
      return "not_ipv4";
    case PacketError::bad_header:
      return "bad_header";
    case PacketError::bad_length:
      return "bad_length";
    case PacketError::bad_checksum:
      return "bad_checksum";
  }
  return "unknown";
}

std::expected<PacketView, PacketError> parse_ipv4(Bytes packet, size_t original_length) {
  const auto header = read_header<Ipv4Header>(packet);
  if (!header || header->version() != 4) return std::unexpected(PacketError::bad_header);
  const uint32_t header_length = header->header_length();
  if (header_length < sizeof *header || header_length > packet.size()) {
    return std::unexpected(PacketError::bad_header);
  }
  const uint16_t total_length = header->total_length.value();
  if (total_length < header_length || total_length > std::max(original_length, packet.size())) {
    return std::unexpected(PacketError::bad_length);
  }
  if (internet_checksum(packet.first(header_length)) != 0) {
    return std::unexpected(PacketError::bad_checksum);
  }
  const Bytes whole = packet.first(std::min<size_t>(total_length, packet.size()));
  const uint16_t fragment = header->fragment.value();
  PacketView view{
      .flow = {.source = lpm::Ipv4Address(header->source.value()),
               .destination = lpm::Ipv4Address(header->destination.value()),
               .protocol = header->protocol},
      .header_length = header_length,
      .total_length = total_length,
      .identification = header->identification.value(),
      .fragment_offset = static_cast<uint16_t>((fragment & Ipv4Header::kFragmentOffset) * 8),
      .traffic_class = header->traffic_class,
      .ttl = header->ttl,
      .dont_fragment = (fragment & Ipv4Header::kDontFragment) != 0,
      .more_fragments = (fragment & Ipv4Header::kMoreFragments) != 0,
      .options = packet.subspan(sizeof *header, header_length - sizeof *header),
      .payload = whole.subspan(header_length)};
  read_ports(view);
  return view;
}

std::expected<PacketView, PacketError> parse_frame(LinkType link, Bytes frame,
                                                   size_t original_length) {
  const auto layer = find_network_layer(link, frame);
  if (!layer || layer->ether_type != kEtherTypeIpv4) return std::unexpected(PacketError::not_ipv4);
  const size_t length = std::max(original_length, frame.size());
  return parse_ipv4(frame.subspan(layer->offset), length - layer->offset);
}

std::string describe(const PacketView& packet) {
  const auto endpoint = [&packet](lpm::Ipv4Address address, uint16_t port) {
    const bool has_ports =
        packet.flow.protocol == kProtocolTcp || packet.flow.protocol == kProtocolUdp;
    return has_ports && !packet.is_fragment() ? fmt::format("{}:{}", address.to_string(), port)
                                              : address.to_string();
  };
  std::string text =
      fmt::format("{} > {} {} ttl {} len {}", endpoint(packet.flow.source, packet.flow.source_port),
                  endpoint(packet.flow.destination, packet.flow.destination_port),
                  describe_transport(packet), packet.ttl, packet.total_length);
  if (packet.dont_fragment) text += " df";
  if (packet.is_fragment()) {
    text += fmt::format(" fragment {}{}", packet.fragment_offset, packet.more_fragments ? "+" : "");
  }
  if (packet.truncated()) text += " cut";
  return text;
}

std::string describe_frame(LinkType link, Bytes frame, size_t original_length) {
  const auto packet = parse_frame(link, frame, original_length);
  if (packet) return describe(*packet);
  const auto layer = find_network_layer(link, frame);
  const std::string what = packet.error() != PacketError::not_ipv4
                               ? std::string(to_string(packet.error()))
                           : layer ? describe_network_layer(layer->ether_type)
                                   : "no network layer";
  return fmt::format("{}, {} octets", what, std::max(original_length, frame.size()));
}

}  // namespace skyhop::pcap
