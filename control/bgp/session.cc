#include "control/bgp/session.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr Duration kLargeHoldTime = std::chrono::minutes(4);  // RFC 4271 8.2.2
constexpr Duration kSendHoldTime = std::chrono::minutes(8);   // RFC 9687 3.2
constexpr size_t kCongestedFrom = 256 * 1024;
constexpr size_t kShownOctets = 64;  // of an offending message

uint16_t seconds_of(Duration duration) {
  return static_cast<uint16_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// RFC 8538 3.1 and 5: after these nobody waits for the peer to come back.
bool is_final(const Notification& notification) {
  for (const CeaseSubcode subcode :
       {CeaseSubcode::maximum_prefixes_reached, CeaseSubcode::administrative_shutdown,
        CeaseSubcode::peer_deconfigured, CeaseSubcode::hard_reset, CeaseSubcode::bfd_down}) {
    if (notification.is(subcode)) return true;
  }
  return false;
}

FsmError unexpected_message_in(SessionState state) {
  switch (state) {
    case SessionState::open_sent:
      return FsmError::unexpected_message_in_open_sent;
    case SessionState::open_confirm:
      return FsmError::unexpected_message_in_open_confirm;
    case SessionState::established:
      return FsmError::unexpected_message_in_established;
    case SessionState::idle:
    case SessionState::connect:
    case SessionState::active:
      break;
  }
  return FsmError::unspecified;
}

}  // namespace

ConnectOptions connect_options(const PeerConfig& config) {
  const uint8_t hops = config.ttl_security_hops;
  ConnectOptions options;
  options.local = config.local_address;
  options.remote = config.remote_address;
  options.port = config.remote_port;
  options.ttl = hops == 0 ? config.ttl : 255;
  options.minimum_ttl = hops == 0 ? 0 : static_cast<uint8_t>(256 - hops);
  options.md5_key = config.md5_key;
  return options;
}

Session::Session(SessionParameters parameters, Scheduler& scheduler, Transport& transport,
                 SessionOwner& owner, Side side)
    : parameters_(parameters),
      transport_(transport),
      owner_(owner),
      side_(side),
      decoder_(&owner.interner()),
      connect_retry_timer_(scheduler, [this] { handle(Event::connect_retry_timer_expires); }),
      delay_open_timer_(scheduler, [this] { handle(Event::delay_open_timer_expires); }),
      hold_timer_(scheduler, [this] { handle(Event::hold_timer_expires); }),
      keepalive_timer_(scheduler, [this] { handle(Event::keepalive_timer_expires); }),
      idle_hold_timer_(scheduler, [this] { handle(Event::idle_hold_timer_expires); }),
      send_hold_timer_(scheduler, [this] { check_sending(); }) {}

Session::~Session() = default;

FsmOptions Session::options() const {
  FsmOptions options;
  options.passive_tcp_establishment = parameters_.config.passive;
  options.delay_open = parameters_.config.delay_open > Duration{0};
  options.delay_open_timer_running = delay_open_timer_.is_running();
  options.send_notification_without_open = parameters_.config.notifies_without_open;
  return options;
}

bool Session::can_be_woken() const {
  return state_ == SessionState::idle && idle_hold_timer_.is_running() &&
         (last_fall_ == Event::tcp_connection_fails || last_fall_ == Event::notif_msg);
}

void Session::handle(Event event) {
  const uint64_t step = ++steps_;
  const SessionState from = state_;
  const Transition transition = next_transition(state_, event, options());
  if (transition.next == SessionState::idle && from != SessionState::idle) {
    last_fall_ = event;
    if (reason_.empty()) reason_ = to_string(event);
  }
  for (const Action action : transition.actions) {
    perform(action, event);
    if (steps_ != step) return;
  }
  pending_notification_.reset();
  offending_.clear();
  if (transition.next == from) return;
  if (from == SessionState::idle) {
    idle_hold_timer_.stop();
    reason_.clear();
  }
  state_ = transition.next;
  owner_.on_state(*this, from, state_);
}

