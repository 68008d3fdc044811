#include "control/lab/terraform/importer.h"

#include <fmt/format.h>

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

/// The part of an Azure id behind "/KIND/".
std::string id_part(const std::string& id, const std::string& kind) {
  const std::string wanted = "/" + lower(kind) + "/";
  const size_t at = lower(id).find(wanted);
  if (at == std::string::npos) return {};
  const size_t begin = at + wanted.size();
  return id.substr(begin, id.find('/', begin) - begin);
}

}  // namespace

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
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

Imported Importer::run(const std::string& name) {
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

void Importer::note(const Resource& resource, const std::string& what) {
  notes_.push_back(resource.address + ": " + what);
}

std::string Importer::name_of(const Resource& resource, std::string_view key) const {
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

std::string Importer::scalar(const Resource& resource, const Key& key, const Json& value,
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

void Importer::copy(const Resource& resource, const ObjectTable& table, const std::string& path,
                    Yaml& to, std::initializer_list<std::string_view> without, Defaults defaults) {
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

void Importer::copy_block(const Resource& resource, const ObjectTable& table,
                          const std::string& block, Yaml& to) {
  Yaml inside;
  copy(resource, table, block + "/0", inside, {}, Defaults::kept);
  if (!inside.is_empty()) to.set(block, std::move(inside));
}

void Importer::named(const std::string& type, const ObjectTable& table) {
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

std::string Importer::name_behind(const Resource& resource, std::string_view path) const {
  const std::string text = d_.text(resource, path);
  const bool is_id = path.ends_with("_id") || text.find('/') != std::string::npos;
  const Resource* by_id = is_id ? d_.with_id(text) : nullptr;
  if (by_id != nullptr && by_id != &resource) return lab_name(*by_id);
  if (!text.empty()) return text.substr(text.rfind('/') + 1);
  for (const Target& target : d_.references(resource, path)) return lab_name(*target.resource);
  return {};
}

std::string Importer::lab_name(const Resource& resource) const {
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

bool Importer::is_gateway(const Resource& resource) {
  return resource.type == "aviatrix_transit_gateway" || resource.type == "aviatrix_spoke_gateway";
}

void Importer::find_vnets() {
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

std::string Importer::vnet_name(const Resource& vpc) const {
  const auto found = vnet_of_vpc_.find(&vpc);
  return found == vnet_of_vpc_.end() ? name_of(vpc) : found->second;
}

std::string Importer::vnet_by_name(const std::string& name) const {
  for (const Resource* vpc : d_.of_type("aviatrix_vpc")) {
    if (d_.text(*vpc, "name") == name) return vnet_name(*vpc);
  }
  return name;
}

Importer::Place Importer::place_of_subnet(const Resource& subnet) const {
  return {vnet_behind(subnet, "virtual_network_name"), name_of(subnet)};
}

Importer::Place Importer::place_behind(const Resource& resource, std::string_view path) const {
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

std::string Importer::vnet_behind(const Resource& resource, std::string_view path) const {
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

std::vector<std::string> Importer::remotes(const Resource& resource, std::string_view path) const {
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

std::string Importer::owner_of_address(const std::string& address) const {
  for (const Resource& resource : d_.resources()) {
    if (is_gateway(resource)) {
      for (const auto* attribute : {"public_ip", "eip", "private_ip"}) {
        if (d_.text(resource, attribute) == address) return name_of(resource, "gw_name");
        const std::string twin = std::string("ha_") + attribute;
        if (d_.text(resource, twin) == address) return name_of(resource, "gw_name") + "-hagw";
      }
    } else if (resource.type == "azurerm_public_ip" && d_.text(resource, "ip_address") == address) {
      return owner_of_public_ip(resource);
    }
  }
  return {};
}

std::string Importer::owner_of_public_ip(const Resource& address) const {
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

void Importer::report_rest() {
  for (const Resource& resource : d_.resources()) {
    const bool is_ignored = std::ranges::find(kIgnored, resource.type) != std::end(kIgnored);
    if (done_.contains(&resource) || is_ignored) continue;
    note(resource, "left out: " + resource.type + " is not modelled");
  }
}

Result<Imported> import_terraform(std::string_view text, const std::string& name) {
  const auto document = Document::parse(text);
  if (!document) return std::unexpected(document.error());
  return Importer(*document).run(name);
}

}  // namespace skyhop::lab::terraform
