#include "control/explain/alternatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace skyhop::explain {
namespace {

using lab::Lab;

/// Longest wait that a failure can mean: a hold time, then a poll of the controller.
constexpr lab::Seconds kSettled{300};

constexpr std::array kPreferences = {
    std::pair{lab::RoutingPreference::ExpressRoute, "ExpressRoute"},
    std::pair{lab::RoutingPreference::VpnGateway, "VpnGateway"},
    std::pair{lab::RoutingPreference::ASPath, "ASPath"}};

class Collector {
 public:
  Collector(const Lab& lab, const cloud::Network& network) : lab_(lab), network_(network) {}

  std::vector<Alternative> collect() {
    for (Remedy& remedy : remedies(lab_, network_)) found_.push_back({std::move(remedy), {}});
    peerings();
    route_servers();
    route_tables();
    connections();
    gateways();
    failures();
    return std::move(found_);
  }

 private:
  void add(std::string resource, std::string cause, std::string fix, std::string rule,
           std::function<void(Lab&)> apply) {
    found_.push_back(
        {{std::move(resource), std::move(cause), std::move(fix), std::move(rule), std::move(apply)},
         {}});
  }

  /// A flag that is on, turned off.
  template <typename Resource>
  void turn_off(std::vector<Resource> Lab::* list, size_t i, bool Resource::* flag,
                const std::string& resource, const std::string& name, std::string_view attribute,
                std::string rule) {
    if (!((lab_.*list)[i].*flag)) return;
    add(resource, fmt::format("{} is off on {}", attribute, name),
        fmt::format("clear {} on {}", attribute, name), std::move(rule),
        [=](Lab& lab) { (lab.*list)[i].*flag = false; });
  }

  void peerings() {
    using P = lab::VirtualNetworkPeering;
    for (size_t i = 0; i < lab_.virtual_network_peerings.size(); ++i) {
      const P& p = lab_.virtual_network_peerings[i];
      const std::string resource = "azurerm_virtual_network_peering." + p.name;
      const auto off = [&](bool P::* flag, std::string_view attribute, std::string rule) {
        turn_off(&Lab::virtual_network_peerings, i, flag, resource, p.name, attribute,
                 std::move(rule));
      };
      off(&P::use_remote_gateways, "use_remote_gateways", "A31");
      off(&P::allow_gateway_transit, "allow_gateway_transit", "A31");
      off(&P::allow_forwarded_traffic, "allow_forwarded_traffic", "A55");
      off(&P::allow_virtual_network_access, "allow_virtual_network_access", "");
      add(resource, fmt::format("there is no peering {}", p.name),
          fmt::format("remove peering {}", p.name), "A53", [i](Lab& lab) {
            auto& all = lab.virtual_network_peerings;
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
          });
    }
  }

  void route_servers() {
    for (size_t i = 0; i < lab_.route_servers.size(); ++i) {
      const lab::RouteServer& s = lab_.route_servers[i];
      const std::string resource = "azurerm_route_server." + s.name;
      turn_off(&Lab::route_servers, i, &lab::RouteServer::branch_to_branch_traffic_enabled,
               resource, s.name, "branch_to_branch_traffic_enabled", "A32");
      for (const auto& [preference, name] : kPreferences) {
        if (preference == s.hub_routing_preference) continue;
        add(resource, fmt::format("hub_routing_preference of {} is {}", s.name, name),
            fmt::format("set hub_routing_preference of {} to {}", s.name, name), "A25",
            [i, preference](Lab& lab) {
              lab.route_servers[i].hub_routing_preference = preference;
            });
      }
    }
    for (size_t i = 0; i < lab_.route_server_bgp_connections.size(); ++i) {
      const lab::RouteServerBgpConnection& c = lab_.route_server_bgp_connections[i];
      add("azurerm_route_server_bgp_connection." + c.name,
          fmt::format("{} has no bgp_connection {}", c.route_server, c.name),
          fmt::format("remove bgp_connection {}", c.name), "V9", [i](Lab& lab) {
            auto& all = lab.route_server_bgp_connections;
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
          });
    }
  }

  // Tables that the lab names, and those that the clouds make: naming one like it changes it (V24).
  void route_tables() {
    for (size_t i = 0; i < lab_.route_tables.size(); ++i) {
      const lab::RouteTable& t = lab_.route_tables[i];
      turn_off(&Lab::route_tables, i, &lab::RouteTable::bgp_route_propagation_enabled,
               "azurerm_route_table." + t.name, t.name, "bgp_route_propagation_enabled", "A56");
    }
    for (const cloud::RouteTable& t : network_.route_tables) {
      const bool is_written = std::ranges::any_of(
          lab_.route_tables, [&](const lab::RouteTable& w) { return w.name == t.name; });
      if (is_written) continue;
      const bool propagates = t.bgp_route_propagation_enabled;
      const std::string_view state = propagates ? "off" : "on";
      add("azurerm_route_table." + t.name,
          fmt::format("bgp_route_propagation_enabled is {} on {}", state, t.name),
          fmt::format("turn bgp_route_propagation_enabled {} on {}", state, t.name), "A56",
          [name = t.name, propagates](Lab& lab) {
            lab::RouteTable table;
            table.name = name;
            table.bgp_route_propagation_enabled = !propagates;
            lab.route_tables.push_back(std::move(table));
          });
    }
  }

