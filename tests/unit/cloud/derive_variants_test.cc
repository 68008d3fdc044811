// Labs that differ from the first one in one thing.
#include <gtest/gtest.h>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

using Strings = std::vector<std::string>;

Strings sessions_with_problem(const Network& network) {
  Strings names;
  for (const Session& session : network.sessions) {
    if (!session.problem.empty()) names.push_back(session.name);
  }
  return names;
}

/// Tunnels of one external connection.
Strings tunnels_of(const Network& network, std::string_view connection_name) {
  Strings names;
  for (const Link& link : network.links) {
    if (link.connection == connection_name) names.push_back(link.name);
  }
  return names;
}

TEST(Variants, V6_WithoutHaThereIsNoTwin) {
  lab::Lab lab = first_lab();
  named(lab.transit_gateways, "transit-2").ha_gw = false;
  lab.local_network_gateways.pop_back();
  lab.virtual_network_gateway_connections.pop_back();
  auto& conn = connection(lab, "transit-2-to-vng");
  conn.local_tunnel_cidr.pop_back();
  conn.remote_tunnel_cidr.pop_back();
  const DeriveResult result = derive(lab);
  EXPECT_FALSE(result.network.find_gateway("transit-2-hagw"));
  EXPECT_FALSE(gateway(result.network, "transit-2").twin);
  EXPECT_EQ(tunnels_of(result.network, "transit-2-to-vng"), (Strings{"transit-2 - vng-0"}));
  // V15: the second address of the VPN gateway has nobody to connect to it.
  EXPECT_EQ(findings(result.diagnostics),
            (Strings{"warning V15 aviatrix_transit_external_device_conn.transit-2-to-vng."
                     "remote_gateway_ip"}));
}

TEST(Variants, V6_SpokeWithTwinHasFourTunnels) {
  lab::Lab lab = first_lab();
  named(lab.spoke_gateways, "spoke1").ha_gw = true;
  const Network network = derive(lab).network;
  EXPECT_EQ(nic_address(network, "spoke1"), address("10.0.30.4"));
  EXPECT_EQ(nic_address(network, "spoke1-hagw"), address("10.0.30.5"));
  EXPECT_EQ(network.at(network.vms[0].nic).address, address("10.0.30.6"));
  EXPECT_EQ(network.attachments[0].links.size(), 4u);
  EXPECT_TRUE(network.find_link("spoke1-hagw - transit-1-hagw"));
  EXPECT_EQ(network.at(network.find_link("spoke1 - spoke1-hagw").value()).kind, LinkKind::ha);
}

TEST(Variants, ForwardingTablesAreRteLpmUnlessTheLabNamesOthers) {
  lab::Lab lab = first_lab();
  for (const Router& router : derive(lab).network.routers) {
    EXPECT_EQ(router.table, lpm::TableChoice::rte_lpm) << router.name;
    EXPECT_EQ(router.table_reason, "the default");
  }
  lab.settings.forwarding_table = lpm::TableChoice::automatic;
  lab.forwarding_tables = {{"transit-1-hagw", lpm::TableChoice::popline},
                           {"spoke1/spoke1-Public-gateway-subnet-1", lpm::TableChoice::rte_lpm}};
  const DeriveResult result = derive(lab);
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  for (const Router& router : result.network.routers) {
    const bool is_twin = router.name == "transit-1-hagw";
    const bool is_named = is_twin || router.name == "spoke1/spoke1-Public-gateway-subnet-1";
    const auto named = is_twin ? lpm::TableChoice::popline : lpm::TableChoice::rte_lpm;
    EXPECT_EQ(router.table, is_named ? named : lpm::TableChoice::automatic) << router.name;
    EXPECT_EQ(router.table_reason, is_named ? "forwarding_tables" : "settings.forwarding_table");
  }
}

