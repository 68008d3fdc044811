#include "dataplane/stages/icmp.h"

#include <algorithm>
#include <cstring>

#include "dataplane/stages/input.h"
#include "pcap/checksum.h"
#include "pcap/headers.h"

namespace skyhop::dataplane {
namespace {

using pcap::Be16;
using pcap::Be32;
using pcap::IcmpHeader;
using pcap::Ipv4Header;

// RFC 1812 4.3.2.5: errors go with precedence 6, internetwork control.
constexpr uint8_t kInternetworkControl = 0xc0;

template <typename Header>
Header& overlay(uint8_t* at) {
  static_assert(alignof(Header) == 1);
  return *reinterpret_cast<Header*>(at);
}

}  // namespace

bool may_report(std::span<const uint8_t> ip) {
  const auto header = pcap::read_header<Ipv4Header>(ip);
  if (!header || (header->fragment.value() & Ipv4Header::kFragmentOffset) != 0) return false;
  if (header->protocol != pcap::kProtocolIcmp) return true;
  const auto icmp = pcap::read_header<IcmpHeader>(ip, header->header_length());
  // Queries may be reported, errors and what cannot be told may not.
  return icmp && (icmp->type == IcmpHeader::kEchoReply || icmp->type == IcmpHeader::kEchoRequest ||
                  (icmp->type >= 13 && icmp->type <= 18));
}

uint32_t build_icmp_error(const IcmpError& error, lpm::Ipv4Address router,
                          std::span<const uint8_t> ip, uint8_t* out) {
  constexpr uint32_t kHeaders = sizeof(Ipv4Header) + sizeof(IcmpHeader);
  const auto quoted = static_cast<uint32_t>(std::min<size_t>(ip.size(), kMaxIcmpError - kHeaders));
  std::memcpy(out + kHeaders, ip.data(), quoted);

  IcmpHeader icmp;
  icmp.type = error.type;
  icmp.code = error.code;
  icmp.sequence = Be16(error.mtu);
  std::memcpy(out + sizeof(Ipv4Header), &icmp, sizeof icmp);
  overlay<IcmpHeader>(out + sizeof(Ipv4Header)).checksum =
      Be16(pcap::internet_checksum({out + sizeof(Ipv4Header), sizeof(IcmpHeader) + quoted}));

  Ipv4Header header;
  header.traffic_class = kInternetworkControl;
  header.total_length = Be16(static_cast<uint16_t>(kHeaders + quoted));
  header.ttl = kOriginTtl;
  header.protocol = pcap::kProtocolIcmp;
  header.source = Be32(router.value());
  std::memcpy(&header.destination, ip.data() + 12, sizeof header.destination);
  std::memcpy(out, &header, sizeof header);
  overlay<Ipv4Header>(out).checksum = Be16(pcap::internet_checksum({out, sizeof header}));
  return kHeaders + quoted;
}

bool is_echo_request(std::span<const uint8_t> ip) {
  const auto header = pcap::read_header<Ipv4Header>(ip);
  if (!header || header->protocol != pcap::kProtocolIcmp) return false;
  constexpr uint16_t kAnyFragment = Ipv4Header::kMoreFragments | Ipv4Header::kFragmentOffset;
  if ((header->fragment.value() & kAnyFragment) != 0) return false;
  const auto icmp = pcap::read_header<IcmpHeader>(ip, header->header_length());
  return icmp && icmp->type == IcmpHeader::kEchoRequest && icmp->code == 0 &&
         pcap::internet_checksum(ip.subspan(header->header_length())) == 0;
}

void turn_into_echo_reply(std::span<uint8_t> ip) {
  auto& header = overlay<Ipv4Header>(ip.data());
  std::swap(header.source, header.destination);
  header.ttl = kOriginTtl;
  header.checksum = Be16(0);
  header.checksum = Be16(pcap::internet_checksum(ip.first(header.header_length())));
  auto& icmp = overlay<IcmpHeader>(ip.data() + header.header_length());
  icmp.checksum = Be16(pcap::update_checksum(icmp.checksum.value(), IcmpHeader::kEchoRequest << 8,
                                             IcmpHeader::kEchoReply << 8));
  icmp.type = IcmpHeader::kEchoReply;
}

}  // namespace skyhop::dataplane