  void connections() {
    for (size_t i = 0; i < lab_.virtual_network_gateway_connections.size(); ++i) {
      const lab::VirtualNetworkGatewayConnection& c = lab_.virtual_network_gateway_connections[i];
      turn_off(&Lab::virtual_network_gateway_connections, i,
               &lab::VirtualNetworkGatewayConnection::bgp_enabled,
               "azurerm_virtual_network_gateway_connection." + c.name, c.name, "bgp_enabled", "");
    }
    for (size_t i = 0; i < lab_.transit_external_device_conns.size(); ++i) {
      const lab::TransitExternalDeviceConn& c = lab_.transit_external_device_conns[i];
      const std::string resource = "aviatrix_transit_external_device_conn." + c.connection_name;
      turn_off(&Lab::transit_external_device_conns, i,
               &lab::TransitExternalDeviceConn::enable_bgp_lan_activemesh, resource,
               c.connection_name, "enable_bgp_lan_activemesh", "V8");
      if (!c.prepend_as_path.empty()) {
        add(resource, fmt::format("{} prepends nothing", c.connection_name),
            fmt::format("clear prepend_as_path of {}", c.connection_name), "V40",
            [i](Lab& lab) { lab.transit_external_device_conns[i].prepend_as_path.clear(); });
      }
    }
  }

  void gateways() {
    using T = lab::TransitGateway;
    for (size_t i = 0; i < lab_.transit_gateways.size(); ++i) {
      const T& g = lab_.transit_gateways[i];
      const std::string resource = "aviatrix_transit_gateway." + g.name;
      const auto off = [&](bool T::* flag, std::string_view attribute, std::string rule) {
        turn_off(&Lab::transit_gateways, i, flag, resource, g.name, attribute, std::move(rule));
      };
      off(&T::connected_transit, "connected_transit", "V33");
      off(&T::bgp_ecmp, "bgp_ecmp", "V37");
      off(&T::enable_advertise_transit_cidr, "enable_advertise_transit_cidr", "V34");
      if (!g.enable_advertise_transit_cidr) {
        add(resource, fmt::format("enable_advertise_transit_cidr is on on {}", g.name),
            fmt::format("set enable_advertise_transit_cidr on {}", g.name), "V34",
            [i](Lab& lab) { lab.transit_gateways[i].enable_advertise_transit_cidr = true; });
      }
    }
    for (size_t i = 0; i < lab_.spoke_gateways.size(); ++i) {
      const lab::SpokeGateway& g = lab_.spoke_gateways[i];
      const std::string resource = "aviatrix_spoke_gateway." + g.name;
      if (!g.included_advertised_spoke_routes.empty()) {
        add(resource, fmt::format("{} advertises its own CIDR only", g.name),
            fmt::format("clear included_advertised_spoke_routes of {}", g.name), "V29",
            [i](Lab& lab) { lab.spoke_gateways[i].included_advertised_spoke_routes.clear(); });
      }
      if (!g.transit_gw.empty()) {
        add(resource, fmt::format("{} is not attached to {}", g.name, g.transit_gw),
            fmt::format("detach {}", g.name), "V25",
            [i](Lab& lab) { lab.spoke_gateways[i].transit_gw.clear(); });
      }
    }
  }

  void failures() {
    const auto down = [&](lab::Element element, const std::string& target, std::string_view what) {
      Alternative a;
      a.change = {target, fmt::format("{} {} is down", what, target),
                  fmt::format("bring {} down", target), "", [](Lab&) {}};
      a.event = lab::TimelineEvent{.action = lab::SetState{element, target, false}};
      found_.push_back(std::move(a));
    };
    for (const cloud::Gateway& g : network_.gateways) {
      switch (g.kind) {
        case cloud::GatewayKind::route_server_instance:
          down(lab::Element::route_server_instance, g.name, "route server instance");
          break;
        case cloud::GatewayKind::vpn_gateway_instance:
          down(lab::Element::vpn_gateway_instance, g.name, "VPN gateway instance");
          break;
        default:
          down(lab::Element::gateway, g.name, "gateway");
      }
    }
    for (const cloud::Link& link : network_.links) {
      if (link.kind == cloud::LinkKind::tunnel) down(lab::Element::tunnel, link.name, "tunnel");
    }
    for (const cloud::Session& session : network_.sessions) {
      if (session.problem.empty()) down(lab::Element::session, session.name, "session");
    }
  }

  const Lab& lab_;
  const cloud::Network& network_;
  std::vector<Alternative> found_;
};

}  // namespace

std::vector<Alternative> alternatives(const Lab& lab, const cloud::Network& network) {
  return Collector(lab, network).collect();
}

std::unique_ptr<Trial> try_out(const Lab& lab, const std::vector<const Alternative*>& changes) {
  std::vector<const Remedy*> remedies;
  for (const Alternative* a : changes) remedies.push_back(&a->change);
  auto trial = try_out(lab, remedies);
  if (trial == nullptr) return nullptr;
  bool failed = false;
  for (const Alternative* a : changes) {
    if (!a->event) continue;
    // Another change may have taken the element away: then the two do not go together.
    if (!trial->emulation->apply(*a->event)) return nullptr;
    failed = true;
  }
  if (failed) trial->emulation->advance_to(trial->emulation->now() + kSettled);
  return trial;
}

}  // namespace skyhop::explain
