// Small networks by hand, for tests of the clouds' rules. Aborts on a bad address: a test's own
// bug.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::cloud {

inline Ipv4Address ip(std::string_view text) { return Ipv4Address::parse(text).value(); }
inline Ipv4Prefix net(std::string_view text) { return Ipv4Prefix::parse(text).value(); }
inline std::vector<Ipv4Prefix> nets(std::initializer_list<std::string_view> texts) {
  std::vector<Ipv4Prefix> prefixes;
  for (const std::string_view text : texts) prefixes.push_back(net(text));
  return prefixes;
}
inline std::vector<Ipv4Address> ips(std::initializer_list<std::string_view> texts) {
  std::vector<Ipv4Address> addresses;
  for (const std::string_view text : texts) addresses.push_back(ip(text));
  return addresses;
}

inline lab::UserRoute udr(std::string_view prefix, lab::NextHopType type,
                          std::string_view next_hop = {}) {
  lab::UserRoute route{.name = "udr-" + std::string(prefix),
                       .address_prefix = net(prefix),
                       .next_hop_type = type,
                       .next_hop_in_ip_address = {}};
  if (!next_hop.empty()) route.next_hop_in_ip_address = ip(next_hop);
  return route;
}

struct NetworkBuilder {
  Network network;

  VnetId vnet(std::string name, std::initializer_list<std::string_view> space) {
    network.vnets.push_back({.name = std::move(name), .address_space = nets(space)});
    return VnetId(network.vnets.size() - 1);
  }

  SubnetId subnet(VnetId vnet, std::string name, std::string_view prefix) {
    network.subnets.push_back({.name = std::move(name), .vnet = vnet, .prefix = net(prefix)});
    const SubnetId id(network.subnets.size() - 1);
    network.vnets[vnet.index()].subnets.push_back(id);
    return id;
  }

  struct Flags {
    bool access = true;
    bool forwarded = false;
    bool gateway_transit = false;
    bool remote_gateways = false;
    bool global = false;
  };

  /// Both directions: `a_to_b` are the flags of a's object.
  void peer(VnetId a, VnetId b, Flags a_to_b, Flags b_to_a) {
    const PeeringId first(network.peerings.size());
    const PeeringId second(network.peerings.size() + 1);
    network.peerings.push_back(direction(a, b, second, a_to_b));
    network.peerings.push_back(direction(b, a, first, b_to_a));
    network.vnets[a.index()].peerings.push_back(first);
    network.vnets[b.index()].peerings.push_back(second);
  }

  RouteTableId route_table(SubnetId subnet, std::vector<lab::UserRoute> routes = {}) {
    network.route_tables.push_back(
        {.name = network.at(subnet).name + "-rtb", .routes = std::move(routes)});
    const RouteTableId id(network.route_tables.size() - 1);
    network.subnets[subnet.index()].route_table = id;
    return id;
  }
  RouteTable& table(RouteTableId id) { return network.route_tables[id.index()]; }

  NicId vm(std::string name, SubnetId subnet, std::string_view address) {
    const NicId nic(network.nics.size());
    const VmId vm(network.vms.size());
    network.nics.push_back(
        {.name = name + "-nic", .address = ip(address), .subnet = subnet, .owner = vm});
    network.vms.push_back({.name = std::move(name), .nic = nic});
    return nic;
  }

  /// With a router unless it is a route server's instance. `lan` interfaces follow.
  GatewayId gateway(std::string name, std::string resource, GatewayKind kind, SubnetId subnet,
                    std::string_view address, uint32_t instance = 0) {
    const GatewayId id(network.gateways.size());
    Gateway gateway{.name = name,
                    .resource = std::move(resource),
                    .kind = kind,
                    .instance = instance,
                    .vnet = network.at(subnet).vnet};
    if (kind != GatewayKind::route_server_instance) {
      gateway.router = RouterId(network.routers.size());
      network.routers.push_back({.name = name, .what = id, .address = ip(address)});
    }
    network.gateways.push_back(std::move(gateway));
    lan(id, subnet, address);
    return id;
  }

  NicId lan(GatewayId gateway, SubnetId subnet, std::string_view address) {
    Gateway& owner = network.gateways[gateway.index()];
    const NicId nic(network.nics.size());
    const bool forwards = owner.kind == GatewayKind::transit || owner.kind == GatewayKind::spoke;
    network.nics.push_back({.name = owner.name + " eth" + std::to_string(owner.nics.size()),
                            .address = ip(address),
                            .subnet = subnet,
                            .ip_forwarding = forwards,
                            .owner = gateway});
    owner.nics.push_back(nic);
    return nic;
  }

