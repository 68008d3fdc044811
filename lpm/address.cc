#include "lpm/address.h"

#include <charconv>

namespace skyhop::lpm {
namespace {

// Reads one decimal number of at most `limit` from the front of `text`; no sign, no leading zero.
std::optional<uint32_t> take_number(std::string_view& text, uint32_t limit) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<size_t>(end - text.data());
  if (error != std::errc{} || value > limit || (digits > 1 && text.front() == '0')) return {};
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Ipv4Address> take_address(std::string_view& text) {
  uint32_t value = 0;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0 && !take(text, '.')) return {};
    const auto number = take_number(text, 255);
    if (!number) return {};
    value = (value << 8) | *number;
  }
  return Ipv4Address(value);
}

}  // namespace

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  const auto address = take_address(text);
  return text.empty() ? address : std::nullopt;
}

std::string Ipv4Address::to_string() const {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!text.empty()) text += '.';
    text += std::to_string((value_ >> shift) & 0xff);
  }
  return text;
}

std::optional<Ipv4Prefix> Ipv4Prefix::parse(std::string_view text) {
  const auto address = take_address(text);
  if (!address || !take(text, '/')) return {};
  const auto length = take_number(text, 32);
  if (!length || !text.empty()) return {};
  const Ipv4Prefix prefix(*address, static_cast<uint8_t>(*length));
  if (prefix.address() != *address) return {};
  return prefix;
}

std::string Ipv4Prefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace skyhop::lpm
