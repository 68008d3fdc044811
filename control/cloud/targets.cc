// Timeline, checks and traffic speak of derived names, so only now can they be looked up.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/links.h"

namespace skyhop::cloud {

namespace {

template <typename T>
std::vector<std::string> names_of(const std::vector<T>& all) {
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const T& each : all) names.push_back(each.name);
  return names;
}

std::vector<std::string> names_of_kind(const Network& network, GatewayKind kind,
                                       GatewayKind other) {
  std::vector<std::string> names;
  for (const Gateway& gateway : network.gateways) {
    if (gateway.kind == kind || gateway.kind == other) names.push_back(gateway.name);
  }
  return names;
}

class TargetCheck {
 public:
  explicit TargetCheck(Derivation& d) : d_(d), network_(d.network) {}

  void run() {
    for (size_t i = 0; i < d_.lab.traffic.size(); ++i) {
      const lab::TrafficFlow& flow = d_.lab.traffic[i];
      vm(flow.from, fmt::format("traffic[{}].from", i));
      vm(flow.to, fmt::format("traffic[{}].to", i));
    }
    for (const lab::TimelineEvent& event : d_.lab.timeline) {
      std::visit([&](const auto& action) { check(action, event.path); }, event.action);
    }
    for (const lab::Check& each : d_.lab.checks) {
      std::visit([&](const auto& what) { check(what, each.path); }, each.what);
    }
  }

 private:
  void unknown(const std::string& path, const char* what, const std::string& name,
               const std::vector<std::string>& candidates) {
    d_.error(path,
             fmt::format("there is no {} \"{}\"{}", what, name, did_you_mean(name, candidates)));
  }

  void vm(const std::string& name, const std::string& path) {
    if (!network_.find_vm(name)) unknown(path, "VM", name, names_of(network_.vms));
  }

  void vm_or_address(const std::string& name, const std::string& path) {
    if (!Ipv4Address::parse(name)) vm(name, path);
  }

  void gateway(const std::string& name, const std::string& path, const char* what, GatewayKind kind,
               GatewayKind other) {
    const auto id = network_.find_gateway(name);
    if (id && (network_.at(*id).kind == kind || network_.at(*id).kind == other)) return;
    unknown(path, what, name, names_of_kind(network_, kind, other));
  }

  void session(const std::string& name, const std::string& path) {
    if (!network_.find_session(name)) unknown(path, "session", name, names_of(network_.sessions));
  }

  void spoke(const std::string& name, const std::string& path) {
    const auto& spokes = d_.lab.spoke_gateways;
    if (std::ranges::find(spokes, name, &lab::SpokeGateway::name) == spokes.end()) {
      unknown(path, "spoke gateway", name, names_of(spokes));
    }
  }

  void link(const lab::SetState& action, const std::string& path) {
    const auto id = network_.find_link(action.target);
    const bool is_tunnel = action.element == lab::Element::tunnel;
    if (id && (!is_tunnel || network_.at(*id).kind != LinkKind::fabric)) return;
    std::vector<std::string> candidates;
    for (const Link& each : network_.links) {
      if (!is_tunnel || each.kind != LinkKind::fabric) candidates.push_back(each.name);
    }
    unknown(path, is_tunnel ? "tunnel" : "link", action.target, candidates);
  }

  void check(const lab::SetState& action, const std::string& path) {
    switch (action.element) {
      case lab::Element::link:
      case lab::Element::tunnel:
        return link(action, path);
      case lab::Element::gateway:
        return gateway(action.target, path, "Aviatrix gateway", GatewayKind::transit,
                       GatewayKind::spoke);
      case lab::Element::router:
        return gateway(action.target, path, "router", GatewayKind::appliance,
                       GatewayKind::on_premises);
      case lab::Element::session:
        return session(action.target, path);
      case lab::Element::route_server_instance:
        return gateway(action.target, path, "route server instance",
                       GatewayKind::route_server_instance, GatewayKind::route_server_instance);
      case lab::Element::vpn_gateway_instance:
        return gateway(action.target, path, "VPN gateway instance",
                       GatewayKind::vpn_gateway_instance, GatewayKind::vpn_gateway_instance);
    }
  }

