#include "control/explain/lint_routing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/azure/peer_groups.h"
#include "control/emulator/trace.h"
#include "control/explain/remedies.h"

namespace skyhop::explain {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::RouterId;
using cloud::SubnetId;
using cloud::VmId;
using emulator::Emulation;
using lpm::Ipv4Prefix;

using Names = std::set<std::string>;

// Flows of each pair of VMs that are followed there and back, and pairs that are tried.
constexpr uint16_t kFlows = 16;
constexpr uint16_t kFirstPort = 49152;
constexpr uint16_t kHttps = 443;
constexpr uint8_t kTcp = 6;
constexpr size_t kMostPairs = 256;

class RoutingTraps {
 public:
  RoutingTraps(const lab::Lab& lab, const Emulation& emulation)
      : lab_(lab), emulation_(emulation), network_(emulation.network()) {}

  std::vector<Finding> find() {
    for (const cloud::RouteServer& server : network_.route_servers) two_ways(server);
    not_followed();
    asymmetric();
    return std::move(found_);
  }

 private:
  // ---- Branch-to-branch joins two ways to one network ----

  /// What the instances' peers of this group say and is accepted, with who says it.
  [[nodiscard]] std::map<Ipv4Prefix, Names> accepted(const std::vector<GatewayId>& instances,
                                                     std::string_view group) const {
    std::map<Ipv4Prefix, Names> said;
    for (const GatewayId instance : instances) {
      const bgp::Speaker* speaker = emulation_.speaker(instance);
      if (speaker == nullptr) continue;
      for (const bgp::PeerId peer : speaker->peers()) {
        const bgp::PeerConfig& config = speaker->peer_config(peer);
        if (config.group != group) continue;
        for (const bgp::LearnedRoute& route : speaker->learned(peer)) {
          if (route.accepted != nullptr) said[route.prefix.ipv4()].insert(config.name);
        }
      }
    }
    return said;
  }

  /// Where a table sends packets of this prefix.
  static Names ways(const routing::RouterTable& table, Ipv4Prefix prefix) {
    Names names;
    const routing::Entry* entry = table.find(prefix);
    if (entry == nullptr || entry->best() == nullptr) return names;
    const auto in_use = table.active(*entry);
    for (const auto* list : {&entry->best()->primary, &entry->best()->backup}) {
      for (const routing::NextHop& next : *list) {
        if (std::ranges::find(in_use, next.edge) != in_use.end()) names.insert(next.name);
      }
    }
    return names;
  }

  // The rows that differ from those of the lab without branch-to-branch are what it costs.
  void two_ways(const cloud::RouteServer& server) {
    const auto gateway =
        std::ranges::find(network_.vpn_gateways, server.vnet, &cloud::VpnGateway::vnet);
    if (!server.branch_to_branch || gateway == network_.vpn_gateways.end()) return;
    const auto of_appliances = accepted(server.instances, cloud::azure::kNvaGroup);
    const auto of_branches = accepted(gateway->instances, cloud::azure::kBranchGroup);
    std::vector<Ipv4Prefix> both;
    for (const auto& [prefix, who] : of_appliances) {
      if (of_branches.contains(prefix)) both.push_back(prefix);
    }
    if (both.empty()) return;
    const Remedy off{.resource = {},
                     .cause = {},
                     .fix = {},
                     .rule = {},
                     .apply = [name = server.name](lab::Lab& lab) {
                       std::ranges::find(lab.route_servers, name, &lab::RouteServer::name)
                           ->branch_to_branch_traffic_enabled = false;
                     }};
    const auto without = try_out(lab_, {&off});
    if (without == nullptr) return;
    for (const Ipv4Prefix prefix : both) {
      std::vector<std::string> effect;
      for (size_t i = 0; i < network_.routers.size(); ++i) {
        const std::string& name = network_.routers[i].name;
        const auto there = without->emulation->network().find_router(name);
        if (!there) continue;
        const Names with = ways(emulation_.table(RouterId(i)), prefix);
        const Names plain = ways(without->emulation->table(*there), prefix);
        if (with == plain || with.empty() || plain.empty()) continue;
        effect.push_back(fmt::format("{} sends {} to {}, and to {} without branch-to-branch", name,
                                     prefix.to_string(), fmt::join(with, ", "),
                                     fmt::join(plain, ", ")));
      }
      if (effect.empty()) continue;
      found_.push_back(
          {.trap = "two-ways",
           .resource = "azurerm_route_server." + server.name,
           .cause = fmt::format("branch_to_branch_traffic_enabled of {} joins two ways to {}: by "
                                "{}, and by {}",
                                server.name, prefix.to_string(),
                                fmt::join(of_appliances.at(prefix), ", "),
                                fmt::join(of_branches.at(prefix), ", ")),
           .effect = std::move(effect),
           .fix = "turn it off, or let one of the two advertise a longer AS path to both sides",
           .rule = "A26"});
    }
  }

