// IPv4 addresses and prefixes as values. Host byte order inside; the wire's order only at the edge.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace skyhop::lpm {

class Ipv4Address {
 public:
  constexpr Ipv4Address() = default;
  constexpr explicit Ipv4Address(uint32_t host_order) : value_(host_order) {}
  constexpr Ipv4Address(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
      : value_((uint32_t{a} << 24) | (uint32_t{b} << 16) | (uint32_t{c} << 8) | d) {}

  /// Dotted quad, four decimal octets without leading zeros; nothing else.
  static std::optional<Ipv4Address> parse(std::string_view text);

  [[nodiscard]] constexpr uint32_t value() const { return value_; }  ///< host byte order
  [[nodiscard]] constexpr Ipv4Address operator+(uint32_t n) const {
    return Ipv4Address(value_ + n);
  }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(Ipv4Address, Ipv4Address) = default;

 private:
  uint32_t value_ = 0;
};

class Ipv4Prefix {
 public:
  constexpr Ipv4Prefix() = default;
  /// Host bits of `address` are cleared; `length` is 0..32.
  constexpr Ipv4Prefix(Ipv4Address address, uint8_t length)
      : address_(address.value() & mask_of(length)), length_(length) {}

  /// "a.b.c.d/len" with the host bits zero; nothing else.
  static std::optional<Ipv4Prefix> parse(std::string_view text);
  static constexpr Ipv4Prefix host(Ipv4Address address) { return {address, 32}; }
  static constexpr Ipv4Prefix everything() { return {}; }

  [[nodiscard]] constexpr Ipv4Address address() const { return address_; }
  [[nodiscard]] constexpr uint8_t length() const { return length_; }
  [[nodiscard]] constexpr uint32_t mask() const { return mask_of(length_); }
  [[nodiscard]] constexpr uint64_t size() const { return uint64_t{1} << (32 - length_); }
  /// The nth address of the prefix; n < size().
  [[nodiscard]] constexpr Ipv4Address nth(uint32_t n) const { return address_ + n; }
  [[nodiscard]] constexpr bool contains(Ipv4Address a) const {
    return (a.value() & mask()) == address_.value();
  }
  /// True for the prefix itself and every more specific one.
  [[nodiscard]] constexpr bool contains(Ipv4Prefix p) const {
    return p.length_ >= length_ && contains(p.address_);
  }
  [[nodiscard]] constexpr bool overlaps(Ipv4Prefix p) const {
    return contains(p) || p.contains(*this);
  }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(Ipv4Prefix, Ipv4Prefix) = default;

 private:
  static constexpr uint32_t mask_of(uint8_t length) {
    return length == 0 ? 0 : ~uint32_t{0} << (32 - length);
  }

  Ipv4Address address_;
  uint8_t length_ = 0;
};

}  // namespace skyhop::lpm

template <>
struct std::hash<skyhop::lpm::Ipv4Address> {
  size_t operator()(skyhop::lpm::Ipv4Address a) const noexcept {
    return a.value() * 0x9E3779B97F4A7C15ull >> 16;
  }
};

template <>
struct std::hash<skyhop::lpm::Ipv4Prefix> {
  size_t operator()(skyhop::lpm::Ipv4Prefix p) const noexcept {
    return ((uint64_t{p.address().value()} << 6) | p.length()) * 0x9E3779B97F4A7C15ull >> 13;
  }
};
