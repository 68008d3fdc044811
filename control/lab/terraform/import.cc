#include "control/lab/terraform/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/lab/keys.h"
#include "control/lab/terraform/document.h"
#include "control/lab/terraform/yaml_text.h"

namespace skyhop::lab::terraform {
namespace {

// Resources that the lab derives, or that carry nothing of the network.
constexpr std::string_view kIgnored[] = {
    "azurerm_resource_group",
    "azurerm_public_ip",
    "azurerm_network_interface",
    "azurerm_subnet",
    "azurerm_route",
    "azurerm_network_security_rule",
    "azurerm_subnet_route_table_association",
    "azurerm_subnet_network_security_group_association",
    "azurerm_network_interface_security_group_association",
    "aviatrix_vpc",
    "random_string",
    "random_id",
    "random_password",
    "random_integer",
    "time_sleep",
    "null_resource",
    "tls_private_key",
    "local_file",
    "aviatrix_account",
};
/// Stands for whoever deploys; the address is of a documentation range.
constexpr auto kDeployer = "203.0.113.200/32";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

/// The part of an Azure id behind "/KIND/".
std::string id_part(const std::string& id, const std::string& kind) {
  const std::string wanted = "/" + lower(kind) + "/";
  const size_t at = lower(id).find(wanted);
  if (at == std::string::npos) return {};
  const size_t begin = at + wanted.size();
  return id.substr(begin, id.find('/', begin) - begin);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, comma - begin);
    std::erase(part, ' ');
    if (!part.empty()) parts.push_back(std::move(part));
    begin = comma + 1;
  }
  return parts;
}

std::string head_of(const std::string& attribute) {
  return attribute.substr(0, attribute.find_first_of(".["));
}

Yaml list_of(const std::vector<std::string>& items) {
  Yaml::List list;
  for (const std::string& item : items) list.emplace_back(item);
  return list;
}

class Importer {
 public:
  explicit Importer(const Document& document) : d_(document) {}

  Imported run(const std::string& name) {
    find_vnets();
    lab_.set("lab", Yaml(name));
    virtual_networks();
    peerings();
    route_tables();
    security_groups();
    route_servers();
    vpn_gateways();
    machines();
    gateways();
    attachments();
    connections();
    named("aviatrix_transit_gateway_peering", table_of<TransitGatewayPeering>());
    segmentation();
    nat("aviatrix_gateway_snat", table_of<GatewaySnat>(), "snat_policy", table_of<SnatPolicy>());
    nat("aviatrix_gateway_dnat", table_of<GatewayDnat>(), "dnat_policy", table_of<DnatPolicy>());
    report_rest();
    Imported result;
    result.yaml =
        "# Made by skyhop import from Terraform's JSON. What the clouds derive is left out.\n" +
        lab_.text();
    result.notes = std::move(notes_);
    return result;
  }

 private:
  void note(const Resource& resource, const std::string& what) {
    notes_.push_back(resource.address + ": " + what);
  }
  void done(const Resource& resource) { done_.insert(&resource); }

  /// Its name in the lab: what Terraform calls it when it has no name yet.
  [[nodiscard]] std::string name_of(const Resource& resource, std::string_view key = "name") const {
    std::string name = d_.text(resource, key);
    if (!name.empty()) return name;
    for (const Target& target : d_.references(resource, key)) {
      // The twin's name is not known before it is there, but it is always this (V6).
      if (is_gateway(*target.resource) && target.attribute == "ha_gw_name") {
        return d_.text(*target.resource, "gw_name") + "-hagw";
      }
      if (name = d_.text(*target.resource, target.attribute); !name.empty()) return name;
    }
    name = resource.address;
    std::ranges::replace_if(name, [](char c) { return c == '[' || c == ']' || c == '"'; }, '-');
    while (!name.empty() && name.back() == '-') name.pop_back();
    return name;
  }

  // ---- copying what a key table knows ----

  /// A block that is there says something even where it says what it would be without.
  enum class Defaults { left_out, kept };

