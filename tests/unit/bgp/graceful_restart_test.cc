// What stays of routes when their peer restarts or its table comes again: RFC 4724, 8538, 9494,
// 7313.
#include <gtest/gtest.h>

#include "tests/unit/bgp/raw_peer.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;
using Mode = GracefulRestartConfig::Mode;

auto restarts(Mode mode, bool notification = true) {
  return [mode, notification](PeerConfig& config) {
    config.graceful_restart.mode = mode;
    config.graceful_restart.notification = notification;
  };
}

size_t stale_count(Scene& scene, uint8_t of, uint8_t towards) {
  return scene.status(of, towards).restart.stale_routes;
}

// ---- RFC 4724: two speakers ---------------------------------------------------------------------

TEST(GracefulRestart, Rfc4724_NoRouteIsLostWhileThePeerRestarts) {
  Pair scene;
  scene.add(3, 65100);
  scene.join(1, 2, restarts(Mode::full), restarts(Mode::helper));
  scene.join(2, 3);
  scene.originate(1, 100);
  scene.converge();
  ASSERT_EQ(scene.at(3).best_count(), 100u);
  size_t lost = 0;
  scene.at(2).on_best_change([&](std::span<const BestChange> changes) {
    for (const BestChange& change : changes) lost += change.used.empty() ? 1 : 0;
  });
  scene.at(1).crash();
  // Two of them are not told again.
  scene.at(1).withdraw_originated(nth_prefix(0));
  scene.at(1).withdraw_originated(nth_prefix(1));
  scene.run(seconds(30));
  scene.at(1).start();
  scene.run(milliseconds(2));
  EXPECT_EQ(stale_count(scene, 2, 1), 100u);
  EXPECT_EQ(scene.at(2).best_count(), 100u);
  EXPECT_EQ(scene.at(3).best_count(), 100u);
  scene.settle();
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(stale_count(scene, 2, 1), 0u);
  EXPECT_EQ(scene.at(2).best_count(), 98u);
  EXPECT_EQ(scene.at(3).best_count(), 98u);
  EXPECT_EQ(lost, 2u);
  EXPECT_EQ(scene.status(2, 1).counters.established, 2u);
}

TEST(GracefulRestart, Rfc4724_WithoutItRoutesGoWithTheSession) {
  Pair scene;
  scene.join(1, 2, restarts(Mode::full), untuned);
  scene.originate(1, 10);
  scene.converge();
  scene.at(1).crash();
  scene.run(seconds(1));
  scene.at(1).start();
  size_t least = 10;
  scene.at(2).on_best_change(
      [&](std::span<const BestChange>) { least = std::min(least, scene.at(2).best_count()); });
  scene.run(seconds(200));
  EXPECT_EQ(least, 0u);
  EXPECT_EQ(scene.at(2).best_count(), 10u);
}

TEST(GracefulRestart, Rfc4724_AHelperOnlyDoesNotAskForIt) {
  Pair scene;
  scene.join(1, 2, restarts(Mode::helper), restarts(Mode::helper));
  scene.originate(1, 10);
  scene.converge();
  scene.cut(1, 2);
  scene.run(seconds(200));
  EXPECT_EQ(stale_count(scene, 2, 1), 0u);
  EXPECT_EQ(scene.at(2).best_count(), 0u);
}

TEST(GracefulRestart, Rfc8538_AHoldTimerKeepsRoutesForTheRestartTime) {
  for (const bool notification : {true, false}) {
    Pair scene;
    scene.join(1, 2, restarts(Mode::full, notification), restarts(Mode::helper));
    scene.originate(1, 10);
    scene.converge();
    scene.at(1).crash();
    scene.run(seconds(181));
    EXPECT_NE(scene.state(2, 1), established);
    EXPECT_EQ(scene.at(2).best_count(), notification ? 10u : 0u);
    EXPECT_EQ(stale_count(scene, 2, 1), notification ? 10u : 0u);
    EXPECT_EQ(scene.status(2, 1).restart.is_awaited, notification);
    scene.run(seconds(120));
    EXPECT_EQ(scene.at(2).best_count(), 0u);
    EXPECT_FALSE(scene.status(2, 1).restart.is_awaited);
  }
}

