// Every way a packet can end without arriving. One list: the enum, the counters, the JSON and the
// README's table come from it.
#pragma once

#include <cstdint>
#include <string_view>

namespace skyhop::dataplane {

// name, what it means
#define SKYHOP_DROP_REASONS(X)                                                                  \
  X(no_route, "no route to the destination in the router's table")                              \
  X(route_none, "the route's next hop is None: Azure's reserved ranges or a user route")        \
  X(no_such_host, "the prefix is local to the VNet, but no NIC has the address")                \
  X(internet, "leaves for the Internet, and the lab has no port there")                         \
  X(not_ipv4, "the frame carries no IPv4 packet")                                               \
  X(bad_header, "IPv4 header is truncated, of another version, or shorter than 20 octets")      \
  X(bad_length, "IPv4 total length is shorter than its header or longer than the frame")        \
  X(bad_checksum, "IPv4 header checksum is wrong")                                              \
  X(bad_source, "source address is loopback, multicast, broadcast or 0/8 (RFC 1812 5.3.7)")     \
  X(bad_destination, "destination is loopback, multicast, class E or 0/8 (RFC 1812 5.3.7)")     \
  X(ttl_expired, "TTL would reach zero; ICMP time exceeded is sent where the router does")      \
  X(mtu_exceeded, "longer than the link's MTU and not to be fragmented")                        \
  X(nsg_denied, "a network security group denies the flow")                                     \
  X(forwarded_traffic, "the peering does not allow traffic from outside the peer VNet (A55)")   \
  X(ip_forwarding, "IP forwarding is off at the appliance's NIC or in its guest (A64)")         \
  X(nat_failed, "no free address or port to translate it to, or a fragment that would need it") \
  X(link_down, "the link is down and its sender has not noticed yet")                           \
  X(queue_full, "a rate on the link carries less than was sent, and its queue is full")         \
  X(link_loss, "lost on the link, by the loss that the lab gives it")                           \
  X(router_down, "the gateway is down")                                                         \
  X(looping, "the packet crossed 255 routers of the model")                                     \
  X(local_unhandled, "addressed to a router, which answers only ICMP echo")                     \
  X(tx_full, "the port that the packet leaves by did not take it")                              \
  X(no_buffer, "no packet buffer was free")                                                     \
  X(esp_unknown_spi, "ESP: no security association of the receiver has this SPI")               \
  X(esp_malformed, "ESP: truncated, or no ESP as agreed on for the tunnel")                     \
  X(esp_replayed, "ESP: came before, or is older than the replay window")                       \
  X(esp_auth_failed, "ESP: the integrity check failed: corrupted, or sealed with other keys")   \
  X(esp_no_sa, "ESP: the security association has expired, and no new one is there")            \
  X(esp_overflow, "ESP: the sequence numbers are used up, and no new association is there")     \
  X(answered, "an ICMP echo request to a router, turned into its reply")

enum class DropReason : uint8_t {
#define SKYHOP_ENUM(name, text) name,
  SKYHOP_DROP_REASONS(SKYHOP_ENUM)
#undef SKYHOP_ENUM
};

inline constexpr uint32_t kDropReasons = 0
#define SKYHOP_COUNT(name, text) +1
    SKYHOP_DROP_REASONS(SKYHOP_COUNT)
#undef SKYHOP_COUNT
    ;

/// "nsg_denied"
[[nodiscard]] constexpr std::string_view to_string(DropReason reason) {
  constexpr std::string_view kNames[] = {
#define SKYHOP_NAME(name, text) #name,
      SKYHOP_DROP_REASONS(SKYHOP_NAME)
#undef SKYHOP_NAME
  };
  return kNames[static_cast<uint8_t>(reason)];
}

/// One sentence for people.
[[nodiscard]] constexpr std::string_view describe(DropReason reason) {
  constexpr std::string_view kTexts[] = {
#define SKYHOP_TEXT(name, text) text,
      SKYHOP_DROP_REASONS(SKYHOP_TEXT)
#undef SKYHOP_TEXT
  };
  return kTexts[static_cast<uint8_t>(reason)];
}

}  // namespace skyhop::dataplane
