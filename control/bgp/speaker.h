// A BGP-4 speaker: peers, sessions, and the three RIBs. One thread, driven by its scheduler and
// transport; everything it does follows from them, so two equal runs send equal octets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bgp/attributes.h"
#include "control/bgp/fsm.h"
#include "control/bgp/message/notification.h"
#include "control/bgp/policy.h"
#include "control/bgp/rib/decision.h"
#include "control/bgp/scheduler.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp {

struct PrefixLimit {
  enum class Counting : uint8_t {
    table,       ///< distinct prefixes in the Adj-RIB-In
    cumulative,  ///< those learned before a burst of UPDATEs plus every route announced in it (A16)
  };
  uint32_t maximum = 0;  ///< 0: no limit; one more is too many
  Counting counting = Counting::table;
  /// A burst is over once no route was announced for this long.
  Duration burst_gap = std::chrono::seconds(1);
  /// Idle after the Cease 6/1 before the session is tried again; nullopt: until start_peer().
  std::optional<Duration> restart_after = std::chrono::seconds(60);
};

/// NEXT_HOP towards a peer.
enum class NextHopMode : uint8_t {
  automatic,  ///< RFC 4271 5.1.3: self on eBGP, unchanged on iBGP
  self,
  unchanged,  ///< also on eBGP (RFC 7947); routes without a next hop still get self
};

struct PeerConfig {
  std::string name;   ///< "transit-1", shown to users
  std::string group;  ///< what policies see of a route's source: "nva", "gateway", ...
  Ipv4Address local_address;
  Ipv4Address remote_address;
  Asn remote_asn = 0;
  bool passive = false;      ///< waits for the peer to connect
  uint16_t remote_port = 0;  ///< 0: the transport's own
  uint8_t ttl = kDefaultTtl;
  /// RFC 5082: the peer is at most this many hops away (1: on the link), both sides send with TTL
  /// 255, and what comes from farther is dropped; 0: off, and `ttl` counts.
  uint8_t ttl_security_hops = 0;
  std::string md5_key;  ///< RFC 2385; empty: none

  Duration hold_time = std::chrono::seconds(180);  ///< offered; whole seconds, 0 or at least 3 s
  /// A KEEPALIVE this often whatever was negotiated (the VPN gateway); nullopt: hold time / 3.
  std::optional<Duration> fixed_keepalive;
  Duration connect_retry = std::chrono::seconds(120);
  /// The peer takes nothing of what we send for this long: the session falls (RFC 9687); nullopt:
  /// 8 minutes, or twice the hold time where that is more.
  std::optional<Duration> send_hold_time;
  Duration idle_hold = std::chrono::seconds(5);  ///< in Idle after a session fell
  /// Before our OPEN goes out on a new connection (RFC 4271 8.1.1 DelayOpen); 0: at once.
  Duration delay_open = {};

  bool route_refresh = true;  ///< capability offered
  bool four_octet_as = true;  ///< capability offered
  PrefixLimit prefix_limit;

  Policy import_policy;
  Policy export_policy;
  NextHopMode next_hop = NextHopMode::automatic;
  bool prepend_own_as = true;    ///< on eBGP; off is RFC 7947's transparency
  bool enforce_first_as = true;  ///< RFC 4271 6.3, eBGP
  uint32_t allow_as_in = 0;      ///< own AS tolerated this many times in a learned AS_PATH
};

struct SpeakerConfig {
  std::string name;
  Asn asn = 0;
  Ipv4Address router_id;
  DecisionOptions decision;
  bool honour_no_advertise = true;  ///< RFC 1997
  bool honour_no_export = true;
  /// Timers are drawn from 0.75 to 1 of their value (RFC 4271 10) by this seed; nullopt: exact.
  std::optional<uint64_t> jitter_seed;
};

struct PeerCounters {
  uint64_t messages_in = 0, messages_out = 0;
  uint64_t updates_in = 0, updates_out = 0;
  uint64_t notifications_in = 0, notifications_out = 0;
  uint64_t refreshes_in = 0, refreshes_out = 0;
  uint64_t octets_in = 0, octets_out = 0;
  uint64_t established = 0;           ///< times the session came up
  uint64_t attributes_discarded = 0;  ///< RFC 7606 outcomes
  uint64_t treated_as_withdraw = 0;
};

struct PeerStatus {
  PeerId id{};
  SessionState state = SessionState::idle;
  Time since = {};          ///< in this state
  bool admin_down = false;  ///< stopped by the user, or for good by the prefix limit
  PeerCounters counters;
  uint64_t prefixes_received = 0;  ///< Adj-RIB-In, rejected ones included
  uint64_t prefixes_accepted = 0;
  uint64_t prefixes_advertised = 0;
  std::string last_reason;  ///< why it left Established or failed to come up
  std::optional<Notification> last_notification_in;
  std::optional<Notification> last_notification_out;
  /// Of the current session; zero or false outside OpenConfirm and Established.
  Ipv4Address remote_router_id;
  Duration hold_time = {};
  Duration keepalive = {};
  bool four_octet_as = false;
  bool route_refresh = false;
};

