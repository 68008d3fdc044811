// az network routeserver and az network vnet-gateway.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cloud/azure/peer_groups.h"
#include "control/report/az/answers.h"
#include "control/report/az/ids.h"

namespace skyhop::report::az {
namespace {

using bgp::PeerStatus;
using bgp::SessionState;
using cloud::GatewayId;
using emulator::Emulation;
using lpm::Ipv4Address;

constexpr int kLearnedWeight = 32768;
constexpr int kAdvertisedWeight = 0;

std::string address_of(const cloud::Network& network, GatewayId instance) {
  return network.at(network.at(instance).nics.front()).address.to_string();
}

// One end of a session: whose it is, and the speaker's peer behind it, where there is one.
struct End {
  const cloud::Session* session = nullptr;
  const cloud::Session::End* own = nullptr;
  const cloud::Session::End* far = nullptr;
  Emulation::SessionPeer peer;
  [[nodiscard]] std::string group() const {
    return peer.speaker == nullptr ? std::string() : peer.speaker->peer_config(peer.peer).group;
  }
};

std::vector<End> ends_of(const Emulation& emulation, GatewayId gateway) {
  std::vector<End> ends;
  const auto& sessions = emulation.network().sessions;
  for (size_t i = 0; i < sessions.size(); ++i) {
    const cloud::SessionId id(i);
    const cloud::Session& s = sessions[i];
    if (s.a.gateway == gateway) ends.push_back({&s, &s.a, &s.b, emulation.session_peer(id, true)});
    if (s.b.gateway == gateway) ends.push_back({&s, &s.b, &s.a, emulation.session_peer(id, false)});
  }
  return ends;
}

bool is_up(const End& end) {
  return end.peer.speaker != nullptr &&
         end.peer.speaker->status(end.peer.peer).state == SessionState::established;
}

Json learned_row(const std::string& local, const bgp::LearnedRoute& route,
                 const std::string& origin, const std::string& source) {
  return {{"asPath", as_path_of(route.accepted->as_path)},
          {"localAddress", local},
          {"network", route.prefix.to_string()},
          {"nextHop", route.accepted->next_hop.to_string()},
          {"origin", origin},
          {"sourcePeer", source},
          {"weight", kLearnedWeight}};
}

// {"RouteServiceRole_IN_0": rows of instance 0, ...}
template <typename RowsOf>
Json by_instance(const Emulation& emulation, const cloud::RouteServer& server,
                 const std::string& connection, RowsOf rows_of) {
  Json roles = Json::object();
  for (size_t i = 0; i < server.instances.size(); ++i) {
    Json rows = Json::array();
    for (const End& end : ends_of(emulation, server.instances[i])) {
      if (end.own->connection != connection || !is_up(end)) continue;
      rows_of(address_of(emulation.network(), server.instances[i]), end, rows);
    }
    roles[fmt::format("RouteServiceRole_IN_{}", i)] = std::move(rows);
  }
  return roles;
}

std::string_view preference_of(lab::RoutingPreference preference) {
  switch (preference) {
    case lab::RoutingPreference::ExpressRoute:
      return "ExpressRoute";
    case lab::RoutingPreference::VpnGateway:
      return "VpnGateway";
    case lab::RoutingPreference::ASPath:
      return "ASPath";
  }
  return "ExpressRoute";
}

// Branches, the sibling, then route servers: the order of az's rows.
int rank_of(const End& end) {
  if (end.group() == cloud::azure::kSiblingGroup) return 1;
  if (end.group() == cloud::azure::kRouteServerGroup) return 2;
  return end.session->link ? 0 : 2;
}

std::vector<End> ranked_ends(const Emulation& emulation, GatewayId instance) {
  std::vector<End> ends = ends_of(emulation, instance);
  std::ranges::stable_sort(ends, [](const End& x, const End& y) {
    return std::pair(rank_of(x), x.far->address) < std::pair(rank_of(y), y.far->address);
  });
  return ends;
}

// Host routes to the remote BGP addresses over an instance's own tunnels that are up.
std::vector<Ipv4Address> remote_hosts(const Emulation& emulation, GatewayId instance) {
  std::vector<Ipv4Address> hosts;
  for (const End& end : ends_of(emulation, instance)) {
    if (end.session->link && emulation.is_link_up(*end.session->link)) {
      hosts.push_back(end.far->address);
    }
  }
  std::ranges::sort(hosts);
  return hosts;
}

Json host_row(const std::string& local, Ipv4Address host, bool own, const std::string& source) {
  return {{"asPath", ""},
          {"localAddress", local},
          {"network", lpm::Ipv4Prefix::host(host).to_string()},
          {"nextHop", own ? Json() : Json(source)},
          {"origin", own ? "Network" : "IBgp"},
          {"sourcePeer", source},
          {"weight", kLearnedWeight}};
}

void add_learned(const Emulation& emulation, GatewayId instance, Json& rows) {
  const bgp::Speaker* speaker = emulation.speaker(instance);
  if (speaker == nullptr) return;
  const std::string local = address_of(emulation.network(), instance);
  for (const bgp::Prefix& prefix : speaker->originated()) {
    rows.push_back({{"asPath", ""},
                    {"localAddress", local},
                    {"network", prefix.to_string()},
                    {"nextHop", nullptr},
                    {"origin", "Network"},
                    {"sourcePeer", local},
                    {"weight", kLearnedWeight}});
  }
  for (const Ipv4Address host : remote_hosts(emulation, instance)) {
    rows.push_back(host_row(local, host, true, local));
  }
  for (const End& end : ranked_ends(emulation, instance)) {
    if (!is_up(end)) continue;
    const std::string source = end.far->address.to_string();
    if (end.group() == cloud::azure::kSiblingGroup) {
      for (const Ipv4Address host : remote_hosts(emulation, end.far->gateway)) {
        rows.push_back(host_row(local, host, false, source));
      }
    }
    const bool is_ebgp = end.own->expected_peer_asn != end.own->local_asn;
    for (const bgp::LearnedRoute& route : speaker->learned(end.peer.peer)) {
      if (route.accepted == nullptr) continue;
      rows.push_back(learned_row(local, route, is_ebgp ? "EBgp" : "IBgp", source));
    }
  }
}

std::string_view state_of(SessionState state) {
  switch (state) {
    case SessionState::established:
      return "Connected";
    case SessionState::idle:
      return "Idle";
    default:
      return "Connecting";
  }
}

Json status_row(const Emulation& emulation, GatewayId instance, const End& end) {
  PeerStatus status;
  if (end.peer.speaker != nullptr) status = end.peer.speaker->status(end.peer.peer);
  const bool up = status.state == SessionState::established;
  size_t routes = up ? status.prefixes_accepted : 0;
  if (up && end.group() == cloud::azure::kSiblingGroup) {
    routes += remote_hosts(emulation, end.far->gateway).size();
  }
  // An end that can never come up has no peer in the speaker: az shows it trying.
  return {{"asn", end.own->expected_peer_asn},
          {"connectedDuration", up ? Json(time_span(emulation.clock() - status.since)) : Json()},
          {"localAddress", address_of(emulation.network(), instance)},
          {"messagesReceived", status.counters.messages_in},
          {"messagesSent", status.counters.messages_out},
          {"neighbor", end.far->address.to_string()},
          {"routesReceived", routes},
          {"state", end.peer.speaker == nullptr ? "Connecting" : state_of(status.state)}};
}

}  // namespace

Json route_server(const Scope& scope, const Emulation& emulation,
                  const cloud::RouteServer& server) {
  const std::string id = scope.id("virtualHubs/" + server.name);
  const cloud::Network& network = emulation.network();
  Json addresses = Json::array();
  for (const GatewayId instance : server.instances) {
    addresses.push_back(address_of(network, instance));
  }
  return {{"allowBranchToBranchTraffic", server.branch_to_branch},
          {"etag", fmt::format("W/\"{}\"", guid_of(id))},
          {"hubRoutingPreference", preference_of(server.preference)},
          {"id", id},
          {"kind", "RouteServer"},
          {"location", location_of(network.at(server.vnet).location)},
          {"name", server.name},
          {"provisioningState", "Succeeded"},
          {"resourceGroup", scope.resource_group},
          {"routeTable", {{"routes", Json::array()}}},
          {"routingState", "Provisioned"},
          {"sku", "Standard"},
          {"type", "Microsoft.Network/virtualHubs"},
          {"virtualHubRouteTableV2s", Json::array()},
          {"virtualRouterAsn", server.asn},
          {"virtualRouterAutoScaleConfiguration", {{"minCapacity", 2}}},
          {"virtualRouterIps", std::move(addresses)}};
}

Json peering(const Scope& scope, const Emulation& emulation, const cloud::RouteServer& server,
             const lab::RouteServerBgpConnection& connection) {
  const std::string id =
      scope.id(fmt::format("virtualHubs/{}/bgpConnections/{}", server.name, connection.name));
  std::string address = connection.peer_ip;
  size_t sessions = 0;
  size_t up = 0;
  for (const GatewayId instance : server.instances) {
    for (const End& end : ends_of(emulation, instance)) {
      if (end.own->connection != connection.name) continue;
      address = end.far->address.to_string();
      ++sessions;
      up += is_up(end) ? 1 : 0;
    }
  }
  return {{"connectionState", up > 0          ? "Connected"
                              : sessions == 0 ? "NotConnected"
                                              : "Connecting"},
          {"etag", fmt::format("W/\"{}\"", guid_of(id))},
          {"hubVirtualNetworkConnection", nullptr},
          {"id", id},
          {"name", connection.name},
          {"peerAsn", connection.peer_asn},
          {"peerIp", address},
          {"provisioningState", "Succeeded"},
          {"resourceGroup", scope.resource_group},
          {"type", "Microsoft.Network/virtualHubs/bgpConnections"}};
}

Json peering_learned(const Emulation& emulation, const cloud::RouteServer& server,
                     const std::string& connection) {
  return by_instance(
      emulation, server, connection, [](const std::string& local, const End& end, Json& rows) {
        for (const bgp::LearnedRoute& route : end.peer.speaker->learned(end.peer.peer)) {
          if (route.accepted == nullptr) continue;
          rows.push_back(learned_row(local, route, "EBgp", end.far->address.to_string()));
        }
      });
}

Json peering_advertised(const Emulation& emulation, const cloud::RouteServer& server,
                        const std::string& connection) {
  return by_instance(
      emulation, server, connection, [](const std::string& local, const End& end, Json& rows) {
        for (const bgp::AdvertisedRoute& route : end.peer.speaker->advertised(end.peer.peer)) {
          rows.push_back({{"asPath", as_path_of(route.attributes->as_path)},
                          {"localAddress", local},
                          {"network", route.prefix.to_string()},
                          {"nextHop", route.attributes->next_hop.to_string()},
                          {"origin", origin_of(route.attributes->origin)},
                          {"weight", kAdvertisedWeight}});
        }
      });
}

Json gateway_learned(const Emulation& emulation, const cloud::VpnGateway& gateway) {
  Json rows = Json::array();
  for (const GatewayId instance : gateway.instances) add_learned(emulation, instance, rows);
  return {{"value", std::move(rows)}};
}

Json gateway_advertised(const Emulation& emulation, const cloud::VpnGateway& gateway,
                        Ipv4Address peer) {
  Json rows = Json::array();
  for (const GatewayId instance : gateway.instances) {
    for (const End& end : ends_of(emulation, instance)) {
      if (end.far->address != peer || !is_up(end)) continue;
      for (const bgp::AdvertisedRoute& route : end.peer.speaker->advertised(end.peer.peer)) {
        rows.push_back({{"asPath", as_path_of(route.attributes->as_path)},
                        {"localAddress", address_of(emulation.network(), instance)},
                        {"network", route.prefix.to_string()},
                        {"nextHop", route.attributes->next_hop.to_string()},
                        {"origin", origin_of(route.attributes->origin)},
                        {"sourcePeer", nullptr},
                        {"weight", kAdvertisedWeight}});
      }
    }
  }
  return {{"value", std::move(rows)}};
}

Json gateway_peer_status(const Emulation& emulation, const cloud::VpnGateway& gateway) {
  Json rows = Json::array();
  for (const GatewayId instance : gateway.instances) {
    for (const End& end : ranked_ends(emulation, instance)) {
      rows.push_back(status_row(emulation, instance, end));
    }
  }
  return {{"value", std::move(rows)}};
}

}  // namespace skyhop::report::az