  // ---- BGP cannot steer what stays in the VNet or goes to a peered one ----

  void not_followed() {
    std::map<Ipv4Prefix, std::vector<std::string>> rows;
    std::map<Ipv4Prefix, std::string> hop;
    for (size_t i = 0; i < network_.subnets.size(); ++i) {
      for (const auto& row : emulation_.effective_routes(SubnetId(i))) {
        const bool is_passed_over =
            row.state == cloud::azure::RouteState::Invalid && row.reason.starts_with("A59");
        if (!is_passed_over || row.next_hop_ips.empty()) continue;
        hop.try_emplace(row.prefix, row.next_hop_ips.front().to_string());
        const cloud::Subnet& subnet = network_.at(SubnetId(i));
        rows[row.prefix].push_back(
            fmt::format("{}/{} does not use {} by {}: {}", network_.at(subnet.vnet).name,
                        subnet.name, row.prefix.to_string(), hop.at(row.prefix), row.reason));
      }
    }
    for (auto& [prefix, effect] : rows) {
      found_.push_back(
          {.trap = "vnet-route",
           .resource = "azurerm_route_server." + server_of(prefix),
           .cause = fmt::format("{} lies inside a VNet or a peered one: there BGP steers nothing",
                                prefix.to_string()),
           .effect = std::move(effect),
           .fix = fmt::format("give the route tables of these subnets a user route {} -> "
                              "VirtualAppliance {}",
                              prefix.to_string(), hop.at(prefix)),
           .rule = "A59"});
    }
  }

  /// The route server that has it from an appliance.
  [[nodiscard]] std::string server_of(Ipv4Prefix prefix) const {
    for (const cloud::RouteServer& server : network_.route_servers) {
      if (accepted(server.instances, cloud::azure::kNvaGroup).contains(prefix)) return server.name;
    }
    return {};
  }

  // ---- A flow comes back through another appliance ----

  [[nodiscard]] Names appliances(const emulator::Path& path) const {
    Names names;
    for (const emulator::TraceHop& hop : path.hops) {
      const auto id = network_.find_gateway(hop.router);
      if (hop.kind == "router" && id && network_.at(*id).kind == GatewayKind::appliance) {
        names.insert(hop.router);
      }
    }
    return names;
  }

  void asymmetric() {
    const auto is_appliance = [](const cloud::Gateway& g) {
      return g.kind == GatewayKind::appliance;
    };
    if (std::ranges::count_if(network_.gateways, is_appliance) < 2) return;
    std::map<std::pair<Names, Names>, std::vector<std::string>> seen;
    size_t pairs = 0;
    for (size_t from = 0; from < network_.vms.size(); ++from) {
      for (size_t to = 0; to < network_.vms.size() && pairs < kMostPairs; ++to) {
        const cloud::Vm& far = network_.vms[to];
        if (from == to || network_.vms[from].router || far.router) continue;
        ++pairs;
        follow(VmId(from), far, seen);
      }
    }
    for (auto& [ways, flows] : seen) {
      const auto& [there, back] = ways;
      found_.push_back(
          {.trap = "asymmetric-appliances",
           .resource = "azurerm_linux_virtual_machine." + *there.begin(),
           .cause = fmt::format("flows that leave through {} come back through {}",
                                fmt::join(there, ", "), fmt::join(back, ", ")),
           .effect = std::move(flows),
           .fix = "let both advertise a load balancer in front of them as next hop, translate "
                  "sources at them, or prepend on one of them",
           .rule = "A23"});
    }
  }

  /// Notes the first flow of the pair that another appliance takes back.
  void follow(VmId from, const cloud::Vm& far,
              std::map<std::pair<Names, Names>, std::vector<std::string>>& seen) const {
    for (uint16_t port = kFirstPort; port < kFirstPort + kFlows; ++port) {
      const emulator::Trace trace = emulator::trace(emulation_, {.from = from,
                                                                 .to = network_.at(far.nic).address,
                                                                 .protocol = kTcp,
                                                                 .source_port = port,
                                                                 .destination_port = kHttps});
      if (!trace.back) return;
      const Names there = appliances(trace.forward);
      const Names back = appliances(*trace.back);
      if (there.empty() || back.empty()) return;
      if (there == back) continue;
      std::string row = fmt::format("{} port {} to {} port {}: a stateful appliance sees one half",
                                    network_.at(from).name, port, far.name, kHttps);
      if (!trace.back->delivered) row += "; the reply is " + trace.back->verdict;
      seen[{there, back}].push_back(std::move(row));
      return;
    }
  }

  const lab::Lab& lab_;
  const Emulation& emulation_;
  const cloud::Network& network_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> routing_traps(const lab::Lab& lab, const Emulation& emulation) {
  return RoutingTraps(lab, emulation).find();
}

}  // namespace skyhop::explain
