// Each trap made by a small change to the first lab, and found: the first cause, the rule, and a
// fix that was tried.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "control/explain/lint.h"
#include "control/explain/packet_story.h"
#include "control/explain/route_story.h"
#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

using explain::Crossing;
using explain::PacketStory;
using explain::RouteStory;

struct Case {
  explicit Case(const std::string& change) : live(LiveLab::variant(change)) {
    EXPECT_TRUE(live->is_valid()) << live->findings();
    live->converge();
  }
  PacketStory packet(uint8_t protocol = 1, uint16_t port = 0) {
    return explain::explain_packet(
        live->lab(), live->emulation(),
        {.from = *emulator::vm_named(live->network(), "spoke1-test-vm"),
         .to = *emulator::destination_named(live->network(), "spoke2-test-vm"),
         .protocol = protocol,
         .destination_port = port});
  }
  RouteStory route(const std::string& at, const std::string& to) {
    auto story = explain::explain_route(live->emulation(), at, to);
    EXPECT_TRUE(story);
    return story ? *story : RouteStory{};
  }
  std::vector<explain::Finding> lint() { return explain::lint(live->lab(), live->emulation()); }
  std::unique_ptr<LiveLab> live;
};

const explain::Finding* find(const std::vector<explain::Finding>& findings,
                             const std::string& trap) {
  const auto found = std::ranges::find(findings, trap, &explain::Finding::trap);
  return found == findings.end() ? nullptr : &*found;
}

const std::string kBranchToBranchOff =
    "azurerm_route_server:\n  routerserver: {branch_to_branch_traffic_enabled: false}\n";
const std::string kNoRemoteGateways =
    "azurerm_virtual_network_peering:\n  transit-1-to-vng: {use_remote_gateways: false}\n";
const std::string kNoPropagation =
    "azurerm_route_table:\n"
    "  av-gw-transit-1-eth1-bgp_lan-rtb: {bgp_route_propagation_enabled: false}\n"
    "  av-gw-transit-1-hagw-eth1-bgp_lan-rtb: {bgp_route_propagation_enabled: false}\n";
const std::string kWrongAsn =
    "azurerm_route_server_bgp_connection:\n"
    "  transit-1: {peer_asn: 65021}\n  transit-1-hagw: {peer_asn: 65021}\n";

TEST(ExplainPacket, ArrivesInTheLabAsItIs) {
  Case lab("");
  const PacketStory story = lab.packet();
  EXPECT_TRUE(story.arrives) << story.verdict;
  EXPECT_TRUE(story.cures.empty());
  EXPECT_FALSE(story.missing);
}

TEST(ExplainPacket, A32_BranchToBranchOff) {
  Case lab(kBranchToBranchOff);
  const PacketStory story = lab.packet();
  EXPECT_FALSE(story.arrives);
  ASSERT_EQ(story.cures.size(), 1u) << story.verdict;
  EXPECT_EQ(story.cures[0].rule, "A32");
  EXPECT_EQ(story.cures[0].fix, "set branch_to_branch_traffic_enabled on routerserver");
  EXPECT_NE(story.verdict.find("branch-to-branch is off"), std::string::npos) << story.verdict;
  ASSERT_TRUE(story.missing);
  EXPECT_FALSE(story.missing->held);
}

TEST(ExplainPacket, A31_PeeringLacksUseRemoteGateways) {
  Case lab(kNoRemoteGateways);
  const PacketStory story = lab.packet();
  EXPECT_FALSE(story.arrives);
  ASSERT_FALSE(story.cures.empty()) << story.verdict;
  EXPECT_EQ(story.cures[0].cause, "peering transit-1-to-vng lacks use_remote_gateways");
  EXPECT_EQ(story.cures[0].fix, "set use_remote_gateways on transit-1-to-vng");
}

TEST(ExplainPacket, V24_PropagationOffOnTheLanTables) {
  Case lab(kNoPropagation);
  const PacketStory story = lab.packet();
  EXPECT_FALSE(story.arrives);
  // The flow leaves by one of the two gateways; the answer needs no gateway route.
  ASSERT_FALSE(story.cures.empty()) << story.verdict;
  EXPECT_EQ(story.cures[0].rule, "A56");
  EXPECT_NE(story.cures[0].cause.find("propagation is off on route table av-gw-transit-1"),
            std::string::npos)
      << story.cures[0].cause;
}

