// The first lab, derived: every VNet, subnet, address, tunnel and session of it.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

using Strings = std::vector<std::string>;

class FirstLab : public testing::Test {
 protected:
  const DeriveResult result_ = derive(first_lab());
  const Network& network_ = result_.network;

  std::string prefix_of(std::string_view vnet_and_subnet) const {
    return network_.at(network_.find_subnet(vnet_and_subnet).value()).prefix.to_string();
  }
  Strings subnets_of(std::string_view vnet) const {
    Strings rows;
    for (const SubnetId id : network_.at(network_.find_vnet(vnet).value()).subnets) {
      rows.push_back(network_.at(id).name + " " + network_.at(id).prefix.to_string());
    }
    return rows;
  }
};

TEST_F(FirstLab, HasNothingToComplainAbout) { EXPECT_EQ(findings(result_.diagnostics), Strings{}); }

TEST_F(FirstLab, V1_Inventory) {
  EXPECT_EQ(all_names(network_.vnets),
            (Strings{"ars-vng-network", "transit-1", "transit-2", "spoke1", "spoke2"}));
  EXPECT_EQ(all_names(network_.gateways),
            (Strings{"transit-1", "transit-1-hagw", "transit-2", "transit-2-hagw", "spoke1",
                     "spoke2", "routerserver-0", "routerserver-1", "vng-0", "vng-1"}));
  EXPECT_EQ(all_names(network_.vms), (Strings{"spoke1-test-vm", "spoke2-test-vm"}));
  EXPECT_EQ(network_.route_servers.size(), 1u);
  EXPECT_EQ(network_.vpn_gateways.size(), 1u);
  EXPECT_EQ(network_.attachments.size(), 2u);
}

TEST_F(FirstLab, V2_V5_SubnetsOfAnHpeTransitWithBgpOverLan) {
  EXPECT_EQ(subnets_of("transit-1"),
            (Strings{"transit-1-Public-FW-ingress-egress-1 10.0.20.0/28",
                     "transit-1-Public-FW-ingress-egress-2 10.0.20.16/28",
                     "transit-1-Public-gateway-and-firewall-mgmt-1 10.0.20.32/28",
                     "transit-1-Public-gateway-and-firewall-mgmt-2 10.0.20.48/28",
                     "gwhp-subnet-10-0-21-128-26 10.0.21.128/26",
                     "gwhp-subnet-10-0-21-192-26 10.0.21.192/26",
                     "av-gw-transit-1-eth1-bgp_lan 10.0.20.64/29",
                     "av-gw-transit-1-hagw-eth1-bgp_lan 10.0.20.72/29"}));
}

TEST_F(FirstLab, V3_SubnetsOfATransitWithoutHpe) {
  EXPECT_EQ(subnets_of("transit-2"),
            (Strings{"transit-2-Public-FW-ingress-egress-1 10.0.100.0/28",
                     "transit-2-Public-FW-ingress-egress-2 10.0.100.16/28",
                     "transit-2-Public-gateway-and-firewall-mgmt-1 10.0.100.32/28",
                     "transit-2-Public-gateway-and-firewall-mgmt-2 10.0.100.48/28"}));
}

TEST_F(FirstLab, V4_SubnetsOfASpoke) {
  EXPECT_EQ(
      subnets_of("spoke1"),
      (Strings{"spoke1-Public-gateway-subnet-1 10.0.30.0/28",
               "spoke1-Public-subnet-1 10.0.30.16/28", "spoke1-Private-subnet-1 10.0.30.32/28",
               "spoke1-Public-subnet-2 10.0.30.48/28", "spoke1-Private-subnet-2 10.0.30.64/28"}));
}

TEST_F(FirstLab, V6_TwinsKnowEachOther) {
  for (const char* name : {"transit-1", "transit-2"}) {
    const Gateway& primary = gateway(network_, name);
    const Gateway& twin = gateway(network_, std::string(name) + "-hagw");
    EXPECT_EQ(network_.at(primary.twin.value()).name, twin.name);
    EXPECT_EQ(network_.at(twin.twin.value()).name, primary.name);
    EXPECT_EQ(twin.resource, name);
    EXPECT_EQ(twin.instance, 1u);
  }
  EXPECT_FALSE(gateway(network_, "spoke1").twin);
}

