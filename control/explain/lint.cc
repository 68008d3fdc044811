#include "control/explain/lint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "control/cloud/azure/peer_groups.h"
#include "control/explain/lint_routing.h"
#include "control/explain/remedies.h"

namespace skyhop::explain {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::RouterId;
using cloud::SubnetId;
using emulator::Emulation;
using lpm::Ipv4Prefix;

constexpr size_t kMostRows = 6;         // of a finding's effect
constexpr double kAzureHoldTime = 180;  // seconds; fixed on Azure's side

/// Traps that a remedy cures, by the rule that the remedy names.
struct CurableTrap {
  std::string_view rule;
  std::string_view trap;
};
constexpr std::array kCurable = {CurableTrap{"A31", "gateway-transit"},
                                 CurableTrap{"V9", "route-server-peer"},
                                 CurableTrap{"V10", "one-legged-peer"},
                                 CurableTrap{"V14", "gateway-asn"},
                                 CurableTrap{"A55", "forwarded-traffic"},
                                 CurableTrap{"A32", "branch-to-branch"},
                                 CurableTrap{"A56", "propagation-off"},
                                 CurableTrap{"A64", "ip-forwarding"},
                                 CurableTrap{"A48", "tunnel"}};

class Linter {
 public:
  Linter(const lab::Lab& lab, const Emulation& emulation)
      : lab_(lab), emulation_(emulation), network_(emulation.network()) {}

  std::vector<Finding> findings() {
    curable();
    one_legged_gateways();
    learned_routes();
    sessions();
    for (Finding& finding : routing_traps(lab_, emulation_)) add(std::move(finding));
    timers();
    device_timers();
    beside_gateway();
    transit_vnet();
    peering_names();
    perfect_forward_secrecy();
    std::ranges::stable_sort(found_, {}, &Finding::weight);
    return std::move(found_);
  }

 private:
  void add(Finding finding) {
    if (finding.effect.size() > kMostRows) {
      const size_t more = finding.effect.size() - kMostRows;
      finding.effect.resize(kMostRows);
      finding.effect.push_back(fmt::format("and {} more", more));
    }
    found_.push_back(std::move(finding));
  }

  // ---- What a change would bring: the lab with it, beside the lab as it is ----

  void curable() {
    for (const Remedy& r : remedies(lab_, network_)) {
      const auto trap = std::ranges::find(kCurable, r.rule, &CurableTrap::rule);
      if (trap == kCurable.end()) continue;
      const auto trial = try_out(lab_, {&r});
      if (trial == nullptr) continue;
      std::vector<std::string> effect = gains(*trial->emulation);
      if (effect.empty()) continue;
      add({.trap = std::string(trap->trap),
           .resource = r.resource,
           .cause = r.cause,
           .effect = std::move(effect),
           .fix = r.fix,
           .rule = r.rule});
    }
  }

  // What tables of the other network have that ours have not.
  std::vector<std::string> gains(const Emulation& other) const {
    std::vector<std::string> rows;
    for (size_t i = 0; i < other.network().sessions.size(); ++i) {
      const cloud::Session& s = other.network().sessions[i];
      const auto ours = network_.find_session(s.name);
      const bool is_up = other.session_state(cloud::SessionId(i)) == "Established";
      if (is_up && (!ours || emulation_.session_state(*ours) != "Established")) {
        rows.push_back(fmt::format("session {} stays down", s.name));
      }
    }
    for (size_t i = 0; i < other.network().routers.size(); ++i) {
      const std::string& name = other.network().routers[i].name;
      const auto ours = network_.find_router(name);
      if (!ours) continue;
      const auto& table = emulation_.table(*ours);
      const auto& better = other.table(RouterId(i));
      for (const auto& [prefix, entry] : better.entries()) {
        if (entry.best() == nullptr) continue;
        const routing::Entry* mine = table.find(prefix);
        if (mine == nullptr || mine->best() == nullptr) {
          rows.push_back(fmt::format("{} has no route to {}", name, prefix.to_string()));
        } else if (const auto lost = guarded(table, *mine); lost > guarded(better, entry)) {
          rows.push_back(
              fmt::format("{} drops to {} what comes from other VNets", name, prefix.to_string()));
        } else if (drops(table, *mine) && !drops(better, entry)) {
          rows.push_back(fmt::format("{} drops what goes to {}", name, prefix.to_string()));
        }
      }
    }
    return rows;
  }

  static size_t guarded(const routing::RouterTable& table, const routing::Entry& entry) {
    size_t count = 0;
    for (const auto edge : table.active(entry)) {
      count += table.edge_at(edge).allowed_sources.empty() ? 0 : 1;
    }
    return count;
  }
  static bool drops(const routing::RouterTable& table, const routing::Entry& entry) {
    const auto edges = table.active(entry);
    return !edges.empty() && std::ranges::all_of(edges, [&](auto edge) {
      return table.edge_at(edge).kind == routing::Edge::Kind::drop;
    });
  }