TEST(ExplainPacket, V9_SessionsDownForAWrongAsNumber) {
  Case lab(kWrongAsn);
  const PacketStory story = lab.packet();
  EXPECT_FALSE(story.arrives);
  ASSERT_FALSE(story.cures.empty()) << story.verdict;
  EXPECT_EQ(story.cures[0].rule, "V9");
  EXPECT_NE(story.cures[0].cause.find("expects AS 65021"), std::string::npos);
}

TEST(ExplainPacket, A66_TheRuleOfTheSecurityGroupIsNamed) {
  Case lab("");
  const PacketStory story = lab.packet(6, 443);
  // AllowVnetInBound admits what the controller's user routes name; nothing else is open.
  if (!story.arrives) {
    ASSERT_FALSE(story.cures.empty()) << story.verdict;
    EXPECT_EQ(story.cures[0].rule, "A66");
  }
  Case closed(
      "azurerm_network_security_group:\n  spoke2-test-vm-nsg:\n    security_rule:\n"
      "      - {name: closed, priority: 200, direction: Inbound, access: Deny, protocol: Tcp, "
      "source_port_range: \"*\", destination_port_range: 443, source_address_prefix: \"*\", "
      "destination_address_prefix: \"*\"}\n");
  const PacketStory denied = closed.packet(6, 443);
  EXPECT_FALSE(denied.arrives);
  ASSERT_EQ(denied.cures.size(), 1u) << denied.verdict;
  EXPECT_NE(denied.cures[0].cause.find("rule closed of spoke2-test-vm-nsg"), std::string::npos)
      << denied.cures[0].cause;
  EXPECT_NE(denied.cures[0].fix.find("priority below 200"), std::string::npos);
  EXPECT_FALSE(denied.missing);
}

TEST(ExplainPacket, TwoFaultsNeedTwoChanges) {
  Case lab(kBranchToBranchOff + kWrongAsn.substr(0, kWrongAsn.find("  transit-1-hagw")) +
           "  transit-1-hagw: {peer_asn: 65021}\n");
  const PacketStory story = lab.packet();
  EXPECT_FALSE(story.arrives);
  EXPECT_TRUE(story.cures.empty());
  ASSERT_GE(story.together.size(), 2u) << story.verdict;
}

TEST(ExplainRoute, TheWayOfSpoke2sPrefixToTransit1) {
  Case lab("");
  const RouteStory story = lab.route("transit-1", "10.0.110.0/24");
  EXPECT_TRUE(story.held);
  ASSERT_EQ(story.origins.size(), 2u);
  EXPECT_EQ(story.origins[0].who, "transit-2");
  ASSERT_GE(story.way.size(), 3u);
  EXPECT_EQ(story.way.front().from.substr(0, 9), "transit-2");
  EXPECT_EQ(story.way.back().to, "transit-1");
  EXPECT_NE(story.way.back().what.find("65100 -> 65515 65100"), std::string::npos)
      << story.way.back().what;
  EXPECT_FALSE(story.contenders.empty());
  EXPECT_TRUE(std::ranges::any_of(story.tables, [](const auto& t) {
    return t.table == "transit-1/av-gw-transit-1-eth1-bgp_lan" && t.in_use;
  }));
}

TEST(ExplainRoute, A32_WhereItStopsWithoutBranchToBranch) {
  Case lab(kBranchToBranchOff);
  const RouteStory story = lab.route("transit-1", "10.0.110.0/24");
  EXPECT_FALSE(story.held);
  ASSERT_FALSE(story.refused.empty());
  EXPECT_EQ(story.refused.front().rule, "A32");
  EXPECT_NE(story.verdict.find("[A32]"), std::string::npos) << story.verdict;
}

TEST(ExplainRoute, A56_AFabricThatHearsNoGateway) {
  Case lab(kNoPropagation);
  const RouteStory story = lab.route("transit-1/av-gw-transit-1-eth1-bgp_lan", "10.0.110.5");
  EXPECT_EQ(story.prefix, prefix("10.0.110.0/24"));
  EXPECT_FALSE(story.held);
  ASSERT_FALSE(story.way.empty());
  EXPECT_EQ(story.way.back().rule, "A56");
}

TEST(ExplainRoute, V46_ASpokeHearsTheController) {
  Case lab("");
  const RouteStory story = lab.route("spoke1", "10.0.110.0/24");
  EXPECT_TRUE(story.held);
  ASSERT_FALSE(story.way.empty());
  EXPECT_EQ(story.way.back().to, "spoke1");
  EXPECT_EQ(story.way.back().rule, "V46");
}

