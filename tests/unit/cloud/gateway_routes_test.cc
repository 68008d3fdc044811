#include "control/cloud/azure/gateway_routes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/cloud/azure/topology.h"
#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::azure {
namespace {

using Kind = GatewayRouteKind;

struct Programming : testing::Test, HubNetwork {
  std::vector<InstanceRoute> known;
  std::vector<bool> is_up = std::vector<bool>(6, true);

  void nva(GatewayId instance, std::string_view prefix, std::string_view next_hop,
           uint32_t length = 1, Kind kind = Kind::nva) {
    known.push_back({instance, net(prefix), ip(next_hop), length, kind});
  }
  void nva_on_both(std::string_view prefix, std::string_view next_hop, uint32_t length = 1) {
    nva(ars0, prefix, next_hop, length);
    nva(ars1, prefix, next_hop, length);
  }
  void vpn(GatewayId instance, std::string_view prefix, uint32_t length = 1) {
    nva(instance, prefix, "169.254.21.2", length, Kind::vpn);
  }
  std::vector<Ipv4Address> next_hops(SubnetId subnet, std::string_view prefix,
                                     const ProgrammingOptions& options = {}) {
    const ProgrammedRoutes programmed(network, known, is_up, options);
    for (const GatewayRoute& route : programmed.of(subnet)) {
      if (route.prefix == net(prefix)) return route.next_hop_ips;
    }
    return {};
  }
};

TEST_F(Programming, A22_A23_EqualPathsShareWithTheNextHopsAsSent) {
  nva_on_both("10.0.30.0/24", "10.0.20.68");
  nva_on_both("10.0.30.0/24", "10.0.20.90");  // a load balancer, not a peer
  EXPECT_EQ(next_hops(route_server_subnet, "10.0.30.0/24"), ips({"10.0.20.68", "10.0.20.90"}));
}

TEST_F(Programming, A24_OnlyTheShortestPathIsProgrammed) {
  nva_on_both("10.0.30.0/24", "10.0.20.68", 3);
  EXPECT_EQ(next_hops(nva_subnet, "10.0.30.0/24"), ips({"10.0.20.68"}));
  nva_on_both("10.0.30.0/24", "10.0.20.76", 1);
  EXPECT_EQ(next_hops(nva_subnet, "10.0.30.0/24"), ips({"10.0.20.76"}));
}

TEST_F(Programming, A25_PreferenceRanksExpressRouteAgainstTheRest) {
  nva(vng0, "10.9.0.0/16", "10.0.10.132", 5, Kind::express_route);
  nva_on_both("10.9.0.0/16", "10.0.20.68", 1);
  EXPECT_EQ(next_hops(nva_subnet, "10.9.0.0/16"), ips({"10.0.10.132"}));
  route_server().preference = lab::RoutingPreference::VpnGateway;
  EXPECT_EQ(next_hops(nva_subnet, "10.9.0.0/16"), ips({"10.0.20.68"}));
  route_server().preference = lab::RoutingPreference::ASPath;
  EXPECT_EQ(next_hops(nva_subnet, "10.9.0.0/16"), ips({"10.0.20.68"}));
}

TEST_F(Programming, A26_VpnAndNvaAreRankedByPathLengthAlone) {
  vpn(vng0, "10.9.0.0/16", 2);
  nva_on_both("10.9.0.0/16", "10.0.20.68", 1);
  vpn(vng0, "10.8.0.0/16", 1);
  nva_on_both("10.8.0.0/16", "10.0.20.68", 1);
  for (const auto preference :
       {lab::RoutingPreference::ExpressRoute, lab::RoutingPreference::VpnGateway,
        lab::RoutingPreference::ASPath}) {
    route_server().preference = preference;
    EXPECT_EQ(next_hops(nva_subnet, "10.9.0.0/16"), ips({"10.0.20.68"}));
    EXPECT_EQ(next_hops(nva_subnet, "10.8.0.0/16"), ips({"10.0.10.132", "10.0.20.68"}));
  }
}

TEST_F(Programming, A20_A21_VnetPrefixesAreNotInjected) {
  nva_on_both("10.0.10.0/24", "10.0.20.68");   // own
  nva_on_both("10.0.10.64/26", "10.0.20.68");  // inside own
  nva_on_both("10.0.20.0/23", "10.0.20.68");   // uses the gateways
  nva_on_both("10.0.0.0/16", "10.0.20.68");    // a supernet is fine
  nva_on_both("10.0.40.0/24", "10.0.20.68");   // peered without gateway transit: unknown here
  const ProgrammedRoutes programmed(network, known, is_up);
  std::vector<Ipv4Prefix> prefixes;
  for (const auto& route : programmed.of(nva_subnet)) prefixes.push_back(route.prefix);
  EXPECT_EQ(prefixes, nets({"10.0.0.0/16", "10.0.40.0/24"}));
}

TEST_F(Programming, A31_OnlyVnetsThatUseTheGateways) {
  vpn(vng0, "10.0.110.0/24");
  EXPECT_FALSE(next_hops(nva_subnet, "10.0.110.0/24").empty());
  EXPECT_FALSE(next_hops(gateway_subnet, "10.0.110.0/24").empty());
  EXPECT_TRUE(next_hops(other_subnet, "10.0.110.0/24").empty());
  EXPECT_EQ(gateway_vnet_prefixes(network, hub), nets({"10.0.10.0/24", "10.0.20.0/23"}));
  // The remote side takes its permission back.
  network.peerings[1].allow_gateway_transit = false;
  EXPECT_TRUE(next_hops(nva_subnet, "10.0.110.0/24").empty());
  EXPECT_EQ(remote_gateway_vnet(network, nva_vnet), std::nullopt);
}

TEST_F(Programming, A63_BothGatewayInstancesByTheirOwnAddress) {
  vpn(vng0, "10.0.110.0/24");
  vpn(vng1, "10.0.110.0/24");
  EXPECT_EQ(next_hops(nva_subnet, "10.0.110.0/24"), ips({"10.0.10.132", "10.0.10.133"}));
  is_up[vng0.index()] = false;
  EXPECT_EQ(next_hops(nva_subnet, "10.0.110.0/24"), ips({"10.0.10.133"}));
}

TEST_F(Programming, A12_TheOtherInstanceKeepsTheRoutes) {
  nva_on_both("10.0.30.0/24", "10.0.20.68");
  is_up[ars0.index()] = false;
  for (const SubnetId subnet : {nva_subnet, nva_ha_subnet, route_server_subnet, gateway_subnet}) {
    EXPECT_EQ(next_hops(subnet, "10.0.30.0/24"), ips({"10.0.20.68"}));
  }
  is_up[ars1.index()] = false;
  EXPECT_TRUE(next_hops(nva_subnet, "10.0.30.0/24").empty());
}

TEST_F(Programming, A13_AOneLeggedPeerServesPartOfTheNics) {
  nva(ars0, "10.0.30.0/24", "10.0.20.68");
  std::vector<SubnetId> subnets;
  for (int i = 0; i < 100; ++i) subnets.push_back(subnet(nva_vnet, "s", "10.0.21.0/28"));
  const auto with_route = std::ranges::count_if(
      subnets, [&](SubnetId subnet) { return !next_hops(subnet, "10.0.30.0/24").empty(); });
  EXPECT_GT(with_route, 25);
  EXPECT_LT(with_route, 75);
  for (const SubnetId subnet : subnets) {
    EXPECT_FALSE(next_hops(subnet, "10.0.30.0/24", {OneLeggedPeers::everywhere}).empty());
  }
}

TEST_F(Programming, ThousandsOfRoutes) {
  for (uint32_t i = 0; i < 4000; ++i) {
    const Ipv4Prefix prefix(Ipv4Address(0x0B000000u + (i << 8)), 24);
    for (const GatewayId instance : {ars0, ars1}) {
      known.push_back({instance, prefix, ip("10.0.20.68"), 1, Kind::nva});
      known.push_back({instance, prefix, ip("10.0.20.76"), 1, Kind::nva});
    }
  }
  const ProgrammedRoutes programmed(network, known, is_up);
  EXPECT_EQ(programmed.of(nva_subnet).size(), 4000u);
  EXPECT_TRUE(std::ranges::is_sorted(programmed.of(nva_subnet), {}, &GatewayRoute::prefix));
}

}  // namespace
}  // namespace skyhop::cloud::azure
