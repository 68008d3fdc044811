// IPv6 addresses and prefixes as values: what the BGP speaker carries. The data plane is IPv4's.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace skyhop::lpm {

class Ipv6Address {
 public:
  static constexpr size_t kOctets = 16;

  constexpr Ipv6Address() = default;
  /// The upper and the lower 64 bits, in host byte order.
  constexpr Ipv6Address(uint64_t high, uint64_t low) : high_(high), low_(low) {}

  /// RFC 4291 2.2, without a zone.
  static std::optional<Ipv6Address> parse(std::string_view text);

  [[nodiscard]] constexpr uint64_t high() const { return high_; }
  [[nodiscard]] constexpr uint64_t low() const { return low_; }
  /// The nth octet of the address as written on the wire.
  [[nodiscard]] constexpr uint8_t octet(size_t n) const {
    return static_cast<uint8_t>((n < 8 ? high_ : low_) >> (56 - 8 * (n % 8)));
  }
  [[nodiscard]] constexpr bool is_link_local() const { return high_ >> 54 == 0xFE80 >> 6; }
  /// RFC 5952.
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(Ipv6Address, Ipv6Address) = default;

 private:
  uint64_t high_ = 0;
  uint64_t low_ = 0;
};

class Ipv6Prefix {
 public:
  constexpr Ipv6Prefix() = default;
  /// Host bits of `address` are cleared; `length` is 0..128.
  constexpr Ipv6Prefix(Ipv6Address address, uint8_t length)
      : address_(address.high() & mask_of(length),
                 length <= 64 ? 0 : address.low() & mask_of(length - 64)),
        length_(length) {}

  /// "2001:db8::/32" with the host bits zero; nothing else.
  static std::optional<Ipv6Prefix> parse(std::string_view text);
  static constexpr Ipv6Prefix everything() { return {}; }

  [[nodiscard]] constexpr Ipv6Address address() const { return address_; }
  [[nodiscard]] constexpr uint8_t length() const { return length_; }
  [[nodiscard]] constexpr bool contains(Ipv6Address a) const {
    return Ipv6Prefix(a, length_).address_ == address_;
  }
  /// True for the prefix itself and every more specific one.
  [[nodiscard]] constexpr bool contains(Ipv6Prefix p) const {
    return p.length_ >= length_ && contains(p.address_);
  }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(Ipv6Prefix, Ipv6Prefix) = default;

 private:
  /// Of the upper `length` of 64 bits; all of them from 64 on.
  static constexpr uint64_t mask_of(int length) {
    if (length <= 0) return 0;
    return length >= 64 ? ~uint64_t{0} : ~uint64_t{0} << (64 - length);
  }

  Ipv6Address address_;
  uint8_t length_ = 0;
};

}  // namespace skyhop::lpm

template <>
struct std::hash<skyhop::lpm::Ipv6Address> {
  size_t operator()(skyhop::lpm::Ipv6Address a) const noexcept {
    const uint64_t mixed = (a.high() ^ (a.low() * 0xD6E8FEB86659FD93ull)) * 0x9E3779B97F4A7C15ull;
    return mixed ^ (mixed >> 29);
  }
};

template <>
struct std::hash<skyhop::lpm::Ipv6Prefix> {
  size_t operator()(skyhop::lpm::Ipv6Prefix p) const noexcept {
    return std::hash<skyhop::lpm::Ipv6Address>{}(p.address()) + p.length();
  }
};
