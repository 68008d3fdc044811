#include "control/cloud/azure/nsg.h"

#include <gtest/gtest.h>

#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud::azure {
namespace {

using lab::Access;
using lab::Direction;
using lab::Protocol;

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;

lpm::FlowKey flow(std::string_view from, std::string_view to, uint8_t protocol = kTcp,
                  uint16_t destination_port = 80, uint16_t source_port = 40000) {
  return {ip(from), ip(to), source_port, destination_port, protocol};
}

lab::SecurityRule rule(std::string name, uint16_t priority, Direction direction, Access access,
                       Protocol protocol, std::string source, std::string destination = "*",
                       std::vector<lab::PortRange> ports = {}) {
  return {.name = std::move(name),
          .priority = priority,
          .direction = direction,
          .access = access,
          .protocol = protocol,
          .destination_port_ranges = std::move(ports),
          .source_address_prefixes = {std::move(source)},
          .destination_address_prefixes = {std::move(destination)}};
}

struct SecurityGroups : testing::Test, NetworkBuilder {
  VnetId v = vnet("v", {"10.0.30.0/24"});
  SubnetId s = subnet(v, "s", "10.0.30.0/28");
  NicId nic = vm("vm", s, "10.0.30.5");
  std::vector<GatewayRoute> learned;

  NsgId nsg(std::string name, std::vector<lab::SecurityRule> rules) {
    network.nsgs.push_back({.name = std::move(name), .security_rules = std::move(rules)});
    return NsgId(network.nsgs.size() - 1);
  }
  void on_nic(NsgId id) { network.nics[nic.index()].nsg = id; }
  void on_subnet(NsgId id) { network.subnets[s.index()].nsg = id; }

