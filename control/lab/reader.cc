#include "control/lab/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "control/lab/extends.h"
#include "control/lab/keys.h"
#include "control/lab/link_conditions.h"
#include "control/lab/references.h"

namespace skyhop::lab {
namespace {

/// What one resource says that cannot be right together, as far as the file alone shows it.
class ConsistencyCheck {
 public:
  ConsistencyCheck(const Lab& lab, Diagnostics& diagnostics)
      : lab_(lab), diagnostics_(diagnostics) {}

  void run() {
    for (const auto& vnet : lab_.virtual_networks) {
      check_names(vnet.subnets, "azurerm_virtual_network." + vnet.name + ".subnet");
    }
    for (const auto& table : lab_.route_tables) check(table);
    for (const auto& group : lab_.network_security_groups) check(group);
    for (const auto& machine : lab_.virtual_machines) check(machine);
    check_gateways();
    for (size_t i = 0; i < lab_.checks.size(); ++i) check(lab_.checks[i]);
  }

 private:
  void error(std::string path, std::string message) {
    if (diagnostics_.size() >= kMaxDiagnostics) return;
    diagnostics_.push_back({Severity::error, std::move(path), std::move(message), "", {}});
  }

  /// Names in a list of maps; in a map they are keys, and the reader found the duplicates.
  template <typename T>
  void check_names(const std::vector<T>& items, const std::string& path) {
    std::set<std::string> names;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!items[i].name.empty() && !names.insert(items[i].name).second) {
        error(item_path(path, i, items[i].name),
              fmt::format("a second \"{}\"; names are unique here", items[i].name));
      }
    }
  }

  /// By index when the resources stand in a list, else by name; marks know both.
  [[nodiscard]] std::string item_path(const std::string& path, size_t index,
                                      const std::string& name) const {
    std::string by_index = fmt::format("{}[{}]", path, index);
    return lab_.marks.contains(by_index) ? by_index : path + "." + name;
  }

  void check(const RouteTable& table) {
    const std::string path = "azurerm_route_table." + table.name + ".route";
    check_names(table.routes, path);
    std::map<Ipv4Prefix, std::string> prefixes;
    for (size_t i = 0; i < table.routes.size(); ++i) {
      const UserRoute& route = table.routes[i];
      const std::string route_path = item_path(path, i, route.name);
      const bool needs_address = route.next_hop_type == NextHopType::VirtualAppliance;
      if (!lab_.marks.contains(route_path + ".address_prefix")) continue;
      if (needs_address != route.next_hop_in_ip_address.has_value() &&
          lab_.marks.contains(route_path + ".next_hop_type") &&
          needs_address != lab_.marks.contains(route_path + ".next_hop_in_ip_address")) {
        error(route_path, needs_address
                              ? "next_hop_type VirtualAppliance needs next_hop_in_ip_address"
                              : "next_hop_in_ip_address belongs to next_hop_type VirtualAppliance");
      }
      const auto [first, is_new] = prefixes.emplace(route.address_prefix, route.name);
      if (!is_new && route.address_prefix.length() != 0) {
        error(route_path + ".address_prefix",
              fmt::format("{} is already the prefix of route \"{}\"",
                          route.address_prefix.to_string(), first->second));
      }
    }
  }

  void check(const NetworkSecurityGroup& group) {
    const std::string path = "azurerm_network_security_group." + group.name + ".security_rule";
    check_names(group.security_rules, path);
    std::map<std::pair<Direction, uint16_t>, std::string> priorities;
    for (size_t i = 0; i < group.security_rules.size(); ++i) {
      const SecurityRule& rule = group.security_rules[i];
      if (rule.priority == 0) continue;  // missing or wrong, and said
      const auto [first, is_new] =
          priorities.emplace(std::pair{rule.direction, rule.priority}, rule.name);
      if (is_new) continue;
      error(item_path(path, i, rule.name) + ".priority",
            fmt::format("priority {} is already that of {} rule \"{}\"", rule.priority,
                        rule.direction == Direction::Inbound ? "inbound" : "outbound",
                        first->second));
    }
  }

