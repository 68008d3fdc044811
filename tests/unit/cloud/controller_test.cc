#include "control/cloud/aviatrix/controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "control/cloud/aviatrix/egress.h"
#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::aviatrix {
namespace {

/// One transit pair with a BGP LAN; spoke1 alone, spoke2 with a twin, both attached.
struct ControllerRules : testing::Test, NetworkBuilder {
  VnetId transit_vnet = vnet("transit-1", {"10.0.20.0/23"});
  VnetId spoke1_vnet = vnet("spoke1", {"10.0.30.0/24"});
  VnetId spoke2_vnet = vnet("spoke2", {"10.0.31.0/24"});
  SubnetId eth0 = subnet(transit_vnet, "gwhp-1", "10.0.21.128/26");
  SubnetId eth0_ha = subnet(transit_vnet, "gwhp-2", "10.0.21.192/26");
  SubnetId lan1 = subnet(transit_vnet, "bgp_lan-1", "10.0.20.64/29");
  SubnetId lan2 = subnet(transit_vnet, "bgp_lan-2", "10.0.20.72/29");
  SubnetId transit_workload = subnet(transit_vnet, "fw", "10.0.20.0/28");
  SubnetId gw1 = subnet(spoke1_vnet, "Public-gateway-subnet-1", "10.0.30.0/28");
  SubnetId private1 = subnet(spoke1_vnet, "Private-subnet-1", "10.0.30.32/28");
  SubnetId gw2 = subnet(spoke2_vnet, "Public-gateway-subnet-1", "10.0.31.0/28");
  SubnetId public2 = subnet(spoke2_vnet, "Public-subnet-1", "10.0.31.16/28");
  GatewayId t1 = gateway("transit-1", "transit-1", GatewayKind::transit, eth0, "10.0.21.132", 0);
  GatewayId t2 =
      gateway("transit-1-hagw", "transit-1", GatewayKind::transit, eth0_ha, "10.0.21.196", 1);
  GatewayId s1 = gateway("spoke1", "spoke1", GatewayKind::spoke, gw1, "10.0.30.4");
  GatewayId s2 = gateway("spoke2", "spoke2", GatewayKind::spoke, gw2, "10.0.31.4", 0);
  GatewayId s2h = gateway("spoke2-hagw", "spoke2", GatewayKind::spoke, gw2, "10.0.31.5", 1);
  GatewayId ars0;
  GatewayId ars1;
  NicId lan_nic1 = lan(t1, lan1, "10.0.20.68");
  NicId lan_nic2 = lan(t2, lan2, "10.0.20.76");
  LinkId s1_t1 = link(s1, t1), s1_t2 = link(s1, t2), s2_t1 = link(s2, t1), s2_t2 = link(s2, t2),
         s2h_t1 = link(s2h, t1), s2h_t2 = link(s2h, t2);
  LinkId transit_ha = twins(t1, t2), spoke2_ha = twins(s2, s2h);
  RouteTableId gw1_table = managed(gw1), private1_table = managed(private1),
               gw2_table = managed(gw2), public2_table = managed(public2),
               lan1_table = managed(lan1), workload_table = managed(transit_workload);

  lab::Lab lab;
  Configuration configuration;
  std::vector<std::vector<LearnedRoute>> learned;

  ControllerRules() {
    table(private1_table).is_private_subnet = true;
    const VnetId hub = vnet("hub", {"10.0.10.0/24"});
    const SubnetId servers = subnet(hub, "RouteServerSubnet", "10.0.10.0/25");
    ars0 = gateway("routerserver-0", "routerserver", GatewayKind::route_server_instance, servers,
                   "10.0.10.4", 0);
    ars1 = gateway("routerserver-1", "routerserver", GatewayKind::route_server_instance, servers,
                   "10.0.10.5", 1);
    lab.transit_gateways.push_back({.name = "transit-1", .local_as_number = 65020});
    lab.spoke_gateways.push_back({.name = "spoke1", .transit_gw = "transit-1"});
    lab.spoke_gateways.push_back({.name = "spoke2", .transit_gw = "transit-1"});
    learned.resize(network.gateways.size());
    configuration.included_advertised_spoke_routes.resize(network.gateways.size());
    configuration.present.assign(network.gateways.size(), true);
  }

