// Each rule broken once: exactly the finding it should give, at its place.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

struct Broken {
  const char* name;
  std::function<void(lab::Lab&)> change;
  const char* finding;  ///< "error A54 path"; must be among the findings
};

std::ostream& operator<<(std::ostream& out, const Broken& broken) { return out << broken.name; }

class Rules : public testing::TestWithParam<Broken> {};

TEST_P(Rules, AreReportedAtTheirPlace) {
  lab::Lab lab = first_lab();
  GetParam().change(lab);
  const auto found = findings(derive(lab).diagnostics);
  EXPECT_TRUE(std::ranges::find(found, GetParam().finding) != found.end())
      << "expected: " << GetParam().finding << "\nfound:\n"
      << [&] {
           std::string lines;
           for (const std::string& line : found) lines += "  " + line + "\n";
           return lines;
         }();
}

lab::Subnet& hub_subnet(lab::Lab& lab, size_t index) {
  return lab.virtual_networks[0].subnets[index];
}

lab::RouteTable table(lab::UserRoute route) { return {.name = "rt", .routes = {route}}; }

/// A VNet with one workload subnet, for things the hub has no place for.
void add_vnet(lab::Lab& lab, const char* space) {
  lab.virtual_networks.push_back(
      {.name = "other",
       .address_space = {prefix(space)},
       .subnets = {
           {.name = "work", .address_prefixes = {Ipv4Prefix(prefix(space).address(), 28)}}}});
}

void add_route(lab::Lab& lab, lab::NextHopType type, std::optional<Ipv4Address> next_hop) {
  add_vnet(lab, "10.77.0.0/24");
  lab.route_tables = {table({.name = "r",
                             .address_prefix = prefix("10.1.0.0/16"),
                             .next_hop_type = type,
                             .next_hop_in_ip_address = next_hop})};
  lab.virtual_networks.back().subnets[0].route_table = "rt";
}

void peer(lab::Lab& lab, const char* name, const char* local, const char* remote) {
  lab.virtual_network_peerings.push_back(
      {.name = name, .virtual_network_name = local, .remote_virtual_network_name = remote});
}