  // ---- What stands in the speakers' tables ----

  // A gateway that peers with one instance programs a part of the NICs only; and of a pair of
  // gateways both must peer, or half of the flows end at the one that knows nothing.
  void one_legged_gateways() {
    std::map<std::string, std::set<std::string>> instances;  // peer -> instances
    std::map<std::string, size_t> expected;                  // resource -> instances of its server
    std::map<std::string, std::string> server_of;
    for (size_t i = 0; i < network_.sessions.size(); ++i) {
      const cloud::Session& s = network_.sessions[i];
      const cloud::Gateway& server = network_.at(s.b.gateway);
      const cloud::Gateway& peer = network_.at(s.a.gateway);
      const bool is_peer = peer.kind == GatewayKind::transit || peer.kind == GatewayKind::appliance;
      if (server.kind != GatewayKind::route_server_instance || !is_peer) continue;
      expected[peer.resource] = 2;
      server_of[peer.resource] = server.resource;
      if (emulation_.session_state(cloud::SessionId(i)) == "Established") {
        instances[peer.name].insert(server.name);
      }
    }
    for (const cloud::Gateway& g : network_.gateways) {
      const auto wanted = expected.find(g.resource);
      if (wanted == expected.end()) continue;
      const size_t has = instances[g.name].size();
      if (has >= wanted->second) continue;
      add({.trap = "one-legged-peer",
           .resource = "azurerm_route_server." + server_of[g.resource],
           .cause = fmt::format("{} has {} of 2 sessions with the instances of {}", g.name, has,
                                server_of[g.resource]),
           .effect = {has == 0 ? fmt::format("{} learns nothing and tells nothing", g.name)
                               : fmt::format("what {} says reaches a part of the NICs", g.name)},
           .fix = fmt::format("peer {} with both instances, and give {} a bgp_connection to it",
                              g.name, server_of[g.resource]),
           .rule = has == 0 ? "V9" : "A13"});
    }
  }

  void learned_routes() {
    for (const cloud::RouteServer& server : network_.route_servers) {
      std::set<std::string> loops;
      std::set<std::string> vnet;
      std::set<std::string> defaults;
      for (const GatewayId instance : server.instances) {
        const bgp::Speaker* speaker = emulation_.speaker(instance);
        if (speaker == nullptr) continue;
        for (const bgp::PeerId peer : speaker->peers()) {
          const bgp::PeerConfig& config = speaker->peer_config(peer);
          if (config.group != cloud::azure::kNvaGroup) continue;
          near_limit(server, config, speaker->status(peer).prefixes_received);
          for (const bgp::LearnedRoute& route : speaker->learned(peer)) {
            const std::string row =
                fmt::format("{} from {}", route.prefix.to_string(), config.name);
            if (route.accepted == nullptr && route.rule == "A19") loops.insert(row);
            const bool is_vnet = route.rule == "A20" || route.rule == "A21";
            if (route.accepted == nullptr && is_vnet) vnet.insert(row);
            if (route.accepted != nullptr && route.prefix == Ipv4Prefix::everything()) {
              defaults.insert(config.name);
            }
          }
        }
      }
      const std::string resource = "azurerm_route_server." + server.name;
      if (!loops.empty()) {
        add({.trap = "as-loop",
             .resource = resource,
             .cause = fmt::format("peers send {} routes with AS {} in their path", server.name,
                                  server.asn),
             .effect = rows("is dropped: ", loops),
             .fix = "strip or rewrite 65515 on the peer before it advertises them again",
             .rule = "A19"});
      }
      if (!vnet.empty()) {
        add({.trap = "vnet-prefix",
             .resource = resource,
             .cause = "peers send routes for VNet address space: BGP cannot steer traffic inside "
                      "or between peered VNets",
             .effect = rows("is not programmed: ", vnet),
             .fix = "use user routes for it, or stop advertising it",
             .rule = "A20"});
      }
      for (const std::string& peer : defaults) own_default(server, peer, resource);
    }
  }

  static std::vector<std::string> rows(const std::string& what,
                                       const std::set<std::string>& routes) {
    std::vector<std::string> out;
    for (const std::string& route : routes) out.push_back(what + route);
    return out;
  }

  void near_limit(const cloud::RouteServer& server, const bgp::PeerConfig& peer, uint64_t count) {
    const uint64_t limit = server.max_prefixes_per_peer;
    if (limit == 0 || 2 * count <= limit || !limits_said_.insert(peer.name).second) return;
    add({.trap = "prefix-limit",
         .resource = "azurerm_route_server." + server.name,
         .cause = fmt::format("{} sends {} routes of {} allowed, and routes that are sent again "
                              "count again",
                              peer.name, count, limit),
         .effect = {fmt::format("when {} sends them all anew its sessions fall", peer.name)},
         .fix = "summarise on the peer",
         .rule = "A16"});
  }

