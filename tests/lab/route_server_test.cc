// What a route server does with appliances that speak BGP, on a lab of nothing but Azure.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

const std::string kLab = "route-server-nva.yaml";

std::unique_ptr<LiveLab> converged(const std::string& sections) {
  auto live = LiveLab::variant_of(kLab, sections);
  EXPECT_TRUE(live->is_valid()) << live->findings();
  live->converge();
  return live;
}

TEST(RouteServer, A4_APeerInAnotherSubnetNeedsMultihop) {
  auto live = converged("router: {nva-1: {neighbor: {rs: {ebgp_multihop: 1}}}}\n");
  EXPECT_NE(live->session("nva-1 - rs-0"), "Established");
  EXPECT_NE(live->session("nva-1 - rs-1"), "Established");
  EXPECT_EQ(live->session("nva-2 - rs-0"), "Established");
}

TEST(RouteServer, A13_APeerOfOneInstanceServesPartOfTheNics) {
  // What only nva-1 says, and only to one instance.
  std::string sections =
      "router: {nva-1: {networks: [10.99.0.0/16], neighbor: {rs: {peer: rs-0}}}}\n"
      "azurerm_virtual_network: {spoke: {subnet: {";
  for (int i = 1; i <= 24; ++i) {
    sections += fmt::format("s{}: {{address_prefixes: [10.1.{}.0/24]}}, ", i, i);
  }
  sections += "}}}\nazurerm_linux_virtual_machine: {";
  for (int i = 1; i <= 24; ++i) {
    sections += fmt::format("vm{}: {{virtual_network_name: spoke, subnet: s{}}}, ", i, i);
  }
  auto live = converged(sections + "}\n");
  int served = 0;
  for (int i = 1; i <= 24; ++i) {
    served += live->next_hops(fmt::format("spoke/s{}", i), "10.99.0.0/16").empty() ? 0 : 1;
  }
  EXPECT_GT(served, 4);
  EXPECT_LT(served, 20);
}

TEST(RouteServer, A19_APathThrough65515IsNotLearnedUnlessItIsStripped) {
  const std::string site =
      "router: {sdwan: {asn: 65010, neighbor: {nva-1: {prepend_as_path: [65515]}, "
      "nva-2: {prepend_as_path: [65515]}}}}\n";
  auto looped = converged(site);
  const auto refused = looped->learned("rs-0", "nva-1", "10.100.0.0/16");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->accepted, nullptr);
  EXPECT_EQ(refused->rule, "A19");
  EXPECT_TRUE(looped->next_hops("spoke-vm", "10.100.0.0/16").empty());
  EXPECT_TRUE(looped->next_hops("vng-0", "10.100.0.0/16").empty());

  auto stripped = converged(
      "router:\n  sdwan: {neighbor: {nva-1: {prepend_as_path: [65515]}, "
      "nva-2: {prepend_as_path: [65515]}}}\n"
      "  nva-1: {neighbor: {rs: {strip_as: [65515]}}}\n"
      "  nva-2: {neighbor: {rs: {as_override: true}}}\n");
  EXPECT_EQ(stripped->learned("rs-0", "nva-1", "10.100.0.0/16")->accepted->as_path.to_string(),
            "65001 65010");
  // as_override keeps the length, so the other appliance's path is shorter.
  EXPECT_EQ(stripped->learned("rs-0", "nva-2", "10.100.0.0/16")->accepted->as_path.to_string(),
            "65002 65010 65002");
  EXPECT_EQ(stripped->next_hops("spoke-vm", "10.100.0.0/16"), NextHops{"10.0.2.4"});
}

TEST(RouteServer, A22_ANextHopThatIsNotThePeerIsUsed) {
  auto live = converged(
      "router: {nva-1: {networks: [10.99.0.0/16], neighbor: {rs: {next_hop: 10.0.2.5}}}}\n");
  EXPECT_EQ(live->learned("rs-0", "nva-1", "10.99.0.0/16")->accepted->next_hop,
            address("10.0.2.5"));
  EXPECT_EQ(live->next_hops("spoke-vm", "10.99.0.0/16"), NextHops{"10.0.2.5"});
}