TEST(ExplainRoute, WhatDecidesInstead) {
  Case lab("");
  const RouteStory story = lab.route("spoke1-test-vm", "10.0.110.0/24");
  EXPECT_FALSE(story.held);
  EXPECT_NE(story.verdict.find("; packets to it follow 10.0.0.0/8 (User"), std::string::npos)
      << story.verdict;
}

TEST(ExplainRoute, APrefixNobodyHas) {
  Case lab("");
  const RouteStory story = lab.route("transit-1", "192.0.2.0/24");
  EXPECT_FALSE(story.held);
  EXPECT_NE(story.verdict.find("nobody in the lab has"), std::string::npos) << story.verdict;
  EXPECT_EQ(lab.route("spoke1", "192.0.2.1").prefix, prefix("192.0.2.1/32"));
  EXPECT_FALSE(explain::explain_route(lab.live->emulation(), "transit-1", "nonsense"));
  EXPECT_FALSE(explain::explain_route(lab.live->emulation(), "transit-9", "10.0.110.0/24"));
}

TEST(Lint, TheLabHasNoTrapAndItsQuirksAreNotes) {
  Case lab("");
  const auto findings = lab.lint();
  for (const explain::Finding& f : findings) {
    EXPECT_EQ(f.weight, explain::Weight::note) << f.trap << ": " << f.cause;
  }
  ASSERT_NE(find(findings, "peering-name"), nullptr);
  EXPECT_EQ(find(findings, "peering-name")->cause, "peering vng-to-spoke leads to transit-1");
  EXPECT_NE(find(findings, "pfs"), nullptr);
}

TEST(Lint, FindsEachTrapWithItsEffect) {
  const auto expect = [](const std::string& change, const std::string& trap,
                         const std::string& effect) {
    Case lab(change);
    const auto findings = lab.lint();
    const explain::Finding* finding = find(findings, trap);
    ASSERT_NE(finding, nullptr) << trap;
    EXPECT_EQ(finding->weight, explain::Weight::trap);
    EXPECT_FALSE(finding->fix.empty());
    const bool shown = std::ranges::any_of(finding->effect, [&](const std::string& row) {
      return row.find(effect) != std::string::npos;
    });
    EXPECT_TRUE(shown) << trap << ": " << finding->effect.front();
  };
  expect(kBranchToBranchOff, "branch-to-branch", "has no route to");
  expect(kNoRemoteGateways, "gateway-transit", "transit-2 has no route to 10.0.20.0/23");
  expect(kNoPropagation, "propagation-off", "10.0.110.0/24");
  expect(kWrongAsn, "route-server-peer", "stays down");
  expect("aviatrix_transit_gateway:\n  transit-2: {bgp_hold_time: 12}\n", "timers", "12 s");
}

/// Findings of one trap in the lab of Azure alone, with these sections on top of it.
std::vector<explain::Finding> nva_findings(const std::string& change, const std::string& trap) {
  auto live = LiveLab::variant_of("route-server-nva.yaml", change);
  EXPECT_TRUE(live->is_valid()) << live->findings();
  live->converge();
  auto findings = explain::lint(live->lab(), live->emulation());
  std::erase_if(findings, [&](const explain::Finding& each) { return each.trap != trap; });
  return findings;
}

bool shows(const explain::Finding& finding, const std::string& text) {
  return std::ranges::any_of(
      finding.effect, [&](const std::string& row) { return row.find(text) != std::string::npos; });
}

TEST(Lint, A26_BranchToBranchJoinsTwoWaysToOneNetwork) {
  EXPECT_TRUE(nva_findings("", "two-ways").empty());
  // The SD-WAN knows the branch's network too, and the branch's own path is the longer one.
  const std::string both_ways =
      "router:\n  sdwan: {networks: [10.100.0.0/16, 192.168.0.0/16]}\n"
      "  branch: {neighbor: {vng: {prepend_as_path: [65100, 65100, 65100]}}}\n";
  const auto findings = nva_findings(both_ways, "two-ways");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0].cause.find("192.168.0.0/16"), std::string::npos) << findings[0].cause;
  EXPECT_TRUE(shows(findings[0], "vng-0 sends 192.168.0.0/16 to ")) << findings[0].effect.front();
  EXPECT_TRUE(shows(findings[0], "and to branch without branch-to-branch"))
      << findings[0].effect.front();
  // Without branch-to-branch each keeps its own way.
  EXPECT_TRUE(nva_findings(both_ways +
                               "azurerm_route_server: {rs: {branch_to_branch_traffic_enabled: "
                               "false}}\n",
                           "two-ways")
                  .empty());
}

