// A peer: its sessions (two while connections collide), its Adj-RIBs, its limits and its counters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/bgp/rib/adj_rib.h"
#include "control/bgp/session.h"
#include "control/bgp/speaker.h"
#include "control/bgp/timer.h"

namespace skyhop::bgp {

class Peer;

/// What a peer asks of its speaker.
class PeerHost {
 public:
  virtual ~PeerHost() = default;
  [[nodiscard]] virtual AttributesPtr intern(PathAttributes attributes) = 0;
  [[nodiscard]] virtual AttributesPtr intern(const AttributesPtr& attributes) = 0;
  /// Null attributes: the peer has no usable route any more.
  virtual void on_path(const Peer& peer, const RouteKey& route, AttributesPtr attributes) = 0;
  virtual void on_peer_state(Peer& peer, SessionState from, SessionState to) = 0;
  /// The peer wants all of its Adj-RIB-Out again (RFC 2918).
  virtual void on_refresh_requested(Peer& peer) = 0;
  /// What was sent has left: more may follow.
  virtual void on_peer_drained(Peer& peer) = 0;
  virtual void on_peer_message(const Peer& peer, MessageDirection direction, Octets octets) = 0;
  [[nodiscard]] virtual Duration jitter(Duration delay) = 0;
};

class Peer : public SessionOwner {
 public:
  Peer(PeerId id, PeerConfig config, const SpeakerConfig& speaker, Scheduler& scheduler,
       Transport& transport, PeerHost& host);

  void start();
  void stop(CeaseSubcode subcode, const std::string& text);
  void reset(const std::string& text);
  void crash();
  void take_incoming(std::unique_ptr<Connection> connection);

  void reevaluate_import();
  Speaker::RefreshOutcome request_refresh();

  /// Sends what changed; the Adj-RIB-Out is the caller's to keep.
  void send(Octets update);
  [[nodiscard]] bool is_established() const;
  [[nodiscard]] bool is_congested() const { return session_->is_congested(); }
  [[nodiscard]] SessionContext context() const;
  [[nodiscard]] PeerStatus status() const;
  [[nodiscard]] bool speaks(AddressFamily family) const;
  [[nodiscard]] static LearnedRoute learned(const RouteKey& key, const AdjRibIn::Entry& entry);

  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] const PeerConfig& config() const { return config_; }
  [[nodiscard]] PeerConfig& config() { return config_; }
  [[nodiscard]] bool is_ebgp() const { return config_.remote_asn != speaker_.asn; }
  [[nodiscard]] Ipv4Address remote_router_id() const { return remote_router_id_; }
  [[nodiscard]] const std::string& reason() const { return last_reason_; }
  [[nodiscard]] const AdjRibIn& adj_in() const { return adj_in_; }
  [[nodiscard]] const AdjRibOut& adj_out() const { return adj_out_; }
  [[nodiscard]] AdjRibOut& adj_out() { return adj_out_; }

  std::optional<Notification> on_open(Session& session, const Open& open) override;
  void on_open_accepted(Session& session) override;
  void on_state(Session& session, SessionState from, SessionState to) override;
  void on_update(Session& session, Update update) override;
  void on_route_refresh(Session& session, const RouteRefresh& refresh) override;
  void on_routes_lost(Session& session) override;
  void on_drained(Session& session) override;
  void on_message(MessageDirection direction, Octets octets) override;
  void on_notification(MessageDirection direction, const Notification& notification) override;
  [[nodiscard]] Duration jitter(Duration delay) override;

 private:
  [[nodiscard]] std::unique_ptr<Session> make_session(Session::Side side);
  void bury(std::unique_ptr<Session> session);
  void report_state();
  [[nodiscard]] AdjRibIn::Entry evaluate(const Prefix& prefix, const AttributesPtr& received);
  [[nodiscard]] std::optional<Explanation> refusal(const PathAttributes& received) const;
  /// False: the prefix limit is exceeded.
  template <typename P>
  [[nodiscard]] bool learn_all(const FamilyUpdate<P>& update);
  void learn(const RouteKey& route, const AttributesPtr& received);
  void forget(const RouteKey& route);
  /// All that was learned of this family goes.
  void lose_routes(AddressFamily family);
  /// All that was learned of this family is stale (RFC 4724, 7313) until it is told again.
  void mark_stale(AddressFamily family) { adj_in_.mark_stale(family); }
  /// What is stale still goes.
  void drop_stale(AddressFamily family);
  void count_problems(const Update& update);
  [[nodiscard]] bool exceeds_limit_at_once(size_t announced);
  [[nodiscard]] bool exceeds_limit_with(const RouteKey& route) const;
  void cease_over_limit();

  PeerId id_;
  PeerConfig config_;
  const SpeakerConfig& speaker_;
  Scheduler& scheduler_;
  Transport& transport_;
  PeerHost& host_;

  std::unique_ptr<Session> session_;
  std::unique_ptr<Session> colliding_;            ///< the second connection, if there is one
  std::vector<std::unique_ptr<Session>> buried_;  ///< may still be on the stack
  Timer burial_;
  bool started_ = false;
  SessionState reported_ = SessionState::idle;
  Time since_ = {};

  AdjRibIn adj_in_;
  AdjRibOut adj_out_;
  Ipv4Address remote_router_id_;

  // PrefixLimit::Counting::cumulative
  size_t burst_base_ = 0;
  size_t burst_announced_ = 0;
  std::optional<Time> last_announcement_;

  PeerCounters counters_;
  std::string last_reason_;
  std::optional<Notification> last_notification_in_;
  std::optional<Notification> last_notification_out_;
};

}  // namespace skyhop::bgp