  /// A scalar as the lab file takes it; empty: nothing, or the default.
  std::string scalar(const Resource& resource, const Key& key, const Json& value,
                     const std::string& where, Defaults defaults) {
    const Shape& shape = key.shape.element ? *key.shape.element : key.shape;
    std::string text;
    if (value.is_boolean() || value.is_number()) {
      text = value.dump();
    } else if (value.is_string()) {
      text = value.get<std::string>();
    }
    if (text.empty()) return {};
    if (shape.kind == Kind::choice) {
      const auto word = std::ranges::find_if(
          shape.words, [&](const std::string& each) { return lower(each) == lower(text); });
      if (word == shape.words.end()) {
        note(resource, fmt::format("{} has a value the lab does not know; left out", where));
        return {};
      }
      text = *word;
    }
    const bool is_count =
        shape.kind == Kind::integer || shape.kind == Kind::asn || shape.kind == Kind::duration;
    if (is_count && text == "0") return {};  // Terraform's "not set"
    if (defaults == Defaults::kept) return text;
    std::string standard = key.default_json;
    std::erase(standard, '"');
    if (text == standard || text + "s" == standard) return {};
    return text;
  }

  /// Copies the attributes that the table has, except references, which need names for ids.
  void copy(const Resource& resource, const ObjectTable& table, const std::string& path, Yaml& to,
            std::initializer_list<std::string_view> without = {},
            Defaults defaults = Defaults::left_out) {
    for (const Key& key : table.keys) {
      const Shape& shape = key.shape.element ? *key.shape.element : key.shape;
      const bool is_special = shape.kind == Kind::reference || shape.kind == Kind::object ||
                              shape.kind == Kind::named ||
                              std::ranges::find(without, key.name) != without.end();
      if (is_special) continue;
      const std::string where = path.empty() ? key.name : path + "/" + key.name;
      const Json* value = d_.value(resource, where);
      if (value == nullptr) continue;
      if (value->is_array()) {
        std::vector<std::string> items;
        for (const Json& item : *value) {
          if (std::string text = scalar(resource, key, item, where, defaults); !text.empty()) {
            items.push_back(std::move(text));
          }
        }
        if (!items.empty()) to.set(key.name, list_of(items));
      } else if (key.shape.kind == Kind::list && value->is_string()) {
        const auto items = split(value->get<std::string>());
        if (!items.empty()) to.set(key.name, list_of(items));
      } else if (const std::string text = scalar(resource, key, *value, where, defaults);
                 !text.empty()) {
        to.set(key.name, Yaml(text));
      }
    }
  }

  /// A nested block: Terraform's list of one.
  void copy_block(const Resource& resource, const ObjectTable& table, const std::string& block,
                  Yaml& to) {
    Yaml inside;
    copy(resource, table, block + "/0", inside, {}, Defaults::kept);
    if (!inside.is_empty()) to.set(block, std::move(inside));
  }

  /// Resources whose attributes are all plain, or names of others.
  void named(const std::string& type, const ObjectTable& table) {
    for (const Resource* resource : d_.of_type(type)) {
      Yaml& to = lab_[type][name_of(*resource)];
      copy(*resource, table, "", to);
      for (const Key& key : table.keys) {
        if (key.shape.kind != Kind::reference) continue;
        if (const std::string name = name_behind(*resource, key.name); !name.empty()) {
          to.set(key.name, Yaml(name));
        }
      }
      done(*resource);
    }
  }

  // ---- names behind ids and references ----

  /// The name an attribute holds, or that of the resource it refers to.
  [[nodiscard]] std::string name_behind(const Resource& resource, std::string_view path) const {
    const std::string text = d_.text(resource, path);
    const bool is_id = path.ends_with("_id") || text.find('/') != std::string::npos;
    const Resource* by_id = is_id ? d_.with_id(text) : nullptr;
    if (by_id != nullptr && by_id != &resource) return lab_name(*by_id);
    if (!text.empty()) return text.substr(text.rfind('/') + 1);
    for (const Target& target : d_.references(resource, path)) return lab_name(*target.resource);
    return {};
  }

  [[nodiscard]] std::string lab_name(const Resource& resource) const {
    if (resource.type == "aviatrix_vpc") return vnet_name(resource);
    if (resource.type == "aviatrix_transit_gateway" || resource.type == "aviatrix_spoke_gateway") {
      return name_of(resource, "gw_name");
    }
    if (resource.type.ends_with("external_device_conn")) {
      return name_of(resource, "connection_name");
    }
    if (resource.type == "aviatrix_segmentation_network_domain") {
      return name_of(resource, "domain_name");
    }
    return name_of(resource);
  }

