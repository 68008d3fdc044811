// VNets, subnets, route tables, NSGs and peerings: taken over as written, with references resolved.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "control/cloud/azure/derive.h"

namespace skyhop::cloud::azure {

namespace {

constexpr size_t kMaxRoutesPerTable = 400;
constexpr size_t kMaxRouteTables = 200;
constexpr size_t kMaxRulesPerNsg = 1000;
constexpr size_t kMaxPeeringsPerVnet = 500;

/// "East US" and "eastus" are the same region.
std::string region_key(std::string_view location) {
  std::string key;
  for (const char c : location) {
    if (c != ' ') key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return key;
}

void check_route(Derivation& d, const lab::UserRoute& route, const std::string& path) {
  const bool is_appliance = route.next_hop_type == lab::NextHopType::VirtualAppliance;
  if (is_appliance && !route.next_hop_in_ip_address) {
    d.error(path, "next hop VirtualAppliance needs next_hop_in_ip_address");
  }
  if (!is_appliance && route.next_hop_in_ip_address) {
    d.error(path + ".next_hop_in_ip_address",
            "only next hop VirtualAppliance has an address; remove it or change the type");
  }
}

bool is_address_or_tag(const std::string& text) {
  constexpr std::array<std::string_view, 4> kTags = {"*", "VirtualNetwork", "AzureLoadBalancer",
                                                     "Internet"};
  return std::ranges::find(kTags, text) != kTags.end() || Ipv4Address::parse(text).has_value() ||
         Ipv4Prefix::parse(text).has_value();
}

void check_rule(Derivation& d, const lab::SecurityRule& rule, const std::string& path) {
  if (rule.priority < 100 || rule.priority > 4096) {
    d.error(path + ".priority", fmt::format("{} is not in 100 to 4096", rule.priority));
  }
  const auto check_ports = [&](const std::vector<lab::PortRange>& ranges, const char* key) {
    for (const lab::PortRange range : ranges) {
      if (range.first > range.last) {
        d.error(path + key,
                fmt::format("port range {}-{} ends before it starts", range.first, range.last));
      }
    }
  };
  check_ports(rule.source_port_ranges, ".source_port_ranges");
  check_ports(rule.destination_port_ranges, ".destination_port_ranges");
  const auto check_addresses = [&](const std::vector<std::string>& texts, const char* key) {
    for (const std::string& text : texts) {
      if (!is_address_or_tag(text)) {
        d.error(path + key, fmt::format("\"{}\" is neither a prefix nor one of *, VirtualNetwork, "
                                        "AzureLoadBalancer, Internet",
                                        text));
      }
    }
  };
  check_addresses(rule.source_address_prefixes, ".source_address_prefixes");
  check_addresses(rule.destination_address_prefixes, ".destination_address_prefixes");
}

}  // namespace

void derive_route_tables(Derivation& d) {
  const auto& tables = d.lab.route_tables;
  for (const lab::RouteTable& table : tables) {
    const std::string path = "azurerm_route_table." + table.name;
    std::set<std::string> names;
    std::set<Ipv4Prefix> prefixes;
    for (const lab::UserRoute& route : table.routes) {
      const std::string route_path = path + ".route." + route.name;
      if (!names.insert(route.name).second) {
        d.error(route_path, fmt::format("two routes are named \"{}\"", route.name));
      }
      if (!prefixes.insert(route.address_prefix).second) {
        d.error(route_path,
                fmt::format("two routes for {} in one table", route.address_prefix.to_string()));
      }
      check_route(d, route, route_path);
    }
    if (table.routes.size() > kMaxRoutesPerTable) {
      d.error(path, fmt::format("{} routes; a route table holds {}", table.routes.size(),
                                kMaxRoutesPerTable));
    }
    d.add_route_table({.name = table.name,
                       .bgp_route_propagation_enabled = table.bgp_route_propagation_enabled,
                       .routes = table.routes},
                      path);
  }
  if (tables.size() > kMaxRouteTables) {
    d.error("azurerm_route_table",
            fmt::format("{} route tables; a subscription holds {} per region", tables.size(),
                        kMaxRouteTables));
  }
}

void derive_nsgs(Derivation& d) {
  for (const lab::NetworkSecurityGroup& nsg : d.lab.network_security_groups) {
    const std::string path = "azurerm_network_security_group." + nsg.name;
    std::set<std::string> names;
    std::set<std::pair<lab::Direction, uint16_t>> priorities;
    for (size_t i = 0; i < nsg.security_rules.size(); ++i) {
      const lab::SecurityRule& rule = nsg.security_rules[i];
      const std::string rule_path = fmt::format("{}.security_rule[{}]", path, i);
      if (!names.insert(rule.name).second) {
        d.error(rule_path + ".name", fmt::format("two rules are named \"{}\"", rule.name));
      }
      if (!priorities.emplace(rule.direction, rule.priority).second) {
        d.error(rule_path + ".priority",
                fmt::format("another rule of the same direction has priority {}", rule.priority));
      }
      check_rule(d, rule, rule_path);
    }
    if (nsg.security_rules.size() > kMaxRulesPerNsg) {
      d.error(path, fmt::format("{} rules; a security group holds {}", nsg.security_rules.size(),
                                kMaxRulesPerNsg));
    }
    d.add_nsg(nsg, path);
  }
}

void derive_vnets(Derivation& d) {
  for (const lab::VirtualNetwork& vnet : d.lab.virtual_networks) {
    const std::string path = "azurerm_virtual_network." + vnet.name;
    if (vnet.address_space.empty()) d.error(path, "a VNet needs an address_space");
    const VnetId id = d.add_vnet(
        {.name = vnet.name, .location = vnet.location, .address_space = vnet.address_space}, path);
    for (const lab::Subnet& subnet : vnet.subnets) {
      const std::string subnet_path = path + ".subnet." + subnet.name;
      if (subnet.address_prefixes.size() != 1) {
        d.error(subnet_path + ".address_prefixes",
                fmt::format("a subnet has one address prefix here, not {}",
                            subnet.address_prefixes.size()));
        if (subnet.address_prefixes.empty()) continue;
      }
      Subnet made{.name = subnet.name, .vnet = id, .prefix = subnet.address_prefixes.front()};
      if (subnet.route_table) {
        made.route_table = d.find_route_table(*subnet.route_table);
        if (!made.route_table) {
          d.error(subnet_path + ".route_table",
                  fmt::format("there is no route table \"{}\"", *subnet.route_table));
        }
      }
      if (subnet.network_security_group) {
        made.nsg = d.find_nsg(*subnet.network_security_group);
        if (!made.nsg) {
          d.error(subnet_path + ".network_security_group",
                  fmt::format("there is no security group \"{}\"", *subnet.network_security_group));
        }
      }
      d.add_subnet(std::move(made), subnet_path);
    }
  }
}

void derive_peerings(Derivation& d) {
  for (const lab::VirtualNetworkPeering& peering : d.lab.virtual_network_peerings) {
    const std::string path = "azurerm_virtual_network_peering." + peering.name;
    const auto local = d.need_vnet(peering.virtual_network_name, path + ".virtual_network_name");
    const auto remote =
        d.need_vnet(peering.remote_virtual_network_name, path + ".remote_virtual_network_id");
    if (!local || !remote) continue;
    if (*local == *remote) {
      d.error(path, fmt::format("VNet {} cannot peer with itself", peering.virtual_network_name));
      continue;
    }
    if (const Peering* other = d.peering(*local, *remote)) {
      d.error(path, fmt::format("{} peers the same two VNets in the same direction", other->name));
      continue;
    }
    d.add_peering({.name = peering.name,
                   .local = *local,
                   .remote = *remote,
                   .is_global = region_key(d.network.at(*local).location) !=
                                region_key(d.network.at(*remote).location),
                   .allow_virtual_network_access = peering.allow_virtual_network_access,
                   .allow_forwarded_traffic = peering.allow_forwarded_traffic,
                   .allow_gateway_transit = peering.allow_gateway_transit,
                   .use_remote_gateways = peering.use_remote_gateways});
  }
  for (size_t i = 0; i < d.network.vnets.size(); ++i) {
    const Vnet& vnet = d.network.vnets[i];
    if (vnet.peerings.size() > kMaxPeeringsPerVnet) {
      d.error(d.path_of(VnetId(i)),
              fmt::format("VNet {} has {} peerings; Azure allows {}", vnet.name,
                          vnet.peerings.size(), kMaxPeeringsPerVnet));
    }
  }
  for (const Peering& peering : d.network.peerings) {
    d.fact(peering.name, "state",
           peering.state == PeeringState::Connected ? "Connected" : "Initiated",
           peering.reverse ? "both sides have a peering to the other"
                           : "the remote VNet has no peering back");
    if (peering.is_global) {
      d.fact(peering.name, "is_global", "true", "the two VNets are in different regions");
    }
  }
}

}  // namespace skyhop::cloud::azure