  RouteTableId managed(SubnetId subnet) {
    const RouteTableId id = route_table(subnet);
    table(id).managed_by_aviatrix = true;
    return id;
  }

  lab::TransitGateway& transit() { return lab.transit_gateways.front(); }
  lab::SpokeGateway& spoke1() { return lab.spoke_gateways.front(); }

  void learn(GatewayId gateway, std::initializer_list<std::string_view> prefixes) {
    for (const Ipv4Prefix prefix : nets(prefixes)) {
      learned[gateway.index()].push_back({prefix, {65515, 65100}});
    }
  }
  void learn_on_both(std::initializer_list<std::string_view> prefixes) {
    learn(t1, prefixes);
    learn(t2, prefixes);
  }

  Program run() { return program(network, lab, configuration, learned); }

  static std::vector<Ipv4Prefix> told(const Program& program, GatewayId gateway) {
    std::vector<Ipv4Prefix> prefixes;
    for (const Origination& each : program.originate[gateway.index()]) {
      prefixes.push_back(each.prefix);
    }
    return prefixes;
  }
  const GatewayTableRoute* route(const Program& program, GatewayId gateway,
                                 std::string_view prefix) {
    for (const GatewayTableRoute& route : program.gateway_routes[gateway.index()]) {
      if (route.prefix == net(prefix)) return &route;
    }
    return nullptr;
  }
  static std::vector<std::string> shown(const std::vector<lab::UserRoute>& routes) {
    std::vector<std::string> lines;
    for (const lab::UserRoute& route : routes) {
      lines.push_back(route.address_prefix.to_string() + " " +
                      route.next_hop_in_ip_address.value().to_string());
    }
    return lines;
  }
  std::vector<std::string> udrs(const Program& program, RouteTableId table) {
    return shown(program.route_tables[table.index()]);
  }
};

using Lines = std::vector<std::string>;

TEST_F(ControllerRules, V25_Rfc1918PointsToTheSpokeGateway) {
  const Program result = run();
  const Lines expected{"10.0.0.0/8 10.0.30.4", "172.16.0.0/12 10.0.30.4",
                       "192.168.0.0/16 10.0.30.4"};
  EXPECT_EQ(udrs(result, gw1_table), expected);
  EXPECT_EQ(udrs(result, private1_table), expected);
  EXPECT_EQ(result.route_tables[gw1_table.index()][0].next_hop_type,
            lab::NextHopType::VirtualAppliance);
}

TEST_F(ControllerRules, TablesAreSharedOutBetweenTheTwins) {
  const Program result = run();
  EXPECT_EQ(udrs(result, gw2_table)[0], "10.0.0.0/8 10.0.31.4");
  EXPECT_EQ(udrs(result, public2_table)[0], "10.0.0.0/8 10.0.31.5");
  configuration.present[s2h.index()] = false;
  EXPECT_EQ(udrs(run(), public2_table)[0], "10.0.0.0/8 10.0.31.4");
}

TEST_F(ControllerRules, UnattachedSpokeIsNotProgrammed) {
  spoke1().transit_gw.clear();
  const Program result = run();
  EXPECT_TRUE(udrs(result, gw1_table).empty());
  ASSERT_EQ(result.gateway_routes[s1.index()].size(), 1u);
  EXPECT_TRUE(result.gateway_routes[s1.index()][0].via_own_vnet);
  EXPECT_EQ(told(result, t1), nets({"10.0.31.0/24"}));
}

TEST_F(ControllerRules, TransitTableHoldsSpokesAndItsOwnVnet) {
  const Program result = run();
  const auto* spoke = route(result, t1, "10.0.30.0/24");
  ASSERT_NE(spoke, nullptr);
  EXPECT_EQ(spoke->type, RouteType::vpc);
  EXPECT_EQ(spoke->primary, std::vector{s1_t1});
  EXPECT_EQ(spoke->backup, std::vector{transit_ha});
  EXPECT_EQ(route(result, t2, "10.0.31.0/24")->primary, (std::vector{s2_t2, s2h_t2}));
  const auto* own = route(result, t1, "10.0.20.0/23");
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->type, RouteType::linklocal);
  EXPECT_TRUE(own->via_own_vnet);
}

