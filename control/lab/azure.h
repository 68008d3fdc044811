// The Azure resources of a lab, as written: plain data with azurerm's names (see lab.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lpm/address.h"

namespace skyhop::lab {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using Seconds = std::chrono::duration<double>;

struct Subnet {
  std::string name;
  std::vector<Ipv4Prefix> address_prefixes;
  std::optional<std::string> route_table;             ///< azurerm_route_table
  std::optional<std::string> network_security_group;  ///< azurerm_network_security_group
};

struct VirtualNetwork {
  std::string name;
  std::string location = "eastus";
  std::vector<Ipv4Prefix> address_space;
  std::vector<Subnet> subnets;
};

/// One direction of a peering (A52-A55).
struct VirtualNetworkPeering {
  std::string name;
  std::string virtual_network_name;  ///< also the VNet of an Aviatrix gateway, by its name
  std::string remote_virtual_network_name;
  bool allow_virtual_network_access = true;
  bool allow_forwarded_traffic = false;
  bool allow_gateway_transit = false;
  bool use_remote_gateways = false;
};

enum class NextHopType { VirtualNetworkGateway, VnetLocal, Internet, VirtualAppliance, None };

struct UserRoute {
  std::string name;
  Ipv4Prefix address_prefix;
  NextHopType next_hop_type = NextHopType::None;
  std::optional<Ipv4Address> next_hop_in_ip_address;
  friend bool operator==(const UserRoute&, const UserRoute&) = default;
};

struct RouteTable {
  std::string name;
  bool bgp_route_propagation_enabled = true;
  std::vector<UserRoute> routes;
};

enum class RoutingPreference { ExpressRoute, VpnGateway, ASPath };

struct RouteServer {
  std::string name;
  std::string virtual_network_name;  ///< must hold a subnet named RouteServerSubnet
  bool branch_to_branch_traffic_enabled = false;
  RoutingPreference hub_routing_preference = RoutingPreference::ExpressRoute;
};

struct RouteServerBgpConnection {
  std::string name;
  std::string route_server;
  uint32_t peer_asn = 0;
  /// An address, or the name of an Aviatrix gateway ("transit-1", "transit-1-hagw") whose bgp_lan
  /// address is meant.
  std::string peer_ip;
};

struct VirtualNetworkGateway {
  std::string name;
  std::string virtual_network_name;  ///< must hold a subnet named GatewaySubnet
  std::string type = "Vpn";
  bool active_active = false;
  bool bgp_enabled = false;
  std::string sku = "VpnGw1";
  std::string generation = "Generation1";
  uint32_t asn = 65515;                                   ///< bgp_settings.asn
  std::vector<std::vector<Ipv4Address>> apipa_addresses;  ///< per instance
  std::vector<Ipv4Address> public_ip_addresses;           ///< per instance; derived when empty
};

struct LocalNetworkGateway {
  std::string name;
  /// An address, or the name of an Aviatrix gateway ("transit-2", "transit-2-hagw") whose public
  /// address is meant.
  std::string gateway_address;
  std::vector<Ipv4Prefix> address_space;
  std::optional<uint32_t> asn;                     ///< bgp_settings.asn
  std::optional<Ipv4Address> bgp_peering_address;  ///< bgp_settings.bgp_peering_address
};

struct IpsecPolicy {
  std::string ike_encryption = "AES256";
  std::string ike_integrity = "SHA256";
  std::string dh_group = "DHGroup14";
  std::string ipsec_encryption = "AES256";
  std::string ipsec_integrity = "SHA256";
  std::string pfs_group = "None";
  uint32_t sa_lifetime = 27'000;       ///< seconds; each end keeps its own
  uint32_t sa_datasize = 102'400'000;  ///< kilobytes of 1,024 octets; each end keeps its own
};

enum class ConnectionMode { Default, InitiatorOnly, ResponderOnly };

struct VirtualNetworkGatewayConnection {
  std::string name;
  std::string virtual_network_gateway;
  std::string local_network_gateway;
  bool bgp_enabled = false;
  ConnectionMode connection_mode = ConnectionMode::Default;
  std::optional<IpsecPolicy> ipsec_policy;
};

enum class Direction { Inbound, Outbound };
enum class Access { Allow, Deny };
enum class Protocol { Any, Tcp, Udp, Icmp, Esp, Ah };

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 65535;
  friend bool operator==(PortRange, PortRange) = default;
};

struct SecurityRule {
  std::string name;
  uint16_t priority = 0;  ///< 100..4096
  Direction direction = Direction::Inbound;
  Access access = Access::Deny;
  Protocol protocol = Protocol::Any;
  std::vector<PortRange> source_port_ranges;       ///< empty: any
  std::vector<PortRange> destination_port_ranges;  ///< empty: any
  /// Prefixes, "*", or service tags (VirtualNetwork, AzureLoadBalancer, Internet).
  std::vector<std::string> source_address_prefixes;
  std::vector<std::string> destination_address_prefixes;
};

struct NetworkSecurityGroup {
  std::string name;
  std::vector<SecurityRule> security_rules;
};

struct PublicIp {
  std::string name;
  std::optional<Ipv4Address> ip_address;  ///< made up when absent
};

/// azurerm_linux_virtual_machine: the ends of the network, each a possible virtual port.
struct VirtualMachine {
  std::string name;
  std::string virtual_network_name;
  std::optional<std::string> subnet;  ///< default: the first public subnet
  std::optional<Ipv4Address> private_ip_address;
  std::optional<std::string> network_security_group;  ///< of the NIC
  bool ip_forwarding_enabled = false;
  std::optional<std::string> public_ip_address;  ///< azurerm_public_ip of the NIC
};

}  // namespace skyhop::lab