  void check(const lab::SetAdvertisedCidrs& action, const std::string& path) {
    spoke(action.spoke_gateway, path);
  }

  /// Looked up where its conditions are put together (link_limits.cc).
  void check(const lab::LinkConditions&, const std::string&) {}

  void check(const lab::AddSpoke& action, const std::string& path) {
    spoke(action.spoke_gateway, path);
  }

  void check(const lab::SetApproval& action, const std::string& path) {
    const auto& connections = d_.lab.transit_external_device_conns;
    const auto connection = std::ranges::find(connections, action.target,
                                              &lab::TransitExternalDeviceConn::connection_name);
    const bool is_connection = connection != connections.end();
    const auto waits = [&](const auto& gateway) {
      const bool is_its = is_connection ? gateway.name == connection->gw_name &&
                                              connection->enable_learned_cidrs_approval
                                        : gateway.name == action.target;
      const bool by_connection =
          gateway.learned_cidrs_approval_mode == lab::ApprovalMode::connection;
      return is_its && gateway.enable_learned_cidrs_approval && by_connection == is_connection;
    };
    if (std::ranges::any_of(d_.lab.transit_gateways, waits) ||
        std::ranges::any_of(d_.lab.spoke_gateways, waits)) {
      return;
    }
    d_.error(path,
             fmt::format("nothing that {} learns waits for approval: enable_learned_cidrs_approval "
                         "is off, or learned_cidrs_approval_mode is the other one",
                         action.target),
             "V36");
  }

  void check(const lab::Switchover& action, const std::string& path) {
    const auto& connections = d_.lab.transit_external_device_conns;
    const auto connection = std::ranges::find(connections, action.connection,
                                              &lab::TransitExternalDeviceConn::connection_name);
    if (connection == connections.end()) {
      return unknown(path, "external connection", action.connection, {});
    }
    const auto stands_by = [&](const auto& gateway) {
      return gateway.name == connection->gw_name && gateway.enable_active_standby &&
             !gateway.enable_active_standby_preemptive;
    };
    if (std::ranges::any_of(d_.lab.transit_gateways, stands_by) ||
        std::ranges::any_of(d_.lab.spoke_gateways, stands_by)) {
      return;
    }
    d_.error(path,
             fmt::format("{} is not active-standby, or preemptive: it goes back by itself",
                         connection->gw_name),
             "V50");
  }

  void check(const lab::StopGateway& action, const std::string& path) {
    gateway(action.gateway, path, "Aviatrix gateway", GatewayKind::transit, GatewayKind::spoke);
  }

  void check(const lab::CheckReachable& what, const std::string& path) {
    vm(what.from, path);
    vm_or_address(what.to, path);
  }

  void check(const lab::CheckPath& what, const std::string& path) {
    vm(what.from, path);
    vm_or_address(what.to, path);
    for (const auto& list : {what.via, what.avoid}) {
      for (const std::string& entry : list) routers(entry, path);
    }
  }

  /// "transit-1|transit-1-hagw"
  void routers(std::string_view entry, const std::string& path) {
    while (true) {
      const size_t bar = entry.find('|');
      const std::string name(entry.substr(0, bar));
      if (!network_.find_router(name)) unknown(path, "router", name, names_of(network_.routers));
      if (bar == std::string_view::npos) return;
      entry.remove_prefix(bar + 1);
    }
  }

  void check(const lab::CheckRoute& what, const std::string& path) {
    if (network_.find_router(what.on) || network_.find_vm(what.on)) return;
    // A route server forwards nothing, but its table can be asked for.
    if (network_.find_gateway(what.on)) return;
    std::vector<std::string> candidates = names_of(network_.routers);
    for (const Vm& each : network_.vms) candidates.push_back(each.name);
    unknown(path, "router, VM or subnet", what.on, candidates);
  }

  void check(const lab::CheckSession& what, const std::string& path) {
    session(what.session, path);
  }

  Derivation& d_;
  const Network& network_;
};

}  // namespace

void validate_targets(Derivation& d) { TargetCheck(d).run(); }

}  // namespace skyhop::cloud
