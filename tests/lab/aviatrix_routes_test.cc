// Routes of Aviatrix networks beside the first lab: what gateways tell, network domains, approval.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "control/emulator/timeline.h"
#include "tests/lab/aviatrix_lab.h"

namespace skyhop {
namespace {

// ---- routes -------------------------------------------------------------------------------------

TEST(Routes, V33_ABgpSpokesRoutesObeyConnectedTransit) {
  const auto live =
      changed("bgp-spoke", "aviatrix_transit_gateway: {hub: {connected_transit: false}}\n");
  EXPECT_EQ(live->as_path("hub", "10.9.10.0/24"), "65010 65010 65009");
  EXPECT_TRUE(live->next_hops("app", "10.9.10.0/24").empty());
  EXPECT_TRUE(live->next_hops("edge", "10.1.10.0/24").empty());
}

TEST(Routes, ABgpSpokeMayKeepWhatItLearned) {
  const auto live =
      changed("bgp-spoke", "aviatrix_spoke_gateway: {edge: {disable_route_propagation: true}}\n");
  EXPECT_EQ(live->as_path("edge", "10.9.10.0/24"), "65009");
  EXPECT_TRUE(live->next_hops("hub", "10.9.10.0/24").empty());
}

TEST(Routes, V35_AGatewaysManualListIsForAllPeersAndItsPathStartsThere) {
  const auto live = changed("approval", R"(
aviatrix_transit_gateway:
  hub: {bgp_manual_spoke_advertise_cidrs: [10.0.0.0/8, 10.8.20.0/24]}
)");
  EXPECT_EQ(live->as_path("dc", "10.0.0.0/8"), "65001");
  EXPECT_EQ(live->as_path("dc", "10.8.20.0/24"), "65001");  // learned, and told as its own
  EXPECT_EQ(live->as_path("dc", "10.1.10.0/24"), "no route");
  EXPECT_EQ(live->as_path("hub", "10.8.20.0/24"), "65008");  // the list is told, never used
  const auto kept = changed("approval", R"(
aviatrix_transit_gateway:
  hub: {bgp_manual_spoke_advertise_cidrs: [10.0.0.0/8, 10.8.20.0/24], enable_preserve_as_path: true}
)");
  EXPECT_EQ(kept->as_path("dc", "10.0.0.0/8"), "no route");  // nothing is known of it
  EXPECT_EQ(kept->as_path("dc", "10.8.20.0/24"), "65001 65008");
}

TEST(Routes, BgpMaxAsLimitKeepsLongPathsWhereTheyAre) {
  const auto live = changed("approval",
                            "settings: {bgp_max_as_limit: 1}\n"
                            "aviatrix_transit_external_device_conn: {dc-to-hub: "
                            "{prepend_as_path: [65009]}}\n");
  EXPECT_EQ(live->as_path("hub", "10.9.10.0/24"), "65009 65009");
  EXPECT_TRUE(live->next_hops("app", "10.9.10.0/24").empty());
  EXPECT_EQ(live->as_path("branch", "10.9.10.0/24"), "no route");
}

TEST(Routes, V40_TheCountOfAListIsASwitch) {
  const auto added = changed("approval",
                             "aviatrix_transit_external_device_conn: {dc-to-hub: "
                             "{prepend_as_path: [65009, 65009]}}\n");
  EXPECT_EQ(added->as_path("hub", "10.9.10.0/24"), "65009 65009 65009");
  const auto total = changed("approval",
                             "settings: {prepend_as_path: total}\n"
                             "aviatrix_transit_external_device_conn: {dc-to-hub: "
                             "{prepend_as_path: [65009, 65009]}}\n");
  EXPECT_EQ(total->as_path("hub", "10.9.10.0/24"), "65009 65009");
}

TEST(Routes, V42_TheTwinsMetricIsASwitch) {
  for (const uint32_t metric : {200u, 150u}) {
    const auto live = LiveLab::variant(fmt::format("settings: {{twin_metric: {}}}\n", metric));
    live->converge();
    const auto* entry = live->table("transit-1").find(prefix("10.0.110.0/24"));
    ASSERT_FALSE(entry->losers().empty());
    EXPECT_EQ(entry->losers().front().offer->preference, metric);
  }
}

TEST(Routes, V4_WhereSpokeGatewaysStandIsASwitch) {
  const auto live = LiveLab::variant("settings: {spoke_gateway_subnet: Public-subnet-1}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  const auto& network = live->network();
  EXPECT_EQ(network.at(network.at(*network.find_gateway("spoke1")).nics[0]).address,
            address("10.0.30.20"));
  EXPECT_EQ(network.at(network.at(*network.find_vm("spoke1-test-vm")).nic).address,
            address("10.0.30.21"));
  EXPECT_TRUE(live->converge().converged);
  EXPECT_TRUE(live->trace("spoke1-test-vm", "spoke2-test-vm").reachable());
}

TEST(Routes, AnAttachmentMayLimitTheTablesThatAreProgrammed) {
  const auto live = live_text(R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false}
aviatrix_spoke_gateway:
  app: {cidr: 10.1.10.0/24}
  quiet: {cidr: 10.1.20.0/24, transit_gw: hub, enable_skip_public_route_table_update: true, enable_private_vpc_default_route: true}
aviatrix_spoke_transit_attachment:
  app: {spoke_gw_name: app, transit_gw_name: hub, route_tables: [app-Public-subnet-2-rtb]}
azurerm_linux_virtual_machine:
  one: {virtual_network_name: app, subnet: app-Public-subnet-1}
  two: {virtual_network_name: app, subnet: app-Public-subnet-2}
  public: {virtual_network_name: quiet, subnet: quiet-Public-subnet-1}
  private: {virtual_network_name: quiet, subnet: quiet-Private-subnet-1}
)");
  live->converge();
  EXPECT_TRUE(live->next_hops("two", "10.0.0.0/8").contains("10.1.10.4"));
  EXPECT_FALSE(live->next_hops("one", "10.0.0.0/8").contains("10.1.10.4"));
  EXPECT_FALSE(live->next_hops("public", "10.0.0.0/8").contains("10.1.20.4"));
  EXPECT_TRUE(live->next_hops("private", "10.0.0.0/8").contains("10.1.20.4"));
  EXPECT_TRUE(live->next_hops("private", "0.0.0.0/0").contains("10.1.20.4"));
}

// ---- segmentation -------------------------------------------------------------------------------

// Two connections in two domains announce one prefix with equal paths.
const std::string kTwoDomains = R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false, bgp_ecmp: true, enable_segmentation: %}
  red-dc: {cidr: 10.8.0.0/23, local_as_number: 65008, ha_gw: false}
  blue-dc: {cidr: 10.9.0.0/23, local_as_number: 65009, ha_gw: false}
aviatrix_spoke_gateway:
  red: {cidr: 10.1.10.0/24, transit_gw: hub}
  blue: {cidr: 10.1.20.0/24, transit_gw: hub}
  red-far: {cidr: 10.8.10.0/24, transit_gw: red-dc, included_advertised_spoke_routes: [10.50.0.0/16]}
  blue-far: {cidr: 10.9.10.0/24, transit_gw: blue-dc, included_advertised_spoke_routes: [10.50.0.0/16]}
aviatrix_transit_external_device_conn:
  hub-to-red: {gw_name: hub, bgp_remote_as_num: 65008, remote_gateway_ip: red-dc, local_tunnel_cidr: 169.254.31.1/30, remote_tunnel_cidr: 169.254.31.2/30}
  red-to-hub: {gw_name: red-dc, bgp_remote_as_num: 65001, remote_gateway_ip: hub, local_tunnel_cidr: 169.254.31.2/30, remote_tunnel_cidr: 169.254.31.1/30}
  hub-to-blue: {gw_name: hub, bgp_remote_as_num: 65009, remote_gateway_ip: blue-dc, local_tunnel_cidr: 169.254.32.1/30, remote_tunnel_cidr: 169.254.32.2/30}
  blue-to-hub: {gw_name: blue-dc, bgp_remote_as_num: 65001, remote_gateway_ip: hub, local_tunnel_cidr: 169.254.32.2/30, remote_tunnel_cidr: 169.254.32.1/30}
)";
const std::string kRedAndBlue = R"(
aviatrix_segmentation_network_domain: {red-domain: {}, blue-domain: {}}
aviatrix_segmentation_network_domain_association:
  a: {network_domain_name: red-domain, attachment_name: red}
  b: {network_domain_name: red-domain, attachment_name: hub-to-red}
  c: {network_domain_name: blue-domain, attachment_name: blue}
  d: {network_domain_name: blue-domain, attachment_name: hub-to-blue}
)";
std::string two_domains(const std::string& segments) {
  std::string text = kTwoDomains;
  return text.replace(text.find('%'), 1, segments);
}