TEST_F(ControllerRules, SpokeGatewayUsesAllTransitTunnels) {
  learn_on_both({"10.0.110.0/24"});
  const Program result = run();
  const auto* at_spoke1 = route(result, s1, "10.0.110.0/24");
  ASSERT_NE(at_spoke1, nullptr);
  EXPECT_EQ(at_spoke1->type, RouteType::bgp);
  EXPECT_EQ(at_spoke1->primary, (std::vector{s1_t1, s1_t2}));
  EXPECT_TRUE(at_spoke1->backup.empty());                                         // no twin
  EXPECT_EQ(route(result, s2, "10.0.110.0/24")->backup, std::vector{spoke2_ha});  // V42
}

TEST_F(ControllerRules, SpokesLearnTheUnionOfBothTransitGateways) {
  learn(t1, {"10.0.110.0/24"});
  learn(t2, {"10.0.120.0/24"});
  const Program result = run();
  EXPECT_EQ(route(result, s1, "10.0.110.0/24")->primary.size(), 2u);
  EXPECT_EQ(route(result, s1, "10.0.120.0/24")->primary.size(), 2u);
}

TEST_F(ControllerRules, V26_V28_V29_IncludedListReplacesTheVnetsRange) {
  EXPECT_EQ(told(run(), t1), nets({"10.0.30.0/24", "10.0.31.0/24"}));
  auto& list = configuration.included_advertised_spoke_routes[s1.index()];
  list = nets({"10.0.120.0/24", "100.64.110.0/24"});
  Program result = run();
  EXPECT_EQ(told(result, t1), nets({"10.0.31.0/24", "10.0.120.0/24", "100.64.110.0/24"}));
  EXPECT_EQ(told(result, t2), told(result, t1));
  EXPECT_EQ(route(result, t1, "10.0.30.0/24"), nullptr);
  EXPECT_EQ(route(result, t1, "100.64.110.0/24")->primary, std::vector{s1_t1});
  EXPECT_TRUE(route(result, s1, "10.0.30.0/24")->via_own_vnet);  // V28: except locally
  list.clear();
  result = run();
  EXPECT_EQ(told(result, t1), nets({"10.0.30.0/24", "10.0.31.0/24"}));
  EXPECT_EQ(route(result, t1, "100.64.110.0/24"), nullptr);
}

TEST_F(ControllerRules, V27_OnlyRoutesOutsideRfc1918AreProgrammedOneByOne) {
  learn_on_both({"10.0.110.0/24", "10.0.120.0/24", "100.64.110.0/24"});
  const Program result = run();
  EXPECT_EQ(udrs(result, gw1_table),
            (Lines{"10.0.0.0/8 10.0.30.4", "100.64.110.0/24 10.0.30.4", "172.16.0.0/12 10.0.30.4",
                   "192.168.0.0/16 10.0.30.4"}));
  EXPECT_NE(route(result, s1, "10.0.120.0/24"), nullptr);
  EXPECT_NE(route(result, s1, "100.64.110.0/24"), nullptr);
}

TEST_F(ControllerRules, DefaultRouteGoesToPrivateSubnetsOnly) {
  learn_on_both({"0.0.0.0/0"});
  const Program result = run();
  EXPECT_EQ(udrs(result, private1_table).front(), "0.0.0.0/0 10.0.30.4");
  EXPECT_EQ(udrs(result, gw1_table).front(), "10.0.0.0/8 10.0.30.4");
  EXPECT_NE(route(result, s1, "0.0.0.0/0"), nullptr);
}

TEST_F(ControllerRules, V30_ExcludedCidrStaysInside) {
  transit().excluded_advertised_spoke_routes = nets({"10.0.30.0/24"});
  const Program result = run();
  EXPECT_EQ(told(result, t1), nets({"10.0.31.0/24"}));
  EXPECT_NE(route(result, t1, "10.0.30.0/24"), nullptr);
  EXPECT_NE(route(result, s2, "10.0.30.0/24"), nullptr);
}

