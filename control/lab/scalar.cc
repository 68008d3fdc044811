#include "control/lab/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

namespace skyhop::lab {
namespace {

std::unexpected<std::string> expected(std::string_view what, const std::string& text) {
  constexpr size_t kLongest = 60;
  return std::unexpected(fmt::format("expected {}, found \"{}{}\"", what,
                                     std::string_view(text).substr(0, kLongest),
                                     text.size() > kLongest ? "..." : ""));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<uint64_t> decimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> real(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;  // no sign, inf or nan
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  double times = 1;
  double parts = 1;  ///< divided by, not multiplied by a fraction: 40us is the number 40e-6
};

/// A number with one of the units behind it.
std::optional<double> with_unit(std::string_view text, std::span<const Unit> units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto value = real(text.substr(0, digits));
  const auto found = std::ranges::find(units, text.substr(digits), &Unit::name);
  if (!value || found == units.end()) return std::nullopt;
  return *value * found->times / found->parts;
}

struct AddressAndLength {
  Ipv4Address address;
  uint8_t length;
};

std::optional<AddressAndLength> address_and_length(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto address = Ipv4Address::parse(std::string_view(text).substr(0, slash));
  const std::string_view length_text = std::string_view(text).substr(slash + 1);
  const auto length = decimal(length_text);
  if (!address || !length || *length > 32 || (length_text.size() > 1 && length_text[0] == '0')) {
    return std::nullopt;
  }
  return AddressAndLength{*address, static_cast<uint8_t>(*length)};
}

}  // namespace

Parsed<bool> parse_boolean(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return expected("true or false", text);
}

Parsed<uint64_t> parse_integer(const std::string& text, uint64_t min, uint64_t max) {
  const auto value = decimal(text);
  if (value && *value >= min && *value <= max) return *value;
  return expected(fmt::format("a whole number from {} to {}", min, max), text);
}

Parsed<double> parse_number(const std::string& text) {
  if (const auto value = real(text)) return *value;
  return expected("a number", text);
}

Parsed<Ipv4Address> parse_address(const std::string& text) {
  if (const auto address = Ipv4Address::parse(text)) return *address;
  return expected("an IPv4 address such as 10.0.0.4", text);
}

Parsed<Ipv4Prefix> parse_prefix(const std::string& text) {
  if (const auto parts = address_and_length(text)) {
    const Ipv4Prefix prefix(parts->address, parts->length);
    if (prefix.address() == parts->address) return prefix;
    return std::unexpected(
        fmt::format("{} has host bits set; {} is meant?", text, prefix.to_string()));
  }
  if (const auto address = Ipv4Address::parse(text)) {
    return std::unexpected(
        fmt::format("expected a prefix with its length, found \"{0}\"; {0}/32 is "
                    "the single address",
                    text));
  }
  return expected("a prefix such as 10.0.0.0/24", text);
}

Parsed<std::string> parse_interface_cidr(const std::string& text) {
  const auto parts = address_and_length(text);
  if (!parts) return expected("an address with its prefix length such as 169.254.21.2/30", text);
  const Ipv4Prefix prefix(parts->address, parts->length);
  if (parts->length < 31 &&
      (parts->address == prefix.address() ||
       parts->address == prefix.nth(static_cast<uint32_t>(prefix.size() - 1)))) {
    return std::unexpected(
        fmt::format("{} is the network or broadcast address of {}, not a host in it", text,
                    prefix.to_string()));
  }
  return text;
}

Parsed<uint32_t> parse_asn(const std::string& text) {
  const auto value = decimal(text);
  if (value && *value >= 1 && *value <= 4294967294u) return static_cast<uint32_t>(*value);
  return expected("an AS number from 1 to 4294967294", text);
}

Parsed<Seconds> parse_duration(const std::string& text) {
  constexpr std::array<Unit, 6> kUnits = {
      {{"us", 1, 1e6}, {"ms", 1, 1e3}, {"s"}, {"m", 60}, {"h", 3600}, {""}}};
  constexpr double kLongest = 365.0 * 24 * 3600;
  const auto seconds = with_unit(text, kUnits);
  if (!seconds) {
    return expected("a duration such as 10s, 2m, 1h, 250ms or a number of seconds", text);
  }
  if (*seconds > kLongest) return expected("a duration of at most a year", text);
  return Seconds{*seconds};
}

Parsed<Rate> parse_rate(const std::string& text) {
  constexpr std::array<Unit, 4> kUnits = {{{""}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}}};
  constexpr double kLargest = 1e12;
  const auto rate = with_unit(text, kUnits);
  if (!rate || *rate > kLargest) {
    return expected("a rate per second such as 550M, 1.25G or 52k, at most 1000G", text);
  }
  return Rate{static_cast<uint64_t>(std::llround(*rate))};
}

Parsed<Percent> parse_percent(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with('%')) number.remove_suffix(1);
  const auto value = real(number);
  if (value && *value <= 100) return Percent{*value};
  return expected("a percentage from 0 to 100", text);
}

