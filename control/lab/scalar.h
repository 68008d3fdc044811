// The words of a lab file: text to value, or what was expected instead.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "control/lab/lab.h"

namespace skyhop::lab {

/// The value, or one line that says what is wrong with the text.
template <typename T>
using Parsed = std::expected<T, std::string>;

[[nodiscard]] Parsed<bool> parse_boolean(const std::string& text);
[[nodiscard]] Parsed<uint64_t> parse_integer(const std::string& text, uint64_t min, uint64_t max);
[[nodiscard]] Parsed<double> parse_number(const std::string& text);  ///< finite, not negative
[[nodiscard]] Parsed<Ipv4Address> parse_address(const std::string& text);
/// Host bits must be zero; the message names the prefix that was meant.
[[nodiscard]] Parsed<Ipv4Prefix> parse_prefix(const std::string& text);
/// An address inside its subnet, "169.254.21.2/30": host bits are meant.
[[nodiscard]] Parsed<std::string> parse_interface_cidr(const std::string& text);
[[nodiscard]] Parsed<uint32_t> parse_asn(const std::string& text);  ///< 1..4294967294
/// "10s", "2m", "1h", "250ms", "40us", or a number of seconds.
[[nodiscard]] Parsed<Seconds> parse_duration(const std::string& text);
/// "550M", "1.25G", "52k" or a number; per second, 0: no limit.
[[nodiscard]] Parsed<Rate> parse_rate(const std::string& text);
/// "0.5" or "0.5%".
[[nodiscard]] Parsed<Percent> parse_percent(const std::string& text);
/// "80" or "8000-8080"; "*" is all ports.
[[nodiscard]] Parsed<PortRange> parse_port_range(const std::string& text);
/// "*", a service tag, a prefix, or an address (made a /32).
[[nodiscard]] Parsed<std::string> parse_address_selector(const std::string& text);
/// "East US" and "eastus" are one region: lower case without blanks.
[[nodiscard]] Parsed<std::string> parse_location(const std::string& text);
/// Octets of a frame, or "imix".
[[nodiscard]] Parsed<std::string> parse_frame_size(const std::string& text);
/// AS numbers separated by blanks; empty for a route that starts here.
[[nodiscard]] Parsed<std::string> parse_as_path(const std::string& text);
/// Two numbers of 16 bits: "65535:65282" (RFC 1997).
[[nodiscard]] Parsed<std::string> parse_community(const std::string& text);
/// Name of a resource: letters, digits, '.', '_' and '-', at most 80, starting with a letter or
/// digit.
[[nodiscard]] Parsed<std::string> parse_resource_name(const std::string& text);

[[nodiscard]] std::string to_string(Seconds duration);  ///< "50s", "250ms", "40us"

}  // namespace skyhop::lab
