// az network nic and az network watcher.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cloud/azure/next_hop.h"
#include "control/cloud/azure/nsg.h"
#include "control/report/az/answers.h"

namespace skyhop::report::az {
namespace {

using cloud::azure::CompiledNsg;
using cloud::azure::CompiledRule;
using cloud::azure::EffectiveNextHop;
using cloud::azure::EffectiveRoute;
using cloud::azure::RouteSource;
using lpm::Ipv4Prefix;

constexpr std::string_view kUserRules = "securityRules/";

// az lists the VNet, its peers, what gateways brought, the other system routes, the user's.
int rank_of(const EffectiveRoute& route) {
  if (route.source == RouteSource::User) return 5;
  switch (route.next_hop_type) {
    case EffectiveNextHop::VnetLocal:
      return 0;
    case EffectiveNextHop::VNetPeering:
    case EffectiveNextHop::VNetGlobalPeering:
      return 1;
    case EffectiveNextHop::Internet:
      return 3;
    case EffectiveNextHop::None:
      return 4;
    case EffectiveNextHop::VirtualAppliance:
    case EffectiveNextHop::VirtualNetworkGateway:
      break;
  }
  return 2;
}

bool is_tag(const std::string& text) {
  const char first = text.empty() ? '*' : text.front();
  return text != "Any" && ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'));
}

Json texts_of(const std::vector<Ipv4Prefix>& prefixes) {
  Json list = Json::array();
  for (const Ipv4Prefix prefix : prefixes) list.push_back(prefix.to_string());
  return list;
}

Json addresses_of(const std::vector<std::string>& written) {
  Json list = Json::array();
  for (const std::string& text : written) {
    const bool any = text == "*" || text == "Any";
    const bool single = !any && !is_tag(text) && text.find('/') == std::string::npos;
    list.push_back(any ? "0.0.0.0/0" : single ? text + "/32" : text);
  }
  if (written.empty()) list.push_back("0.0.0.0/0");
  return list;
}

Json ports_of(const std::vector<lab::PortRange>& ranges) {
  Json list = Json::array();
  for (const lab::PortRange& r : ranges) list.push_back(fmt::format("{}-{}", r.first, r.last));
  if (ranges.empty()) list.push_back("0-65535");
  return list;
}

// The single form of a list: null when there are several.
Json single(const Json& list) { return list.size() == 1 ? list.front() : Json(); }

std::string_view name_of(lab::Protocol protocol) {
  switch (protocol) {
    case lab::Protocol::Any:
      return "All";
    case lab::Protocol::Tcp:
      return "Tcp";
    case lab::Protocol::Udp:
      return "Udp";
    case lab::Protocol::Icmp:
      return "Icmp";
    case lab::Protocol::Esp:
      return "Esp";
    case lab::Protocol::Ah:
      return "Ah";
  }
  return "All";
}

// A rule as it is written, beside what its tags stand for at this NIC.
struct Rule {
  std::string name;
  const CompiledRule* compiled = nullptr;  ///< null: its tags stand for nothing here
  uint16_t priority = 0;
  lab::Access access = lab::Access::Deny;
  lab::Protocol protocol = lab::Protocol::Any;
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
  std::vector<lab::PortRange> source_ports;
  std::vector<lab::PortRange> destination_ports;
};

Json expanded(const std::vector<std::string>& written, const CompiledRule* compiled,
              const std::vector<Ipv4Prefix> CompiledRule::* side) {
  if (std::ranges::none_of(written, is_tag)) return {};
  return compiled == nullptr ? Json::array() : texts_of(compiled->*side);
}

Json rule_json(const Rule& rule, lab::Direction direction) {
  const Json destinations = addresses_of(rule.destinations);
  const Json sources = addresses_of(rule.sources);
  const Json destination_ports = ports_of(rule.destination_ports);
  const Json source_ports = ports_of(rule.source_ports);
  return {{"access", rule.access == lab::Access::Allow ? "Allow" : "Deny"},
          {"destinationAddressPrefix", single(destinations)},
          {"destinationAddressPrefixes", destinations},
          {"destinationPortRange", single(destination_ports)},
          {"destinationPortRanges", destination_ports},
          {"direction", direction == lab::Direction::Inbound ? "Inbound" : "Outbound"},
          {"expandedDestinationAddressPrefix",
           expanded(rule.destinations, rule.compiled, &CompiledRule::destinations)},
          {"expandedSourceAddressPrefix",
           expanded(rule.sources, rule.compiled, &CompiledRule::sources)},
          {"name", rule.name},
          {"priority", rule.priority},
          {"protocol", name_of(rule.protocol)},
          {"sourceAddressPrefix", single(sources)},
          {"sourceAddressPrefixes", sources},
          {"sourcePortRange", single(source_ports)},
          {"sourcePortRanges", source_ports}};
}

// The tags a default rule is written with.
std::pair<std::string, std::string> tags_of_default(std::string_view name) {
  if (name.find("AllowVnet") != std::string_view::npos) return {"VirtualNetwork", "VirtualNetwork"};
  if (name.find("AzureLoadBalancer") != std::string_view::npos) return {"AzureLoadBalancer", "*"};
  if (name.find("AllowInternet") != std::string_view::npos) return {"*", "Internet"};
  return {"*", "*"};
}

const CompiledRule* find(const CompiledNsg& nsg, const std::string& name) {
  // The last one of that name: an earlier one may stand for the platform's tag alone.
  const auto found = std::ranges::find(nsg.rules.rbegin(), nsg.rules.rend(), name,
                                       [](const CompiledRule& rule) { return rule.name; });
  return found == nsg.rules.rend() ? nullptr : &*found;
}

void add_rules(const cloud::Nsg& nsg, lab::Direction direction, const std::vector<Ipv4Prefix>& tag,
               Json& rules, Json& tag_map) {
  const CompiledNsg compiled = cloud::azure::compile(nsg, direction, tag);
  std::vector<const lab::SecurityRule*> written;
  for (const lab::SecurityRule& rule : nsg.security_rules) {
    if (rule.direction == direction) written.push_back(&rule);
  }
  std::ranges::sort(written, {}, &lab::SecurityRule::priority);
  const auto note = [&](const Json& json, const std::string& key, const std::string& tag_name) {
    if (is_tag(tag_name) && !json[key].is_null()) tag_map[tag_name] = json[key];
  };
  const auto add = [&](const Rule& rule) {
    Json json = rule_json(rule, direction);
    if (rule.sources.size() == 1) note(json, "expandedSourceAddressPrefix", rule.sources[0]);
    if (rule.destinations.size() == 1) {
      note(json, "expandedDestinationAddressPrefix", rule.destinations[0]);
    }
    rules.push_back(std::move(json));
  };
  for (const lab::SecurityRule* rule : written) {
    add({.name = std::string(kUserRules) + rule->name,
         .compiled = find(compiled, rule->name),
         .priority = rule->priority,
         .access = rule->access,
         .protocol = rule->protocol,
         .sources = rule->source_address_prefixes,
         .destinations = rule->destination_address_prefixes,
         .source_ports = rule->source_port_ranges,
         .destination_ports = rule->destination_port_ranges});
  }
  for (const CompiledRule& rule : compiled.rules) {
    if (!rule.name.starts_with("defaultSecurityRules/")) continue;
    const auto [source, destination] = tags_of_default(rule.name);
    add({.name = rule.name,
         .compiled = &rule,
         .priority = rule.priority,
         .access = rule.access,
         .sources = {source},
         .destinations = {destination},
         .source_ports = {},
         .destination_ports = {}});
  }
}

std::string_view next_hop_type(EffectiveNextHop type) {
  switch (type) {
    case EffectiveNextHop::VNetPeering:
    case EffectiveNextHop::VNetGlobalPeering:
      return "VnetPeering";
    default:
      return to_string(type);
  }
}

}  // namespace

Json effective_route_table(const emulator::Emulation& emulation, cloud::NicId nic) {
  const cloud::Network& network = emulation.network();
  const cloud::Subnet& subnet = network.at(network.at(nic).subnet);
  const bool no_propagation =
      subnet.route_table && !network.at(*subnet.route_table).bgp_route_propagation_enabled;
  std::vector<EffectiveRoute> routes = emulation.effective_routes(network.at(nic).subnet);
  std::ranges::stable_sort(routes, {}, rank_of);
  Json rows = Json::array();
  for (const EffectiveRoute& route : routes) {
    const auto add = [&](Json next_hops) {
      rows.push_back({{"addressPrefix", Json::array({route.prefix.to_string()})},
                      {"destinationServiceTags", Json::array()},
                      {"disableBgpRoutePropagation", no_propagation},
                      {"hasBgpOverride", false},
                      {"name", route.name.empty() ? Json() : Json(route.name)},
                      {"nextHopIpAddress", std::move(next_hops)},
                      {"nextHopType", to_string(route.next_hop_type)},
                      {"source", to_string(route.source)},
                      {"state", to_string(route.state)},
                      {"tagMap", Json::object()}});
    };
    if (route.next_hop_ips.empty()) add(Json::array());
    for (const auto address : route.next_hop_ips) add(Json::array({address.to_string()}));
  }
  return {{"nextLink", nullptr}, {"value", std::move(rows)}};
}

Json effective_nsg(const Scope& scope, const emulator::Emulation& emulation, cloud::NicId id) {
  const cloud::Network& network = emulation.network();
  const cloud::Nic& nic = network.at(id);
  const cloud::Subnet& subnet = network.at(nic.subnet);
  const auto tag =
      cloud::azure::virtual_network_tag(network, id, emulation.effective_routes(nic.subnet));
  Json groups = Json::array();
  const auto add = [&](const std::optional<cloud::NsgId>& nsg, Json of_subnet, Json of_nic) {
    if (!nsg) return;
    Json rules = Json::array();
    Json tag_map = Json::object();
    add_rules(network.at(*nsg), lab::Direction::Inbound, tag, rules, tag_map);
    add_rules(network.at(*nsg), lab::Direction::Outbound, tag, rules, tag_map);
    const nlohmann::json sorted(tag_map);
    groups.push_back({{"association",
                       {{"networkInterface", std::move(of_nic)},
                        {"networkManager", nullptr},
                        {"subnet", std::move(of_subnet)}}},
                      {"effectiveSecurityRules", std::move(rules)},
                      {"networkSecurityGroup",
                       {{"id", scope.id("networkSecurityGroups/" + network.at(*nsg).name)}}},
                      {"tagMap", Json(sorted)}});
  };
  add(subnet.nsg,
      {{"id", scope.id(fmt::format("virtualNetworks/{}/subnets/{}", network.at(subnet.vnet).name,
                                   subnet.name))}},
      nullptr);
  add(nic.nsg, nullptr, {{"id", scope.id("networkInterfaces/" + nic.name)}});
  return {{"value", std::move(groups)}};
}

Json next_hop(const Scope& scope, const emulator::Emulation& emulation, cloud::NicId nic,
              lpm::Ipv4Address destination) {
  const cloud::SubnetId subnet = emulation.network().at(nic).subnet;
  const auto answer = cloud::azure::next_hop(emulation.network(), subnet,
                                             emulation.effective_routes(subnet), destination);
  const bool is_system = answer.route_table == "System Route";
  return {{"nextHopIpAddress",
           answer.next_hop_ips.empty() ? Json() : Json(answer.next_hop_ips.front().to_string())},
          {"nextHopType", next_hop_type(answer.next_hop_type)},
          {"routeTableId",
           is_system ? answer.route_table : scope.id("routeTables/" + answer.route_table)}};
}

Json ip_flow(const emulator::Emulation& emulation, cloud::NicId nic, lab::Direction direction,
             const lpm::FlowKey& flow) {
  const auto verdict = cloud::azure::evaluate(emulation.filters(nic, direction), flow);
  std::string rule = verdict.rule;
  if (!rule.empty() && !rule.starts_with("defaultSecurityRules/")) {
    rule.insert(0, kUserRules);
  }
  return {{"access", verdict.allowed ? "Allow" : "Deny"},
          {"ruleName", rule.empty() ? Json() : Json(rule)}};
}

}  // namespace skyhop::report::az