TEST_F(FirstLab, A1_EveryPrivateAddress) {
  EXPECT_EQ(nic_address(network_, "routerserver-0"), address("10.0.10.4"));
  EXPECT_EQ(nic_address(network_, "routerserver-1"), address("10.0.10.5"));
  EXPECT_EQ(nic_address(network_, "vng-0"), address("10.0.10.132"));
  EXPECT_EQ(nic_address(network_, "vng-1"), address("10.0.10.133"));
  EXPECT_EQ(nic_address(network_, "transit-1"), address("10.0.21.132"));
  EXPECT_EQ(nic_address(network_, "transit-1-hagw"), address("10.0.21.196"));
  EXPECT_EQ(nic_address(network_, "transit-1", 1), address("10.0.20.68"));
  EXPECT_EQ(nic_address(network_, "transit-1-hagw", 1), address("10.0.20.76"));
  EXPECT_EQ(nic_address(network_, "transit-2"), address("10.0.100.36"));
  EXPECT_EQ(nic_address(network_, "transit-2-hagw"), address("10.0.100.52"));
  EXPECT_EQ(nic_address(network_, "spoke1"), address("10.0.30.4"));
  EXPECT_EQ(nic_address(network_, "spoke2"), address("10.0.110.4"));
  const auto vm_address = [&](std::string_view name) {
    return network_.at(network_.at(network_.find_vm(name).value()).nic).address;
  };
  EXPECT_EQ(vm_address("spoke1-test-vm"), address("10.0.30.5"));
  EXPECT_EQ(vm_address("spoke2-test-vm"), address("10.0.110.5"));
}

TEST_F(FirstLab, PublicAddressesAreUniqueDocumentationAddresses) {
  std::set<Ipv4Address> seen;
  for (const Gateway& each : network_.gateways) {
    const bool is_documentation = prefix("198.51.100.0/24").contains(each.public_ip) ||
                                  prefix("203.0.113.0/24").contains(each.public_ip);
    EXPECT_TRUE(is_documentation) << each.name;
    if (each.kind != GatewayKind::route_server_instance) {
      EXPECT_TRUE(seen.insert(each.public_ip).second) << each.name;
    }
  }
  EXPECT_EQ(gateway(network_, "vng-0").public_ip, address("203.0.113.11"));
  EXPECT_EQ(gateway(network_, "vng-1").public_ip, address("203.0.113.12"));
}

TEST_F(FirstLab, V7_Sessions) {
  EXPECT_EQ(all_names(network_.sessions),
            (Strings{"transit-1 - routerserver-0", "transit-1 - routerserver-1",
                     "transit-1-hagw - routerserver-0", "transit-1-hagw - routerserver-1",
                     "routerserver-0 - vng-0", "routerserver-0 - vng-1", "routerserver-1 - vng-0",
                     "routerserver-1 - vng-1", "vng-0 - vng-1", "transit-2 - vng-0",
                     "transit-2-hagw - vng-1"}));
  for (const Session& session : network_.sessions) {
    EXPECT_EQ(session.problem, "") << session.name;
    EXPECT_EQ(session.a.expected_peer_asn, session.b.local_asn) << session.name;
    EXPECT_EQ(session.b.expected_peer_asn, session.a.local_asn) << session.name;
  }
}

TEST_F(FirstLab, LanSessionRunsBetweenLanAddresses) {
  const Session& session =
      network_.at(network_.find_session("transit-1-hagw - routerserver-1").value());
  EXPECT_EQ(session.a.address, address("10.0.20.76"));
  EXPECT_EQ(session.a.local_asn, 65020u);
  EXPECT_EQ(session.a.connection, "transit-1-to-routerserver");
  EXPECT_EQ(session.b.address, address("10.0.10.5"));
  EXPECT_EQ(session.b.local_asn, 65515u);
  EXPECT_EQ(session.b.connection, "transit-1-hagw");
  EXPECT_FALSE(session.link);
}