TEST_F(ControllerRules, V31_CustomizedListIsAllThereIs) {
  learn_on_both({"100.64.110.0/24"});
  spoke1().customized_spoke_vpc_routes = nets({"10.0.110.0/24"});
  transit().customized_spoke_vpc_routes = nets({"172.16.0.0/12"});
  const Program result = run();
  EXPECT_EQ(udrs(result, gw1_table), (Lines{"10.0.110.0/24 10.0.30.4"}));
  EXPECT_EQ(udrs(result, gw2_table), (Lines{"172.16.0.0/12 10.0.31.4"}));  // the transit's
}

TEST_F(ControllerRules, V32_FilterTakesOutWhatItHolds) {
  learn_on_both({"100.64.110.0/24", "10.0.110.0/24"});
  spoke1().filtered_spoke_vpc_routes = nets({"100.64.0.0/10"});
  Program result = run();
  EXPECT_EQ(route(result, s1, "100.64.110.0/24"), nullptr);
  EXPECT_EQ(udrs(result, gw1_table).size(), 3u);
  EXPECT_NE(route(result, s1, "10.0.110.0/24"), nullptr);
  EXPECT_NE(route(result, s2, "100.64.110.0/24"), nullptr);  // another spoke's table

  spoke1().filtered_spoke_vpc_routes = nets({"100.64.110.0/25"});
  result = run();
  EXPECT_NE(route(result, s1, "100.64.110.0/24"), nullptr);
  EXPECT_EQ(udrs(result, gw1_table).size(), 4u);
}

TEST_F(ControllerRules, V33_ConnectedTransit) {
  EXPECT_EQ(route(run(), s1, "10.0.31.0/24")->type, RouteType::vpc);
  EXPECT_NE(route(run(), s2, "10.0.30.0/24"), nullptr);
  transit().connected_transit = false;
  EXPECT_EQ(route(run(), s1, "10.0.31.0/24"), nullptr);
  EXPECT_EQ(route(run(), s2, "10.0.30.0/24"), nullptr);
}

TEST_F(ControllerRules, V34_AdvertiseTransitCidr) {
  learn_on_both({"100.64.110.0/24"});
  EXPECT_EQ(std::ranges::count(told(run(), t1), net("10.0.20.0/23")), 0);
  EXPECT_TRUE(udrs(run(), workload_table).empty());
  transit().enable_advertise_transit_cidr = true;
  const Program result = run();
  EXPECT_EQ(std::ranges::count(told(result, t1), net("10.0.20.0/23")), 1);
  EXPECT_EQ(udrs(result, workload_table),
            (Lines{"10.0.0.0/8 10.0.21.132", "100.64.110.0/24 10.0.21.132",
                   "172.16.0.0/12 10.0.21.132", "192.168.0.0/16 10.0.21.132"}));
  EXPECT_TRUE(udrs(result, lan1_table).empty());  // the fabric decides there
}

TEST_F(ControllerRules, V38_LocalRouteWinsOverALearnedOne) {
  learn_on_both({"10.0.30.0/24", "10.0.31.0/24", "10.0.20.0/23"});
  const Program result = run();
  EXPECT_EQ(route(result, t1, "10.0.30.0/24")->type, RouteType::vpc);
  EXPECT_EQ(route(result, t1, "10.0.20.0/23")->type, RouteType::linklocal);
  EXPECT_EQ(route(result, s1, "10.0.30.0/24")->type, RouteType::linklocal);
  EXPECT_EQ(route(result, s1, "10.0.31.0/24")->type, RouteType::vpc);
  EXPECT_EQ(route(result, s1, "10.0.20.0/23"), nullptr);  // linklocal at the transit, not bgp
  for (const auto& routes : result.gateway_routes) {
    EXPECT_TRUE(std::ranges::is_sorted(routes, {}, &GatewayTableRoute::prefix));
    EXPECT_EQ(std::ranges::adjacent_find(routes, {}, &GatewayTableRoute::prefix), routes.end());
  }
}

