#include "pcap/checksum.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "pcap/headers.h"

namespace skyhop::pcap {
namespace {

constexpr uint16_t fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint16_t pseudo_header_sum(lpm::Ipv4Address source, lpm::Ipv4Address destination, uint8_t protocol,
                           size_t length) {
  return fold(uint64_t{source.value() >> 16} + (source.value() & 0xffff) +
              (destination.value() >> 16) + (destination.value() & 0xffff) + protocol + length);
}

}  // namespace

uint16_t ones_complement_sum(std::span<const uint8_t> bytes, uint16_t sum) {
  // The sum does not care which octet of each word is the high one (RFC 1071, 2 (B)): add in the
  // machine's order, 32 bits at a time, and turn the result once.
  uint64_t total = 0;
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t word;
    std::memcpy(&word, &bytes[at], sizeof word);
    total += word;
  }
  if (at < bytes.size()) {
    uint32_t rest = 0;
    std::memcpy(&rest, &bytes[at], bytes.size() - at);
    total += rest;
  }
  return fold(uint64_t{Be16::from_raw(fold(total)).value()} + sum);
}

uint16_t transport_checksum(lpm::Ipv4Address source, lpm::Ipv4Address destination, uint8_t protocol,
                            std::span<const uint8_t> segment) {
  const uint16_t sum = ones_complement_sum(
      segment, pseudo_header_sum(source, destination, protocol, segment.size()));
  const auto checksum = static_cast<uint16_t>(~sum);
  return checksum == 0 && protocol == kProtocolUdp ? 0xffff : checksum;
}

bool transport_checksum_ok(lpm::Ipv4Address source, lpm::Ipv4Address destination, uint8_t protocol,
                           std::span<const uint8_t> segment) {
  if (protocol == kProtocolUdp) {
    const auto udp = read_header<UdpHeader>(segment);
    if (!udp) return false;
    if (udp->checksum.raw() == 0) return true;
  }
  return ones_complement_sum(
             segment, pseudo_header_sum(source, destination, protocol, segment.size())) == 0xffff;
}

}  // namespace skyhop::pcap
