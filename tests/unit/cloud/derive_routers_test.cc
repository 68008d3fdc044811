// Routers that no cloud programs: what a lab's words for them become.
#include <gtest/gtest.h>

#include "control/lab/reader.h"
#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

using Strings = std::vector<std::string>;

const std::string kAzure = R"(
lab: routers
azurerm_virtual_network:
  hub:
    address_space: [10.0.0.0/16]
    subnet:
      RouteServerSubnet: {address_prefixes: [10.0.0.0/26]}
      GatewaySubnet: {address_prefixes: [10.0.1.0/26]}
      appliances: {address_prefixes: [10.0.2.0/24]}
  far:
    address_space: [10.9.0.0/16]
    subnet: {appliances: {address_prefixes: [10.9.2.0/24]}}
azurerm_route_server: {rs: {virtual_network_name: hub}}
azurerm_virtual_network_gateway:
  vng: {virtual_network_name: hub, active_active: true, bgp_enabled: true}
azurerm_linux_virtual_machine:
  nva: {virtual_network_name: hub, subnet: appliances, ip_forwarding_enabled: true}
  other: {virtual_network_name: far, subnet: appliances, ip_forwarding_enabled: true}
  plain: {virtual_network_name: hub, subnet: appliances}
)";

DeriveResult derived_whole(const std::string& text) {
  const lab::ReadResult read = lab::read_text(text, "x");
  EXPECT_EQ(findings(read.diagnostics), Strings{});
  return derive(read.lab);
}
DeriveResult derived(const std::string& sections) { return derived_whole(kAzure + sections); }

const Session& session(const Network& network, std::string_view name) {
  return network.at(network.find_session(name).value());
}
const Link& link(const Network& network, std::string_view name) {
  return network.at(network.find_link(name).value());
}

TEST(Routers, EveryVmThatForwardsIsOne) {
  const DeriveResult result = derived("");
  const Network& network = result.network;
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  const Gateway& nva = gateway(network, "nva");
  EXPECT_EQ(nva.kind, GatewayKind::appliance);
  EXPECT_EQ(nva.asn, 0u);
  EXPECT_EQ(network.at(*nva.router).address, address("10.0.2.4"));
  EXPECT_TRUE(network.at(*nva.router).decrements_ttl);
  const Vm& vm = network.at(network.find_vm("nva").value());
  EXPECT_EQ(network.gateway_of(vm.nic), network.find_gateway("nva"));
  EXPECT_FALSE(network.find_gateway("plain"));
  EXPECT_FALSE(network.at(network.find_vm("plain").value()).router);
}

TEST(Routers, A4_BothInstancesOfTheRouteServerArePeers) {
  const DeriveResult result = derived(R"(
azurerm_route_server_bgp_connection:
  nva: {route_server_id: rs, peer_asn: 65001, peer_ip: nva}
router:
  nva: {virtual_machine: nva, asn: 65001, neighbor: {rs: {}}}
)");
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  for (const char* name : {"nva - rs-0", "nva - rs-1"}) {
    const Session& each = session(result.network, name);
    EXPECT_EQ(each.problem, "");
    EXPECT_EQ(each.a.address, address("10.0.2.4"));
    EXPECT_EQ(each.a.expected_peer_asn, 65515u);
    EXPECT_FALSE(each.link);
  }
}

TEST(Routers, V9_WhatOneEndDoesNotSayStaysDown) {
  const DeriveResult result = derived(R"(
azurerm_route_server_bgp_connection:
  nva: {route_server_id: rs, peer_asn: 65009, peer_ip: 10.0.2.4}
router:
  nva: {virtual_machine: nva, asn: 65001, neighbor: {rs-0: {}}}
)");
  EXPECT_EQ(session(result.network, "nva - rs-0").problem,
            "rs-0 expects AS 65009, but nva is AS 65001");
  EXPECT_EQ(session(result.network, "nva - rs-1").problem, "nva has no connection to 10.0.0.5");
  EXPECT_EQ(findings(result.diagnostics),
            (Strings{"warning V9 router.nva.neighbor.rs-0",
                     "warning V9 azurerm_route_server_bgp_connection.nva",
                     "warning A13 router.nva.neighbor.rs-0"}));
}

TEST(Routers, ASiteAndItsTunnelsToBothInstances) {
  const DeriveResult result = derived(R"(
azurerm_local_network_gateway:
  dc: {gateway_address: dc, bgp_settings: {asn: 65100, bgp_peering_address: 192.168.0.1}}
azurerm_virtual_network_gateway_connection:
  dc: {virtual_network_gateway_id: vng, local_network_gateway_id: dc, bgp_enabled: true}
router:
  dc: {address: 192.168.0.1, asn: 65100, connection: {azure: {remote: vng}}, neighbor: {vng: {}}}
host:
  pc: {router: dc, address: 192.168.1.10}
)");
  EXPECT_EQ(findings(result.diagnostics), Strings{});
  const Network& network = result.network;
  const Gateway& dc = gateway(network, "dc");
  EXPECT_EQ(dc.kind, GatewayKind::on_premises);
  EXPECT_EQ(dc.public_ip, address("192.0.2.11"));
  EXPECT_EQ(network.at(dc.vnet).kind, VnetKind::site);
  for (const char* name : {"dc - vng-0", "dc - vng-1"}) {
    EXPECT_EQ(link(network, name).kind, LinkKind::tunnel);
    EXPECT_EQ(link(network, name).problem, "");
    EXPECT_EQ(session(network, name).problem, "");
  }
  const Nic& pc = network.at(network.at(network.find_vm("pc").value()).nic);
  EXPECT_EQ(network.at(pc.subnet).router, dc.router);
}

