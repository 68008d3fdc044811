#include "control/cloud/aviatrix/transit_policy.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "tests/unit/cloud/policy_test_route.h"

namespace skyhop::cloud::aviatrix {
namespace {

struct TransitPolicy : testing::Test {
  lab::Lab lab;
  std::shared_ptr<PeerState> state = std::make_shared<PeerState>();
  std::shared_ptr<OriginationBook> book = std::make_shared<OriginationBook>();

  TransitPolicy() {
    lab.transit_gateways.push_back({.name = "transit-1", .local_as_number = 65020});
    lab.spoke_gateways.push_back(
        {.name = "spoke1", .cidr = net("10.0.30.0/24"), .transit_gw = "transit-1"});
    lab.transit_external_device_conns.push_back(
        {.connection_name = "to-ars", .gw_name = "transit-1"});
    lab.transit_external_device_conns.push_back(
        {.connection_name = "to-dc", .gw_name = "transit-1"});
    originate({.prefix = net("10.0.30.0/24")});
  }
  void originate(Origination origination) {
    book->insert_or_assign(origination.prefix, origination);
  }
  BgpGateway gateway() { return *bgp_gateway(lab, "transit-1"); }
  lab::TransitGateway& transit() { return lab.transit_gateways.front(); }
  lab::TransitExternalDeviceConn& to_ars() { return lab.transit_external_device_conns[0]; }
  lab::TransitExternalDeviceConn& to_dc() { return lab.transit_external_device_conns[1]; }
  bgp::Policy export_to(const lab::TransitExternalDeviceConn& connection) {
    return transit_export(lab, gateway(), connection, state, book);
  }
  static TestRoute learned(std::string_view prefix, std::string_view connection) {
    return {prefix, connection, {65515, 65100}};
  }
  static TestRoute own(std::string_view prefix) { return {prefix, ""}; }
};

TEST_F(TransitPolicy, OwnAsInPathIsDropped) {
  const auto policy = transit_import(gateway(), state);
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
  originate({.prefix = net("10.0.0.0/16"), .kind = Origination::Kind::manual});
  const auto policy = export_to(to_ars());
  EXPECT_EQ(own("10.0.0.0/16").rejected_by(policy), "");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(policy), "V35");
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(policy), "V35");
  // What is known of a manual CIDR is told as if it began here: the path is not preserved.
  const auto verdict = learned("10.0.0.0/16", "to-dc").under(policy);
  EXPECT_EQ(verdict.rule, "V35");
  EXPECT_EQ(verdict.changed.value().as_path.length(), 0u);
}

TEST_F(TransitPolicy, V35_APreservedAsPathHoldsBackWhatHasNoRoute) {
  to_ars().manual_bgp_advertised_cidrs = nets({"10.0.0.0/16", "10.8.0.0/16"});
  transit().enable_preserve_as_path = true;
  originate({.prefix = net("10.8.0.0/16"), .kind = Origination::Kind::manual});
  const auto policy = export_to(to_ars());
  EXPECT_EQ(own("10.8.0.0/16").rejected_by(policy), "V35");
  const auto verdict = learned("10.0.0.0/16", "to-dc").under(policy);
  EXPECT_TRUE(verdict.accepted);
  EXPECT_FALSE(verdict.changed.has_value());  // the path as it was
}

TEST_F(TransitPolicy, V35_AConnectionsListCountsInsteadOfTheGateways) {
  transit().bgp_manual_spoke_advertise_cidrs = nets({"10.0.0.0/8"});
  to_ars().manual_bgp_advertised_cidrs = nets({"10.0.0.0/16"});
  for (const auto* prefix : {"10.0.0.0/8", "10.0.0.0/16"}) {
    originate({.prefix = net(prefix), .kind = Origination::Kind::manual});
  }
  EXPECT_EQ(own("10.0.0.0/16").rejected_by(export_to(to_ars())), "");
  EXPECT_EQ(own("10.0.0.0/8").rejected_by(export_to(to_ars())), "V35");
  EXPECT_EQ(own("10.0.0.0/8").rejected_by(export_to(to_dc())), "");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(export_to(to_dc())), "V35");
}

TEST_F(TransitPolicy, V35_AManualListIsForItsOwnConnection) {
  to_ars().manual_bgp_advertised_cidrs = nets({"10.0.0.0/16", "10.0.30.0/24"});
  originate({.prefix = net("10.0.0.0/16"), .kind = Origination::Kind::manual});
  const auto policy = export_to(to_dc());
  EXPECT_EQ(own("10.0.0.0/16").rejected_by(policy), "V35");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(policy), "");  // also a spoke's
}

TEST_F(TransitPolicy, V36_APendingCidrIsKeptOutUntilItIsApproved) {
  const auto approved = std::make_shared<ApprovedCidrs>();
  state->approved = approved;
  const auto policy = transit_import(gateway(), state);
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(policy), "V36");
  approved->insert(net("10.9.0.0/16"));
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(policy), "");
  EXPECT_EQ(learned("10.9.1.0/24", "to-dc").rejected_by(policy), "V36");  // as it was learned
}

TEST_F(TransitPolicy, V50_AStandbyTunnelTakesAndTellsNothing) {
  state->stands_by = true;
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(transit_import(gateway(), state)), "V50");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(export_to(to_dc())), "V50");
  state->stands_by = false;
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(transit_import(gateway(), state)), "");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(export_to(to_dc())), "");
}

