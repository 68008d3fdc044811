// The first octet of the input chooses the link type, the next two how much longer the frame was
// on the wire; the rest is the frame.
#include <cstdlib>
#include <vector>

#include "pcap/checksum.h"
#include "pcap/packet.h"

namespace skyhop::pcap {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// A router's work on a good packet leaves a good packet.
void check_ttl_decrement(Bytes packet) {
  std::vector<uint8_t> copy(packet.begin(), packet.end());
  const auto header = read_header<Ipv4Header>(copy);
  const auto old_word = static_cast<uint16_t>((header->ttl << 8) | header->protocol);
  const auto new_word = static_cast<uint16_t>(old_word - 0x100);
  const uint16_t checksum = update_checksum(header->checksum.value(), old_word, new_word);
  copy[8] = static_cast<uint8_t>(new_word >> 8);
  copy[10] = static_cast<uint8_t>(checksum >> 8);
  copy[11] = static_cast<uint8_t>(checksum);
  require(parse_ipv4(copy, 0xffff).has_value());
}

void check_frame(LinkType link, Bytes frame, size_t original_length) {
  require(!describe_frame(link, frame, original_length).empty());
  const auto view = parse_frame(link, frame, original_length);
  const auto packet = find_ipv4(link, frame);
  if (!view) {
    require((view.error() == PacketError::not_ipv4) == !packet.has_value());
    return;
  }
  require(view->header_length >= 20 && view->header_length <= view->total_length);
  require(view->header_length + view->payload.size() <= packet->size());
  require(view->truncated() == (packet->size() < view->total_length));
  require(view->options.size() == view->header_length - 20);
  if (view->is_fragment()) require(view->flow.source_port == 0 && view->flow.destination_port == 0);
  if (view->ttl > 0) check_ttl_decrement(*packet);
}

}  // namespace
}  // namespace skyhop::pcap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skyhop::pcap;
  if (size < 3) return 0;
  const auto link = static_cast<LinkType>(data[0] % 5);
  const Bytes frame(data + 3, size - 3);
  check_frame(link, frame, frame.size() + ((size_t{data[1]} << 8) | data[2]));
  return 0;
}
