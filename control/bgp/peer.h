// A peer: its sessions (two while connections collide), its Adj-RIBs, its limits and its counters.
//
//   peer.cc          sessions: start, stop, collisions, states, BFD
//   peer_routes.cc   what it tells: rules, policy, limits
//   peer_restart.cc  what stays when it restarts, and route refresh
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/bgp/bfd/session.h"
#include "control/bgp/export_rules.h"
#include "control/bgp/import_rules.h"
#include "control/bgp/rib/ribs.h"
#include "control/bgp/session.h"
#include "control/bgp/speaker.h"
#include "control/bgp/timer.h"

namespace skyhop::bgp {

class Peer;

/// What a peer asks of its speaker.
class PeerHost {
 public:
  virtual ~PeerHost() = default;
  [[nodiscard]] virtual Ribs& ribs() = 0;
  /// Something in the tables has changed.
  virtual void on_routes_changed() = 0;
  /// Much in the tables changes: what was asked for goes through them in steps.
  virtual void on_walk() = 0;
  /// Paths that the peer was told.
  [[nodiscard]] virtual size_t told_count(const Peer& peer) const = 0;
  virtual void on_peer_state(Peer& peer, SessionState from, SessionState to) = 0;
  /// The peer wants all of its Adj-RIB-Out again (RFC 2918).
  virtual void on_refresh_requested(Peer& peer, AddressFamily family) = 0;
  /// The peer has told all it has (RFC 4724), or nothing is awaited of it any more.
  virtual void on_end_of_rib(Peer& peer) = 0;
  /// What was sent has left: more may follow.
  virtual void on_peer_drained(Peer& peer) = 0;
  virtual void on_peer_message(const Peer& peer, MessageDirection direction, Octets octets) = 0;
  /// The speaker was restarted and has not told its peers everything yet (RFC 4724's R).
  [[nodiscard]] virtual Restarting restarting() const = 0;
  [[nodiscard]] virtual uint32_t next_discriminator() = 0;  ///< of a BFD session
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
  /// What becomes of a route that it told: its import rules, and what a long restart does to it.
  [[nodiscard]] ImportJudge::Judgement judge(const Prefix& prefix, AttributesPtr received,
                                             bool is_stale);
  Speaker::RefreshOutcome request_refresh();

  /// Sends what changed; the Adj-RIB-Out is the caller's to keep.
  void send(Octets update);
  /// RFC 7313: what follows until the end is all there is of this family.
  void begin_refresh(AddressFamily family);
  void end_refresh(AddressFamily family);
  /// The peer was told all there is for the first time: End-of-RIB where RFC 4724 was agreed on.
  void end_initial_update();
  [[nodiscard]] bool is_established() const { return reported_ == SessionState::established; }
  [[nodiscard]] bool is_congested() const { return session_->is_congested(); }
  [[nodiscard]] const SessionContext& context() const { return session_->negotiated().context; }
  [[nodiscard]] PeerStatus status() const;
  [[nodiscard]] bool speaks(AddressFamily family) const;
  /// A restarted speaker waits for this one's End-of-RIB (RFC 4724 4.1).
  [[nodiscard]] bool is_awaited() const;
  /// Nothing is left of it but its counters.
  [[nodiscard]] bool is_dormant() const;

  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] const PeerConfig& config() const { return config_; }
  [[nodiscard]] PeerConfig& config() { return config_; }
  [[nodiscard]] Asn remote_asn() const { return remote_asn_; }
  [[nodiscard]] bool is_ebgp() const { return remote_asn_ != asn_towards(speaker_, config_); }
  [[nodiscard]] ExportSession export_session() const;
  [[nodiscard]] PathSource source() const;  ///< of paths learned from it
  [[nodiscard]] Ipv4Address remote_router_id() const { return remote_router_id_; }
  [[nodiscard]] const std::string& reason() const { return last_reason_; }

