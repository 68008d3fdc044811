#include "control/bgp/message/open.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr uint8_t kVersion = 4;
constexpr uint8_t kCapabilities = 2;          // optional parameter type, RFC 5492
constexpr uint8_t kExtendedParameters = 255;  // RFC 9072
constexpr uint8_t kMultiprotocol = 1;
constexpr uint8_t kRouteRefresh = 2;
constexpr uint8_t kFourOctetAs = 65;
constexpr uint16_t kShortestHoldTime = 3;

// What the capabilities say besides what goes into `Open` as it is.
struct Parameters {
  std::optional<Asn> four_octet_asn;
};

std::expected<void, Notification> read_capability(uint8_t code, Octets value, Open& open,
                                                  Parameters& parameters) {
  Reader reader(value);
  switch (code) {
    case kMultiprotocol:
      if (value.size() != 4) break;
      {
        AddressFamily family;
        family.afi = reader.u16();
        reader.u8();
        family.safi = reader.u8();
        if (std::ranges::find(open.families, family) == open.families.end()) {
          open.families.push_back(family);
        }
      }
      return {};
    case kRouteRefresh:
      if (!value.empty()) break;
      open.route_refresh = true;
      return {};
    case kFourOctetAs:
      if (value.size() != 4) return std::unexpected(Notification(OpenError::unspecific));
      parameters.four_octet_asn = reader.u32();
      return {};
    default:
      break;
  }
  open.other_capabilities.push_back({code, {value.begin(), value.end()}});
  return {};
}

std::expected<void, Notification> read_capabilities(Octets octets, Open& open,
                                                    Parameters& parameters) {
  Reader reader(octets);
  while (!reader.empty()) {
    const uint8_t code = reader.u8();
    const uint8_t length = reader.u8();
    const Octets value = reader.take(length);
    if (!reader.ok()) return std::unexpected(Notification(OpenError::unspecific));
    if (auto read = read_capability(code, value, open, parameters); !read) return read;
  }
  return {};
}

std::expected<void, Notification> read_parameters(Reader reader, Open& open,
                                                  Parameters& parameters) {
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
    if (auto read = read_capabilities(value, open, parameters); !read) return read;
  }
  return {};
}

void write_capability(Writer& writer, uint8_t code, Octets value) {
  writer.u8(code);
  writer.u8(static_cast<uint8_t>(value.size()));
  writer.bytes(value);
}

std::vector<uint8_t> capabilities_of(const Open& open) {
  std::vector<uint8_t> out;
  Writer writer(out);
  for (const AddressFamily& family : open.families) {
    writer.u8(kMultiprotocol);
    writer.u8(4);
    writer.u16(family.afi);
    writer.u8(0);
    writer.u8(family.safi);
  }
  if (open.route_refresh) write_capability(writer, kRouteRefresh, {});
  if (open.four_octet_as) {
    writer.u8(kFourOctetAs);
    writer.u8(4);
    writer.u32(open.asn);
  }
  for (const Capability& capability : open.other_capabilities) {
    write_capability(writer, capability.code, capability.value);
  }
  return out;
}

}  // namespace

bool Open::speaks(AddressFamily family) const {
  if (families.empty()) return family == kIpv4Unicast;
  return std::ranges::find(families, family) != families.end();
}

std::vector<uint8_t> encode(const Open& open) {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::open);
  Writer writer(out);
  writer.u8(kVersion);
  writer.u16(static_cast<uint16_t>(open.asn > 0xFFFF ? kAsTrans : open.asn));
  writer.u16(open.hold_time);
  writer.address(open.router_id);
  const std::vector<uint8_t> capabilities = capabilities_of(open);
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

  Parameters parameters;
  if (auto read = read_parameters(reader, open, parameters); !read) {
    return std::unexpected(read.error());
  }
  open.four_octet_as = parameters.four_octet_asn.has_value();
  open.asn = parameters.four_octet_asn.value_or(my_as);
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
