// Route servers and VPN gateways with their instances, and Azure's ends of IPsec tunnels.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/asn.h"
#include "control/cloud/azure/derive.h"
#include "control/cloud/azure/sku.h"
#include "control/cloud/ipsec.h"

namespace skyhop::cloud::azure {

namespace {

// A42: the only link-local range Azure's VPN gateway speaks BGP from.
constexpr Ipv4Address kFirstApipa{169, 254, 21, 0};
constexpr Ipv4Address kLastApipa{169, 254, 22, 255};

void check_sku(Derivation& d, const lab::VirtualNetworkGateway& vng, const std::string& path) {
  if (find_sku(vng.sku) == nullptr) {
    std::vector<std::string> names;
    for (const Sku& each : skus()) names.emplace_back(each.name);
    d.error(path + ".sku", fmt::format("no VPN gateway SKU is named \"{}\"{}", vng.sku,
                                       did_you_mean(vng.sku, names)));
    return;
  }
  if (find_sku(vng.sku, vng.generation) == nullptr) {
    d.error(path + ".generation",
            fmt::format("SKU {} does not exist in {}", vng.sku, vng.generation));
  }
  if (vng.sku == "Basic" && vng.bgp_enabled) {
    d.error(path + ".sku", "SKU Basic has no BGP; take VpnGw1 or larger");
  }
  if (vng.sku == "Basic" && vng.active_active) {
    d.error(path + ".sku", "SKU Basic cannot be active-active; take VpnGw1 or larger");
  }
}

void check_apipa(Derivation& d, const lab::VirtualNetworkGateway& vng, size_t instances,
                 const std::string& path) {
  if (vng.apipa_addresses.size() > instances) {
    d.error(path + ".bgp_settings.peering_addresses",
            fmt::format("APIPA addresses for {} instances, but the gateway has {}",
                        vng.apipa_addresses.size(), instances));
  }
  std::set<Ipv4Address> seen;
  for (size_t i = 0; i < vng.apipa_addresses.size(); ++i) {
    for (size_t k = 0; k < vng.apipa_addresses[i].size(); ++k) {
      const Ipv4Address address = vng.apipa_addresses[i][k];
      const std::string address_path =
          fmt::format("{}.bgp_settings.peering_addresses[{}].apipa_addresses[{}]", path, i, k);
      if (address < kFirstApipa || address > kLastApipa) {
        d.error(address_path,
                fmt::format("{} is outside 169.254.21.0 to 169.254.22.255, the range for APIPA BGP",
                            address.to_string()),
                "A42");
      }
      if (!seen.insert(address).second) {
        d.error(address_path, fmt::format("{} stands twice", address.to_string()));
      }
    }
  }
}

/// The subnet Azure's own gateway must stand in.
std::optional<SubnetId> gateway_subnet(Derivation& d, VnetId vnet, std::string_view name,
                                       const std::string& path, std::string rule) {
  const auto found = d.find_subnet(vnet, name);
  if (!found) {
    d.error(path + ".virtual_network_name",
            fmt::format("VNet {} has no subnet named {}", d.network.at(vnet).name, name),
            std::move(rule));
  }
  return found;
}

/// One BGP address of an instance: the APIPA address in the remote's /30 where the remote is APIPA,
/// else its private one.
Ipv4Address local_bgp_address(const std::vector<Ipv4Address>& apipa, Ipv4Address private_ip,
                              Ipv4Address remote) {
  if (!kApipa.contains(remote) || apipa.empty()) return private_ip;
  const Ipv4Prefix inside(remote, 30);
  const auto found = std::ranges::find_if(apipa, [&](Ipv4Address a) { return inside.contains(a); });
  return found != apipa.end() ? *found : apipa.front();
}

/// The address of the device behind a local network gateway.
std::optional<Ipv4Address> device_address(Derivation& d, const lab::LocalNetworkGateway& lng) {
  const std::string path = "azurerm_local_network_gateway." + lng.name + ".gateway_address";
  if (const auto gateway = d.find_gateway(lng.gateway_address)) {
    const Ipv4Address address = d.network.at(*gateway).public_ip;
    d.fact("local network gateway " + lng.name, "gateway_address", address.to_string(),
           fmt::format("public address of {}", lng.gateway_address));
    return address;
  }
  if (const auto address = Ipv4Address::parse(lng.gateway_address)) return address;
  std::vector<std::string> candidates;
  for (const Gateway& gateway : d.network.gateways) candidates.push_back(gateway.name);
  d.error(path, fmt::format("\"{}\" is neither an address nor a gateway{}", lng.gateway_address,
                            did_you_mean(lng.gateway_address, candidates)));
  return std::nullopt;
}

void check_lng(Derivation& d, const lab::LocalNetworkGateway& lng,
               std::optional<Ipv4Address> device) {
  const std::string path = "azurerm_local_network_gateway." + lng.name + ".bgp_settings";
  if (lng.asn.has_value() != lng.bgp_peering_address.has_value()) {
    d.error(path, "bgp_settings needs both asn and bgp_peering_address");
  }
  if (lng.asn) {
    if (const auto why = why_reserved(*lng.asn); !why.empty()) {
      d.error(path + ".asn", fmt::format("AS {} cannot be used: {}", *lng.asn, why), "A6");
    }
  }
  if (lng.bgp_peering_address && device && *lng.bgp_peering_address == *device) {
    d.error(path + ".bgp_peering_address",
            "the BGP address cannot be the public address of the device");
  }
}

void derive_connection(Derivation& d, const lab::VirtualNetworkGatewayConnection& connection,
                       const lab::VirtualNetworkGateway& vng, const lab::LocalNetworkGateway& lng,
                       Ipv4Address device) {
  const std::string path = "azurerm_virtual_network_gateway_connection." + connection.name;
  if (connection.bgp_enabled && !vng.bgp_enabled) {
    d.error(path + ".bgp_enabled", fmt::format("VPN gateway {} has BGP off", vng.name));
  }
  if (connection.bgp_enabled && (!lng.asn || !lng.bgp_peering_address)) {
    d.error(path + ".bgp_enabled",
            fmt::format("local network gateway {} has no bgp_settings", lng.name));
  }
  if (connection.bgp_enabled && lng.asn == vng.asn) {
    d.warning(
        path + ".bgp_enabled",
        fmt::format("both ends are AS {}: routes that carry it are dropped as loops", vng.asn),
        "A46");
  }
  if (connection.ipsec_policy) {
    if (const auto fault = fault_of(*connection.ipsec_policy)) {
      d.error(path + ".ipsec_policy." + fault->field, fault->message, fault->rule);
    }
  }
  const VpnGateway& derived = d.network.vpn_gateways[d.vpn_gateway_of_name.at(vng.name)];
  const Vnet& vnet = d.network.at(derived.vnet);
  const bool has_bgp = connection.bgp_enabled && vng.bgp_enabled && lng.asn.has_value() &&
                       lng.bgp_peering_address.has_value();
  const bool is_inside = has_bgp && std::ranges::any_of(vnet.address_space, [&](Ipv4Prefix space) {
                           return space.contains(*lng.bgp_peering_address);
                         });
  if (is_inside) {
    d.error("azurerm_local_network_gateway." + lng.name + ".bgp_settings.bgp_peering_address",
            fmt::format("{} is inside the gateway's own VNet {}",
                        lng.bgp_peering_address->to_string(), vnet.name));
  }
  for (const GatewayId id : derived.instances) {
    const Gateway& instance = d.network.at(id);
    TunnelEnd end{.gateway = id,
                  .remote = device,
                  .connection = connection.name,
                  .path = path,
                  .is_azure = true,
                  .initiates = connection.connection_mode != lab::ConnectionMode::ResponderOnly,
                  .responds = connection.connection_mode != lab::ConnectionMode::InitiatorOnly,
                  .policy = connection.ipsec_policy,
                  .has_bgp = has_bgp,
                  .static_prefixes = lng.address_space};
    if (has_bgp) {
      const Ipv4Address private_ip = d.network.at(instance.nics.front()).address;
      const std::vector<Ipv4Address> apipa = instance.instance < vng.apipa_addresses.size()
                                                 ? vng.apipa_addresses[instance.instance]
                                                 : std::vector<Ipv4Address>{};
      end.remote_bgp = *lng.bgp_peering_address;
      end.local_bgp = local_bgp_address(apipa, private_ip, end.remote_bgp);
      end.local_asn = vng.asn;
      end.remote_asn = *lng.asn;
      end.is_passive = kApipa.contains(end.local_bgp);  // A41
    }
    d.tunnel_ends.push_back(std::move(end));
  }
}

template <typename T>
using ByName = std::map<std::string, const T*>;

template <typename T>
ByName<T> by_name(const std::vector<T>& all) {
  ByName<T> names;
  for (const T& each : all) names.emplace(each.name, &each);
  return names;
}

template <typename T>
const T* find_named(const ByName<T>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : found->second;
}

/// The year's figures, each of which the lab may set.
void set_limits(Derivation& d, RouteServer& server) {
  const lab::Limits& limits = d.lab.limits;
  const bool is_2022 = limits.route_server == "seed-2022";
  const auto set = [&](uint32_t& limit, const char* attribute, uint32_t of_the_year,
                       const std::optional<uint32_t>& own, const char* key) {
    limit = own.value_or(of_the_year);
    d.fact(server.name, attribute, limit == 0 ? "none" : std::to_string(limit),
           own ? fmt::format("limits.{}", key) : "limits.route_server is " + limits.route_server);
  };
  set(server.max_prefixes_per_peer, "max_prefixes_per_peer", is_2022 ? 1000 : 4000,
      limits.route_server_routes_per_peer, "route_server_routes_per_peer");
  set(server.max_prefixes_to_gateway, "max_prefixes_to_gateway", is_2022 ? 200 : 0,
      limits.route_server_routes_to_gateway, "route_server_routes_to_gateway");
  set(server.max_prefixes, "max_prefixes", is_2022 ? 0 : 10'000, limits.route_server_routes,
      "route_server_routes");
  set(server.max_peers, "max_peers", 8, limits.route_server_peers, "route_server_peers");
}

}  // namespace

void reserve_public_addresses(Derivation& d) {
  for (const lab::PublicIp& public_ip : d.lab.public_ips) {
    if (public_ip.ip_address && !d.reserve_public_address(*public_ip.ip_address)) {
      d.error("azurerm_public_ip." + public_ip.name + ".ip_address",
              fmt::format("{} is taken already", public_ip.ip_address->to_string()));
    }
  }
  for (const lab::VirtualNetworkGateway& vng : d.lab.virtual_network_gateways) {
    for (const Ipv4Address address : vng.public_ip_addresses) {
      if (!d.reserve_public_address(address)) {
        d.error("azurerm_virtual_network_gateway." + vng.name + ".public_ip_addresses",
                fmt::format("{} is taken already", address.to_string()));
      }
    }
  }
}

void derive_route_servers(Derivation& d) {
  std::set<VnetId> taken;
  for (const lab::RouteServer& lab_server : d.lab.route_servers) {
    const std::string path = "azurerm_route_server." + lab_server.name;
    const auto vnet = d.need_vnet(lab_server.virtual_network_name, path + ".virtual_network_name");
    if (!vnet) continue;
    if (!taken.insert(*vnet).second) {
      d.error(path,
              fmt::format("VNet {} has a route server already; one per VNet",
                          lab_server.virtual_network_name),
              "A2");
      continue;
    }
    const auto subnet = gateway_subnet(d, *vnet, kRouteServerSubnet, path, "A2");
    if (!subnet) continue;
    RouteServer server{.name = lab_server.name,
                       .vnet = *vnet,
                       .asn = kRouteServerAsn,
                       .branch_to_branch = lab_server.branch_to_branch_traffic_enabled,
                       .preference = lab_server.hub_routing_preference};
    d.fact(server.name, "asn", "65515", "a route server's AS number cannot be changed (A1)");
    set_limits(d, server);
    const Ipv4Address public_ip = d.take_public_address(PublicAddressKind::azure);
    for (uint32_t instance = 0; instance < 2; ++instance) {
      const std::string name = fmt::format("{}-{}", server.name, instance);
      d.fact(name, "name", name, "a route server has two instances (A1)");
      const GatewayId id = d.add_gateway({.name = name,
                                          .resource = server.name,
                                          .kind = GatewayKind::route_server_instance,
                                          .instance = instance,
                                          .vnet = *vnet,
                                          .asn = kRouteServerAsn},
                                         path);
      d.add_nic({.name = name + " nic", .subnet = *subnet, .owner = id}, std::nullopt, path);
      d.network.gateways[id.index()].public_ip = public_ip;
      d.fact(name, "public_ip", public_ip.to_string(),
             "documentation range (RFC 5737); for management, both instances share it");
      server.instances.push_back(id);
    }
    d.network.gateways[server.instances[0].index()].twin = server.instances[1];
    d.network.gateways[server.instances[1].index()].twin = server.instances[0];
    d.route_server_of_name.try_emplace(server.name, d.network.route_servers.size());
    d.network.route_servers.push_back(std::move(server));
  }
}

void derive_vpn_gateways(Derivation& d) {
  std::set<VnetId> taken;
  for (const lab::VirtualNetworkGateway& vng : d.lab.virtual_network_gateways) {
    const std::string path = "azurerm_virtual_network_gateway." + vng.name;
    const size_t instances = vng.active_active ? 2 : 1;
    if (vng.type != "Vpn") {
      d.error(path + ".type", fmt::format("\"{}\" is not modelled; only Vpn is", vng.type));
    }
    check_sku(d, vng, path);
    check_apipa(d, vng, instances, path);
    if (const auto why = why_reserved(vng.asn); !why.empty()) {
      d.error(path + ".bgp_settings.asn", fmt::format("AS {} cannot be used: {}", vng.asn, why),
              "A6");
    }
    if (!vng.public_ip_addresses.empty() && vng.public_ip_addresses.size() != instances) {
      d.error(
          path + ".public_ip_addresses",
          fmt::format("{} addresses for {} instances", vng.public_ip_addresses.size(), instances));
    }
    const auto vnet = d.need_vnet(vng.virtual_network_name, path + ".virtual_network_name");
    if (!vnet) continue;
    if (!taken.insert(*vnet).second) {
      d.error(path, fmt::format("VNet {} has a VPN gateway already; one per VNet",
                                vng.virtual_network_name));
      continue;
    }
    const auto subnet = gateway_subnet(d, *vnet, kGatewaySubnet, path, {});
    if (!subnet) continue;
    VpnGateway gateway{
        .name = vng.name, .vnet = *vnet, .asn = vng.asn, .active_active = vng.active_active};
    if (const auto limit = d.lab.limits.vpn_gateway_routes_per_peer) {
      gateway.max_prefixes_per_peer = *limit;
    }
    d.fact(gateway.name, "max_prefixes_per_peer", std::to_string(gateway.max_prefixes_per_peer),
           d.lab.limits.vpn_gateway_routes_per_peer
               ? "limits.vpn_gateway_routes_per_peer"
               : "Azure's limit; the session is dropped beyond it (A44)");
    for (uint32_t instance = 0; instance < instances; ++instance) {
      const std::string name = fmt::format("{}-{}", vng.name, instance);
      d.fact(name, "name", name,
             vng.active_active ? "active_active makes two instances"
                               : "one active instance; its standby is not modelled");
      const GatewayId id = d.add_gateway({.name = name,
                                          .resource = vng.name,
                                          .kind = GatewayKind::vpn_gateway_instance,
                                          .instance = instance,
                                          .vnet = *vnet,
                                          .asn = vng.asn},
                                         path);
      d.add_nic({.name = name + " nic", .subnet = *subnet, .ip_forwarding = true, .owner = id},
                std::nullopt, path);
      const bool is_given = instance < vng.public_ip_addresses.size();
      const Ipv4Address public_ip = is_given ? vng.public_ip_addresses[instance]
                                             : d.take_public_address(PublicAddressKind::azure);
      d.own_public_address(public_ip, id);
      if (!is_given) {
        d.fact(name, "public_ip", public_ip.to_string(),
               "next free address of documentation range 203.0.113.0/24 (RFC 5737)");
      }
      gateway.instances.push_back(id);
    }
    if (instances == 2) {
      d.network.gateways[gateway.instances[0].index()].twin = gateway.instances[1];
      d.network.gateways[gateway.instances[1].index()].twin = gateway.instances[0];
    }
    d.vpn_gateway_of_name.try_emplace(vng.name, d.network.vpn_gateways.size());
    d.network.vpn_gateways.push_back(std::move(gateway));
  }
}

void derive_connections(Derivation& d) {
  std::map<std::string, std::optional<Ipv4Address>> devices;
  for (const lab::LocalNetworkGateway& lng : d.lab.local_network_gateways) {
    const auto device = device_address(d, lng);
    check_lng(d, lng, device);
    devices.emplace(lng.name, device);
  }
  const auto gateways = by_name(d.lab.virtual_network_gateways);
  const auto local_gateways = by_name(d.lab.local_network_gateways);
  std::map<std::string, uint32_t> connections_of;
  for (const lab::VirtualNetworkGatewayConnection& connection :
       d.lab.virtual_network_gateway_connections) {
    const std::string path = "azurerm_virtual_network_gateway_connection." + connection.name;
    const auto* vng = find_named(gateways, connection.virtual_network_gateway);
    const auto* lng = find_named(local_gateways, connection.local_network_gateway);
    if (vng == nullptr) {
      d.error(path + ".virtual_network_gateway_id",
              fmt::format("there is no VPN gateway \"{}\"", connection.virtual_network_gateway));
    }
    if (lng == nullptr) {
      d.error(path + ".local_network_gateway_id",
              fmt::format("there is no local network gateway \"{}\"",
                          connection.local_network_gateway));
    }
    if (vng == nullptr || lng == nullptr) continue;
    const Sku* sku = find_sku(vng->sku);
    if (sku != nullptr && ++connections_of[vng->name] == sku->max_tunnels + 1) {
      d.error(path, fmt::format("SKU {} has at most {} site-to-site connections", vng->sku,
                                sku->max_tunnels));
    }
    const auto device = devices[lng->name];
    if (device && d.vpn_gateway_of_name.contains(vng->name)) {
      derive_connection(d, connection, *vng, *lng, *device);
    }
  }
}

}  // namespace skyhop::cloud::azure