void Session::stop(Event event, Notification notification, std::optional<Duration> idle_hold) {
  reason_ = notification.to_string();
  pending_notification_ = std::move(notification);
  idle_hold_ = idle_hold;
  handle(event);
  if (!idle_hold) idle_hold_timer_.stop();
}

void Session::accept(std::unique_ptr<Connection> connection) {
  drop_connection();
  connection_ = std::move(connection);
  connection_->set_ttl(connect_options(parameters_.config).ttl);
  connected_ = true;
  side_ = Side::acceptor;
  begin_framing();
  connection_->set_callbacks(callbacks());
  handle(Event::tcp_connection_confirmed);
}

void Session::vanish() {
  if (connection_) connection_->vanish();
  retire();
}

void Session::retire() {
  for (Timer* timer : {&connect_retry_timer_, &delay_open_timer_, &hold_timer_, &keepalive_timer_,
                       &idle_hold_timer_, &send_hold_timer_}) {
    timer->stop();
  }
  drop_connection();
  ++steps_;
  state_ = SessionState::idle;
}

void Session::perform(Action action, Event event) {
  switch (action) {
    case Action::reset_connect_retry_counter:
      connect_retry_counter_ = 0;
      break;
    case Action::increment_connect_retry_counter:
      ++connect_retry_counter_;
      break;
    case Action::start_connect_retry_timer:
      connect_retry_timer_.start(owner_.jitter(parameters_.config.connect_retry));
      break;
    case Action::stop_connect_retry_timer:
      connect_retry_timer_.stop();
      break;
    case Action::start_delay_open_timer:
      delay_open_timer_.start(parameters_.config.delay_open);
      break;
    case Action::stop_delay_open_timer:
      delay_open_timer_.stop();
      break;
    case Action::connect:
      drop_connection();
      side_ = Side::initiator;
      begin_framing();
      connection_ = transport_.connect(connect_options(parameters_.config), callbacks());
      break;
    case Action::send_open:
      send_open();
      break;
    case Action::send_keepalive:
      send(encode_keepalive());
      break;
    case Action::send_notification:
      send_notification(event);
      break;
    case Action::start_large_hold_timer:
      hold_timer_.start(kLargeHoldTime);
      break;
    case Action::start_negotiated_timers:
      start_negotiated_timers();
      break;
    case Action::restart_hold_timer:
      if (hold_time_ > Duration{0}) hold_timer_.start(hold_time_);
      break;
    case Action::restart_keepalive_timer:
      if (keepalive_ > Duration{0}) keepalive_timer_.start(owner_.jitter(keepalive_));
      break;
    case Action::stop_session_timers:
      hold_timer_.stop();
      keepalive_timer_.stop();
      break;
    case Action::drop_connection:
      drop_connection();
      break;
    case Action::delete_routes:
      owner_.on_routes_lost(*this, loss_by(event));
      break;
    case Action::damp_peer_oscillations:
      if (event == Event::automatic_stop) {
        if (idle_hold_) idle_hold_timer_.start(*idle_hold_);
      } else {
        idle_hold_timer_.start(owner_.jitter(owner_.idle_hold()));
      }
      break;
    case Action::session_established:
      break;  // on_state() says so, once the state is taken
    case Action::process_update:
      if (std::exchange(has_update_, false)) owner_.on_update(*this, decoder_.update());
      break;
  }
}

void Session::begin_framing() {
  ++connections_;
  framer_ = {};
  // RFC 8654 4: who offers it takes long messages.
  framer_.set_longest(parameters_.config.extended_messages ? kMaxExtendedLength
                                                           : kMaxMessageLength);
  is_final_ = false;
}

void Session::send_open() {
  offered_ = owner_.offer();
  Open open;
  static_cast<Capabilities&>(open) = offered_;
  open.asn = asn_towards(parameters_.speaker, parameters_.config);
  open.hold_time = seconds_of(parameters_.config.hold_time);
  open.router_id = parameters_.speaker.router_id;
  send(encode(open));
}

SessionLoss Session::loss_by(Event event) const {
  switch (event) {
    case Event::tcp_connection_fails:
      return SessionLoss::connection;
    case Event::notif_msg:
    case Event::notif_msg_ver_err:
      return is_final_ ? SessionLoss::final : SessionLoss::notified;
    default:
      return pending_notification_ && is_final(*pending_notification_) ? SessionLoss::final
                                                                       : SessionLoss::notified;
  }
}