/// A route of an Adj-RIB-In; rejected ones are kept with the reason.
struct LearnedRoute {
  Prefix prefix;
  PathId path_id = 0;
  AttributesPtr received;  ///< as it came
  AttributesPtr accepted;  ///< as the import policy left it; null when rejected
  std::string rule;        ///< what rejected or changed it: "A19", "RFC 4271 9.1.2"
  std::string reason;
  Time learned = {};
  bool is_stale = false;  ///< of before a restart or refresh, not told again yet
};

struct AdvertisedRoute {
  Prefix prefix;
  AttributesPtr attributes;  ///< as on the wire
};

/// The paths of the Loc-RIB for one prefix in use: the best first.
struct BestRoute {
  Prefix prefix;
  std::vector<Candidate> paths;
};

enum class MessageDirection : uint8_t { sent, received };

struct MessageTrace {
  Time time = {};
  const std::string& speaker;
  PeerId peer{};
  const std::string& peer_name;
  MessageDirection direction = MessageDirection::sent;
  std::span<const uint8_t> octets;  ///< the whole message, header included
};

class Speaker {
 public:
  /// Scheduler and transport outlive the speaker.
  Speaker(SpeakerConfig config, Scheduler& scheduler, Transport& transport);
  ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  /// Starts at once when the speaker runs. Two peers may not share both addresses.
  PeerId add_peer(PeerConfig config);
  /// Cease 6/3, then gone; its id is not used again.
  void remove_peer(PeerId peer);

  void start();
  /// Ends every session with Cease 6/2.
  void stop();
  void start_peer(PeerId peer);
  void stop_peer(PeerId peer, CeaseSubcode subcode = CeaseSubcode::administrative_shutdown,
                 const std::string& text = {});
  /// Down and up again with Cease 6/4: what a peer without route refresh gets (A11).
  void reset_peer(PeerId peer, const std::string& text = {});
  /// As when the host loses its power: connections vanish, what was learned is gone, originated
  /// routes and configuration stay. start() boots it again.
  void crash();
  [[nodiscard]] bool is_running() const;

  /// `attributes.next_hop` 0.0.0.0: each peer is told its session's local address.
  void originate(const Prefix& prefix, PathAttributes attributes);
  void withdraw_originated(const Prefix& prefix);
  [[nodiscard]] std::vector<Prefix> originated() const;

  /// A policy was replaced, or what it looks at has changed; soft, the session stays.
  void set_import_policy(PeerId peer, Policy policy);
  void set_export_policy(PeerId peer, Policy policy);
  void reevaluate_import(PeerId peer);
  void reevaluate_export(PeerId peer);
  /// The cost or reachability of next hops has changed: decides everything anew.
  void reevaluate_decision();
  void set_prefix_limit(PeerId peer, PrefixLimit limit);

  enum class RefreshOutcome : uint8_t { sent, not_established, peer_lacks_capability };
  /// ROUTE-REFRESH (RFC 2918) to the peer (A10).
  RefreshOutcome request_refresh(PeerId peer);

  using OnBestChange = std::function<void(std::span<const Prefix> prefixes)>;
  using OnSessionState = std::function<void(PeerId peer, SessionState from, SessionState to,
                                            const std::string& reason)>;
  using OnMessage = std::function<void(const MessageTrace& message)>;
  /// Once per turn of the event loop, ascending; best, multipath set or attributes have changed.
  void on_best_change(OnBestChange observer);
  void on_session_state(OnSessionState observer);
  void on_message(OnMessage observer);

  [[nodiscard]] const SpeakerConfig& config() const;
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] const PeerConfig& peer_config(PeerId peer) const;
  [[nodiscard]] PeerStatus status(PeerId peer) const;
  [[nodiscard]] std::optional<PeerId> find_peer(Ipv4Address remote_address) const;

  /// By prefix, ascending.
  [[nodiscard]] std::vector<LearnedRoute> learned(PeerId peer) const;
  [[nodiscard]] std::vector<AdvertisedRoute> advertised(PeerId peer) const;
  /// Of several paths the first.
  [[nodiscard]] std::optional<LearnedRoute> learned(PeerId peer, const Prefix& prefix) const;
  /// What the export rules make of the best route for this peer, whether or not the session is up.
  [[nodiscard]] PolicyVerdict explain_export(PeerId peer, const Prefix& prefix) const;

  /// The exact prefix; absent without a usable route.
  [[nodiscard]] std::optional<BestRoute> best(const Prefix& prefix) const;
  /// Every candidate with its standing and, for losers, the step and reason.
  [[nodiscard]] std::vector<Decided> explain(const Prefix& prefix) const;
  /// Ascending, those with a usable route.
  void for_each_best(const std::function<void(const BestRoute&)>& visit) const;
  [[nodiscard]] size_t best_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skyhop::bgp