TEST(Variants, V47_TwoHpeEndsBundleTunnelsOverANativePeering) {
  lab::Lab lab = first_lab();
  named(lab.spoke_gateways, "spoke1").insane_mode = true;
  lab.settings.hpe_tunnels = 25;
  const DeriveResult result = derive(lab);
  const Network& network = result.network;
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  EXPECT_EQ(nic_address(network, "spoke1"), address("10.0.30.132"));
  const Link& link = network.at(network.find_link("spoke1 - transit-1").value());
  EXPECT_EQ(link.tunnel_count, 25u);
  EXPECT_EQ(link.encapsulation.fixed_bytes, 60u);
  ASSERT_EQ(network.peerings.size(), 4u);
  EXPECT_EQ(network.peerings[2].state, PeeringState::Connected);
  EXPECT_EQ(network.at(network.peerings[2].local).name, "spoke1");
  EXPECT_TRUE(network.peerings[2].allow_forwarded_traffic);
  EXPECT_FALSE(network.peerings[2].use_remote_gateways);
}

TEST(Variants, V47_HpeSpokeOnAPlainTransitHasOneTunnelPerPair) {
  lab::Lab lab = first_lab();
  named(lab.spoke_gateways, "spoke2").insane_mode = true;
  const Network network = derive(lab).network;
  EXPECT_EQ(network.at(network.find_link("spoke2 - transit-2").value()).tunnel_count, 1u);
  EXPECT_EQ(network.peerings.size(), 2u);
}

TEST(Variants, V5_SecondLanInterfaceFollowsTheFirstOfTheSameGateway) {
  lab::Lab lab = first_lab();
  named(lab.transit_gateways, "transit-1").bgp_lan_interfaces_count = 2;
  lab.route_server_bgp_connections[1].peer_ip = "transit-1-hagw";
  const DeriveResult result = derive(lab);
  EXPECT_EQ(nic_address(result.network, "transit-1", 1), address("10.0.20.68"));
  EXPECT_EQ(nic_address(result.network, "transit-1", 2), address("10.0.20.76"));
  EXPECT_EQ(nic_address(result.network, "transit-1-hagw", 1), address("10.0.20.84"));
  EXPECT_EQ(sessions_with_problem(result.network), Strings{});
}

TEST(Variants, V8_WithoutActiveMeshEachGatewayHasOneSession) {
  lab::Lab lab = first_lab();
  connection(lab, "transit-1-to-routerserver").enable_bgp_lan_activemesh = false;
  const DeriveResult result = derive(lab);
  const auto& network = result.network;
  EXPECT_EQ(network.at(network.find_session("transit-1 - routerserver-0").value()).problem, "");
  EXPECT_EQ(network.at(network.find_session("transit-1-hagw - routerserver-1").value()).problem,
            "");
  // The route server's connections still have both instances; their other halves are missing.
  EXPECT_EQ(sessions_with_problem(network),
            (Strings{"transit-1 - routerserver-1", "transit-1-hagw - routerserver-0"}));
}

TEST(Variants, SingleLanSessionWithoutHa) {
  lab::Lab lab = first_lab();
  auto& conn = connection(lab, "transit-1-to-routerserver");
  conn.ha_enabled = false;
  conn.enable_bgp_lan_activemesh = false;
  const Network network = derive(lab).network;
  EXPECT_EQ(network.at(network.find_session("transit-1 - routerserver-0").value()).problem, "");
  EXPECT_EQ(sessions_with_problem(network).size(), 3u);
}

TEST(Variants, V9_RouteServerConnectionWithoutAnAviatrixPeer) {
  lab::Lab lab = first_lab();
  lab.transit_external_device_conns.erase(lab.transit_external_device_conns.begin());
  const DeriveResult result = derive(lab);
  EXPECT_EQ(sessions_with_problem(result.network),
            (Strings{"transit-1 - routerserver-0", "transit-1 - routerserver-1",
                     "transit-1-hagw - routerserver-0", "transit-1-hagw - routerserver-1"}));
  EXPECT_FALSE(lab::has_errors(result.diagnostics));
}

TEST(Variants, V9_AviatrixPeerWithoutARouteServerConnection) {
  lab::Lab lab = first_lab();
  lab.route_server_bgp_connections.pop_back();
  const DeriveResult result = derive(lab);
  EXPECT_EQ(sessions_with_problem(result.network),
            (Strings{"transit-1-hagw - routerserver-0", "transit-1-hagw - routerserver-1"}));
  const std::string path =
      "warning V9 aviatrix_transit_external_device_conn."
      "transit-1-to-routerserver";
  EXPECT_EQ(findings(result.diagnostics), (Strings{path, path}));
}

