// Labs from Terraform's JSON: V1, V6, V57 to V60.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/lab/terraform/document.h"
#include "control/lab/terraform/import.h"
#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab::terraform {
namespace {

using OrderedJson = nlohmann::json;

OrderedJson document(const std::string& name) {
  return OrderedJson::parse(slurp(source_path("tests/data/terraform/" + name)));
}
OrderedJson plan() { return document("ars-multipeer.plan.json"); }
OrderedJson state() { return document("ars-multipeer.state.json"); }

Imported imported(const OrderedJson& json) {
  auto result = import_terraform(json.dump(), "t");
  EXPECT_TRUE(result) << result.error().to_string();
  return result ? *result : Imported{};
}

Lab lab_of(const OrderedJson& json) {
  ReadResult read = read_text(imported(json).yaml, "t.yaml");
  EXPECT_FALSE(has_errors(read.diagnostics));
  for (const Diagnostic& each : read.diagnostics) ADD_FAILURE() << to_string(each, "t.yaml");
  return std::move(read.lab);
}

/// Calls `visit` with every resource of the document's values, and its change.
template <typename Visit>
void for_each_resource(OrderedJson& json, Visit visit) {
  const char* key = json.contains("planned_values") ? "planned_values" : "values";
  const auto module = [&](auto& self, OrderedJson& one) -> void {
    for (OrderedJson& resource : one["resources"]) visit(resource);
    if (!one.contains("child_modules")) return;
    for (OrderedJson& child : one["child_modules"]) self(self, child);
  };
  auto& root = key[0] == 'v' ? json["values"]["root_module"] : json[key]["root_module"];
  module(module, root);
}

std::string error_of(const std::string& text) {
  const auto result = import_terraform(text, "t");
  return result ? "" : result.error().to_string();
}

TEST(Terraform, V1_TheFirstLabsPlanHasItsResources) {
  const Lab lab = lab_of(plan());
  EXPECT_EQ(lab.virtual_networks.size() + lab.transit_gateways.size() + lab.spoke_gateways.size(),
            5u);
  size_t gateways = lab.spoke_gateways.size();
  for (const TransitGateway& transit : lab.transit_gateways) gateways += transit.ha_gw ? 2 : 1;
  EXPECT_EQ(gateways, 6u);
  EXPECT_EQ(lab.route_servers.size(), 1u);
  EXPECT_EQ(lab.virtual_network_gateways.size(), 1u);
  EXPECT_EQ(lab.virtual_machines.size(), 2u);
  EXPECT_EQ(lab.route_server_bgp_connections[1].peer_ip, "transit-1-hagw");
  EXPECT_EQ(lab.local_network_gateways[1].name, "transit-2-hagw");
  EXPECT_EQ(lab.local_network_gateways[1].gateway_address, "transit-2-hagw");
  EXPECT_EQ(lab.virtual_network_peerings[1].remote_virtual_network_name, "transit-1");
  EXPECT_EQ(lab.virtual_machines[0].virtual_network_name, "spoke1");
  EXPECT_EQ(lab.network_security_groups[0].security_rules.size(), 5u);
  EXPECT_EQ(lab.spoke_gateways[1].transit_gw, "transit-2");
  const auto& to_vng = lab.transit_external_device_conns[0];
  EXPECT_EQ(to_vng.remote_gateway_ip, std::vector<std::string>{"vng"});
  EXPECT_EQ(lab.virtual_network_gateways[0].apipa_addresses.size(), 2u);
}

TEST(Terraform, V1_AStateGivesTheSameLabAsThePlan) {
  EXPECT_EQ(imported(plan()).yaml, imported(state()).yaml);
}

TEST(Terraform, SecretsAreNeverRead) {
  for (OrderedJson json : {plan(), state()}) {
    // A secret in an attribute that the lab does take.
    for_each_resource(json, [](OrderedJson& resource) {
      if (resource["address"] != "aviatrix_transit_external_device_conn.transit_2_to_vng") return;
      resource["values"]["remote_gateway_ip"] = "192.0.2.77";
      resource["sensitive_values"]["remote_gateway_ip"] = true;
    });
    if (json.contains("resource_changes")) {
      for (OrderedJson& change : json["resource_changes"]) {
        if (change["address"] == "aviatrix_transit_external_device_conn.transit_2_to_vng") {
          change["change"]["after_sensitive"]["remote_gateway_ip"] = true;
        }
      }
    }
    const Imported result = imported(json);
    std::string all = result.yaml;
    for (const std::string& note : result.notes) all += note;
    for (const auto* secret : {"THE-SECRET-KEY", "192.0.2.77", "c2VjcmV0"}) {
      EXPECT_EQ(all.find(secret), std::string::npos) << secret;
    }
  }
}

TEST(Terraform, V6_ATwinIsThereWhenHaSubnetIs) {
  OrderedJson json = plan();
  for (OrderedJson& change : json["resource_changes"]) {
    if (change["address"] != "module.mc-transit-2.aviatrix_transit_gateway.default") continue;
    change["change"]["after_unknown"].erase("ha_subnet");
  }
  const Lab lab = lab_of([&] {
    // Without the twin nothing of it may be named.
    OrderedJson& root = json["planned_values"]["root_module"]["resources"];
    OrderedJson kept = OrderedJson::array();
    for (OrderedJson& resource : root) {
      if (resource["name"] != "ha") kept.push_back(resource);
    }
    root = kept;
    return json;
  }());
  EXPECT_TRUE(lab.transit_gateways[0].ha_gw);             // known
  EXPECT_FALSE(lab.transit_gateways[1].ha_gw);            // not set any more
  EXPECT_TRUE(lab_of(plan()).transit_gateways[1].ha_gw);  // set, and not known
  EXPECT_FALSE(lab_of(plan()).spoke_gateways[0].ha_gw);
}

TEST(Terraform, V57_AnotherMajorVersionIsRefused) {
  OrderedJson json = plan();
  for (const auto* version : {"0.1", "0.2", "1.0", "1.1", "1.2", "1.99"}) {
    json["format_version"] = version;
    EXPECT_EQ(error_of(json.dump()), "") << version;
  }
  for (const auto* version : {"2.0", "10.1", "", "x", "1x"}) {
    json["format_version"] = version;
    EXPECT_NE(error_of(json.dump()).find("is not one of 0.1 to 1.x"), std::string::npos) << version;
  }
  json.erase("format_version");
  EXPECT_NE(error_of(json.dump()), "");
}

TEST(Terraform, V57_UnknownKeysDoNotMatter) {
  OrderedJson json = plan();
  json["applyable"] = true;
  json["deferred_changes"] = OrderedJson::array({1, "x"});
  for_each_resource(json, [](OrderedJson& resource) {
    resource["identity"] = {{"x", 1}};
    if (resource.contains("values")) resource["values"]["of_the_future"] = "x";
  });
  EXPECT_EQ(imported(json).yaml, imported(plan()).yaml);
}

TEST(Terraform, WhatIsNoPlanIsSaid) {
  EXPECT_NE(error_of("").find("no JSON"), std::string::npos);
  EXPECT_NE(error_of("[1]").find("no JSON"), std::string::npos);
  EXPECT_NE(error_of("{}").find("neither a plan nor a state"), std::string::npos);
  EXPECT_NE(error_of(R"({"version": 4, "resources": []})").find("own state file"),
            std::string::npos);
  EXPECT_EQ(error_of(R"({"format_version": "1.0", "values": {"root_module": {}}})"), "");
  EXPECT_EQ(error_of(R"({"format_version": "1.0", "planned_values": {}})"), "");
}

TEST(Terraform, V58_AResourceWithoutValuesIsFilledInByTheConfiguration) {
  OrderedJson json = plan();
  // Nothing is planned of these; their constants, references and the subnet rules say it all.
  const std::string without[] = {
      "azurerm_virtual_network_peering.transit_1_to_vng", "azurerm_subnet.ars_subnet",
      "module.azure-linux-vm-public-spoke1.azurerm_network_interface.this"};
  const auto is_meant = [&](const OrderedJson& address) {
    return std::ranges::find(without, address.get<std::string>()) != std::end(without);
  };
  for_each_resource(json, [&](OrderedJson& resource) {
    if (is_meant(resource["address"])) resource.erase("values");
  });
  for (OrderedJson& change : json["resource_changes"]) {
    if (is_meant(change["address"])) change["change"].erase("after");
  }
  const Lab lab = lab_of(json);
  ASSERT_EQ(lab.virtual_network_peerings.size(), 2u);
  EXPECT_EQ(lab.virtual_network_peerings[0].name, "transit-1-to-vng");
  EXPECT_EQ(lab.virtual_network_peerings[0].remote_virtual_network_name, "ars-vng-network");
  EXPECT_EQ(lab.virtual_networks[0].subnets[0].name, "RouteServerSubnet");
  EXPECT_EQ(lab.virtual_machines[0].virtual_network_name, "spoke1");
}

TEST(Terraform, V58_ValuesThatAreAllUnknownDoNoHarm) {
  OrderedJson json = plan();
  for_each_resource(json, [](OrderedJson& resource) { resource.erase("values"); });
  for (OrderedJson& change : json["resource_changes"]) change["change"].erase("after");
  EXPECT_TRUE(import_terraform(json.dump(), "t"));
}

TEST(Terraform, V59_AsNumbersAsTextAndAsNumbers) {
  OrderedJson json = plan();
  for_each_resource(json, [](OrderedJson& resource) {
    OrderedJson& values = resource["values"];
    for (const auto* key : {"local_as_number", "bgp_local_as_num", "bgp_remote_as_num"}) {
      if (values.contains(key) && values[key].is_string()) {
        values[key] = std::stol(values[key].get<std::string>());
      }
    }
    if (values.contains("peer_asn"))
      values["peer_asn"] = std::to_string(values["peer_asn"].get<int>());
  });
  EXPECT_EQ(imported(json).yaml, imported(plan()).yaml);
  EXPECT_EQ(lab_of(json).transit_gateways[0].local_as_number, 65020u);
}

TEST(Terraform, V60_NamesOfAllProviderVersionsGiveOneLab) {
  OrderedJson json = state();
  for_each_resource(json, [](OrderedJson& resource) {
    OrderedJson& values = resource["values"];
    const auto rename = [&values](const char* from, const char* to) {
      if (!values.contains(from)) return;
      values[to] = values[from];
      values.erase(from);
    };
    rename("enable_bgp", "bgp_enabled");
    rename("enable_ip_forwarding", "ip_forwarding_enabled");
  });
  const Lab old = lab_of(state()), renamed = lab_of(json);
  ASSERT_EQ(renamed.virtual_network_gateways.size(), 1u);
  EXPECT_TRUE(old.virtual_network_gateways[0].bgp_enabled);
  EXPECT_TRUE(renamed.virtual_network_gateways[0].bgp_enabled);
  EXPECT_TRUE(renamed.virtual_network_gateway_connections[1].bgp_enabled);
}

TEST(Terraform, V60_RouteTablesAndForwardingInterfacesOfEveryVersion) {
  const auto with = [](const char* propagation, bool value, const char* forwarding) {
    return fmt::format(
        R"({{"format_version": "1.0", "values": {{"root_module": {{"resources": [
          {{"address": "azurerm_virtual_network.v", "type": "azurerm_virtual_network",
            "values": {{"id": "/v", "name": "v", "address_space": ["10.0.0.0/16"],
              "subnet": [{{"name": "s", "address_prefix": "10.0.1.0/24"}}]}}}},
          {{"address": "azurerm_subnet.t", "type": "azurerm_subnet",
            "values": {{"id": "/v/subnets/t", "name": "t", "virtual_network_name": "v",
              "address_prefixes": ["10.0.2.0/24"]}}}},
          {{"address": "azurerm_route_table.r", "type": "azurerm_route_table",
            "values": {{"id": "/r", "name": "r", "{}": {}, "route": [
              {{"name": "d", "address_prefix": "0.0.0.0/0", "next_hop_type": "None",
                "next_hop_in_ip_address": ""}}]}}}},
          {{"address": "azurerm_subnet_route_table_association.a",
            "type": "azurerm_subnet_route_table_association",
            "values": {{"subnet_id": "/v/subnets/t", "route_table_id": "/r"}}}},
          {{"address": "azurerm_network_interface.n", "type": "azurerm_network_interface",
            "values": {{"id": "/n", "name": "n", "{}": true, "ip_configuration": [
              {{"subnet_id": "/v/subnets/t", "private_ip_address_allocation": "Static",
                "private_ip_address": "10.0.2.9"}}]}}}},
          {{"address": "azurerm_linux_virtual_machine.m", "type": "azurerm_linux_virtual_machine",
            "values": {{"name": "m", "network_interface_ids": ["/n"]}}}}]}}}}}})",
        propagation, value, forwarding);
  };
  const auto check = [](const std::string& text) {
    const Lab lab = lab_of(OrderedJson::parse(text));
    EXPECT_FALSE(lab.route_tables.at(0).bgp_route_propagation_enabled);
    EXPECT_EQ(lab.route_tables[0].routes.at(0).next_hop_type, NextHopType::None);
    EXPECT_EQ(lab.virtual_networks.at(0).subnets.at(1).route_table, "r");
    EXPECT_TRUE(lab.virtual_machines.at(0).ip_forwarding_enabled);
    EXPECT_EQ(lab.virtual_machines[0].private_ip_address, Ipv4Address(10, 0, 2, 9));
  };
  check(with("disable_bgp_route_propagation", true, "enable_ip_forwarding"));    // v3
  check(with("bgp_route_propagation_enabled", false, "ip_forwarding_enabled"));  // v4, v5
}