  // ---- VNets ----

  [[nodiscard]] static bool is_gateway(const Resource& resource) {
    return resource.type == "aviatrix_transit_gateway" || resource.type == "aviatrix_spoke_gateway";
  }

  /// The lab calls an Aviatrix VNet like its gateway.
  void find_vnets() {
    for (const Resource& gateway : d_.resources()) {
      if (!is_gateway(gateway)) continue;
      const Resource* vpc = nullptr;
      const std::string id = d_.text(gateway, "vpc_id");
      for (const Resource* each : d_.of_type("aviatrix_vpc")) {
        if (!id.empty() && d_.text(*each, "vpc_id") == id) vpc = each;
      }
      for (const Target& target : d_.references(gateway, "vpc_id")) {
        if (vpc == nullptr && target.resource->type == "aviatrix_vpc") vpc = target.resource;
      }
      for (const Resource* each : d_.of_type("aviatrix_vpc")) {
        if (vpc == nullptr && each->module == gateway.module) vpc = each;
      }
      vpc_of_[&gateway] = vpc;
      if (vpc != nullptr) vnet_of_vpc_[vpc] = name_of(gateway, "gw_name");
    }
  }

  [[nodiscard]] std::string vnet_name(const Resource& vpc) const {
    const auto found = vnet_of_vpc_.find(&vpc);
    return found == vnet_of_vpc_.end() ? name_of(vpc) : found->second;
  }

  /// A VNet by the name that the clouds know.
  [[nodiscard]] std::string vnet_by_name(const std::string& name) const {
    for (const Resource* vpc : d_.of_type("aviatrix_vpc")) {
      if (d_.text(*vpc, "name") == name) return vnet_name(*vpc);
    }
    return name;
  }

  struct Place {
    std::string vnet;
    std::string subnet;  ///< empty: not known, or the first public one of an Aviatrix VNet
  };

  [[nodiscard]] Place place_of_subnet(const Resource& subnet) const {
    return {vnet_behind(subnet, "virtual_network_name"), name_of(subnet)};
  }

  /// What a subnet_id means.
  [[nodiscard]] Place place_behind(const Resource& resource, std::string_view path) const {
    const std::string id = d_.text(resource, path);
    if (!id.empty()) {
      if (const Resource* subnet = d_.with_id(id)) return place_of_subnet(*subnet);
      const std::string vnet = id_part(id, "virtualNetworks");
      std::string subnet = id_part(id, "subnets");
      const std::string lab_vnet = vnet_by_name(vnet);
      if (lab_vnet != vnet && subnet.starts_with(vnet)) {
        subnet = lab_vnet + subnet.substr(vnet.size());
      }
      if (subnet.ends_with("-Public-gateway-subnet-1")) subnet.clear();
      return {lab_vnet, subnet};
    }
    for (const Target& target : d_.references(resource, path)) {
      if (target.resource->type == "azurerm_subnet") return place_of_subnet(*target.resource);
      if (target.resource->type == "aviatrix_vpc") return {vnet_name(*target.resource), {}};
    }
    return {};
  }

  [[nodiscard]] std::string vnet_behind(const Resource& resource, std::string_view path) const {
    const std::string text = d_.text(resource, path);
    if (const Resource* target = d_.with_id(text)) return lab_name(*target);
    if (const std::string name = id_part(text, "virtualNetworks"); !name.empty()) {
      return vnet_by_name(name);
    }
    if (!text.empty()) return vnet_by_name(text.substr(0, text.find(':')));
    for (const Target& target : d_.references(resource, path)) {
      if (target.resource->type == "azurerm_virtual_network" ||
          target.resource->type == "aviatrix_vpc" || is_gateway(*target.resource)) {
        return lab_name(*target.resource);
      }
    }
    return {};
  }