Parsed<PortRange> parse_port_range(const std::string& text) {
  if (text == "*") return PortRange{};
  const size_t dash = text.find('-');
  const auto first = decimal(std::string_view(text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : decimal(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > 65535 || *last > 65535) {
    return expected("a port, a range such as 8000-8080, or \"*\"", text);
  }
  if (*first > *last) {
    return std::unexpected(
        fmt::format("range {} ends before it starts; {}-{} is meant?", text, *last, *first));
  }
  return PortRange{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
}

Parsed<std::string> parse_address_selector(const std::string& text) {
  constexpr std::array<std::string_view, 4> kWords = {"*", "VirtualNetwork", "AzureLoadBalancer",
                                                      "Internet"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return text;
  if (Ipv4Address::parse(text)) return text + "/32";
  if (!text.empty() && is_digit(text.front())) {
    const auto prefix = parse_prefix(text);
    if (!prefix) return std::unexpected(prefix.error());
    return text;
  }
  return expected("a prefix, an address, \"*\", VirtualNetwork, AzureLoadBalancer or Internet",
                  text);
}

Parsed<std::string> parse_location(const std::string& text) {
  std::string location;
  for (const char c : text) {
    if (c == ' ') continue;
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (!is_upper && !is_digit(c) && !(c >= 'a' && c <= 'z')) {
      return expected("an Azure region such as East US", text);
    }
    location += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (location.empty()) return expected("an Azure region such as East US", text);
  return location;
}

Parsed<std::string> parse_frame_size(const std::string& text) {
  const auto octets = decimal(text);
  if (text == "imix" || (octets && *octets >= 60 && *octets <= 9214)) return text;
  return expected("a frame size from 60 to 9214 or imix", text);
}

Parsed<std::string> parse_as_path(const std::string& text) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (!parse_asn(text.substr(begin, end - begin)) || end + 1 == text.size()) {
      return expected("AS numbers separated by single blanks", text);
    }
    begin = end + 1;
  }
  return text;
}

Parsed<std::string> parse_community(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const auto high = decimal(std::string_view(text).substr(0, colon));
    const auto low = decimal(std::string_view(text).substr(colon + 1));
    if (high && low && *high <= 65535 && *low <= 65535) return text;
  }
  return expected("a community such as 65535:65282", text);
}

Parsed<std::string> parse_resource_name(const std::string& text) {
  const auto is_letter_or_digit = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool good = !text.empty() && text.size() <= 80 && is_letter_or_digit(text.front()) &&
                    std::all_of(text.begin(), text.end(), [&](char c) {
                      return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
                    });
  if (good) return text;
  return expected("a name of at most 80 letters, digits, '.', '_' and '-'", text);
}

std::string to_string(Seconds duration) {
  const double seconds = duration.count();
  if (seconds == std::floor(seconds)) return fmt::format("{:.0f}s", seconds);
  if (seconds < 0.001) return fmt::format("{:g}us", seconds * 1e6);
  return fmt::format("{:g}ms", seconds * 1000);
}

}  // namespace skyhop::lab
