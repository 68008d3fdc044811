#include "control/cloud/azure/effective_routes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/cloud/azure/next_hop.h"
#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::azure {
namespace {

using Rows = std::vector<EffectiveRoute>;
using lab::NextHopType;

const EffectiveRoute* active(const Rows& rows, std::string_view prefix) {
  const auto it = std::ranges::find_if(rows, [&](const EffectiveRoute& row) {
    return row.prefix == net(prefix) && row.state == RouteState::Active;
  });
  return it == rows.end() ? nullptr : &*it;
}

const EffectiveRoute* invalid(const Rows& rows, std::string_view prefix, RouteSource source) {
  const auto it = std::ranges::find_if(rows, [&](const EffectiveRoute& row) {
    return row.prefix == net(prefix) && row.state == RouteState::Invalid && row.source == source;
  });
  return it == rows.end() ? nullptr : &*it;
}

const EffectiveRoute* lookup(const Rows& rows, std::string_view address) {
  return deciding_route(rows, ip(address));
}

/// "10.0.0.0/8 None", every row.
std::vector<std::string> shown(const Rows& rows) {
  std::vector<std::string> lines;
  for (const EffectiveRoute& row : rows) {
    lines.push_back(std::string(to_string(row.source)) + " " + std::string(to_string(row.state)) +
                    " " + row.prefix.to_string() + " " + std::string(to_string(row.next_hop_type)));
  }
  return lines;
}

struct EffectiveRoutes : testing::Test, NetworkBuilder {
  Rows rows(SubnetId subnet, const std::vector<GatewayRoute>& gateway_routes = {},
            const std::vector<lab::UserRoute>& controller_routes = {},
            const EffectiveRouteOptions& options = {}) {
    return effective_routes(network, subnet, gateway_routes, controller_routes, options);
  }
};

TEST_F(EffectiveRoutes, DefaultsOfALoneVnet) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.30.0/24"}), "s", "10.0.30.0/28");
  EXPECT_EQ(shown(rows(subnet)), (std::vector<std::string>{
                                     "Default Active 0.0.0.0/0 Internet",
                                     "Default Active 10.0.0.0/8 None",
                                     "Default Active 10.0.30.0/24 VnetLocal",
                                     "Default Active 100.64.0.0/10 None",
                                     "Default Active 172.16.0.0/12 None",
                                     "Default Active 192.168.0.0/16 None",
                                 }));
}

TEST_F(EffectiveRoutes, A53_PeeringIsNotTransitive) {
  const VnetId a = vnet("a", {"10.1.0.0/16"}), b = vnet("b", {"10.2.0.0/16"}),
               c = vnet("c", {"10.3.0.0/16"});
  const SubnetId subnet = this->subnet(a, "s", "10.1.0.0/24");
  peer(a, b, {}, {});
  peer(b, c, {}, {});
  const Rows table = rows(subnet);
  ASSERT_NE(active(table, "10.2.0.0/16"), nullptr);
  EXPECT_EQ(active(table, "10.2.0.0/16")->next_hop_type, EffectiveNextHop::VNetPeering);
  EXPECT_EQ(lookup(table, "10.3.0.1")->next_hop_type, EffectiveNextHop::None);
}

TEST_F(EffectiveRoutes, PeeringRowsFollowStateAccessAndRegion) {
  const VnetId a = vnet("a", {"10.1.0.0/16"}), b = vnet("b", {"10.2.0.0/16", "10.5.0.0/16"}),
               c = vnet("c", {"10.3.0.0/16"}), d = vnet("d", {"10.4.0.0/16"});
  const SubnetId subnet = this->subnet(a, "s", "10.1.0.0/24");
  peer(a, b, {.global = true}, {.global = true});
  peer(a, c, {.access = false}, {});
  peer(a, d, {}, {});
  network.peerings[4].state = PeeringState::Initiated;
  const Rows table = rows(subnet);
  EXPECT_EQ(active(table, "10.2.0.0/16")->next_hop_type, EffectiveNextHop::VNetGlobalPeering);
  EXPECT_EQ(active(table, "10.5.0.0/16")->next_hop_type, EffectiveNextHop::VNetGlobalPeering);
  EXPECT_EQ(active(table, "10.3.0.0/16"), nullptr);
  EXPECT_EQ(active(table, "10.4.0.0/16"), nullptr);
}

