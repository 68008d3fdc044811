#include "control/bgp/message/open.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr uint8_t kVersion = 4;
constexpr uint8_t kCapabilities = 2;          // optional parameter type, RFC 5492
constexpr uint8_t kExtendedParameters = 255;  // RFC 9072
constexpr uint16_t kShortestHoldTime = 3;

std::expected<void, Notification> read_parameters(Reader reader, Open& open,
                                                  std::optional<Asn>& four_octet_asn) {
  const auto malformed = std::unexpected(Notification(OpenError::unspecific));
  size_t total = reader.u8();
  bool extended = false;
  if (total != 0 && !reader.empty() && reader.rest()[0] == kExtendedParameters) {
    reader.u8();
    total = reader.u16();
    extended = true;
  }
  if (!reader.ok() || total != reader.size()) return malformed;
  while (!reader.empty()) {
    const uint8_t type = reader.u8();
    const size_t length = extended ? reader.u16() : reader.u8();
    const Octets value = reader.take(length);
    if (!reader.ok()) return malformed;
    if (type != kCapabilities) {
      return std::unexpected(Notification(OpenError::unsupported_optional_parameter));
    }
    if (auto read = read_capabilities(value, open, four_octet_asn); !read) return read;
  }
  return {};
}

}  // namespace

std::vector<uint8_t> encode(const Open& open) {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::open);
  Writer writer(out);
  writer.u8(kVersion);
  writer.u16(static_cast<uint16_t>(open.asn > 0xFFFF ? kAsTrans : open.asn));
  writer.u16(open.hold_time);
  writer.address(open.router_id);
  std::vector<uint8_t> capabilities;
  append(open, open.asn, capabilities);
  if (capabilities.empty()) {
    writer.u8(0);
  } else if (capabilities.size() + 2 <= 255) {
    writer.u8(static_cast<uint8_t>(capabilities.size() + 2));
    writer.u8(kCapabilities);
    writer.u8(static_cast<uint8_t>(capabilities.size()));
  } else {
    writer.u8(kExtendedParameters);
    writer.u8(kExtendedParameters);
    writer.u16(static_cast<uint16_t>(capabilities.size() + 3));
    writer.u8(kCapabilities);
    writer.u16(static_cast<uint16_t>(capabilities.size()));
  }
  writer.bytes(capabilities);
  end_message(out, begun);
  return out;
}

std::expected<Open, Notification> decode_open(Octets body) {
  Reader reader(body);
  Open open;
  const uint8_t version = reader.u8();
  if (version != kVersion) {
    return std::unexpected(Notification(OpenError::unsupported_version_number, {0, kVersion}));
  }
  const uint16_t my_as = reader.u16();
  open.hold_time = reader.u16();
  open.router_id = reader.address();
  if (!reader.ok()) return std::unexpected(Notification(OpenError::unspecific));

  std::optional<Asn> four_octet_asn;
  if (auto read = read_parameters(reader, open, four_octet_asn); !read) {
    return std::unexpected(read.error());
  }
  open.asn = four_octet_asn.value_or(my_as);
  // RFC 7607, and RFC 6793: the short field holds the same number or AS_TRANS.
  if (my_as == 0 || open.asn == 0 || (my_as != open.asn && my_as != kAsTrans)) {
    return std::unexpected(Notification(OpenError::bad_peer_as));
  }
  if (open.router_id == Ipv4Address()) {
    return std::unexpected(Notification(OpenError::bad_bgp_identifier));
  }
  if (open.hold_time != 0 && open.hold_time < kShortestHoldTime) {
    return std::unexpected(Notification(OpenError::unacceptable_hold_time));
  }
  return open;
}

}  // namespace skyhop::bgp
