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

#include "lpm/address.h"
#include "lpm/table_choice.h"

namespace skyhop::lab {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using Seconds = std::chrono::duration<double>;

/// A place in the lab file; 1-based.
struct Mark {
  int line = 0;
  int column = 0;
  std::string file;  ///< of a lab that the lab file extends; empty: the lab file itself
};

/// Where each value stands: "azurerm_virtual_network.hub.subnet.GatewaySubnet.address_prefixes[0]"
/// (reader.h has the grammar).
using Marks = std::map<std::string, Mark, std::less<>>;

// ---- Azure ------------------------------------------------------------------------------------

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

/// azurerm_linux_virtual_machine: the ends of the network, each a possible virtual port.
struct VirtualMachine {
  std::string name;
  std::string virtual_network_name;
  std::optional<std::string> subnet;  ///< default: the first public subnet
  std::optional<Ipv4Address> private_ip_address;
  std::optional<std::string> network_security_group;  ///< of the NIC
  bool ip_forwarding_enabled = false;
};

// ---- Aviatrix (with the VNets that the mc-transit and mc-spoke modules make) --------------------

struct TransitGateway {
  std::string name;
  std::string location = "eastus";
  Ipv4Prefix cidr;  ///< of the VNet that is made for it, named like the gateway
  uint32_t local_as_number = 0;
  bool ha_gw = true;
  bool insane_mode = false;  ///< High Performance Encryption
  std::string gw_size;       ///< of the VM; empty: the module's default
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
  std::string gw_size;
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

/// Bits or packets per second; 0: no limit.
struct Rate {
  uint64_t per_second = 0;
  friend bool operator==(Rate, Rate) = default;
};
/// 0 to 100.
struct Percent {
  double value = 0;
  friend bool operator==(Percent, Percent) = default;
};

enum class JitterDistribution { uniform, normal };

/// What a link does to packets. What is absent stays as it is.
struct LinkConditions {
  /// "transit-2 - vng-0": both directions; "transit-2 -> vng-0": this one.
  std::string link;
  std::optional<Rate> rate;  ///< bits per second on the wire, encapsulation included
  std::optional<Rate> packet_rate;
  std::optional<uint32_t> queue_packets;
  std::optional<uint64_t> queue_bytes;  ///< 0: any number
  std::optional<Seconds> delay;
  std::optional<Seconds> jitter;  ///< greatest (uniform), or standard deviation (normal)
  std::optional<JitterDistribution> jitter_distribution;
  std::optional<std::string> jitter_file;  ///< in place of `jitter`
  std::vector<Seconds> jitter_samples;     ///< what is in it
  std::optional<bool> jitter_reorders;
  std::optional<Percent> loss_percent;
  std::optional<double> loss_burst;  ///< mean length of bad periods, in packets
  std::optional<Percent> loss_in_burst_percent;
  std::optional<Percent> duplicate_percent;
  std::optional<Percent> corrupt_percent;
  std::optional<Percent> reorder_percent;
  std::optional<Seconds> reorder_delay;

  /// Takes over what the other says.
  void update(const LinkConditions& change);
  friend bool operator==(const LinkConditions&, const LinkConditions&) = default;
};

/// Things that can be brought down and up. `target` is a derived name: a link ("transit-1 -
/// vng-0"), a gateway ("transit-1-hagw"), an instance ("routerserver-1", "vng-0"), a session.
enum class Element { link, tunnel, gateway, session, route_server_instance, vpn_gateway_instance };

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
  std::variant<SetState, SetAdvertisedCidrs, AddSpoke, LinkConditions> action;
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

/// Given keys of one direction of a tunnel; SAs of further workers and later ones have others.
struct EspKeys {
  std::string from;            ///< gateway that seals
  std::string to;              ///< and that opens
  uint32_t tunnel = 0;         ///< of a bundle between two HPE ends
  std::string spi;             ///< "4097" or "0x1001"
  std::string encryption_key;  ///< hexadecimal; of GCM with the salt behind it (RFC 4106 8.1)
  std::string integrity_key;
};

/// For all IPsec tunnels of the lab.
struct EspSettings {
  std::string algorithm = "policy";    ///< as each tunnel's policy says, or "GCMAES256", ...
  std::string driver = "auto";         ///< the crypto PMD
  std::string nat_traversal = "auto";  ///< auto: between public addresses
  bool extended_sequence_numbers = false;
  uint32_t replay_window = 1024;    ///< packets
  uint64_t lifetime_packets = 0;    ///< 0: no end; clouds have none
  uint64_t lifetime_kilobytes = 0;  ///< 0: as the policy says
  std::optional<Seconds> lifetime;  ///< absent: as the policy says
  uint32_t seed = 1;                ///< of the keys that are not given
  std::vector<EspKeys> keys;
};

enum class Encryption { esp, none };

/// The kind of one router's forwarding table.
struct ForwardingTable {
  std::string
      router;  ///< a derived name: "transit-1-hagw", "spoke1/spoke1-Public-gateway-subnet-1"
  lpm::TableChoice kind = lpm::TableChoice::automatic;
};

struct Settings {
  std::string limits = "current";  ///< route server limits: current | seed-2022
  uint32_t tunnel_mtu = 1500;      ///< largest inner IP packet of a tunnel (assumed)
  /// Tunnels between two gateways that both have insane_mode; 1 to 50 (assumed, V47).
  uint32_t hpe_tunnels = 50;
  Encryption encryption = Encryption::esp;  ///< none: tunnels cost their octets only
  EspSettings esp;
  /// Of every router that forwarding_tables does not name. Absent: rte_lpm, in a large lab auto.
  std::optional<lpm::TableChoice> forwarding_table;
  std::string shaping = "cloud";  ///< cloud: gateways carry what their sizes carry; none
  uint64_t seed = 1;              ///< of what links leave to chance
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
  std::vector<VirtualMachine> virtual_machines;
  std::vector<TransitGateway> transit_gateways;
  std::vector<SpokeGateway> spoke_gateways;
  std::vector<TransitExternalDeviceConn> transit_external_device_conns;

  Settings settings;
  std::vector<ForwardingTable> forwarding_tables;
  std::vector<LinkConditions> links;
  std::vector<TrafficFlow> traffic;
  std::vector<TimelineEvent> timeline;
  std::vector<Check> checks;
};

}  // namespace skyhop::lab