const Broken kVnetRules[] = {
    {"SubnetOutsideItsVnet",
     [](auto& lab) { hub_subnet(lab, 0).address_prefixes = {prefix("10.0.11.0/25")}; },
     "error - azurerm_virtual_network.ars-vng-network.subnet.RouteServerSubnet"},
    {"OverlappingSubnets",
     [](auto& lab) { hub_subnet(lab, 1).address_prefixes = {prefix("10.0.10.64/26")}; },
     "error - azurerm_virtual_network.ars-vng-network.subnet.GatewaySubnet"},
    {"OverlappingAddressSpaces",
     [](auto& lab) { lab.virtual_networks[0].address_space.push_back(prefix("10.0.10.0/25")); },
     "error - azurerm_virtual_network.ars-vng-network.address_space[1]"},
    {"NoAddressSpace", [](auto& lab) { lab.virtual_networks[0].address_space.clear(); },
     "error - azurerm_virtual_network.ars-vng-network"},
    {"SubnetBelowSlash29",
     [](auto& lab) {
       add_vnet(lab, "10.77.0.0/24");
       lab.virtual_networks.back().subnets[0].address_prefixes = {prefix("10.77.0.0/30")};
     },
     "error - azurerm_virtual_network.other.subnet.work.address_prefixes[0]"},
    {"RouteServerSubnetBelowSlash27",
     [](auto& lab) { hub_subnet(lab, 0).address_prefixes = {prefix("10.0.10.0/28")}; },
     "error - "
     "azurerm_virtual_network.ars-vng-network.subnet.RouteServerSubnet.address_prefixes[0]"},
    {"RouteServerSubnetOfSlash27IsOld",
     [](auto& lab) { hub_subnet(lab, 0).address_prefixes = {prefix("10.0.10.0/27")}; },
     "warning - "
     "azurerm_virtual_network.ars-vng-network.subnet.RouteServerSubnet.address_prefixes[0]"},
    {"GatewaySubnetBelowSlash27",
     [](auto& lab) { hub_subnet(lab, 1).address_prefixes = {prefix("10.0.10.128/28")}; },
     "error - azurerm_virtual_network.ars-vng-network.subnet.GatewaySubnet.address_prefixes[0]"},
    {"A3_RouteTableOnRouteServerSubnet",
     [](auto& lab) {
       lab.route_tables = {{.name = "rt"}};
       hub_subnet(lab, 0).route_table = "rt";
     },
     "error A3 azurerm_virtual_network.ars-vng-network.subnet.RouteServerSubnet.route_table"},
    {"A3_NsgOnRouteServerSubnet",
     [](auto& lab) { hub_subnet(lab, 0).network_security_group = "vm-nsg"; },
     "error A3 "
     "azurerm_virtual_network.ars-vng-network.subnet.RouteServerSubnet.network_security_group"},
    {"DefaultRouteOnGatewaySubnet",
     [](auto& lab) {
       lab.route_tables = {table({.name = "all", .next_hop_type = lab::NextHopType::Internet})};
       hub_subnet(lab, 1).route_table = "rt";
     },
     "error - azurerm_virtual_network.ars-vng-network.subnet.GatewaySubnet.route_table"},
    {"NoPropagationOnGatewaySubnet",
     [](auto& lab) {
       lab.route_tables = {{.name = "rt", .bgp_route_propagation_enabled = false}};
       hub_subnet(lab, 1).route_table = "rt";
     },
     "error - azurerm_virtual_network.ars-vng-network.subnet.GatewaySubnet.route_table"},
    {"VnetNamedLikeAGateway",
     [](auto& lab) {
       add_vnet(lab, "10.77.0.0/24");
       lab.virtual_networks.back().name = "spoke1";
     },
     "error - aviatrix_spoke_gateway.spoke1"},
    {"ApplianceWithoutAddress",
     [](auto& lab) { add_route(lab, lab::NextHopType::VirtualAppliance, {}); },
     "error - azurerm_route_table.rt.route.r"},
    {"AddressWithoutAppliance",
     [](auto& lab) { add_route(lab, lab::NextHopType::Internet, address("10.77.0.4")); },
     "error - azurerm_route_table.rt.route.r.next_hop_in_ip_address"},
    {"ApplianceThatIsNowhere",
     [](auto& lab) { add_route(lab, lab::NextHopType::VirtualAppliance, address("10.77.0.9")); },
     "warning - azurerm_route_table.rt.route.r"},
    {"A64_ApplianceWithoutForwarding",
     [](auto& lab) {
       add_route(lab, lab::NextHopType::VirtualAppliance, address("10.77.0.4"));
       lab.virtual_machines.push_back({.name = "nva", .virtual_network_name = "other"});
     },
     "warning A64 azurerm_route_table.rt.route.r"},
    {"GatewayRouteWithoutGateway",
     [](auto& lab) { add_route(lab, lab::NextHopType::VirtualNetworkGateway, {}); },
     "warning - azurerm_route_table.rt.route.r"},
    {"SamePrefixTwice",
     [](auto& lab) {
       lab.route_tables = {table({.name = "a"})};
       lab.route_tables[0].routes.push_back({.name = "b"});
     },
     "error - azurerm_route_table.rt.route.b"},
    {"RulePriorityTwice",
     [](auto& lab) {
       auto& rules = lab.network_security_groups[0].security_rules;
       rules.push_back(rules[0]);
       rules[1].name = "again";
     },
     "error - azurerm_network_security_group.vm-nsg.security_rule[1].priority"},
    {"RulePriorityOutOfRange",
     [](auto& lab) { lab.network_security_groups[0].security_rules[0].priority = 99; },
     "error - azurerm_network_security_group.vm-nsg.security_rule[0].priority"},
    {"UnknownServiceTag",
     [](auto& lab) {
       lab.network_security_groups[0].security_rules[0].source_address_prefixes = {"Sql"};
     },
     "error - azurerm_network_security_group.vm-nsg.security_rule[0].source_address_prefixes"},
};