TEST_F(EffectiveRoutes, A56_NoGatewayRowWithoutPropagation) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  const std::vector<GatewayRoute> learned{{net("10.0.110.0/24"), ips({"10.0.10.132"})}};
  const RouteTableId table = route_table(subnet);
  EXPECT_NE(active(rows(subnet, learned), "10.0.110.0/24"), nullptr);
  this->table(table).bgp_route_propagation_enabled = false;
  for (const EffectiveRoute& row : rows(subnet, learned)) {
    EXPECT_NE(row.source, RouteSource::VirtualNetworkGateway) << row.prefix.to_string();
  }
}

TEST_F(EffectiveRoutes, A57_UserOverBgpOverSystem) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  const std::vector<GatewayRoute> learned{{net("192.168.0.0/16"), ips({"10.0.20.68"})},
                                          {net("172.16.0.0/12"), ips({"10.0.20.68"})}};
  route_table(subnet, {udr("192.168.0.0/16", NextHopType::VirtualAppliance, "10.0.20.70")});
  const Rows table = rows(subnet, learned);

  EXPECT_EQ(active(table, "192.168.0.0/16")->source, RouteSource::User);
  EXPECT_EQ(active(table, "192.168.0.0/16")->next_hop_ips, ips({"10.0.20.70"}));
  const auto* bgp = invalid(table, "192.168.0.0/16", RouteSource::VirtualNetworkGateway);
  ASSERT_NE(bgp, nullptr);
  EXPECT_EQ(bgp->reason, "A57: a user route for the same prefix wins");
  EXPECT_NE(invalid(table, "192.168.0.0/16", RouteSource::Default), nullptr);

  EXPECT_EQ(active(table, "172.16.0.0/12")->source, RouteSource::VirtualNetworkGateway);
  const auto* none = invalid(table, "172.16.0.0/12", RouteSource::Default);
  ASSERT_NE(none, nullptr);
  EXPECT_EQ(none->reason, "A57: a gateway route for the same prefix wins");
}

TEST_F(EffectiveRoutes, A58_UserDefaultRoute) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  route_table(subnet, {udr("0.0.0.0/0", NextHopType::VirtualAppliance, "10.0.20.70")});
  EXPECT_EQ(shown(rows(subnet)), (std::vector<std::string>{
                                     "User Active 0.0.0.0/0 VirtualAppliance",
                                     "Default Invalid 0.0.0.0/0 Internet",
                                     "Default Active 10.0.20.0/23 VnetLocal",
                                 }));
}

TEST_F(EffectiveRoutes, A58_BgpDefaultRouteLeavesNoInternetRow) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  EXPECT_EQ(shown(rows(subnet, {{net("0.0.0.0/0"), ips({"10.0.20.68"})}})),
            (std::vector<std::string>{
                "VirtualNetworkGateway Active 0.0.0.0/0 VirtualNetworkGateway",
                "Default Active 10.0.20.0/23 VnetLocal",
            }));
}

TEST_F(EffectiveRoutes, A58_SwitchKeepsTheNoneRows) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  const Rows table = rows(subnet, {{net("0.0.0.0/0"), ips({"10.0.20.68"})}}, {},
                          {NoneRowsAfterDefaultOverride::kept});
  EXPECT_EQ(lookup(table, "10.9.0.1")->next_hop_type, EffectiveNextHop::None);
}

