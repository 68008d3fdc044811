// Sessions between two speakers: coming up, staying up, and each way of going down.
#include <gtest/gtest.h>

#include "tests/unit/bgp/raw_peer.h"
#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

void passive(PeerConfig& config) { config.passive = true; }

TEST(Session, ComesUpWhoeverConnects) {
  for (const bool first_is_passive : {false, true}) {
    Pair scene;
    scene.join(1, 2, first_is_passive ? passive : untuned, first_is_passive ? untuned : passive);
    scene.converge();
    const PeerStatus status = scene.status(1, 2);
    EXPECT_EQ(status.state, established);
    EXPECT_EQ(scene.state(2, 1), established);
    EXPECT_EQ(status.hold_time, seconds(180));
    EXPECT_EQ(status.keepalive, seconds(60));
    EXPECT_EQ(status.remote_router_id, Scene::address(2));
    EXPECT_TRUE(status.four_octet_as);
    EXPECT_TRUE(status.route_refresh);
    scene.run(seconds(1800));
    EXPECT_EQ(scene.state(1, 2), established);
    EXPECT_EQ(scene.status(1, 2).counters.established, 1u);
  }
}

TEST(Session, SimultaneousOpenLeavesOneConnectionOfTheHigherIdentifier) {
  for (int microseconds = 0; microseconds <= 3000; microseconds += 100) {
    Pair scene;
    scene.join(1, 2);
    scene.at(1).start();
    scene.run(std::chrono::microseconds(microseconds));
    scene.at(2).start();
    scene.settle();
    EXPECT_EQ(scene.state(1, 2), established) << microseconds;
    EXPECT_EQ(scene.state(2, 1), established) << microseconds;
    scene.run(seconds(600));
    EXPECT_EQ(scene.status(1, 2).counters.established, 1u) << microseconds;
    EXPECT_EQ(scene.status(2, 1).counters.established, 1u) << microseconds;
  }
}

TEST(Session, BothPassiveNeverMeet) {
  Pair scene;
  scene.join(1, 2, passive, passive);
  scene.start();
  scene.run(seconds(600));
  EXPECT_EQ(scene.state(1, 2), active);
  EXPECT_TRUE(scene.trace().empty());
}

TEST(Session, OneOctetAtATimeChangesNothing) {
  MemoryTransportOptions options;
  options.segment_size = 1;
  Pair scene(options);
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 500);
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 500u);
}

TEST(Session, A7_HoldTimeIs180AndKeepalivesComeEvery60Seconds) {
  Pair scene;
  scene.join(
      1, 2, [](PeerConfig& peer) { peer.hold_time = seconds(30); },
      [](PeerConfig& peer) { peer.fixed_keepalive = seconds(60); });
  scene.converge();
  EXPECT_EQ(scene.status(2, 1).hold_time, seconds(30));
  EXPECT_EQ(scene.status(2, 1).keepalive, seconds(60));
  EXPECT_EQ(scene.status(1, 2).keepalive, seconds(10));
  // What users are warned of: the other end counts on 30 s and hears nothing for 60.
  scene.run(seconds(31));
  EXPECT_NE(scene.state(1, 2), established);
  EXPECT_EQ(scene.status(1, 2).last_notification_out,
            Notification(ErrorCode::hold_timer_expired, 0));
}

TEST(Session, HoldTimeIsTheLesserOfBoth) {
  Pair scene;
  scene.join(1, 2, [](PeerConfig& peer) { peer.hold_time = seconds(9); }, untuned);
  scene.converge();
  EXPECT_EQ(scene.status(2, 1).hold_time, seconds(9));
  EXPECT_EQ(scene.status(2, 1).keepalive, seconds(3));
  const uint64_t before = scene.status(2, 1).counters.messages_out;
  scene.run(seconds(90));
  EXPECT_EQ(scene.status(2, 1).counters.messages_out, before + 30);
}

TEST(Session, HoldTimeZeroNeverExpires) {
  Pair scene;
  scene.join(1, 2, [](PeerConfig& peer) { peer.hold_time = seconds(0); }, untuned);
  scene.converge();
  const size_t messages = scene.trace().size();
  scene.run(seconds(3600));
  EXPECT_EQ(scene.trace().size(), messages);
  EXPECT_EQ(scene.state(2, 1), established);
}

