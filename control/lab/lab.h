// The lab as the user wrote it: plain data, no behaviour. Names are Terraform's, so that an
// engineer recognises them; section `azurerm_virtual_network` of the file is `virtual_networks`
// here.
//
// Only what is written is in it. Everything the clouds derive (addresses, subnets, twins, tunnels,
// sessions) is made by control/cloud. A resource that the timeline adds later is already here, with
// `added_by_timeline` set: ids never move while a lab runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/lab/azure.h"
#include "control/lab/router.h"
#include "lpm/address.h"

namespace skyhop::lab {

/// A place in the lab file; 1-based.
struct Mark {
  int line = 0;
  int column = 0;
  std::string file;  ///< of a lab that the lab file extends; empty: the lab file itself
};

/// Where each value stands: "azurerm_virtual_network.hub.subnet.GatewaySubnet.address_prefixes[0]"
/// (reader.h has the grammar).
using Marks = std::map<std::string, Mark, std::less<>>;

// ---- Aviatrix (with the VNets that the mc-transit and mc-spoke modules make) --------------------

struct TransitGateway {
  std::string name;
  std::string location = "eastus";
  Ipv4Prefix cidr;  ///< of the VNet that is made for it, named like the gateway
  uint32_t local_as_number = 0;
  bool ha_gw = true;
  bool insane_mode = false;  ///< High Performance Encryption
  bool enable_bgp_over_lan = false;
  uint32_t bgp_lan_interfaces_count = 1;
  bool bgp_ecmp = false;
  Seconds bgp_polling_time{50};
  Seconds bgp_hold_time{180};
  bool connected_transit = true;
  bool enable_advertise_transit_cidr = false;
  Seconds tunnel_detection_time{60};
  std::vector<Ipv4Prefix> excluded_advertised_spoke_routes;
  std::vector<Ipv4Prefix> customized_spoke_vpc_routes;
  std::vector<Ipv4Prefix> filtered_spoke_vpc_routes;
  std::vector<uint32_t> prepend_as_path;
};

struct SpokeGateway {
  std::string name;
  std::string location = "eastus";
  Ipv4Prefix cidr;
  std::string transit_gw;  ///< empty: not attached
  bool ha_gw = false;
  bool insane_mode = false;
  std::vector<Ipv4Prefix> included_advertised_spoke_routes;
  std::vector<Ipv4Prefix> customized_spoke_vpc_routes;
  std::vector<Ipv4Prefix> filtered_spoke_vpc_routes;
  bool added_by_timeline = false;
};

enum class TunnelProtocol { IPsec, LAN };

/// aviatrix_transit_external_device_conn (bgp only).
struct TransitExternalDeviceConn {
  std::string connection_name;
  std::string gw_name;
  TunnelProtocol tunnel_protocol = TunnelProtocol::IPsec;
  uint32_t bgp_local_as_num = 0;  ///< 0: the gateway's
  uint32_t bgp_remote_as_num = 0;
  bool ha_enabled = false;
  // IPsec: an address, or the name of a VPN gateway, meaning its public addresses in order.
  std::vector<std::string> remote_gateway_ip;
  std::vector<std::string> backup_remote_gateway_ip;
  std::vector<std::string> local_tunnel_cidr;  ///< "169.254.21.2/30": host bits are meant
  std::vector<std::string> remote_tunnel_cidr;
  std::vector<std::string> backup_local_tunnel_cidr;
  std::vector<std::string> backup_remote_tunnel_cidr;
  bool enable_ikev2 = false;
  IpsecPolicy ipsec_policy;  ///< custom_algorithms; the module's defaults otherwise
  // LAN
  std::string remote_vpc_name;
  std::optional<Ipv4Address> remote_lan_ip;  ///< derived from the route server when absent
  std::optional<Ipv4Address> backup_remote_lan_ip;
  uint32_t backup_bgp_remote_as_num = 0;
  bool enable_bgp_lan_activemesh = false;
  std::vector<Ipv4Prefix> manual_bgp_advertised_cidrs;
  std::vector<uint32_t> prepend_as_path;
};

// ---- What to run -------------------------------------------------------------------------------

struct TrafficFlow {
  std::string from;  ///< VM
  std::string to;    ///< VM
  std::string protocol = "udp";
  uint16_t destination_port = 80;
  uint32_t flows = 1024;    ///< source ports
  std::string size = "64";  ///< octets of the frame, FCS included, or "imix"
  double pps = 0;           ///< 0: as fast as possible
};

/// Things that can be brought down and up. `target` is a derived name: a link ("transit-1 -
/// vng-0"), a gateway ("transit-1-hagw"), an instance ("routerserver-1", "vng-0"), a session.
enum class Element {
  link,
  tunnel,
  gateway,
  session,
  router,
  route_server_instance,
  vpn_gateway_instance
};

struct SetState {
  Element element;
  std::string target;
  bool up = false;
};
struct SetAdvertisedCidrs {
  std::string spoke_gateway;
  std::vector<Ipv4Prefix> included_advertised_spoke_routes;  ///< empty: back to the VNet's CIDR
};
struct AddSpoke {
  std::string spoke_gateway;  ///< a SpokeGateway with added_by_timeline
};

/// Seconds count from convergence.
struct TimelineEvent {
  Seconds at{0};
  std::variant<SetState, SetAdvertisedCidrs, AddSpoke> action;
  std::string path;  ///< its key in Marks
};

struct CheckReachable {
  std::string from;  ///< VM
  std::string to;    ///< VM, or an address
  std::string protocol = "icmp";
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  bool expected = true;
};
/// The forward path goes over all routers of `via` (any order) and none of `avoid`. An entry may
/// name alternatives, one of which is meant: "transit-1|transit-1-hagw".
struct CheckPath {
  std::string from;
  std::string to;
  std::string protocol = "icmp";
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  std::vector<std::string> via;
  std::vector<std::string> avoid;
};
/// The router, VM or subnet holds the prefix, with exactly these next hops when any are named. Next
/// hops are those in use: backups (the twin while an own tunnel is up) are not counted.
struct CheckRoute {
  std::string on;
  Ipv4Prefix prefix;
  std::vector<std::string> next_hops;  ///< addresses or router names; empty: do not look
  std::optional<std::string> as_path;  ///< "65515 65100"
  bool expected = true;                ///< false: must be absent
};
struct CheckSession {
  std::string session;                ///< "transit-1 - routerserver-0"
  std::string state = "Established";  ///< a state of RFC 4271, or "Down": any but Established
};

struct Check {
  std::string name;
  Seconds at{0};
  std::variant<CheckReachable, CheckPath, CheckRoute, CheckSession> what;
  std::string path;
};

struct Settings {
  std::string limits = "current";  ///< route server limits: current | seed-2022
  uint32_t tunnel_mtu = 1500;      ///< largest inner IP packet of a tunnel (assumed)
  /// Tunnels between two gateways that both have insane_mode; 1 to 50 (assumed, V47).
  uint32_t hpe_tunnels = 50;
  std::string encryption = "none";  ///< none: overhead only
};

struct Lab {
  std::string name;
  std::string description;
  std::string file;  ///< as given on the command line
  Marks marks;

  std::vector<VirtualNetwork> virtual_networks;
  std::vector<VirtualNetworkPeering> virtual_network_peerings;
  std::vector<RouteTable> route_tables;
  std::vector<NetworkSecurityGroup> network_security_groups;
  std::vector<RouteServer> route_servers;
  std::vector<RouteServerBgpConnection> route_server_bgp_connections;
  std::vector<VirtualNetworkGateway> virtual_network_gateways;
  std::vector<LocalNetworkGateway> local_network_gateways;
  std::vector<VirtualNetworkGatewayConnection> virtual_network_gateway_connections;
  std::vector<PublicIp> public_ips;
  std::vector<VirtualMachine> virtual_machines;
  std::vector<Router> routers;
  std::vector<Host> hosts;
  std::vector<TransitGateway> transit_gateways;
  std::vector<SpokeGateway> spoke_gateways;
  std::vector<TransitExternalDeviceConn> transit_external_device_conns;

  Settings settings;
  std::vector<TrafficFlow> traffic;
  std::vector<TimelineEvent> timeline;
  std::vector<Check> checks;
};

}  // namespace skyhop::lab
