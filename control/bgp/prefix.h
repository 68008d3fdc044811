// What a route leads to: a prefix of either address family, and which of several paths to it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <variant>

#include "lpm/address.h"
#include "lpm/ipv6.h"

namespace skyhop::bgp {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using lpm::Ipv6Address;
using lpm::Ipv6Prefix;

struct AddressFamily {  // RFC 4760
  uint16_t afi = 1;
  uint8_t safi = 1;
  friend auto operator<=>(const AddressFamily&, const AddressFamily&) = default;
};
inline constexpr AddressFamily kIpv4Unicast{1, 1};
inline constexpr AddressFamily kIpv6Unicast{2, 1};

template <typename P>
inline constexpr AddressFamily kFamilyOf =
    std::is_same_v<P, Ipv4Prefix> ? kIpv4Unicast : kIpv6Unicast;

/// RFC 7911; 0 where a session carries no path identifiers.
using PathId = uint32_t;

/// A prefix as an UPDATE names it; `P` is Ipv4Prefix or Ipv6Prefix.
template <typename P>
struct Nlri {
  P prefix;
  PathId path_id = 0;

  constexpr Nlri() = default;
  constexpr Nlri(P p, PathId id = 0) : prefix(p), path_id(id) {}  // NOLINT: a prefix is an NLRI
  friend constexpr auto operator<=>(const Nlri&, const Nlri&) = default;
};

/// Of either family, IPv4 first. Tables that hold many keep their own family's type.
class Prefix {
 public:
  constexpr Prefix() = default;
  constexpr Prefix(Ipv4Prefix prefix) : value_(prefix) {}  // NOLINT: wider, nothing is lost
  constexpr Prefix(Ipv6Prefix prefix) : value_(prefix) {}  // NOLINT

  [[nodiscard]] constexpr bool is_ipv4() const {
    return std::holds_alternative<Ipv4Prefix>(value_);
  }
  /// Of this family; asking for the other is a bug.
  [[nodiscard]] constexpr Ipv4Prefix ipv4() const { return std::get<Ipv4Prefix>(value_); }
  [[nodiscard]] constexpr Ipv6Prefix ipv6() const { return std::get<Ipv6Prefix>(value_); }
  template <typename Visitor>
  constexpr decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value_);
  }
  [[nodiscard]] constexpr AddressFamily family() const {
    return is_ipv4() ? kIpv4Unicast : kIpv6Unicast;
  }
  [[nodiscard]] constexpr uint8_t length() const {
    return visit([](const auto& prefix) { return prefix.length(); });
  }
  [[nodiscard]] std::string to_string() const {
    return visit([](const auto& prefix) { return prefix.to_string(); });
  }

  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  std::variant<Ipv4Prefix, Ipv6Prefix> value_;
};

}  // namespace skyhop::bgp

template <>
struct std::hash<skyhop::bgp::Prefix> {
  size_t operator()(const skyhop::bgp::Prefix& p) const noexcept {
    return p.visit([]<typename P>(const P& prefix) { return std::hash<P>{}(prefix); });
  }
};