// The lesser of both offers (RFC 4271 4.2); a third of it between KEEPALIVEs unless fixed.
void Session::start_negotiated_timers() {
  const Duration offered = std::chrono::seconds(seconds_of(parameters_.config.hold_time));
  const Duration theirs = std::chrono::seconds(remote_open_ ? remote_open_->hold_time : 0);
  hold_time_ = std::min(offered, theirs);
  keepalive_ = hold_time_ == Duration{0}
                   ? Duration{0}
                   : parameters_.config.fixed_keepalive.value_or(
                         std::max<Duration>(hold_time_ / 3, std::chrono::seconds(1)));
  if (hold_time_ == Duration{0}) {
    hold_timer_.stop();
    return;
  }
  hold_timer_.start(hold_time_);
  keepalive_timer_.start(owner_.jitter(keepalive_));
}

ConnectionCallbacks Session::callbacks() {
  // A transport may still hold callbacks of a connection this session has replaced.
  const auto is_current = [this, mine = connections_] { return mine == connections_; };
  ConnectionCallbacks callbacks;
  callbacks.on_connected = [this, is_current] {
    if (!is_current()) return;
    connected_ = true;
    handle(Event::tcp_cr_acked);
  };
  callbacks.on_failed = [this, is_current](const std::string& reason) {
    if (!is_current()) return;
    reason_ = reason;
    handle(Event::tcp_connection_fails);
  };
  callbacks.on_bytes = [this, is_current](Octets octets) {
    if (is_current()) receive(octets);
  };
  callbacks.on_closed = [this, is_current](const std::string& reason) {
    if (!is_current()) return;
    if (reason_.empty()) reason_ = reason;
    handle(Event::tcp_connection_fails);
  };
  callbacks.on_drained = [this, is_current] {
    if (is_current()) owner_.on_drained(*this);
  };
  return callbacks;
}

void Session::receive(Octets octets) {
  const uint64_t connection = connections_;
  framer_.feed(octets);
  while (connected_ && connection == connections_) {
    const auto message = framer_.next();
    if (!message) {
      offending_ = framer_.front(kShownOctets);
      return fail_with(Event::bgp_header_err, message.error());
    }
    if (!*message) return;
    const Octets octets_shown =
        (*message)->octets.first(std::min((*message)->octets.size(), kShownOctets));
    offending_.assign(octets_shown.begin(), octets_shown.end());
    owner_.on_message(MessageDirection::received, (*message)->octets);
    take(**message);
    offending_.clear();
  }
}

void Session::take(const Message& message) {
  switch (message.type) {
    case MessageType::open:
      return take_open(message);
    case MessageType::update:
      return take_update(message);
    case MessageType::notification:
      return take_notification(message);
    case MessageType::keepalive:
      return handle(Event::keepalive_msg);
    case MessageType::route_refresh:
      return take_route_refresh(message);
  }
}

void Session::take_open(const Message& message) {
  const bool delayed = delay_open_timer_.is_running();
  if (state_ != SessionState::open_sent && !delayed) return handle(Event::bgp_open);
  const auto open = decode_open(message.body);
  if (!open) return fail_with(Event::bgp_open_msg_err, open.error());
  if (auto refused = owner_.on_open(*this, *open)) {
    return fail_with(Event::bgp_open_msg_err, std::move(*refused));
  }
  remote_open_ = *open;
  const bool is_ebgp = open->asn != asn_towards(parameters_.speaker, parameters_.config);
  negotiated_ = negotiate(parameters_.config, offered_, *open, is_ebgp);
  // The collision may be lost here, before OpenConfirm is taken.
  const uint64_t step = steps_;
  owner_.on_open_accepted(*this);
  if (steps_ != step || !connected_) return;
  handle(delayed ? Event::bgp_open_with_delay_open_timer_running : Event::bgp_open);
}

