#include "control/bgp/fsm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace skyhop::bgp {
namespace {

using enum SessionState;

// One letter per state to go to, in the order of the events 1 to 28: i Idle, c Connect, a Active,
// s OpenSent, o OpenConfirm, e Established. Upper case: a NOTIFICATION goes out on the way to Idle.
struct Row {
  SessionState from;
  const char* to;
};

constexpr Row kTable[] = {
    {idle, "cicaacaiiiiiciiiiiiiiiiiiiii"},         {connect, "ciccccciciisiccssiioiiiiiiii"},
    {active, "aiaaaaaiciisiaassiioiiiiiiii"},       {open_sent, "sIsssssIIIIIIssssaoIIIIiiIII"},
    {open_confirm, "oIoooooIIIoIIooooiIIIIIiieII"}, {established, "eIeeeeeIIIeIIeeeeiIIIIIiieeI"},
};

SessionState state_of(char letter) {
  switch (letter) {
    case 'c':
      return connect;
    case 'a':
      return active;
    case 's':
      return open_sent;
    case 'o':
      return open_confirm;
    case 'e':
      return established;
    default:
      return idle;
  }
}

Transition step(SessionState state, Event event, FsmOptions options = {}) {
  return next_transition(state, event, options);
}

TEST(Fsm, AllCellsOfStatesAndEvents) {
  size_t cells = 0;
  for (const Row& row : kTable) {
    ASSERT_EQ(std::string(row.to).size(), kEvents);
    for (size_t number = 1; number <= kEvents; ++number) {
      const auto event = static_cast<Event>(number);
      const char expected = row.to[number - 1];
      const Transition transition = step(row.from, event);
      EXPECT_EQ(transition.next, state_of(expected))
          << to_string(row.from) << ", " << to_string(event);
      EXPECT_EQ(transition.actions.contains(Action::send_notification), expected == 'I')
          << to_string(row.from) << ", " << to_string(event);
      ++cells;
    }
  }
  EXPECT_EQ(cells, 168u);
}

// What holds for every cell, with every combination of the options.
TEST(Fsm, EveryWayIntoIdleCleansUp) {
  for (size_t bits = 0; bits < 32; ++bits) {
    FsmOptions options;
    options.passive_tcp_establishment = (bits & 1) != 0;
    options.delay_open = (bits & 2) != 0;
    options.delay_open_timer_running = (bits & 4) != 0;
    options.damp_peer_oscillations = (bits & 8) != 0;
    options.send_notification_without_open = (bits & 16) != 0;
    for (size_t from = 1; from < kSessionStates; ++from) {
      for (size_t number = 1; number <= kEvents; ++number) {
        const auto state = static_cast<SessionState>(from);
        const auto event = static_cast<Event>(number);
        const Transition transition = step(state, event, options);
        if (transition.next != idle) continue;
        const auto& actions = transition.actions;
        EXPECT_TRUE(actions.contains(Action::drop_connection));
        EXPECT_TRUE(actions.contains(Action::stop_session_timers));
        EXPECT_TRUE(actions.contains(Action::stop_connect_retry_timer));
        EXPECT_TRUE(actions.contains(Action::stop_delay_open_timer));
        EXPECT_EQ(actions.contains(Action::delete_routes), state == established);
        const bool restarts = options.damp_peer_oscillations && event != Event::manual_stop;
        EXPECT_EQ(actions.contains(Action::damp_peer_oscillations), restarts);
        EXPECT_EQ(actions.contains(Action::reset_connect_retry_counter),
                  event == Event::manual_stop);
      }
    }
  }
}

TEST(Fsm, OpensAfterTheConnectionIsThere) {
  using enum Action;
  EXPECT_EQ(step(idle, Event::manual_start).actions,
            (ActionList{reset_connect_retry_counter, start_connect_retry_timer, connect}));
  EXPECT_EQ(step(SessionState::connect, Event::tcp_cr_acked).actions,
            (ActionList{stop_connect_retry_timer, send_open, start_large_hold_timer}));
  EXPECT_EQ(step(open_sent, Event::bgp_open).actions,
            (ActionList{stop_delay_open_timer, stop_connect_retry_timer, send_keepalive,
                        start_negotiated_timers}));
  EXPECT_EQ(step(open_confirm, Event::keepalive_msg).actions,
            (ActionList{restart_hold_timer, session_established}));
  EXPECT_EQ(step(established, Event::update_msg).actions,
            (ActionList{restart_hold_timer, process_update}));
}

TEST(Fsm, DelayOpenWaitsForThePeersOpen) {
  FsmOptions options;
  options.delay_open = true;
  const Transition connected = step(connect, Event::tcp_cr_acked, options);
  EXPECT_EQ(connected.next, connect);
  EXPECT_TRUE(connected.actions.contains(Action::start_delay_open_timer));
  options.delay_open_timer_running = true;
  EXPECT_EQ(step(connect, Event::tcp_connection_fails, options).next, active);
  const Transition opened = step(connect, Event::bgp_open_with_delay_open_timer_running, options);
  EXPECT_EQ(opened.next, open_confirm);
  EXPECT_TRUE(opened.actions.contains(Action::send_open));
}

TEST(Fsm, ErrorsBeforeOurOpenAreToldByTheSwitchAlone) {
  for (const SessionState state : {connect, active}) {
    for (const Event event : {Event::bgp_header_err, Event::bgp_open_msg_err}) {
      FsmOptions options;
      options.delay_open = true;
      options.delay_open_timer_running = true;
      EXPECT_FALSE(step(state, event, options).actions.contains(Action::send_notification));
      options.send_notification_without_open = true;
      EXPECT_TRUE(step(state, event, options).actions.contains(Action::send_notification));
    }
  }
}

// DampPeerOscillations off: nothing brings a session back but a start.
TEST(Fsm, WithoutDampingASessionThatFellStaysDown) {
  FsmOptions options;
  options.damp_peer_oscillations = false;
  const Transition fall = step(established, Event::hold_timer_expires, options);
  EXPECT_EQ(fall.next, idle);
  EXPECT_FALSE(fall.actions.contains(Action::damp_peer_oscillations));
  EXPECT_EQ(step(idle, Event::idle_hold_timer_expires, options).next, idle);
  EXPECT_EQ(step(idle, Event::automatic_start, options).next, connect);
}

TEST(Fsm, PassiveNeverConnects) {
  FsmOptions options;
  options.passive_tcp_establishment = true;
  for (size_t number = 1; number <= kEvents; ++number) {
    for (const SessionState state : {idle, active}) {
      EXPECT_FALSE(
          step(state, static_cast<Event>(number), options).actions.contains(Action::connect));
    }
  }
}

TEST(Fsm, NamesAreTheRfcs) {
  EXPECT_EQ(to_string(open_confirm), "OpenConfirm");
  EXPECT_EQ(to_string(Event::manual_start), "ManualStart");
  EXPECT_EQ(to_string(Event::update_msg_err), "UpdateMsgErr");
  EXPECT_EQ(to_string(Event::hold_timer_expires), "HoldTimer_Expires");
}

}  // namespace
}  // namespace skyhop::bgp