TEST_F(EffectiveRoutes, A27_UserDefaultRestoresTheNvasInternet) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  const std::vector<GatewayRoute> learned{{net("0.0.0.0/0"), ips({"10.0.20.68"})}};
  EXPECT_EQ(lookup(rows(subnet, learned), "8.8.8.8")->next_hop_ips, ips({"10.0.20.68"}));
  route_table(subnet, {udr("0.0.0.0/0", NextHopType::Internet)});
  const Rows table = rows(subnet, learned);
  EXPECT_EQ(lookup(table, "8.8.8.8")->next_hop_type, EffectiveNextHop::Internet);
  EXPECT_NE(invalid(table, "0.0.0.0/0", RouteSource::VirtualNetworkGateway), nullptr);
}

TEST_F(EffectiveRoutes, A59_SystemRangesBeatLongerBgpButNotLongerUserRoutes) {
  const VnetId a = vnet("a", {"10.1.0.0/16"}), b = vnet("b", {"10.2.0.0/16"});
  const SubnetId subnet = this->subnet(a, "s", "10.1.0.0/24");
  peer(a, b, {}, {});
  const std::vector<GatewayRoute> learned{{net("10.1.9.0/24"), ips({"10.1.0.4"})},
                                          {net("10.2.9.0/24"), ips({"10.1.0.4"})},
                                          {net("10.2.0.0/16"), ips({"10.1.0.4"})},
                                          {net("10.3.0.0/16"), ips({"10.1.0.4"})}};
  route_table(subnet, {udr("10.2.8.0/24", NextHopType::VirtualAppliance, "10.1.0.5")});
  const Rows table = rows(subnet, learned);
  EXPECT_EQ(lookup(table, "10.1.9.1")->next_hop_type, EffectiveNextHop::VnetLocal);
  EXPECT_EQ(lookup(table, "10.2.9.1")->next_hop_type, EffectiveNextHop::VNetPeering);
  EXPECT_EQ(lookup(table, "10.2.0.1")->next_hop_type, EffectiveNextHop::VNetPeering);
  EXPECT_EQ(lookup(table, "10.2.8.1")->source, RouteSource::User);
  EXPECT_EQ(lookup(table, "10.3.0.1")->source, RouteSource::VirtualNetworkGateway);
  const auto* lost = invalid(table, "10.2.9.0/24", RouteSource::VirtualNetworkGateway);
  ASSERT_NE(lost, nullptr);
  EXPECT_EQ(lost->reason,
            "A59: the system route of 10.2.0.0/16 wins over gateway routes inside it");
}

TEST_F(EffectiveRoutes, A59_ProtectionEndsWithTheSystemRoute) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.1.0.0/16"}), "s", "10.1.0.0/24");
  route_table(subnet, {udr("10.1.0.0/16", NextHopType::VirtualAppliance, "10.1.0.5")});
  const Rows table = rows(subnet, {{net("10.1.9.0/24"), ips({"10.1.0.4"})}});
  EXPECT_EQ(lookup(table, "10.1.9.1")->source, RouteSource::VirtualNetworkGateway);
  EXPECT_EQ(lookup(table, "10.1.8.1")->source, RouteSource::User);
}

TEST_F(EffectiveRoutes, A60_ReservedBlocksDrop) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.30.0/24"}), "s", "10.0.30.0/28");
  const Rows table = rows(subnet);
  EXPECT_EQ(lookup(table, "10.200.0.1")->next_hop_type, EffectiveNextHop::None);
  EXPECT_EQ(lookup(table, "11.0.0.1")->next_hop_type, EffectiveNextHop::Internet);
}

