// What a speaker and its peers are told to be. Defaults are a plain RFC 4271 speaker: whatever a
// device may or may not have beyond that is a switch here, and off.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/bfd/config.h"
#include "control/bgp/message/capability.h"
#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/bgp/scheduler.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp {

struct PrefixLimit {
  enum class Counting : uint8_t {
    table,       ///< distinct routes in the Adj-RIB-In
    cumulative,  ///< those learned before a burst of UPDATEs plus every route announced in it (A16)
  };
  enum class Action : uint8_t {
    cease,  ///< NOTIFICATION 6/1, and all routes go
    drop,   ///< routes beyond the limit are not taken
    warn,   ///< only counted
  };
  uint32_t maximum = 0;  ///< 0: no limit; one more is too many
  Counting counting = Counting::table;
  Action action = Action::cease;
  uint32_t warn_at_percent = 75;  ///< of the maximum: counted from here on, once per way up
  /// A burst is over once no route was announced for this long.
  Duration burst_gap = std::chrono::seconds(1);
  /// Idle after the Cease 6/1 before the session is tried again; nullopt: until start_peer().
  std::optional<Duration> restart_after = std::chrono::seconds(60);
};

/// NEXT_HOP towards a peer. One that the export policy sets is told as it is.
enum class NextHopMode : uint8_t {
  automatic,  ///< RFC 4271 5.1.3: self on eBGP, unchanged on iBGP
  self,       ///< also on iBGP, but for what is reflected (RFC 4456 10)
  unchanged,  ///< also on eBGP (RFC 7947); routes without a next hop still get self
};

/// Private AS numbers (RFC 6996) in what is told over eBGP.
enum class PrivateAs : uint8_t { keep, strip, replace };  ///< replace: by the own AS

/// RFC 7705: towards this peer the speaker has another AS.
struct LocalAs {
  Asn asn = 0;
  bool no_prepend = false;  ///< it is not put into the paths that the peer tells
  bool replace_as = false;  ///< the speaker's real AS is not in the paths that the peer is told
  friend bool operator==(const LocalAs&, const LocalAs&) = default;
};

struct GracefulRestartConfig {
  enum class Mode : uint8_t {
    off,     ///< no capability
    helper,  ///< keeps routes of a peer that restarts
    full,    ///< and asks for the same when it restarts itself
  };
  Mode mode = Mode::off;
  Duration restart_time =
      std::chrono::seconds(120);                    ///< offered: a restart takes at most this long
  Duration stale_time = std::chrono::seconds(360);  ///< from Established until End-of-RIB, at most
  /// A restarted speaker waits for its peers' End-of-RIBs at most this long (RFC 4724 4.1).
  Duration selection_deferral = std::chrono::seconds(360);
  bool forwarding_preserved = true;  ///< F: packets are forwarded while the speaker restarts
  bool notification = true;          ///< N, RFC 8538: also over NOTIFICATIONs and hold timers
  /// RFC 9494: kept so long after that, as a last resort; 0: not at all.
  Duration long_lived_stale_time = {};
};

struct AddPathConfig {   // RFC 7911
  bool receive = false;  ///< the peer may tell several paths for one prefix
  uint32_t send = 0;     ///< this many paths for one prefix, the best first; 0: not offered
};

struct PeerConfig {
  std::string name;   ///< "transit-1", shown to users
  std::string group;  ///< what policies see of a route's source: "nva", "gateway", ...
  IpAddress local_address;
  IpAddress remote_address;
  Asn remote_asn = 0;        ///< 0: whatever the peer says
  bool passive = false;      ///< waits for the peer to connect
  uint16_t remote_port = 0;  ///< 0: the transport's own
  uint8_t ttl = kDefaultTtl;
  /// RFC 5082: the peer is at most this many hops away (1: on the link), both sides send with TTL
  /// 255, and what comes from farther is dropped; 0: off, and `ttl` counts.
  uint8_t ttl_security_hops = 0;
  std::string md5_key;             ///< RFC 2385; empty: none
  std::optional<bfd::Config> bfd;  ///< the session falls with it (RFC 5882)