  [[nodiscard]] Capabilities offer() const override;
  std::optional<Notification> on_open(Session& session, const Open& open) override;
  void on_open_accepted(Session& session) override;
  void on_state(Session& session, SessionState from, SessionState to) override;
  [[nodiscard]] AttributeInterner& interner() override { return host_.ribs().shared.attributes; }
  void on_update(Session& session, const Update& update) override;
  void on_route_refresh(Session& session, const RouteRefresh& refresh) override;
  void on_routes_lost(Session& session, SessionLoss loss) override;
  void on_drained(Session& session) override;
  void on_message(MessageDirection direction, Octets octets) override;
  void on_notification(MessageDirection direction, const Notification& notification,
                       Octets offending) override;
  void on_update_error(uint8_t attribute_type) override;
  [[nodiscard]] Duration idle_hold() override;
  [[nodiscard]] Duration jitter(Duration delay) override;

 private:
  [[nodiscard]] std::unique_ptr<Session> make_session(Session::Side side);
  void bury(std::unique_ptr<Session> session);
  void report_state();
  void start_bfd();
  void on_bfd_state(bfd::State from, bfd::State to);
  void begin_established(const Session& session);

  // peer_routes.cc
  [[nodiscard]] ImportSession import_session() const;
  class Import;
  /// False: the prefix limit is exceeded.
  template <typename P>
  [[nodiscard]] bool learn_all(const FamilyUpdate<P>& update);
  template <typename P>
  void forget_all(const FamilyUpdate<P>& update);
  [[nodiscard]] size_t received_count(AddressFamily family) const;
  [[nodiscard]] size_t received_count() const;
  void count_problems(const Update& update);
  [[nodiscard]] bool exceeds_limit_at_once(size_t announced);
  enum class Room : uint8_t { yes, dropped, no };
  template <typename P>
  [[nodiscard]] Room room_for(uint32_t source, const P& prefix);
  void warn_near_limit(AddressFamily family);
  void cease_over_limit(AddressFamily family);

  // peer_restart.cc
  void drop_stale(AddressFamily family);
  void drop_all_stale();
  [[nodiscard]] size_t stale_count(AddressFamily family) const;
  [[nodiscard]] bool has_stale() const;
  void keep_or_lose(AddressFamily family, const Session& session, SessionLoss loss);
  void resume(const Session& session);
  void on_restart_timer();
  void make_long_lived(AddressFamily family);
  [[nodiscard]] AttributesPtr long_lived(const AttributesPtr& received);
  void on_end_of_rib(AddressFamily family);

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
  bool sends_plain_open_ = false;  ///< the peer refuses optional parameters (RFC 5492 3)
  SessionState reported_ = SessionState::idle;
  Time since_ = {};
  uint32_t falls_ = 0;  ///< in a row
  std::unique_ptr<bfd::Session> bfd_;

  Asn remote_asn_;
  Ipv4Address remote_router_id_;

  // Of the last session that was established, for when it is gone.
  std::optional<GracefulRestart> remote_restart_;
  std::vector<LongLivedFamily> remote_long_lived_;
  bool is_long_lived_[2] = {};        ///< RFC 9494: what is stale of this family is a last resort
  bool end_of_rib_received_[2] = {};  ///< IPv4, IPv6
  Timer restart_timer_;               ///< until the peer must be back (RFC 4724 4.2)
  Timer stale_timer_;                 ///< until it must have told everything
  Timer long_lived_timer_;            ///< until the last resort ends (RFC 9494)
  Timer refresh_timer_;               ///< until EoRR must have come (RFC 7313)

  // PrefixLimit::Counting::cumulative
  size_t burst_base_ = 0;
  size_t burst_announced_ = 0;
  std::optional<Time> last_announcement_;
  bool is_near_limit_[2] = {};

  PeerCounters counters_;
  std::string last_reason_;
  std::optional<NotificationRecord> last_notification_in_;
  std::optional<NotificationRecord> last_notification_out_;
};

}  // namespace skyhop::bgp
