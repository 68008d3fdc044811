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
#include "lpm/table_choice.h"

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

/// Whose learned CIDRs wait for approval (V36): all of a gateway's, or those of the connections
/// that ask for it.
enum class ApprovalMode { gateway, connection };

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
  std::vector<Ipv4Prefix> customized_transit_vpc_routes;
  std::vector<uint32_t> prepend_as_path;
  std::vector<Ipv4Prefix> bgp_manual_spoke_advertise_cidrs;
  bool enable_preserve_as_path = false;  ///< of manual lists (V35)
  bool enable_segmentation = false;
  bool enable_multi_tier_transit = false;
  bool enable_learned_cidrs_approval = false;
  ApprovalMode learned_cidrs_approval_mode = ApprovalMode::gateway;
  std::vector<Ipv4Prefix> approved_learned_cidrs;
  bool enable_active_standby = false;
  bool enable_active_standby_preemptive = false;
  bool enable_transit_firenet = false;  ///< takes two of the LAN interfaces
  bool single_ip_snat = false;
  bool single_az_ha = true;  ///< a stopped gateway is started again
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
  Seconds tunnel_detection_time{60};
  bool enable_private_vpc_default_route = false;
  bool enable_skip_public_route_table_update = false;
  bool single_ip_snat = false;
  bool single_az_ha = true;
  // A BGP spoke, one with external connections of its own.
  bool enable_bgp = false;
  uint32_t local_as_number = 0;
  bool bgp_ecmp = false;
  Seconds bgp_polling_time{50};
  Seconds bgp_hold_time{180};
  std::vector<uint32_t> prepend_as_path;
  std::vector<Ipv4Prefix> spoke_bgp_manual_advertise_cidrs;
  bool enable_preserve_as_path = false;
  bool disable_route_propagation = false;  ///< learned routes stay at the spoke
  bool enable_learned_cidrs_approval = false;
  ApprovalMode learned_cidrs_approval_mode = ApprovalMode::gateway;
  std::vector<Ipv4Prefix> approved_learned_cidrs;
  bool enable_active_standby = false;
  bool enable_active_standby_preemptive = false;
  bool added_by_timeline = false;
};

/// aviatrix_spoke_transit_attachment. A spoke's transit_gw is one with all defaults: attachments()
/// gives both.
struct SpokeTransitAttachment {
  std::string name;
  std::string spoke_gw_name;
  std::string transit_gw_name;
  std::vector<std::string> route_tables;  ///< the controller programs these only; empty: all
  bool enable_max_performance = true;
  uint32_t tunnel_count = 0;  ///< of a gateway pair with HPE; 0: settings.hpe_tunnels
  std::vector<uint32_t> spoke_prepend_as_path;
  std::vector<uint32_t> transit_prepend_as_path;
};

struct TransitGatewayPeering {
  std::string name;
  std::string transit_gateway_name1;
  std::string transit_gateway_name2;
  std::vector<Ipv4Prefix> gateway1_excluded_network_cidrs;  ///< not told by 1 to 2
  std::vector<Ipv4Prefix> gateway2_excluded_network_cidrs;
  std::vector<uint32_t> prepend_as_path1;  ///< in front of what 1 tells 2
  std::vector<uint32_t> prepend_as_path2;
  bool enable_peering_over_private_network = false;
  bool enable_single_tunnel_mode = false;
  bool enable_insane_mode_encryption_over_internet = false;
  bool enable_max_performance = true;
  uint32_t tunnel_count = 0;  ///< of a gateway pair with HPE; 0: as settings and mode say
};

struct NetworkDomain {
  std::string name;
};
struct NetworkDomainAssociation {
  std::string name;
  std::string network_domain_name;
  std::string attachment_name;       ///< a spoke gateway or an external connection
  std::string transit_gateway_name;  ///< where the attachment ends; empty: wherever it does
};
struct ConnectionPolicy {
  std::string name;
  std::string domain_name_1;
  std::string domain_name_2;
};

enum class TunnelProtocol { IPsec, GRE, LAN };
enum class ConnectionType { bgp, fixed };  ///< "bgp", "static"

/// aviatrix_transit_external_device_conn and aviatrix_spoke_external_device_conn.
struct TransitExternalDeviceConn {
  std::string connection_name;
  std::string gw_name;
  bool is_on_spoke = false;
  ConnectionType connection_type = ConnectionType::bgp;
  TunnelProtocol tunnel_protocol = TunnelProtocol::IPsec;
  uint32_t bgp_local_as_num = 0;  ///< 0: the gateway's
  uint32_t bgp_remote_as_num = 0;
  bool ha_enabled = false;
  // Tunnels: an address, or the name of a VPN gateway or an Aviatrix gateway, meaning its addresses
  // in order: public ones, private ones with direct_connect and GRE.
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
  bool direct_connect = false;
  std::vector<Ipv4Prefix> remote_subnet;  ///< static routes
  std::vector<Ipv4Prefix> manual_bgp_advertised_cidrs;
  std::vector<uint32_t> prepend_as_path;
  bool enable_learned_cidrs_approval = false;
  std::vector<Ipv4Prefix> approved_cidrs;
  bool switch_to_ha_standby_gateway = false;  ///< active-standby: start on the twin
};

/// The section of the lab file that the connection stands in.
[[nodiscard]] inline std::string section_of(const TransitExternalDeviceConn& connection) {
  return connection.is_on_spoke ? "aviatrix_spoke_external_device_conn"
                                : "aviatrix_transit_external_device_conn";
}

