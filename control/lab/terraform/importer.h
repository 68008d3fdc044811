// One Terraform document on its way to a lab file. importer.cc copies attributes and follows names;
// importer_azure.cc and importer_aviatrix.cc have the resources of each side.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/lab/keys.h"
#include "control/lab/terraform/document.h"
#include "control/lab/terraform/import.h"
#include "control/lab/terraform/yaml_text.h"

namespace skyhop::lab::terraform {

[[nodiscard]] std::string lower(std::string text);
/// Of a list with commas, without blanks.
[[nodiscard]] std::vector<std::string> split(const std::string& text);
/// "ha_bgp_lan_ip_list" of "ha_bgp_lan_ip_list[0]"
[[nodiscard]] std::string head_of(const std::string& attribute);
[[nodiscard]] Yaml list_of(const std::vector<std::string>& items);

class Importer {
 public:
  explicit Importer(const Document& document) : d_(document) {}
  Imported run(const std::string& name);

 private:
  void note(const Resource& resource, const std::string& what);
  void done(const Resource& resource) { done_.insert(&resource); }

  /// Its name in the lab: what Terraform calls it when it has no name yet.
  [[nodiscard]] std::string name_of(const Resource& resource, std::string_view key = "name") const;

  // ---- copying what a key table knows ----

  /// A block that is there says something even where it says what it would be without.
  enum class Defaults { left_out, kept };

  /// A scalar as the lab file takes it; empty: nothing, or the default.
  std::string scalar(const Resource& resource, const Key& key, const Json& value,
                     const std::string& where, Defaults defaults);

  /// Copies the attributes that the table has, except references, which need names for ids.
  void copy(const Resource& resource, const ObjectTable& table, const std::string& path, Yaml& to,
            std::initializer_list<std::string_view> without = {},
            Defaults defaults = Defaults::left_out);

  /// A nested block: Terraform's list of one.
  void copy_block(const Resource& resource, const ObjectTable& table, const std::string& block,
                  Yaml& to);

  /// Resources whose attributes are all plain, or names of others.
  void named(const std::string& type, const ObjectTable& table);

  // ---- names behind ids and references ----

  /// The name an attribute holds, or that of the resource it refers to.
  [[nodiscard]] std::string name_behind(const Resource& resource, std::string_view path) const;
  [[nodiscard]] std::string lab_name(const Resource& resource) const;

  // ---- VNets ----

  [[nodiscard]] static bool is_gateway(const Resource& resource);

  /// The lab calls an Aviatrix VNet like its gateway.
  void find_vnets();
  [[nodiscard]] std::string vnet_name(const Resource& vpc) const;

  /// A VNet by the name that the clouds know.
  [[nodiscard]] std::string vnet_by_name(const std::string& name) const;

  struct Place {
    std::string vnet;
    std::string subnet;  ///< empty: not known, or the first public one of an Aviatrix VNet
  };

  [[nodiscard]] Place place_of_subnet(const Resource& subnet) const;

  /// What a subnet_id means.
  [[nodiscard]] Place place_behind(const Resource& resource, std::string_view path) const;
  [[nodiscard]] std::string vnet_behind(const Resource& resource, std::string_view path) const;

  /// Far ends of tunnels: names of gateways where they are in this plan, else addresses.
  [[nodiscard]] std::vector<std::string> remotes(const Resource& resource,
                                                 std::string_view path) const;
  [[nodiscard]] std::string owner_of_address(const std::string& address) const;

  /// The VPN gateway that a public address belongs to.
  [[nodiscard]] std::string owner_of_public_ip(const Resource& address) const;

  // ---- Azure ----

  void virtual_networks();
  Yaml& subnet_at(const Place& place);
  void associate(const std::string& type, std::string_view attribute, const std::string& key);
  void peerings();
  void route_tables();

  /// Nested blocks with names, as a map of the lab.
  void blocks(const Resource& resource, const std::string& block, const ObjectTable& table,
              Yaml& to);
  void security_groups();
  void route_servers();

  /// The gateway whose LAN address a route server's connection names.
  [[nodiscard]] std::string lan_peer(const Resource& peer) const;
  void vpn_gateways();

  void machines();
  [[nodiscard]] const Resource* nic_of(const Resource& machine) const;
  [[nodiscard]] std::string group_of(const Resource& nic) const;

  // ---- Aviatrix ----

  void gateways();
  void attachments();
  Yaml& attachment_of(const std::string& spoke, const std::string& transit);
  [[nodiscard]] size_t count_of(const Resource& attachment, const std::string& spoke) const;
  void connections();
  void connections_of(const std::string& type, const ObjectTable& table);
  [[nodiscard]] bool is_route_server(const std::string& address) const;
  void segmentation();
  void nat(const std::string& type, const ObjectTable& table, const std::string& block,
           const ObjectTable& policy);

  void report_rest();

  const Document& d_;
  Yaml lab_;
  std::vector<std::string> notes_;
  std::set<const Resource*> done_;
  std::map<const Resource*, const Resource*> vpc_of_;
  std::map<const Resource*, std::string> vnet_of_vpc_;
  std::map<std::string, std::vector<std::string>> attached_;
};

}  // namespace skyhop::lab::terraform