  // Sessions.
  Duration hold_time = std::chrono::seconds(180);  ///< offered; whole seconds, 0 or at least 3 s
  /// A KEEPALIVE this often whatever was negotiated (the VPN gateway); nullopt: hold time / 3.
  std::optional<Duration> fixed_keepalive;
  Duration connect_retry = std::chrono::seconds(120);
  /// The peer takes nothing of what we send for this long: the session falls (RFC 9687); nullopt:
  /// 8 minutes, or twice the hold time where that is more.
  std::optional<Duration> send_hold_time;
  /// In Idle after a session fell (IdleHoldTime); each fall in a row doubles it up to the longest
  /// (DampPeerOscillations), and a session that stood for the longest ends the row.
  Duration idle_hold = std::chrono::seconds(5);
  Duration longest_idle_hold = std::chrono::seconds(5);
  /// Before our OPEN goes out on a new connection (RFC 4271 8.1.1 DelayOpen); 0: at once.
  Duration delay_open = {};
  /// CollisionDetectEstablishedState: a new connection may replace one that is Established.
  bool collides_when_established = false;
  /// SendNOTIFICATIONwithoutOPEN.
  bool notifies_without_open = false;
  /// MinRouteAdvertisementInterval (RFC 4271 9.2.1.1): changes wait for it together; 0: none.
  Duration advertisement_interval = {};
  PrefixLimit prefix_limit;  ///< of each address family

  // Capabilities offered.
  std::vector<AddressFamily> families = std::vector(1, kIpv4Unicast);
  bool route_refresh = true;
  bool enhanced_route_refresh = false;  ///< RFC 7313
  bool four_octet_as = true;
  bool extended_messages = false;  ///< RFC 8654
  bool ipv6_next_hops = false;     ///< RFC 8950: IPv4 routes with an IPv6 next hop
  GracefulRestartConfig graceful_restart;
  AddPathConfig add_path;  ///< of each family
  /// RFC 9234: what we are to the peer; it must say the counterpart, or with `strict_role` at least
  /// not say nothing.
  std::optional<Role> role;
  bool strict_role = false;

  // Routes.
  Policy import_policy;
  Policy export_policy;
  /// RFC 8212: without a policy nothing is accepted from, or told to, another AS.
  bool requires_policy = false;
  NextHopMode next_hop = NextHopMode::automatic;
  /// Own next hops where the session's local address is of the other family; absent: for IPv6 the
  /// IPv4-mapped address, for IPv4 the router id.
  std::optional<Ipv4Address> own_ipv4;
  std::optional<Ipv6NextHop> own_ipv6;
  bool prepend_own_as = true;    ///< on eBGP; off is RFC 7947's transparency, which keeps MED, too
  bool enforce_first_as = true;  ///< RFC 4271 6.3, eBGP
  uint32_t allow_as_in = 0;      ///< own AS tolerated this many times in a learned AS_PATH
  bool as_override = false;      ///< the peer's AS in what it is told is replaced by the own one
  PrivateAs private_as = PrivateAs::keep;
  std::optional<LocalAs> local_as;
  bool route_reflector_client = false;  ///< RFC 4456, iBGP
  bool rejects_as_sets = false;         ///< RFC 9774: treated as withdrawn
  /// RFC 8326: GRACEFUL_SHUTDOWN from another AS means the lowest LOCAL_PREF.
  bool honours_graceful_shutdown = false;
  /// RFC 8326: this session is about to be shut: the peer is told to prefer others.
  bool is_being_shut = false;
};

/// Dynamic neighbours: whoever connects from the range and is no peer yet becomes one.
struct PeerRange {
  Prefix range;
  /// `name` is followed by the neighbour's address; it is passive, and `remote_address` means
  /// nothing.
  PeerConfig peer;
  uint32_t maximum_peers = 100;  ///< at a time; those whose session is gone make room
};

struct SpeakerConfig {
  std::string name;
  Asn asn = 0;
  Ipv4Address router_id;
  DecisionOptions decision;
  bool honour_no_advertise = true;  ///< RFC 1997
  bool honour_no_export = true;     ///< and NO_EXPORT_SUBCONFED
  /// Timers are drawn from 0.75 to 1 of their value (RFC 4271 10) by this seed; nullopt: exact.
  std::optional<uint64_t> jitter_seed;
  std::optional<Ipv4Address> cluster_id;  ///< RFC 4456; the router id when absent
  [[nodiscard]] Ipv4Address cluster() const { return cluster_id.value_or(router_id); }
};

/// Our AS as the peer knows it.
[[nodiscard]] inline Asn asn_towards(const SpeakerConfig& speaker, const PeerConfig& peer) {
  return peer.local_as ? peer.local_as->asn : speaker.asn;
}

}  // namespace skyhop::bgp