  void own_default(const cloud::RouteServer& server, const std::string& peer,
                   const std::string& resource) {
    std::vector<std::string> cut;
    const auto id = network_.find_gateway(peer);
    if (!id) return;
    for (const cloud::NicId nic : network_.at(*id).nics) {
      const SubnetId subnet = network_.at(nic).subnet;
      for (const auto& row : emulation_.effective_routes(subnet)) {
        const bool is_theirs = row.source == cloud::azure::RouteSource::VirtualNetworkGateway &&
                               row.state == cloud::azure::RouteState::Active;
        if (is_theirs && row.prefix == Ipv4Prefix::everything()) {
          cut.push_back(
              fmt::format("{}: 0.0.0.0/0 leads back to {}", network_.at(subnet).name, peer));
        }
      }
    }
    if (cut.empty()) return;
    add({.trap = "default-route",
         .resource = resource,
         .cause = fmt::format("{} advertises 0.0.0.0/0 to {} and gets it into its own subnet", peer,
                              server.name),
         .effect = std::move(cut),
         .fix = "put a user route 0.0.0.0/0 -> Internet on the subnet of the appliance",
         .rule = "A27"});
  }

  // ---- What stands in the lab file ----

  // What keeps a route server from its gateway, or from an appliance.
  void sessions() {
    for (const cloud::Session& s : network_.sessions) {
      if (s.problem.empty()) continue;
      const bool by_route = s.problem.find("user route") != std::string::npos;
      Finding finding{.cause = s.problem, .effect = {fmt::format("session {} stays down", s.name)}};
      if (has_kinds(s, GatewayKind::route_server_instance, GatewayKind::vpn_gateway_instance)) {
        finding.trap = by_route ? "gateway-subnet-route" : "gateway-session";
        finding.resource = "azurerm_virtual_network_gateway." + network_.at(s.b.gateway).resource;
        finding.fix = by_route ? "add a more specific user route for RouteServerSubnet with next "
                                 "hop VnetLocal to the table of GatewaySubnet"
                               : "let both have AS 65515";
        finding.rule = by_route ? "A65" : "V14";
      } else if (has_kinds(s, GatewayKind::route_server_instance, GatewayKind::appliance)) {
        const bool by_peering = s.problem.find("peering") != std::string::npos;
        if (!by_route && !by_peering) continue;  // the ends' own words, which remedies cure
        finding.trap = "appliance-session";
        finding.resource = "router." + network_.at(s.a.gateway).resource;
        finding.fix = by_route
                          ? "add a user route for RouteServerSubnet with next hop VnetLocal to the "
                            "table of the appliance's subnet"
                          : "peer the appliance's VNet and the route server's in both directions";
        finding.rule = by_route ? "A65" : "A53";
      } else {
        continue;
      }
      add(std::move(finding));
    }
  }

  [[nodiscard]] bool has_kinds(const cloud::Session& s, GatewayKind x, GatewayKind y) const {
    const GatewayKind a = network_.at(s.a.gateway).kind;
    const GatewayKind b = network_.at(s.b.gateway).kind;
    return (a == x && b == y) || (a == y && b == x);
  }

  void timers() {
    for (const lab::TransitGateway& t : lab_.transit_gateways) {
      if (t.bgp_hold_time.count() >= kAzureHoldTime) continue;
      for (const lab::TransitExternalDeviceConn& c : lab_.transit_external_device_conns) {
        if (c.gw_name != t.name) continue;
        add({.trap = "timers",
             .resource = "aviatrix_transit_gateway." + t.name,
             .cause = fmt::format("{} offers a hold time of {} s on {}; Azure's side is fixed at "
                                  "60/180",
                                  t.name, t.bgp_hold_time.count(), c.connection_name),
             .effect = {fmt::format("{} gives up a session after {} s without a KEEPALIVE", t.name,
                                    t.bgp_hold_time.count())},
             .fix = fmt::format("set bgp_hold_time of {} to 180", t.name),
             .rule = "V45"});
      }
    }
  }

