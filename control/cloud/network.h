// The derived network: what the clouds make of a lab. Static structure only; what is up or down,
// learned or programmed at a moment is the emulator's.
//
// Ids are dense indexes into the vectors below and never change while a lab runs. Things that the
// timeline adds later are here from the start with `present_at_start == false`.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/cloud/id.h"
#include "control/lab/lab.h"
#include "dataplane/image.h"
#include "dataplane/ipsec/spec.h"
#include "lpm/address.h"

namespace skyhop::cloud {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

/// A derived value with the reason it has: the rows of `skyhop show`.
struct Fact {
  std::string subject;    ///< "transit-1-hagw eth1"
  std::string attribute;  ///< "private_ip"
  std::string value;      ///< "10.0.20.76"
  std::string reason;     ///< "first free host (x.4) of av-gw-transit-1-hagw-eth1-bgp_lan"
};

/// Machines outside of Azure stand in sites: a site has no peerings and no effective routes, and
/// what its subnets stand on is a router of its own.
enum class VnetKind { azure, site, internet };

struct Vnet {
  std::string name;
  std::string location;
  std::vector<Ipv4Prefix> address_space;
  std::vector<SubnetId> subnets;
  std::vector<PeeringId> peerings;  ///< those whose local side is this VNet
  bool made_by_aviatrix = false;
  VnetKind kind = VnetKind::azure;
};

struct Subnet {
  std::string name;  ///< unique in its VNet
  VnetId vnet;
  Ipv4Prefix prefix;
  std::optional<RouteTableId> route_table;
  std::optional<NsgId> nsg;
  /// The Azure host fabric as a router with this subnet's effective routes, only where a NIC is. Of
  /// a site: its router.
  std::optional<RouterId> router;
};

enum class PeeringState { Initiated, Connected };

/// One direction; `reverse` is the remote side's object, absent while only Initiated (A52 ff.).
struct Peering {
  std::string name;
  VnetId local;
  VnetId remote;
  std::optional<PeeringId> reverse;
  PeeringState state = PeeringState::Initiated;
  bool is_global = false;
  bool allow_virtual_network_access = true;
  bool allow_forwarded_traffic = false;
  bool allow_gateway_transit = false;
  bool use_remote_gateways = false;
};

struct RouteTable {
  std::string name;
  bool bgp_route_propagation_enabled = true;
  std::vector<lab::UserRoute> routes;  ///< the user's; the controller's come and go at run time
  bool managed_by_aviatrix = false;    ///< the controller programs RFC 1918 and learned routes here
  bool is_private_subnet = false;
};

using Nsg = lab::NetworkSecurityGroup;

struct Nic {
  std::string name;  ///< "spoke1-test-vm-nic", "transit-1 eth1"
  Ipv4Address address;
  SubnetId subnet;
  bool ip_forwarding = false;
  std::optional<NsgId> nsg;
  std::variant<VmId, GatewayId> owner;
  /// What arrives here is looked up in this table of a network domain, not in the gateway's (V48).
  std::optional<RouterId> router;
};

struct Vm {
  std::string name;
  NicId nic;
  std::optional<Ipv4Address> public_ip;
  /// What runs on a VM that forwards: packets for others go through its router, its own to the VM.
  std::optional<GatewayId> router;
};

enum class GatewayKind {
  transit,
  spoke,
  vpn_gateway_instance,
  route_server_instance,
  appliance,  ///< runs on a VM
  on_premises
};

/// A network domain's own table at a transit gateway with segmentation (V48).
struct DomainTable {
  std::string domain;
  RouterId router;
};

/// Anything with a process of its own: an Aviatrix gateway, one instance of a VPN gateway or of a
/// route server, a router on a VM or outside of Azure.
struct Gateway {
  std::string name;      ///< "transit-1-hagw", "vng-0", "routerserver-1"
  std::string resource;  ///< the lab's resource: "transit-1", "vng", "routerserver"
  GatewayKind kind = GatewayKind::transit;
  uint32_t instance = 0;  ///< 0 primary, 1 twin
  VnetId vnet;
  std::vector<NicId> nics;  ///< eth0 first, then LAN interfaces; one for Azure's instances
  std::optional<GatewayId> twin;
  std::optional<RouterId> router;  ///< a route server has none: it never forwards (A38)
  std::vector<DomainTable> domains;
  uint32_t asn = 0;  ///< 0: does not speak BGP
  Ipv4Address public_ip;
  bool insane_mode = false;
  std::string size;  ///< of the VM, for an Aviatrix gateway
  bool present_at_start = true;
};

/// Anything with a forwarding table: a gateway, or the fabric of one subnet.
struct Router {
  std::string name;  ///< the gateway's, or "vnet/subnet"
  std::variant<GatewayId, SubnetId> what;
  Ipv4Address address;          ///< ICMP comes from it; a subnet's is its x.1
  bool decrements_ttl = false;  ///< Aviatrix gateways only (V53)
  bool answers_icmp = false;    ///< sends errors and echo replies
  lpm::TableChoice table = lpm::TableChoice::rte_lpm;
  std::string table_reason;  ///< "the default", "forwarding_tables"
};

enum class LinkKind { fabric, tunnel, ha, cable };
[[nodiscard]] std::string_view to_string(LinkKind kind);  ///< as spelt here

/// What a tunnel adds to each packet; bytes on the wire follow from it.
struct Encapsulation {
  uint32_t fixed_bytes = 0;  ///< outer IPv4, UDP of NAT-T where used, ESP header, IV, ICV
  uint32_t block = 1;        ///< inner packet + 2 octets of trailer are padded to this
  friend bool operator==(const Encapsulation&, const Encapsulation&) = default;
};

/// What the two directions of an IPsec tunnel are. Without a driver in the house for its algorithm
/// it is weighed and not encrypted.
struct Ipsec {
  dataplane::ipsec::EspSpec a_to_b;
  dataplane::ipsec::EspSpec b_to_a;
};

/// A limit that a cloud sets on packets, shared by the channels that name it.
struct Limit {
  std::string name;                 ///< "VpnGw2 tunnel", "spoke1 Standard_B1ms"
  uint64_t bits_per_second = 0;     ///< on the wire; 0: none
  uint64_t packets_per_second = 0;  ///< 0: none
  std::string reason;
};

/// One direction of a link.
struct Channel {
  LinkId link;
  RouterId from;
  friend auto operator<=>(const Channel&, const Channel&) = default;
};

/// A pair of directed channels a->b and b->a. Directed channel index: 2 * id (a->b), 2 * id + 1.
/// An end is the table that looks up what arrives there: a gateway's, or that of a network domain.
struct Link {
  std::string name;  ///< "spoke1 - transit-1"
  LinkKind kind = LinkKind::fabric;
  RouterId a;
  RouterId b;
  std::string connection;      ///< the attachment or external connection it belongs to
  std::string far_connection;  ///< of b's end, where that is configured by another one
  /// Inner addresses of the ends, where the tunnel has them (169.254.x.y).
  std::optional<Ipv4Address> a_address;
  std::optional<Ipv4Address> b_address;
  lab::IpsecPolicy policy;  ///< of a tunnel: what both ends agree on
  Encapsulation encapsulation;
  std::optional<Ipsec> ipsec;  ///< absent: a fabric link
  uint32_t tunnel_count = 1;   ///< IPsec tunnels bundled in it: several between two HPE ends (V47)
  uint32_t mtu = 1500;
  /// What a channel's packets meet, in this order.
  struct Direction {
    std::vector<LimitId> limits;
    lab::LinkConditions conditions;  ///< when the lab starts
    std::string conditions_reason;   ///< "links[0], links[2]"
  };
  std::array<Direction, 2> directions;  ///< from a, from b
  /// Why the tunnel can never come up (V18, A48), else empty.
  std::string problem;
  /// Another link whose tunnel this one uses, for packets of a network domain: up while it is up.
  std::optional<LinkId> carrier;
  bool present_at_start = true;
};

/// One BGP session as both ends are configured.
struct Session {
  struct End {
    GatewayId gateway;
    Ipv4Address address;
    uint32_t local_asn = 0;
    uint32_t expected_peer_asn = 0;
    bool is_passive = false;  ///< waits for the other to connect (A41)
    std::string connection;   ///< the resource that configures this end
  };
  std::string name;  ///< "transit-1 - routerserver-0"
  End a;
  End b;
  std::optional<LinkId> link;  ///< the tunnel that carries it; over the fabric when absent
  /// Why it cannot come up, else empty (V9: an end is missing, A5: ASN, V12: peering missing).
  std::string problem;
};

struct RouteServer {
  std::string name;
  VnetId vnet;
  std::vector<GatewayId> instances;
  uint32_t asn = 65515;
  bool branch_to_branch = false;
  lab::RoutingPreference preference = lab::RoutingPreference::ExpressRoute;
  uint32_t max_prefixes_per_peer = 4000;
  uint32_t max_prefixes_to_gateway = 0;  ///< 0: no limit
  uint32_t max_prefixes = 0;             ///< of VNets and branches in all; 0: no limit
  uint32_t max_peers = 8;
};

struct VpnGateway {
  std::string name;
  VnetId vnet;
  std::vector<GatewayId> instances;
  uint32_t asn = 65515;
  bool active_active = false;
  uint32_t max_prefixes_per_peer = 4000;
  /// Prefixes of local network gateways reached without BGP, with the tunnels to them.
  struct StaticRoute {
    Ipv4Prefix prefix;
    std::vector<LinkId> links;
  };
  std::vector<StaticRoute> static_routes;
};

/// A router that no cloud programs: on an appliance's VM, or outside of Azure.
struct PlainRouter {
  GatewayId gateway;
  std::optional<VmId> vm;
  bool ip_forwarding = true;  ///< of the NIC and of what runs (A64)
  bool bgp_ecmp = true;
  std::vector<Ipv4Prefix> networks;
  enum class Out { links, vnet, internet, nowhere };
  struct StaticRoute {
    Ipv4Prefix prefix;
    Out out = Out::nowhere;
    std::vector<LinkId> links;
  };
  std::vector<StaticRoute> static_routes;
};

/// A spoke's attachment to a transit: tunnels of every gateway pair.
struct Attachment {
  std::vector<GatewayId> spoke;
  std::vector<GatewayId> transit;
  std::vector<LinkId> links;
  std::string domain;  ///< the spoke's network domain at this transit; empty: none
  lab::SpokeTransitAttachment settings;
};

/// Two transits that tell each other routes: tunnels of every gateway pair.
struct TransitPeering {
  std::vector<GatewayId> first;
  std::vector<GatewayId> second;
  std::vector<LinkId> links;
  lab::TransitGatewayPeering settings;
};

/// What an Aviatrix gateway translates: its rules in their order, each with the links it applies
/// to.
struct GatewayNat {
  struct Rule {
    bool of_source = true;  ///< of what leaves; else the destination of what enters
    dataplane::NatRule what;
    std::vector<LinkId> links;  ///< empty: all
  };
  GatewayId gateway;
  std::vector<Rule> rules;
  bool reaches_internet = false;  ///< translates at eth0: the Internet lies behind it
};

/// Names and addresses to ids; made once by index_network.
struct NetworkIndex;

struct Network {
  std::string name;
  std::vector<Vnet> vnets;
  std::vector<Subnet> subnets;
  std::vector<Peering> peerings;
  std::vector<RouteTable> route_tables;
  std::vector<Nsg> nsgs;
  std::vector<Nic> nics;
  std::vector<Vm> vms;
  std::vector<Gateway> gateways;
  std::vector<Router> routers;
  std::vector<Link> links;
  std::vector<Limit> limits;
  std::vector<Session> sessions;
  std::vector<RouteServer> route_servers;
  std::vector<VpnGateway> vpn_gateways;
  std::vector<Attachment> attachments;
  std::vector<TransitPeering> transit_peerings;
  std::vector<GatewayNat> nats;
  std::vector<PlainRouter> plain_routers;
  /// Where packets leave to the Internet, if the lab has a host there.
  std::optional<RouterId> internet;
  std::vector<Fact> facts;
  /// Makes the finders below constant-time; without it (a network built by hand) they scan.
  std::shared_ptr<const NetworkIndex> index;

