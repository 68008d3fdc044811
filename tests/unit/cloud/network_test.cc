// The finders, with the index and without it.
#include <gtest/gtest.h>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

class Finders : public testing::TestWithParam<bool> {
 protected:
  Network network_ = [] {
    Network network = derive(first_lab()).network;
    if (!GetParam()) network.index.reset();
    return network;
  }();
};

INSTANTIATE_TEST_SUITE_P(IndexedOrNot, Finders, testing::Bool());

TEST_P(Finders, FindEveryKindByName) {
  EXPECT_EQ(network_.at(network_.find_vnet("spoke2").value()).name, "spoke2");
  EXPECT_EQ(network_.at(network_.find_subnet("ars-vng-network/GatewaySubnet").value()).name,
            "GatewaySubnet");
  EXPECT_EQ(network_.at(network_.find_vm("spoke2-test-vm").value()).name, "spoke2-test-vm");
  EXPECT_EQ(network_.at(network_.find_gateway("vng-1").value()).instance, 1u);
  EXPECT_EQ(network_.at(network_.find_router("transit-1-hagw").value()).address,
            address("10.0.21.196"));
  EXPECT_FALSE(network_.find_vnet("nowhere"));
  EXPECT_FALSE(network_.find_subnet("GatewaySubnet"));
  EXPECT_FALSE(network_.find_vm(""));
  EXPECT_FALSE(network_.find_gateway("transit-3"));
  EXPECT_FALSE(network_.find_router("routerserver-0"));
}

TEST_P(Finders, LinksAndSessionsInEitherOrder) {
  EXPECT_EQ(network_.find_link("transit-1 - spoke1"), network_.find_link("spoke1 - transit-1"));
  EXPECT_TRUE(network_.find_link("transit-1 - spoke1"));
  EXPECT_EQ(network_.find_session("vng-1 - routerserver-0"),
            network_.find_session("routerserver-0 - vng-1"));
  EXPECT_TRUE(network_.find_session("vng-1 - routerserver-0"));
  EXPECT_FALSE(network_.find_link("spoke1 - spoke2"));
  EXPECT_FALSE(network_.find_link("spoke1"));
  EXPECT_FALSE(network_.find_session("transit-2 - vng-1"));
}

TEST_P(Finders, EveryLinkBetweenItsRouters) {
  for (size_t i = 0; i < network_.links.size(); ++i) {
    const Link& link = network_.links[i];
    EXPECT_EQ(network_.link_between(link.a, link.b), LinkId(i)) << link.name;
    EXPECT_EQ(network_.link_between(link.b, link.a), LinkId(i)) << link.name;
  }
}

TEST_P(Finders, NicsOfTheVnetAndItsPeers) {
  const VnetId transit = network_.find_vnet("transit-1").value();
  EXPECT_EQ(network_.at(network_.nic_at(transit, address("10.0.20.68")).value()).name,
            "transit-1 eth1");
  EXPECT_EQ(network_.at(network_.nic_at(transit, address("10.0.10.132")).value()).name,
            "vng-0 nic");
  EXPECT_FALSE(network_.nic_at(transit, address("10.0.30.4")));
  EXPECT_FALSE(network_.nic_at(transit, address("10.0.20.70")));
}

}  // namespace
}  // namespace skyhop::cloud::test