  // A device's shorter hold time gives up sessions that Azure, at 60 s a KEEPALIVE, still holds.
  void device_timers() {
    for (const cloud::Session& s : network_.sessions) {
      for (const auto& [end, other] : {std::pair(s.a, s.b), std::pair(s.b, s.a)}) {
        const cloud::Gateway& device = network_.at(end.gateway);
        const GatewayKind far = network_.at(other.gateway).kind;
        const bool is_azure =
            far == GatewayKind::route_server_instance || far == GatewayKind::vpn_gateway_instance;
        const auto view = emulation_.session_peer(network_.find_session(s.name).value(),
                                                  end.gateway == s.a.gateway);
        if (network_.plain_router(end.gateway) == nullptr || !is_azure) continue;
        if (view.speaker == nullptr) continue;
        const auto hold = std::chrono::duration_cast<std::chrono::seconds>(
            view.speaker->peer_config(view.peer).hold_time);
        if (hold.count() >= kAzureHoldTime || hold.count() == 0) continue;
        add({.trap = "timers",
             .resource = "router." + device.resource,
             .cause = fmt::format("{} offers a hold time of {} s to {}; Azure's side is fixed at "
                                  "60/180",
                                  device.name, hold.count(), network_.at(other.gateway).name),
             .effect = {fmt::format("{} gives up session {} after {} s without a KEEPALIVE",
                                    device.name, s.name, hold.count())},
             .fix = fmt::format("set hold_time of {} to 180", device.name),
             .rule = "A7"});
      }
    }
  }

  // On Azure this would be slow, and interrupt the gateway.
  void beside_gateway() {
    for (const cloud::RouteServer& server : network_.route_servers) {
      const auto gateway =
          std::ranges::find(network_.vpn_gateways, server.vnet, &cloud::VpnGateway::vnet);
      if (gateway == network_.vpn_gateways.end()) continue;
      const auto sessions = std::ranges::count_if(network_.sessions, [&](const auto& s) {
        return network_.at(s.a.gateway).resource == gateway->name ||
               network_.at(s.b.gateway).resource == gateway->name;
      });
      add({.weight = Weight::note,
           .trap = "slow-to-try",
           .resource = "azurerm_route_server." + server.name,
           .cause = fmt::format("{} stands beside {}: on Azure it takes 30 to 60 minutes to make "
                                "or delete, and the gateway about 10 of them",
                                server.name, gateway->name),
           .effect = {fmt::format("{} sessions of {} are down meanwhile", sessions, gateway->name),
                      "what it costs by the hour: skyhop show --cost"},
           .fix = "try the change here, and plan a maintenance window for it",
           .rule = ""});
    }
  }

  void transit_vnet() {
    for (const lab::RouteServer& s : lab_.route_servers) {
      const auto transit = std::ranges::find(lab_.transit_gateways, s.virtual_network_name,
                                             &lab::TransitGateway::name);
      if (transit == lab_.transit_gateways.end()) continue;
      add({.trap = "transit-vnet",
           .resource = "azurerm_route_server." + s.name,
           .cause = fmt::format("{} stands in the VNet of {}", s.name, transit->name),
           .effect = {"more specific routes from on-premises beat the RFC 1918 routes to the "
                      "gateway: spokes go around it"},
           .fix = "give the route server and the VPN gateway a VNet of their own, peered with it",
           .rule = "V23"});
    }
  }

  // "vng-to-spoke" that leads to transit-1.
  void peering_names() {
    for (const lab::VirtualNetworkPeering& p : lab_.virtual_network_peerings) {
      const size_t to = p.name.rfind("-to-");
      if (to == std::string::npos) continue;
      const std::string says = p.name.substr(to + 4);
      if (says.empty() || p.remote_virtual_network_name.find(says) != std::string::npos ||
          says.find(p.remote_virtual_network_name) != std::string::npos) {
        continue;
      }
      add({.weight = Weight::note,
           .trap = "peering-name",
           .resource = "azurerm_virtual_network_peering." + p.name,
           .cause = fmt::format("peering {} leads to {}", p.name, p.remote_virtual_network_name),
           .effect = {"none; it misleads whoever reads it"},
           .fix = "rename it when it is made anew",
           .rule = ""});
    }
  }

  void perfect_forward_secrecy() {
    for (const lab::VirtualNetworkGatewayConnection& c : lab_.virtual_network_gateway_connections) {
      if (!c.ipsec_policy || c.ipsec_policy->pfs_group != "None") continue;
      add({.weight = Weight::note,
           .trap = "pfs",
           .resource = "azurerm_virtual_network_gateway_connection." + c.name,
           .cause = fmt::format("connection {} has pfs_group None; Aviatrix proposes DH group 14 "
                                "by default",
                                c.name),
           .effect = {c.connection_mode == lab::ConnectionMode::ResponderOnly
                          ? "none while this end only responds"
                          : "the tunnel may not rekey when this end initiates"},
           .fix = "set pfs_group to PFS2048 on both ends",
           .rule = ""});
    }
  }

  const lab::Lab& lab_;
  const Emulation& emulation_;
  const cloud::Network& network_;
  std::set<std::string> limits_said_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> lint(const lab::Lab& lab, const Emulation& emulation) {
  return Linter(lab, emulation).findings();
}

}  // namespace skyhop::explain
