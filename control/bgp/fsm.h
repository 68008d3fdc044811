// The finite state machine of one connection to a peer (RFC 4271 section 8) as a pure function:
// state x event -> state and actions. Whoever runs it owns the timers and the connection.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>

namespace skyhop::bgp {

enum class SessionState : uint8_t { idle, connect, active, open_sent, open_confirm, established };
inline constexpr size_t kSessionStates = 6;

/// Numbered and named as in RFC 4271 8.1.
enum class Event : uint8_t {
  manual_start = 1,
  manual_stop,
  automatic_start,
  manual_start_with_passive_tcp_establishment,
  automatic_start_with_passive_tcp_establishment,
  automatic_start_with_damp_peer_oscillations,
  automatic_start_with_damp_peer_oscillations_and_passive_tcp_establishment,
  automatic_stop,
  connect_retry_timer_expires,
  hold_timer_expires,
  keepalive_timer_expires,
  delay_open_timer_expires,
  idle_hold_timer_expires,
  tcp_connection_valid,
  tcp_cr_invalid,
  tcp_cr_acked,
  tcp_connection_confirmed,
  tcp_connection_fails,
  bgp_open,
  bgp_open_with_delay_open_timer_running,
  bgp_header_err,
  bgp_open_msg_err,
  open_collision_dump,
  notif_msg_ver_err,
  notif_msg,
  keepalive_msg,
  update_msg,
  update_msg_err,
};
inline constexpr size_t kEvents = 28;

/// What the runner does, in this order, before it takes on the new state.
enum class Action : uint8_t {
  reset_connect_retry_counter,
  increment_connect_retry_counter,
  start_connect_retry_timer,
  stop_connect_retry_timer,
  start_delay_open_timer,
  stop_delay_open_timer,
  connect,  ///< open a connection to the peer
  send_open,
  send_keepalive,
  send_notification,        ///< code and subcode follow from the event (`session.cc`)
  start_large_hold_timer,   ///< 4 minutes, RFC 4271 8.2.2
  start_negotiated_timers,  ///< hold and keepalive; none when the hold time is 0
  restart_hold_timer,
  restart_keepalive_timer,
  stop_session_timers,  ///< hold and keepalive
  drop_connection,
  delete_routes,
  damp_peer_oscillations,  ///< start the idle hold timer
  session_established,
  process_update,
};

/// The optional session attributes of RFC 4271 8.1.1 that change a transition.
struct FsmOptions {
  bool passive_tcp_establishment = false;
  bool delay_open = false;
  bool delay_open_timer_running = false;
  bool damp_peer_oscillations = true;
  bool send_notification_without_open = false;
  friend bool operator==(const FsmOptions&, const FsmOptions&) = default;
};

class ActionList {
 public:
  static constexpr size_t kCapacity = 9;
  constexpr ActionList() = default;
  constexpr ActionList(std::initializer_list<Action> actions) {
    for (const Action action : actions) push(action);
  }
  constexpr void push(Action action) { actions_[size_++] = action; }
  [[nodiscard]] constexpr std::span<const Action> view() const { return {actions_.data(), size_}; }
  [[nodiscard]] constexpr auto begin() const { return view().begin(); }
  [[nodiscard]] constexpr auto end() const { return view().end(); }
  [[nodiscard]] constexpr bool contains(Action wanted) const {
    for (const Action action : view()) {
      if (action == wanted) return true;
    }
    return false;
  }
  friend constexpr bool operator==(const ActionList& a, const ActionList& b) {
    return a.size_ == b.size_ && a.actions_ == b.actions_;
  }

 private:
  std::array<Action, kCapacity> actions_{};
  size_t size_ = 0;
};

struct Transition {
  SessionState next = SessionState::idle;
  ActionList actions;
};

[[nodiscard]] Transition next_transition(SessionState state, Event event,
                                         const FsmOptions& options);

[[nodiscard]] std::string_view to_string(SessionState state);  ///< "Idle", "OpenSent"
[[nodiscard]] std::string_view to_string(Event event);  ///< "ManualStart", "HoldTimer_Expires"

}  // namespace skyhop::bgp
