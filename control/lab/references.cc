#include "control/lab/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "control/lab/yaml_tree.h"

namespace skyhop::lab {
namespace {

/// A router that is what runs on the VM of the same name.
constexpr uint32_t kRunsOnVm = 1u << 31;

struct Named {
  uint32_t target;
  std::string path;  ///< of the resource that has or makes the name
};

class Names {
 public:
  explicit Names(const Lab& lab);

  /// Some entry of `name` is in `targets`.
  [[nodiscard]] bool has(const std::string& name, uint32_t targets) const {
    const auto [first, last] = names_.equal_range(name);
    return std::any_of(first, last,
                       [targets](const auto& entry) { return entry.second.target & targets; });
  }
  [[nodiscard]] std::vector<std::string> all(uint32_t targets) const {
    std::vector<std::string> names;
    for (const auto& [name, named] : names_) {
      if ((named.target & targets) != 0) names.push_back(name);
    }
    return names;
  }
  /// Names that two things of `targets` have.
  void report_clashes(uint32_t targets, std::string_view what, Diagnostics& diagnostics) const;
  /// "vnet/subnet": the VNet is there, and the subnet where the file lists the VNet's subnets.
  [[nodiscard]] bool has_subnet(const std::string& name) const;

 private:
  void add(const std::string& name, uint32_t target, const std::string& path) {
    names_.emplace(name, Named{target, path});
  }
  template <typename T>
  void add_all(const std::vector<T>& resources, uint32_t target, const std::string& section) {
    for (const T& resource : resources) add(resource.name, target, section + "." + resource.name);
  }
  std::multimap<std::string, Named> names_;
};

Names::Names(const Lab& lab) {
  add_all(lab.virtual_networks, kVirtualNetwork, "azurerm_virtual_network");
  add_all(lab.route_tables, kRouteTable, "azurerm_route_table");
  add_all(lab.network_security_groups, kSecurityGroup, "azurerm_network_security_group");
  add_all(lab.route_servers, kRouteServer, "azurerm_route_server");
  add_all(lab.virtual_network_gateways, kVpnGateway, "azurerm_virtual_network_gateway");
  add_all(lab.local_network_gateways, kLocalNetworkGateway, "azurerm_local_network_gateway");
  add_all(lab.virtual_machines, kVirtualMachine, "azurerm_linux_virtual_machine");
  add_all(lab.transit_gateways, kTransitGateway | kVirtualNetwork, "aviatrix_transit_gateway");
  add_all(lab.spoke_gateways, kSpokeGateway | kVirtualNetwork, "aviatrix_spoke_gateway");
  for (const TransitExternalDeviceConn& connection : lab.transit_external_device_conns) {
    add(connection.connection_name, kExternalConnection,
        section_of(connection) + "." + connection.connection_name);
  }
  add_all(lab.network_domains, kNetworkDomain, "aviatrix_segmentation_network_domain");
  for (const TransitGateway& gateway : lab.transit_gateways) {
    if (!gateway.enable_segmentation) continue;
    for (const NetworkDomain& domain : lab.network_domains) {
      for (const char* twin : {"", "-hagw"}) {
        if (*twin != '\0' && !gateway.ha_gw) continue;
        add(fmt::format("{}{}@{}", gateway.name, twin, domain.name), kDomainTable,
            "aviatrix_transit_gateway." + gateway.name);
      }
    }
  }
  add_all(lab.public_ips, kPublicIp, "azurerm_public_ip");
  add_all(lab.hosts, kHost, "host");
  std::set<std::string> running;
  for (const Router& router : lab.routers) {
    const bool is_outside = !router.virtual_machine;
    // Of a VM that is named alike it is what runs there, not a second thing of that name.
    if (router.virtual_machine) running.insert(*router.virtual_machine);
    const uint32_t target = is_outside ? kRouterResource | kRouterOutside : kRouterResource;
    add(router.name, router.virtual_machine == router.name ? target | kRunsOnVm : target,
        "router." + router.name);
  }
  for (const VirtualMachine& vm : lab.virtual_machines) {
    if (!vm.ip_forwarding_enabled || running.contains(vm.name)) continue;
    add(vm.name, kRouterResource | kRunsOnVm, "azurerm_linux_virtual_machine." + vm.name);
  }
  add(kInternet, kRouterOutside, "");
  for (const VirtualNetwork& vnet : lab.virtual_networks) {
    for (const Subnet& subnet : vnet.subnets) {
      add(vnet.name + "/" + subnet.name, kSubnet,
          fmt::format("azurerm_virtual_network.{}.subnet.{}", vnet.name, subnet.name));
    }
  }
  for (const TransitGateway& gateway : lab.transit_gateways) {
    if (!gateway.ha_gw) continue;
    add(gateway.name + "-hagw", kTransitTwin, "aviatrix_transit_gateway." + gateway.name);
  }
  for (const SpokeGateway& gateway : lab.spoke_gateways) {
    if (!gateway.ha_gw) continue;
    add(gateway.name + "-hagw", kSpokeTwin, "aviatrix_spoke_gateway." + gateway.name);
  }
  for (const RouteServer& server : lab.route_servers) {
    for (const char* instance : {"-0", "-1"}) {
      add(server.name + instance, kRouteServerInstance, "azurerm_route_server." + server.name);
    }
  }
  for (const VirtualNetworkGateway& gateway : lab.virtual_network_gateways) {
    for (const char* instance : {"-0", "-1"}) {
      add(gateway.name + instance, kVpnGatewayInstance,
          "azurerm_virtual_network_gateway." + gateway.name);
    }
  }
}

void Names::report_clashes(uint32_t targets, std::string_view what,
                           Diagnostics& diagnostics) const {
  const std::string* previous = nullptr;
  const Named* first = nullptr;
  for (const auto& [name, named] : names_) {
    if ((named.target & targets) == 0 || (named.target & kRunsOnVm) != 0) continue;
    if (previous != nullptr && *previous == name) {
      diagnostics.push_back(
          {Severity::error,
           named.path,
           fmt::format("{} \"{}\" already comes from {}", what, name, first->path),
           "",
           {}});
      continue;
    }
    previous = &name;
    first = &named;
  }
}

bool Names::has_subnet(const std::string& name) const {
  if (has(name, kSubnet)) return true;
  const size_t slash = name.find('/');
  if (slash == std::string::npos || slash + 1 == name.size()) return false;
  // The subnets of an Aviatrix VNet are derived, so any name may be one.
  return has(name.substr(0, slash), kTransitGateway | kSpokeGateway);
}

struct TargetWord {
  uint32_t target;
  std::string_view word;
};
constexpr TargetWord kWords[] = {
    {kVirtualNetwork, "a VNet"},
    {kRouteTable, "a route table"},
    {kSecurityGroup, "an NSG"},
    {kRouteServer, "a route server"},
    {kVpnGateway, "a VPN gateway"},
    {kLocalNetworkGateway, "a local network gateway"},
    {kTransitGateway, "a transit gateway"},
    {kSpokeGateway, "a spoke gateway"},
    {kRouteServerInstance, "a route server instance"},
    {kVpnGatewayInstance, "a VPN gateway instance"},
    {kVirtualMachine, "a VM"},
    {kPublicIp, "a public IP"},
    {kHost, "a host"},
    {kRouterResource, "a router"},
    {kRouterOutside, "a router outside of Azure"},
    {kSubnet, "a subnet as vnet/subnet"},
    {kExternalConnection, "an external connection"},
    {kNetworkDomain, "a network domain"},
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_pair(ReferenceForm form) {
  return form == ReferenceForm::pair || form == ReferenceForm::channel;
}

/// What stands between the names inside a reference; empty: there is one name.
std::string_view separator_of(const Reference& reference) {
  switch (reference.type.form) {
    case ReferenceForm::pair:
      return " - ";
    case ReferenceForm::channel:
      return reference.name.find(" -> ") != std::string::npos ? " -> " : " - ";
    case ReferenceForm::alternatives:
      return "|";
    case ReferenceForm::name:
    case ReferenceForm::vnet_id:
      return "";
  }
  return "";
}

/// The names inside a reference: two of a pair, any number of alternatives.
std::vector<std::string> parts(const Reference& reference) {
  const std::string_view separator = separator_of(reference);
  if (separator.empty()) return {reference.name};
  std::vector<std::string> names;
  for (size_t begin = 0;;) {
    const size_t end = reference.name.find(separator, begin);
    names.emplace_back(
        trimmed(std::string_view(reference.name)
                    .substr(begin, end == std::string::npos ? std::string::npos : end - begin)));
    if (end == std::string::npos) return names;
    begin = end + separator.size();
  }
}

}  // namespace

std::string describe(const ReferenceType& type) {
  std::vector<std::string_view> words;
  uint32_t targets = type.targets;
  if ((targets & kAviatrixGateway) == kAviatrixGateway) {
    words.emplace_back("an Aviatrix gateway");
    targets &= ~kAviatrixGateway;
  }
  if ((targets & kRouterResource) != 0) targets &= ~kRouterOutside;
  for (const auto& [target, word] : kWords) {
    if ((targets & target) != 0) words.push_back(word);
  }
  if (type.or_address) words.emplace_back("an address");
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  if (type.form == ReferenceForm::pair) return "two ends such as \"a - b\", each " + text;
  if (type.form == ReferenceForm::channel) {
    return "two ends such as \"a - b\", or \"a -> b\" for one direction, each " + text;
  }
  if (type.form == ReferenceForm::alternatives) return text + ", or several such as a|b";
  return text;
}

void check_references(const Lab& lab, const std::vector<Reference>& references,
                      Diagnostics& diagnostics) {
  const Names names(lab);
  names.report_clashes(kVirtualNetwork, "VNet", diagnostics);
  names.report_clashes(kExternalConnection, "connection", diagnostics);
  names.report_clashes(kAviatrixGateway | kRouteServerInstance | kVpnGatewayInstance | kMachine |
                           kRouterResource | kRouterOutside,
                       "name", diagnostics);
  std::map<uint32_t, std::vector<std::string>> candidates;
  for (const Reference& reference : references) {
    if (diagnostics.size() >= kMaxDiagnostics) return;
    const auto report = [&](std::string message) {
      diagnostics.push_back(
          {Severity::error, reference.path, std::move(message), "", reference.mark});
    };
    const std::vector<std::string> wanted = parts(reference);
    if (is_pair(reference.type.form) && wanted.size() != 2) {
      report(fmt::format("expected {}, found \"{}\"", describe(reference.type),
                         reference.name.substr(0, 100)));
      continue;
    }
    for (const std::string& name : wanted) {
      const uint32_t targets = reference.type.targets;
      if (names.has(name, targets)) continue;
      if ((targets & kSubnet) != 0 && names.has_subnet(name)) continue;
      auto& known = candidates[targets];
      if (known.empty()) known = names.all(targets);
      ReferenceType one = reference.type;
      one.form = ReferenceForm::name;
      std::string message = fmt::format("\"{}\" is not {}", name.substr(0, 100), describe(one));
      if (const std::string near = nearest(name, known); !near.empty()) {
        message += fmt::format("; did you mean \"{}\"?", near);
      }
      report(std::move(message));
    }
  }
}

}  // namespace skyhop::lab