TEST(Terraform, DeletedResourcesAreGoneAndUnknownTypesAreNamed) {
  OrderedJson json = plan();
  for (OrderedJson& change : json["resource_changes"]) {
    if (change["address"] == "module.mc-spoke2.aviatrix_spoke_transit_attachment.default[0]") {
      change["change"]["actions"] = {"delete"};
    }
  }
  json["planned_values"]["root_module"]["resources"].push_back(
      {{"address", "aviatrix_firewall.f"},
       {"mode", "managed"},
       {"type", "aviatrix_firewall"},
       {"name", "f"},
       {"values", {{"gw_name", "transit-1"}}}});
  const Imported result = imported(json);
  EXPECT_EQ(result.notes, std::vector<std::string>{
                              "aviatrix_firewall.f: left out: aviatrix_firewall is not modelled"});
  const ReadResult read = read_text(result.yaml, "t.yaml");
  EXPECT_EQ(read.lab.spoke_gateways[1].transit_gw, "");
}

TEST(Terraform, TheOtherAviatrixResources) {
  const Lab lab = lab_of(
      OrderedJson::parse(R"({"format_version": "1.2", "values": {"root_module": {"resources": [
    {"address": "aviatrix_vpc.a", "type": "aviatrix_vpc", "values": {"name": "a-vnet", "cidr": "10.1.0.0/23", "region": "East US", "vpc_id": "a:rg:1"}},
    {"address": "aviatrix_vpc.b", "type": "aviatrix_vpc", "values": {"name": "b-vnet", "cidr": "10.2.0.0/23", "region": "East US", "vpc_id": "b:rg:2"}},
    {"address": "aviatrix_vpc.s", "type": "aviatrix_vpc", "values": {"name": "s-vnet", "cidr": "10.3.0.0/24", "region": "East US", "vpc_id": "s:rg:3"}},
    {"address": "aviatrix_transit_gateway.a", "type": "aviatrix_transit_gateway", "values": {"gw_name": "a", "vpc_id": "a:rg:1", "ha_subnet": "", "local_as_number": "65001", "enable_segmentation": true, "connected_transit": true, "bgp_polling_time": "30", "excluded_advertised_spoke_routes": "10.8.0.0/16,10.9.0.0/16"}},
    {"address": "aviatrix_transit_gateway.b", "type": "aviatrix_transit_gateway", "values": {"gw_name": "b", "vpc_id": "b:rg:2", "ha_subnet": "10.2.0.48/28", "local_as_number": "65002"}},
    {"address": "aviatrix_spoke_gateway.s", "type": "aviatrix_spoke_gateway", "values": {"gw_name": "s", "vpc_id": "s:rg:3"}},
    {"address": "aviatrix_spoke_transit_attachment.sa", "type": "aviatrix_spoke_transit_attachment", "values": {"spoke_gw_name": "s", "transit_gw_name": "a", "enable_max_performance": true}},
    {"address": "aviatrix_spoke_transit_attachment.sb", "type": "aviatrix_spoke_transit_attachment", "values": {"spoke_gw_name": "s", "transit_gw_name": "b", "enable_max_performance": true}},
    {"address": "aviatrix_transit_gateway_peering.ab", "type": "aviatrix_transit_gateway_peering", "values": {"transit_gateway_name1": "a", "transit_gateway_name2": "b", "prepend_as_path1": ["65001"], "gateway1_excluded_network_cidrs": ["10.9.0.0/16"]}},
    {"address": "aviatrix_segmentation_network_domain.prod", "type": "aviatrix_segmentation_network_domain", "values": {"domain_name": "prod"}},
    {"address": "aviatrix_segmentation_network_domain_association.x", "type": "aviatrix_segmentation_network_domain_association", "values": {"network_domain_name": "prod", "attachment_name": "s", "transit_gateway_name": "a"}},
    {"address": "aviatrix_gateway_snat.s", "type": "aviatrix_gateway_snat", "values": {"gw_name": "s", "snat_mode": "customized_snat", "snat_policy": [{"src_cidr": "10.3.0.0/24", "dst_cidr": "", "protocol": "all", "interface": "", "connection": "a@site2cloud", "snat_ips": "100.64.0.1", "snat_port": ""}]}}
  ]}}})"));
  ASSERT_EQ(lab.transit_gateways.size(), 2u);
  EXPECT_FALSE(lab.transit_gateways[0].ha_gw);
  EXPECT_TRUE(lab.transit_gateways[1].ha_gw);
  EXPECT_EQ(lab.transit_gateways[0].bgp_polling_time, Seconds{30});
  EXPECT_EQ(lab.transit_gateways[0].excluded_advertised_spoke_routes.size(), 2u);
  EXPECT_FALSE(lab.transit_gateways[1].connected_transit);  // the provider's default
  EXPECT_EQ(attachments(lab).size(), 2u);
  EXPECT_EQ(lab.transit_gateway_peerings.at(0).prepend_as_path1, std::vector<uint32_t>{65001});
  EXPECT_EQ(lab.network_domain_associations.at(0).attachment_name, "s");
  EXPECT_EQ(lab.gateway_snats.at(0).policies.at(0).connection, "a");
  EXPECT_EQ(lab.gateway_snats[0].policies[0].ips, "100.64.0.1");
}

}  // namespace
}  // namespace skyhop::lab::terraform
