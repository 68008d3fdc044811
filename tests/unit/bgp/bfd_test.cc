// BFD: packets octet by octet, the machine of RFC 5880, and sessions that fall with it.
#include <gtest/gtest.h>

#include "control/bgp/bfd/session.h"
#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using bfd::Diagnostic;
using bfd::Interval;
using bfd::Packet;
using bfd::State;

// ---- Packets ------------------------------------------------------------------------------------

Packet sample() {
  Packet packet;
  packet.diagnostic = Diagnostic::neighbor_signaled_session_down;
  packet.state = State::up;
  packet.poll = true;
  packet.control_plane_independent = true;
  packet.detect_multiplier = 5;
  packet.my_discriminator = 0x01020304;
  packet.your_discriminator = 0x0a0b0c0d;
  packet.desired_min_tx = milliseconds(300);
  packet.required_min_rx = milliseconds(100);
  packet.required_min_echo_rx = Interval(7);
  return packet;
}

TEST(BfdPacket, OctetByOctetBothWays) {
  const auto octets = hex("23 e8 05 18 01020304 0a0b0c0d 000493e0 000186a0 00000007");
  EXPECT_EQ(shown(encode(sample())), shown(octets));
  EXPECT_EQ(bfd::decode(octets), sample());
  Packet down;
  down.my_discriminator = 1;
  down.final = true;
  down.demand = true;
  EXPECT_EQ(shown(encode(down)),
            shown(hex("20 52 03 18 00000001 00000000 00000000 00000000 00000000")));
  EXPECT_EQ(bfd::decode(encode(down)), down);
}