const Broken kPeeringRules[] = {
    {"WithItself", [](auto& lab) { peer(lab, "p", "spoke1", "spoke1"); },
     "error - azurerm_virtual_network_peering.p"},
    {"Twice", [](auto& lab) { peer(lab, "p", "transit-1", "ars-vng-network"); },
     "error - azurerm_virtual_network_peering.p"},
    {"OneSided", [](auto& lab) { peer(lab, "p", "spoke1", "ars-vng-network"); },
     "warning - azurerm_virtual_network_peering.p"},
    {"UnknownVnet", [](auto& lab) { peer(lab, "p", "spoke1", "ars-vng-netwrk"); },
     "error - azurerm_virtual_network_peering.p.remote_virtual_network_id"},
    {"OverlappingSpaces",
     [](auto& lab) {
       add_vnet(lab, "10.0.10.0/25");
       peer(lab, "p", "other", "ars-vng-network");
       peer(lab, "q", "ars-vng-network", "other");
     },
     "error - azurerm_virtual_network_peering.p"},
    {"A54_RemoteWithoutGateway",
     [](auto& lab) {
       peer(lab, "p", "spoke1", "spoke2");
       peer(lab, "q", "spoke2", "spoke1");
       lab.virtual_network_peerings[2].use_remote_gateways = true;
       lab.virtual_network_peerings[3].allow_gateway_transit = true;
     },
     "error A54 azurerm_virtual_network_peering.p.use_remote_gateways"},
    {"A54_RemoteWithoutTransit",
     [](auto& lab) { lab.virtual_network_peerings[1].allow_gateway_transit = false; },
     "error A54 azurerm_virtual_network_peering.transit-1-to-vng.use_remote_gateways"},
    {"A54_OwnGateway",
     [](auto& lab) { lab.virtual_network_peerings[1].use_remote_gateways = true; },
     "error A54 azurerm_virtual_network_peering.vng-to-spoke.use_remote_gateways"},
    {"A54_OwnRouteServer",
     [](auto& lab) {
       lab.virtual_network_gateways.clear();
       lab.virtual_network_gateway_connections.clear();
       lab.virtual_network_peerings[1].use_remote_gateways = true;
     },
     "warning A54 azurerm_virtual_network_peering.vng-to-spoke.use_remote_gateways"},
    {"A54_SecondPeeringWithTheFlag",
     [](auto& lab) {
       peer(lab, "p", "transit-1", "spoke2");
       lab.virtual_network_peerings.back().use_remote_gateways = true;
     },
     "error A54 azurerm_virtual_network_peering.p.use_remote_gateways"},
    {"A31_LanPeerWithoutRemoteGateways",
     [](auto& lab) { lab.virtual_network_peerings[0].use_remote_gateways = false; },
     "warning A31 azurerm_virtual_network_peering.transit-1-to-vng.use_remote_gateways"},
    {"V12_NoPeering", [](auto& lab) { lab.virtual_network_peerings.clear(); },
     "error V12 aviatrix_transit_external_device_conn.transit-1-to-routerserver"},
    {"V12_OneDirectionMissing", [](auto& lab) { lab.virtual_network_peerings.pop_back(); },
     "error V12 aviatrix_transit_external_device_conn.transit-1-to-routerserver"},
    {"V12_NoForwardedTraffic",
     [](auto& lab) { lab.virtual_network_peerings[1].allow_forwarded_traffic = false; },
     "error V12 aviatrix_transit_external_device_conn.transit-1-to-routerserver"},
};