TEST(Session, A8_SilentPeerIsClosedAfterTheHoldTimeAndItsRoutesGo) {
  Pair scene;
  scene.join(1, 2);
  scene.originate(1, 3);
  scene.converge();
  ASSERT_EQ(scene.at(2).best_count(), 3u);
  scene.at(1).crash();
  scene.run(seconds(119));
  EXPECT_EQ(scene.state(2, 1), established);
  scene.run(seconds(62));
  EXPECT_NE(scene.state(2, 1), established);
  EXPECT_EQ(scene.at(2).best_count(), 0u);
  EXPECT_EQ(scene.status(2, 1).last_notification_out,
            Notification(ErrorCode::hold_timer_expired, 0));
  EXPECT_EQ(scene.status(2, 1).last_reason, "sent Hold Timer Expired (4/0)");
}

TEST(Session, ARestartedPeerIsHeardOfAtOnceByItsReset) {
  Pair scene;
  scene.join(1, 2);
  scene.originate(1, 3);
  scene.converge();
  scene.at(1).crash();
  EXPECT_EQ(scene.state(1, 2), idle);
  scene.run(seconds(1));
  scene.at(1).start();
  scene.run(seconds(200));
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(scene.at(2).best_count(), 3u);
  EXPECT_EQ(scene.status(2, 1).counters.established, 2u);
}

TEST(Session, APathThatReturnsInTimeLosesNothing) {
  Pair scene;
  scene.join(1, 2);
  scene.converge();
  scene.cut(1, 2);
  scene.originate(1, 10);
  scene.run(seconds(100));
  EXPECT_EQ(scene.at(2).best_count(), 0u);
  scene.mend(1, 2);
  scene.run(seconds(70));
  EXPECT_EQ(scene.at(2).best_count(), 10u);
  EXPECT_EQ(scene.status(2, 1).counters.established, 1u);
}

TEST(Session, ALongerCutEndsItAndItComesBack) {
  Pair scene;
  scene.join(1, 2);
  scene.originate(1, 10);
  scene.converge();
  scene.cut(1, 2);
  scene.run(seconds(300));
  EXPECT_NE(scene.state(1, 2), established);
  EXPECT_NE(scene.state(2, 1), established);
  EXPECT_EQ(scene.at(2).best_count(), 0u);
  scene.mend(1, 2);
  scene.run(seconds(300));
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(scene.state(2, 1), established);
  EXPECT_EQ(scene.at(2).best_count(), 10u);
}

TEST(Session, A4_MultihopNeedsTheTtl) {
  for (const uint8_t ttl : {uint8_t{1}, uint8_t{64}}) {
    Scene scene;
    scene.set_hops(2);
    scene.add(1, 65020);
    scene.add(2, 65515);
    const auto set_ttl = [ttl](PeerConfig& peer) { peer.ttl = ttl; };
    scene.join(1, 2, set_ttl, set_ttl);
    scene.start();
    scene.run(seconds(30));
    EXPECT_EQ(scene.state(1, 2) == established, ttl > 1);
  }
}

TEST(Session, StopTellsThePeerWhy) {
  Pair scene;
  scene.join(1, 2);
  scene.converge();
  scene.at(1).stop_peer(scene.peer(1, 2), CeaseSubcode::administrative_shutdown, "maintenance");
  scene.settle();
  EXPECT_EQ(scene.state(1, 2), idle);
  EXPECT_TRUE(scene.status(1, 2).admin_down);
  ASSERT_TRUE(scene.status(2, 1).last_notification_in.has_value());
  EXPECT_EQ(scene.status(2, 1).last_notification_in->shutdown_text(), "maintenance");
  scene.run(seconds(600));
  EXPECT_NE(scene.state(2, 1), established);
  scene.at(1).start_peer(scene.peer(1, 2));
  scene.run(seconds(150));
  EXPECT_EQ(scene.state(1, 2), established);
}