TEST(Variants, V9_AsnOfARouteServerConnectionDiffers) {
  lab::Lab lab = first_lab();
  lab.route_server_bgp_connections[0].peer_asn = 65021;
  const Network network = derive(lab).network;
  EXPECT_EQ(sessions_with_problem(network),
            (Strings{"transit-1 - routerserver-0", "transit-1 - routerserver-1"}));
  EXPECT_EQ(network.sessions[0].problem,
            "routerserver-0 expects AS 65021, but transit-1 is AS 65020");
}

TEST(Variants, V16_OneRemoteAddressMakesTwoTunnelsToIt) {
  lab::Lab lab = first_lab();
  connection(lab, "transit-2-to-vng").remote_gateway_ip = {"203.0.113.11"};
  named(lab.local_network_gateways, "transit-2-hagw").bgp_peering_address = address("169.254.22.2");
  const Network network = derive(lab).network;
  EXPECT_EQ(tunnels_of(network, "transit-2-to-vng"),
            (Strings{"transit-2 - vng-0", "transit-2-hagw - vng-0"}));
  const Link& second = network.at(network.find_link("transit-2-hagw - vng-0").value());
  EXPECT_EQ(second.a_address, address("169.254.22.2"));
  // vng-0 has no address in 169.254.22.0/30, so this one never speaks BGP.
  EXPECT_EQ(sessions_with_problem(network), (Strings{"transit-2-hagw - vng-0"}));
}

TEST(Variants, V17_HaEnabledMakesFourTunnels) {
  lab::Lab lab = first_lab();
  make_four_tunnels(lab);
  const DeriveResult result = derive(lab);
  EXPECT_FALSE(lab::has_errors(result.diagnostics));
  EXPECT_EQ(tunnels_of(result.network, "transit-2-to-vng"),
            (Strings{"transit-2 - vng-0", "transit-2-hagw - vng-0", "transit-2 - vng-1",
                     "transit-2-hagw - vng-1"}));
}

TEST(Variants, InnerAddressesAreDerivedWhenNoneAreWritten) {
  lab::Lab lab = first_lab();
  auto& conn = connection(lab, "transit-2-to-vng");
  conn.local_tunnel_cidr.clear();
  conn.remote_tunnel_cidr.clear();
  const Network network = derive(lab).network;
  const Link& link = network.at(network.find_link("transit-2-hagw - vng-1").value());
  EXPECT_EQ(link.a_address, address("169.254.101.5"));
  EXPECT_EQ(link.b_address, address("169.254.101.6"));
}

TEST(Variants, SingleVpnGatewayInstance) {
  lab::Lab lab = first_lab();
  auto& vng = named(lab.virtual_network_gateways, "vng");
  vng.active_active = false;
  vng.apipa_addresses.pop_back();
  const DeriveResult result = derive(lab);
  EXPECT_FALSE(result.network.find_gateway("vng-1"));
  EXPECT_FALSE(gateway(result.network, "vng-0").twin);
  EXPECT_FALSE(result.network.find_session("vng-0 - vng-1"));
  // A39: not next to a route server.
  EXPECT_TRUE(lab::has_errors(result.diagnostics));
}

TEST(Variants, A32_SessionsStayWithBranchToBranchOff) {
  lab::Lab lab = first_lab();
  lab.route_servers[0].branch_to_branch_traffic_enabled = false;
  const DeriveResult result = derive(lab);
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  EXPECT_FALSE(result.network.route_servers[0].branch_to_branch);
  EXPECT_EQ(
      result.network.at(result.network.find_session("vng-1 - routerserver-0").value()).problem, "");
}

TEST(Variants, V14_AnotherAsNumberKeepsTheVpnGatewayFromTheRouteServer) {
  lab::Lab lab = first_lab();
  lab.virtual_network_gateways[0].asn = 65001;
  connection(lab, "transit-2-to-vng").bgp_remote_as_num = 65001;
  const DeriveResult result = derive(lab);
  EXPECT_EQ(findings(result.diagnostics),
            (Strings{"warning V14 azurerm_virtual_network_gateway.vng.bgp_settings.asn"}));
  EXPECT_EQ(sessions_with_problem(result.network).size(), 4u);
}