TEST(Segmentation, V39_EqualPathsOfTwoDomainsAreNotCombined) {
  const auto together = live_text(two_domains("false"));
  together->converge();
  EXPECT_EQ(together->next_hops("hub", "10.50.0.0/16"), (NextHops{"169.254.31.2", "169.254.32.2"}));
  const auto apart = live_text(two_domains("true") + kRedAndBlue);
  apart->converge();
  EXPECT_EQ(apart->next_hops("hub@red-domain", "10.50.0.0/16"), NextHops{"169.254.31.2"});
  EXPECT_EQ(apart->next_hops("hub@blue-domain", "10.50.0.0/16"), NextHops{"169.254.32.2"});
  EXPECT_TRUE(apart->next_hops("hub", "10.50.0.0/16").empty());
  // Even where a policy shows both to each other.
  const auto joined = live_text(two_domains("true") + kRedAndBlue +
                                "aviatrix_segmentation_network_domain_connection_policy:\n"
                                "  p: {domain_name_1: red-domain, domain_name_2: blue-domain}\n");
  joined->converge();
  EXPECT_EQ(joined->next_hops("hub@red-domain", "10.50.0.0/16").size(), 1u);
  EXPECT_EQ(joined->next_hops("hub@red-domain", "10.1.20.0/24"), NextHops{"blue"});
}

