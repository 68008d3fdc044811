// One connection to a peer with its state machine and timers. A peer has one session, and a second
// one while two connections collide.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/bgp/fsm.h"
#include "control/bgp/message/header.h"
#include "control/bgp/message/open.h"
#include "control/bgp/message/update.h"
#include "control/bgp/negotiation.h"
#include "control/bgp/speaker.h"
#include "control/bgp/timer.h"

namespace skyhop::bgp {

class Session;

/// How an Established session ended, for those who may keep its routes.
enum class SessionLoss : uint8_t {
  connection,  ///< without a word: RFC 4724's case
  notified,    ///< by a NOTIFICATION of either side or the hold timer: RFC 8538's case
  final,       ///< shut down, or a Hard Reset: nobody waits for it
};

/// What a session tells its peer, and asks of it. `peer.cc` is the only one.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  /// What our OPEN offers.
  [[nodiscard]] virtual Capabilities offer() const = 0;
  /// The OPEN is right by itself; the configuration may still refuse it.
  virtual std::optional<Notification> on_open(Session& session, const Open& open) = 0;
  /// May end in this session's or another's fall.
  virtual void on_open_accepted(Session& session) = 0;
  virtual void on_state(Session& session, SessionState from, SessionState to) = 0;
  /// Where the attribute sets of what comes in are kept.
  [[nodiscard]] virtual AttributeInterner& interner() = 0;
  virtual void on_update(Session& session, const Update& update) = 0;
  virtual void on_route_refresh(Session& session, const RouteRefresh& refresh) = 0;
  virtual void on_routes_lost(Session& session, SessionLoss loss) = 0;
  virtual void on_drained(Session& session) = 0;
  virtual void on_message(MessageDirection direction, Octets octets) = 0;
  /// `offending` is what was sent an error for, or empty.
  virtual void on_notification(MessageDirection direction, const Notification& notification,
                               Octets offending) = 0;
  /// Of this type is the attribute that an UPDATE cost the session for; 0: none of them.
  virtual void on_update_error(uint8_t attribute_type) = 0;
  /// IdleHoldTime after this fall.
  [[nodiscard]] virtual Duration idle_hold() = 0;
  [[nodiscard]] virtual Duration jitter(Duration delay) = 0;
};

[[nodiscard]] ConnectOptions connect_options(const PeerConfig& config);

/// What every session of one peer shares.
struct SessionParameters {
  const PeerConfig& config;
  const SpeakerConfig& speaker;
};

class Session {
 public:
  enum class Side : uint8_t { initiator, acceptor };

  Session(SessionParameters parameters, Scheduler& scheduler, Transport& transport,
          SessionOwner& owner, Side side);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void handle(Event event);
  /// To Idle with this NOTIFICATION; `idle_hold` instead of the configured one, nullopt: for good.
  void stop(Event event, Notification notification, std::optional<Duration> idle_hold);
  void accept(std::unique_ptr<Connection> connection);
  /// To Idle at once and for good, without a word to the peer or the owner.
  void vanish();
  /// Same, but the connection is closed in order.
  void retire();

  void send_update(Octets message);
  void send_route_refresh(const RouteRefresh& refresh) { send(encode(refresh)); }

  [[nodiscard]] SessionState state() const { return state_; }
  [[nodiscard]] Side side() const { return side_; }
  /// In Idle before another try, and it was the peer or the path that ended the last one.
  [[nodiscard]] bool can_be_woken() const;
  [[nodiscard]] bool is_waiting_for_connection() const { return !connection_; }
  [[nodiscard]] bool has_tcp() const { return connected_; }
  /// So much waits for the peer to read that more should wait with its maker (`on_drained`).
  [[nodiscard]] bool is_congested() const;
  [[nodiscard]] const std::optional<Open>& remote_open() const { return remote_open_; }
  /// What we offered on this connection.
  [[nodiscard]] const Capabilities& offered() const { return offered_; }
  [[nodiscard]] const Negotiated& negotiated() const { return negotiated_; }
  [[nodiscard]] uint64_t connect_retry_counter() const { return connect_retry_counter_; }
  [[nodiscard]] Duration hold_time() const { return hold_time_; }
  [[nodiscard]] Duration keepalive() const { return keepalive_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  void perform(Action action, Event event);
  [[nodiscard]] FsmOptions options() const;
  [[nodiscard]] ConnectionCallbacks callbacks();
  void begin_framing();
  void receive(Octets octets);
  void take(const Message& message);
  void take_open(const Message& message);
  void take_update(const Message& message);
  void take_notification(const Message& message);
  void take_route_refresh(const Message& message);
  void fail_with(Event event, Notification notification);
  void send(Octets message);
  void send_open();
  void send_notification(Event event);
  [[nodiscard]] SessionLoss loss_by(Event event) const;
  void start_negotiated_timers();
  void watch_sending();
  void check_sending();
  void drop_connection();

  SessionParameters parameters_;
  Transport& transport_;
  SessionOwner& owner_;
  Side side_;
  SessionState state_ = SessionState::idle;
  uint64_t steps_ = 0;  ///< taken; tells an outer step that an inner one overtook it
  uint64_t connect_retry_counter_ = 0;

  std::unique_ptr<Connection> connection_;
  bool connected_ = false;
  uint64_t connections_ = 0;  ///< so far; octets of an old one are not taken for a new one's
  Framer framer_;
  uint64_t queued_ = 0;  ///< octets given to the connection
  uint64_t taken_ = 0;   ///< of these, by the network, when the send hold timer was started
  Capabilities offered_;
  std::optional<Open> remote_open_;
  Negotiated negotiated_;
  Duration hold_time_ = {};
  Duration keepalive_ = {};

  std::optional<Notification> pending_notification_;  ///< what send_notification sends
  std::vector<uint8_t> offending_;                    ///< what it is sent for
  bool is_final_ = false;                             ///< the NOTIFICATION that came in is
  UpdateDecoder decoder_;
  bool has_update_ = false;  ///< in the decoder, for process_update to take
  std::optional<Duration> idle_hold_;
  std::string reason_;
  Event last_fall_ = Event::manual_stop;  ///< the event that led to Idle

  Timer connect_retry_timer_;
  Timer delay_open_timer_;
  Timer hold_timer_;
  Timer keepalive_timer_;
  Timer idle_hold_timer_;
  Timer send_hold_timer_;  ///< RFC 9687; runs while something was sent lately
};

}  // namespace skyhop::bgp
