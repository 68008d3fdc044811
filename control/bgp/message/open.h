// OPEN (RFC 4271 4.2) with capabilities (RFC 5492) and, in either length, its parameters (RFC
// 9072).
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/message/header.h"

namespace skyhop::bgp {

/// A capability we do not know, or a known one of the wrong length: carried along, never acted on.
struct Capability {
  uint8_t code = 0;
  std::vector<uint8_t> value;
  friend auto operator<=>(const Capability&, const Capability&) = default;
};

struct Open {
  Asn asn = 0;             ///< the 4-octet one where the capability is present
  uint16_t hold_time = 0;  ///< seconds
  Ipv4Address router_id;
  std::vector<AddressFamily> families;  ///< multiprotocol (RFC 4760); none means IPv4 unicast
  bool route_refresh = false;           ///< RFC 2918
  bool four_octet_as = false;           ///< RFC 6793
  std::vector<Capability> other_capabilities;

  [[nodiscard]] bool speaks(AddressFamily family) const;
  friend auto operator<=>(const Open&, const Open&) = default;
};

/// A 2-octet OPEN carries AS_TRANS for an ASN that does not fit.
[[nodiscard]] std::vector<uint8_t> encode(const Open& open);

/// Checks what needs no configuration (RFC 4271 6.2, RFC 7607, RFC 6286).
[[nodiscard]] std::expected<Open, Notification> decode_open(Octets body);

}  // namespace skyhop::bgp
