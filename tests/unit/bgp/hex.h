// Octets written as text, for test vectors.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skyhop::bgp::test {

/// "0a ff 01"; spaces anywhere.
inline std::vector<uint8_t> hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::vector<uint8_t> octets;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    if (high < 0) {
      high = digit(c);
    } else {
      octets.push_back(static_cast<uint8_t>(high * 16 + digit(c)));
      high = -1;
    }
  }
  return octets;
}

inline std::string shown(std::span<const uint8_t> octets) {
  return fmt::format("{:02x}", fmt::join(octets, " "));
}

}  // namespace skyhop::bgp::test
