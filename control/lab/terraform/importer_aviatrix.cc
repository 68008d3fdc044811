// Gateways, attachments, external connections, segmentation, address translation.
#include <fmt/format.h>

#include "control/lab/terraform/importer.h"

namespace skyhop::lab::terraform {

void Importer::gateways() {
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

void Importer::attachments() {
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

Yaml& Importer::attachment_of(const std::string& spoke, const std::string& transit) {
  return lab_["aviatrix_spoke_transit_attachment"][fmt::format("{}-{}", spoke, transit)];
}

size_t Importer::count_of(const Resource& attachment, const std::string& spoke) const {
  size_t count = 0;
  for (const Resource* each : d_.of_type(attachment.type)) {
    count += name_behind(*each, "spoke_gw_name") == spoke ? 1 : 0;
  }
  return count;
}

void Importer::connections() {
  connections_of("aviatrix_transit_external_device_conn", table_of<TransitExternalDeviceConn>());
  connections_of("aviatrix_spoke_external_device_conn", table_of<SpokeExternalDeviceConn>());
}

void Importer::connections_of(const std::string& type, const ObjectTable& table) {
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

bool Importer::is_route_server(const std::string& address) const {
  for (const Resource* server : d_.of_type("azurerm_route_server")) {
    const Json* addresses = d_.value(*server, "virtual_router_ips");
    if (addresses == nullptr || !addresses->is_array()) continue;
    if (std::ranges::find(*addresses, Json(address)) != addresses->end()) return true;
  }
  return false;
}

void Importer::segmentation() {
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

void Importer::nat(const std::string& type, const ObjectTable& table, const std::string& block,
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

}  // namespace skyhop::lab::terraform
