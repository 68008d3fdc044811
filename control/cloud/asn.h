// AS numbers that Azure keeps for itself or that IANA reserves.
#pragma once

#include <cstdint>
#include <string_view>

namespace skyhop::cloud {

/// Why a BGP peer of Azure may not use this number, or empty (A6). 65515 is not in the list: it is
/// wrong for a peer of the route server (A5) and right for a VPN gateway.
[[nodiscard]] constexpr std::string_view why_reserved(uint32_t asn) {
  switch (asn) {
    case 0:
      return "0 is not an AS number";
    case 8074:
    case 8075:
    case 12076:
      return "Azure uses it publicly";
    case 65517:
    case 65518:
    case 65519:
    case 65520:
      return "Azure uses it privately";
    case 23456:
      return "IANA reserves it as AS_TRANS";
    case 429496729:
      return "Azure reserves it";
    default:
      break;
  }
  if (asn >= 64496 && asn <= 64511) return "IANA reserves it for documentation";
  if (asn >= 65535 && asn <= 65551) return "IANA reserves it";
  return {};
}

}  // namespace skyhop::cloud