TEST(Session, ResetComesBackByItself) {
  Pair scene;
  scene.join(1, 2);
  scene.converge();
  scene.at(2).reset_peer(scene.peer(2, 1));
  scene.run(milliseconds(10));
  EXPECT_NE(scene.state(1, 2), established);
  EXPECT_EQ(scene.status(1, 2).last_notification_in,
            Notification(CeaseSubcode::administrative_reset));
  scene.run(seconds(10));
  EXPECT_EQ(scene.state(1, 2), established);
}

TEST(Session, WrongAsIsRefused) {
  Pair scene;
  scene.join(1, 2, [](PeerConfig& peer) { peer.remote_asn = 65516; }, untuned);
  scene.start();
  scene.run(seconds(30));
  EXPECT_NE(scene.state(1, 2), established);
  EXPECT_EQ(scene.status(1, 2).last_notification_out, Notification(OpenError::bad_peer_as));
  EXPECT_EQ(scene.status(2, 1).last_notification_in, Notification(OpenError::bad_peer_as));
}

TEST(Session, Rfc6286_OneIdentifierTwiceInOneAsIsRefused) {
  for (const bool is_ibgp : {true, false}) {
    VirtualScheduler scheduler;
    MemoryTransport network(scheduler);
    SpeakerConfig config{"a", 65515, Ipv4Address(1, 1, 1, 1), {}, true, true, {}};
    Speaker a(config, scheduler, network);
    config.asn = is_ibgp ? 65515 : 65020;
    Speaker b(config, scheduler, network);
    PeerConfig peer;
    peer.local_address = Scene::address(1);
    peer.remote_address = Scene::address(2);
    peer.remote_asn = config.asn;
    const PeerId id = a.add_peer(peer);
    std::swap(peer.local_address, peer.remote_address);
    peer.remote_asn = 65515;
    b.add_peer(peer);
    a.start();
    b.start();
    scheduler.run_for(seconds(2));
    EXPECT_EQ(a.status(id).state == established, !is_ibgp);
    if (is_ibgp) {
      EXPECT_EQ(a.status(id).last_notification_out, Notification(OpenError::bad_bgp_identifier));
    }
  }
}

TEST(Session, DelayOpenStillComesUp) {
  Pair scene;
  scene.join(1, 2, [](PeerConfig& peer) { peer.delay_open = seconds(5); }, passive);
  scene.start();
  scene.run(seconds(8));
  EXPECT_EQ(scene.state(1, 2), established);
}

TEST(Session, JitterStaysWithinItsBounds) {
  VirtualScheduler scheduler;
  MemoryTransport network(scheduler);
  std::vector<Time> sent;
  SpeakerConfig config{"a", 65515, Scene::address(1), {}, true, true, 42};
  Speaker a(config, scheduler, network);
  a.on_message([&](const MessageTrace& message) {
    if (message.direction == MessageDirection::sent) sent.push_back(message.time);
  });
  config.router_id = Scene::address(2);
  Speaker b(config, scheduler, network);
  PeerConfig peer;
  peer.local_address = Scene::address(1);
  peer.remote_address = Scene::address(2);
  peer.remote_asn = 65515;
  a.add_peer(peer);
  std::swap(peer.local_address, peer.remote_address);
  peer.passive = true;
  b.add_peer(peer);
  a.start();
  b.start();
  scheduler.run_for(seconds(6000));
  ASSERT_GT(sent.size(), 50u);
  std::set<Duration> intervals;
  for (size_t i = 3; i < sent.size(); ++i) {
    EXPECT_GE(sent[i] - sent[i - 1], seconds(45));
    EXPECT_LE(sent[i] - sent[i - 1], seconds(60));
    intervals.insert(sent[i] - sent[i - 1]);
  }
  EXPECT_GT(intervals.size(), 20u);
}

