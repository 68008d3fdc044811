// The first lab with one thing changed: limits, switches, and connections that do not match.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

// spoke1 advertises its own CIDR and `more` /32s.
std::string spoke1_advertises(int more) {
  std::string text = "aviatrix_spoke_gateway:\n  spoke1:\n    included_advertised_spoke_routes:\n";
  text += "      - 10.0.30.0/24\n";
  for (int i = 0; i < more; ++i) {
    text += fmt::format("      - 172.20.{}.{}/32\n", i / 256, i % 256);
  }
  return text;
}

const std::string kLimitsOf2022 = "limits: {route_server: seed-2022}\n";

size_t established(const LiveLab& live) {
  size_t count = 0;
  for (const auto& session : live.network().sessions) {
    count += live.session(session.name) == "Established" ? 1 : 0;
  }
  return count;
}

TEST(Variants, A14_AsManyPrefixesAsTheLimitAreTaken) {
  auto live = LiveLab::variant(spoke1_advertises(3999));
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  EXPECT_EQ(established(*live), 11u);
  EXPECT_EQ(live->as_path("transit-2", "172.20.15.158/32"), "65515 65020");
}

TEST(Variants, A15_OnePrefixMoreEndsTheSessionsWithTheRouteServer) {
  auto live = LiveLab::variant(spoke1_advertises(4000));
  ASSERT_TRUE(live->is_valid()) << live->findings();
  live->converge();
  const auto* server = live->emulation().speaker(*live->network().find_gateway("routerserver-0"));
  bool ceased = false;
  for (const auto peer : server->peers()) {
    if (server->peer_config(peer).name != "transit-1") continue;
    const auto status = server->status(peer);
    ASSERT_TRUE(status.last_notification_out);
    EXPECT_EQ(status.last_notification_out->code, bgp::ErrorCode::cease);
    EXPECT_EQ(status.last_notification_out->subcode, 1);  // maximum number of prefixes
    ceased = true;
  }
  EXPECT_TRUE(ceased);
}

TEST(Variants, A14_TheLimitOf2022IsAThousand) {
  auto live = LiveLab::variant(kLimitsOf2022 + spoke1_advertises(199));
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  EXPECT_EQ(established(*live), 11u);
}

TEST(Variants, V55_In2022TheVpnGatewayTookTwoHundredFromTheRouteServer) {
  auto live = LiveLab::variant(kLimitsOf2022 + spoke1_advertises(200));
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_FALSE(live->converge().converged);  // the session comes back and falls again
  EXPECT_EQ(live->session("transit-1 - routerserver-0"), "Established");
  const auto* gateway = live->emulation().speaker(*live->network().find_gateway("vng-0"));
  size_t limited = 0;
  for (const auto peer : gateway->peers()) {
    const auto status = gateway->status(peer);
    if (!gateway->peer_config(peer).name.starts_with("routerserver")) continue;
    limited += status.last_notification_out.has_value() ? 1 : 0;
  }
  EXPECT_EQ(limited, 2u);
}

TEST(Variants, V8_WithoutActivemeshEachGatewayHasOneSession) {
  auto live = LiveLab::variant(
      "aviatrix_transit_external_device_conn:\n"
      "  transit-1-to-routerserver: {enable_bgp_lan_activemesh: false}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  live->converge();
  EXPECT_EQ(live->session("transit-1 - routerserver-0"), "Established");
  EXPECT_EQ(live->session("transit-1-hagw - routerserver-1"), "Established");
  EXPECT_TRUE(live->trace("spoke1-test-vm", "spoke2-test-vm").reachable());
}

TEST(Variants, V37_WithoutEcmpATransitKeepsOnePath) {
  auto live = LiveLab::variant("aviatrix_transit_gateway:\n  transit-1: {bgp_ecmp: false}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  const auto* speaker = live->emulation().speaker(*live->network().find_gateway("transit-1"));
  EXPECT_EQ(speaker->best(prefix("10.0.110.0/24"))->paths.size(), 1u);
  EXPECT_TRUE(live->trace("spoke1-test-vm", "spoke2-test-vm").reachable());
}

TEST(Variants, V40_PrependedAsNumbersReachTheFarEnd) {
  auto live = LiveLab::variant(
      "aviatrix_transit_external_device_conn:\n"
      "  transit-2-to-vng: {prepend_as_path: [65100, 65100]}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  EXPECT_EQ(live->as_path("vng-0", "10.0.110.0/24"), "65100 65100 65100");
  EXPECT_EQ(live->as_path("transit-1", "10.0.110.0/24"), "65515 65100 65100 65100");
}

TEST(Variants, V34_ATransitCidrLeavesByBgpWhenAskedTo) {
  auto live = LiveLab::variant(
      "aviatrix_transit_gateway:\n  transit-2: {enable_advertise_transit_cidr: true}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  EXPECT_EQ(live->as_path("transit-1", "10.0.100.0/23"), "65515 65100");
}

TEST(Variants, V45_TheLowerHoldTimeWinsAndAviatrixSendsAThird) {
  auto live = LiveLab::variant("aviatrix_transit_gateway:\n  transit-1: {bgp_hold_time: 60}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  EXPECT_TRUE(live->converge().converged);
  const auto* speaker = live->emulation().speaker(*live->network().find_gateway("transit-1"));
  for (const auto peer : speaker->peers()) {
    EXPECT_EQ(speaker->status(peer).hold_time, std::chrono::seconds(60));
    EXPECT_EQ(speaker->status(peer).keepalive, std::chrono::seconds(20));
  }
}

}  // namespace
}  // namespace skyhop