TEST(Segmentation, V48_APolicyJoinsBothWaysAndWithoutItThereIsNothing) {
  const auto without = changed("segmentation", "");
  EXPECT_FALSE(without->trace("dev-vm", "prod1-vm").reachable());
  const auto with = changed("segmentation",
                            "aviatrix_segmentation_network_domain_connection_policy:\n"
                            "  dev-prod: {domain_name_1: dev, domain_name_2: prod}\n");
  EXPECT_TRUE(with->trace("dev-vm", "prod1-vm").reachable());
  EXPECT_TRUE(with->trace("prod2-vm", "dev-vm").reachable());
  EXPECT_FALSE(with->trace("dev-vm", "dc-vm").reachable());  // policies are not transitive
  EXPECT_EQ(with->as_path("dc", "10.1.30.0/24"), "no route");
}

TEST(Segmentation, V48_AttachmentsWithoutADomainShareOneOrReachNobody) {
  const std::string two = R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false, enable_segmentation: true}
aviatrix_segmentation_network_domain: {red-domain: {}}
aviatrix_segmentation_network_domain_association:
  a: {network_domain_name: red-domain, attachment_name: red}
aviatrix_spoke_gateway:
  red: {cidr: 10.1.10.0/24, transit_gw: hub}
  one: {cidr: 10.1.20.0/24, transit_gw: hub}
  two: {cidr: 10.1.30.0/24, transit_gw: hub}
)";
  const auto shared = live_text(two);
  shared->converge();
  EXPECT_EQ(shared->next_hops("one", "10.1.30.0/24"), NextHops{"hub"});
  EXPECT_TRUE(shared->next_hops("one", "10.1.10.0/24").empty());
  const auto isolated = live_text("settings: {unassociated_attachments: isolated}\n" + two);
  isolated->converge();
  EXPECT_TRUE(isolated->next_hops("one", "10.1.30.0/24").empty());
}

TEST(Segmentation, V48_DomainsGoOnAcrossAPeering) {
  const auto live = live_text(R"(
aviatrix_transit_gateway:
  a: {cidr: 10.1.0.0/23, local_as_number: 65001, enable_segmentation: true}
  b: {cidr: 10.2.0.0/23, local_as_number: 65002, enable_segmentation: true}
aviatrix_transit_gateway_peering:
  ab: {transit_gateway_name1: a, transit_gateway_name2: b}
aviatrix_segmentation_network_domain: {red-domain: {}, blue-domain: {}}
aviatrix_segmentation_network_domain_association:
  r1: {network_domain_name: red-domain, attachment_name: red-a}
  r2: {network_domain_name: red-domain, attachment_name: red-b}
  b2: {network_domain_name: blue-domain, attachment_name: blue-b}
aviatrix_spoke_gateway:
  red-a: {cidr: 10.1.10.0/24, transit_gw: a}
  red-b: {cidr: 10.2.10.0/24, transit_gw: b}
  blue-b: {cidr: 10.2.20.0/24, transit_gw: b}
azurerm_linux_virtual_machine:
  red-a-vm: {virtual_network_name: red-a}
  red-b-vm: {virtual_network_name: red-b}
  blue-b-vm: {virtual_network_name: blue-b}
)");
  live->converge();
  EXPECT_EQ(live->next_hops("a@red-domain", "10.2.10.0/24"), (NextHops{"b", "b-hagw"}));
  EXPECT_TRUE(live->next_hops("a@red-domain", "10.2.20.0/24").empty());
  EXPECT_TRUE(live->trace("red-a-vm", "red-b-vm").reachable());
  EXPECT_FALSE(live->trace("red-a-vm", "blue-b-vm").reachable());
  // The domains' links share the fate of the tunnels that carry them.
  for (const auto* tunnel : {"a - b", "a - b-hagw"}) {
    live->apply({.element = lab::Element::tunnel, .target = tunnel});
  }
  live->emulation().advance_to(live->emulation().now() + emulator::Seconds(200));
  EXPECT_EQ(live->next_hops("a@red-domain", "10.2.10.0/24"), NextHops{"a-hagw"});
  EXPECT_TRUE(live->trace("red-a-vm", "red-b-vm").reachable());
}