/// One policy of aviatrix_gateway_snat or aviatrix_gateway_dnat: what it applies to, and what the
/// address and port become.
struct NatPolicy {
  std::optional<Ipv4Prefix> src_cidr;
  std::optional<PortRange> src_port;
  std::optional<Ipv4Prefix> dst_cidr;
  std::optional<PortRange> dst_port;
  std::string protocol = "all";
  std::string interface;   ///< "eth0": only what leaves (SNAT) or enters (DNAT) there
  std::string connection;  ///< an external connection, or the gateway at the far end of tunnels
  /// "100.64.1.1", or "100.64.1.1-100.64.1.4".
  std::string ips;
  std::optional<PortRange> port;
};
struct GatewaySnat {
  std::string name;
  std::string gw_name;  ///< one gateway; a twin has a resource of its own unless sync_to_ha
  bool sync_to_ha = false;
  std::vector<NatPolicy> policies;
};
struct GatewayDnat {
  std::string name;
  std::string gw_name;
  bool sync_to_ha = false;
  std::vector<NatPolicy> policies;
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
/// Learned CIDRs become approved, or pending again (V36).
struct SetApproval {
  std::string target;  ///< a gateway, or a connection
  std::vector<Ipv4Prefix> cidrs;
  bool approved = true;
};
/// "Switchover" of an active-standby connection: the other gateway's tunnel forwards (V50).
struct Switchover {
  std::string connection;
};
/// The machine is stopped in the cloud's portal; with single_az_ha the controller starts it again.
struct StopGateway {
  std::string gateway;
};

/// Seconds count from convergence.
struct TimelineEvent {
  Seconds at{0};
  std::variant<SetState, SetAdvertisedCidrs, AddSpoke, SetApproval, Switchover, StopGateway,
               LinkConditions>
      action;
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

/// What Azure's gateways take. The first key chooses the year, the others set single figures.
struct Limits {
  std::string route_server = "current";  ///< current | seed-2022
  std::optional<uint32_t> route_server_peers;
  std::optional<uint32_t> route_server_routes_per_peer;
  std::optional<uint32_t> route_server_routes_to_gateway;  ///< 0: none
  std::optional<uint32_t> route_server_routes;             ///< of VNets and branches in all
  std::optional<uint32_t> vpn_gateway_routes_per_peer;
};

struct Settings {
  uint32_t tunnel_mtu = 1500;  ///< largest inner IP packet of a tunnel (assumed)
  /// Tunnels between two gateways that both have insane_mode; 1 to 50 (assumed, V47).
  uint32_t hpe_tunnels = 50;
  /// Metric of a route through a gateway's twin; direct ones have 100 (assumed).
  uint32_t twin_metric = 200;
  /// Controller-wide: learned routes with longer AS paths stay where they are; 0: no limit.
  uint32_t bgp_max_as_limit = 0;
  /// What prepend_as_path counts: numbers beside the own one, or the own one too (assumed, V40).
  std::string prepend_as_path = "added";  ///< added | total
  /// Where a spoke gateway stands: in the first /28 or in the second (assumed, V4).
  std::string spoke_gateway_subnet = "Public-gateway-subnet-1";
  /// Attachments without a network domain: share one of their own, or reach nobody (assumed, V48).
  std::string unassociated_attachments = "shared";  ///< shared | isolated
  /// The controller refuses GRE on Azure; this lets a lab look at it all the same.
  bool gre_on_azure = false;
  /// Until the controller has a stopped gateway running again (assumed).
  Seconds gateway_restart_time{180};
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
  std::vector<PublicIp> public_ips;
  std::vector<VirtualMachine> virtual_machines;
  std::vector<Router> routers;
  std::vector<Host> hosts;
  std::vector<TransitGateway> transit_gateways;
  std::vector<SpokeGateway> spoke_gateways;
  std::vector<SpokeTransitAttachment> spoke_transit_attachments;
  std::vector<TransitGatewayPeering> transit_gateway_peerings;
  /// Of spokes too.
  std::vector<TransitExternalDeviceConn> transit_external_device_conns;
  std::vector<NetworkDomain> network_domains;
  std::vector<NetworkDomainAssociation> network_domain_associations;
  std::vector<ConnectionPolicy> connection_policies;
  std::vector<GatewaySnat> gateway_snats;
  std::vector<GatewayDnat> gateway_dnats;

  Limits limits;
  Settings settings;
  std::vector<ForwardingTable> forwarding_tables;
  std::vector<LinkConditions> links;
  std::vector<TrafficFlow> traffic;
  std::vector<TimelineEvent> timeline;
  std::vector<Check> checks;
};

/// Written attachments, and those that a spoke's transit_gw stands for.
[[nodiscard]] inline std::vector<SpokeTransitAttachment> attachments(const Lab& lab) {
  std::vector<SpokeTransitAttachment> all;
  for (const SpokeGateway& spoke : lab.spoke_gateways) {
    if (spoke.transit_gw.empty()) continue;
    all.push_back(
        {.name = spoke.name, .spoke_gw_name = spoke.name, .transit_gw_name = spoke.transit_gw});
  }
  all.insert(all.end(), lab.spoke_transit_attachments.begin(), lab.spoke_transit_attachments.end());
  return all;
}

}  // namespace skyhop::lab