TEST(Variants, A65_UserRouteOverRouteServerSubnetBreaksItsSessions) {
  lab::Lab lab = first_lab();
  lab.route_tables = {{.name = "gw",
                       .routes = {{.name = "all",
                                   .address_prefix = prefix("10.0.10.0/24"),
                                   .next_hop_type = lab::NextHopType::None}}}};
  lab.virtual_networks[0].subnets[1].route_table = "gw";
  const DeriveResult broken = derive(lab);
  EXPECT_EQ(findings(broken.diagnostics),
            (Strings{"warning A65 azurerm_virtual_network.ars-vng-network.subnet.GatewaySubnet."
                     "route_table"}));
  EXPECT_EQ(sessions_with_problem(broken.network).size(), 4u);
  lab.route_tables[0].routes.push_back({.name = "servers",
                                        .address_prefix = prefix("10.0.10.0/25"),
                                        .next_hop_type = lab::NextHopType::VnetLocal});
  EXPECT_EQ(sessions_with_problem(derive(lab).network), Strings{});
}

TEST(Variants, A65_ShorterUserRouteLosesToTheVnetsOwn) {
  lab::Lab lab = first_lab();
  lab.route_tables = {{.name = "gw",
                       .routes = {{.name = "all",
                                   .address_prefix = prefix("10.0.0.0/8"),
                                   .next_hop_type = lab::NextHopType::None}}}};
  lab.virtual_networks[0].subnets[1].route_table = "gw";
  EXPECT_EQ(sessions_with_problem(derive(lab).network), Strings{});
}

TEST(Variants, V18_TwoResponderOnlyEndsNeverStart) {
  lab::Lab lab = first_lab();
  lab.transit_external_device_conns.pop_back();
  lab.virtual_networks.push_back(
      {.name = "far",
       .address_space = {prefix("10.9.0.0/24")},
       .subnets = {{.name = "GatewaySubnet", .address_prefixes = {prefix("10.9.0.0/27")}}}});
  lab.virtual_network_gateways.push_back({.name = "far",
                                          .virtual_network_name = "far",
                                          .sku = "VpnGw1",
                                          .public_ip_addresses = {address("203.0.113.99")}});
  lab.local_network_gateways = {{.name = "to-far",
                                 .gateway_address = "203.0.113.99",
                                 .address_space = {prefix("10.9.0.0/24")}},
                                {.name = "to-vng",
                                 .gateway_address = "203.0.113.11",
                                 .address_space = {prefix("10.0.10.0/24")}}};
  lab.virtual_network_gateway_connections = {
      {.name = "out",
       .virtual_network_gateway = "vng",
       .local_network_gateway = "to-far",
       .connection_mode = lab::ConnectionMode::ResponderOnly},
      {.name = "back",
       .virtual_network_gateway = "far",
       .local_network_gateway = "to-vng",
       .connection_mode = lab::ConnectionMode::ResponderOnly}};
  const DeriveResult down = derive(lab);
  const Link& link = down.network.at(down.network.find_link("vng-0 - far-0").value());
  EXPECT_EQ(link.problem, "both ends are ResponderOnly: neither starts");
  lab.virtual_network_gateway_connections[1].connection_mode = lab::ConnectionMode::Default;
  const Network up = derive(lab).network;
  EXPECT_EQ(up.at(up.find_link("vng-0 - far-0").value()).problem, "");
  // Without BGP the far side's space is a static route over the tunnel, and there is no session.
  ASSERT_EQ(up.vpn_gateways[0].static_routes.size(), 1u);
  EXPECT_EQ(up.vpn_gateways[0].static_routes[0].prefix, prefix("10.9.0.0/24"));
  EXPECT_EQ(up.vpn_gateways[0].static_routes[0].links,
            std::vector{up.find_link("vng-0 - far-0").value()});
  EXPECT_FALSE(up.find_session("vng-0 - far-0"));
}

TEST(Variants, A48_DifferentPoliciesMakeNoTunnel) {
  lab::Lab lab = first_lab();
  connection(lab, "transit-2-to-vng").ipsec_policy.pfs_group = "PFS2048";
  const DeriveResult result = derive(lab);
  const Link& link = result.network.at(result.network.find_link("transit-2 - vng-0").value());
  EXPECT_EQ(link.problem, "the IPsec policies differ in pfs_group: PFS2048 against None");
  EXPECT_EQ(result.network.at(result.network.find_session("transit-2 - vng-0").value()).problem,
            "its tunnel stays down: " + link.problem);
  EXPECT_FALSE(lab::has_errors(result.diagnostics));
}

