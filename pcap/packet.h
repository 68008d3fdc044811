// Building and reading IPv4 packets: for tests, the generator, replay and reports. The workers have
// their own, batch-wise reader; tests hold the two against each other.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lpm/address.h"
#include "lpm/flow.h"
#include "pcap/headers.h"
#include "pcap/link_layer.h"

namespace skyhop::pcap {

/// Why a packet is none; the names and meanings of the data plane's drop reasons.
enum class PacketError : uint8_t {
  not_ipv4,      ///< the frame carries no IPv4 packet
  bad_header,    ///< IPv4 header is truncated, of another version, or shorter than 20 octets
  bad_length,    ///< IPv4 total length is shorter than its header or longer than the frame
  bad_checksum,  ///< IPv4 header checksum is wrong
};

[[nodiscard]] std::string_view to_string(PacketError error);

/// An IPv4 packet with a right header; refers to the bytes it was read from.
struct PacketView {
  /// Ports are 0 for fragments, for protocols without ports, and where a short packet ends before
  /// them. ICMP echo has its identifier as source port.
  lpm::FlowKey flow;
  uint32_t header_length = 0;  ///< octets, options included
  uint16_t total_length = 0;   ///< octets, from the header
  uint16_t identification = 0;
  uint16_t fragment_offset = 0;  ///< octets
  uint8_t traffic_class = 0;
  uint8_t ttl = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  Bytes options;  ///< of the IPv4 header
  Bytes payload;  ///< after the IPv4 header; cut where the capture is

  [[nodiscard]] bool is_fragment() const { return more_fragments || fragment_offset != 0; }
  /// True when the capture ends before the packet does.
  [[nodiscard]] bool truncated() const { return header_length + payload.size() < total_length; }
};

/// Reads the packet at the start of `packet`; what follows total_length is padding. A capture may
/// hold less than was on the wire: `original_length` is then the wire's count, 0 stands for
/// packet.size().
[[nodiscard]] std::expected<PacketView, PacketError> parse_ipv4(Bytes packet,
                                                                size_t original_length = 0);
/// The same for a whole frame.
[[nodiscard]] std::expected<PacketView, PacketError> parse_frame(LinkType link, Bytes frame,
                                                                 size_t original_length = 0);

/// "10.0.30.4:4000 > 10.0.110.4:80 tcp [S] ttl 64 len 60", for reports.
[[nodiscard]] std::string describe(const PacketView& packet);
/// The same for a whole frame, or what is wrong with it: "arp, 42 octets", "bad_checksum, 60
/// octets".
[[nodiscard]] std::string describe_frame(LinkType link, Bytes frame, size_t original_length = 0);

/// Builds one packet, with right lengths and checksums unless told otherwise.
///
///   auto frame = PacketBuilder().ipv4(a, b).udp(4000, 53).payload("hello").ttl(3).frame();
class PacketBuilder {
 public:
  PacketBuilder();

  /// Ethernet; the addresses are locally administered ones by default.
  PacketBuilder& eth(const MacAddress& source, const MacAddress& destination);
  PacketBuilder& ether_type(uint16_t type);                          ///< in place of 0x0800
  PacketBuilder& vlan(uint16_t id, uint16_t type = kEtherTypeVlan);  ///< outermost first

  PacketBuilder& ipv4(lpm::Ipv4Address source, lpm::Ipv4Address destination);
  PacketBuilder& ttl(uint8_t hops);
  PacketBuilder& traffic_class(uint8_t value);
  PacketBuilder& identification(uint16_t id);
  PacketBuilder& dont_fragment();
  PacketBuilder& more_fragments();
  /// In octets, a multiple of 8. From 8 on the packet has no transport header, only payload.
  PacketBuilder& fragment_offset(uint16_t octets);
  /// IPv4 options, padded with zero to a multiple of 4; 40 octets at most.
  PacketBuilder& options(Bytes octets);

  PacketBuilder& udp(uint16_t source_port, uint16_t destination_port);
  PacketBuilder& tcp(uint16_t source_port, uint16_t destination_port,
                     uint8_t flags = TcpHeader::kAck, uint32_t sequence = 0,
                     uint32_t acknowledgment = 0);
  PacketBuilder& icmp_echo_request(uint16_t identifier, uint16_t sequence);
  PacketBuilder& icmp_echo_reply(uint16_t identifier, uint16_t sequence);
  /// Any ICMP message; `rest` is the header's second word.
  PacketBuilder& icmp(uint8_t type, uint8_t code, uint32_t rest = 0);
  /// Any other protocol: the payload follows the IPv4 header.
  PacketBuilder& protocol(uint8_t number);

  PacketBuilder& payload(Bytes octets);
  PacketBuilder& payload(std::string_view text);
  /// Lengthens the payload (0, 1, 2, ...) until the frame without FCS has `octets`; no-op when it
  /// is longer already.
  PacketBuilder& frame_size(size_t octets);

  // Wrong on purpose.
  PacketBuilder& version(uint8_t version);       ///< in place of 4
  PacketBuilder& header_words(uint8_t words);    ///< in place of the right header length
  PacketBuilder& total_length(uint16_t octets);  ///< in place of the right one
  PacketBuilder& bad_ip_checksum();              ///< one bit wrong
  PacketBuilder& bad_transport_checksum();       ///< one bit wrong

  /// The Ethernet frame, without FCS and without padding to 60 octets.
  [[nodiscard]] std::vector<uint8_t> frame() const;
  /// The IPv4 packet alone.
  [[nodiscard]] std::vector<uint8_t> packet() const;

 private:
  PacketBuilder& protocol_only(uint8_t number);
  [[nodiscard]] size_t link_length() const;
  [[nodiscard]] std::vector<uint8_t> transport() const;

  EthernetHeader eth_;
  std::vector<std::pair<uint16_t, uint16_t>> vlans_;  // EtherType, id
  Ipv4Header ip_;
  std::vector<uint8_t> options_;
  std::vector<uint8_t> transport_;  // header with its checksum zero
  std::vector<uint8_t> payload_;
  size_t frame_size_ = 0;
  std::optional<uint8_t> header_words_;
  std::optional<uint16_t> total_length_;
  uint16_t ip_checksum_error_ = 0;
  uint16_t transport_checksum_error_ = 0;
};

}  // namespace skyhop::pcap
