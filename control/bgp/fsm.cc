// The rule is RFC 4271 8.2.2. Our choices, where it leaves them open or nobody does as it says:
//  - each connection has a machine of its own, so BGPOpen is always an OPEN on this connection; a
//    second one is an FSM error (RFC 6608), and collisions come in as OpenCollisionDump;
//  - every way into Idle but ManualStop starts the idle hold timer when damping is on, whose expiry
//    starts the session again: that is the automatic restart;
//  - a passive session never connects, not even when its ConnectRetryTimer runs out;
//  - a NOTIFICATION is never answered with one, and header and OPEN errors are told with their own
//    codes in every state.
#include "control/bgp/fsm.h"

namespace skyhop::bgp {
namespace {

using enum SessionState;

Transition stay(SessionState state, ActionList actions = {}) { return {state, actions}; }

bool is_start(Event event) {
  switch (event) {
    case Event::manual_start:
    case Event::automatic_start:
    case Event::manual_start_with_passive_tcp_establishment:
    case Event::automatic_start_with_passive_tcp_establishment:
    case Event::automatic_start_with_damp_peer_oscillations:
    case Event::automatic_start_with_damp_peer_oscillations_and_passive_tcp_establishment:
      return true;
    default:
      return false;
  }
}

enum class Notify : bool { no, yes };
enum class Count : uint8_t { keep, increment, reset };

// Into Idle: tell the peer, stop everything, forget its routes.
Transition fall(SessionState from, Notify notify, Count count, const FsmOptions& options) {
  ActionList actions;
  if (notify == Notify::yes) actions.push(Action::send_notification);
  actions.push(Action::stop_connect_retry_timer);
  actions.push(Action::stop_delay_open_timer);
  actions.push(Action::stop_session_timers);
  if (from == established) actions.push(Action::delete_routes);
  actions.push(Action::drop_connection);
  if (count == Count::increment) actions.push(Action::increment_connect_retry_counter);
  if (count == Count::reset) {
    actions.push(Action::reset_connect_retry_counter);
  } else if (options.damp_peer_oscillations) {
    actions.push(Action::damp_peer_oscillations);
  }
  return {idle, actions};
}

Transition from_idle(Event event, const FsmOptions& options) {
  const Transition connecting{
      connect,
      {Action::reset_connect_retry_counter, Action::start_connect_retry_timer, Action::connect}};
  const Transition waiting{
      active, {Action::reset_connect_retry_counter, Action::start_connect_retry_timer}};
  switch (event) {
    case Event::manual_start:
    case Event::automatic_start:
    case Event::automatic_start_with_damp_peer_oscillations:
      return options.passive_tcp_establishment ? waiting : connecting;
    case Event::manual_start_with_passive_tcp_establishment:
    case Event::automatic_start_with_passive_tcp_establishment:
    case Event::automatic_start_with_damp_peer_oscillations_and_passive_tcp_establishment:
      return waiting;
    case Event::idle_hold_timer_expires:
      // The counter goes on: it says how often the session failed since it was started.
      if (!options.damp_peer_oscillations) return stay(idle);
      if (options.passive_tcp_establishment) return {active, {Action::start_connect_retry_timer}};
      return {connect, {Action::start_connect_retry_timer, Action::connect}};
    default:
      return stay(idle);
  }
}

// Connect and Active differ only in who is expected to open the connection.
Transition before_open(SessionState state, Event event, const FsmOptions& options) {
  const Notify early = options.send_notification_without_open ? Notify::yes : Notify::no;
  switch (event) {
    case Event::manual_stop:
      return fall(state, state == active && options.delay_open_timer_running ? early : Notify::no,
                  Count::reset, options);
    case Event::connect_retry_timer_expires:
      if (options.passive_tcp_establishment && state == active) {
        return stay(active, {Action::start_connect_retry_timer});
      }
      if (state == active) {
        return {connect, {Action::start_connect_retry_timer, Action::connect}};
      }
      return {connect,
              {Action::drop_connection, Action::start_connect_retry_timer,
               Action::stop_delay_open_timer, Action::connect}};
    case Event::delay_open_timer_expires:
      return {open_sent,
              {Action::stop_connect_retry_timer, Action::stop_delay_open_timer, Action::send_open,
               Action::start_large_hold_timer}};
    case Event::tcp_connection_valid:
    case Event::tcp_cr_invalid:
      return stay(state);
    case Event::tcp_cr_acked:
    case Event::tcp_connection_confirmed:
      if (options.delay_open) {
        return stay(state, {Action::stop_connect_retry_timer, Action::start_delay_open_timer});
      }
      return {
          open_sent,
          {Action::stop_connect_retry_timer, Action::send_open, Action::start_large_hold_timer}};
    case Event::tcp_connection_fails:
      if (state == connect && options.delay_open_timer_running) {
        return {active,
                {Action::start_connect_retry_timer, Action::stop_delay_open_timer,
                 Action::drop_connection}};
      }
      return fall(state, Notify::no, state == active ? Count::increment : Count::keep, options);
    case Event::bgp_open_with_delay_open_timer_running:
      return {open_confirm,
              {Action::stop_connect_retry_timer, Action::stop_delay_open_timer, Action::send_open,
               Action::send_keepalive, Action::start_negotiated_timers}};
    case Event::bgp_header_err:
    case Event::bgp_open_msg_err:
      return fall(state, early, Count::increment, options);
    case Event::notif_msg_ver_err:
      return fall(state, Notify::no,
                  options.delay_open_timer_running ? Count::keep : Count::increment, options);
    default:
      return fall(state, Notify::no, Count::increment, options);
  }
}

// What OpenSent, OpenConfirm and Established have in common; the rest is an FSM error.
Transition after_open(SessionState state, Event event, const FsmOptions& options) {
  switch (event) {
    case Event::manual_stop:
      return fall(state, Notify::yes, Count::reset, options);
    case Event::tcp_connection_valid:
    case Event::tcp_cr_invalid:
    case Event::tcp_cr_acked:
    case Event::tcp_connection_confirmed:
      return stay(state);  // another connection, with a machine of its own
    case Event::tcp_connection_fails:
    case Event::notif_msg:
      return fall(state, Notify::no, Count::increment, options);
    case Event::notif_msg_ver_err:
      return fall(state, Notify::no, state == established ? Count::increment : Count::keep,
                  options);
    default:
      return fall(state, Notify::yes, Count::increment, options);
  }
}

Transition from_open_sent(Event event, const FsmOptions& options) {
  switch (event) {
    case Event::tcp_connection_fails:
      return {active,
              {Action::stop_session_timers, Action::drop_connection,
               Action::start_connect_retry_timer}};
    case Event::bgp_open:
      return {open_confirm,
              {Action::stop_delay_open_timer, Action::stop_connect_retry_timer,
               Action::send_keepalive, Action::start_negotiated_timers}};
    default:
      return after_open(open_sent, event, options);
  }
}

Transition from_open_confirm(Event event, const FsmOptions& options) {
  switch (event) {
    case Event::keepalive_timer_expires:
      return stay(open_confirm, {Action::send_keepalive, Action::restart_keepalive_timer});
    case Event::keepalive_msg:
      return {established, {Action::restart_hold_timer, Action::session_established}};
    default:
      return after_open(open_confirm, event, options);
  }
}

Transition from_established(Event event, const FsmOptions& options) {
  switch (event) {
    case Event::keepalive_timer_expires:
      return stay(established, {Action::send_keepalive, Action::restart_keepalive_timer});
    case Event::keepalive_msg:
      return stay(established, {Action::restart_hold_timer});
    case Event::update_msg:
      return stay(established, {Action::restart_hold_timer, Action::process_update});
    default:
      return after_open(established, event, options);
  }
}

constexpr std::string_view kEventNames[] = {
    "ManualStart",
    "ManualStop",
    "AutomaticStart",
    "ManualStart_with_PassiveTcpEstablishment",
    "AutomaticStart_with_PassiveTcpEstablishment",
    "AutomaticStart_with_DampPeerOscillations",
    "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment",
    "AutomaticStop",
    "ConnectRetryTimer_Expires",
    "HoldTimer_Expires",
    "KeepaliveTimer_Expires",
    "DelayOpenTimer_Expires",
    "IdleHoldTimer_Expires",
    "TcpConnection_Valid",
    "Tcp_CR_Invalid",
    "Tcp_CR_Acked",
    "TcpConnectionConfirmed",
    "TcpConnectionFails",
    "BGPOpen",
    "BGPOpen with DelayOpenTimer running",
    "BGPHeaderErr",
    "BGPOpenMsgErr",
    "OpenCollisionDump",
    "NotifMsgVerErr",
    "NotifMsg",
    "KeepAliveMsg",
    "UpdateMsg",
    "UpdateMsgErr",
};
static_assert(std::size(kEventNames) == kEvents);

constexpr std::string_view kStateNames[] = {"Idle",     "Connect",     "Active",
                                            "OpenSent", "OpenConfirm", "Established"};

}  // namespace

Transition next_transition(SessionState state, Event event, const FsmOptions& options) {
  if (is_start(event) && state != idle) return stay(state);
  switch (state) {
    case idle:
      return from_idle(event, options);
    case connect:
    case active:
      return before_open(state, event, options);
    case open_sent:
      return from_open_sent(event, options);
    case open_confirm:
      return from_open_confirm(event, options);
    case established:
      return from_established(event, options);
  }
  return stay(state);
}

std::string_view to_string(SessionState state) { return kStateNames[static_cast<size_t>(state)]; }

std::string_view to_string(Event event) { return kEventNames[static_cast<size_t>(event) - 1]; }

}  // namespace skyhop::bgp