TEST(Segmentation, V49_TwoHundredDomainsAndNoMore) {
  const auto with = [](int domains) {
    std::string text =
        "aviatrix_transit_gateway:\n  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: "
        "false, enable_segmentation: true}\naviatrix_segmentation_network_domain:\n";
    for (int i = 0; i < domains; ++i) text += fmt::format("  domain-{}: {{}}\n", i);
    return findings_of(text);
  };
  EXPECT_EQ(with(200).find("V49"), std::string::npos);
  EXPECT_NE(with(201).find("201 network domains; a transit takes 200 [V49]"), std::string::npos);
}

TEST(Segmentation, V48_WhatTheControllerRefuses) {
  const std::string base = two_domains("true") + kRedAndBlue;
  const auto expect = [&](const std::string& more, const std::string& message) {
    const std::string found = findings_of(more);
    EXPECT_NE(found.find(message), std::string::npos) << found;
  };
  expect(base + "  e: {network_domain_name: blue-domain, attachment_name: red}\n",
         "red is in domain red-domain already");
  expect(two_domains("false") + kRedAndBlue, "hub has enable_segmentation off");
  expect(base +
             "  e: {network_domain_name: blue-domain, attachment_name: red-to-hub, "
             "transit_gateway_name: hub}\n",
         "red-to-hub does not end at hub");
  expect("aviatrix_segmentation_network_domain: {9lives: {}}\n", "starts with a letter");
  expect(base +
             "aviatrix_segmentation_network_domain_connection_policy:\n"
             "  p: {domain_name_1: red-domain, domain_name_2: red-domain}\n",
         "reach each other without a policy");
}

// ---- approval -----------------------------------------------------------------------------------

TEST(Approval, V36_InGatewayModeEverythingLearnedWaits) {
  const auto live = changed("approval", R"(
aviatrix_transit_gateway:
  hub: {learned_cidrs_approval_mode: gateway, approved_learned_cidrs: [10.8.10.0/24]}
aviatrix_transit_external_device_conn:
  hub-to-branch: {enable_learned_cidrs_approval: false, approved_cidrs: []}
)");
  EXPECT_EQ(live->as_path("hub", "10.8.10.0/24"), "65008");
  EXPECT_EQ(live->as_path("hub", "10.9.10.0/24"), "no route");
  EXPECT_EQ(live->as_path("hub", "10.8.20.0/24"), "no route");
  EXPECT_EQ(alert_kinds(*live), (Kinds{"approval pending: hub", "approval pending: hub"}));
  EXPECT_TRUE(logged(*live, "hub", "learned CIDR 10.9.10.0/24 of hub-to-dc waits for approval"));
}

TEST(Approval, V36_APendingCidrIsInTheAdjRibInWithItsReason) {
  LiveLab live("approval.yaml");
  live.converge();
  const auto* speaker = live.emulation().speaker(*live.network().find_gateway("hub"));
  const auto peer = speaker->find_peer(address("169.254.32.2"));
  const auto route = speaker->learned(*peer, prefix("10.8.10.0/24"));
  ASSERT_TRUE(route);
  EXPECT_EQ(route->accepted, nullptr);
  EXPECT_EQ(route->rule, "V36");
}

TEST(Approval, V36_WhatWaitsForNothingCannotBeApproved) {
  EXPECT_NE(LiveLab(lab::read_text("lab: t\nextends: approval.yaml\ntimeline:\n"
                                   "  - {at: 1, approve: {connection: hub-to-dc, cidrs: "
                                   "[10.0.0.0/8]}}\n",
                                   std::string(SKYHOP_CONFIGS) + "/t.yaml"))
                .findings()
                .find("nothing that hub-to-dc learns waits for approval"),
            std::string::npos);
}

}  // namespace
}  // namespace skyhop