TEST(GracefulRestart, Rfc8538_AResetKeepsRoutesAShutdownIsAHardReset) {
  Pair scene;
  scene.join(1, 2, restarts(Mode::full), restarts(Mode::full));
  scene.originate(1, 10);
  scene.converge();
  scene.at(1).reset_peer(scene.peer(1, 2), "soon back");
  scene.run(milliseconds(10));
  EXPECT_EQ(scene.status(2, 1).last_notification_in->shutdown_text(), "soon back");
  EXPECT_EQ(stale_count(scene, 2, 1), 10u);
  EXPECT_EQ(scene.at(2).best_count(), 10u);
  scene.run(seconds(10));
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(stale_count(scene, 2, 1), 0u);
  EXPECT_EQ(scene.at(2).best_count(), 10u);

  scene.at(1).stop_peer(scene.peer(1, 2), CeaseSubcode::administrative_shutdown, "for good");
  scene.settle();
  const auto& last = scene.status(2, 1).last_notification_in;
  EXPECT_EQ(last, Notification(CeaseSubcode::administrative_shutdown, "for good").as_hard_reset());
  EXPECT_EQ(last->shutdown_text(), "for good");
  EXPECT_EQ(scene.at(2).best_count(), 0u);
}

TEST(GracefulRestart, Rfc8538_WithoutNANotificationIsTheEnd) {
  Pair scene;
  scene.join(1, 2, restarts(Mode::full, false), restarts(Mode::full, true));
  scene.originate(1, 10);
  scene.converge();
  scene.at(1).reset_peer(scene.peer(1, 2));
  scene.run(milliseconds(10));
  EXPECT_EQ(scene.at(2).best_count(), 0u);
}

TEST(GracefulRestart, Rfc4724_ARestartedSpeakerDecidesAfterItsPeersHaveSpoken) {
  Scene scene;
  for (uint8_t n = 1; n <= 3; ++n) scene.add(n, 65000 + n);
  scene.join(1, 2, restarts(Mode::full), restarts(Mode::full));
  scene.join(1, 3, restarts(Mode::full), restarts(Mode::full));
  for (const uint8_t n : {uint8_t{2}, uint8_t{3}}) {
    PathAttributes attributes;
    if (n == 2) attributes.as_path.prepend(64999);  // the worse one
    scene.at(n).originate(prefix("10.9.0.0/16"), attributes);
  }
  scene.converge();
  ASSERT_EQ(scene.path(1, "10.9.0.0/16"), "65003");
  scene.at(1).crash();
  scene.run(seconds(1));
  // The better one cannot be reached for a while: who decided now would send traffic elsewhere.
  scene.cut(1, 3);
  scene.at(1).start();
  scene.run(seconds(10));
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_TRUE(scene.status(2, 1).received->graceful_restart->has_restarted);
  EXPECT_EQ(scene.path(1, "10.9.0.0/16"), "none");
  EXPECT_TRUE(scene.at(1).advertised(scene.peer(1, 2)).empty());
  scene.mend(1, 3);
  scene.run(seconds(130));
  EXPECT_EQ(scene.path(1, "10.9.0.0/16"), "65003");
}

TEST(GracefulRestart, Rfc4724_TheDeferralEnds) {
  Scene scene;
  for (uint8_t n = 1; n <= 3; ++n) scene.add(n, 65000 + n);
  scene.join(1, 2, restarts(Mode::full), restarts(Mode::full));
  scene.join(1, 3, restarts(Mode::full), restarts(Mode::full));
  scene.at(2).originate(prefix("10.9.0.0/16"), {});
  scene.converge();
  scene.at(1).crash();
  scene.run(seconds(1));
  scene.cut(1, 3);
  scene.at(1).start();
  scene.run(seconds(359));
  EXPECT_EQ(scene.path(1, "10.9.0.0/16"), "none");
  scene.run(seconds(2));
  EXPECT_EQ(scene.path(1, "10.9.0.0/16"), "65002");
}

// ---- RFC 4724: a peer made of octets ------------------------------------------------------------

Capabilities restarting_peer(bool has_restarted, bool preserved = true) {
  Capabilities capabilities{.four_octet_as = true};
  capabilities.graceful_restart =
      GracefulRestart{has_restarted, false, 100, {{kIpv4Unicast, preserved}}};
  return capabilities;
}

class RawRestart : public RawSession {
 protected:
  RawRestart() : RawSession(restarts(Mode::helper)) {}
};

