// The first lab against its golden tables: sessions, every table on the path, the path itself.
#include <gtest/gtest.h>

#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

class ArsMultipeer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    live_ = new LiveLab("ars-multipeer.yaml");
    convergence_ = live_->converge();
  }
  static void TearDownTestSuite() { delete live_; }

  static LiveLab* live_;
  static emulator::Convergence convergence_;
};

LiveLab* ArsMultipeer::live_ = nullptr;
emulator::Convergence ArsMultipeer::convergence_;

TEST_F(ArsMultipeer, ElevenSessionsComeUp) {
  EXPECT_TRUE(convergence_.converged);
  ASSERT_EQ(live_->network().sessions.size(), 11u);
  for (const auto& session : live_->network().sessions) {
    EXPECT_EQ(live_->session(session.name), "Established") << session.name;
  }
}

TEST_F(ArsMultipeer, V25_TheVmsNicHoldsRfc1918TowardsTheSpokeGateway) {
  for (const auto* block : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}) {
    EXPECT_EQ(live_->next_hops("spoke1-test-vm", block), NextHops{"10.0.30.4"}) << block;
    EXPECT_EQ(live_->best("spoke1-test-vm", block)->source, routing::Source::user);
    EXPECT_EQ(live_->next_hops("spoke2-test-vm", block), NextHops{"10.0.110.4"}) << block;
  }
  EXPECT_EQ(live_->best("spoke1-test-vm", "10.0.30.0/24")->source, routing::Source::system);
  EXPECT_EQ(live_->next_hops("spoke1-test-vm", "0.0.0.0/0"), NextHops{"Internet"});
}

TEST_F(ArsMultipeer, V20_TransitsLeaveByTheirLanInterfacesWithTheTwinBehind) {
  EXPECT_EQ(live_->next_hops("transit-1", "10.0.110.0/24"), NextHops{"10.0.20.65"});
  EXPECT_EQ(live_->next_hops("transit-1-hagw", "10.0.110.0/24"), NextHops{"10.0.20.73"});
  for (const auto& [gateway, twin] :
       {std::pair{"transit-1", "transit-1-hagw"}, {"transit-1-hagw", "transit-1"}}) {
    const routing::Offer* offer = live_->best(gateway, "10.0.110.0/24");
    ASSERT_NE(offer, nullptr);
    ASSERT_EQ(offer->primary.size(), 1u);
    EXPECT_EQ(offer->primary[0].name, "eth1");
    ASSERT_EQ(offer->backup.size(), 1u);
    EXPECT_EQ(offer->backup[0].name, twin);
  }
}

TEST_F(ArsMultipeer, V21_AsPathsCrossTheRouteServersAs) {
  EXPECT_EQ(live_->as_path("transit-1", "10.0.110.0/24"), "65515 65100");
  EXPECT_EQ(live_->as_path("transit-1-hagw", "10.0.110.0/24"), "65515 65100");
  EXPECT_EQ(live_->as_path("transit-2", "10.0.30.0/24"), "65515 65020");
  EXPECT_EQ(live_->as_path("transit-2-hagw", "10.0.30.0/24"), "65515 65020");
  EXPECT_EQ(live_->as_path("transit-1", "10.0.10.0/24"), "65515");
  EXPECT_EQ(live_->as_path("transit-2", "10.0.10.0/24"), "65515");
  EXPECT_EQ(live_->as_path("transit-2", "10.0.20.0/23"), "65515");
  EXPECT_EQ(live_->as_path("vng-0", "10.0.110.0/24"), "65100");
  EXPECT_EQ(live_->as_path("vng-1", "10.0.30.0/24"), "65020");
}

TEST_F(ArsMultipeer, V22_BothLanSubnetsSeeBothVpnGatewayInstances) {
  for (const auto* subnet :
       {"transit-1/av-gw-transit-1-eth1-bgp_lan", "transit-1/av-gw-transit-1-hagw-eth1-bgp_lan"}) {
    EXPECT_EQ(live_->next_hops(subnet, "10.0.110.0/24"), (NextHops{"10.0.10.132", "10.0.10.133"}));
    EXPECT_EQ(live_->best(subnet, "10.0.110.0/24")->source, routing::Source::gateway);
  }
}

TEST_F(ArsMultipeer, V23_OtherSubnetsOfTheHpeTransitHaveNoGatewayRoutes) {
  const auto& network = live_->network();
  size_t looked_at = 0;
  for (size_t i = 0; i < network.subnets.size(); ++i) {
    const auto& subnet = network.subnets[i];
    if (network.at(subnet.vnet).name != "transit-1") continue;
    if (subnet.name.find("bgp_lan") != std::string::npos) continue;
    ++looked_at;
    for (const auto& row : live_->emulation().effective_routes(cloud::SubnetId(i))) {
      EXPECT_NE(row.source, cloud::azure::RouteSource::VirtualNetworkGateway) << subnet.name;
    }
  }
  EXPECT_GE(looked_at, 2u);
}

TEST_F(ArsMultipeer, SpokesSpreadOverBothTransits) {
  EXPECT_EQ(live_->next_hops("spoke1", "10.0.110.0/24"), (NextHops{"transit-1", "transit-1-hagw"}));
  EXPECT_EQ(live_->next_hops("spoke2", "10.0.30.0/24"), (NextHops{"transit-2", "transit-2-hagw"}));
  EXPECT_EQ(live_->next_hops("transit-1", "10.0.30.0/24"), NextHops{"spoke1"});
  EXPECT_EQ(live_->next_hops("transit-2", "10.0.110.0/24"), NextHops{"spoke2"});
}