  LinkId link(GatewayId a, GatewayId b, LinkKind kind = LinkKind::tunnel) {
    network.links.push_back({.name = network.at(a).name + " - " + network.at(b).name,
                             .kind = kind,
                             .a = *network.at(a).router,
                             .b = *network.at(b).router});
    return LinkId(network.links.size() - 1);
  }

  LinkId twins(GatewayId a, GatewayId b) {
    network.gateways[a.index()].twin = b;
    network.gateways[b.index()].twin = a;
    return link(a, b, LinkKind::ha);
  }

  SessionId session(GatewayId a, std::string_view a_address, GatewayId b,
                    std::string_view b_address, std::optional<LinkId> link = {}) {
    network.sessions.push_back({.name = network.at(a).name + " - " + network.at(b).name,
                                .a = {.gateway = a, .address = ip(a_address)},
                                .b = {.gateway = b, .address = ip(b_address)},
                                .link = link});
    return SessionId(network.sessions.size() - 1);
  }

 private:
  static Peering direction(VnetId local, VnetId remote, PeeringId reverse, Flags flags) {
    return {.name = "peering",
            .local = local,
            .remote = remote,
            .reverse = reverse,
            .state = PeeringState::Connected,
            .is_global = flags.global,
            .allow_virtual_network_access = flags.access,
            .allow_forwarded_traffic = flags.forwarded,
            .allow_gateway_transit = flags.gateway_transit,
            .use_remote_gateways = flags.remote_gateways};
  }
};

/// A hub with a route server and an active-active VPN gateway, a VNet that uses them with two NVAs'
/// NICs in it, and one that is peered without using them.
struct HubNetwork : NetworkBuilder {
  VnetId hub = vnet("hub", {"10.0.10.0/24"});
  VnetId nva_vnet = vnet("nva", {"10.0.20.0/23"});
  VnetId other = vnet("other", {"10.0.40.0/24"});
  SubnetId route_server_subnet = subnet(hub, "RouteServerSubnet", "10.0.10.0/25");
  SubnetId gateway_subnet = subnet(hub, "GatewaySubnet", "10.0.10.128/25");
  SubnetId nva_subnet = subnet(nva_vnet, "lan-1", "10.0.20.64/29");
  SubnetId nva_ha_subnet = subnet(nva_vnet, "lan-2", "10.0.20.72/29");
  SubnetId other_subnet = subnet(other, "default", "10.0.40.0/25");
  GatewayId ars0 = gateway("routerserver-0", "routerserver", GatewayKind::route_server_instance,
                           route_server_subnet, "10.0.10.4", 0);
  GatewayId ars1 = gateway("routerserver-1", "routerserver", GatewayKind::route_server_instance,
                           route_server_subnet, "10.0.10.5", 1);
  GatewayId vng0 =
      gateway("vng-0", "vng", GatewayKind::vpn_gateway_instance, gateway_subnet, "10.0.10.132", 0);
  GatewayId vng1 =
      gateway("vng-1", "vng", GatewayKind::vpn_gateway_instance, gateway_subnet, "10.0.10.133", 1);
  GatewayId nva0 =
      gateway("transit-1", "transit-1", GatewayKind::transit, nva_subnet, "10.0.20.68", 0);
  GatewayId nva1 =
      gateway("transit-1-hagw", "transit-1", GatewayKind::transit, nva_ha_subnet, "10.0.20.76", 1);

  HubNetwork() {
    peer(nva_vnet, hub, {.forwarded = true, .remote_gateways = true},
         {.forwarded = true, .gateway_transit = true});
    peer(other, hub, {}, {.gateway_transit = true});
    network.route_servers.push_back(
        {.name = "routerserver", .vnet = hub, .instances = {ars0, ars1}});
    network.vpn_gateways.push_back(
        {.name = "vng", .vnet = hub, .instances = {vng0, vng1}, .active_active = true});
  }

  RouteServer& route_server() { return network.route_servers.front(); }
  VpnGateway& vpn_gateway() { return network.vpn_gateways.front(); }
};

}  // namespace skyhop::cloud
