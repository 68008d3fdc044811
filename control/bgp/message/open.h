// OPEN (RFC 4271 4.2) with capabilities (RFC 5492) and, in either length, its parameters (RFC
// 9072).
#pragma once

#include <expected>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/message/capability.h"

namespace skyhop::bgp {

struct Open : Capabilities {
  Asn asn = 0;             ///< the 4-octet one where the capability is present
  uint16_t hold_time = 0;  ///< seconds
  Ipv4Address router_id;

  friend auto operator<=>(const Open&, const Open&) = default;
};

/// A 2-octet OPEN carries AS_TRANS for an ASN that does not fit.
[[nodiscard]] std::vector<uint8_t> encode(const Open& open);

/// Checks what needs no configuration (RFC 4271 6.2, RFC 7607, RFC 6286).
[[nodiscard]] std::expected<Open, Notification> decode_open(Octets body);

}  // namespace skyhop::bgp
