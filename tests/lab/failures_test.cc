// What fails, who notices when, and where the traffic goes meanwhile.
#include <gtest/gtest.h>

#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

using emulator::Seconds;
using lab::Element;

class Failures : public testing::Test {
 protected:
  Failures() { live_.converge(); }

  // The share of 256 flows that arrives.
  int delivered() {
    int count = 0;
    for (uint16_t port = 1; port <= 256; ++port) {
      count += live_.trace("spoke1-test-vm", "spoke2-test-vm", 17, port, 80).forward.delivered;
    }
    return count;
  }

  LiveLab live_{"ars-multipeer.yaml"};
};

TEST_F(Failures, V42_ATunnelIsBelievedInUntilItsDetectionTimeThenTheTwinCarriesOn) {
  live_.apply({Element::tunnel, "spoke1 - transit-1", false});
  live_.emulation().advance_to(Seconds(59));
  EXPECT_EQ(live_.next_hops("spoke1", "10.0.110.0/24"), (NextHops{"transit-1", "transit-1-hagw"}));
  EXPECT_LT(delivered(), 256);
  live_.emulation().advance_to(Seconds(61));
  EXPECT_EQ(live_.next_hops("spoke1", "10.0.110.0/24"), NextHops{"transit-1-hagw"});
  EXPECT_EQ(live_.next_hops("transit-1", "10.0.30.0/24"), NextHops{"transit-1-hagw"});
  EXPECT_EQ(delivered(), 256);
}

TEST_F(Failures, ATunnelThatComesBackIsUsedAgain) {
  live_.apply({Element::tunnel, "spoke1 - transit-1", false});
  live_.emulation().advance_to(Seconds(100));
  live_.apply({Element::tunnel, "spoke1 - transit-1", true});
  live_.emulation().advance_to(Seconds(110));
  EXPECT_EQ(live_.next_hops("spoke1", "10.0.110.0/24"), (NextHops{"transit-1", "transit-1-hagw"}));
  EXPECT_EQ(delivered(), 256);
}

TEST_F(Failures, A52_TheVpnGatewayTrustsASilentTunnelUntilTheHoldTimeEnds) {
  live_.apply({Element::tunnel, "transit-2 - vng-0", false});
  live_.emulation().advance_to(Seconds(115));
  EXPECT_EQ(live_.next_hops("vng-0", "10.0.110.0/24"), NextHops{"169.254.21.2"});
  EXPECT_LT(delivered(), 256);
  live_.emulation().advance_to(Seconds(185));
  EXPECT_NE(live_.session("transit-2 - vng-0"), "Established");
  EXPECT_EQ(live_.next_hops("vng-0", "10.0.110.0/24"), NextHops{"10.0.10.133"});
  EXPECT_EQ(delivered(), 256);
}

TEST_F(Failures, V41_Transit2FailsAndItsTwinCarriesAll) {
  live_.apply({Element::gateway, "transit-2", false});
  live_.emulation().advance_to(Seconds(260));
  EXPECT_NE(live_.session("transit-2 - vng-0"), "Established");
  EXPECT_EQ(live_.next_hops("spoke2", "10.0.30.0/24"), NextHops{"transit-2-hagw"});
  EXPECT_EQ(live_.next_hops("vng-0", "10.0.110.0/24"), NextHops{"10.0.10.133"});
  EXPECT_EQ(delivered(), 256);
  EXPECT_TRUE(live_.trace("spoke1-test-vm", "spoke2-test-vm").reachable());
}

TEST_F(Failures, V43_WithoutItsOwnLanSessionsATransitUsesItsTwin) {
  live_.apply({Element::session, "transit-1 - routerserver-0", false});
  live_.apply({Element::session, "transit-1 - routerserver-1", false});
  live_.emulation().advance_to(Seconds(120));
  EXPECT_EQ(live_.next_hops("transit-1", "10.0.110.0/24"), NextHops{"transit-1-hagw"});
  EXPECT_EQ(live_.next_hops("transit-1-hagw", "10.0.110.0/24"), NextHops{"10.0.20.73"});
  EXPECT_EQ(delivered(), 256);
}

TEST_F(Failures, A12_OneRouteServerInstanceDownMovesNoPacket) {
  live_.apply({Element::route_server_instance, "routerserver-0", false});
  for (int second = 1; second <= 600; second += 20) {
    live_.emulation().advance_to(Seconds(second));
    ASSERT_EQ(delivered(), 256) << second;
  }
  EXPECT_NE(live_.session("transit-1 - routerserver-0"), "Established");
  EXPECT_EQ(live_.session("transit-1 - routerserver-1"), "Established");
}

TEST_F(Failures, V44_BothRouteServerInstancesDownAgeOutWithTheHoldTime) {
  live_.apply({Element::route_server_instance, "routerserver-0", false});
  live_.apply({Element::route_server_instance, "routerserver-1", false});
  live_.emulation().advance_to(Seconds(115));
  EXPECT_EQ(delivered(), 256);
  live_.emulation().advance_to(Seconds(300));
  EXPECT_TRUE(live_.next_hops("transit-1", "10.0.110.0/24").empty());
  EXPECT_EQ(delivered(), 0);
}

TEST_F(Failures, V46_SpokesFollowTheControllersPollNotTheInstant) {
  live_.apply({Element::session, "transit-2 - vng-0", false});
  live_.apply({Element::session, "transit-2-hagw - vng-1", false});
  // BGP tells the transits at once, the controller tells the spokes.
  live_.emulation().advance_to(Seconds(1));
  EXPECT_TRUE(live_.next_hops("transit-1", "10.0.110.0/24").empty());
  EXPECT_EQ(live_.next_hops("spoke1", "10.0.110.0/24"), (NextHops{"transit-1", "transit-1-hagw"}));
  live_.emulation().advance_to(Seconds(52));
  EXPECT_TRUE(live_.next_hops("spoke1", "10.0.110.0/24").empty());
}

TEST_F(Failures, AGatewayThatComesBackTakesItsPlaceAgain) {
  live_.apply({Element::gateway, "transit-1", false});
  live_.emulation().advance_to(Seconds(300));
  EXPECT_EQ(delivered(), 256);
  live_.apply({Element::gateway, "transit-1", true});
  live_.emulation().advance_to(Seconds(800));
  EXPECT_EQ(live_.session("transit-1 - routerserver-0"), "Established");
  EXPECT_EQ(live_.next_hops("spoke1", "10.0.110.0/24"), (NextHops{"transit-1", "transit-1-hagw"}));
  EXPECT_EQ(delivered(), 256);
}

}  // namespace
}  // namespace skyhop
