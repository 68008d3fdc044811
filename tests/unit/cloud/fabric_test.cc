#include "control/cloud/azure/fabric.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::azure {
namespace {

using Kind = FabricHop::Kind;
using dataplane::DropReason;
using lab::NextHopType;

struct Fabric : testing::Test, HubNetwork {
  SubnetId vm_subnet = subnet(hub, "vms", "10.0.10.64/27");

  std::vector<FabricRoute> resolve(SubnetId subnet, const std::vector<GatewayRoute>& learned = {}) {
    return FabricResolver(network).resolve(subnet, effective_routes(network, subnet, learned, {}));
  }

  static const FabricRoute& lookup(const std::vector<FabricRoute>& routes,
                                   std::string_view address) {
    const FabricRoute* best = nullptr;
    for (const FabricRoute& route : routes) {
      if (route.prefix.contains(ip(address)) &&
          (best == nullptr || route.prefix.length() > best->prefix.length())) {
        best = &route;
      }
    }
    if (best == nullptr) throw std::runtime_error("no route");
    return *best;
  }
  static const FabricHop& hop(const std::vector<FabricRoute>& routes, std::string_view address) {
    return lookup(routes, address).hops.front();
  }
};

TEST_F(Fabric, DeliversToNicsOfTheVnetAndDropsTheRest) {
  const NicId vm = this->vm("vm", vm_subnet, "10.0.10.68");
  const auto routes = resolve(vm_subnet);
  EXPECT_EQ(hop(routes, "10.0.10.68").kind, Kind::machine);
  EXPECT_EQ(hop(routes, "10.0.10.68").nic, vm);
  EXPECT_EQ(hop(routes, "10.0.10.132").kind, Kind::router);
  EXPECT_EQ(hop(routes, "10.0.10.132").router, network.at(vng0).router);
  EXPECT_EQ(hop(routes, "10.0.10.69").drop, DropReason::no_such_host);
  EXPECT_EQ(hop(routes, "10.200.0.1").drop, DropReason::route_none);
  EXPECT_EQ(hop(routes, "8.8.8.8").drop, DropReason::internet);
  EXPECT_EQ(hop(routes, "10.0.10.4").drop, DropReason::local_unhandled);
  EXPECT_TRUE(std::ranges::is_sorted(routes, {}, &FabricRoute::prefix));
}

TEST_F(Fabric, HostRoutesYieldToALongerUserRoute) {
  vm("vm", vm_subnet, "10.0.10.68");
  vm("nva", vm_subnet, "10.0.10.70");
  network.nics.back().ip_forwarding = true;
  const SubnetId from = subnet(hub, "from", "10.0.10.96/28");
  route_table(from, {udr("10.0.10.64/29", NextHopType::VirtualAppliance, "10.0.10.70"),
                     udr("10.0.10.132/32", NextHopType::VnetLocal)});
  const auto routes = resolve(from);
  EXPECT_EQ(hop(routes, "10.0.10.68").nic, NicId(network.nics.size() - 1));
  EXPECT_EQ(lookup(routes, "10.0.10.68").prefix, net("10.0.10.64/29"));
  EXPECT_EQ(hop(routes, "10.0.10.132").kind, Kind::router);
  EXPECT_EQ(std::ranges::count(routes, net("10.0.10.132/32"), &FabricRoute::prefix), 1);
}

TEST_F(Fabric, A55_GuardWhereTheReceiverRefusesForwardedTraffic) {
  vm("vm", other_subnet, "10.0.40.4");
  vm("hub-vm", vm_subnet, "10.0.10.68");
  // other's peering towards the hub has allow_forwarded_traffic false.
  EXPECT_EQ(hop(resolve(vm_subnet), "10.0.40.4").guard, nets({"10.0.10.0/24"}));
  // transit-1's peering towards the hub allows it.
  EXPECT_TRUE(hop(resolve(vm_subnet), "10.0.20.68").guard.empty());
  // Inside a VNet nothing is crossed.
  EXPECT_TRUE(hop(resolve(vm_subnet), "10.0.10.68").guard.empty());
}

TEST_F(Fabric, A55_VpnGatewayTrafficIsExempt) {
  vm("vm", other_subnet, "10.0.40.4");
  EXPECT_TRUE(hop(resolve(gateway_subnet), "10.0.40.4").guard.empty());
}

TEST_F(Fabric, A55_GuardOnTheWayToAnAppliance) {
  network.peerings[0].allow_forwarded_traffic = false;  // of the NVA's VNet towards the hub
  const auto routes = resolve(vm_subnet, {{net("10.0.30.0/24"), ips({"10.0.20.68"})}});
  EXPECT_EQ(hop(routes, "10.0.30.1").kind, Kind::router);
  EXPECT_EQ(hop(routes, "10.0.30.1").guard, nets({"10.0.10.0/24"}));
}

TEST_F(Fabric, A63_V22_TwoGatewayInstancesShareTheFlows) {
  const auto routes =
      resolve(nva_subnet, {{net("10.0.110.0/24"), ips({"10.0.10.132", "10.0.10.133"})}});
  const FabricRoute& route = lookup(routes, "10.0.110.5");
  ASSERT_EQ(route.hops.size(), 2u);
  EXPECT_EQ(route.hops[0].router, network.at(vng0).router);
  EXPECT_EQ(route.hops[1].router, network.at(vng1).router);
  EXPECT_EQ(route.explanation,
            "10.0.110.0/24 VirtualNetworkGateway: to vng-0 10.0.10.132, vng-1 10.0.10.133");
}

TEST_F(Fabric, V24_WithoutPropagationThePacketEndsInANoneRow) {
  table(route_table(nva_subnet)).bgp_route_propagation_enabled = false;
  const auto routes =
      resolve(nva_subnet, {{net("10.0.110.0/24"), ips({"10.0.10.132", "10.0.10.133"})}});
  EXPECT_EQ(hop(routes, "10.0.110.5").drop, DropReason::route_none);
}

TEST_F(Fabric, A64_NoIpForwardingDrops) {
  vm("appliance", vm_subnet, "10.0.10.70");
  const SubnetId from = subnet(hub, "from", "10.0.10.96/28");
  route_table(from, {udr("10.9.0.0/16", NextHopType::VirtualAppliance, "10.0.10.70")});
  EXPECT_EQ(hop(resolve(from), "10.9.0.1").drop, DropReason::ip_forwarding);
  EXPECT_EQ(hop(resolve(from), "10.0.10.70").kind, Kind::machine);  // its own packets arrive
  network.nics.back().ip_forwarding = true;
  EXPECT_EQ(hop(resolve(from), "10.9.0.1").kind, Kind::machine);
}

TEST_F(Fabric, A38_RouteServerNeverForwards) {
  const auto routes = resolve(vm_subnet, {{net("10.9.0.0/16"), ips({"10.0.10.4"})}});
  EXPECT_EQ(hop(routes, "10.9.0.1").drop, DropReason::no_route);
  EXPECT_NE(lookup(routes, "10.9.0.1").explanation.find("A38"), std::string::npos);
}

TEST_F(Fabric, A53_NextHopBeyondAPeerIsOutOfReach) {
  // `other` and the NVA's VNet are both peered with the hub, not with each other.
  const auto routes = resolve(other_subnet, {{net("10.9.0.0/16"), ips({"10.0.20.68"})},
                                             {net("10.8.0.0/16"), ips({"10.77.0.1"})}});
  EXPECT_EQ(hop(routes, "10.9.0.1").drop, DropReason::no_route);
  EXPECT_EQ(lookup(routes, "10.9.0.1").explanation,
            "10.9.0.0/16 VirtualNetworkGateway: to 10.0.20.68 (its VNet is not peered with other)");
  EXPECT_EQ(lookup(routes, "10.8.0.1").explanation,
            "10.8.0.0/16 VirtualNetworkGateway: to 10.77.0.1 (nobody has this address)");
}

TEST_F(Fabric, ADeadNextHopKeepsItsShare) {
  const auto routes =
      resolve(nva_subnet, {{net("10.9.0.0/16"), ips({"10.0.10.132", "10.77.0.1"})}});
  const FabricRoute& route = lookup(routes, "10.9.0.1");
  ASSERT_EQ(route.hops.size(), 2u);
  EXPECT_EQ(route.hops[0].kind, Kind::router);
  EXPECT_EQ(route.hops[1].kind, Kind::drop);
}

TEST_F(Fabric, UserRouteToTheVpnGateway) {
  route_table(nva_subnet, {udr("10.9.0.0/16", NextHopType::VirtualNetworkGateway)});
  EXPECT_EQ(lookup(resolve(nva_subnet), "10.9.0.1").hops.size(), 2u);  // the hub's, by transit
  route_table(other_subnet, {udr("10.9.0.0/16", NextHopType::VirtualNetworkGateway)});
  EXPECT_EQ(hop(resolve(other_subnet), "10.9.0.1").drop, DropReason::no_route);
}

TEST_F(Fabric, EveryAddressHasExactlyOneRoute) {
  const auto routes = resolve(nva_subnet, {{net("10.0.110.0/24"), ips({"10.0.10.132"})}});
  for (size_t i = 1; i < routes.size(); ++i) EXPECT_NE(routes[i - 1].prefix, routes[i].prefix);
  for (const FabricRoute& route : routes) EXPECT_FALSE(route.hops.empty());
}

}  // namespace
}  // namespace skyhop::cloud::azure
