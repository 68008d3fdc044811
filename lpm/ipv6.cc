#include "lpm/ipv6.h"

#include <arpa/inet.h>

#include <charconv>

namespace skyhop::lpm {

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  std::array<uint8_t, kOctets> octets;
  // inet_pton() ends at the first NUL, and would take what stands before it.
  if (text.find('\0') != std::string_view::npos) return {};
  if (inet_pton(AF_INET6, std::string(text).c_str(), octets.data()) != 1) return {};
  std::array<uint64_t, 2> halves{};
  for (size_t i = 0; i < kOctets; ++i) halves[i / 8] = (halves[i / 8] << 8) | octets[i];
  return Ipv6Address(halves[0], halves[1]);
}

std::string Ipv6Address::to_string() const {
  std::array<uint8_t, kOctets> octets;
  for (size_t i = 0; i < kOctets; ++i) octets[i] = octet(i);
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
}

std::optional<Ipv6Prefix> Ipv6Prefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = Ipv6Address::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  uint8_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size() &&
                         (digits.size() == 1 || digits.front() != '0');
  if (!address || !is_number || length > 128) return {};
  const Ipv6Prefix prefix(*address, length);
  if (prefix.address() != *address) return {};
  return prefix;
}

std::string Ipv6Prefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace skyhop::lpm
