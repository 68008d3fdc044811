// VNets and what stands in them, route servers, VPN gateways, machines.
#include <fmt/format.h>

#include "control/lab/terraform/importer.h"

namespace skyhop::lab::terraform {
namespace {

/// Stands for whoever deploys; the address is of a documentation range.
constexpr auto kDeployer = "203.0.113.200/32";

}  // namespace

void Importer::virtual_networks() {
  for (const Resource* vnet : d_.of_type("azurerm_virtual_network")) {
    Yaml& to = lab_["azurerm_virtual_network"][name_of(*vnet)];
    copy(*vnet, table_of<VirtualNetwork>(), "", to);
    const Json* inline_subnets = d_.value(*vnet, "subnet");
    for (size_t i = 0; inline_subnets != nullptr && i < inline_subnets->size(); ++i) {
      const std::string path = fmt::format("subnet/{}", i);
      const std::string name = d_.text(*vnet, path + "/name");
      if (!name.empty()) copy(*vnet, table_of<Subnet>(), path, to["subnet"][name]);
    }
    done(*vnet);
  }
  for (const Resource* subnet : d_.of_type("azurerm_subnet")) {
    const Place place = place_of_subnet(*subnet);
    if (!lab_["azurerm_virtual_network"].has(place.vnet)) {
      note(*subnet, "its VNet is not in this plan; left out");
      continue;
    }
    copy(*subnet, table_of<Subnet>(), "", subnet_at(place));
  }
  associate("azurerm_subnet_route_table_association", "route_table_id", "route_table");
  associate("azurerm_subnet_network_security_group_association", "network_security_group_id",
            "network_security_group");
}

Yaml& Importer::subnet_at(const Place& place) {
  return lab_["azurerm_virtual_network"][place.vnet]["subnet"][place.subnet];
}

void Importer::associate(const std::string& type, std::string_view attribute,
                         const std::string& key) {
  for (const Resource* association : d_.of_type(type)) {
    const Place place = place_behind(*association, "subnet_id");
    const std::string name = name_behind(*association, attribute);
    const bool is_ours = lab_["azurerm_virtual_network"].has(place.vnet) &&
                         lab_["azurerm_virtual_network"][place.vnet]["subnet"].has(place.subnet);
    if (is_ours && !name.empty()) {
      subnet_at(place).set(key, Yaml(name));
    } else {
      note(*association, "its subnet is not written in the lab; left out");
    }
  }
}

void Importer::peerings() {
  for (const Resource* peering : d_.of_type("azurerm_virtual_network_peering")) {
    Yaml& to = lab_["azurerm_virtual_network_peering"][name_of(*peering)];
    to.set("virtual_network_name", Yaml(vnet_behind(*peering, "virtual_network_name")));
    to.set("remote_virtual_network_id", Yaml(vnet_behind(*peering, "remote_virtual_network_id")));
    copy(*peering, table_of<VirtualNetworkPeering>(), "", to);
    done(*peering);
  }
}

void Importer::route_tables() {
  for (const Resource* table : d_.of_type("azurerm_route_table")) {
    Yaml& to = lab_["azurerm_route_table"][name_of(*table)];
    copy(*table, table_of<RouteTable>(), "", to);
    blocks(*table, "route", table_of<UserRoute>(), to);
    for (const Resource* route : d_.of_type("azurerm_route")) {
      if (name_behind(*route, "route_table_name") != name_of(*table)) continue;
      copy(*route, table_of<UserRoute>(), "", to["route"][name_of(*route)]);
    }
    done(*table);
  }
}

void Importer::blocks(const Resource& resource, const std::string& block, const ObjectTable& table,
                      Yaml& to) {
  const Json* all = d_.value(resource, block);
  for (size_t i = 0; all != nullptr && i < all->size(); ++i) {
    const std::string path = fmt::format("{}/{}", block, i);
    const std::string name = d_.text(resource, path + "/name");
    if (!name.empty()) copy(resource, table, path, to[block][name]);
  }
}

void Importer::security_groups() {
  for (const Resource* group : d_.of_type("azurerm_network_security_group")) {
    Yaml& to = lab_["azurerm_network_security_group"][name_of(*group)];
    blocks(*group, "security_rule", table_of<SecurityRule>(), to);
    for (const Resource* rule : d_.of_type("azurerm_network_security_rule")) {
      if (name_behind(*rule, "network_security_group_name") != name_of(*group)) continue;
      copy(*rule, table_of<SecurityRule>(), "", to["security_rule"][name_of(*rule)]);
    }
    if (const Json* rules = d_.value(*group, "security_rule")) {
      for (size_t i = 0; i < rules->size(); ++i) {
        const std::string name = d_.text(*group, fmt::format("security_rule/{}/name", i));
        if (name.empty()) continue;
        Yaml& rule = to["security_rule"][name];
        for (const auto* side : {"source", "destination"}) {
          const std::string key = std::string(side) + "_address_prefix";
          if (rule.has(key) || rule.has(key + "es")) continue;
          rule.set(key, kDeployer);
          note(*group, fmt::format("{} of {} is not known before it is applied: {} stands for it",
                                   key, name, kDeployer));
        }
      }
    }
    done(*group);
  }
}

void Importer::route_servers() {
  for (const Resource* server : d_.of_type("azurerm_route_server")) {
    Yaml& to = lab_["azurerm_route_server"][name_of(*server)];
    to.set("virtual_network_name", Yaml(place_behind(*server, "subnet_id").vnet));
    copy(*server, table_of<RouteServer>(), "", to);
    done(*server);
  }
  for (const Resource* peer : d_.of_type("azurerm_route_server_bgp_connection")) {
    Yaml& to = lab_["azurerm_route_server_bgp_connection"][name_of(*peer)];
    to.set("route_server_id", Yaml(name_behind(*peer, "route_server_id")));
    copy(*peer, table_of<RouteServerBgpConnection>(), "", to, {"peer_ip"});
    to.set("peer_ip", Yaml(lan_peer(*peer)));
    done(*peer);
  }
}

std::string Importer::lan_peer(const Resource& peer) const {
  const auto gateway_of = [&](const Resource& resource, const std::string& attribute) {
    const bool is_twin = attribute == "backup_local_lan_ip" || attribute == "ha_bgp_lan_ip_list";
    const std::string gateway =
        is_gateway(resource) ? name_of(resource, "gw_name") : name_behind(resource, "gw_name");
    return gateway + (is_twin ? "-hagw" : "");
  };
  std::string address = d_.text(peer, "peer_ip");
  for (const Resource& resource : d_.resources()) {
    if (address.empty()) break;
    for (const auto* attribute : {"local_lan_ip", "backup_local_lan_ip"}) {
      if (d_.text(resource, attribute) == address) return gateway_of(resource, attribute);
    }
    for (const auto* attribute : {"bgp_lan_ip_list", "ha_bgp_lan_ip_list"}) {
      const Json* list = d_.value(resource, attribute);
      if (list == nullptr || !list->is_array()) continue;
      if (std::ranges::find(*list, Json(address)) != list->end()) {
        return gateway_of(resource, attribute);
      }
    }
  }
  if (!address.empty()) return address;
  for (const Target& target : d_.references(peer, "peer_ip")) {
    return gateway_of(*target.resource, head_of(target.attribute));
  }
  return {};
}

void Importer::vpn_gateways() {
  for (const Resource* gateway : d_.of_type("azurerm_virtual_network_gateway")) {
    Yaml& to = lab_["azurerm_virtual_network_gateway"][name_of(*gateway)];
    to.set("virtual_network_name",
           Yaml(place_behind(*gateway, "ip_configuration/0/subnet_id").vnet));
    copy(*gateway, table_of<VirtualNetworkGateway>(), "", to, {"public_ip_addresses"});
    Yaml settings;
    copy(*gateway, table_of<BgpSettings>(), "bgp_settings/0", settings);
    const Json* addresses = d_.value(*gateway, "bgp_settings/0/peering_addresses");
    Yaml::List peering;
    for (size_t i = 0; addresses != nullptr && i < addresses->size(); ++i) {
      Yaml one;
      copy(*gateway, table_of<PeeringAddresses>(),
           fmt::format("bgp_settings/0/peering_addresses/{}", i), one);
      if (one.has("apipa_addresses")) peering.push_back(std::move(one));
    }
    if (!peering.empty()) settings.set("peering_addresses", Yaml(std::move(peering)));
    if (!settings.is_empty()) to.set("bgp_settings", std::move(settings));
    done(*gateway);
  }
  for (const Resource* device : d_.of_type("azurerm_local_network_gateway")) {
    Yaml& to = lab_["azurerm_local_network_gateway"][name_of(*device)];
    const auto addresses = remotes(*device, "gateway_address");
    to.set("gateway_address", Yaml(addresses.empty() ? std::string() : addresses.front()));
    copy(*device, table_of<LocalNetworkGateway>(), "", to, {"gateway_address"});
    copy_block(*device, table_of<PeerBgpSettings>(), "bgp_settings", to);
    done(*device);
  }
  for (const Resource* connection : d_.of_type("azurerm_virtual_network_gateway_connection")) {
    const std::string type = d_.text(*connection, "type");
    if (!type.empty() && type != "IPsec") {
      note(*connection, "connections of this type are not imported");
      done(*connection);
      continue;
    }
    Yaml& to = lab_["azurerm_virtual_network_gateway_connection"][name_of(*connection)];
    for (const auto* key : {"virtual_network_gateway_id", "local_network_gateway_id"}) {
      to.set(key, Yaml(name_behind(*connection, key)));
    }
    copy(*connection, table_of<VirtualNetworkGatewayConnection>(), "", to);
    copy_block(*connection, table_of<IpsecPolicy>(), "ipsec_policy", to);
    done(*connection);
  }
}

void Importer::machines() {
  for (const auto* type : {"azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine"}) {
    for (const Resource* machine : d_.of_type(type)) {
      done(*machine);
      const Resource* nic = nic_of(*machine);
      if (nic == nullptr) {
        note(*machine, "its network interface is not in this plan; left out");
        continue;
      }
      const Place place = place_behind(*nic, "ip_configuration/0/subnet_id");
      if (place.vnet.empty()) {
        note(*machine, "its subnet is not in this plan; left out");
        continue;
      }
      Yaml& to = lab_["azurerm_linux_virtual_machine"][name_of(*machine)];
      to.set("virtual_network_name", Yaml(place.vnet));
      if (!place.subnet.empty()) to.set("subnet", Yaml(place.subnet));
      if (d_.text(*nic, "ip_configuration/0/private_ip_address_allocation") == "Static") {
        to.set("private_ip_address", Yaml(d_.text(*nic, "ip_configuration/0/private_ip_address")));
      }
      for (const auto* key : {"ip_forwarding_enabled", "enable_ip_forwarding"}) {  // V60
        if (d_.flag(*nic, key)) to.set("ip_forwarding_enabled", "true");
      }
      if (const std::string group = group_of(*nic); !group.empty()) {
        to.set("network_security_group", Yaml(group));
      }
    }
  }
}

const Resource* Importer::nic_of(const Resource& machine) const {
  const std::string id = d_.text(machine, "network_interface_ids/0");
  if (const Resource* nic = d_.with_id(id)) return nic;
  for (const Target& target : d_.references(machine, "network_interface_ids")) {
    if (target.resource->type == "azurerm_network_interface") return target.resource;
  }
  return nullptr;
}

std::string Importer::group_of(const Resource& nic) const {
  for (const Resource* each : d_.of_type("azurerm_network_interface_security_group_association")) {
    const std::string id = d_.text(*each, "network_interface_id");
    bool is_its = !id.empty() && d_.with_id(id) == &nic;
    for (const Target& target : d_.references(*each, "network_interface_id")) {
      is_its |= id.empty() && target.resource == &nic;
    }
    if (is_its) return name_behind(*each, "network_security_group_id");
  }
  return {};
}

}  // namespace skyhop::lab::terraform
