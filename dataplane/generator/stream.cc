#include "dataplane/generator/stream.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <span>

#include "pcap/checksum.h"
#include "pcap/headers.h"

namespace skyhop::dataplane {
namespace {

using pcap::Be16;
using pcap::Be32;
using pcap::EthernetHeader;
using pcap::IcmpHeader;
using pcap::Ipv4Header;
using pcap::TcpHeader;
using pcap::UdpHeader;

constexpr uint32_t kTransport = sizeof(EthernetHeader) + sizeof(Ipv4Header);
constexpr uint32_t kIpChecksum = sizeof(EthernetHeader) + 10;
constexpr uint32_t kIpDestination = sizeof(EthernetHeader) + 16;
constexpr uint32_t kFirstPort = 1024;

uint16_t checksum_of(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

template <typename Header>
void put(std::vector<uint8_t>& frame, size_t at, const Header& header) {
  std::memcpy(frame.data() + at, &header, sizeof header);
}

}  // namespace

uint32_t Pacer::due(uint64_t now, uint64_t sent, uint32_t room) {
  if (per_cycle_ <= 0) return room;
  if (start_ == 0) start_ = now;
  // The first packet goes at once, the nth (n-1) intervals later.
  const auto allowed =
      1 + static_cast<uint64_t>(std::floor(static_cast<double>(now - start_) * per_cycle_));
  return allowed <= sent ? 0 : static_cast<uint32_t>(std::min<uint64_t>(room, allowed - sent));
}

std::vector<StreamFlow> stream_flows(const StreamSpec& spec) {
  constexpr size_t kPorts = 0x10000 - kFirstPort;
  std::vector<uint16_t> ports(kPorts);
  std::iota(ports.begin(), ports.end(), kFirstPort);
  // Seeded by what the stream is, so that two streams differ and two runs do not.
  std::mt19937 random(spec.destination.value() ^ (uint32_t{spec.port} << 16) ^ spec.protocol);
  const auto destinations = spec.destinations.empty()
                                ? std::span(&spec.destination, 1)
                                : std::span<const Ipv4Address>(spec.destinations);
  const size_t count = std::clamp<size_t>(spec.flows, 1, kPorts * destinations.size());
  const size_t ports_used = std::min(kPorts, (count - 1) / destinations.size() + 1);
  for (size_t i = 0; i < ports_used; ++i) {
    std::swap(ports[i], ports[i + random() % (ports.size() - i)]);
  }
  std::vector<StreamFlow> flows(count);
  for (size_t i = 0; i < count; ++i) {
    flows[i] = {destinations[i % destinations.size()], ports[i / destinations.size()]};
  }
  // Else neighbours among the destinations would be neighbours in time.
  if (destinations.size() > 1) std::shuffle(flows.begin(), flows.end(), random);
  return flows;
}

uint16_t min_frame(uint8_t protocol) {
  switch (protocol) {
    case pcap::kProtocolUdp:
      return kTransport + sizeof(UdpHeader);
    case pcap::kProtocolTcp:
      return kTransport + sizeof(TcpHeader);
    case pcap::kProtocolIcmp:
      return kTransport + sizeof(IcmpHeader);
    default:
      return kTransport;
  }
}

std::vector<uint8_t> stream_frame(const StreamSpec& spec, Ipv4Address source,
                                  const StreamFlow& flow, uint16_t size) {
  std::vector<uint8_t> frame(size, 0);
  EthernetHeader ethernet;
  ethernet.destination = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
  ethernet.source = {0x02, 0, 0, 0, 0, 0};
  ethernet.type = Be16(pcap::kEtherTypeIpv4);
  put(frame, 0, ethernet);

  Ipv4Header ip;
  ip.total_length = Be16(static_cast<uint16_t>(size - sizeof ethernet));
  ip.ttl = spec.ttl;
  ip.protocol = spec.protocol;
  ip.source = Be32(source.value());
  ip.destination = Be32(flow.destination.value());
  ip.checksum = Be16(0);
  put(frame, sizeof ethernet, ip);
  ip.checksum = Be16(pcap::internet_checksum({frame.data() + sizeof ethernet, sizeof ip}));
  put(frame, sizeof ethernet, ip);

  const std::span<const uint8_t> segment(frame.data() + kTransport, frame.size() - kTransport);
  if (spec.protocol == pcap::kProtocolUdp) {
    UdpHeader udp{Be16(flow.port), Be16(spec.destination_port),
                  Be16(static_cast<uint16_t>(segment.size())), Be16(0)};
    put(frame, kTransport, udp);
    udp.checksum = Be16(pcap::transport_checksum(source, flow.destination, spec.protocol, segment));
    put(frame, kTransport, udp);
  } else if (spec.protocol == pcap::kProtocolTcp) {
    TcpHeader tcp;
    tcp.source_port = Be16(flow.port);
    tcp.destination_port = Be16(spec.destination_port);
    tcp.flags = TcpHeader::kAck;
    tcp.window = Be16(0xffff);
    put(frame, kTransport, tcp);
    tcp.checksum = Be16(pcap::transport_checksum(source, flow.destination, spec.protocol, segment));
    put(frame, kTransport, tcp);
  } else if (spec.protocol == pcap::kProtocolIcmp) {
    IcmpHeader icmp;
    icmp.type = IcmpHeader::kEchoRequest;
    icmp.identifier = Be16(flow.port);
    put(frame, kTransport, icmp);
    icmp.checksum = Be16(pcap::internet_checksum(segment));
    put(frame, kTransport, icmp);
  }
  return frame;
}

Stream::Stream(const StreamSpec& spec, Ipv4Address source, StreamShare share, uint64_t tsc_hz)
    : has_destinations_(!spec.destinations.empty()),
      has_pseudo_header_(spec.protocol != pcap::kProtocolIcmp),
      limit_(spec.limit == 0 ? 0 : spec.limit / share.of + (share.index < spec.limit % share.of)),
      pacer_(spec.pps / share.of, tsc_hz) {
  const auto flows = stream_flows(spec);
  flows_.reserve(flows.size() / share.of + 1);
  for (size_t i = share.index; i < flows.size(); i += share.of) {
    flows_.push_back(
        {__builtin_bswap32(flows[i].destination.value()), __builtin_bswap16(flows[i].port)});
  }
  switch (spec.protocol) {
    case pcap::kProtocolUdp:
      port_offset_ = kTransport;
      checksum_offset_ = kTransport + 6;
      break;
    case pcap::kProtocolTcp:
      port_offset_ = kTransport;
      checksum_offset_ = kTransport + 16;
      break;
    case pcap::kProtocolIcmp:
      port_offset_ = kTransport + 4;
      checksum_offset_ = kTransport + 2;
      break;
    default:
      break;
  }
  std::vector<uint16_t> sizes = spec.frame_sizes;
  if (sizes.empty()) sizes.push_back(60);
  for (const uint16_t size : sizes) {
    const auto known = std::ranges::find_if(
        forms_, [size](const Template& form) { return form.frame.size() == size; });
    sequence_.push_back(static_cast<uint32_t>(known - forms_.begin()));
    if (known != forms_.end()) continue;
    const StreamFlow none{has_destinations_ ? Ipv4Address() : spec.destination, 0};
    Template form{stream_frame(spec, source, none, size), 0, 0};
    const auto sum_at = [&form](uint32_t offset) {
      uint16_t checksum;
      std::memcpy(&checksum, form.frame.data() + offset, sizeof checksum);
      return static_cast<uint16_t>(~checksum);
    };
    form.ip_sum = sum_at(kIpChecksum);
    if (checksum_offset_ != 0) form.transport_sum = sum_at(checksum_offset_);
    forms_.push_back(std::move(form));
  }
  // A share whose limit came out as nothing has nothing to send, not everything.
  if (spec.limit != 0 && limit_ == 0) limit_ = sent_ = 1;
}

void Stream::write(rte_mbuf* packet, const Template& form, const Flow& flow) const {
  const auto size = static_cast<uint16_t>(form.frame.size());
  auto* frame = rte_pktmbuf_mtod(packet, uint8_t*);
  std::memcpy(frame, form.frame.data(), size);
  packet->data_len = size;
  packet->pkt_len = size;
  uint32_t transport_sum = form.transport_sum;
  if (has_destinations_) {
    const uint32_t words = (flow.destination & 0xffff) + (flow.destination >> 16);
    std::memcpy(frame + kIpDestination, &flow.destination, sizeof flow.destination);
    const uint16_t checksum = checksum_of(form.ip_sum + words);
    std::memcpy(frame + kIpChecksum, &checksum, sizeof checksum);
    if (has_pseudo_header_) transport_sum += words;
  }
  if (checksum_offset_ == 0) return;
  std::memcpy(frame + port_offset_, &flow.port, sizeof flow.port);
  uint16_t checksum = checksum_of(transport_sum + flow.port);
  if (checksum == 0) checksum = 0xffff;  // RFC 768; the same number to TCP and ICMP
  std::memcpy(frame + checksum_offset_, &checksum, sizeof checksum);
}

uint32_t Stream::make(rte_mempool* pool, rte_mbuf** packets, uint32_t room, uint64_t now) {
  if (limit_ != 0) room = static_cast<uint32_t>(std::min<uint64_t>(room, limit_ - sent_));
  const uint32_t count = pacer_.due(now, sent_, room);
  if (count == 0 || rte_pktmbuf_alloc_bulk(pool, packets, count) != 0) return 0;
  for (uint32_t i = 0; i < count; ++i) {
    write(packets[i], forms_[sequence_[next_form_]], flows_[next_flow_]);
    if (++next_form_ == sequence_.size()) next_form_ = 0;
    if (++next_flow_ == flows_.size()) next_flow_ = 0;
  }
  sent_ += count;
  return count;
}

}  // namespace skyhop::dataplane
