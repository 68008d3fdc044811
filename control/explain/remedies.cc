#include "control/explain/remedies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace skyhop::explain {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using lab::Lab;

constexpr uint32_t kRouteServerAsn = 65515;

std::string list(const std::vector<lpm::Ipv4Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const auto prefix : prefixes) texts.push_back(prefix.to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

class Collector {
 public:
  Collector(const Lab& lab, const cloud::Network& network) : lab_(lab), network_(network) {}

  std::vector<Remedy> collect() {
    route_server_peers();
    gateway_sessions();
    peerings();
    branch_to_branch();
    route_tables();
    tunnels();
    aviatrix_lists();
    machines();
    return std::move(found_);
  }

 private:
  void add(std::string resource, std::string cause, std::string fix, std::string rule,
           std::function<void(Lab&)> apply) {
    found_.push_back(
        {std::move(resource), std::move(cause), std::move(fix), std::move(rule), std::move(apply)});
  }

  // ---- Azure ----

  void route_server_peers() {
    for (size_t i = 0; i < lab_.route_server_bgp_connections.size(); ++i) {
      const lab::RouteServerBgpConnection& c = lab_.route_server_bgp_connections[i];
      const cloud::Gateway* peer = gateway_at(c.peer_ip);
      if (peer == nullptr || peer->asn == 0 || peer->asn == c.peer_asn) continue;
      add("azurerm_route_server_bgp_connection." + c.name,
          fmt::format("route server {} expects AS {} of {}, which is AS {}: no session",
                      c.route_server, c.peer_asn, peer->name, peer->asn),
          fmt::format("set peer_asn of {} to {}", c.name, peer->asn), "V9",
          [i, asn = peer->asn](Lab& lab) { lab.route_server_bgp_connections[i].peer_asn = asn; });
    }
    std::vector<std::string> missing;
    for (const cloud::Session& s : network_.sessions) {
      const cloud::Gateway& server = network_.at(s.b.gateway);
      const cloud::Gateway& peer = network_.at(s.a.gateway);
      if (s.problem.empty() || server.kind != GatewayKind::route_server_instance ||
          !s.b.connection.empty() || std::ranges::count(missing, peer.name) > 0) {
        continue;
      }
      missing.push_back(peer.name);
      lab::RouteServerBgpConnection connection{.name = peer.name,
                                               .route_server = server.resource,
                                               .peer_asn = peer.asn,
                                               .peer_ip = s.a.address.to_string()};
      add("azurerm_route_server." + server.resource,
          fmt::format("route server {} has no bgp_connection to {} ({})", server.resource,
                      peer.name, connection.peer_ip),
          fmt::format("add azurerm_route_server_bgp_connection {}: peer_asn {}, peer_ip {}",
                      peer.name, peer.asn, connection.peer_ip),
          "V9", [connection](Lab& lab) { lab.route_server_bgp_connections.push_back(connection); });
    }
    for (size_t i = 0; i < lab_.transit_external_device_conns.size(); ++i) {
      const lab::TransitExternalDeviceConn& c = lab_.transit_external_device_conns[i];
      if (c.tunnel_protocol != lab::TunnelProtocol::LAN) continue;
      if (c.bgp_remote_as_num != kRouteServerAsn) {
        add("aviatrix_transit_external_device_conn." + c.connection_name,
            fmt::format("connection {} expects AS {} of the route server, which is AS {}",
                        c.connection_name, c.bgp_remote_as_num, kRouteServerAsn),
            fmt::format("set bgp_remote_as_num of {} to {}", c.connection_name, kRouteServerAsn),
            "V9", [i](Lab& lab) {
              lab.transit_external_device_conns[i].bgp_remote_as_num = kRouteServerAsn;
            });
      }
      if (!c.enable_bgp_lan_activemesh) {
        add("aviatrix_transit_external_device_conn." + c.connection_name,
            fmt::format("connection {} lacks enable_bgp_lan_activemesh: each gateway has a session "
                        "with one route server instance only",
                        c.connection_name),
            fmt::format("set ha_enabled and enable_bgp_lan_activemesh on {}", c.connection_name),
            "V10", [i](Lab& lab) {
              auto& changed = lab.transit_external_device_conns[i];
              changed.ha_enabled = true;
              changed.enable_bgp_lan_activemesh = true;
              changed.backup_bgp_remote_as_num = kRouteServerAsn;
            });
      }
    }
  }

  void gateway_sessions() {
    for (size_t i = 0; i < lab_.virtual_network_gateways.size(); ++i) {
      const lab::VirtualNetworkGateway& g = lab_.virtual_network_gateways[i];
      if (g.asn == kRouteServerAsn || !has_route_server(g.virtual_network_name)) continue;
      add("azurerm_virtual_network_gateway." + g.name,
          fmt::format("VPN gateway {} is AS {}: it forms no iBGP with the route server, AS {}",
                      g.name, g.asn, kRouteServerAsn),
          fmt::format("set bgp_settings.asn of {} to {}, and what its peers expect", g.name,
                      kRouteServerAsn),
          "V14", [i, name = g.name, old = g.asn](Lab& lab) {
            lab.virtual_network_gateways[i].asn = kRouteServerAsn;
            for (auto& c : lab.transit_external_device_conns) {
              const bool ours = std::ranges::count(c.remote_gateway_ip, name) > 0;
              if (ours && c.bgp_remote_as_num == old) c.bgp_remote_as_num = kRouteServerAsn;
            }
          });
    }
    for (size_t i = 0; i < lab_.local_network_gateways.size(); ++i) {
      const lab::LocalNetworkGateway& l = lab_.local_network_gateways[i];
      const cloud::Gateway* far = gateway_at(l.gateway_address);
      if (far == nullptr || far->asn == 0 || !l.asn || *l.asn == far->asn) continue;
      add("azurerm_local_network_gateway." + l.name,
          fmt::format("local network gateway {} expects AS {} of {}, which is AS {}", l.name,
                      *l.asn, far->name, far->asn),
          fmt::format("set bgp_settings.asn of {} to {}", l.name, far->asn), "RFC 4271 6.2",
          [i, asn = far->asn](Lab& lab) { lab.local_network_gateways[i].asn = asn; });
    }
  }

  void peerings() {
    for (size_t i = 0; i < lab_.virtual_network_peerings.size(); ++i) {
      const lab::VirtualNetworkPeering& p = lab_.virtual_network_peerings[i];
      const std::string resource = "azurerm_virtual_network_peering." + p.name;
      const auto reverse =
          std::ranges::find_if(lab_.virtual_network_peerings, [&](const auto& other) {
            return other.virtual_network_name == p.remote_virtual_network_name &&
                   other.remote_virtual_network_name == p.virtual_network_name;
          });
      if (reverse == lab_.virtual_network_peerings.end()) {
        add(resource,
            fmt::format("peering {} is only Initiated: {} has no peering back to {}", p.name,
                        p.remote_virtual_network_name, p.virtual_network_name),
            fmt::format("add a peering from {} to {}", p.remote_virtual_network_name,
                        p.virtual_network_name),
            "", [p](Lab& lab) {
              lab::VirtualNetworkPeering back = p;
              back.name = p.name + "-back";
              std::swap(back.virtual_network_name, back.remote_virtual_network_name);
              back.use_remote_gateways = false;
              back.allow_gateway_transit = p.use_remote_gateways;
              lab.virtual_network_peerings.push_back(back);
            });
        continue;
      }
      if (!p.allow_virtual_network_access) {
        add(resource, fmt::format("peering {} lacks allow_virtual_network_access", p.name),
            fmt::format("set allow_virtual_network_access on {}", p.name), "",
            [i](Lab& lab) { lab.virtual_network_peerings[i].allow_virtual_network_access = true; });
      }
      gateway_transit(i, static_cast<size_t>(reverse - lab_.virtual_network_peerings.begin()));
      if (!p.allow_forwarded_traffic) {
        add(resource,
            fmt::format("peering {} lacks allow_forwarded_traffic: {} takes only what {} itself "
                        "sends",
                        p.name, p.virtual_network_name, p.remote_virtual_network_name),
            fmt::format("set allow_forwarded_traffic on {}", p.name), "A55",
            [i](Lab& lab) { lab.virtual_network_peerings[i].allow_forwarded_traffic = true; });
      }
    }
  }

  void gateway_transit(size_t i, size_t back) {
    const lab::VirtualNetworkPeering& p = lab_.virtual_network_peerings[i];
    const lab::VirtualNetworkPeering& r = lab_.virtual_network_peerings[back];
    if (!has_gateway(p.remote_virtual_network_name) || has_gateway(p.virtual_network_name)) return;
    if (p.use_remote_gateways && r.allow_gateway_transit) return;
    const bool elsewhere =
        std::ranges::any_of(lab_.virtual_network_peerings, [&](const auto& other) {
          return other.virtual_network_name == p.virtual_network_name &&
                 other.use_remote_gateways && other.name != p.name;
        });
    if (elsewhere) return;
    std::vector<std::string> lacks;
    std::vector<std::string> sets;
    if (!p.use_remote_gateways) {
      lacks.push_back(fmt::format("peering {} lacks use_remote_gateways", p.name));
      sets.push_back(fmt::format("use_remote_gateways on {}", p.name));
    }
    if (!r.allow_gateway_transit) {
      lacks.push_back(fmt::format("peering {} lacks allow_gateway_transit", r.name));
      sets.push_back(fmt::format("allow_gateway_transit on {}", r.name));
    }
    add("azurerm_virtual_network_peering." + p.name, fmt::format("{}", fmt::join(lacks, " and ")),
        fmt::format("set {}", fmt::join(sets, " and ")), "A31", [i, back](Lab& lab) {
          lab.virtual_network_peerings[i].use_remote_gateways = true;
          lab.virtual_network_peerings[back].allow_gateway_transit = true;
        });
  }

  void branch_to_branch() {
    for (size_t i = 0; i < lab_.route_servers.size(); ++i) {
      const lab::RouteServer& s = lab_.route_servers[i];
      if (s.branch_to_branch_traffic_enabled) continue;
      add("azurerm_route_server." + s.name,
          fmt::format("branch-to-branch is off on route server {}: its peers and the VPN gateway "
                      "do not hear of each other's routes",
                      s.name),
          fmt::format("set branch_to_branch_traffic_enabled on {}", s.name), "A32",
          [i](Lab& lab) { lab.route_servers[i].branch_to_branch_traffic_enabled = true; });
    }
  }

  void route_tables() {
    for (size_t i = 0; i < lab_.route_tables.size(); ++i) {
      const lab::RouteTable& t = lab_.route_tables[i];
      const std::string resource = "azurerm_route_table." + t.name;
      if (!t.bgp_route_propagation_enabled) {
        add(resource,
            fmt::format("propagation is off on route table {}: no route of a gateway or route "
                        "server reaches its subnets",
                        t.name),
            fmt::format("set bgp_route_propagation_enabled on {}", t.name), "A56",
            [i](Lab& lab) { lab.route_tables[i].bgp_route_propagation_enabled = true; });
      }
      for (size_t r = 0; r < t.routes.size(); ++r) {
        const lab::UserRoute& route = t.routes[r];
        add(resource,
            fmt::format("user route {} of route table {} decides for {}", route.name, t.name,
                        route.address_prefix.to_string()),
            fmt::format("remove route {} from {}", route.name, t.name), "A57", [i, r](Lab& lab) {
              auto& routes = lab.route_tables[i].routes;
              routes.erase(routes.begin() + static_cast<std::ptrdiff_t>(r));
            });
      }
    }
  }

  void tunnels() {
    for (size_t i = 0; i < lab_.virtual_network_gateway_connections.size(); ++i) {
      const lab::VirtualNetworkGatewayConnection& c = lab_.virtual_network_gateway_connections[i];
      const std::string resource = "azurerm_virtual_network_gateway_connection." + c.name;
      if (!c.bgp_enabled) {
        add(resource, fmt::format("BGP is off on connection {}: only static prefixes", c.name),
            fmt::format("set bgp_enabled on {}", c.name), "",
            [i](Lab& lab) { lab.virtual_network_gateway_connections[i].bgp_enabled = true; });
      }
      const std::string problem = problem_of_tunnel(c.name);
      if (problem.empty()) continue;
      add(resource, fmt::format("connection {} has no tunnel: {}", c.name, problem),
          fmt::format("give {} the IPsec policy of the other end, and let one end initiate",
                      c.name),
          "A48", [i](Lab& lab) {
            auto& changed = lab.virtual_network_gateway_connections[i];
            changed.ipsec_policy = policy_of_far_end(lab, changed.virtual_network_gateway);
            changed.connection_mode = lab::ConnectionMode::Default;
          });
    }
  }

  // ---- Aviatrix ----

  template <typename Gateway>
  void lists_of(const Gateway& g, size_t i, std::vector<Gateway> Lab::* gateways,
                const std::string& resource) {
    if (!g.filtered_spoke_vpc_routes.empty()) {
      add(resource,
          fmt::format("{} filters {} out of VNet route tables and gateways", g.name,
                      list(g.filtered_spoke_vpc_routes)),
          fmt::format("clear filtered_spoke_vpc_routes of {}", g.name), "V32",
          [i, gateways](Lab& lab) { (lab.*gateways)[i].filtered_spoke_vpc_routes.clear(); });
    }
    if (!g.customized_spoke_vpc_routes.empty()) {
      add(resource,
          fmt::format("{} programs exactly {} into VNet route tables, and nothing else", g.name,
                      list(g.customized_spoke_vpc_routes)),
          fmt::format("clear customized_spoke_vpc_routes of {}", g.name), "V31",
          [i, gateways](Lab& lab) { (lab.*gateways)[i].customized_spoke_vpc_routes.clear(); });
    }
  }

  void aviatrix_lists() {
    for (size_t i = 0; i < lab_.spoke_gateways.size(); ++i) {
      const lab::SpokeGateway& g = lab_.spoke_gateways[i];
      const std::string resource = "aviatrix_spoke_gateway." + g.name;
      const auto& included = g.included_advertised_spoke_routes;
      if (!included.empty() &&
          std::ranges::none_of(included, [&](auto prefix) { return prefix.contains(g.cidr); })) {
        add(resource,
            fmt::format("{} advertises {} and not its own {}", g.name, list(included),
                        g.cidr.to_string()),
            fmt::format("add {} to included_advertised_spoke_routes of {}", g.cidr.to_string(),
                        g.name),
            "V28", [i](Lab& lab) {
              auto& changed = lab.spoke_gateways[i];
              changed.included_advertised_spoke_routes.push_back(changed.cidr);
            });
      }
      lists_of(g, i, &Lab::spoke_gateways, resource);
    }
    for (size_t i = 0; i < lab_.transit_gateways.size(); ++i) {
      const lab::TransitGateway& g = lab_.transit_gateways[i];
      const std::string resource = "aviatrix_transit_gateway." + g.name;
      if (!g.connected_transit) {
        add(resource, fmt::format("connected_transit is off on {}: its spokes do not meet", g.name),
            fmt::format("set connected_transit on {}", g.name), "V33",
            [i](Lab& lab) { lab.transit_gateways[i].connected_transit = true; });
      }
      if (!g.excluded_advertised_spoke_routes.empty()) {
        add(resource,
            fmt::format("{} keeps {} from its BGP peers", g.name,
                        list(g.excluded_advertised_spoke_routes)),
            fmt::format("clear excluded_advertised_spoke_routes of {}", g.name), "V30",
            [i](Lab& lab) { lab.transit_gateways[i].excluded_advertised_spoke_routes.clear(); });
      }
      lists_of(g, i, &Lab::transit_gateways, resource);
    }
    for (size_t i = 0; i < lab_.transit_external_device_conns.size(); ++i) {
      const lab::TransitExternalDeviceConn& c = lab_.transit_external_device_conns[i];
      if (c.manual_bgp_advertised_cidrs.empty()) continue;
      add("aviatrix_transit_external_device_conn." + c.connection_name,
          fmt::format("connection {} advertises exactly {}", c.connection_name,
                      list(c.manual_bgp_advertised_cidrs)),
          fmt::format("clear manual_bgp_advertised_cidrs of {}", c.connection_name), "V35",
          [i](Lab& lab) {
            lab.transit_external_device_conns[i].manual_bgp_advertised_cidrs.clear();
          });
    }
  }

  void machines() {
    for (size_t i = 0; i < lab_.virtual_machines.size(); ++i) {
      const lab::VirtualMachine& m = lab_.virtual_machines[i];
      const auto vm = network_.find_vm(m.name);
      if (m.ip_forwarding_enabled || !vm || !is_next_hop(network_.at(network_.at(*vm).nic).address))
        continue;
      add("azurerm_linux_virtual_machine." + m.name,
          fmt::format("{} is a next hop, and IP forwarding is off on its NIC", m.name),
          fmt::format("set ip_forwarding_enabled on {}", m.name), "A64",
          [i](Lab& lab) { lab.virtual_machines[i].ip_forwarding_enabled = true; });
    }
  }

  // ---- Finding ----

  // "transit-1", its public address, or an address of one of its NICs.
  const cloud::Gateway* gateway_at(const std::string& text) const {
    if (const auto id = network_.find_gateway(text)) return &network_.at(*id);
    const auto address = lpm::Ipv4Address::parse(text);
    if (!address) return nullptr;
    for (const cloud::Gateway& g : network_.gateways) {
      if (g.public_ip == *address) return &g;
      for (const cloud::NicId nic : g.nics) {
        if (network_.at(nic).address == *address) return &g;
      }
    }
    return nullptr;
  }
  bool has_route_server(const std::string& vnet) const {
    return std::ranges::any_of(lab_.route_servers,
                               [&](const auto& s) { return s.virtual_network_name == vnet; });
  }
  bool has_gateway(const std::string& vnet) const {
    return has_route_server(vnet) ||
           std::ranges::any_of(lab_.virtual_network_gateways,
                               [&](const auto& g) { return g.virtual_network_name == vnet; });
  }
  bool is_next_hop(lpm::Ipv4Address address) const {
    return std::ranges::any_of(lab_.route_tables, [&](const lab::RouteTable& t) {
      return std::ranges::any_of(
          t.routes, [&](const lab::UserRoute& r) { return r.next_hop_in_ip_address == address; });
    });
  }
  std::string problem_of_tunnel(const std::string& connection) const {
    for (const cloud::Link& link : network_.links) {
      if (link.kind != cloud::LinkKind::tunnel || link.problem.empty()) continue;
      if (link.connection.find(connection) != std::string::npos) return link.problem;
    }
    for (const cloud::Session& s : network_.sessions) {
      if (!s.link || network_.at(*s.link).problem.empty()) continue;
      if (s.a.connection == connection || s.b.connection == connection) {
        return network_.at(*s.link).problem;
      }
    }
    return {};
  }
  static lab::IpsecPolicy policy_of_far_end(const Lab& lab, const std::string& gateway) {
    for (const auto& c : lab.transit_external_device_conns) {
      if (std::ranges::count(c.remote_gateway_ip, gateway) > 0) return c.ipsec_policy;
    }
    return {};
  }

  const Lab& lab_;
  const cloud::Network& network_;
  std::vector<Remedy> found_;
};

}  // namespace

std::vector<Remedy> remedies(const Lab& lab, const cloud::Network& network) {
  return Collector(lab, network).collect();
}

std::unique_ptr<Trial> try_out(const Lab& lab, const std::vector<const Remedy*>& changes) {
  auto trial = std::make_unique<Trial>();
  trial->lab = lab;
  for (const Remedy* change : changes) change->apply(trial->lab);
  trial->derived = cloud::derive(trial->lab);
  if (lab::has_errors(trial->derived.diagnostics)) return nullptr;
  trial->emulation =
      std::make_unique<emulator::Emulation>(trial->lab, trial->derived.network, nullptr);
  trial->emulation->converge();
  return trial;
}

}  // namespace skyhop::explain