TEST_F(RawSession, Rfc6608_UnexpectedMessagesNameTheState) {
  RawPeer early(scene_);
  early.send(encode_keepalive());
  EXPECT_EQ(early.last_notification(), Notification(FsmError::unexpected_message_in_open_sent));
  EXPECT_TRUE(early.closed_);
  scene_.run(seconds(6));

  RawPeer twice(scene_);
  Open open;
  open.asn = 65515;
  open.hold_time = 180;
  open.router_id = Scene::address(2);
  twice.send(encode(open));
  twice.send(encode(open));
  EXPECT_EQ(twice.last_notification(), Notification(FsmError::unexpected_message_in_open_confirm));
  scene_.run(seconds(6));

  RawPeer late(scene_);
  late.establish();
  ASSERT_EQ(scene_.state(1, 2), established);
  late.send(encode(open));
  EXPECT_EQ(late.last_notification(), Notification(FsmError::unexpected_message_in_established));
}

TEST_F(RawSession, GarbageIsNotSynchronized) {
  RawPeer peer(scene_);
  peer.establish();
  peer.send(hex("00"));
  EXPECT_EQ(peer.last_notification(), Notification(HeaderError::connection_not_synchronized));
  EXPECT_NE(scene_.state(1, 2), established);
}

TEST_F(RawSession, SilenceAfterConnectingEndsAfterFourMinutes) {
  RawPeer peer(scene_);
  scene_.run(seconds(239));
  EXPECT_EQ(scene_.state(1, 2), open_sent);
  scene_.run(seconds(2));
  EXPECT_EQ(peer.last_notification(), Notification(ErrorCode::hold_timer_expired, 0));
}

TEST_F(RawSession, AnIpv6OnlyPeerIsToldTheMissingCapability) {
  RawPeer peer(scene_);
  Open open;
  open.asn = 65515;
  open.hold_time = 180;
  open.router_id = Scene::address(2);
  open.families = {{2, 1}};
  peer.send(encode(open));
  EXPECT_EQ(peer.last_notification(),
            Notification(OpenError::unsupported_capability, hex("01 04 0001 00 01")));
}

TEST_F(RawSession, Rfc7606_AMalformedRouteIsWithdrawnAndTheSessionStays) {
  RawPeer peer(scene_);
  peer.establish();
  const std::string marker = "ffffffffffffffffffffffffffffffff";
  const auto announce = [&](const std::string& origin) {
    return hex(marker + "002f 02 0000 0014" + "40 01 01" + origin +
               "40 02 06 02 01 0000ffeb 40 03 04 0aff0002 18 0a001e");
  };
  const auto good = announce("00");
  ASSERT_EQ(good.size(), 47u);
  peer.send(good);
  EXPECT_EQ(scene_.path(1, "10.0.30.0/24"), "65515");
  peer.send(announce("07"));
  EXPECT_EQ(scene_.state(1, 2), established);
  EXPECT_EQ(scene_.path(1, "10.0.30.0/24"), "none");
  EXPECT_EQ(scene_.status(1, 2).counters.treated_as_withdraw, 1u);
}

TEST_F(RawSession, NoRefreshForAPeerWithoutTheCapability) {
  RawPeer peer(scene_);
  peer.establish();
  EXPECT_EQ(scene_.at(1).request_refresh(scene_.peer(1, 2)),
            Speaker::RefreshOutcome::peer_lacks_capability);
}

TEST_F(RawSession, ASecondConnectionToAnEstablishedSessionIsTurnedAway) {
  RawPeer first(scene_);
  first.establish();
  RawPeer second(scene_);
  EXPECT_EQ(second.last_notification(),
            Notification(CeaseSubcode::connection_collision_resolution));
  EXPECT_TRUE(second.closed_);
  EXPECT_EQ(scene_.state(1, 2), established);
}

TEST_F(RawSession, StrangersAreClosedWithoutAWord) {
  bool closed = false;
  size_t octets = 0;
  ConnectionCallbacks callbacks;
  callbacks.on_bytes = [&](Octets bytes) { octets += bytes.size(); };
  callbacks.on_closed = [&](const std::string&) { closed = true; };
  const auto connection =
      scene_.network().connect({Scene::address(9), Scene::address(1), 64}, callbacks);
  scene_.run(seconds(1));
  EXPECT_TRUE(closed);
  EXPECT_EQ(octets, 0u);
}

}  // namespace
}  // namespace skyhop::bgp