TEST_F(ControllerRules, V20_V43_TwinIsTheAlternateForWhatItLearned) {
  learn(t2, {"10.0.110.0/24"});
  const Program result = run();
  const auto* alternate = route(result, t1, "10.0.110.0/24");
  ASSERT_NE(alternate, nullptr);
  EXPECT_EQ(alternate->type, RouteType::bgp);
  EXPECT_TRUE(alternate->primary.empty());
  EXPECT_EQ(alternate->backup, std::vector{transit_ha});
  EXPECT_EQ(route(result, t2, "10.0.110.0/24"), nullptr);  // t1 knows no way: it would come back
}

TEST_F(ControllerRules, IndexedNetworkGivesTheSameLinks) {
  const Program scanned = run();
  index_network(network);
  const Program indexed = run();
  for (size_t i = 0; i < network.gateways.size(); ++i) {
    ASSERT_EQ(indexed.gateway_routes[i].size(), scanned.gateway_routes[i].size());
    for (size_t j = 0; j < indexed.gateway_routes[i].size(); ++j) {
      EXPECT_EQ(indexed.gateway_routes[i][j].primary, scanned.gateway_routes[i][j].primary);
      EXPECT_EQ(indexed.gateway_routes[i][j].backup, scanned.gateway_routes[i][j].backup);
    }
  }
  EXPECT_EQ(network.link_between(*network.at(t1).router, *network.at(s1).router), s1_t1);
}

TEST_F(ControllerRules, AbsentGatewaysTakeNoPart) {
  learn_on_both({"10.0.110.0/24"});
  configuration.present[t2.index()] = false;
  configuration.present[s2.index()] = configuration.present[s2h.index()] = false;
  const Program result = run();
  EXPECT_TRUE(result.gateway_routes[t2.index()].empty());
  EXPECT_TRUE(result.originate[t2.index()].empty());
  EXPECT_EQ(told(result, t1), nets({"10.0.30.0/24"}));
  EXPECT_EQ(route(result, s1, "10.0.110.0/24")->primary, std::vector{s1_t1});
  EXPECT_TRUE(route(result, t1, "10.0.30.0/24")->backup.empty());
  EXPECT_TRUE(udrs(result, gw2_table).empty());
}

TEST_F(ControllerRules, V35_ManualCidrsAreOriginated) {
  lab.transit_external_device_conns.push_back(
      {.connection_name = "to-ars",
       .gw_name = "transit-1",
       .manual_bgp_advertised_cidrs = nets({"10.0.0.0/16"})});
  EXPECT_EQ(told(run(), t1), nets({"10.0.0.0/16", "10.0.30.0/24", "10.0.31.0/24"}));
}

TEST_F(ControllerRules, V20_LanRoutesLeaveByTheSubnetsFirstAddress) {
  const SessionId to_ars0 = session(t1, "10.0.20.68", ars0, "10.0.10.4");
  const SessionId to_ars1 = session(ars1, "10.0.10.5", t1, "10.0.20.68");
  const SessionId ha_to_ars0 = session(t2, "10.0.20.76", ars0, "10.0.10.4");
  const auto ways = learned_route_egress(network, t1, std::array{to_ars0, to_ars1});
  ASSERT_EQ(ways.size(), 1u);  // both sessions leave by the same interface
  EXPECT_EQ(ways[0].lan, lan_nic1);
  EXPECT_EQ(ways[0].next_hop, ip("10.0.20.65"));
  EXPECT_EQ(session_egress(network, t2, ha_to_ars0)->next_hop, ip("10.0.20.73"));
}

TEST_F(ControllerRules, TunnelRoutesLeaveByTheTunnel) {
  const LinkId tunnel = link(t1, s1);
  const SessionId over_tunnel = session(s1, "169.254.21.1", t1, "169.254.21.2", tunnel);
  const auto egress = session_egress(network, t1, over_tunnel);
  ASSERT_TRUE(egress.has_value());
  EXPECT_EQ(egress->tunnel, tunnel);
  EXPECT_EQ(egress->next_hop, ip("169.254.21.1"));
  const SessionId nowhere = session(t1, "10.0.99.1", ars0, "10.0.10.4");
  EXPECT_EQ(session_egress(network, t1, nowhere), std::nullopt);
}

}  // namespace
}  // namespace skyhop::cloud::aviatrix
