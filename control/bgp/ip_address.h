// An address of either family: what sessions run between.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lpm/address.h"
#include "lpm/ipv6.h"

namespace skyhop::bgp {

using lpm::Ipv4Address;
using lpm::Ipv6Address;

class IpAddress {
 public:
  constexpr IpAddress() = default;                               // 0.0.0.0
  constexpr IpAddress(Ipv4Address address) : value_(address) {}  // NOLINT: wider, nothing is lost
  constexpr IpAddress(Ipv6Address address) : value_(address) {}  // NOLINT

  static std::optional<IpAddress> parse(std::string_view text) {
    if (const auto ipv4 = Ipv4Address::parse(text)) return *ipv4;
    if (const auto ipv6 = Ipv6Address::parse(text)) return *ipv6;
    return {};
  }

  [[nodiscard]] constexpr bool is_ipv4() const { return value_.index() == 0; }
  /// Of this family; asking for the other is a bug.
  [[nodiscard]] constexpr Ipv4Address ipv4() const { return std::get<Ipv4Address>(value_); }
  [[nodiscard]] constexpr Ipv6Address ipv6() const { return std::get<Ipv6Address>(value_); }
  template <typename Visitor>
  constexpr decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value_);
  }
  [[nodiscard]] std::string to_string() const {
    return visit([](const auto& address) { return address.to_string(); });
  }

  /// IPv4 first.
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::variant<Ipv4Address, Ipv6Address> value_;
};

}  // namespace skyhop::bgp

template <>
struct std::hash<skyhop::bgp::IpAddress> {
  size_t operator()(const skyhop::bgp::IpAddress& address) const noexcept {
    return address.visit([]<typename A>(const A& a) { return std::hash<A>{}(a); });
  }
};