const char kOne[] = "18 0a0001";
const char kTwo[] = "18 0a0001 18 0a0002";

TEST_F(RawRestart, Rfc4724_EndOfRibFollowsTheFirstUpdates) {
  scene_.at(1).originate(prefix("10.7.0.0/16"), {});
  RawPeer peer(scene_);
  peer.establish(restarting_peer(false));
  const auto updates = peer.received(MessageType::update);
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates.back(), encode_end_of_rib(kIpv4Unicast));
}

TEST_F(RawRestart, Rfc4724_StaleRoutesGoWithTheEndOfRib) {
  RawPeer first(scene_);
  first.establish(restarting_peer(false));
  first.announce(kTwo);
  ASSERT_EQ(best_count(), 2u);
  first.drop();
  EXPECT_EQ(status().restart.stale_routes, 2u);
  EXPECT_EQ(status().restart.until - scene_.scheduler().now() > seconds(99), true);
  RawPeer second(scene_);
  second.establish(restarting_peer(true));
  second.announce(kOne);
  EXPECT_EQ(best_count(), 2u);
  EXPECT_EQ(status().restart.stale_routes, 1u);
  second.send(encode_end_of_rib(kIpv4Unicast));
  EXPECT_EQ(best_count(), 1u);
}

TEST_F(RawRestart, Rfc4724_OrAfterTheStaleTime) {
  RawPeer first(scene_);
  first.establish(restarting_peer(false));
  first.announce(kTwo);
  first.drop();
  RawPeer second(scene_);
  second.establish(restarting_peer(true));
  second.announce(kOne);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(best_count(), 2u);
    scene_.run(seconds(60));
    second.send(encode_keepalive());
  }
  EXPECT_EQ(best_count(), 1u);
}

TEST_F(RawRestart, Rfc4724_WhatWasNotPreservedGoesAtOnce) {
  for (const auto& back : {restarting_peer(true, false), Capabilities{.four_octet_as = true}}) {
    RawPeer first(scene_);
    first.establish(restarting_peer(false));
    first.announce(kTwo);
    first.drop();
    EXPECT_EQ(best_count(), 2u);
    RawPeer second(scene_);
    second.establish(back);
    EXPECT_EQ(best_count(), 0u);
    second.drop();
    scene_.run(seconds(10));
  }
}

TEST_F(RawRestart, Rfc4724_ASecondRestartForgetsWhatWasStaleBefore) {
  RawPeer first(scene_);
  first.establish(restarting_peer(false));
  first.announce(kTwo);
  first.drop();
  RawPeer second(scene_);
  second.establish(restarting_peer(true));
  second.announce(kOne);
  second.drop();
  EXPECT_EQ(best_count(), 1u);
}

TEST_F(RawRestart, Rfc4724_TheRestartTimeIsThePeers) {
  RawPeer peer(scene_);
  peer.establish(restarting_peer(false));
  peer.announce(kTwo);
  peer.drop();
  scene_.run(seconds(99));
  EXPECT_EQ(best_count(), 2u);
  scene_.run(seconds(2));
  EXPECT_EQ(best_count(), 0u);
}

// ---- RFC 9494 -----------------------------------------------------------------------------------

class RawLongLived : public RawSession {
 protected:
  RawLongLived()
      : RawSession([](PeerConfig& config) {
          config.graceful_restart.mode = Mode::helper;
          config.graceful_restart.long_lived_stale_time = std::chrono::hours(1);
        }) {}
  static Capabilities capabilities(bool has_restarted) {
    Capabilities all = restarting_peer(has_restarted);
    all.long_lived = {{kIpv4Unicast, true, 1800}};
    return all;
  }
};

