#include "control/cloud/azure/vpn_gateway_policy.h"

#include <gtest/gtest.h>

#include "control/cloud/azure/peer_groups.h"
#include "tests/unit/cloud/policy_test_route.h"

namespace skyhop::cloud::azure {
namespace {

struct VpnGatewayPolicy : testing::Test, HubNetwork {
  bgp::Policy import() { return vpn_gateway_import_from_branch(network, vpn_gateway()); }
  bgp::Policy import_ibgp() { return vpn_gateway_import_from_ibgp(network, vpn_gateway()); }
  bgp::Policy to_branch() { return vpn_gateway_export_to_branch(network, vpn_gateway()); }
  bgp::Policy to_ibgp(GatewayId instance) {
    return vpn_gateway_export_to_ibgp(network, vpn_gateway(), instance);
  }
  static TestRoute branch(std::string_view prefix, std::vector<bgp::Asn> path = {65100}) {
    return {prefix, kBranchGroup, std::move(path)};
  }
  static TestRoute server(std::string_view prefix) { return {prefix, kRouteServerGroup, {65020}}; }
  static TestRoute sibling(std::string_view prefix) { return {prefix, kSiblingGroup, {65100}}; }
  static TestRoute own(std::string_view prefix) { return {prefix, ""}; }
};

TEST_F(VpnGatewayPolicy, A43_DefaultRouteIsTakenAndKept) {
  EXPECT_EQ(branch("0.0.0.0/0").rejected_by(import()), "");
  EXPECT_EQ(branch("0.0.0.0/0").rejected_by(to_branch()), "A43");
  EXPECT_EQ(branch("0.0.0.0/0").rejected_by(to_ibgp(vng0)), "A43");
  EXPECT_EQ(server("0.0.0.0/0").rejected_by(to_branch()), "A43");
}

TEST_F(VpnGatewayPolicy, A44_Limits) {
  EXPECT_EQ(vpn_gateway_max_prefixes(network, vpn_gateway(), kBranchGroup), 4000u);
  EXPECT_EQ(vpn_gateway_max_prefixes(network, vpn_gateway(), kSiblingGroup), 0u);
  EXPECT_EQ(vpn_gateway_max_prefixes(network, vpn_gateway(), kRouteServerGroup), 0u);
  route_server().max_prefixes_to_gateway = 200;
  EXPECT_EQ(vpn_gateway_max_prefixes(network, vpn_gateway(), kRouteServerGroup), 200u);
}

TEST_F(VpnGatewayPolicy, A45_WhatABranchIsTold) {
  vpn_gateway().static_routes.push_back({net("192.168.7.0/24"), {}});
  EXPECT_EQ(vpn_gateway_originates(network, vpn_gateway()),
            nets({"10.0.10.0/24", "10.0.20.0/23", "192.168.7.0/24"}));
  EXPECT_EQ(own("10.0.10.0/24").rejected_by(to_branch()), "");
  EXPECT_EQ(own("10.0.20.0/23").rejected_by(to_branch()), "");
  EXPECT_EQ(own("192.168.7.0/24").rejected_by(to_branch()), "");
  EXPECT_EQ(server("10.0.30.0/24").rejected_by(to_branch()), "");
  EXPECT_EQ(branch("10.0.110.0/24").rejected_by(to_branch()), "");  // transit between branches
  EXPECT_EQ(sibling("10.0.110.0/24").rejected_by(to_branch()), "");
}

TEST_F(VpnGatewayPolicy, A45_VnetPrefixesAreNotTakenFromAnyone) {
  EXPECT_EQ(branch("10.0.10.0/24").rejected_by(import()), "A45");
  EXPECT_EQ(branch("10.0.20.128/25").rejected_by(import()), "A45");
  EXPECT_EQ(branch("10.0.0.0/8").rejected_by(import()), "");
  EXPECT_EQ(server("10.0.20.0/24").rejected_by(import_ibgp()), "A45");
  EXPECT_EQ(server("10.0.20.0/24").rejected_by(to_branch()), "A45");
  EXPECT_EQ(server("10.0.30.0/24").rejected_by(import_ibgp()), "");
}

TEST_F(VpnGatewayPolicy, A46_OwnAsInPath) {
  EXPECT_EQ(branch("10.0.110.0/24", {65100, 65515}).rejected_by(import()), "A46");
}

TEST_F(VpnGatewayPolicy, A47_TheSiblingGoesByTheInstancesOwnAddress) {
  const auto verdict = branch("10.0.110.0/24").under(to_ibgp(vng1));
  ASSERT_TRUE(verdict.accepted);
  ASSERT_TRUE(verdict.changed.has_value());
  EXPECT_EQ(verdict.changed->next_hop, ip("10.0.10.133"));
  EXPECT_EQ(verdict.changed->as_path.flat(), (std::vector<bgp::Asn>{65100}));
}

TEST_F(VpnGatewayPolicy, IbgpIsNotAChain) {
  EXPECT_EQ(sibling("10.0.110.0/24").rejected_by(to_ibgp(vng0)), "RFC 4271 9.2");
  EXPECT_EQ(server("10.0.30.0/24").rejected_by(to_ibgp(vng0)), "RFC 4271 9.2");
}

TEST_F(VpnGatewayPolicy, StaticPrefixesGoToTheRouteServerVnetPrefixesDoNot) {
  EXPECT_EQ(own("192.168.7.0/24").rejected_by(to_ibgp(vng0)), "");
  EXPECT_EQ(own("10.0.10.0/24").rejected_by(to_ibgp(vng0)), "A45");
}

TEST_F(VpnGatewayPolicy, A28_NoAdvertise) {
  EXPECT_EQ(branch("10.0.110.0/24").with(bgp::kNoAdvertise).rejected_by(to_branch()), "A28");
  EXPECT_EQ(branch("10.0.110.0/24").with(bgp::kNoAdvertise).rejected_by(to_ibgp(vng0)), "A28");
}

TEST_F(VpnGatewayPolicy, A51_OwnTunnelsBeforeTheSiblings) {
  const bgp::DecisionOptions options = vpn_gateway_decision();
  EXPECT_EQ(options.multipath_through, bgp::Step::ebgp_over_ibgp);
  EXPECT_FALSE(options.ignored.contains(bgp::Step::ebgp_over_ibgp));
  EXPECT_GT(options.maximum_paths, 1u);
}

}  // namespace
}  // namespace skyhop::cloud::azure