  [[nodiscard]] const Vnet& at(VnetId id) const { return vnets[id.index()]; }
  [[nodiscard]] const Subnet& at(SubnetId id) const { return subnets[id.index()]; }
  [[nodiscard]] const Peering& at(PeeringId id) const { return peerings[id.index()]; }
  [[nodiscard]] const RouteTable& at(RouteTableId id) const { return route_tables[id.index()]; }
  [[nodiscard]] const Nsg& at(NsgId id) const { return nsgs[id.index()]; }
  [[nodiscard]] const Nic& at(NicId id) const { return nics[id.index()]; }
  [[nodiscard]] const Vm& at(VmId id) const { return vms[id.index()]; }
  [[nodiscard]] const Gateway& at(GatewayId id) const { return gateways[id.index()]; }
  [[nodiscard]] const Router& at(RouterId id) const { return routers[id.index()]; }
  [[nodiscard]] const Link& at(LinkId id) const { return links[id.index()]; }
  [[nodiscard]] const Limit& at(LimitId id) const { return limits[id.index()]; }
  [[nodiscard]] const Session& at(SessionId id) const { return sessions[id.index()]; }

  [[nodiscard]] std::optional<VnetId> find_vnet(std::string_view name) const;
  [[nodiscard]] std::optional<SubnetId> find_subnet(
      std::string_view name) const;  ///< "vnet/subnet"
  [[nodiscard]] std::optional<VmId> find_vm(std::string_view name) const;
  [[nodiscard]] std::optional<GatewayId> find_gateway(std::string_view name) const;
  [[nodiscard]] std::optional<RouterId> find_router(std::string_view name) const;
  [[nodiscard]] std::optional<LinkId> find_link(std::string_view name) const;  ///< either order
  /// Both channels of "a - b", the one of "a -> b", with those of network domains in the same
  /// tunnel; none when there is no such link.
  [[nodiscard]] std::vector<Channel> find_channels(std::string_view name) const;
  /// "a -> b"
  [[nodiscard]] std::string name_of(Channel channel) const;
  [[nodiscard]] std::optional<SessionId> find_session(std::string_view name) const;
  /// The gateway whose table this is; nothing for the fabric.
  [[nodiscard]] std::optional<GatewayId> gateway_of(RouterId router) const;
  /// Its table, and those of network domains.
  [[nodiscard]] std::vector<RouterId> routers_of(GatewayId gateway) const;
  /// The table of a network domain at a gateway; the gateway's own where it has none for it.
  [[nodiscard]] RouterId table_of(GatewayId gateway, std::string_view domain) const;
  /// What the gateway translates; null: nothing.
  [[nodiscard]] const GatewayNat* nat_of(GatewayId gateway) const;
  /// The link between two routers, if there is one.
  [[nodiscard]] std::optional<LinkId> link_between(RouterId x, RouterId y) const;
  /// The NIC with this address in the VNet or in a VNet peered with it.
  [[nodiscard]] std::optional<NicId> nic_at(VnetId vnet, Ipv4Address address) const;
  /// Whose NIC it is: a gateway's, or a VM's that has a router.
  [[nodiscard]] std::optional<GatewayId> gateway_of(NicId nic) const;
  /// Of a router that no cloud programs; null for every other gateway.
  [[nodiscard]] const PlainRouter* plain_router(GatewayId gateway) const;
};

/// The gateway's rules on this side of this link.
[[nodiscard]] std::vector<dataplane::NatRule> nat_rules(const GatewayNat& nat, LinkId link,
                                                        dataplane::NatSide side);

/// Sets `network.index`; to be called again when anything was added.
void index_network(Network& network);

}  // namespace skyhop::cloud
