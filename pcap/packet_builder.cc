#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "pcap/checksum.h"
#include "pcap/packet.h"

namespace skyhop::pcap {
namespace {

constexpr MacAddress kSourceMac{0x02, 0, 0, 0, 0, 1};
constexpr MacAddress kDestinationMac{0x02, 0, 0, 0, 0, 2};

template <typename Header>
void append(std::vector<uint8_t>& bytes, const Header& header) {
  const auto* first = reinterpret_cast<const uint8_t*>(&header);
  bytes.insert(bytes.end(), first, first + sizeof header);
}

template <typename Header>
std::vector<uint8_t> octets_of(const Header& header) {
  std::vector<uint8_t> bytes;
  append(bytes, header);
  return bytes;
}

void store(std::vector<uint8_t>& bytes, size_t offset, uint16_t value) {
  const Be16 wire(value);
  std::memcpy(&bytes[offset], &wire, sizeof wire);
}

// Where the checksum stands in a transport header; 0 for protocols without one.
size_t checksum_offset(uint8_t protocol) {
  switch (protocol) {
    case kProtocolIcmp:
      return 2;
    case kProtocolTcp:
      return 16;
    case kProtocolUdp:
      return 6;
    default:
      return 0;
  }
}

[[noreturn]] void misuse(const char* what) {
  std::fprintf(stderr, "PacketBuilder: %s\n", what);
  std::abort();
}

}  // namespace

PacketBuilder::PacketBuilder() { eth(kSourceMac, kDestinationMac).ether_type(kEtherTypeIpv4); }

PacketBuilder& PacketBuilder::eth(const MacAddress& source, const MacAddress& destination) {
  eth_.source = source;
  eth_.destination = destination;
  return *this;
}

PacketBuilder& PacketBuilder::ether_type(uint16_t type) {
  eth_.type = Be16(type);
  return *this;
}

PacketBuilder& PacketBuilder::vlan(uint16_t id, uint16_t type) {
  vlans_.emplace_back(type, id);
  return *this;
}

PacketBuilder& PacketBuilder::ipv4(lpm::Ipv4Address source, lpm::Ipv4Address destination) {
  ip_.source = Be32(source.value());
  ip_.destination = Be32(destination.value());
  return *this;
}

PacketBuilder& PacketBuilder::ttl(uint8_t hops) {
  ip_.ttl = hops;
  return *this;
}

PacketBuilder& PacketBuilder::traffic_class(uint8_t value) {
  ip_.traffic_class = value;
  return *this;
}

PacketBuilder& PacketBuilder::identification(uint16_t id) {
  ip_.identification = Be16(id);
  return *this;
}

PacketBuilder& PacketBuilder::dont_fragment() {
  ip_.fragment = Be16(ip_.fragment.value() | Ipv4Header::kDontFragment);
  return *this;
}

PacketBuilder& PacketBuilder::more_fragments() {
  ip_.fragment = Be16(ip_.fragment.value() | Ipv4Header::kMoreFragments);
  return *this;
}

PacketBuilder& PacketBuilder::fragment_offset(uint16_t octets) {
  if (octets % 8 != 0) misuse("a fragment offset is a multiple of 8");
  const uint16_t flags = ip_.fragment.value() & ~Ipv4Header::kFragmentOffset;
  ip_.fragment = Be16(static_cast<uint16_t>(flags | octets / 8));
  return *this;
}

PacketBuilder& PacketBuilder::options(Bytes octets) {
  if (octets.size() > 40) misuse("more than 40 octets of IPv4 options");
  options_.assign(octets.begin(), octets.end());
  options_.resize((options_.size() + 3) / 4 * 4);
  return *this;
}

PacketBuilder& PacketBuilder::udp(uint16_t source_port, uint16_t destination_port) {
  transport_ = octets_of(
      UdpHeader{.source_port = Be16(source_port), .destination_port = Be16(destination_port)});
  return protocol_only(kProtocolUdp);
}

PacketBuilder& PacketBuilder::tcp(uint16_t source_port, uint16_t destination_port, uint8_t flags,
                                  uint32_t sequence, uint32_t acknowledgment) {
  transport_ = octets_of(TcpHeader{.source_port = Be16(source_port),
                                   .destination_port = Be16(destination_port),
                                   .sequence = Be32(sequence),
                                   .acknowledgment = Be32(acknowledgment),
                                   .flags = flags,
                                   .window = Be16(0xffff)});
  return protocol_only(kProtocolTcp);
}

PacketBuilder& PacketBuilder::icmp_echo_request(uint16_t identifier, uint16_t sequence) {
  return icmp(IcmpHeader::kEchoRequest, 0, (uint32_t{identifier} << 16) | sequence);
}

PacketBuilder& PacketBuilder::icmp_echo_reply(uint16_t identifier, uint16_t sequence) {
  return icmp(IcmpHeader::kEchoReply, 0, (uint32_t{identifier} << 16) | sequence);
}

PacketBuilder& PacketBuilder::icmp(uint8_t type, uint8_t code, uint32_t rest) {
  transport_ = octets_of(IcmpHeader{.type = type,
                                    .code = code,
                                    .identifier = Be16(static_cast<uint16_t>(rest >> 16)),
                                    .sequence = Be16(static_cast<uint16_t>(rest))});
  return protocol_only(kProtocolIcmp);
}

PacketBuilder& PacketBuilder::protocol(uint8_t number) {
  transport_.clear();
  return protocol_only(number);
}

PacketBuilder& PacketBuilder::protocol_only(uint8_t number) {
  ip_.protocol = number;
  return *this;
}

PacketBuilder& PacketBuilder::payload(Bytes octets) {
  payload_.assign(octets.begin(), octets.end());
  return *this;
}

PacketBuilder& PacketBuilder::payload(std::string_view text) {
  payload_.assign(text.begin(), text.end());
  return *this;
}

PacketBuilder& PacketBuilder::frame_size(size_t octets) {
  frame_size_ = octets;
  return *this;
}

PacketBuilder& PacketBuilder::version(uint8_t version) {
  ip_.version_and_words = static_cast<uint8_t>(version << 4);
  return *this;
}

PacketBuilder& PacketBuilder::header_words(uint8_t words) {
  header_words_ = words & 15;
  return *this;
}

PacketBuilder& PacketBuilder::total_length(uint16_t octets) {
  total_length_ = octets;
  return *this;
}

PacketBuilder& PacketBuilder::bad_ip_checksum() {
  ip_checksum_error_ = 1;
  return *this;
}

PacketBuilder& PacketBuilder::bad_transport_checksum() {
  transport_checksum_error_ = 1;
  return *this;
}

size_t PacketBuilder::link_length() const {
  return sizeof(EthernetHeader) + vlans_.size() * sizeof(VlanTag);
}

// Transport header and payload, lengthened and with checksum.
std::vector<uint8_t> PacketBuilder::transport() const {
  const bool has_header = (ip_.fragment.value() & Ipv4Header::kFragmentOffset) == 0;
  std::vector<uint8_t> segment = has_header ? transport_ : std::vector<uint8_t>{};
  segment.insert(segment.end(), payload_.begin(), payload_.end());
  const size_t before = link_length() + sizeof ip_ + options_.size();
  for (uint8_t filler = 0; before + segment.size() < frame_size_; ++filler) {
    segment.push_back(filler);
  }
  if (sizeof ip_ + options_.size() + segment.size() > 0xffff) {
    misuse("an IPv4 packet has 65535 octets at most");
  }
  if (!has_header || transport_.empty()) return segment;

  const size_t at = checksum_offset(ip_.protocol);
  if (ip_.protocol == kProtocolUdp) store(segment, 4, static_cast<uint16_t>(segment.size()));
  const uint16_t checksum =
      ip_.protocol == kProtocolIcmp
          ? internet_checksum(segment)
          : transport_checksum(lpm::Ipv4Address(ip_.source.value()),
                               lpm::Ipv4Address(ip_.destination.value()), ip_.protocol, segment);
  store(segment, at, checksum ^ transport_checksum_error_);
  return segment;
}

std::vector<uint8_t> PacketBuilder::packet() const {
  const auto segment = transport();
  const size_t header_length = sizeof ip_ + options_.size();
  Ipv4Header header = ip_;
  header.version_and_words =
      static_cast<uint8_t>((ip_.version_and_words & 0xf0) |
                           header_words_.value_or(static_cast<uint8_t>(header_length / 4)));
  header.total_length =
      Be16(total_length_.value_or(static_cast<uint16_t>(header_length + segment.size())));

  std::vector<uint8_t> bytes;
  bytes.reserve(header_length + segment.size());
  append(bytes, header);
  bytes.insert(bytes.end(), options_.begin(), options_.end());
  bytes.insert(bytes.end(), segment.begin(), segment.end());

  // Over what a receiver takes for the header, so that only what was asked to be wrong is wrong.
  const size_t covered =
      std::min<size_t>(bytes.size(), std::max<size_t>(header.header_length(), sizeof header));
  const uint16_t checksum = internet_checksum(Bytes(bytes).first(covered));
  store(bytes, offsetof(Ipv4Header, checksum), checksum ^ ip_checksum_error_);
  return bytes;
}

std::vector<uint8_t> PacketBuilder::frame() const {
  std::vector<uint8_t> bytes;
  EthernetHeader header = eth_;
  if (!vlans_.empty()) header.type = Be16(vlans_.front().first);
  append(bytes, header);
  for (size_t i = 0; i < vlans_.size(); ++i) {
    const Be16 next = i + 1 < vlans_.size() ? Be16(vlans_[i + 1].first) : eth_.type;
    append(bytes, VlanTag{.control = Be16(vlans_[i].second), .type = next});
  }
  const auto inner = packet();
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  return bytes;
}

}  // namespace skyhop::pcap