TEST(RouteServer, A24_TheLongerPathTakesOverWhenTheShorterGoes) {
  auto live = converged("router: {nva-2: {neighbor: {rs: {prepend_as_path: [65002, 65002]}}}}\n");
  EXPECT_EQ(live->next_hops("spoke-vm", "10.100.0.0/16"), NextHops{"10.0.2.4"});
  live->apply({lab::Element::session, "nva-1 - sdwan", false});
  live->emulation().advance_to(emulator::Seconds(10));
  EXPECT_EQ(live->next_hops("spoke-vm", "10.100.0.0/16"), NextHops{"10.0.2.5"});
}

TEST(RouteServer, A27_ADefaultRouteCutsTheAppliancesOwnInternetUntilAUserRouteRestoresIt) {
  const std::string announces =
      "router: {nva-1: {networks: [0.0.0.0/0]}}\n"
      "host: {web: {router: internet, address: 198.51.100.80}}\n";
  auto cut = converged(announces);
  EXPECT_EQ(cut->next_hops("hub/appliances", "0.0.0.0/0"), NextHops{"10.0.2.4"});
  EXPECT_EQ(cut->next_hops("spoke-vm", "0.0.0.0/0"), NextHops{"10.0.2.4"});
  EXPECT_FALSE(cut->trace("nva-1", "web").forward.delivered);
  EXPECT_FALSE(cut->trace("spoke-vm", "web").forward.delivered);

  auto restored =
      converged(announces +
                "azurerm_route_table: {out: {route: {d: {address_prefix: 0.0.0.0/0, next_hop_type: "
                "Internet}}}}\n"
                "azurerm_virtual_network: {hub: {subnet: {appliances: {route_table: out}}}}\n");
  EXPECT_TRUE(restored->trace("nva-1", "web").forward.delivered);
  const auto path = restored->trace("spoke-vm", "web").forward;
  EXPECT_TRUE(path.delivered);
  EXPECT_TRUE(path.crosses("nva-1"));
}

TEST(RouteServer, A28_NoAdvertiseKeepsARouteOnTheNicsAndFromEveryPeer) {
  auto live = converged(
      "router: {nva-1: {networks: [10.99.0.0/16], neighbor: {rs: {communities: "
      "[\"65535:65282\"]}}}}\n");
  EXPECT_EQ(live->next_hops("spoke-vm", "10.99.0.0/16"), NextHops{"10.0.2.4"});
  EXPECT_EQ(live->learned("vng-0", "rs-0", "10.99.0.0/16"), std::nullopt);
  EXPECT_EQ(live->learned("nva-2", "rs-0", "10.99.0.0/16"), std::nullopt);
  EXPECT_EQ(live->as_path("branch", "10.99.0.0/16"), "no route");
}

TEST(RouteServer, A29_CommunitiesCrossItUnchanged) {
  auto live = converged(
      "router: {nva-1: {networks: [10.99.0.0/16], neighbor: {rs: {communities: "
      "[\"65001:7\"]}}}}\n");
  const auto heard = live->learned("nva-2", "rs-0", "10.99.0.0/16");
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->received->as_path.to_string(), "65515 65001");
  EXPECT_EQ(heard->received->communities, std::vector<bgp::Community>{65001u << 16 | 7});
}

TEST(RouteServer, A36_ABoomerangShowsOnOneInstanceOnly) {
  // nva-1 hears of the branch from both instances, and tells it without 65515: not to the instance
  // its best route came from, but to the other one.
  auto live = converged("router: {nva-1: {neighbor: {rs: {strip_as: [65515]}}}}\n");
  const std::string branch = "192.168.0.0/16";
  const bool on_first = live->learned("rs-0", "nva-1", branch).has_value();
  const bool on_second = live->learned("rs-1", "nva-1", branch).has_value();
  EXPECT_NE(on_first, on_second);
  const auto heard = live->learned(on_first ? "rs-0" : "rs-1", "nva-1", branch);
  EXPECT_EQ(heard->accepted->as_path.to_string(), "65001 65100");
}