TEST_F(EffectiveRoutes, A61_VnetRangeReplacesAReservedBlock) {
  const SubnetId equal = this->subnet(vnet("v", {"10.0.0.0/8"}), "s", "10.0.0.0/24");
  const Rows table = rows(equal);
  EXPECT_EQ(active(table, "10.0.0.0/8")->next_hop_type, EffectiveNextHop::VnetLocal);
  EXPECT_EQ(std::ranges::count(table, net("10.0.0.0/8"), &EffectiveRoute::prefix), 1);

  const SubnetId wider = this->subnet(vnet("w", {"172.0.0.0/8"}), "s", "172.16.0.0/24");
  EXPECT_EQ(active(rows(wider), "172.16.0.0/12"), nullptr);
  EXPECT_EQ(lookup(rows(wider), "172.16.9.9")->next_hop_type, EffectiveNextHop::VnetLocal);
}

TEST_F(EffectiveRoutes, A62_A63_GatewayRowsShowEveryNextHop) {
  const SubnetId subnet = this->subnet(vnet("v", {"10.0.20.0/23"}), "s", "10.0.20.64/29");
  const Rows table = rows(subnet, {{net("10.0.110.0/24"), ips({"10.0.10.133", "10.0.10.132"})},
                                   {net("10.0.30.0/24"), ips({"10.0.20.68"})},
                                   {net("10.0.110.0/24"), ips({"10.0.10.132"})}});
  const auto* vpn = active(table, "10.0.110.0/24");
  ASSERT_NE(vpn, nullptr);
  EXPECT_EQ(vpn->source, RouteSource::VirtualNetworkGateway);
  EXPECT_EQ(vpn->next_hop_type, EffectiveNextHop::VirtualNetworkGateway);
  EXPECT_EQ(vpn->next_hop_ips, ips({"10.0.10.132", "10.0.10.133"}));
  EXPECT_EQ(active(table, "10.0.30.0/24")->next_hop_ips, ips({"10.0.20.68"}));
}

TEST_F(EffectiveRoutes, V25_ControllerRoutesAreUserRoutesAndReplaceTheTablesOwn) {
  const SubnetId subnet = this->subnet(vnet("spoke1", {"10.0.30.0/24"}), "s", "10.0.30.0/28");
  route_table(subnet, {udr("0.0.0.0/0", NextHopType::None), udr("10.0.0.0/8", NextHopType::None)});
  const Rows table =
      rows(subnet, {}, {udr("10.0.0.0/8", NextHopType::VirtualAppliance, "10.0.30.4")});
  EXPECT_EQ(active(table, "10.0.0.0/8")->next_hop_ips, ips({"10.0.30.4"}));
  EXPECT_EQ(std::ranges::count(table, net("10.0.0.0/8"), &EffectiveRoute::prefix), 1);
  EXPECT_EQ(active(table, "0.0.0.0/0")->next_hop_type, EffectiveNextHop::None);
}

TEST_F(EffectiveRoutes, ThousandsOfRoutesEachOnceAndSorted) {
  const VnetId hub = vnet("hub", {"10.0.0.0/16"});
  const SubnetId subnet = this->subnet(hub, "s", "10.0.0.0/24");
  for (uint32_t i = 0; i < 400; ++i) {
    const std::string range = "172.20." + std::to_string(i % 200) + "." + (i < 200 ? "0" : "128");
    peer(hub, vnet("peer", {range + "/25"}), {}, {});
  }
  std::vector<GatewayRoute> learned;
  for (uint32_t i = 4000; i-- > 0;) {
    learned.push_back({Ipv4Prefix(Ipv4Address(0x0B000000u + (i << 8)), 24), ips({"10.0.0.4"})});
    learned.push_back({Ipv4Prefix(Ipv4Address(0xAC140000u + (i << 4)), 28), ips({"10.0.0.4"})});
  }
  const Rows table = rows(subnet, learned);
  EXPECT_EQ(table.size(), 8000u + 400u + 1u + 5u);
  EXPECT_TRUE(std::ranges::is_sorted(table, {}, &EffectiveRoute::prefix));
  // 200 /24 of peers hold 16 /28 each.
  EXPECT_EQ(std::ranges::count(table, RouteState::Invalid, &EffectiveRoute::state), 3200);
}

}  // namespace
}  // namespace skyhop::cloud::azure
