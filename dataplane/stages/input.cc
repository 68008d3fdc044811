#include "dataplane/stages/input.h"

#include "pcap/checksum.h"

namespace skyhop::dataplane {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kSctp = 132;
constexpr uint32_t kEtherTypeIpv4 = 0x0800;
constexpr uint32_t kFragmentBits = 0x3fff;  // more fragments, offset

bool is_echo(uint8_t type) { return type == 0 || type == 8; }
// The messages that quote the packet they are about (RFC 792, RFC 1812 4.3.2).
bool is_icmp_error(uint8_t type) {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// The flow of the packet at `ip`, of which `available` octets are there.
lpm::FlowKey flow_of(const uint8_t* ip, uint32_t available) {
  lpm::FlowKey key;
  key.source = lpm::Ipv4Address(load_be32(ip + 12));
  key.destination = lpm::Ipv4Address(load_be32(ip + 16));
  key.protocol = ip[9];
  const uint32_t header = (ip[0] & 15u) * 4;
  const bool is_fragment = (load_be16(ip + 6) & kFragmentBits) != 0;
  if (is_fragment || available < header + 4) return key;
  const uint8_t* transport = ip + header;
  if (key.protocol == kTcp || key.protocol == kUdp || key.protocol == kSctp) {
    key.source_port = static_cast<uint16_t>(load_be16(transport));
    key.destination_port = static_cast<uint16_t>(load_be16(transport + 2));
  } else if (key.protocol == kIcmp && is_echo(transport[0]) && available >= header + 6) {
    key.source_port = static_cast<uint16_t>(load_be16(transport + 4));
  }
  return key;
}

}  // namespace

lpm::FlowKey flow_of(const uint8_t* ip) { return flow_of(ip, load_be16(ip + 2)); }

FilterInput filter_input(const uint8_t* ip) {
  FilterInput input{flow_of(ip), {}};
  if (input.key.protocol != kIcmp) return input;
  constexpr uint32_t kIcmpHeader = 8;
  const uint32_t length = load_be16(ip + 2);
  const uint32_t header = (ip[0] & 15u) * 4;
  const bool is_fragment = (load_be16(ip + 6) & kFragmentBits) != 0;
  if (is_fragment || length < header + kIcmpHeader + kMinIpv4Header) return input;
  if (!is_icmp_error(ip[header])) return input;
  const uint8_t* quoted = ip + header + kIcmpHeader;
  const uint32_t available = length - header - kIcmpHeader;
  const uint32_t quoted_header = (quoted[0] & 15u) * 4;
  if (quoted[0] >> 4 != 4 || quoted_header < kMinIpv4Header || quoted_header > available) {
    return input;
  }
  input.about = flow_of(quoted, available);
  return input;
}

std::optional<DropReason> inspect(const uint8_t* frame, uint32_t length, Inspected& out) {
  if (length < kEthernetLength || load_be16(frame + 12) != kEtherTypeIpv4) {
    return DropReason::not_ipv4;
  }
  const uint8_t* ip = frame + kEthernetLength;
  const uint32_t available = length - kEthernetLength;
  if (available < kMinIpv4Header || ip[0] >> 4 != 4) return DropReason::bad_header;
  const uint32_t header = (ip[0] & 15u) * 4;
  if (header < kMinIpv4Header || header > available) return DropReason::bad_header;
  const uint32_t total = load_be16(ip + 2);
  if (total < header || total > available) return DropReason::bad_length;
  if (pcap::internet_checksum({ip, header}) != 0) return DropReason::bad_checksum;

  const lpm::FlowKey key = flow_of(ip, total);
  if (is_bad_source(key.source.value())) return DropReason::bad_source;
  if (is_bad_destination(key.destination.value())) return DropReason::bad_destination;
  const bool is_fragment = (load_be16(ip + 6) & kFragmentBits) != 0;
  out.is_plain = header == kMinIpv4Header && !is_fragment && total >= header + 4 &&
                 (key.protocol == kUdp || key.protocol == kTcp);
  out.destination = key.destination.value();
  out.hash = lpm::flow_hash(key);
  out.info = info::make(total, ip[8]);
  return std::nullopt;
}

}  // namespace skyhop::dataplane
