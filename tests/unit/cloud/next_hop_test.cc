#include "control/cloud/azure/next_hop.h"

#include <gtest/gtest.h>

#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::azure {
namespace {

using lab::NextHopType;

struct NextHop : testing::Test, HubNetwork {
  std::vector<EffectiveRoute> rows(SubnetId subnet) {
    return effective_routes(network, subnet, {}, {});
  }
  std::string problem(SubnetId subnet, std::string_view destination) {
    return direct_path_problem(network, subnet, rows(subnet), ip(destination));
  }
};

TEST_F(NextHop, A70_NamesTheTableOnlyWhenAUserRouteDecides) {
  route_table(nva_subnet, {udr("10.9.0.0/16", NextHopType::VirtualAppliance, "10.0.20.68")});
  const auto by_user = next_hop(network, nva_subnet, rows(nva_subnet), ip("10.9.0.1"));
  EXPECT_EQ(by_user.next_hop_type, EffectiveNextHop::VirtualAppliance);
  EXPECT_EQ(by_user.next_hop_ips, ips({"10.0.20.68"}));
  EXPECT_EQ(by_user.route_table, "lan-1-rtb");
  const auto by_system = next_hop(network, nva_subnet, rows(nva_subnet), ip("8.8.8.8"));
  EXPECT_EQ(by_system.next_hop_type, EffectiveNextHop::Internet);
  EXPECT_EQ(by_system.route_table, "System Route");
}

TEST_F(NextHop, A65_UserRouteOverTheRouteServerSubnetBreaksTheSession) {
  EXPECT_EQ(problem(gateway_subnet, "10.0.10.4"), "");
  route_table(gateway_subnet, {udr("10.0.10.0/24", NextHopType::VirtualAppliance, "10.0.20.68")});
  EXPECT_EQ(problem(gateway_subnet, "10.0.10.4"),
            "from hub/GatewaySubnet 10.0.10.4 is routed to VirtualAppliance by 10.0.10.0/24 (A65: "
            "user route udr-10.0.10.0/24)");
  network.route_tables[0].routes.push_back(udr("10.0.10.0/25", NextHopType::VnetLocal));
  EXPECT_EQ(problem(gateway_subnet, "10.0.10.4"), "");
}

TEST_F(NextHop, SessionsReachPeeredVnetsOnly) {
  EXPECT_EQ(problem(nva_subnet, "10.0.10.4"), "");
  EXPECT_EQ(problem(route_server_subnet, "10.0.20.68"), "");
  EXPECT_NE(problem(other_subnet, "10.0.20.68"), "");
  EXPECT_NE(problem(nva_subnet, "10.0.10.9"), "");
}

}  // namespace
}  // namespace skyhop::cloud::azure
