// Address translation: single_ip_snat, aviatrix_gateway_snat and aviatrix_gateway_dnat as rules of
// gateways and their links.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "control/cloud/aviatrix/derive.h"

namespace skyhop::cloud::aviatrix {

namespace {

using dataplane::NatRule;

/// Of a range that sources or destinations are translated to.
constexpr uint32_t kMostAddresses = 256;

uint8_t protocol_of(const std::string& name) {
  if (name == "icmp") return 1;
  if (name == "tcp") return 6;
  return name == "udp" ? 17 : 0;
}

NatRule::Ports ports_of(const std::optional<lab::PortRange>& range) {
  if (!range) return {};
  return {.first = range->first, .last = range->last};
}

/// Fabric links by which a gateway's eth0 is reached: all but those to its LAN subnets.
std::vector<LinkId> eth0_links(const Network& network, GatewayId id) {
  const Gateway& gateway = network.at(id);
  std::set<RouterId> lan;
  for (size_t i = 1; i < gateway.nics.size(); ++i) {
    lan.insert(*network.at(network.at(gateway.nics[i]).subnet).router);
  }
  std::vector<LinkId> links;
  for (size_t i = 0; i < network.links.size(); ++i) {
    const Link& link = network.links[i];
    const bool is_its = network.gateway_of(link.a) == id || network.gateway_of(link.b) == id;
    if (!is_its || link.kind != LinkKind::fabric) continue;
    if (!lan.contains(link.a) && !lan.contains(link.b)) links.emplace_back(i);
  }
  return links;
}

/// Links of the gateway that a policy's `connection` names: of an external connection, or the
/// tunnels with another gateway and its twin.
std::vector<LinkId> links_of(const Network& network, GatewayId id, const std::string& connection) {
  std::vector<LinkId> links;
  for (size_t i = 0; i < network.links.size(); ++i) {
    const Link& link = network.links[i];
    for (const auto& [near, far, name] : {std::tuple(link.a, link.b, &link.connection),
                                          std::tuple(link.b, link.a, &link.far_connection)}) {
      if (network.gateway_of(near) != id) continue;
      const auto gateway = network.gateway_of(far);
      const bool is_its = *name == connection || (link.kind == LinkKind::tunnel && gateway &&
                                                  network.at(*gateway).resource == connection);
      if (is_its) links.emplace_back(i);
    }
  }
  // Over LAN a connection's packets use the subnet of its sessions.
  for (const Session& session : network.sessions) {
    for (const Session::End* end : {&session.a, &session.b}) {
      if (end->gateway != id || end->connection != connection || session.link) continue;
      for (const NicId nic : network.at(id).nics) {
        if (network.at(nic).address != end->address) continue;
        const auto fabric = network.at(network.at(nic).subnet).router;
        const auto link = network.link_between(*network.at(id).router, *fabric);
        if (link && std::ranges::find(links, *link) == links.end()) links.push_back(*link);
      }
    }
  }
  return links;
}

/// "100.64.1.1", or "100.64.1.1-100.64.1.4".
bool read_range(const std::string& text, NatRule& rule) {
  const size_t dash = text.find('-');
  const auto first = Ipv4Address::parse(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos
                        ? first
                        : Ipv4Address::parse(std::string_view(text).substr(dash + 1));
  if (!first || !last || *last < *first) return false;
  if (last->value() - first->value() >= kMostAddresses) return false;
  rule.first = *first;
  rule.last = *last;
  return true;
}

class NatDerivation {
 public:
  explicit NatDerivation(Derivation& d) : d_(d) {}

  void run() {
    for (const lab::GatewaySnat& snat : d_.lab.gateway_snats) {
      add(snat, "aviatrix_gateway_snat." + snat.name, ".snat_policy", true);
    }
    for (const lab::GatewayDnat& dnat : d_.lab.gateway_dnats) {
      add(dnat, "aviatrix_gateway_dnat." + dnat.name, ".dnat_policy", false);
    }
    for (const lab::TransitGateway& transit : d_.lab.transit_gateways) {
      if (transit.single_ip_snat) add_single_ip(transit.name);
    }
    for (const lab::SpokeGateway& spoke : d_.lab.spoke_gateways) {
      if (spoke.single_ip_snat) add_single_ip(spoke.name);
    }
  }

 private:
  GatewayNat& of(GatewayId gateway) {
    auto& nats = d_.network.nats;
    const auto found = std::ranges::find(nats, gateway, &GatewayNat::gateway);
    if (found != nats.end()) return *found;
    return nats.emplace_back(GatewayNat{.gateway = gateway});
  }

  template <typename Resource>
  void add(const Resource& resource, const std::string& path, const char* list, bool of_source) {
    const auto id = d_.find_gateway(resource.gw_name);
    if (!id) return;  // reported by the reader
    std::vector<GatewayId> gateways{*id};
    const auto twin = d_.network.at(*id).twin;
    if (resource.sync_to_ha && twin) gateways.push_back(*twin);
    if (resource.sync_to_ha && !twin) {
      d_.error(path + ".sync_to_ha", fmt::format("{} has no twin", resource.gw_name));
    }
    for (size_t i = 0; i < resource.policies.size(); ++i) {
      const std::string where = fmt::format("{}{}[{}]", path, list, i);
      for (const GatewayId gateway : gateways) {
        if (!add_policy(gateway, resource.policies[i], where, of_source)) break;
      }
    }
  }

  bool add_policy(GatewayId id, const lab::NatPolicy& policy, const std::string& path,
                  bool of_source) {
    GatewayNat::Rule rule;
    rule.of_source = of_source;
    if (!read_range(policy.ips, rule.what)) {
      d_.error(path,
               fmt::format("\"{}\" is neither an address nor a range of addresses", policy.ips));
      return false;
    }
    const bool has_ports = policy.protocol == "tcp" || policy.protocol == "udp";
    if (!has_ports && (policy.src_port || policy.dst_port || policy.port)) {
      d_.error(path, "ports need protocol tcp or udp");
      return false;
    }
    rule.what.protocol = protocol_of(policy.protocol);
    if (policy.src_cidr) rule.what.sources.push_back(*policy.src_cidr);
    if (policy.dst_cidr) rule.what.destinations.push_back(*policy.dst_cidr);
    rule.what.source_ports = ports_of(policy.src_port);
    rule.what.destination_ports = ports_of(policy.dst_port);
    if (policy.port) rule.what.ports = ports_of(policy.port);
    rule.what.name = path;
    const std::string& name = d_.network.at(id).name;
    if (!policy.interface.empty() && !policy.connection.empty()) {
      d_.error(path, "interface and connection exclude each other");
      return false;
    }
    if (!policy.interface.empty()) rule.links = eth0_links(d_.network, id);
    if (!policy.connection.empty()) {
      rule.links = links_of(d_.network, id, policy.connection);
      if (rule.links.empty()) {
        d_.error(path + ".connection",
                 fmt::format("{} has nothing by the name {}", name, policy.connection));
        return false;
      }
    }
    d_.fact(name, of_source ? "snat" : "dnat", policy.ips, path);
    GatewayNat& nat = of(id);
    nat.reaches_internet |= of_source && !policy.interface.empty();
    nat.rules.push_back(std::move(rule));
    return true;
  }

  /// Not towards VNets of spokes: they know the way back.
  void add_single_ip(const std::string& resource) {
    const auto gateways = d_.aviatrix_gateways.find(resource);
    if (gateways == d_.aviatrix_gateways.end()) return;
    for (const GatewayId id : gateways->second) {
      const Gateway& gateway = d_.network.at(id);
      const Ipv4Address own = d_.network.at(gateway.nics.front()).address;
      GatewayNat::Rule rule;
      rule.links = eth0_links(d_.network, id);
      rule.what.first = rule.what.last = own;
      rule.what.name = "single_ip_snat of " + gateway.name;
      rule.what.except_destinations = d_.network.at(gateway.vnet).address_space;
      for (const lab::SpokeGateway& spoke : d_.lab.spoke_gateways) {
        rule.what.except_destinations.push_back(spoke.cidr);
      }
      d_.fact(gateway.name, "snat", own.to_string(), "single_ip_snat: the gateway's own address");
      GatewayNat& nat = of(id);
      nat.reaches_internet = true;
      nat.rules.push_back(std::move(rule));
    }
  }

  Derivation& d_;
};

}  // namespace

void derive_nat(Derivation& d) { NatDerivation(d).run(); }

}  // namespace skyhop::cloud::aviatrix
