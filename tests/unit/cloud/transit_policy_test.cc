#include "control/cloud/aviatrix/transit_policy.h"

#include <gtest/gtest.h>

#include "tests/unit/cloud/policy_test_route.h"

namespace skyhop::cloud::aviatrix {
namespace {

struct TransitPolicy : testing::Test {
  lab::Lab lab;

  TransitPolicy() {
    lab.transit_gateways.push_back({.name = "transit-1", .local_as_number = 65020});
    lab.spoke_gateways.push_back(
        {.name = "spoke1", .cidr = net("10.0.30.0/24"), .transit_gw = "transit-1"});
    lab.transit_external_device_conns.push_back(
        {.connection_name = "to-ars", .gw_name = "transit-1"});
    lab.transit_external_device_conns.push_back(
        {.connection_name = "to-dc", .gw_name = "transit-1"});
  }
  lab::TransitGateway& transit() { return lab.transit_gateways.front(); }
  lab::TransitExternalDeviceConn& to_ars() { return lab.transit_external_device_conns[0]; }
  lab::TransitExternalDeviceConn& to_dc() { return lab.transit_external_device_conns[1]; }
  bgp::Policy export_to(const lab::TransitExternalDeviceConn& connection) {
    return transit_export(lab, transit(), connection);
  }
  static TestRoute learned(std::string_view prefix, std::string_view connection) {
    return {prefix, connection, {65515, 65100}};
  }
  static TestRoute own(std::string_view prefix) { return {prefix, ""}; }
};

TEST_F(TransitPolicy, OwnAsInPathIsDropped) {
  const auto policy = transit_import(transit());
  EXPECT_EQ(TestRoute("10.9.0.0/16", "to-ars", {65515, 65020}).rejected_by(policy),
            "RFC 4271 9.1.2");
  EXPECT_EQ(learned("10.9.0.0/16", "to-ars").rejected_by(policy), "");
}

TEST_F(TransitPolicy, NotBackOnTheConnectionItCameFrom) {
  EXPECT_EQ(learned("10.9.0.0/16", "to-ars").rejected_by(export_to(to_ars())), "AVX-18876");
  EXPECT_EQ(learned("10.9.0.0/16", "to-ars").rejected_by(export_to(to_dc())), "");
}

TEST_F(TransitPolicy, SpokeCidrsAreTold) {
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(export_to(to_ars())), "");
}

TEST_F(TransitPolicy, V35_AManualListReplacesAllElse) {
  to_ars().manual_bgp_advertised_cidrs = nets({"10.0.0.0/16"});
  const auto policy = export_to(to_ars());
  EXPECT_EQ(own("10.0.0.0/16").rejected_by(policy), "");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(policy), "V35");
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(policy), "V35");
  // The learned twin of a manual CIDR keeps its path to itself.
  EXPECT_EQ(learned("10.0.0.0/16", "to-dc").rejected_by(policy), "V35");
}

TEST_F(TransitPolicy, V35_AManualListIsForItsOwnConnection) {
  to_ars().manual_bgp_advertised_cidrs = nets({"10.0.0.0/16", "10.0.30.0/24", "10.0.120.0/24"});
  lab.timeline.push_back({.action = lab::SetAdvertisedCidrs{"spoke1", nets({"10.0.120.0/24"})}});
  const auto policy = export_to(to_dc());
  EXPECT_EQ(own("10.0.0.0/16").rejected_by(policy), "V35");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(policy), "");   // also a spoke's
  EXPECT_EQ(own("10.0.120.0/24").rejected_by(policy), "");  // will be a spoke's
}

TEST_F(TransitPolicy, V40_PrependOnOneConnection) {
  to_ars().prepend_as_path = {65020, 65020, 65020};
  const auto verdict = own("10.0.30.0/24").under(export_to(to_ars()));
  ASSERT_TRUE(verdict.changed.has_value());
  EXPECT_EQ(verdict.changed->as_path.length(), 3u);  // the speaker adds its own AS: four in all
  EXPECT_EQ(verdict.rule, "V40");
  EXPECT_FALSE(own("10.0.30.0/24").under(export_to(to_dc())).changed.has_value());
}

TEST_F(TransitPolicy, V40_GatewayPrependGoesToAllOthers) {
  transit().prepend_as_path = {65020};
  to_ars().prepend_as_path = {65020, 65020};
  EXPECT_EQ(own("10.0.30.0/24").under(export_to(to_dc())).changed->as_path.length(), 1u);
  EXPECT_EQ(own("10.0.30.0/24").under(export_to(to_ars())).changed->as_path.length(), 2u);
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").under(export_to(to_ars())).changed->as_path.flat(),
            (std::vector<bgp::Asn>{65020, 65020, 65515, 65100}));
}

TEST_F(TransitPolicy, V37_EcmpIsAnOption) {
  EXPECT_EQ(transit_decision(transit()).maximum_paths, 1u);
  transit().bgp_ecmp = true;
  EXPECT_GT(transit_decision(transit()).maximum_paths, 1u);
  EXPECT_EQ(transit_decision(transit()).multipath_through, bgp::Step::med);
}

}  // namespace
}  // namespace skyhop::cloud::aviatrix