  void virtual_networks() {
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

  Yaml& subnet_at(const Place& place) {
    return lab_["azurerm_virtual_network"][place.vnet]["subnet"][place.subnet];
  }

  void associate(const std::string& type, std::string_view attribute, const std::string& key) {
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

  void peerings() {
    for (const Resource* peering : d_.of_type("azurerm_virtual_network_peering")) {
      Yaml& to = lab_["azurerm_virtual_network_peering"][name_of(*peering)];
      to.set("virtual_network_name", Yaml(vnet_behind(*peering, "virtual_network_name")));
      to.set("remote_virtual_network_id", Yaml(vnet_behind(*peering, "remote_virtual_network_id")));
      copy(*peering, table_of<VirtualNetworkPeering>(), "", to);
      done(*peering);
    }
  }

  void route_tables() {
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

  /// Nested blocks with names, as a map of the lab.
  void blocks(const Resource& resource, const std::string& block, const ObjectTable& table,
              Yaml& to) {
    const Json* all = d_.value(resource, block);
    for (size_t i = 0; all != nullptr && i < all->size(); ++i) {
      const std::string path = fmt::format("{}/{}", block, i);
      const std::string name = d_.text(resource, path + "/name");
      if (!name.empty()) copy(resource, table, path, to[block][name]);
    }
  }

  void security_groups() {
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

  // ---- Azure's gateways ----

  void route_servers() {
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

  /// The gateway whose LAN address a route server's connection names.
  [[nodiscard]] std::string lan_peer(const Resource& peer) const {
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

  void vpn_gateways() {
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

  /// Far ends of tunnels: names of gateways where they are in this plan, else addresses.
  [[nodiscard]] std::vector<std::string> remotes(const Resource& resource,
                                                 std::string_view path) const {
    std::vector<std::string> names;
    const auto add = [&](std::string name) {
      if (!name.empty() && std::ranges::find(names, name) == names.end()) {
        names.push_back(std::move(name));
      }
    };
    for (const std::string& address : split(d_.text(resource, path))) {
      const std::string owner = owner_of_address(address);
      add(owner.empty() ? address : owner);
    }
    if (!names.empty()) return names;
    for (const Target& target : d_.references(resource, path)) {
      if (target.resource->type == "azurerm_public_ip") {
        add(owner_of_public_ip(*target.resource));
      } else if (is_gateway(*target.resource)) {
        const std::string attribute = head_of(target.attribute);
        add(name_of(*target.resource, "gw_name") + (attribute.starts_with("ha_") ? "-hagw" : ""));
      } else {
        add(lab_name(*target.resource));
      }
    }
    return names;
  }

  [[nodiscard]] std::string owner_of_address(const std::string& address) const {
    for (const Resource& resource : d_.resources()) {
      if (is_gateway(resource)) {
        for (const auto* attribute : {"public_ip", "eip", "private_ip"}) {
          if (d_.text(resource, attribute) == address) return name_of(resource, "gw_name");
          const std::string twin = std::string("ha_") + attribute;
          if (d_.text(resource, twin) == address) return name_of(resource, "gw_name") + "-hagw";
        }
      } else if (resource.type == "azurerm_public_ip" &&
                 d_.text(resource, "ip_address") == address) {
        return owner_of_public_ip(resource);
      }
    }
    return {};
  }

  /// The VPN gateway that a public address belongs to.
  [[nodiscard]] std::string owner_of_public_ip(const Resource& address) const {
    for (const Resource* gateway : d_.of_type("azurerm_virtual_network_gateway")) {
      for (size_t i = 0; i < 2; ++i) {
        const std::string path = fmt::format("ip_configuration/{}/public_ip_address_id", i);
        const std::string id = d_.text(*gateway, path);
        if (!id.empty() && id == d_.text(address, "id")) return name_of(*gateway);
        for (const Target& target : d_.references(*gateway, path)) {
          if (target.resource == &address) return name_of(*gateway);
        }
      }
    }
    return {};
  }

  void machines() {
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
          to.set("private_ip_address",
                 Yaml(d_.text(*nic, "ip_configuration/0/private_ip_address")));
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

  [[nodiscard]] const Resource* nic_of(const Resource& machine) const {
    const std::string id = d_.text(machine, "network_interface_ids/0");
    if (const Resource* nic = d_.with_id(id)) return nic;
    for (const Target& target : d_.references(machine, "network_interface_ids")) {
      if (target.resource->type == "azurerm_network_interface") return target.resource;
    }
    return nullptr;
  }

  [[nodiscard]] std::string group_of(const Resource& nic) const {
    for (const Resource* each :
         d_.of_type("azurerm_network_interface_security_group_association")) {
      const std::string id = d_.text(*each, "network_interface_id");
      bool is_its = !id.empty() && d_.with_id(id) == &nic;
      for (const Target& target : d_.references(*each, "network_interface_id")) {
        is_its |= id.empty() && target.resource == &nic;
      }
      if (is_its) return name_behind(*each, "network_security_group_id");
    }
    return {};
  }

  // ---- Aviatrix ----

  void gateways() {
    for (const Resource& gateway : d_.resources()) {
      if (!is_gateway(gateway)) continue;
      done(gateway);
      const bool is_transit = gateway.type == "aviatrix_transit_gateway";
      const Resource* vpc = vpc_of_.at(&gateway);
      const std::string cidr = vpc == nullptr ? std::string() : d_.text(*vpc, "cidr");
      if (cidr.empty()) {
        note(gateway, "the range of its VNet is not in this plan; left out");
        continue;
      }
      Yaml& to = lab_[gateway.type][name_of(gateway, "gw_name")];
      std::string region = d_.text(*vpc, "region");
      if (region.empty()) region = d_.text(gateway, "vpc_reg");
      if (!region.empty()) to.set("region", Yaml(region));
      to.set("cidr", Yaml(cidr));
      // V6: a twin stands where ha_subnet says, known or not.
      const bool has_twin =
          !d_.text(gateway, "ha_subnet").empty() || d_.is_unknown(gateway, "ha_subnet");
      to.set("ha_gw", has_twin ? "true" : "false");
      const auto& table = is_transit ? table_of<TransitGateway>() : table_of<SpokeGateway>();
      copy(gateway, table, "", to, {"region", "location", "cidr", "ha_gw"});
      // The provider's default is off; the lab's, the modules', is on.
      if (is_transit && d_.value(gateway, "connected_transit") == nullptr &&
          !d_.is_unknown(gateway, "connected_transit")) {
        to.set("connected_transit", "false");
      }
      if (!is_transit) {
        for (const std::string& transit : split(d_.text(gateway, "transit_gw"))) {
          attached_[name_of(gateway, "gw_name")].push_back(transit);
        }
      }
    }
  }

  void attachments() {
    for (const Resource* attachment : d_.of_type("aviatrix_spoke_transit_attachment")) {
      done(*attachment);
      const std::string spoke = name_behind(*attachment, "spoke_gw_name");
      const std::string transit = name_behind(*attachment, "transit_gw_name");
      Yaml more;
      copy(*attachment, table_of<SpokeTransitAttachment>(), "", more);
      if (const Json* tables = d_.value(*attachment, "route_tables")) {
        std::vector<std::string> names;
        for (const Json& table : *tables) {
          if (table.is_string())
            names.push_back(table.get<std::string>().substr(0, table.get<std::string>().find(':')));
        }
        if (!names.empty()) more.set("route_tables", list_of(names));
      }
      auto& known = attached_[spoke];
      const bool is_plain = more.is_empty() && known.empty() && count_of(*attachment, spoke) == 1;
      if (is_plain) {
        known.push_back(transit);
        continue;
      }
      Yaml& to = attachment_of(spoke, transit);
      to = std::move(more);
      to.set("spoke_gw_name", Yaml(spoke));
      to.set("transit_gw_name", Yaml(transit));
    }
    for (const auto& [spoke, transits] : attached_) {
      if (!lab_["aviatrix_spoke_gateway"].has(spoke)) continue;
      for (size_t i = 0; i < transits.size(); ++i) {
        if (i == 0) {
          lab_["aviatrix_spoke_gateway"][spoke].set("transit_gw", Yaml(transits[i]));
          continue;
        }
        Yaml& to = attachment_of(spoke, transits[i]);
        to.set("spoke_gw_name", Yaml(spoke));
        to.set("transit_gw_name", Yaml(transits[i]));
      }
    }
  }

  Yaml& attachment_of(const std::string& spoke, const std::string& transit) {
    return lab_["aviatrix_spoke_transit_attachment"][fmt::format("{}-{}", spoke, transit)];
  }

  [[nodiscard]] size_t count_of(const Resource& attachment, const std::string& spoke) const {
    size_t count = 0;
    for (const Resource* each : d_.of_type(attachment.type)) {
      count += name_behind(*each, "spoke_gw_name") == spoke ? 1 : 0;
    }
    return count;
  }

  void connections() {
    connections_of("aviatrix_transit_external_device_conn", table_of<TransitExternalDeviceConn>());
    connections_of("aviatrix_spoke_external_device_conn", table_of<SpokeExternalDeviceConn>());
  }

  void connections_of(const std::string& type, const ObjectTable& table) {
    for (const Resource* connection : d_.of_type(type)) {
      done(*connection);
      Yaml& to = lab_[type][name_of(*connection, "connection_name")];
      to.set("gw_name", Yaml(name_behind(*connection, "gw_name")));
      copy(*connection, table, "", to, {"remote_lan_ip", "backup_remote_lan_ip"});
      for (const auto* key : {"remote_gateway_ip", "backup_remote_gateway_ip"}) {
        const auto names = remotes(*connection, key);
        if (!names.empty()) to.set(key, list_of(names));
      }
      const bool is_lan = lower(d_.text(*connection, "tunnel_protocol")) == "lan";
      if (!is_lan) continue;
      to.set("remote_vpc_name", Yaml(vnet_behind(*connection, "remote_vpc_name")));
      for (const auto* key : {"remote_lan_ip", "backup_remote_lan_ip"}) {
        // The lab derives the addresses of a route server.
        const std::string address = d_.text(*connection, key);
        if (!address.empty() && !is_route_server(address)) to.set(key, Yaml(address));
      }
    }
  }

  [[nodiscard]] bool is_route_server(const std::string& address) const {
    for (const Resource* server : d_.of_type("azurerm_route_server")) {
      const Json* addresses = d_.value(*server, "virtual_router_ips");
      if (addresses == nullptr || !addresses->is_array()) continue;
      if (std::ranges::find(*addresses, Json(address)) != addresses->end()) return true;
    }
    return false;
  }

  void segmentation() {
    for (const auto* type :
         {"aviatrix_segmentation_network_domain", "aviatrix_segmentation_security_domain"}) {
      for (const Resource* domain : d_.of_type(type)) {
        done(*domain);
        lab_["aviatrix_segmentation_network_domain"][name_of(*domain, "domain_name")];
      }
    }
    named("aviatrix_segmentation_network_domain_association", table_of<NetworkDomainAssociation>());
    named("aviatrix_segmentation_network_domain_connection_policy", table_of<ConnectionPolicy>());
  }

  void nat(const std::string& type, const ObjectTable& table, const std::string& block,
           const ObjectTable& policy) {
    for (const Resource* resource : d_.of_type(type)) {
      done(*resource);
      Yaml& to = lab_[type][name_of(*resource)];
      to.set("gw_name", Yaml(name_behind(*resource, "gw_name")));
      copy(*resource, table, "", to);
      const Json* all = d_.value(*resource, block);
      Yaml::List policies;
      for (size_t i = 0; all != nullptr && i < all->size(); ++i) {
        const std::string path = fmt::format("{}/{}", block, i);
        Yaml one;
        copy(*resource, policy, path, one);
        const std::string over = d_.text(*resource, path + "/connection");
        // The provider's "None", and "transit@..." of a tunnel with a gateway.
        if (!over.empty() && over != "None") {
          one.set("connection", Yaml(over.substr(0, over.find('@'))));
        }
        policies.push_back(std::move(one));
      }
      if (!policies.empty()) to.set(block, Yaml(std::move(policies)));
    }
  }

  void report_rest() {
    for (const Resource& resource : d_.resources()) {
      const bool is_ignored = std::ranges::find(kIgnored, resource.type) != std::end(kIgnored);
      if (done_.contains(&resource) || is_ignored) continue;
      note(resource, "left out: " + resource.type + " is not modelled");
    }
  }

  const Document& d_;
  Yaml lab_;
  std::vector<std::string> notes_;
  std::set<const Resource*> done_;
  std::map<const Resource*, const Resource*> vpc_of_;
  std::map<const Resource*, std::string> vnet_of_vpc_;
  std::map<std::string, std::vector<std::string>> attached_;
};

}  // namespace

Result<Imported> import_terraform(std::string_view text, const std::string& name) {
  const auto document = Document::parse(text);
  if (!document) return std::unexpected(document.error());
  return Importer(*document).run(name);
}

}  // namespace skyhop::lab::terraform
