// The tables of a speaker, one for each address family.
#pragma once

#include "control/bgp/rib/rib.h"

namespace skyhop::bgp {

struct Ribs {
  RibShared shared;
  Rib<Ipv4Prefix> ipv4{shared};
  Rib<Ipv6Prefix> ipv6{shared};

  template <typename P>
  [[nodiscard]] Rib<P>& of() {
    if constexpr (std::is_same_v<P, Ipv4Prefix>) {
      return ipv4;
    } else {
      return ipv6;
    }
  }
  template <typename P>
  [[nodiscard]] const Rib<P>& of() const {
    return const_cast<Ribs*>(this)->of<P>();
  }
  /// `visit` sees the table of this family.
  template <typename Visit>
  auto with(AddressFamily family, Visit visit) {
    return family == kIpv4Unicast ? visit(ipv4) : visit(ipv6);
  }
};

}  // namespace skyhop::bgp