  void check(const VirtualMachine& machine) {
    const std::string path = "azurerm_linux_virtual_machine." + machine.name;
    const auto vnet = std::find_if(
        lab_.virtual_networks.begin(), lab_.virtual_networks.end(),
        [&machine](const auto& known) { return known.name == machine.virtual_network_name; });
    if (vnet == lab_.virtual_networks.end()) return;  // of a gateway: its subnets are derived
    std::vector<std::string> subnets;
    for (const Subnet& subnet : vnet->subnets) subnets.push_back(subnet.name);
    if (!machine.subnet) {
      error(path, fmt::format("missing key \"subnet\": a subnet of {}", vnet->name));
      return;
    }
    if (std::find(subnets.begin(), subnets.end(), *machine.subnet) != subnets.end()) return;
    const std::string near = nearest(*machine.subnet, subnets);
    error(path + ".subnet",
          fmt::format("\"{}\" is not a subnet of {}{}", *machine.subnet, vnet->name,
                      near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }

  void check_gateways() {
    const auto attached = attachments(lab_);
    for (const SpokeGateway& spoke : lab_.spoke_gateways) {
      const auto is_its = [&](const auto& each) { return each.spoke_gw_name == spoke.name; };
      if (spoke.added_by_timeline && std::none_of(attached.begin(), attached.end(), is_its)) {
        error("aviatrix_spoke_gateway." + spoke.name,
              "missing key \"transit_gw\": a spoke that is added is also attached");
      }
    }
    for (const auto& connection : lab_.transit_external_device_conns) check(connection);
  }

  /// Keys that only one kind of connection has, and those that a kind needs.
  void check(const TransitExternalDeviceConn& connection) {
    const std::string path = section_of(connection) + "." + connection.connection_name;
    const bool is_lan = connection.tunnel_protocol == TunnelProtocol::LAN;
    const bool is_ipsec = connection.tunnel_protocol == TunnelProtocol::IPsec;
    const bool is_bgp = connection.connection_type == ConnectionType::bgp;
    const auto belongs = [&](bool is_right, const char* to,
                             std::initializer_list<const char*> keys) {
      if (is_right) return;
      for (const char* key : keys) {
        if (!lab_.marks.contains(path + "." + key)) continue;
        error(path + "." + key, fmt::format("{} belongs to {}", key, to));
      }
    };
    const auto needs = [&](bool is_meant, const char* key, const char* why) {
      if (!is_meant || lab_.marks.contains(path + "." + key)) return;
      error(path, fmt::format("missing key \"{}\": {} needs it", key, why));
    };
    belongs(!is_lan, "tunnel_protocol IPsec",
            {"remote_gateway_ip", "backup_remote_gateway_ip", "local_tunnel_cidr",
             "remote_tunnel_cidr", "backup_local_tunnel_cidr", "backup_remote_tunnel_cidr"});
    belongs(is_ipsec, "tunnel_protocol IPsec",
            {"direct_connect", "enable_ikev2", "custom_algorithms", "phase_1_authentication",
             "phase_1_dh_groups", "phase_1_encryption", "phase_2_authentication",
             "phase_2_dh_groups", "phase_2_encryption"});
    belongs(
        is_lan, "tunnel_protocol LAN",
        {"remote_vpc_name", "remote_lan_ip", "backup_remote_lan_ip", "enable_bgp_lan_activemesh"});
    belongs(is_bgp, "connection_type bgp",
            {"bgp_local_as_num", "bgp_remote_as_num", "backup_bgp_remote_as_num",
             "manual_bgp_advertised_cidrs", "prepend_as_path", "enable_learned_cidrs_approval",
             "approved_cidrs", "remote_vpc_name"});
    belongs(!is_bgp, "connection_type static", {"remote_subnet"});
    needs(is_bgp, "bgp_remote_as_num", "connection_type bgp");
    needs(!is_bgp, "remote_subnet", "connection_type static");
    needs(is_lan, "remote_vpc_name", "tunnel_protocol LAN");
    needs(is_ipsec, "remote_gateway_ip", "tunnel_protocol IPsec");
    needs(!is_ipsec && !is_lan, "remote_gateway_ip", "tunnel_protocol GRE");
  }

  void check(const Check& check) {
    const auto* route = std::get_if<CheckPath>(&check.what);
    if (route != nullptr && route->via.empty() && route->avoid.empty()) {
      error(check.path + ".path", "missing one of via and avoid");
    }
  }

  const Lab& lab_;
  Diagnostics& diagnostics_;
};

/// File order: the lab file first, then those it extends; one message per place and text.
void sort_and_unique(Diagnostics& diagnostics) {
  const auto place = [](const Diagnostic& d) {
    return std::tie(d.mark.file, d.mark.line, d.mark.column);
  };
  std::sort(diagnostics.begin(), diagnostics.end(), [&](const auto& a, const auto& b) {
    return std::tuple_cat(place(a), std::tie(a.message, a.path)) <
           std::tuple_cat(place(b), std::tie(b.message, b.path));
  });
  const auto last = std::unique(diagnostics.begin(), diagnostics.end(),
                                [&](const Diagnostic& a, const Diagnostic& b) {
                                  return place(a) == place(b) && a.message == b.message;
                                });
  diagnostics.erase(last, diagnostics.end());
}

}  // namespace

ReadResult read_text(const std::string& text, const std::string& file) {
  ReadResult result;
  result.lab.file = file;
  NodePtr root = parse_yaml(text, "", result.diagnostics);
  if (root) root = resolve_extends(std::move(root), file, result.diagnostics);
  if (root) {
    std::vector<Reference> references;
    Reader reader(result.diagnostics, result.lab.marks, references);
    reader.mark("", root->mark);
    reader.object(*root, "", table_of<Lab>(), &result.lab);
    read_jitter_files(result.lab, result.diagnostics);
    check_references(result.lab, references, result.diagnostics);
    ConsistencyCheck(result.lab, result.diagnostics).run();
    locate(result.diagnostics, result.lab.marks);
  }
  sort_and_unique(result.diagnostics);
  if (result.diagnostics.size() >= kMaxDiagnostics) {
    result.diagnostics.push_back({Severity::error, "", "too many errors; the rest is not shown", "",
                                  result.diagnostics.back().mark});
  }
  return result;
}

ReadResult read_file(const std::string& file) {
  const auto text = read_lab_text(file);
  if (text) return read_text(*text, file);
  ReadResult result;
  result.lab.file = file;
  result.diagnostics.push_back({Severity::error, "", text.error(), "", {}});
  return result;
}

}  // namespace skyhop::lab