TEST_F(ArsMultipeer, A47_EachVpnGatewayInstancePrefersItsOwnTunnel) {
  EXPECT_EQ(live_->next_hops("vng-0", "10.0.110.0/24"), NextHops{"169.254.21.2"});
  EXPECT_EQ(live_->next_hops("vng-1", "10.0.110.0/24"), NextHops{"169.254.22.2"});
}

TEST_F(ArsMultipeer, A38_TheGatewaySubnetSendsToBothTransitsNotToTheRouteServer) {
  EXPECT_EQ(live_->next_hops("ars-vng-network/GatewaySubnet", "10.0.30.0/24"),
            (NextHops{"10.0.20.68", "10.0.20.76"}));
}

TEST_F(ArsMultipeer, V34_NoTransitCidrLeavesByBgp) {
  EXPECT_TRUE(live_->next_hops("transit-1", "10.0.100.0/23").empty());
  EXPECT_TRUE(live_->next_hops("vng-0", "10.0.100.0/23").empty());
}

TEST_F(ArsMultipeer, V53_MtrShowsAviatrixGatewaysOnly) {
  const emulator::TraceRequest request{.from = *live_->network().find_vm("spoke1-test-vm"),
                                       .to = address("10.0.110.5")};
  EXPECT_EQ(emulator::to_string(emulator::mtr(live_->emulation(), request)),
            "10.0.30.4 10.0.21.132|.196 10.0.100.36|.52 10.0.110.4 10.0.110.5");
  const emulator::TraceRequest back{.from = *live_->network().find_vm("spoke2-test-vm"),
                                    .to = address("10.0.30.5")};
  EXPECT_EQ(emulator::to_string(emulator::mtr(live_->emulation(), back)),
            "10.0.110.4 10.0.100.36|.52 10.0.21.132|.196 10.0.30.4 10.0.30.5");
}

TEST_F(ArsMultipeer, V51_IcmpReachesAndNamesTheRuleThatLetsItIn) {
  const auto trace = live_->trace("spoke1-test-vm", "spoke2-test-vm");
  EXPECT_TRUE(trace.reachable()) << trace.forward.verdict;
  ASSERT_EQ(trace.forward.hops.size(), 10u);  // two VMs and eight look-ups
  EXPECT_TRUE(trace.forward.crosses("spoke1"));
  EXPECT_TRUE(trace.forward.crosses("vng-0") || trace.forward.crosses("vng-1"));
  EXPECT_TRUE(trace.forward.crosses("spoke2"));
  const auto& nsgs = trace.forward.hops.back().nsgs;
  ASSERT_EQ(nsgs.size(), 1u);
  EXPECT_EQ(nsgs[0].verdict.rule, "ICMP-10");
  ASSERT_TRUE(trace.back);
  EXPECT_TRUE(trace.back->hops.back().nsgs.at(0).by_state);  // A69
}

TEST_F(ArsMultipeer, V52_SshFromTheSpokeIsDecidedByADefaultRule) {
  const auto trace = live_->trace("spoke1-test-vm", "spoke2-test-vm", 6, 40000, 22);
  const auto& verdict = trace.forward.hops.back().nsgs.at(0).verdict;
  EXPECT_NE(verdict.rule, "SSH");  // that one is for the deployer's address
  EXPECT_TRUE(verdict.rule.starts_with("defaultSecurityRules/")) << verdict.rule;
}

TEST_F(ArsMultipeer, V54_AFlowKeepsItsPathAndManyFlowsUseEveryPath) {
  std::set<std::string> crossed;
  for (uint16_t port = 1024; port < 1024 + 200; ++port) {
    const auto once = live_->trace("spoke1-test-vm", "spoke2-test-vm", 17, port, 80);
    const auto again = live_->trace("spoke1-test-vm", "spoke2-test-vm", 17, port, 80);
    ASSERT_TRUE(once.forward.delivered);
    std::string path;
    for (size_t i = 0; i < once.forward.hops.size(); ++i) {
      path += once.forward.hops[i].router + " ";
      EXPECT_EQ(once.forward.hops[i].router, again.forward.hops[i].router);
    }
    crossed.insert(path);
  }
  EXPECT_EQ(crossed.size(), 4u);  // two transits by two VPN gateway instances
}

TEST_F(ArsMultipeer, A66_TheNicsGroupStopsWhatIsNeitherVnetNorInternet) {
  const auto trace = live_->trace("spoke1-test-vm", "100.64.1.1");
  EXPECT_FALSE(trace.forward.delivered);
  EXPECT_EQ(trace.forward.drop, dataplane::DropReason::nsg_denied);
  EXPECT_EQ(trace.forward.hops.back().nsgs.at(0).verdict.rule,
            "defaultSecurityRules/DenyAllOutBound");
}

TEST_F(ArsMultipeer, A60_AReservedBlockWithoutARouteIsNone) {
  const routing::Offer* offer = live_->best("spoke1-test-vm", "100.64.0.0/10");
  ASSERT_NE(offer, nullptr);
  EXPECT_EQ(live_->next_hops("spoke1-test-vm", "100.64.0.0/10"), NextHops{"None"});
}

}  // namespace
}  // namespace skyhop
