#include "control/cloud/azure/route_server_policy.h"

#include <gtest/gtest.h>

#include "control/cloud/azure/peer_groups.h"
#include "tests/unit/cloud/policy_test_route.h"

namespace skyhop::cloud::azure {
namespace {

struct RouteServerPolicy : testing::Test, HubNetwork {
  bgp::Policy import_nva() { return route_server_import_from_nva(network, route_server()); }
  bgp::Policy import_gateway() { return route_server_import_from_gateway(network, route_server()); }
  bgp::Policy to_nva() { return route_server_export_to_nva(route_server()); }
  bgp::Policy to_gateway() { return route_server_export_to_gateway(route_server()); }
  static TestRoute nva(std::string_view prefix, std::vector<bgp::Asn> path = {65020}) {
    return {prefix, kNvaGroup, std::move(path)};
  }
  static TestRoute vpn(std::string_view prefix, std::vector<bgp::Asn> path = {65100}) {
    return {prefix, kGatewayGroup, std::move(path)};
  }
};

TEST_F(RouteServerPolicy, A19_RejectsOwnAsInPath) {
  EXPECT_EQ(nva("10.9.0.0/16", {65001, 65515}).rejected_by(import_nva()), "A19");
  EXPECT_EQ(nva("10.9.0.0/16", {65001}).rejected_by(import_nva()), "");
}

TEST_F(RouteServerPolicy, A20_VnetPrefixesAndWhatIsInsideThem) {
  EXPECT_EQ(nva("10.0.10.0/24").rejected_by(import_nva()), "A20");
  EXPECT_EQ(nva("10.0.10.128/25").rejected_by(import_nva()), "A20");
  EXPECT_EQ(nva("10.0.0.0/16").rejected_by(import_nva()), "");
  EXPECT_EQ(nva("10.0.10.0/24").under(import_nva()).reason,
            "equal to or inside the VNet prefix 10.0.10.0/24");
}

TEST_F(RouteServerPolicy, A21_PrefixOfAVnetThatUsesTheGateways) {
  EXPECT_EQ(nva("10.0.20.0/23").rejected_by(import_nva()), "A20");
  EXPECT_EQ(nva("10.0.40.0/24").rejected_by(import_nva()), "");  // peered, but does not use them
}

TEST_F(RouteServerPolicy, A22_NextHopStaysAsSent) {
  EXPECT_FALSE(nva("10.0.30.0/24").under(import_nva()).changed.has_value());
  EXPECT_FALSE(nva("10.0.30.0/24").under(to_gateway()).changed.has_value());
}

TEST_F(RouteServerPolicy, A27_DefaultRouteIsWelcome) {
  EXPECT_EQ(nva("0.0.0.0/0").rejected_by(import_nva()), "");
}

TEST_F(RouteServerPolicy, A28_NoAdvertiseReachesNoPeer) {
  route_server().branch_to_branch = true;
  const TestRoute quiet = nva("10.9.0.0/16").with(bgp::kNoAdvertise);
  EXPECT_EQ(quiet.rejected_by(import_nva()), "");
  EXPECT_EQ(quiet.rejected_by(to_nva()), "A28");
  EXPECT_EQ(quiet.rejected_by(to_gateway()), "A28");
}

TEST_F(RouteServerPolicy, NoExportIsASwitch) {
  const TestRoute route = nva("10.9.0.0/16").with(bgp::kNoExport);
  EXPECT_EQ(route.rejected_by(to_nva()), "");
  EXPECT_EQ(route.rejected_by(route_server_export_to_nva(route_server(), {NoExport::kept_inside})),
            "RFC 1997");
  route_server().branch_to_branch = true;
  EXPECT_EQ(
      route.rejected_by(route_server_export_to_gateway(route_server(), {NoExport::kept_inside})),
      "");  // the same AS
}

TEST_F(RouteServerPolicy, A29_PathAndCommunitiesAreLeftAlone) {
  const TestRoute route = nva("10.9.0.0/16").with(0xFDE80001);
  EXPECT_FALSE(route.under(import_nva()).changed.has_value());
  EXPECT_FALSE(route.under(to_nva()).changed.has_value());
}

TEST_F(RouteServerPolicy, A30_A31_OriginatesVnetPrefixesOfThoseThatUseIt) {
  EXPECT_EQ(route_server_originates(network, route_server()),
            nets({"10.0.10.0/24", "10.0.20.0/23"}));
  EXPECT_EQ(TestRoute("10.0.20.0/23", "").rejected_by(to_nva()), "");
  network.peerings[0].use_remote_gateways = false;
  EXPECT_EQ(route_server_originates(network, route_server()), nets({"10.0.10.0/24"}));
}

TEST_F(RouteServerPolicy, A32_NothingCrossesWithoutBranchToBranch) {
  EXPECT_EQ(nva("10.0.30.0/24").rejected_by(to_gateway()), "A32");
  EXPECT_EQ(vpn("10.0.110.0/24").rejected_by(import_gateway()), "A32");
  EXPECT_EQ(vpn("10.0.110.0/24").rejected_by(to_nva()), "A32");
}

TEST_F(RouteServerPolicy, A33_OnlyNvaRoutesGoToTheGateway) {
  route_server().branch_to_branch = true;
  EXPECT_EQ(nva("10.0.30.0/24").rejected_by(to_gateway()), "");
  EXPECT_EQ(TestRoute("10.0.10.0/24", "").rejected_by(to_gateway()), "A33");
  EXPECT_EQ(vpn("10.0.110.0/24").rejected_by(to_gateway()), "RFC 4271 9.2");
}

TEST_F(RouteServerPolicy, A34_GatewayRoutesGoToNvas) {
  route_server().branch_to_branch = true;
  EXPECT_EQ(vpn("10.0.110.0/24").rejected_by(import_gateway()), "");
  EXPECT_EQ(vpn("10.0.110.0/24").rejected_by(to_nva()), "");
  EXPECT_EQ(vpn("10.0.10.0/25").rejected_by(import_gateway()), "A20");
}

TEST_F(RouteServerPolicy, NvaRoutesGoToTheOtherNvas) {
  EXPECT_EQ(nva("10.0.30.0/24").rejected_by(to_nva()), "");
}

TEST_F(RouteServerPolicy, A37_ASecondRouteServerDropsWhatTheFirstTold) {
  // NVA1 - ARS1 - NVA2 - ARS2: the path holds the AS that both servers have.
  EXPECT_EQ(nva("10.0.30.0/24", {65021, 65515, 65020}).rejected_by(import_nva()), "A19");
}

TEST_F(RouteServerPolicy, A23_A26_DecisionStopsAfterPathLength) {
  const bgp::DecisionOptions options = route_server_decision();
  EXPECT_GE(options.maximum_paths, 8u);
  EXPECT_EQ(options.multipath_through, bgp::Step::as_path_length);
  EXPECT_TRUE(options.multipath_relax);
  EXPECT_TRUE(options.ignored.contains(bgp::Step::med));
  EXPECT_TRUE(options.ignored.contains(bgp::Step::origin));
}

}  // namespace
}  // namespace skyhop::cloud::azure
