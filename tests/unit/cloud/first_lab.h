// The first lab, made by hand: a route server and an active-active VPN gateway in one VNet, an HPE
// transit that peers with the route server over LAN, and an on-premises transit behind IPsec.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "control/cloud/derive.h"
#include "control/lab/lab.h"

namespace skyhop::cloud::test {

inline Ipv4Address address(std::string_view text) { return Ipv4Address::parse(text).value(); }
inline Ipv4Prefix prefix(std::string_view text) { return Ipv4Prefix::parse(text).value(); }

inline lab::Lab first_lab() {
  lab::Lab lab;
  lab.name = "ars-multipeer";
  lab.virtual_networks = {
      {.name = "ars-vng-network",
       .location = "East US",
       .address_space = {prefix("10.0.10.0/24")},
       .subnets = {{.name = "RouteServerSubnet", .address_prefixes = {prefix("10.0.10.0/25")}},
                   {.name = "GatewaySubnet", .address_prefixes = {prefix("10.0.10.128/25")}}}}};
  lab.virtual_network_peerings = {{.name = "transit-1-to-vng",
                                   .virtual_network_name = "transit-1",
                                   .remote_virtual_network_name = "ars-vng-network",
                                   .allow_forwarded_traffic = true,
                                   .use_remote_gateways = true},
                                  {.name = "vng-to-spoke",
                                   .virtual_network_name = "ars-vng-network",
                                   .remote_virtual_network_name = "transit-1",
                                   .allow_forwarded_traffic = true,
                                   .allow_gateway_transit = true}};
  lab.network_security_groups = {{.name = "vm-nsg",
                                  .security_rules = {{.name = "ICMP-10",
                                                      .priority = 310,
                                                      .access = lab::Access::Allow,
                                                      .protocol = lab::Protocol::Icmp,
                                                      .source_address_prefixes = {"10.0.0.0/8"},
                                                      .destination_address_prefixes = {"*"}}}}};
  lab.route_servers = {{.name = "routerserver",
                        .virtual_network_name = "ars-vng-network",
                        .branch_to_branch_traffic_enabled = true}};
  lab.route_server_bgp_connections = {{.name = "transit-1",
                                       .route_server = "routerserver",
                                       .peer_asn = 65020,
                                       .peer_ip = "transit-1"},
                                      {.name = "transit-1-hagw",
                                       .route_server = "routerserver",
                                       .peer_asn = 65020,
                                       .peer_ip = "10.0.20.76"}};
  lab.virtual_network_gateways = {
      {.name = "vng",
       .virtual_network_name = "ars-vng-network",
       .active_active = true,
       .bgp_enabled = true,
       .sku = "VpnGw2",
       .generation = "Generation2",
       .apipa_addresses = {{address("169.254.21.1")}, {address("169.254.22.1")}}}};
  lab.local_network_gateways = {{.name = "transit-2",
                                 .gateway_address = "transit-2",
                                 .asn = 65100,
                                 .bgp_peering_address = address("169.254.21.2")},
                                {.name = "transit-2-hagw",
                                 .gateway_address = "transit-2-hagw",
                                 .asn = 65100,
                                 .bgp_peering_address = address("169.254.22.2")}};
  for (const char* name : {"transit-2", "transit-2-hagw"}) {
    lab.virtual_network_gateway_connections.push_back(
        {.name = name,
         .virtual_network_gateway = "vng",
         .local_network_gateway = name,
         .bgp_enabled = true,
         .connection_mode = lab::ConnectionMode::ResponderOnly,
         .ipsec_policy = lab::IpsecPolicy{}});
  }
  for (const char* spoke : {"spoke1", "spoke2"}) {
    lab.virtual_machines.push_back({.name = std::string(spoke) + "-test-vm",
                                    .virtual_network_name = spoke,
                                    .network_security_group = "vm-nsg"});
  }
  lab.transit_gateways = {{.name = "transit-1",
                           .location = "East US",
                           .cidr = prefix("10.0.20.0/23"),
                           .local_as_number = 65020,
                           .insane_mode = true,
                           .enable_bgp_over_lan = true,
                           .bgp_ecmp = true},
                          {.name = "transit-2",
                           .location = "East US",
                           .cidr = prefix("10.0.100.0/23"),
                           .local_as_number = 65100,
                           .bgp_ecmp = true}};
  lab.spoke_gateways = {{.name = "spoke1",
                         .location = "East US",
                         .cidr = prefix("10.0.30.0/24"),
                         .transit_gw = "transit-1"},
                        {.name = "spoke2",
                         .location = "East US",
                         .cidr = prefix("10.0.110.0/24"),
                         .transit_gw = "transit-2"}};
  lab.transit_external_device_conns = {
      {.connection_name = "transit-1-to-routerserver",
       .gw_name = "transit-1",
       .tunnel_protocol = lab::TunnelProtocol::LAN,
       .bgp_local_as_num = 65020,
       .bgp_remote_as_num = 65515,
       .ha_enabled = true,
       .remote_vpc_name = "ars-vng-network",
       .backup_bgp_remote_as_num = 65515,
       .enable_bgp_lan_activemesh = true},
      {.connection_name = "transit-2-to-vng",
       .gw_name = "transit-2",
       .bgp_local_as_num = 65100,
       .bgp_remote_as_num = 65515,
       .remote_gateway_ip = {"vng"},
       .local_tunnel_cidr = {"169.254.21.2/30", "169.254.22.2/30"},
       .remote_tunnel_cidr = {"169.254.21.1/30", "169.254.22.1/30"},
       .enable_ikev2 = true}};
  return lab;
}

/// The element of a lab's list with this name.
template <typename T>
T& named(std::vector<T>& all, std::string_view name) {
  return *std::ranges::find(all, name, &T::name);
}

inline lab::TransitExternalDeviceConn& connection(lab::Lab& lab, std::string_view name) {
  return *std::ranges::find(lab.transit_external_device_conns, name,
                            &lab::TransitExternalDeviceConn::connection_name);
}

/// transit-2 with HA on its connection: both of its gateways to both instances of vng (V17).
inline void make_four_tunnels(lab::Lab& lab) {
  named(lab.virtual_network_gateways, "vng").apipa_addresses = {
      {address("169.254.21.1"), address("169.254.21.5")},
      {address("169.254.22.1"), address("169.254.22.5")}};
  auto& conn = connection(lab, "transit-2-to-vng");
  conn.ha_enabled = true;
  conn.remote_gateway_ip = {"203.0.113.11"};
  conn.backup_remote_gateway_ip = {"203.0.113.12"};
  conn.local_tunnel_cidr = {"169.254.21.2/30", "169.254.21.6/30"};
  conn.remote_tunnel_cidr = {"169.254.21.1/30", "169.254.21.5/30"};
  conn.backup_local_tunnel_cidr = {"169.254.22.2/30", "169.254.22.6/30"};
  conn.backup_remote_tunnel_cidr = {"169.254.22.1/30", "169.254.22.5/30"};
}

inline const Gateway& gateway(const Network& network, std::string_view name) {
  return network.at(network.find_gateway(name).value());
}

inline Ipv4Address nic_address(const Network& network, std::string_view gateway_name,
                               size_t nic = 0) {
  return network.at(gateway(network, gateway_name).nics.at(nic)).address;
}

inline std::vector<std::string> names_of(const std::vector<Link>& links, LinkKind kind) {
  std::vector<std::string> names;
  for (const Link& link : links) {
    if (link.kind == kind) names.push_back(link.name);
  }
  return names;
}

template <typename T>
std::vector<std::string> all_names(const std::vector<T>& all) {
  std::vector<std::string> names;
  for (const T& each : all) names.push_back(each.name);
  return names;
}

/// "error A54 path", one per finding.
inline std::vector<std::string> findings(const lab::Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const lab::Diagnostic& each : diagnostics) {
    lines.push_back(std::string(each.severity == lab::Severity::error ? "error " : "warning ") +
                    (each.rule.empty() ? "-" : each.rule) + " " + each.path);
  }
  return lines;
}

}  // namespace skyhop::cloud::test
