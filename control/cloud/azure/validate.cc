// What Azure refuses, and what it takes and lets fail: rules over the finished network.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "control/cloud/azure/derive.h"

namespace skyhop::cloud::azure {

namespace {

constexpr uint8_t kLongestSubnet = 29;         // Azure keeps five of its eight addresses
constexpr uint8_t kLongestGatewaySubnet = 27;  // Basic VPN gateways fit into a /29
constexpr uint8_t kAdvisedRouteServerSubnet = 26;

bool has_route_server(const Network& network, VnetId vnet) {
  return std::ranges::find(network.route_servers, vnet, &RouteServer::vnet) !=
         network.route_servers.end();
}

bool has_vpn_gateway(const Network& network, VnetId vnet) {
  return std::ranges::find(network.vpn_gateways, vnet, &VpnGateway::vnet) !=
         network.vpn_gateways.end();
}

bool has_basic_gateway(const Derivation& d, VnetId vnet) {
  const std::string& name = d.network.at(vnet).name;
  return std::ranges::any_of(d.lab.virtual_network_gateways, [&](const auto& gateway) {
    return gateway.virtual_network_name == name && gateway.sku == "Basic";
  });
}

void check_size(Derivation& d, const Subnet& subnet, const std::string& path) {
  const uint8_t length = subnet.prefix.length();
  const std::string key = path + ".address_prefixes[0]";
  if (length > kLongestSubnet) {
    d.error(key, fmt::format("{} is smaller than /29, the least Azure makes",
                             subnet.prefix.to_string()));
  } else if (subnet.name == kRouteServerSubnet && length > kLongestGatewaySubnet) {
    d.error(key, fmt::format("RouteServerSubnet is a /{}; it must be /27 or larger", length));
  } else if (subnet.name == kRouteServerSubnet && length > kAdvisedRouteServerSubnet) {
    d.warning(key, "RouteServerSubnet is a /27; Azure asks for /26 or larger now");
  } else if (subnet.name == kGatewaySubnet && length > kLongestGatewaySubnet &&
             !has_basic_gateway(d, subnet.vnet)) {
    d.error(key, fmt::format("GatewaySubnet is a /{}; it must be /27 or larger", length));
  }
}

/// A subnet of Azure's own gateways with something attached that harms them.
void check_attachments(Derivation& d, const Subnet& subnet, const std::string& path) {
  if (subnet.name == kRouteServerSubnet) {
    if (subnet.route_table) {
      d.error(path + ".route_table", "RouteServerSubnet takes no route table", "A3");
    }
    if (subnet.nsg) {
      d.error(path + ".network_security_group", "RouteServerSubnet takes no security group", "A3");
    }
  }
  if (subnet.name != kGatewaySubnet) return;
  if (subnet.nsg) {
    d.warning(path + ".network_security_group",
              "a security group on GatewaySubnet is not supported; the gateway may stop working");
  }
  if (!subnet.route_table) return;
  const RouteTable& table = d.network.at(*subnet.route_table);
  if (!table.bgp_route_propagation_enabled) {
    d.error(
        path + ".route_table",
        fmt::format("route table {} has bgp_route_propagation_enabled off: on GatewaySubnet the "
                    "gateway stops working",
                    table.name));
  }
  for (const lab::UserRoute& route : table.routes) {
    if (route.address_prefix == Ipv4Prefix::everything()) {
      d.error(path + ".route_table",
              fmt::format("route {} of table {} is 0.0.0.0/0, which GatewaySubnet must not have",
                          route.name, table.name));
    }
  }
}

/// Overlapping neighbours in address order; a prefix is compared with the widest before it.
template <typename Report>
void for_overlaps(std::vector<std::pair<Ipv4Prefix, size_t>> prefixes, const Report& report) {
  std::ranges::sort(prefixes);
  size_t widest = 0;
  for (size_t i = 1; i < prefixes.size(); ++i) {
    if (prefixes[widest].first.overlaps(prefixes[i].first)) {
      report(prefixes[widest].second, prefixes[i].second);
    } else {
      widest = i;
    }
  }
}

void check_vnet(Derivation& d, VnetId id) {
  const Vnet& vnet = d.network.at(id);
  std::vector<std::pair<Ipv4Prefix, size_t>> spaces;
  for (size_t i = 0; i < vnet.address_space.size(); ++i) {
    spaces.emplace_back(vnet.address_space[i], i);
    if (vnet.address_space[i].length() > kLongestSubnet) {
      d.error(fmt::format("{}.address_space[{}]", d.path_of(id), i),
              fmt::format("{} is smaller than /29, the least Azure makes",
                          vnet.address_space[i].to_string()));
    }
  }
  for_overlaps(std::move(spaces), [&](size_t a, size_t b) {
    d.error(fmt::format("{}.address_space[{}]", d.path_of(id), std::max(a, b)),
            fmt::format("{} and {} overlap in VNet {}", vnet.address_space[a].to_string(),
                        vnet.address_space[b].to_string(), vnet.name));
  });
  std::vector<std::pair<Ipv4Prefix, size_t>> subnets;
  for (size_t i = 0; i < vnet.subnets.size(); ++i) {
    subnets.emplace_back(d.network.at(vnet.subnets[i]).prefix, i);
  }
  for_overlaps(std::move(subnets), [&](size_t a, size_t b) {
    const Subnet& one = d.network.at(vnet.subnets[std::min(a, b)]);
    const Subnet& other = d.network.at(vnet.subnets[std::max(a, b)]);
    d.error(d.path_of(vnet.subnets[std::max(a, b)]),
            fmt::format("subnets {} ({}) and {} ({}) of VNet {} overlap", one.name,
                        one.prefix.to_string(), other.name, other.prefix.to_string(), vnet.name));
  });
}

void check_remote_gateways(Derivation& d, const Peering& peering, const std::string& path) {
  const Network& network = d.network;
  const std::string key = path + ".use_remote_gateways";
  const std::string& remote = network.at(peering.remote).name;
  if (has_vpn_gateway(network, peering.local)) {
    d.error(key,
            fmt::format("VNet {} has a VPN gateway of its own", network.at(peering.local).name),
            "A54");
  } else if (has_route_server(network, peering.local)) {
    d.warning(key,
              fmt::format("VNet {} has a route server of its own; leave this off",
                          network.at(peering.local).name),
              "A54");
  }
  if (!has_vpn_gateway(network, peering.remote) && !has_route_server(network, peering.remote)) {
    d.error(key, fmt::format("VNet {} has neither a VPN gateway nor a route server", remote),
            "A54");
  }
  if (!peering.reverse || !network.at(*peering.reverse).allow_gateway_transit) {
    d.error(key,
            fmt::format("the peering back from VNet {} {}", remote,
                        peering.reverse ? "has allow_gateway_transit off" : "is missing"),
            "A54");
  }
}

/// Next hops of user routes that lead nowhere. Azure takes them all; packets are lost.
void check_user_route(Derivation& d, const RouteTable& table, const lab::UserRoute& route,
                      VnetId vnet) {
  const Network& network = d.network;
  const std::string path = fmt::format("azurerm_route_table.{}.route.{}", table.name, route.name);
  const std::string& name = network.at(vnet).name;
  if (route.next_hop_type == lab::NextHopType::VirtualNetworkGateway) {
    const bool has_gateway =
        has_vpn_gateway(network, vnet) ||
        std::ranges::any_of(network.at(vnet).peerings, [&](PeeringId id) {
          const Peering& peering = network.at(id);
          return peering.use_remote_gateways && has_vpn_gateway(network, peering.remote);
        });
    if (!has_gateway) {
      d.warning(path, fmt::format("VNet {} reaches no VPN gateway: packets are dropped", name));
    }
  }
  if (route.next_hop_type != lab::NextHopType::VirtualAppliance || !route.next_hop_in_ip_address) {
    return;
  }
  const Ipv4Address address = *route.next_hop_in_ip_address;
  const auto nic = network.nic_at(vnet, address);
  if (!nic) {
    d.warning(path, fmt::format("nothing in VNet {} or a peered one has the address {}", name,
                                address.to_string()));
  } else if (!network.at(*nic).ip_forwarding) {
    d.warning(path,
              fmt::format("NIC {} has ip_forwarding_enabled off: it drops what is not for it",
                          network.at(*nic).name),
              "A64");
  }
}

}  // namespace

void validate_subnets(Derivation& d) {
  for (size_t i = 0; i < d.network.subnets.size(); ++i) {
    const Subnet& subnet = d.network.subnets[i];
    if (d.network.at(subnet.vnet).kind != VnetKind::azure) continue;
    const std::string& path = d.path_of(SubnetId(i));
    check_size(d, subnet, path);
    check_attachments(d, subnet, path);
  }
  for (size_t i = 0; i < d.network.vnets.size(); ++i) {
    if (d.network.vnets[i].kind == VnetKind::azure) check_vnet(d, VnetId(i));
  }
}

void validate_peerings(Derivation& d) {
  std::set<VnetId> using_remote;
  for (const Peering& peering : d.network.peerings) {
    const std::string path = "azurerm_virtual_network_peering." + peering.name;
    const Vnet& local = d.network.at(peering.local);
    const Vnet& remote = d.network.at(peering.remote);
    if (!peering.reverse) {
      d.warning(path, fmt::format(
                          "VNet {} has no peering back to VNet {}: it stays Initiated and carries "
                          "nothing",
                          remote.name, local.name));
    }
    // Each pair once: at the side that stands first.
    const bool is_first = !peering.reverse || &peering < &d.network.at(*peering.reverse);
    for (const Ipv4Prefix mine : local.address_space) {
      for (const Ipv4Prefix theirs : remote.address_space) {
        if (is_first && mine.overlaps(theirs)) {
          d.error(path,
                  fmt::format("{} of VNet {} and {} of VNet {} overlap; such VNets cannot peer",
                              mine.to_string(), local.name, theirs.to_string(), remote.name));
        }
      }
    }
    if (!peering.use_remote_gateways) continue;
    check_remote_gateways(d, peering, path);
    if (!using_remote.insert(peering.local).second) {
      d.error(path + ".use_remote_gateways",
              fmt::format("another peering of VNet {} uses remote gateways already", local.name),
              "A54");
    }
  }
}

void validate_route_tables(Derivation& d) {
  std::set<std::pair<RouteTableId, VnetId>> seen;
  for (const Subnet& subnet : d.network.subnets) {
    if (!subnet.route_table || !seen.emplace(*subnet.route_table, subnet.vnet).second) continue;
    const RouteTable& table = d.network.at(*subnet.route_table);
    if (table.managed_by_aviatrix) continue;
    for (const lab::UserRoute& route : table.routes) {
      check_user_route(d, table, route, subnet.vnet);
    }
  }
}

void validate_route_servers(Derivation& d) {
  // Sessions come up without it, but then nothing is programmed and the VNet is not advertised.
  std::set<VnetId> seen;
  for (const Session& session : d.network.sessions) {
    const Gateway& peer = d.network.at(session.a.gateway);
    const Gateway& server = d.network.at(session.b.gateway);
    const bool is_nva = peer.kind == GatewayKind::transit || peer.kind == GatewayKind::appliance;
    if (!is_nva || server.kind != GatewayKind::route_server_instance) continue;
    const Peering* peering = d.peering(peer.vnet, server.vnet);
    // A route server in a spoke takes its routes over such a peering on purpose (dual-homed).
    const bool offers = peering != nullptr && peering->reverse &&
                        d.network.at(*peering->reverse).allow_gateway_transit;
    if (!offers || peering->use_remote_gateways || !seen.insert(peer.vnet).second) {
      continue;
    }
    d.warning(
        "azurerm_virtual_network_peering." + peering->name + ".use_remote_gateways",
        fmt::format("off: route server {} neither advertises VNet {} nor programs routes there",
                    server.resource, d.network.at(peer.vnet).name),
        "A31");
  }
}

}  // namespace skyhop::cloud::azure
