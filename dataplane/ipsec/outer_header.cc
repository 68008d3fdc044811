#include "dataplane/ipsec/outer_header.h"

#include "pcap/checksum.h"
#include "pcap/headers.h"

namespace skyhop::dataplane::ipsec {
namespace {

using pcap::Be16;
using pcap::Be32;

constexpr uint8_t kEcn = 0x03, kCongestionExperienced = 0x03;

// Locally administered, from the address, as ports have them.
pcap::MacAddress mac_of(lpm::Ipv4Address address) {
  const uint32_t a = address.value();
  return {0x02,
          0x0d,
          static_cast<uint8_t>(a >> 24),
          static_cast<uint8_t>(a >> 16),
          static_cast<uint8_t>(a >> 8),
          static_cast<uint8_t>(a)};
}

}  // namespace

OuterTemplate outer_template(lpm::Ipv4Address source, lpm::Ipv4Address destination,
                             UdpEncapsulation udp) {
  pcap::EthernetHeader ethernet;
  ethernet.destination = mac_of(destination);
  ethernet.source = mac_of(source);
  ethernet.type = Be16(pcap::kEtherTypeIpv4);
  pcap::Ipv4Header ip;
  ip.ttl = kOuterTtl;
  ip.protocol = udp == UdpEncapsulation::on ? pcap::kProtocolUdp : pcap::kProtocolEsp;
  ip.source = Be32(source.value());
  ip.destination = Be32(destination.value());
  OuterTemplate outer{};
  std::memcpy(outer.data(), &ethernet, sizeof ethernet);
  std::memcpy(outer.data() + kEthernet, &ip, sizeof ip);
  return outer;
}

uint32_t constant_sum(const OuterTemplate& outer) {
  uint32_t sum = 0;
  for (const uint32_t at : {8u, 12u, 14u, 16u, 18u}) {
    uint16_t word;
    std::memcpy(&word, outer.data() + kEthernet + at, sizeof word);
    sum += word;
  }
  return sum;
}

std::optional<SealedFault> read_sealed(std::span<const uint8_t> frame, Sealed& out) {
  const auto ethernet = pcap::read_header<pcap::EthernetHeader>(frame);
  const auto ip = pcap::read_header<pcap::Ipv4Header>(frame, kEthernet);
  if (!ip || ethernet->type.value() != pcap::kEtherTypeIpv4 || ip->version_and_words != 0x45) {
    return SealedFault::malformed;
  }
  if (pcap::internet_checksum(frame.subspan(kEthernet, kIpv4)) != 0) {
    return SealedFault::bad_checksum;
  }
  const uint32_t total = ip->total_length.value();
  if (total < kIpv4 || total > frame.size() - kEthernet) return SealedFault::malformed;
  constexpr uint32_t kFragment =
      pcap::Ipv4Header::kMoreFragments | pcap::Ipv4Header::kFragmentOffset;
  if ((ip->fragment.value() & kFragment) != 0) return SealedFault::malformed;

  uint32_t header = kIpv4;
  if (ip->protocol == pcap::kProtocolUdp) {
    // A length that is too small is let pass, as some (scapy 2.5) count the UDP header only: the
    // ESP packet reaches to the end of the IP packet, and its ICV knows better.
    const auto udp = pcap::read_header<pcap::UdpHeader>(frame, kEthernet + kIpv4);
    header += kUdp;
    if (total < header || udp->destination_port.value() != kNatTraversalPort ||
        udp->length.value() > total - kIpv4) {
      return SealedFault::malformed;
    }
  } else if (ip->protocol != pcap::kProtocolEsp) {
    return SealedFault::malformed;
  }
  const auto spi = pcap::read_header<Be32>(frame, kEthernet + header);
  if (total < header + kEspHeader || spi->value() == 0) return SealedFault::malformed;
  out.source = ip->source.value();
  out.destination = ip->destination.value();
  out.spi = spi->value();
  out.sequence = pcap::read_header<Be32>(frame, kEthernet + header + 4)->value();
  out.offset = kEthernet + header;
  out.length = total - header;
  out.is_congested = (ip->traffic_class & kEcn) == kCongestionExperienced;
  return std::nullopt;
}

void mark_congested(uint8_t* ip) {
  uint16_t old_word, new_word, checksum;  // version and traffic class
  if ((ip[1] & kEcn) == 0) return;
  std::memcpy(&old_word, ip, sizeof old_word);
  ip[1] |= kCongestionExperienced;
  std::memcpy(&new_word, ip, sizeof new_word);
  std::memcpy(&checksum, ip + 10, sizeof checksum);
  // RFC 1624, equation 3.
  uint32_t sum = (~checksum & 0xffffu) + (~old_word & 0xffffu) + new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  checksum = static_cast<uint16_t>(~sum);
  std::memcpy(ip + 10, &checksum, sizeof checksum);
}

}  // namespace skyhop::dataplane::ipsec