TEST_F(RawLongLived, Rfc9494_RoutesOutliveTheRestartTimeAsALastResort) {
  scene_.add(3, 65100);
  scene_.add(4, 65200);
  const auto knows_it = [](PeerConfig& config) {
    config.graceful_restart.mode = Mode::helper;
    config.graceful_restart.long_lived_stale_time = std::chrono::hours(1);
  };
  scene_.join(1, 3, untuned, untuned);
  scene_.join(1, 4, knows_it, knows_it);
  scene_.at(3).start();
  scene_.at(4).start();
  RawPeer peer(scene_);
  peer.establish(capabilities(false));
  peer.announce(kOne);
  peer.announce("18 0a0002", "c0 08 04 ffff0007");  // NO_LLGR
  scene_.settle();
  ASSERT_EQ(scene_.at(3).best_count(), 2u);
  peer.drop();
  scene_.run(seconds(101));
  EXPECT_EQ(best_count(), 1u);
  const auto route = scene_.at(1).best(prefix("10.0.1.0/24"));
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->paths[0].attributes->communities, std::vector<Community>{kLlgrStale});
  EXPECT_TRUE(status().restart.is_long_lived);
  EXPECT_EQ(scene_.at(3).best_count(), 0u);
  EXPECT_EQ(scene_.at(4).best_count(), 1u);
  scene_.run(seconds(1795));
  EXPECT_EQ(best_count(), 1u);
  scene_.run(seconds(10));
  EXPECT_EQ(best_count(), 0u);
}

// ---- RFC 7313 -----------------------------------------------------------------------------------

class RawRefresh : public RawSession {
 protected:
  RawRefresh() : RawSession([](PeerConfig& config) { config.enhanced_route_refresh = true; }) {}
  static Capabilities enhanced() {
    return {.route_refresh = true, .enhanced_route_refresh = true, .four_octet_as = true};
  }
  static std::vector<uint8_t> refresh(RouteRefresh::Subtype subtype) {
    return encode(RouteRefresh{kIpv4Unicast, static_cast<uint8_t>(subtype)});
  }
};

TEST_F(RawRefresh, Rfc7313_AnAnswerStandsBetweenBorrAndEorr) {
  scene_.originate(1, 3);
  RawPeer peer(scene_);
  peer.establish(enhanced());
  peer.received_.clear();
  peer.send(refresh(RouteRefresh::Subtype::request));
  ASSERT_EQ(peer.received_.size(), 3u);
  EXPECT_EQ(peer.received_[0], refresh(RouteRefresh::Subtype::begin));
  EXPECT_EQ(
      decode_update(Octets(peer.received_[1]).subspan(kHeaderLength), {})->ipv4.announced.size(),
      3u);
  EXPECT_EQ(peer.received_[2], refresh(RouteRefresh::Subtype::end));
}

TEST_F(RawRefresh, Rfc7313_WhatIsNotToldAgainGoes) {
  RawPeer peer(scene_);
  peer.establish(enhanced());
  peer.announce(kTwo);
  peer.send(refresh(RouteRefresh::Subtype::begin));
  EXPECT_EQ(status().restart.stale_routes, 2u);
  peer.announce(kOne);
  EXPECT_EQ(best_count(), 2u);
  peer.send(refresh(RouteRefresh::Subtype::end));
  EXPECT_EQ(best_count(), 1u);
  EXPECT_EQ(scene_.state(1, 2), established);
}

TEST_F(RawRefresh, Rfc7313_AnEorrWithoutBorrAndUnknownSubtypesAreIgnored) {
  RawPeer peer(scene_);
  peer.establish(enhanced());
  peer.announce(kTwo);
  peer.send(refresh(RouteRefresh::Subtype::end));
  peer.send(refresh(static_cast<RouteRefresh::Subtype>(9)));
  EXPECT_EQ(best_count(), 2u);
  EXPECT_EQ(scene_.state(1, 2), established);
}

TEST_F(RawRefresh, Rfc7313_ALongBorrEndsTheSession) {
  RawPeer peer(scene_);
  peer.establish(enhanced());
  const auto octets = hex("ffffffffffffffffffffffffffffffff 0018 05 0001 01 01 00");
  peer.send(octets);
  EXPECT_EQ(peer.last_notification(), Notification(ErrorCode::route_refresh, 1, octets));
}

TEST_F(RawRefresh, Rfc2918_WithoutItOnlyTheRoutesCome) {
  scene_.originate(1, 3);
  RawPeer peer(scene_);
  peer.establish({.route_refresh = true, .four_octet_as = true});
  peer.received_.clear();
  peer.send(refresh(RouteRefresh::Subtype::request));
  EXPECT_EQ(peer.received_.size(), 1u);
  // Of a family that was not agreed on nothing is told.
  peer.send(encode(RouteRefresh{kIpv6Unicast, 0}));
  EXPECT_EQ(peer.received_.size(), 1u);
}

}  // namespace
}  // namespace skyhop::bgp
