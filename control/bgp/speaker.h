// A BGP-4 speaker: peers, sessions, and the three RIBs. One thread, driven by its scheduler and
// transport; everything it does follows from them, so two equal runs send equal octets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bgp/config.h"
#include "control/bgp/status.h"

namespace skyhop::bgp {

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
  PathId path_id = 0;
  AttributesPtr attributes;  ///< as on the wire
};

/// The paths of the Loc-RIB for one prefix in use: the best first.
struct BestRoute {
  Prefix prefix;
  std::vector<Candidate> paths;
};

/// A path in use.
struct UsedPath {
  std::optional<PeerId> peer;  ///< absent: originated here
  AttributesPtr attributes;    ///< after the import policy
};

/// What has become of a prefix.
struct BestChange {
  Prefix prefix;
  std::span<const UsedPath> used;  ///< the best first; empty: there is no usable route any more
};

/// What a speaker's tables hold.
struct TableSizes {
  size_t prefixes = 0;
  size_t best = 0;            ///< of these, with a usable route
  size_t attribute_sets = 0;  ///< received, accepted and told
  size_t verdicts = 0;        ///< different outcomes of import policies
  size_t sources = 0;         ///< peers, and path identifiers of theirs, that paths come from
  size_t export_groups = 0;   ///< of peers that are told the same
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
  /// Takes neighbours from a range of addresses from now on.
  void add_range(PeerRange range);
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
  /// RFC 8326: the peer is told to prefer others, before its session is shut.
  void set_graceful_shutdown(PeerId peer, bool is_being_shut);

  enum class RefreshOutcome : uint8_t { sent, not_established, peer_lacks_capability };
  /// ROUTE-REFRESH (RFC 2918) to the peer (A10).
  RefreshOutcome request_refresh(PeerId peer);

  using OnBestChange = std::function<void(std::span<const BestChange> changes)>;
  using OnSessionState = std::function<void(PeerId peer, SessionState from, SessionState to,
                                            const std::string& reason)>;
  using OnMessage = std::function<void(const MessageTrace& message)>;
  /// Once per turn of the event loop, ascending; best, multipath set or attributes have changed.
  /// What is shown is valid during the call.
  void on_best_change(OnBestChange observer);
  void on_session_state(OnSessionState observer);
  void on_message(OnMessage observer);

  [[nodiscard]] const SpeakerConfig& config() const;
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] const PeerConfig& peer_config(PeerId peer) const;
  [[nodiscard]] PeerStatus status(PeerId peer) const;
  [[nodiscard]] std::optional<PeerId> find_peer(const IpAddress& remote_address) const;

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
  [[nodiscard]] TableSizes sizes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skyhop::bgp