TEST(Variants, A48_Ikev1AgainstAzuresIkev2) {
  lab::Lab lab = first_lab();
  connection(lab, "transit-2-to-vng").enable_ikev2 = false;
  const Network network = derive(lab).network;
  EXPECT_EQ(network.at(network.find_link("transit-2 - vng-0").value()).problem,
            "one end speaks IKEv1 and the other IKEv2");
}

TEST(Variants, V9_TunnelWithoutAnAzureConnection) {
  lab::Lab lab = first_lab();
  lab.virtual_network_gateway_connections.pop_back();
  const DeriveResult result = derive(lab);
  EXPECT_EQ(result.network.at(result.network.find_link("transit-2-hagw - vng-1").value()).problem,
            "vng-1 has no connection to transit-2-hagw");
  EXPECT_EQ(sessions_with_problem(result.network), (Strings{"transit-2-hagw - vng-1"}));
}

TEST(Variants, V9_BgpAddressesThatDoNotMeet) {
  lab::Lab lab = first_lab();
  lab.local_network_gateways[0].bgp_peering_address = address("169.254.21.6");
  const Network network = derive(lab).network;
  EXPECT_EQ(network.at(network.find_session("transit-2 - vng-0").value()).problem,
            "vng-0 expects its peer at 169.254.21.6, but it is at 169.254.21.2");
  EXPECT_EQ(network.at(network.find_link("transit-2 - vng-0").value()).problem, "");
}

TEST(Variants, ExplicitVmAddressesComeBeforeDynamicOnes) {
  lab::Lab lab = first_lab();
  lab.virtual_machines.push_back({.name = "fixed",
                                  .virtual_network_name = "spoke1",
                                  .private_ip_address = address("10.0.30.5")});
  const DeriveResult result = derive(lab);
  const Network& network = result.network;
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  EXPECT_EQ(network.at(network.at(network.find_vm("fixed").value()).nic).address,
            address("10.0.30.5"));
  EXPECT_EQ(network.at(network.at(network.find_vm("spoke1-test-vm").value()).nic).address,
            address("10.0.30.6"));
}

TEST(Variants, PublicAddressesGivenByTheUserAreKept) {
  lab::Lab lab = first_lab();
  lab.virtual_network_gateways[0].public_ip_addresses = {address("203.0.113.10"),
                                                         address("192.0.2.7")};
  const DeriveResult result = derive(lab);
  EXPECT_FALSE(lab::has_errors(result.diagnostics));
  EXPECT_EQ(gateway(result.network, "vng-0").public_ip, address("203.0.113.10"));
  EXPECT_EQ(gateway(result.network, "routerserver-0").public_ip, address("203.0.113.11"));
  EXPECT_TRUE(result.network.find_link("transit-2-hagw - vng-1"));
}

TEST(Variants, TimelineSpokeIsThereButNotPresent) {
  lab::Lab lab = first_lab();
  lab.spoke_gateways.push_back({.name = "spoke3",
                                .cidr = prefix("10.0.120.0/24"),
                                .transit_gw = "transit-2",
                                .added_by_timeline = true});
  const DeriveResult result = derive(lab);
  const Network& network = result.network;
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  EXPECT_FALSE(gateway(network, "spoke3").present_at_start);
  for (const Link& link : network.links) {
    const bool is_of_spoke3 = link.name.find("spoke3") != std::string::npos;
    EXPECT_EQ(link.present_at_start, !is_of_spoke3) << link.name;
  }
  EXPECT_TRUE(network.find_link("spoke3 - transit-2-hagw"));
}

TEST(Variants, PeeringAcrossRegionsIsGlobal) {
  lab::Lab lab = first_lab();
  lab.virtual_networks[0].location = "westeurope";
  EXPECT_TRUE(derive(lab).network.peerings[0].is_global);
  lab.virtual_networks[0].location = "eastus";
  EXPECT_FALSE(derive(lab).network.peerings[0].is_global);
}

}  // namespace
}  // namespace skyhop::cloud::test
