// {fmt} formatters of the value types; the usual width and alignment work.
#pragma once

#include <fmt/format.h>

#include "lpm/address.h"
#include "lpm/flow.h"
#include "lpm/ipv6.h"

template <>
struct fmt::formatter<skyhop::lpm::Ipv4Address> : fmt::formatter<std::string> {
  auto format(skyhop::lpm::Ipv4Address address, format_context& context) const {
    return fmt::formatter<std::string>::format(address.to_string(), context);
  }
};

template <>
struct fmt::formatter<skyhop::lpm::Ipv4Prefix> : fmt::formatter<std::string> {
  auto format(skyhop::lpm::Ipv4Prefix prefix, format_context& context) const {
    return fmt::formatter<std::string>::format(prefix.to_string(), context);
  }
};

template <>
struct fmt::formatter<skyhop::lpm::Ipv6Address> : fmt::formatter<std::string> {
  auto format(skyhop::lpm::Ipv6Address address, format_context& context) const {
    return fmt::formatter<std::string>::format(address.to_string(), context);
  }
};

template <>
struct fmt::formatter<skyhop::lpm::Ipv6Prefix> : fmt::formatter<std::string> {
  auto format(skyhop::lpm::Ipv6Prefix prefix, format_context& context) const {
    return fmt::formatter<std::string>::format(prefix.to_string(), context);
  }
};

/// "10.0.30.4:4000 > 10.0.110.4:80 protocol 6"
template <>
struct fmt::formatter<skyhop::lpm::FlowKey> : fmt::formatter<std::string> {
  auto format(const skyhop::lpm::FlowKey& key, format_context& context) const {
    return fmt::formatter<std::string>::format(
        fmt::format("{}:{} > {}:{} protocol {}", key.source, key.source_port, key.destination,
                    key.destination_port, key.protocol),
        context);
  }
};