const Broken kGatewayRules[] = {
    {"A2_SecondRouteServer",
     [](auto& lab) {
       lab.route_servers.push_back({.name = "rs2", .virtual_network_name = "ars-vng-network"});
     },
     "error A2 azurerm_route_server.rs2"},
    {"A2_NoRouteServerSubnet", [](auto& lab) { hub_subnet(lab, 0).name = "routeserversubnet"; },
     "error A2 azurerm_route_server.routerserver.virtual_network_name"},
    {"A5_PeerWithTheRouteServersAsn",
     [](auto& lab) { lab.route_server_bgp_connections[0].peer_asn = 65515; },
     "error A5 azurerm_route_server_bgp_connection.transit-1.peer_asn"},
    {"A6_ReservedAsn", [](auto& lab) { lab.route_server_bgp_connections[0].peer_asn = 12076; },
     "error A6 azurerm_route_server_bgp_connection.transit-1.peer_asn"},
    {"A6_FourOctetAsn", [](auto& lab) { lab.route_server_bgp_connections[0].peer_asn = 70000; },
     "error A6 azurerm_route_server_bgp_connection.transit-1.peer_asn"},
    {"A9_NinthPeer",
     [](auto& lab) {
       for (uint8_t i = 0; i < 7; ++i) {
         lab.route_server_bgp_connections.push_back(
             {.name = "nva" + std::to_string(i),
              .route_server = "routerserver",
              .peer_asn = 65030,
              .peer_ip = Ipv4Address(10, 0, 20, static_cast<uint8_t>(100 + i)).to_string()});
       }
     },
     "error A9 azurerm_route_server_bgp_connection.nva6"},
    {"PeerTwice", [](auto& lab) { lab.route_server_bgp_connections[1].peer_ip = "10.0.20.68"; },
     "error - azurerm_route_server_bgp_connection.transit-1-hagw.peer_ip"},
    {"V9_PeerThatIsNowhere",
     [](auto& lab) { lab.route_server_bgp_connections[1].peer_ip = "10.0.20.99"; },
     "warning V9 azurerm_route_server_bgp_connection.transit-1-hagw.peer_ip"},
    {"UnknownPeerName",
     [](auto& lab) { lab.route_server_bgp_connections[1].peer_ip = "transit-1-ha"; },
     "error - azurerm_route_server_bgp_connection.transit-1-hagw.peer_ip"},
    {"V11_PeerWithoutLanInterface",
     [](auto& lab) { lab.route_server_bgp_connections[1].peer_ip = "transit-2"; },
     "error V11 azurerm_route_server_bgp_connection.transit-1-hagw.peer_ip"},
    {"A39_NotActiveActive",
     [](auto& lab) { lab.virtual_network_gateways[0].active_active = false; },
     "error A39 azurerm_virtual_network_gateway.vng.active_active"},
    {"A42_ApipaOutsideItsRange",
     [](auto& lab) {
       lab.virtual_network_gateways[0].apipa_addresses[1][0] = address("169.254.23.1");
     },
     "error A42 "
     "azurerm_virtual_network_gateway.vng.bgp_settings.peering_addresses[1].apipa_addresses[0]"},
    {"A6_ReservedAsnOfAVpnGateway", [](auto& lab) { lab.virtual_network_gateways[0].asn = 65520; },
     "error A6 azurerm_virtual_network_gateway.vng.bgp_settings.asn"},
    {"SecondVpnGateway",
     [](auto& lab) {
       lab.virtual_network_gateways.push_back(
           {.name = "vng2", .virtual_network_name = "ars-vng-network"});
     },
     "error - azurerm_virtual_network_gateway.vng2"},
    {"BasicHasNoBgp",
     [](auto& lab) {
       lab.virtual_network_gateways[0].sku = "Basic";
       lab.virtual_network_gateways[0].generation = "Generation1";
     },
     "error - azurerm_virtual_network_gateway.vng.sku"},
    {"UnknownSku", [](auto& lab) { lab.virtual_network_gateways[0].sku = "VpnGw9"; },
     "error - azurerm_virtual_network_gateway.vng.sku"},
    {"SkuOfTheOtherGeneration", [](auto& lab) { lab.virtual_network_gateways[0].sku = "VpnGw1"; },
     "error - azurerm_virtual_network_gateway.vng.generation"},
    {"PublicAddressesPerInstance",
     [](auto& lab) {
       lab.virtual_network_gateways[0].public_ip_addresses = {address("192.0.2.1")};
     },
     "error - azurerm_virtual_network_gateway.vng.public_ip_addresses"},
    {"A49_GcmWithoutGcm",
     [](auto& lab) {
       lab.virtual_network_gateway_connections[0].ipsec_policy->ipsec_encryption = "GCMAES256";
     },
     "error A49 "
     "azurerm_virtual_network_gateway_connection.transit-2.ipsec_policy.ipsec_integrity"},
    {"A48_PolicyMismatch",
     [](auto& lab) {
       lab.virtual_network_gateway_connections[0].ipsec_policy->dh_group = "DHGroup24";
     },
     "warning A48 aviatrix_transit_external_device_conn.transit-2-to-vng"},
    {"ConnectionBgpWithoutGatewayBgp",
     [](auto& lab) { lab.virtual_network_gateways[0].bgp_enabled = false; },
     "error - azurerm_virtual_network_gateway_connection.transit-2.bgp_enabled"},
    {"A46_SameAsnAtBothEnds", [](auto& lab) { lab.local_network_gateways[0].asn = 65515; },
     "warning A46 azurerm_virtual_network_gateway_connection.transit-2.bgp_enabled"},
    {"BgpAddressInTheGatewaysOwnVnet",
     [](auto& lab) { lab.local_network_gateways[0].bgp_peering_address = address("10.0.10.9"); },
     "error - azurerm_local_network_gateway.transit-2.bgp_settings.bgp_peering_address"},
    {"DeviceThatIsNobody",
     [](auto& lab) { lab.local_network_gateways[0].gateway_address = "transit-3"; },
     "error - azurerm_local_network_gateway.transit-2.gateway_address"},
    {"V9_DeviceOutsideTheLab",
     [](auto& lab) { lab.local_network_gateways[0].gateway_address = "192.0.2.200"; },
     "warning V9 azurerm_virtual_network_gateway_connection.transit-2"},
};