TEST_F(FirstLab, A41_TunnelSessionWaitsOnAzuresApipaEnd) {
  const Session& session = network_.at(network_.find_session("transit-2-hagw - vng-1").value());
  EXPECT_EQ(session.a.address, address("169.254.22.2"));
  EXPECT_EQ(session.b.address, address("169.254.22.1"));
  EXPECT_FALSE(session.a.is_passive);
  EXPECT_TRUE(session.b.is_passive);
  EXPECT_EQ(session.link, network_.find_link("transit-2-hagw - vng-1"));
}

TEST_F(FirstLab, V19_Tunnels) {
  EXPECT_EQ(names_of(network_.links, LinkKind::tunnel),
            (Strings{"spoke1 - transit-1", "spoke1 - transit-1-hagw", "spoke2 - transit-2",
                     "spoke2 - transit-2-hagw", "transit-2 - vng-0", "transit-2-hagw - vng-1"}));
  EXPECT_EQ(names_of(network_.links, LinkKind::ha),
            (Strings{"transit-1 - transit-1-hagw", "transit-2 - transit-2-hagw"}));
  for (const Link& link : network_.links) EXPECT_EQ(link.problem, "") << link.name;
}

TEST_F(FirstLab, V15_InnerAddressesPairByPosition) {
  const Link& first = network_.at(network_.find_link("transit-2 - vng-0").value());
  EXPECT_EQ(first.a_address, address("169.254.21.2"));
  EXPECT_EQ(first.b_address, address("169.254.21.1"));
  EXPECT_EQ(first.connection, "transit-2-to-vng");
  const Link& second = network_.at(network_.find_link("transit-2-hagw - vng-1").value());
  EXPECT_EQ(second.a_address, address("169.254.22.2"));
  EXPECT_EQ(second.b_address, address("169.254.22.1"));
}

TEST_F(FirstLab, V47_OneTunnelPerPairWithAnEndWithoutHpe) {
  const Link& link = network_.at(network_.find_link("transit-1 - spoke1").value());
  EXPECT_EQ(link.tunnel_count, 1u);
  // Outer IPv4 20, UDP 8, ESP 8, IV 16, ICV 16; AES blocks.
  EXPECT_EQ(link.encapsulation.fixed_bytes, 68u);
  EXPECT_EQ(link.encapsulation.block, 16u);
  EXPECT_EQ(link.mtu, 1500u);
}

TEST_F(FirstLab, HaLinkRunsOnPrivateAddresses) {
  const Link& link = network_.at(network_.find_link("transit-1 - transit-1-hagw").value());
  EXPECT_EQ(link.encapsulation.fixed_bytes, 60u);
}

TEST_F(FirstLab, V23_PropagationOnlyOnTheLanSubnets) {
  for (const Subnet& subnet : network_.subnets) {
    if (network_.at(subnet.vnet).name != "transit-1") continue;
    const RouteTable& table = network_.at(subnet.route_table.value());
    EXPECT_EQ(table.name, subnet.name + "-rtb");
    EXPECT_TRUE(table.managed_by_aviatrix);
    EXPECT_EQ(table.bgp_route_propagation_enabled, subnet.name.ends_with("bgp_lan")) << table.name;
  }
  for (const Subnet& subnet : network_.subnets) {
    if (network_.at(subnet.vnet).name != "transit-2") continue;
    EXPECT_TRUE(network_.at(subnet.route_table.value()).bgp_route_propagation_enabled);
  }
}

TEST_F(FirstLab, PrivateSubnetsHaveNoDefaultRoute) {
  size_t private_tables = 0;
  for (const RouteTable& table : network_.route_tables) {
    EXPECT_EQ(table.is_private_subnet, table.name.find("-Private-") != std::string::npos);
    if (!table.is_private_subnet) {
      EXPECT_TRUE(table.routes.empty()) << table.name;
      continue;
    }
    ++private_tables;
    ASSERT_EQ(table.routes.size(), 1u);
    EXPECT_EQ(table.routes[0].address_prefix, Ipv4Prefix::everything());
    EXPECT_EQ(table.routes[0].next_hop_type, lab::NextHopType::None);
  }
  EXPECT_EQ(private_tables, 4u);
}

