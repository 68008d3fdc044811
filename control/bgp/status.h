// What a speaker tells of one of its peers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/bgp/bfd/session.h"
#include "control/bgp/fsm.h"
#include "control/bgp/message/capability.h"
#include "control/bgp/rib/decision.h"

namespace skyhop::bgp {

/// RFC 7606's outcomes of malformed attributes of one type.
struct AttributeFaults {
  uint64_t discarded = 0;
  uint64_t treated_as_withdraw = 0;
  uint64_t session_resets = 0;
};

struct PeerCounters {
  uint64_t messages_in = 0, messages_out = 0;
  uint64_t updates_in = 0, updates_out = 0;
  uint64_t notifications_in = 0, notifications_out = 0;
  uint64_t refreshes_in = 0, refreshes_out = 0;
  uint64_t octets_in = 0, octets_out = 0;
  uint64_t established = 0;                   ///< times the session came up
  uint64_t attributes_discarded = 0;          ///< attributes, RFC 7606
  uint64_t treated_as_withdraw = 0;           ///< UPDATEs, RFC 7606
  uint64_t update_errors = 0;                 ///< UPDATEs that cost the session
  std::map<uint8_t, AttributeFaults> faults;  ///< by attribute type; 0: the message itself
  uint64_t limit_warnings = 0;
  uint64_t dropped_over_limit = 0;  ///< routes
  uint64_t bfd_downs = 0;           ///< sessions that BFD has ended
};

struct NotificationRecord : Notification {
  Time at = {};
  /// Sent: the first 64 octets of the message it was sent for, if there was one. Received: of the
  /// NOTIFICATION's data, where the peer shows what it did not like.
  std::vector<uint8_t> offending;
};

struct RestartStatus {
  bool is_awaited = false;  ///< the peer is gone, and its routes stand
  Time until = {};          ///< then they go
  uint64_t stale_routes = 0;
  bool is_long_lived = false;  ///< RFC 9494: they are a last resort
};

struct PeerStatus {
  PeerId id{};
  SessionState state = SessionState::idle;
  Time since = {};          ///< in this state
  bool admin_down = false;  ///< stopped by the user, or for good by the prefix limit
  PeerCounters counters;
  uint64_t connect_retries = 0;    ///< ConnectRetryCounter
  uint64_t prefixes_received = 0;  ///< Adj-RIB-In, rejected ones included
  uint64_t prefixes_accepted = 0;
  uint64_t prefixes_advertised = 0;
  std::string last_reason;  ///< why it left Established or failed to come up
  std::optional<NotificationRecord> last_notification_in;
  std::optional<NotificationRecord> last_notification_out;
  RestartStatus restart;
  std::optional<bfd::Status> bfd;
  /// Of the current session; zero, empty or false outside OpenConfirm and Established.
  Ipv4Address remote_router_id;
  Asn remote_asn = 0;
  Duration hold_time = {};
  Duration keepalive = {};
  bool four_octet_as = false;
  bool route_refresh = false;
  std::optional<Capabilities> offered;
  std::optional<Capabilities> received;
  /// What both have: "IPv4 unicast", "4-octet AS", "add-path IPv4 unicast send", ...
  std::vector<std::string> agreed;
};

}  // namespace skyhop::bgp