  std::vector<Ipv4Prefix> tag() {
    return virtual_network_tag(network, nic, effective_routes(network, s, learned, {}));
  }
  NsgVerdict verdict(Direction direction, const lpm::FlowKey& key) {
    return evaluate(filters_of(network, nic, direction, tag()), key);
  }
  NsgVerdict inbound(const lpm::FlowKey& key) { return verdict(Direction::Inbound, key); }
  NsgVerdict outbound(const lpm::FlowKey& key) { return verdict(Direction::Outbound, key); }
};

TEST_F(SecurityGroups, NoGroupAllows) {
  const auto result = inbound(flow("8.8.8.8", "10.0.30.5"));
  EXPECT_TRUE(result.allowed);
  EXPECT_TRUE(result.nsg.empty());
  EXPECT_TRUE(result.rule.empty());
}

TEST_F(SecurityGroups, DefaultRulesByTheirNames) {
  on_nic(nsg("g", {}));
  EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5")).rule, "defaultSecurityRules/AllowVnetInBound");
  EXPECT_EQ(inbound(flow("8.8.8.8", "10.0.30.5")).rule, "defaultSecurityRules/DenyAllInBound");
  EXPECT_FALSE(inbound(flow("8.8.8.8", "10.0.30.5")).allowed);
  EXPECT_EQ(outbound(flow("10.0.30.5", "10.0.30.7")).rule,
            "defaultSecurityRules/AllowVnetOutBound");
  EXPECT_EQ(outbound(flow("10.0.30.5", "8.8.8.8")).rule,
            "defaultSecurityRules/AllowInternetOutBound");
  EXPECT_EQ(outbound(flow("10.0.30.5", "10.99.0.1")).rule, "defaultSecurityRules/DenyAllOutBound");
  EXPECT_EQ(outbound(flow("10.0.30.5", "10.99.0.1")).nsg, "g");
}

TEST_F(SecurityGroups, A66_InboundSubnetFirstOutboundNicFirstAndBothMustAllow) {
  on_subnet(nsg("subnet-nsg", {}));
  on_nic(nsg("nic-nsg", {}));
  const auto in = filters_of(network, nic, Direction::Inbound, tag());
  ASSERT_EQ(in.size(), 2u);
  EXPECT_EQ(in[0].name, "subnet-nsg");
  const auto out = filters_of(network, nic, Direction::Outbound, tag());
  EXPECT_EQ(out[0].name, "nic-nsg");
  EXPECT_EQ(inbound(flow("8.8.8.8", "10.0.30.5")).nsg, "subnet-nsg");

  network.nsgs[0].security_rules = {
      rule("web", 100, Direction::Inbound, Access::Allow, Protocol::Tcp, "*")};
  EXPECT_FALSE(inbound(flow("8.8.8.8", "10.0.30.5")).allowed);
  EXPECT_EQ(inbound(flow("8.8.8.8", "10.0.30.5")).nsg, "nic-nsg");
  network.nsgs[1].security_rules = network.nsgs[0].security_rules;
  EXPECT_TRUE(inbound(flow("8.8.8.8", "10.0.30.5")).allowed);
}

TEST_F(SecurityGroups, A67_GatewayLearnedSpaceIsVirtualNetwork) {
  on_nic(nsg("g", {}));
  EXPECT_FALSE(inbound(flow("10.0.110.5", "10.0.30.5")).allowed);
  learned = {{net("10.0.110.0/24"), ips({"10.0.10.132"})}};
  EXPECT_EQ(inbound(flow("10.0.110.5", "10.0.30.5")).rule, "defaultSecurityRules/AllowVnetInBound");
}

TEST_F(SecurityGroups, VirtualNetworkHoldsPeersAndUserRoutes) {
  const VnetId peered = vnet("p", {"10.7.0.0/16"});
  peer(v, peered, {}, {});
  route_table(s, {udr("10.0.0.0/8", lab::NextHopType::VirtualAppliance, "10.0.30.4"),
                  udr("192.168.0.0/16", lab::NextHopType::None)});
  EXPECT_EQ(tag(), nets({"10.0.0.0/8", "168.63.129.16/32"}));
  network.route_tables[0].routes.clear();
  EXPECT_EQ(tag(), nets({"10.0.30.0/24", "10.7.0.0/16", "168.63.129.16/32"}));
}

TEST_F(SecurityGroups, A68_InternetBoundPacketAtASingleNicAppliance) {
  // The appliance advertises the default route and keeps its own Internet with a user route (A27).
  learned = {{net("0.0.0.0/0"), ips({"10.0.30.5"})}};
  route_table(s, {udr("0.0.0.0/0", lab::NextHopType::Internet)});
  on_nic(nsg("nva-nsg", {}));
  const auto packet = flow("10.0.30.7", "8.8.8.8");
  EXPECT_EQ(inbound(packet).rule, "defaultSecurityRules/DenyAllInBound");
  network.nsgs[0].security_rules = {
      rule("from-vnet", 200, Direction::Inbound, Access::Allow, Protocol::Any, "VirtualNetwork")};
  EXPECT_TRUE(inbound(packet).allowed);
  EXPECT_EQ(inbound(packet).rule, "from-vnet");
}

TEST_F(SecurityGroups, FirstMatchByPriorityNotByOrder) {
  on_nic(nsg("g", {rule("late", 400, Direction::Inbound, Access::Allow, Protocol::Tcp, "*"),
                   rule("early", 300, Direction::Inbound, Access::Deny, Protocol::Tcp, "*")}));
  EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5")).rule, "early");
  EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5", kUdp)).rule,
            "defaultSecurityRules/AllowVnetInBound");
}

TEST_F(SecurityGroups, V52_TheLabsRules) {
  on_nic(nsg(
      "vm-nsg",
      {rule("SSH", 300, Direction::Inbound, Access::Allow, Protocol::Tcp, "203.0.113.7/32", "*",
            {{22, 22}}),
       rule("ICMP-10", 310, Direction::Inbound, Access::Allow, Protocol::Icmp, "10.0.0.0/8"),
       rule("HTTP", 340, Direction::Inbound, Access::Allow, Protocol::Tcp, "*", "*", {{80, 80}})}));
  EXPECT_EQ(inbound(flow("10.0.110.5", "10.0.30.5", kIcmp, 0)).rule, "ICMP-10");
  EXPECT_EQ(inbound(flow("10.0.110.5", "10.0.30.5", kTcp, 80)).rule, "HTTP");
  EXPECT_EQ(inbound(flow("203.0.113.7", "10.0.30.5", kTcp, 22)).rule, "SSH");
  EXPECT_EQ(inbound(flow("10.0.110.5", "10.0.30.5", kTcp, 22)).rule,
            "defaultSecurityRules/DenyAllInBound");
}