TEST_F(FirstLab, V53_OnlyAviatrixGatewaysAreSeenByTraceroute) {
  for (const Router& router : network_.routers) {
    const auto* id = std::get_if<GatewayId>(&router.what);
    const bool is_aviatrix = id != nullptr && (network_.at(*id).kind == GatewayKind::transit ||
                                               network_.at(*id).kind == GatewayKind::spoke);
    EXPECT_EQ(router.decrements_ttl, is_aviatrix) << router.name;
    EXPECT_EQ(router.answers_icmp, is_aviatrix) << router.name;
  }
}

TEST_F(FirstLab, A38_RouteServersNeverForward) {
  EXPECT_FALSE(gateway(network_, "routerserver-0").router);
  EXPECT_FALSE(network_.find_router("routerserver-0"));
  EXPECT_TRUE(gateway(network_, "vng-0").router);
}

TEST_F(FirstLab, FabricRouterPerSubnetWithANic) {
  Strings fabrics;
  for (const Router& router : network_.routers) {
    if (std::holds_alternative<SubnetId>(router.what)) {
      fabrics.push_back(router.name + " " + router.address.to_string());
    }
  }
  EXPECT_EQ(fabrics, (Strings{"ars-vng-network/RouteServerSubnet 10.0.10.1",
                              "ars-vng-network/GatewaySubnet 10.0.10.129",
                              "transit-1/gwhp-subnet-10-0-21-128-26 10.0.21.129",
                              "transit-1/gwhp-subnet-10-0-21-192-26 10.0.21.193",
                              "transit-1/av-gw-transit-1-eth1-bgp_lan 10.0.20.65",
                              "transit-1/av-gw-transit-1-hagw-eth1-bgp_lan 10.0.20.73",
                              "transit-2/transit-2-Public-gateway-and-firewall-mgmt-1 10.0.100.33",
                              "transit-2/transit-2-Public-gateway-and-firewall-mgmt-2 10.0.100.49",
                              "spoke1/spoke1-Public-gateway-subnet-1 10.0.30.1",
                              "spoke2/spoke2-Public-gateway-subnet-1 10.0.110.1"}));
}

TEST_F(FirstLab, FabricReachesEveryPossibleNextHop) {
  const auto linked = [&](std::string_view a, std::string_view b) {
    return network_.link_between(network_.find_router(a).value(), network_.find_router(b).value())
        .has_value();
  };
  // V22: the LAN subnets send to both VPN gateway instances, in the peered VNet.
  EXPECT_TRUE(linked("transit-1/av-gw-transit-1-eth1-bgp_lan", "vng-0"));
  EXPECT_TRUE(linked("transit-1/av-gw-transit-1-eth1-bgp_lan", "vng-1"));
  // A62: GatewaySubnet sends to the transits' LAN addresses.
  EXPECT_TRUE(linked("ars-vng-network/GatewaySubnet", "transit-1"));
  EXPECT_TRUE(linked("ars-vng-network/GatewaySubnet", "transit-1-hagw"));
  EXPECT_TRUE(linked("vng-0", "vng-1"));
  EXPECT_TRUE(linked("spoke1", "spoke1/spoke1-Public-gateway-subnet-1"));
  EXPECT_FALSE(linked("spoke1/spoke1-Public-gateway-subnet-1", "transit-1"));
  EXPECT_FALSE(linked("transit-2", "vng-1"));
}

TEST_F(FirstLab, NoTwoLinksJoinTheSameRouters) {
  std::set<std::pair<RouterId, RouterId>> pairs;
  for (const Link& link : network_.links) {
    EXPECT_TRUE(pairs.emplace(std::min(link.a, link.b), std::max(link.a, link.b)).second)
        << link.name;
  }
}

TEST_F(FirstLab, PeeringIsConnectedBothWays) {
  ASSERT_EQ(network_.peerings.size(), 2u);
  EXPECT_EQ(network_.peerings[0].state, PeeringState::Connected);
  EXPECT_EQ(network_.peerings[0].reverse, PeeringId(1));
  EXPECT_EQ(network_.peerings[1].reverse, PeeringId(0));
  EXPECT_FALSE(network_.peerings[0].is_global);
}

