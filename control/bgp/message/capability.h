// Capabilities (RFC 5492): what a speaker says in its OPEN that it can do.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bgp/message/header.h"

namespace skyhop::bgp {

enum class CapabilityCode : uint8_t {
  multiprotocol = 1,                 // RFC 4760
  route_refresh = 2,                 // RFC 2918
  extended_next_hop = 5,             // RFC 8950
  extended_message = 6,              // RFC 8654
  role = 9,                          // RFC 9234
  graceful_restart = 64,             // RFC 4724, RFC 8538
  four_octet_as = 65,                // RFC 6793
  add_path = 69,                     // RFC 7911
  enhanced_route_refresh = 70,       // RFC 7313
  long_lived_graceful_restart = 71,  // RFC 9494
};

/// A capability we do not know, or a known one that is malformed: carried along, never acted on.
struct Capability {
  uint8_t code = 0;
  std::vector<uint8_t> value;
  friend auto operator<=>(const Capability&, const Capability&) = default;
};

/// What the sender of the capability is to its neighbour (RFC 9234 4.1). Others may come in.
enum class Role : uint8_t {
  provider = 0,
  route_server = 1,
  route_server_client = 2,
  customer = 3,
  peer = 4
};
/// "provider", "route-server", ...; "role 9" for one that is not assigned.
[[nodiscard]] std::string to_string(Role role);
/// What the neighbour must be when we are this (RFC 9234 table 2).
[[nodiscard]] std::optional<Role> counterpart(Role role);

struct GracefulRestart {
  bool has_restarted = false;  ///< R: waits for End-of-RIB before it tells its own
  bool notification = false;   ///< N: also a NOTIFICATION leaves routes standing (RFC 8538)
  uint16_t restart_time = 0;   ///< seconds, at most 4095
  struct Family {
    AddressFamily family;
    bool forwarding_preserved = false;  ///< F
    friend auto operator<=>(const Family&, const Family&) = default;
  };
  std::vector<Family> families;
  [[nodiscard]] const Family* find(AddressFamily family) const;
  friend auto operator<=>(const GracefulRestart&, const GracefulRestart&) = default;
};
inline constexpr uint16_t kLongestRestartTime = 4095;

struct LongLivedFamily {
  AddressFamily family;
  bool forwarding_preserved = false;
  uint32_t stale_time = 0;  ///< seconds, 24 bits
  friend auto operator<=>(const LongLivedFamily&, const LongLivedFamily&) = default;
};
inline constexpr uint32_t kLongestStaleTime = 0xFFFFFF;

struct AddPathFamily {
  AddressFamily family;
  bool can_receive = false;
  bool can_send = false;
  friend auto operator<=>(const AddPathFamily&, const AddPathFamily&) = default;
};

/// IPv4 routes may come with an IPv6 next hop.
struct ExtendedNextHop {
  AddressFamily family;       ///< of the NLRI
  uint16_t next_hop_afi = 2;  ///< of the next hop
  friend auto operator<=>(const ExtendedNextHop&, const ExtendedNextHop&) = default;
};

struct Capabilities {
  std::vector<AddressFamily> families;  ///< multiprotocol; none means IPv4 unicast
  bool route_refresh = false;
  bool enhanced_route_refresh = false;
  bool extended_message = false;
  bool four_octet_as = false;  ///< its value is the OPEN's `asn`
  std::optional<Role> role;
  std::optional<GracefulRestart> graceful_restart;
  std::vector<LongLivedFamily> long_lived;
  std::vector<AddPathFamily> add_path;
  std::vector<ExtendedNextHop> extended_next_hops;
  std::vector<Capability> other_capabilities;

  [[nodiscard]] bool speaks(AddressFamily family) const;
  [[nodiscard]] const AddPathFamily* add_path_of(AddressFamily family) const;
  [[nodiscard]] const LongLivedFamily* long_lived_of(AddressFamily family) const;
  [[nodiscard]] bool takes_ipv6_next_hops_for(AddressFamily family) const;
  friend auto operator<=>(const Capabilities&, const Capabilities&) = default;
};

/// Everything set, by name: "IPv4 unicast", "route refresh", "graceful restart 120 s", ...
[[nodiscard]] std::vector<std::string> describe(const Capabilities& capabilities);
[[nodiscard]] std::string to_string(AddressFamily family);  ///< "IPv4 unicast", "AFI 25 SAFI 70"

/// The capabilities one after another, without a parameter's header.
void append(const Capabilities& capabilities, uint32_t asn, std::vector<uint8_t>& out);

/// Adds those of one capabilities parameter; what is malformed by itself goes to the others.
/// `asn` takes that of RFC 6793.
[[nodiscard]] std::expected<void, Notification> read_capabilities(Octets octets,
                                                                  Capabilities& capabilities,
                                                                  std::optional<uint32_t>& asn);

}  // namespace skyhop::bgp