const Broken kAviatrixRules[] = {
    {"V11_LanWithoutHpe",
     [](auto& lab) { named(lab.transit_gateways, "transit-1").insane_mode = false; },
     "error V11 aviatrix_transit_gateway.transit-1.enable_bgp_over_lan"},
    {"V11_LanConnectionWithoutLan",
     [](auto& lab) { named(lab.transit_gateways, "transit-1").enable_bgp_over_lan = false; },
     "error V11 aviatrix_transit_external_device_conn.transit-1-to-routerserver.tunnel_protocol"},
    {"V10_PartialMesh",
     [](auto& lab) {
       connection(lab, "transit-1-to-routerserver").enable_bgp_lan_activemesh = false;
     },
     "warning V10 aviatrix_transit_external_device_conn.transit-1-to-routerserver"},
    {"V7_ActiveMeshWithoutHa",
     [](auto& lab) { connection(lab, "transit-1-to-routerserver").ha_enabled = false; },
     "error V7 "
     "aviatrix_transit_external_device_conn.transit-1-to-routerserver.enable_bgp_lan_activemesh"},
    {"V8_HaWithoutTwin", [](auto& lab) { named(lab.transit_gateways, "transit-1").ha_gw = false; },
     "error V8 aviatrix_transit_external_device_conn.transit-1-to-routerserver.ha_enabled"},
    {"V15_TooFewTunnelCidrs",
     [](auto& lab) { connection(lab, "transit-2-to-vng").local_tunnel_cidr.pop_back(); },
     "error V15 aviatrix_transit_external_device_conn.transit-2-to-vng.local_tunnel_cidr"},
    {"TunnelCidrsThatDoNotMeet",
     [](auto& lab) {
       connection(lab, "transit-2-to-vng").local_tunnel_cidr[0] = "169.254.21.6/30";
     },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.local_tunnel_cidr"},
    {"TunnelCidrWithoutLength",
     [](auto& lab) { connection(lab, "transit-2-to-vng").local_tunnel_cidr[0] = "169.254.21.2"; },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.local_tunnel_cidr"},
    {"V17_HaWithoutBackup",
     [](auto& lab) { connection(lab, "transit-2-to-vng").ha_enabled = true; },
     "error V17 aviatrix_transit_external_device_conn.transit-2-to-vng.ha_enabled"},
    {"UnknownRemote",
     [](auto& lab) { connection(lab, "transit-2-to-vng").remote_gateway_ip = {"vnt"}; },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.remote_gateway_ip"},
    {"V9_NoConnectionBack", [](auto& lab) { lab.virtual_network_gateway_connections.clear(); },
     "warning V9 aviatrix_transit_external_device_conn.transit-2-to-vng"},
    {"ConnectionOfAnUnknownTransit",
     [](auto& lab) { connection(lab, "transit-2-to-vng").gw_name = "transit-3"; },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.gw_name"},
    {"LocalAsnOfAnother",
     [](auto& lab) { connection(lab, "transit-2-to-vng").bgp_local_as_num = 65101; },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.bgp_local_as_num"},
    {"CidrTooSmall",
     [](auto& lab) { named(lab.spoke_gateways, "spoke1").cidr = prefix("10.0.30.0/25"); },
     "error - aviatrix_spoke_gateway.spoke1.cidr"},
    {"NoRoomForLanSubnets",
     [](auto& lab) {
       auto& transit = named(lab.transit_gateways, "transit-1");
       transit.cidr = prefix("10.0.20.0/24");
       transit.bgp_lan_interfaces_count = 7;
     },
     "error - aviatrix_transit_gateway.transit-1.cidr"},
    {"TooManyLanInterfaces",
     [](auto& lab) { named(lab.transit_gateways, "transit-1").bgp_lan_interfaces_count = 8; },
     "error - aviatrix_transit_gateway.transit-1.bgp_lan_interfaces_count"},
    {"MoreLanInterfacesThanTheDefaultSizeHas",
     [](auto& lab) { named(lab.transit_gateways, "transit-1").bgp_lan_interfaces_count = 4; },
     "warning - aviatrix_transit_gateway.transit-1.bgp_lan_interfaces_count"},
    {"PollingTimeOutOfRange",
     [](auto& lab) { lab.transit_gateways[0].bgp_polling_time = lab::Seconds{5}; },
     "error - aviatrix_transit_gateway.transit-1.bgp_polling_time"},
    {"V40_PrependOfAnotherAsn",
     [](auto& lab) { lab.transit_gateways[0].prepend_as_path = {65020, 65021}; },
     "error V40 aviatrix_transit_gateway.transit-1.prepend_as_path"},
    {"TooManyPrepends",
     [](auto& lab) { connection(lab, "transit-2-to-vng").prepend_as_path.assign(26, 65100); },
     "error - aviatrix_transit_external_device_conn.transit-2-to-vng.prepend_as_path"},
    {"UnattachedSpoke", [](auto& lab) { lab.spoke_gateways[0].transit_gw.clear(); },
     "warning - aviatrix_spoke_gateway.spoke1"},
    {"SpokeOfAnUnknownTransit", [](auto& lab) { lab.spoke_gateways[0].transit_gw = "transit-9"; },
     "error - aviatrix_spoke_gateway.spoke1.transit_gw"},
    {"V28_ListWithoutTheVnetsCidr",
     [](auto& lab) {
       lab.spoke_gateways[1].included_advertised_spoke_routes = {prefix("10.0.120.0/24")};
     },
     "warning V28 aviatrix_spoke_gateway.spoke2.included_advertised_spoke_routes"},
    {"OverlapBehindOneTransit",
     [](auto& lab) {
       lab.spoke_gateways[0].cidr = prefix("10.0.110.0/24");
       lab.spoke_gateways[0].transit_gw = "transit-2";
     },
     "error - aviatrix_spoke_gateway.spoke2.cidr"},
    {"V38_OverlapAcrossTransits",
     [](auto& lab) { lab.spoke_gateways[0].cidr = prefix("10.0.110.0/24"); },
     "warning V38 aviatrix_spoke_gateway.spoke2.cidr"},
};

const Broken kOtherRules[] = {
    {"VmAddressOutsideItsSubnet",
     [](auto& lab) { lab.virtual_machines[0].private_ip_address = address("10.0.30.20"); },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.private_ip_address"},
    {"VmAddressThatAzureKeeps",
     [](auto& lab) { lab.virtual_machines[0].private_ip_address = address("10.0.30.3"); },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.private_ip_address"},
    {"VmAddressOfTheGateway",
     [](auto& lab) { lab.virtual_machines[0].private_ip_address = address("10.0.30.4"); },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.private_ip_address"},
    {"SubnetFull",
     [](auto& lab) {
       for (int i = 0; i < 10; ++i) {  // 11 hosts: the gateway, the test VM and nine more
         lab.virtual_machines.push_back(
             {.name = "vm" + std::to_string(i), .virtual_network_name = "spoke1"});
       }
     },
     "error - azurerm_linux_virtual_machine.vm9"},
    {"VmInGatewaySubnet",
     [](auto& lab) {
       lab.virtual_machines[0].virtual_network_name = "ars-vng-network";
       lab.virtual_machines[0].subnet = "GatewaySubnet";
     },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.subnet"},
    {"VmWithoutASubnet",
     [](auto& lab) { lab.virtual_machines[0].virtual_network_name = "ars-vng-network"; },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.virtual_network_name"},
    {"UnknownSubnet", [](auto& lab) { lab.virtual_machines[0].subnet = "public"; },
     "error - azurerm_linux_virtual_machine.spoke1-test-vm.subnet"},
    {"VmNamedLikeAGateway", [](auto& lab) { lab.virtual_machines[0].name = "vng-0"; },
     "error - azurerm_linux_virtual_machine.vng-0"},
    {"UnknownLimits", [](auto& lab) { lab.limits.route_server = "2021"; },
     "error - limits.route_server"},
    {"TunnelMtu", [](auto& lab) { lab.settings.tunnel_mtu = 500; }, "error - settings.tunnel_mtu"},
    {"JumboTunnelMtu", [](auto& lab) { lab.settings.tunnel_mtu = 9000; },
     "warning - settings.tunnel_mtu"},
    {"ForwardingTableOfNobody",
     [](auto& lab) { lab.forwarding_tables = {{"transit-3", lpm::TableChoice::popline}}; },
     "error - forwarding_tables[0].router"},
    {"ForwardingTableNamedTwice",
     [](auto& lab) {
       lab.forwarding_tables = {{"transit-1", lpm::TableChoice::popline},
                                {"transit-1", lpm::TableChoice::rte_lpm}};
     },
     "error - forwarding_tables[1].router"},
    {"V47_HpeTunnels", [](auto& lab) { lab.settings.hpe_tunnels = 51; },
     "error V47 settings.hpe_tunnels"},
    {"TrafficFromNobody",
     [](auto& lab) { lab.traffic = {{.from = "spoke3-test-vm", .to = "spoke2-test-vm"}}; },
     "error - traffic[0].from"},
    {"TimelineLink",
     [](auto& lab) {
       lab.timeline = {{.action = lab::SetState{lab::Element::tunnel, "transit-1 - vng-0"},
                        .path = "timeline[0]"}};
     },
     "error - timeline[0]"},
    {"TimelineGateway",
     [](auto& lab) {
       lab.timeline = {
           {.action = lab::SetState{lab::Element::gateway, "vng-0"}, .path = "timeline[0]"}};
     },
     "error - timeline[0]"},
    {"TimelineInstance",
     [](auto& lab) {
       lab.timeline = {
           {.action = lab::SetState{lab::Element::route_server_instance, "routerserver"},
            .path = "timeline[0]"}};
     },
     "error - timeline[0]"},
    {"CheckedSession",
     [](auto& lab) {
       lab.checks = {
           {.what = lab::CheckSession{.session = "transit-1 - vng-0"}, .path = "checks[0]"}};
     },
     "error - checks[0]"},
    {"CheckedPath",
     [](auto& lab) {
       lab.checks = {{.what = lab::CheckPath{.from = "spoke1-test-vm",
                                             .to = "10.0.110.5",
                                             .via = {"transit-1|transit-1-ha"}},
                      .path = "checks[0]"}};
     },
     "error - checks[0]"},
};

const auto kNames = [](const testing::TestParamInfo<Broken>& info) {
  return std::string(info.param.name);
};

INSTANTIATE_TEST_SUITE_P(Vnets, Rules, testing::ValuesIn(kVnetRules), kNames);
INSTANTIATE_TEST_SUITE_P(Peerings, Rules, testing::ValuesIn(kPeeringRules), kNames);
INSTANTIATE_TEST_SUITE_P(Gateways, Rules, testing::ValuesIn(kGatewayRules), kNames);
INSTANTIATE_TEST_SUITE_P(Aviatrix, Rules, testing::ValuesIn(kAviatrixRules), kNames);
INSTANTIATE_TEST_SUITE_P(Other, Rules, testing::ValuesIn(kOtherRules), kNames);

TEST(Findings, NeverStopAtTheFirst) {
  lab::Lab lab = first_lab();
  lab.limits.route_server = "2021";
  lab.spoke_gateways[0].cidr = prefix("10.0.30.0/25");
  lab.route_server_bgp_connections[0].peer_asn = 65515;
  lab.virtual_network_gateways[0].sku = "VpnGw9";
  const auto found = findings(derive(lab).diagnostics);
  for (const char* each :
       {"error - limits.route_server", "error - aviatrix_spoke_gateway.spoke1.cidr",
        "error A5 azurerm_route_server_bgp_connection.transit-1.peer_asn",
        "error - azurerm_virtual_network_gateway.vng.sku"}) {
    EXPECT_TRUE(std::ranges::find(found, each) != found.end()) << each;
  }
}

TEST(Findings, AnEmptyLabIsAnEmptyNetwork) {
  const DeriveResult result = derive({});
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_TRUE(result.network.routers.empty());
}

TEST(Findings, NearNamesAreOffered) {
  lab::Lab lab = first_lab();
  lab.virtual_network_peerings[0].remote_virtual_network_name = "ars-vng-netwrk";
  const auto diagnostics = derive(lab).diagnostics;
  EXPECT_TRUE(std::ranges::any_of(diagnostics, [](const lab::Diagnostic& each) {
    return each.message.find("did you mean \"ars-vng-network\"?") != std::string::npos;
  }));
}

}  // namespace
}  // namespace skyhop::cloud::test