TEST_F(FirstLab, RouteServerLimitsOfToday) {
  const RouteServer& server = network_.route_servers.front();
  EXPECT_EQ(server.max_prefixes_per_peer, 4000u);
  EXPECT_EQ(server.max_prefixes_to_gateway, 0u);
  EXPECT_EQ(server.max_prefixes, 10'000u);
  EXPECT_EQ(server.max_peers, 8u);
  EXPECT_TRUE(server.branch_to_branch);
}

TEST(Limits, V55_OfOctober2022) {
  lab::Lab lab = first_lab();
  lab.limits.route_server = "seed-2022";
  const Network network = derive(lab).network;
  EXPECT_EQ(network.route_servers.front().max_prefixes_per_peer, 1000u);
  EXPECT_EQ(network.route_servers.front().max_prefixes_to_gateway, 200u);
  EXPECT_EQ(network.route_servers.front().max_prefixes, 0u);
}

TEST(Limits, V55_EachOfTheYearsCanBeSet) {
  lab::Lab lab = first_lab();
  lab.limits = {.route_server = "seed-2022",
                .route_server_peers = 2,
                .route_server_routes_to_gateway = 0,
                .route_server_routes = 77,
                .vpn_gateway_routes_per_peer = 9};
  const DeriveResult derived = derive(lab);
  const RouteServer& server = derived.network.route_servers.front();
  EXPECT_EQ(server.max_peers, 2u);
  EXPECT_EQ(server.max_prefixes_per_peer, 1000u);
  EXPECT_EQ(server.max_prefixes_to_gateway, 0u);
  EXPECT_EQ(server.max_prefixes, 77u);
  EXPECT_EQ(derived.network.vpn_gateways.front().max_prefixes_per_peer, 9u);
  EXPECT_FALSE(lab::has_errors(derived.diagnostics));
  lab.limits.route_server_peers = 1;
  const auto found = findings(derive(lab).diagnostics);
  EXPECT_TRUE(std::ranges::any_of(found, [](const std::string& each) {
    return each.starts_with("error A9 azurerm_route_server_bgp_connection.");
  }));
}

TEST_F(FirstLab, EveryDerivedValueHasAFactWithItsReason) {
  std::set<std::pair<std::string, std::string>> known;
  for (const Fact& fact : network_.facts) {
    EXPECT_FALSE(fact.reason.empty()) << fact.subject << " " << fact.attribute;
    EXPECT_FALSE(fact.value.empty()) << fact.subject << " " << fact.attribute;
    known.emplace(fact.subject, fact.attribute);
  }
  const auto expect = [&](const std::string& subject, const std::string& attribute) {
    EXPECT_TRUE(known.contains({subject, attribute})) << subject << " " << attribute;
  };
  for (const Subnet& subnet : network_.subnets) {
    const std::string name = network_.at(subnet.vnet).name + "/" + subnet.name;
    if (network_.at(subnet.vnet).made_by_aviatrix) {
      expect(name, "address_prefix");
      expect(name, "route_table");
    }
    if (subnet.router) expect(name, "router");
  }
  for (const RouteTable& table : network_.route_tables) {
    expect(table.name, "bgp_route_propagation_enabled");
    if (!table.routes.empty()) expect(table.name, "route");
  }
  for (const Nic& nic : network_.nics) expect(nic.name, "private_ip");
  for (const Gateway& each : network_.gateways) {
    expect(each.name, "public_ip");
    if (each.name != each.resource) expect(each.name, "name");
  }
  for (const Link& link : network_.links) {
    if (link.kind == LinkKind::fabric) continue;
    expect(link.name, "tunnels");
    expect(link.name, "overhead");
    expect(link.name, "mtu");
  }
  for (const Session& session : network_.sessions) expect(session.name, "session");
  for (const RouteServer& server : network_.route_servers) {
    expect(server.name, "asn");
    expect(server.name, "max_prefixes_per_peer");
    expect(server.name, "max_prefixes_to_gateway");
  }
  for (const Peering& peering : network_.peerings) expect(peering.name, "state");
}

}  // namespace
}  // namespace skyhop::cloud::test