TEST(Lint, A59_ARouteIntoAPeeredVnetIsNotFollowed) {
  // The route server does not know the VNet that only the spoke is peered with.
  const std::string third =
      "azurerm_virtual_network: {third: {address_space: [10.3.0.0/16], subnet: {vms: "
      "{address_prefixes: [10.3.0.0/24]}}}}\n"
      "azurerm_virtual_network_peering:\n"
      "  spoke-to-third: {virtual_network_name: spoke, remote_virtual_network_id: third}\n"
      "  third-to-spoke: {virtual_network_name: third, remote_virtual_network_id: spoke}\n";
  EXPECT_TRUE(nva_findings(third, "vnet-route").empty());
  const auto findings =
      nva_findings(third + "router: {nva-1: {networks: [10.3.5.0/24]}}\n", "vnet-route");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].resource, "azurerm_route_server.rs");
  EXPECT_TRUE(shows(findings[0], "spoke/vms does not use 10.3.5.0/24 by 10.0.2.4"))
      << findings[0].effect.front();
  EXPECT_NE(findings[0].fix.find("VirtualAppliance 10.0.2.4"), std::string::npos);
}

TEST(Lint, A23_FlowsComeBackThroughTheOtherAppliance) {
  const auto findings = nva_findings("", "asymmetric-appliances");
  ASSERT_FALSE(findings.empty());
  EXPECT_TRUE(shows(findings[0], "spoke-vm port ")) << findings[0].effect.front();
  // One appliance is preferred both ways: what leaves by it comes back by it.
  EXPECT_TRUE(nva_findings("router:\n  nva-2: {neighbor: {rs: {prepend_as_path: [65002]}, "
                           "sdwan: {prepend_as_path: [65002]}}}\n",
                           "asymmetric-appliances")
                  .empty());
}

TEST(Lint, A65_AnApplianceInAPeeredVnetLosesItsWayBack) {
  const std::string moved =
      "azurerm_virtual_network: {spoke: {subnet: {appliances: {address_prefixes: [10.1.9.0/24], "
      "route_table: away}}}}\n"
      "azurerm_linux_virtual_machine: {nva-3: {virtual_network_name: spoke, subnet: appliances, "
      "ip_forwarding_enabled: true}}\n"
      "azurerm_route_server_bgp_connection: {nva-3: {route_server_id: rs, peer_asn: 65003, "
      "peer_ip: nva-3}}\n"
      "router: {nva-3: {virtual_machine: nva-3, asn: 65003, neighbor: {rs: {}}}}\n";
  const auto table = [](const std::string& routes) {
    return "azurerm_route_table: {away: {route: {" + routes + "}}}\n";
  };
  const std::string hub = "hub: {address_prefix: 10.0.0.0/16, next_hop_type: None}";
  const auto findings = nva_findings(moved + table(hub), "appliance-session");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(shows(findings[0], "session nva-3 - rs-0 stays down")) << findings[0].effect.front();
  EXPECT_EQ(findings[0].rule, "A65");
  EXPECT_TRUE(nva_findings(moved + table("other: {address_prefix: 10.77.0.0/16, "
                                         "next_hop_type: None}"),
                           "appliance-session")
                  .empty());
}

TEST(Lint, A13_AnApplianceThatPeersWithOneInstance) {
  const auto findings =
      nva_findings("router: {nva-1: {neighbor: {rs: {peer: rs-0}}}}\n", "one-legged-peer");
  EXPECT_TRUE(std::ranges::any_of(findings, [](const explain::Finding& each) {
    return each.cause == "nva-1 has 1 of 2 sessions with the instances of rs";
  }));
}

TEST(Lint, AShortHoldTimeOfADevice) {
  const auto findings =
      nva_findings("router: {branch: {neighbor: {vng: {hold_time: 30}}}}\n", "timers");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(shows(findings[0], "after 30 s without a KEEPALIVE")) << findings[0].effect.front();
}

TEST(Lint, WhatIsSlowOnAzureIsANote) {
  const auto findings = nva_findings("", "slow-to-try");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].weight, explain::Weight::note);
  EXPECT_TRUE(shows(findings[0], "sessions of vng are down meanwhile"));
}

// A39 is refused before anything runs, with what to do.
TEST(Lint, AGatewayThatIsNotActiveActiveIsAnErrorOfTheLab) {
  const auto live = LiveLab::variant_of(
      "route-server-nva.yaml", "azurerm_virtual_network_gateway: {vng: {active_active: false}}\n");
  EXPECT_FALSE(live->is_valid());
  EXPECT_NE(live->findings().find("must be active-active [A39]"), std::string::npos)
      << live->findings();
}

}  // namespace
}  // namespace skyhop