void Session::take_update(const Message& message) {
  if (state_ != SessionState::established) return handle(Event::update_msg);
  if (const auto fault = decoder_.decode(message.body, negotiated_.context)) {
    owner_.on_update_error(fault->attribute_type);
    return fail_with(Event::update_msg_err, static_cast<const Notification&>(*fault));
  }
  has_update_ = true;
  handle(Event::update_msg);
  decoder_.clear();
}

void Session::take_notification(const Message& message) {
  const Notification notification = decode_notification(message.body);
  owner_.on_notification(MessageDirection::received, notification, {});
  // Without RFC 8538 every NOTIFICATION is the end.
  is_final_ = !negotiated_.notification || notification.is(CeaseSubcode::hard_reset);
  reason_ = "received " + notification.to_string();
  const bool is_version =
      notification.code == ErrorCode::open_message &&
      notification.subcode == static_cast<uint8_t>(OpenError::unsupported_version_number);
  handle(is_version ? Event::notif_msg_ver_err : Event::notif_msg);
}

// No event of RFC 4271; RFC 2918 allows it in Established, and RFC 6608 calls it unexpected before.
void Session::take_route_refresh(const Message& message) {
  if (state_ != SessionState::established) return handle(Event::update_msg);
  const auto refresh = decode_route_refresh(
      message, negotiated_.enhanced_route_refresh ? RefreshForm::enhanced : RefreshForm::plain);
  if (!refresh) return fail_with(Event::bgp_header_err, refresh.error());
  handle(Event::keepalive_msg);
  owner_.on_route_refresh(*this, *refresh);
}

void Session::fail_with(Event event, Notification notification) {
  reason_ = notification.to_string();
  pending_notification_ = std::move(notification);
  handle(event);
}

void Session::send(Octets message) {
  if (!connection_ || !connected_) return;
  connection_->send(message);
  queued_ += message.size();
  watch_sending();
  owner_.on_message(MessageDirection::sent, message);
}

bool Session::is_congested() const { return connection_ && connection_->unsent() > kCongestedFrom; }

void Session::watch_sending() {
  if (send_hold_timer_.is_running()) return;
  taken_ = queued_ - connection_->unsent();
  send_hold_timer_.start(parameters_.config.send_hold_time.value_or(
      std::max<Duration>(kSendHoldTime, 2 * parameters_.config.hold_time)));
}

// RFC 9687: KEEPALIVEs that come in do not show that the peer takes what goes out.
void Session::check_sending() {
  if (!connected_ || connection_->unsent() == 0) return;
  if (queued_ - connection_->unsent() > taken_) return watch_sending();
  fail_with(Event::hold_timer_expires, Notification(ErrorCode::send_hold_timer_expired, 0));
}

void Session::send_notification(Event event) {
  Notification notification;
  if (pending_notification_) {
    notification = *pending_notification_;
  } else if (event == Event::hold_timer_expires) {
    notification = Notification(ErrorCode::hold_timer_expired, 0);
  } else if (event == Event::open_collision_dump) {
    notification = Notification(CeaseSubcode::connection_collision_resolution);
  } else if (event == Event::manual_stop || event == Event::automatic_stop) {
    notification = Notification(CeaseSubcode::administrative_shutdown);
  } else {
    notification = Notification(unexpected_message_in(state_));
  }
  if (state_ == SessionState::established && negotiated_.notification && is_final(notification)) {
    notification = notification.as_hard_reset();
  }
  reason_ = "sent " + notification.to_string();
  send(encode(notification, negotiated_.context.longest_message));
  owner_.on_notification(MessageDirection::sent, notification, offending_);
}

void Session::send_update(Octets message) {
  send(message);
  // RFC 4271 8.2.2: an UPDATE tells as much as a KEEPALIVE; a fixed interval is not put off.
  if (keepalive_ > Duration{0} && !parameters_.config.fixed_keepalive) {
    keepalive_timer_.start(owner_.jitter(keepalive_));
  }
}

void Session::drop_connection() {
  if (connection_) connection_->close();
  connection_.reset();
  connected_ = false;
  ++connections_;
  send_hold_timer_.stop();
  queued_ = 0;
  remote_open_.reset();
  negotiated_ = {};
  hold_time_ = {};
  keepalive_ = {};
}

}  // namespace skyhop::bgp
