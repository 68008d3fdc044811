// The labs of configs/ as the reader sees them.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

class Config : public testing::TestWithParam<std::string> {};

TEST_P(Config, IsReadWithoutDiagnostics) {
  const ReadResult result = read_file(source_path(GetParam()));
  EXPECT_EQ(messages(result), std::vector<std::string>{});
  EXPECT_FALSE(result.lab.checks.empty());
  EXPECT_FALSE(result.lab.description.empty());
  EXPECT_EQ("configs/" + result.lab.name + ".yaml", GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, Config, testing::ValuesIn(lab_files()), [](const auto& info) {
  std::string name = std::filesystem::path(info.param).stem();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Configs, EachIsNamedInTheReadme) {
  const std::string readme = slurp(source_path("configs/README.md"));
  for (const std::string& file : lab_files()) {
    EXPECT_NE(readme.find(std::filesystem::path(file).filename()), std::string::npos) << file;
  }
}

// The inventory of the lab, as its Terraform writes it.
TEST(Configs, ArsMultipeerHoldsTheInventory) {
  const Lab lab = read_file(source_path("configs/ars-multipeer.yaml")).lab;
  EXPECT_EQ(lab.virtual_networks.size(), 1u);
  EXPECT_EQ(lab.virtual_networks[0].subnets.size(), 2u);
  EXPECT_TRUE(lab.route_servers.at(0).branch_to_branch_traffic_enabled);
  ASSERT_EQ(lab.route_server_bgp_connections.size(), 2u);
  EXPECT_EQ(lab.route_server_bgp_connections[1].peer_ip, "transit-1-hagw");
  ASSERT_EQ(lab.virtual_network_peerings.size(), 2u);
  EXPECT_EQ(lab.virtual_network_peerings[1].name, "vng-to-spoke");
  EXPECT_TRUE(lab.virtual_network_peerings[0].use_remote_gateways);
  EXPECT_TRUE(lab.virtual_network_peerings[1].allow_gateway_transit);
  const VirtualNetworkGateway& vng = lab.virtual_network_gateways.at(0);
  EXPECT_TRUE(vng.active_active);
  EXPECT_TRUE(vng.bgp_enabled);
  EXPECT_EQ(vng.apipa_addresses.size(), 2u);
  EXPECT_EQ(lab.local_network_gateways.size(), 2u);
  ASSERT_EQ(lab.virtual_network_gateway_connections.size(), 2u);
  for (const auto& connection : lab.virtual_network_gateway_connections) {
    EXPECT_EQ(connection.connection_mode, ConnectionMode::ResponderOnly);
    EXPECT_EQ(connection.ipsec_policy->pfs_group, "None");
  }
  EXPECT_EQ(lab.transit_gateways.size(), 2u);
  EXPECT_EQ(lab.spoke_gateways.size(), 2u);
  EXPECT_EQ(lab.transit_external_device_conns.size(), 2u);
  ASSERT_EQ(lab.network_security_groups.size(), 2u);
  for (const auto& group : lab.network_security_groups) {
    std::vector<int> priorities;
    for (const auto& rule : group.security_rules) priorities.push_back(rule.priority);
    EXPECT_EQ(priorities, (std::vector<int>{300, 310, 320, 330, 340}));
  }
  int sessions = 0;
  for (const Check& check : lab.checks)
    sessions += std::holds_alternative<CheckSession>(check.what);
  EXPECT_EQ(sessions, 11);
}

}  // namespace
}  // namespace skyhop::lab