TEST(Routers, ApipaEndsFindEachOther) {
  const DeriveResult result = derived_whole(R"(
lab: apipa
azurerm_local_network_gateway:
  dc: {gateway_address: dc, bgp_settings: {asn: 65100, bgp_peering_address: 169.254.21.2}}
azurerm_virtual_network_gateway:
  apipa:
    virtual_network_name: hub
    bgp_enabled: true
    bgp_settings: {peering_addresses: [{apipa_addresses: [169.254.21.1]}]}
azurerm_virtual_network:
  hub: {address_space: [10.8.0.0/16], subnet: {GatewaySubnet: {address_prefixes: [10.8.0.0/27]}}}
azurerm_virtual_network_gateway_connection:
  dc: {virtual_network_gateway_id: apipa, local_network_gateway_id: dc, bgp_enabled: true}
router:
  dc:
    address: 192.168.0.1
    asn: 65100
    connection: {apipa: {local_address: 169.254.21.2}}
    neighbor: {apipa: {}}
)");
  const Session& each = session(result.network, "dc - apipa-0");
  EXPECT_EQ(each.problem, "");
  EXPECT_EQ(each.a.address, address("169.254.21.1"));
  EXPECT_TRUE(each.a.is_passive);  // A41
  EXPECT_EQ(each.b.address, address("169.254.21.2"));
}

TEST(Routers, TunnelsBetweenAppliancesNeedAWayThere) {
  const std::string overlay = R"(
router:
  nva: {virtual_machine: nva, connection: {other: {protocol: VXLAN}}}
  other: {virtual_machine: other, connection: {nva: {protocol: VXLAN}}}
)";
  const DeriveResult apart = derived(overlay);
  EXPECT_EQ(link(apart.network, "nva - other").problem,
            "VNets hub and far are not peered, and the two have no public addresses");
  const DeriveResult peered = derived(overlay + R"(
azurerm_virtual_network_peering:
  a: {virtual_network_name: hub, remote_virtual_network_id: far}
  b: {virtual_network_name: far, remote_virtual_network_id: hub}
)");
  EXPECT_EQ(findings(peered.diagnostics), Strings{});
  const Link& tunnel = link(peered.network, "nva - other");
  EXPECT_EQ(tunnel.problem, "");
  EXPECT_EQ(tunnel.encapsulation.fixed_bytes, 50u);
}

TEST(Routers, AzureDropsGre) {
  const DeriveResult result = derived(R"(
azurerm_virtual_network_peering:
  a: {virtual_network_name: hub, remote_virtual_network_id: far}
  b: {virtual_network_name: far, remote_virtual_network_id: hub}
router:
  nva: {virtual_machine: nva, connection: {other: {protocol: GRE}}}
  other: {virtual_machine: other, connection: {nva: {protocol: GRE}}}
)");
  EXPECT_EQ(link(result.network, "nva - other").problem,
            "Azure's fabric drops GRE; settings.gre_on_azure allows it here");
}

TEST(Routers, WhatCannotBeIsSaid) {
  const DeriveResult result = derived(R"(
router:
  nva: {virtual_machine: nva, asn: 65001, address: 1.2.3.4, neighbor: {vng: {}, nwhere: {}}}
  again: {virtual_machine: nva, asn: 65002}
  lost: {asn: 65003}
  dc:
    address: 192.168.0.1
    asn: 65100
    connection: {vgn: {}, cable: {remote: nva, protocol: Ethernet}}
    neighbor: {other: {}}
    static_route: [{address_prefix: 10.0.0.0/8, next_hop: vngg}]
  quiet: {address: 192.168.9.1, neighbor: {dc: {}}}
)");
  EXPECT_EQ(findings(result.diagnostics),
            (Strings{"error - router.nva.address", "error - router.again.virtual_machine",
                     "error - router.lost", "error - router.dc.connection.vgn",
                     "error - router.nva.neighbor.vng", "error - router.nva.neighbor.nwhere",
                     "error - router.dc.neighbor.other", "error - router.quiet",
                     "warning V9 router.dc.connection.cable",
                     "error - router.dc.static_route[0].next_hop"}));
}

TEST(Routers, OneAddressOneHost) {
  const DeriveResult result = derived(R"(
router: {dc: {address: 192.168.0.1}}
host:
  a: {router: dc, address: 192.168.1.1}
  b: {router: dc, address: 192.168.1.1}
  web: {router: internet, address: 198.51.100.80}
)");
  EXPECT_EQ(findings(result.diagnostics), (Strings{"error - host.b.address"}));
  EXPECT_TRUE(result.network.internet);
}

}  // namespace
}  // namespace skyhop::cloud::test