TEST(BfdPacket, Rfc5880_6_8_6_WhatIsDiscarded) {
  const struct {
    const char* what;
    const char* octets;
  } cases[] = {
      {"cut off", "23 e8 05 18 01020304 0a0b0c0d 000493e0 000186a0 000000"},
      {"version 0", "03 e8 05 18 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"version 2", "43 e8 05 18 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"length 23", "23 e8 05 17 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"length over the packet", "23 e8 05 19 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"multiplier 0", "23 e8 00 18 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"multipoint", "23 e9 05 18 01020304 0a0b0c0d 000493e0 000186a0 00000007"},
      {"my discriminator 0", "23 e8 05 18 00000000 0a0b0c0d 000493e0 000186a0 00000007"},
      {"Up without our discriminator", "23 e8 05 18 01020304 00000000 000493e0 000186a0 00000007"},
      {"Init without our discriminator",
       "23 a8 05 18 01020304 00000000 000493e0 000186a0 00000007"},
      {"authentication nobody agreed on",
       "23 ec 05 1c 01020304 0a0b0c0d 000493e0 000186a0 00000007 01040161"},
  };
  for (const auto& [what, octets] : cases) {
    EXPECT_EQ(bfd::decode(hex(octets)), std::nullopt) << what;
  }
  EXPECT_TRUE(bfd::decode(hex("20 48 05 18 01020304 00000000 000493e0 000186a0 00000007")));
}

// ---- The machine --------------------------------------------------------------------------------

// Collects what one session sends; the test answers in the other's place.
class Wire : public DatagramChannel {
 public:
  explicit Wire(std::vector<Packet>& sent) : sent_(sent) {}
  void send(std::span<const uint8_t> octets) override { sent_.push_back(*bfd::decode(octets)); }

 private:
  std::vector<Packet>& sent_;
};

class BfdMachine : public testing::Test {
 protected:
  BfdMachine() { session_.start(std::make_unique<Wire>(sent_)); }

  void hear(State state, uint32_t your = 7) {
    Packet packet;
    packet.state = state;
    packet.my_discriminator = 99;
    packet.your_discriminator = state == State::down ? 0 : your;
    packet.desired_min_tx = milliseconds(100);
    packet.required_min_rx = milliseconds(200);
    packet.detect_multiplier = 3;
    session_.receive(encode(packet));
  }

  VirtualScheduler scheduler_;
  std::vector<Packet> sent_;
  std::vector<std::pair<State, State>> moves_;
  bfd::Session session_{{.desired_min_tx = milliseconds(50), .required_min_rx = milliseconds(50)},
                        7,
                        scheduler_,
                        [this](State from, State to) { moves_.emplace_back(from, to); },
                        {}};
};

TEST_F(BfdMachine, ComesUpInThreeSteps) {
  ASSERT_EQ(session_.state(), State::down);
  EXPECT_EQ(sent_.back().state, State::down);
  EXPECT_EQ(sent_.back().your_discriminator, 0u);
  hear(State::down);
  EXPECT_EQ(session_.state(), State::init);
  EXPECT_EQ(sent_.back().state, State::init);
  EXPECT_EQ(sent_.back().your_discriminator, 99u);
  hear(State::init);
  EXPECT_EQ(session_.state(), State::up);
  EXPECT_EQ(sent_.back().state, State::up);
  EXPECT_TRUE(sent_.back().poll);
}

// RFC 5880 6.2: state x what is heard.
TEST_F(BfdMachine, EveryStateAndEveryWord) {
  const struct {
    State from;
    State heard;
    State to;
  } cases[] = {
      {State::down, State::admin_down, State::down}, {State::down, State::down, State::init},
      {State::down, State::init, State::up},         {State::down, State::up, State::down},
      {State::init, State::admin_down, State::down}, {State::init, State::down, State::init},
      {State::init, State::init, State::up},         {State::init, State::up, State::up},
      {State::up, State::admin_down, State::down},   {State::up, State::down, State::down},
      {State::up, State::init, State::up},           {State::up, State::up, State::up},
  };
  for (const auto& [from, heard, to] : cases) {
    session_.vanish();
    session_.start(std::make_unique<Wire>(sent_));
    if (from != State::down) hear(State::down);
    if (from == State::up) hear(State::init);
    ASSERT_EQ(session_.state(), from);
    hear(heard);
    EXPECT_EQ(session_.state(), to) << to_string(from) << " hears " << to_string(heard);
  }
}

TEST_F(BfdMachine, SlowUntilUpThenAsBothWish) {
  const size_t before = sent_.size();
  scheduler_.run_for(seconds(10));
  EXPECT_EQ(sent_.size() - before, 10u);  // 6.8.3: once a second
  hear(State::down);
  hear(State::init);
  const size_t up = sent_.size();
  for (int i = 0; i < 10; ++i) {
    scheduler_.run_for(milliseconds(100));
    hear(State::up);
  }
  // The peer takes one in 200 ms although we would send one in 50.
  EXPECT_EQ(sent_.size() - up, 5u);
  EXPECT_EQ(session_.status().transmit_interval, milliseconds(200));
  // Its 100 ms times its multiplier.
  EXPECT_EQ(session_.status().detection_time, milliseconds(300));
}

TEST_F(BfdMachine, SilenceForTheDetectionTimeIsTheEnd) {
  hear(State::down);
  hear(State::init);
  scheduler_.run_for(milliseconds(299));
  EXPECT_EQ(session_.state(), State::up);
  scheduler_.run_for(milliseconds(1));
  EXPECT_EQ(session_.state(), State::down);
  EXPECT_EQ(session_.status().diagnostic, Diagnostic::control_detection_time_expired);
  EXPECT_EQ(sent_.back().your_discriminator, 0u);  // 6.8.1: forgotten
  EXPECT_EQ(session_.status().counters.went_down, 1u);
}

TEST_F(BfdMachine, APollIsAnsweredAtOnceAndOursEndsWithTheAnswer) {
  hear(State::down);
  hear(State::init);
  Packet poll;
  poll.state = State::up;
  poll.my_discriminator = 99;
  poll.your_discriminator = 7;
  poll.poll = true;
  poll.desired_min_tx = poll.required_min_rx = milliseconds(100);
  session_.receive(encode(poll));
  EXPECT_TRUE(sent_.back().final);
  EXPECT_FALSE(sent_.back().poll);
  poll.poll = false;
  poll.final = true;
  session_.receive(encode(poll));
  scheduler_.run_for(milliseconds(100));
  EXPECT_FALSE(sent_.back().poll);
}

TEST_F(BfdMachine, NothingIsSentToWhoTakesNothingOrDemandsSilence) {
  hear(State::down);
  hear(State::init);
  Packet quiet;
  quiet.state = State::up;
  quiet.final = true;
  quiet.my_discriminator = 99;
  quiet.your_discriminator = 7;
  quiet.desired_min_tx = seconds(5);
  for (const bool is_demand : {false, true}) {
    quiet.demand = is_demand;
    quiet.required_min_rx = is_demand ? Interval(milliseconds(100)) : Interval(0);
    session_.receive(encode(quiet));
    const size_t before = sent_.size();
    scheduler_.run_for(seconds(3));
    EXPECT_EQ(sent_.size(), before) << is_demand;
  }
}

TEST_F(BfdMachine, AnothersDiscriminatorIsNotOurs) {
  hear(State::down);
  hear(State::init, 8);
  EXPECT_EQ(session_.state(), State::init);
  EXPECT_EQ(session_.status().counters.discarded, 1u);
}

TEST_F(BfdMachine, StoppedItSaysSoForADetectionTime) {
  hear(State::down);
  hear(State::init);
  session_.stop();
  EXPECT_EQ(sent_.back().state, State::admin_down);
  EXPECT_EQ(sent_.back().diagnostic, Diagnostic::administratively_down);
  const size_t before = sent_.size();
  scheduler_.run_for(seconds(60));
  EXPECT_EQ(sent_.size() - before, 2u);  // with the first one as many as the multiplier
  hear(State::down);
  EXPECT_EQ(session_.state(), State::admin_down);
}

TEST_F(BfdMachine, WithAMultiplierOfOneTheIntervalIsNeverAllUsed) {
  std::vector<Packet> sent;
  bfd::Session session({.detect_multiplier = 1}, 7, scheduler_, {}, {});
  session.start(std::make_unique<Wire>(sent));
  scheduler_.run_for(milliseconds(900));
  EXPECT_EQ(sent.size(), 2u);
}

// ---- With a BGP session -------------------------------------------------------------------------

void fast_bfd(PeerConfig& config) {
  config.bfd = bfd::Config{.desired_min_tx = milliseconds(100),
                           .required_min_rx = milliseconds(100),
                           .detect_multiplier = 3};
}

TEST(BfdWithBgp, ADeadPathEndsTheSessionWithinTheDetectionTime) {
  Pair scene;
  scene.join(1, 2, fast_bfd, fast_bfd);
  scene.originate(1, 3);
  scene.start();
  scene.run(seconds(5));
  ASSERT_EQ(scene.status(1, 2).bfd->state, State::up);
  ASSERT_EQ(scene.at(2).best_count(), 3u);
  scene.cut(1, 2);
  scene.run(milliseconds(350));
  EXPECT_NE(scene.state(2, 1), SessionState::established);
  EXPECT_EQ(scene.at(2).best_count(), 0u);
  EXPECT_EQ(scene.status(2, 1).last_notification_out, Notification(CeaseSubcode::bfd_down));
  EXPECT_EQ(scene.status(2, 1).counters.bfd_downs, 1u);
  EXPECT_EQ(scene.status(2, 1).bfd->diagnostic, Diagnostic::control_detection_time_expired);
  scene.mend(1, 2);
  scene.run(seconds(200));
  EXPECT_EQ(scene.state(2, 1), SessionState::established);
  EXPECT_EQ(scene.status(2, 1).bfd->state, State::up);
}

TEST(BfdWithBgp, APeerWithoutItIsNoFailure) {
  Pair scene;
  scene.join(1, 2, fast_bfd, untuned);
  scene.start();
  scene.run(seconds(600));
  EXPECT_EQ(scene.state(1, 2), SessionState::established);
  EXPECT_EQ(scene.status(1, 2).bfd->state, State::down);
  EXPECT_FALSE(scene.status(2, 1).bfd.has_value());
}

TEST(BfdWithBgp, Rfc5881_SingleHopIsOneHop) {
  for (const auto reach : {bfd::Config::Reach::single_hop, bfd::Config::Reach::multihop}) {
    Scene scene;
    scene.set_hops(2);
    scene.add(1, 65020);
    scene.add(2, 65515);
    const auto tune = [reach](PeerConfig& config) { config.bfd = bfd::Config{.reach = reach}; };
    scene.join(1, 2, tune, tune);
    scene.start();
    scene.run(seconds(10));
    EXPECT_EQ(scene.state(1, 2), SessionState::established);
    EXPECT_EQ(scene.status(1, 2).bfd->state,
              reach == bfd::Config::Reach::multihop ? State::up : State::down);
  }
}

TEST(BfdWithBgp, Rfc5882_APeerThatSwitchesItOffEndsNothing) {
  Pair scene;
  scene.join(1, 2, fast_bfd, fast_bfd);
  scene.start();
  scene.run(seconds(5));
  // The peer is removed and with it its BFD, which says AdminDown; BGP ends by its own word.
  scene.at(2).stop_peer(scene.peer(2, 1));
  scene.run(seconds(1));
  EXPECT_EQ(scene.status(1, 2).counters.bfd_downs, 0u);
  EXPECT_EQ(scene.status(1, 2).last_notification_in,
            Notification(CeaseSubcode::administrative_shutdown));
}

TEST(BfdWithBgp, AHostWithoutPowerIsNoticedToo) {
  Pair scene;
  scene.join(1, 2, fast_bfd, fast_bfd);
  scene.start();
  scene.run(seconds(5));
  scene.at(1).crash();
  scene.run(milliseconds(350));
  EXPECT_NE(scene.state(2, 1), SessionState::established);
}

}  // namespace
}  // namespace skyhop::bgp