TEST_F(SecurityGroups, PortsBindOnlyProtocolsThatHaveThem) {
  on_nic(nsg("g", {rule("range", 100, Direction::Inbound, Access::Deny, Protocol::Any, "*", "*",
                        {{80, 90}, {443, 443}})}));
  for (const uint16_t port : {80, 85, 90, 443}) {
    EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5", kTcp, port)).rule, "range") << port;
    EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5", kUdp, port)).rule, "range") << port;
  }
  EXPECT_TRUE(inbound(flow("10.0.30.7", "10.0.30.5", kTcp, 91)).allowed);
  EXPECT_TRUE(inbound(flow("10.0.30.7", "10.0.30.5", kIcmp, 80)).allowed);
}

TEST_F(SecurityGroups, FullPortRangeIsAnyPort) {
  on_nic(nsg("g", {rule("all", 100, Direction::Inbound, Access::Deny, Protocol::Any, "*", "*",
                        {{0, 65535}})}));
  EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5", kIcmp, 0)).rule, "all");
}

TEST_F(SecurityGroups, InternetTagIsPublicSpaceOutsideTheVnet) {
  const std::vector<Ipv4Prefix> own = nets({"20.1.0.0/16", "0.0.0.0/0"});
  const Nsg group{.name = "g",
                  .security_rules = {rule("net", 100, Direction::Outbound, Access::Deny,
                                          Protocol::Any, "*", "Internet")}};
  const CompiledNsg compiled = compile(group, Direction::Outbound, own);
  EXPECT_EQ(evaluate(compiled, flow("10.0.30.5", "8.8.8.8")).rule, "net");
  EXPECT_EQ(evaluate(compiled, flow("10.0.30.5", "20.2.0.1")).rule, "net");
  for (const char* inside : {"20.1.0.1", "10.1.1.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
                             "169.254.1.1", "224.0.0.5", "255.255.255.255", "0.0.0.1"}) {
    EXPECT_NE(evaluate(compiled, flow("10.0.30.5", inside)).rule, "net") << inside;
  }
}

TEST_F(SecurityGroups, PlatformAddressesBypassUnlessNamed) {
  const NsgId id =
      nsg("g", {rule("none", 100, Direction::Inbound, Access::Deny, Protocol::Any, "*"),
                rule("out", 100, Direction::Outbound, Access::Deny, Protocol::Any, "*")});
  on_nic(id);
  EXPECT_TRUE(inbound(flow("168.63.129.16", "10.0.30.5")).allowed);
  EXPECT_TRUE(outbound(flow("10.0.30.5", "169.254.169.254")).allowed);
  EXPECT_FALSE(inbound(flow("8.8.8.8", "10.0.30.5")).allowed);
  network.nsgs[id.index()].security_rules.push_back(
      rule("no-probes", 200, Direction::Inbound, Access::Deny, Protocol::Any, "AzureLoadBalancer"));
  EXPECT_EQ(inbound(flow("168.63.129.16", "10.0.30.5")).rule, "no-probes");
}

TEST_F(SecurityGroups, AnUnknownTagNeverMatches) {
  on_nic(nsg("g", {rule("typo", 100, Direction::Inbound, Access::Deny, Protocol::Any, "Interne")}));
  EXPECT_EQ(inbound(flow("10.0.30.7", "10.0.30.5")).rule, "defaultSecurityRules/AllowVnetInBound");
}

}  // namespace
}  // namespace skyhop::cloud::azure