TEST(RouteServer, A38_DataFollowTheNicsRoutesNotTheLearnedNextHop) {
  auto live = converged("");
  // The guest's next hop is the route server, packets go to the VPN gateway.
  EXPECT_EQ(live->next_hops("nva-1", "192.168.0.0/16"), NextHops{"10.0.0.4"});
  const auto path = live->trace("sdwan-pc", "branch-pc").forward;
  EXPECT_TRUE(path.delivered) << path.verdict;
  EXPECT_TRUE(path.crosses("hub/appliances"));
  EXPECT_TRUE(path.crosses("vng-0") || path.crosses("vng-1"));
}

TEST(RouteServer, A64_NothingIsForwardedByAnApplianceThatDoesNotForward) {
  auto nic = converged(
      "azurerm_linux_virtual_machine: {nva-1: {ip_forwarding_enabled: false}, "
      "nva-2: {ip_forwarding_enabled: false}}\n");
  EXPECT_EQ(nic->trace("spoke-vm", "sdwan-pc").forward.drop, dataplane::DropReason::ip_forwarding);
  // Every table is right, and the guest drops what comes.
  auto guest =
      converged("router: {nva-1: {ip_forwarding: false}, nva-2: {ip_forwarding: false}}\n");
  const auto path = guest->trace("spoke-vm", "sdwan-pc").forward;
  EXPECT_EQ(path.drop, dataplane::DropReason::ip_forwarding);
  EXPECT_TRUE(path.crosses("nva-1") || path.crosses("nva-2"));
  EXPECT_TRUE(guest->trace("spoke-vm", "nva-1").reachable());
}

TEST(RouteServer, A65_AUserRouteThatTakesTheAppliancesPacketsElsewhereBreaksItsSession) {
  auto live = converged(
      "azurerm_route_table: {t: {route: {d: {address_prefix: 10.0.0.0/26, next_hop_type: "
      "VirtualAppliance, next_hop_in_ip_address: 10.0.3.9}}}}\n"
      "azurerm_virtual_network: {hub: {subnet: {appliances: {route_table: t}}}}\n");
  EXPECT_NE(live->session("nva-1 - rs-0"), "Established");
}

TEST(RouteServer, ANeighbourTellsOnlyWhatItsListSays) {
  auto live = converged(
      "router: {nva-1: {networks: [10.98.0.0/16, 10.99.0.0/16], neighbor: {rs: {advertise: "
      "[10.98.0.0/16]}}}}\n");
  EXPECT_TRUE(live->learned("rs-0", "nva-1", "10.98.0.0/16"));
  EXPECT_FALSE(live->learned("rs-0", "nva-1", "10.99.0.0/16"));
  EXPECT_FALSE(live->learned("rs-0", "nva-1", "10.100.0.0/16"));
  EXPECT_TRUE(live->learned("rs-0", "nva-2", "10.100.0.0/16"));
}

TEST(RouteServer, AnApplianceThatStopsLosesItsRoutesAfterTheHoldTime) {
  auto live = converged("");
  live->apply({lab::Element::router, "nva-1", false});
  live->emulation().advance_to(emulator::Seconds(115));
  EXPECT_EQ(live->next_hops("spoke-vm", "10.100.0.0/16"), (NextHops{"10.0.2.4", "10.0.2.5"}));
  live->emulation().advance_to(emulator::Seconds(185));
  EXPECT_EQ(live->next_hops("spoke-vm", "10.100.0.0/16"), NextHops{"10.0.2.5"});
  live->apply({lab::Element::router, "nva-1", true});
  live->emulation().advance_to(emulator::Seconds(400));
  EXPECT_EQ(live->next_hops("spoke-vm", "10.100.0.0/16"), (NextHops{"10.0.2.4", "10.0.2.5"}));
}

}  // namespace
}  // namespace skyhop