TEST_F(TransitPolicy, V48_AConnectionHearsOfItsDomainAndThosePoliciesJoin) {
  transit().enable_segmentation = true;
  lab.network_domains = {{"prod"}, {"dev"}};
  lab.network_domain_associations = {{"a", "prod", "to-ars", ""}, {"b", "dev", "to-dc", ""}};
  originate({.prefix = net("10.1.0.0/24"), .domain = "prod"});
  originate({.prefix = net("10.2.0.0/24"), .domain = "dev"});
  EXPECT_EQ(own("10.1.0.0/24").rejected_by(export_to(to_ars())), "");
  EXPECT_EQ(own("10.2.0.0/24").rejected_by(export_to(to_ars())), "V48");
  EXPECT_EQ(own("10.0.30.0/24").rejected_by(export_to(to_ars())), "V48");  // without a domain
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(export_to(to_ars())), "V48");
  lab.connection_policies = {{"p", "dev", "prod"}};
  EXPECT_EQ(own("10.2.0.0/24").rejected_by(export_to(to_ars())), "");
  EXPECT_EQ(own("10.1.0.0/24").rejected_by(export_to(to_dc())), "");
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(export_to(to_ars())), "");
}

TEST_F(TransitPolicy, LongAsPathsStayWhenThereIsALimit) {
  lab.settings.bgp_max_as_limit = 1;
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(export_to(to_ars())), "bgp_max_as_limit");
  lab.settings.bgp_max_as_limit = 2;
  EXPECT_EQ(learned("10.9.0.0/16", "to-dc").rejected_by(export_to(to_ars())), "");
}

TEST_F(TransitPolicy, V40_PrependOnOneConnection) {
  to_ars().prepend_as_path = {65020, 65020, 65020};
  const auto verdict = own("10.0.30.0/24").under(export_to(to_ars()));
  ASSERT_TRUE(verdict.changed.has_value());
  EXPECT_EQ(verdict.changed->as_path.length(), 3u);  // the speaker adds its own AS: four in all
  EXPECT_EQ(verdict.rule, "V40");
  EXPECT_FALSE(own("10.0.30.0/24").under(export_to(to_dc())).changed.has_value());
}

TEST_F(TransitPolicy, V40_AListMayCountTheOwnNumber) {
  to_ars().prepend_as_path = {65020, 65020, 65020};
  lab.settings.prepend_as_path = "total";
  const auto verdict = own("10.0.30.0/24").under(export_to(to_ars()));
  EXPECT_EQ(verdict.changed.value().as_path.length(), 2u);  // and the speaker's own: three
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
  EXPECT_EQ(transit_decision(gateway()).maximum_paths, 1u);
  transit().bgp_ecmp = true;
  EXPECT_GT(transit_decision(gateway()).maximum_paths, 1u);
  EXPECT_EQ(transit_decision(gateway()).multipath_through, bgp::Step::med);
}

TEST_F(TransitPolicy, V37_TheControllersRoutesCompeteByAsPath) {
  const auto candidate = [](std::optional<bgp::PeerId> peer, bgp::PathAttributes attributes) {
    return bgp::Candidate{.peer = peer,
                          .is_ebgp = peer.has_value(),
                          .attributes = bgp::make_attributes(std::move(attributes))};
  };
  const auto learned_path = TestRoute("10.9.0.0/16", "to-dc", {65515, 65100}).attributes;
  const std::array far{candidate(bgp::PeerId{0}, learned_path),
                       candidate({}, attributes_of({.prefix = net("10.9.0.0/16"),
                                                    .as_path = {65001, 65002, 65003}}))};
  EXPECT_EQ(bgp::decide(far, transit_decision(gateway())).best, 0u);
  const std::array near{
      candidate(bgp::PeerId{0}, learned_path),
      candidate({}, attributes_of({.prefix = net("10.9.0.0/16"), .as_path = {65001}}))};
  EXPECT_EQ(bgp::decide(near, transit_decision(gateway())).best, 1u);
  // What only a manual list names never wins over a real route.
  const std::array manual{candidate(bgp::PeerId{0}, learned_path),
                          candidate({}, attributes_of({.prefix = net("10.9.0.0/16"),
                                                       .kind = Origination::Kind::manual}))};
  EXPECT_EQ(bgp::decide(manual, transit_decision(gateway())).best, 0u);
}

TEST_F(TransitPolicy, V37_WithoutEcmpTheRouteInUseStaysElseTheLowerNextHop) {
  const auto candidate = [](uint32_t peer, const char* address) {
    return bgp::Candidate{.peer = bgp::PeerId{peer},
                          .peer_address = ip(address),
                          .is_ebgp = true,
                          .attributes = bgp::make_attributes({})};
  };
  std::array routes{candidate(0, "169.254.2.1"), candidate(1, "169.254.1.1")};
  EXPECT_EQ(bgp::decide(routes, transit_decision(gateway())).best, 1u);
  routes[0].is_current = true;
  EXPECT_EQ(bgp::decide(routes, transit_decision(gateway())).best, 0u);
}

}  // namespace
}  // namespace skyhop::cloud::aviatrix
