#include "control/emulator/speakers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/cloud/aviatrix/bgp_gateway.h"
#include "control/cloud/aviatrix/transit_policy.h"
#include "control/cloud/azure/peer_groups.h"
#include "control/cloud/azure/route_server_policy.h"
#include "control/cloud/azure/topology.h"
#include "control/cloud/azure/vpn_gateway_policy.h"
#include "control/cloud/routers/router_policy.h"

namespace skyhop::emulator {
namespace {

using bgp::SessionState;
using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::SessionId;

// Azure speaks 60/180 s and keeps to 60 s whatever the peer offers (A7; the VPN gateway's part is
// contested, azure/DESIGN.md lists the switch).
constexpr auto kAzureHoldTime = std::chrono::seconds(180);
constexpr auto kAzureKeepalive = std::chrono::seconds(60);

template <typename Resource>
const Resource* owner_of(const std::vector<Resource>& resources, GatewayId gateway) {
  const auto found = std::ranges::find_if(resources, [&](const Resource& resource) {
    return std::ranges::find(resource.instances, gateway) != resource.instances.end();
  });
  return found == resources.end() ? nullptr : &*found;
}

void configure_route_server_peer(const cloud::Network& network, const cloud::RouteServer& server,
                                 const cloud::Gateway& other, bgp::PeerConfig& peer) {
  peer.hold_time = kAzureHoldTime;
  if (other.kind == GatewayKind::vpn_gateway_instance) {
    peer.group = cloud::azure::kGatewayGroup;
    peer.import_policy = cloud::azure::route_server_import_from_gateway(network, server);
    peer.export_policy = cloud::azure::route_server_export_to_gateway(server);
    return;
  }
  peer.group = cloud::azure::kNvaGroup;
  peer.import_policy = cloud::azure::route_server_import_from_nva(network, server);
  peer.export_policy = cloud::azure::route_server_export_to_nva(server);
  peer.prefix_limit = {.maximum = server.max_prefixes_per_peer,
                       .counting = bgp::PrefixLimit::Counting::cumulative};
}

void configure_vpn_gateway_peer(const cloud::Network& network, const cloud::VpnGateway& gateway,
                                GatewayId own, const cloud::Gateway& other, bgp::PeerConfig& peer) {
  peer.hold_time = kAzureHoldTime;
  peer.fixed_keepalive = kAzureKeepalive;
  if (other.kind == GatewayKind::route_server_instance) {
    peer.group = cloud::azure::kRouteServerGroup;
  } else if (other.kind == GatewayKind::vpn_gateway_instance &&
             other.resource == network.at(own).resource) {
    peer.group = cloud::azure::kSiblingGroup;
  } else {
    peer.group = cloud::azure::kBranchGroup;
  }
  const bool is_branch = peer.group == cloud::azure::kBranchGroup;
  peer.import_policy = is_branch ? cloud::azure::vpn_gateway_import_from_branch(network, gateway)
                                 : cloud::azure::vpn_gateway_import_from_ibgp(network, gateway);
  peer.export_policy = is_branch ? cloud::azure::vpn_gateway_export_to_branch(network, gateway)
                                 : cloud::azure::vpn_gateway_export_to_ibgp(network, gateway, own);
  peer.prefix_limit.maximum = cloud::azure::vpn_gateway_max_prefixes(network, gateway, peer.group);
}

void configure_router_peer(const lab::Lab& lab, const cloud::Gateway& own,
                           const cloud::Session::End& end, const cloud::Gateway& far,
                           bgp::PeerConfig& peer) {
  peer.group = far.resource;
  const lab::RouterNeighbor* neighbor = cloud::routers::neighbor_of(lab, own, far);
  if (neighbor == nullptr) return;
  peer.hold_time = std::chrono::duration_cast<bgp::Duration>(neighbor->hold_time);
  peer.ttl = static_cast<uint8_t>(neighbor->ebgp_multihop);
  peer.route_refresh = neighbor->route_refresh;
  peer.export_policy = cloud::routers::export_to(*neighbor, end.local_asn, end.expected_peer_asn);
  if (neighbor->next_hop) peer.next_hop = bgp::NextHopMode::unchanged;
}

}  // namespace

Speakers::Speakers(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
                   bgp::Scheduler& scheduler, CarriesPackets carries_packets)
    : lab_(lab),
      network_(network),
      state_(state),
      carries_packets_(std::move(carries_packets)),
      aviatrix_(lab, network),
      transport_(scheduler, [this](lpm::Ipv4Address from, lpm::Ipv4Address to,
                                   uint8_t ttl) { return is_reachable(from, to, ttl); }),
      scheduler_(scheduler),
      speakers_(network.gateways.size()),
      sessions_of_peer_(network.gateways.size()),
      ends_a_(network.sessions.size()),
      ends_b_(network.sessions.size()) {
  for (size_t i = 0; i < network.gateways.size(); ++i) make_speaker(GatewayId(i));
  for (size_t i = 0; i < network.sessions.size(); ++i) {
    const cloud::Session& session = network.sessions[i];
    if (!session.problem.empty()) continue;
    by_addresses_[{session.a.address, session.b.address}] = SessionId(i);
    by_addresses_[{session.b.address, session.a.address}] = SessionId(i);
    ends_a_[i] = make_peer(SessionId(i), session.a, session.b);
    ends_b_[i] = make_peer(SessionId(i), session.b, session.a);
  }
}

void Speakers::make_speaker(GatewayId id) {
  const cloud::Gateway& gateway = network_.at(id);
  if (gateway.asn == 0) return;
  bgp::SpeakerConfig config{.name = gateway.name,
                            .asn = gateway.asn,
                            .router_id = network_.at(gateway.nics.front()).address};
  std::vector<lpm::Ipv4Prefix> originated;
  if (const auto* server = owner_of(network_.route_servers, id)) {
    config.decision = cloud::azure::route_server_decision();
    config.honour_no_export = false;  // preserved and still sent: the switch's default
    originated = cloud::azure::route_server_originates(network_, *server);
  } else if (const auto* vpn = owner_of(network_.vpn_gateways, id)) {
    config.decision = cloud::azure::vpn_gateway_decision();
    config.honour_no_export = false;
    originated = cloud::azure::vpn_gateway_originates(network_, *vpn);
  } else if (const auto* router = network_.plain_router(id)) {
    config.decision = cloud::routers::router_decision(*router);
    originated = router->networks;
  } else if (const auto aviatrix = cloud::aviatrix::bgp_gateway(lab_, gateway.resource)) {
    config.decision = cloud::aviatrix::transit_decision(*aviatrix);
  }
  auto& speaker = speakers_[id.index()];
  speaker = std::make_unique<bgp::Speaker>(std::move(config), scheduler_, transport_);
  for (const lpm::Ipv4Prefix prefix : originated) speaker->originate(prefix, {});
}

Speakers::End Speakers::make_peer(SessionId id, const cloud::Session::End& own,
                                  const cloud::Session::End& other) {
  bgp::Speaker* speaker = at(own.gateway);
  if (speaker == nullptr) return {};
  const cloud::Gateway& far = network_.at(other.gateway);
  bgp::PeerConfig peer{.name = far.name,
                       .local_address = own.address,
                       .remote_address = other.address,
                       .remote_asn = own.expected_peer_asn,
                       .passive = own.is_passive};
  if (const auto* server = owner_of(network_.route_servers, own.gateway)) {
    configure_route_server_peer(network_, *server, far, peer);
  } else if (const auto* vpn = owner_of(network_.vpn_gateways, own.gateway)) {
    configure_vpn_gateway_peer(network_, *vpn, own.gateway, far, peer);
  } else if (network_.plain_router(own.gateway) != nullptr) {
    configure_router_peer(lab_, network_.at(own.gateway), own, far, peer);
  } else {
    aviatrix_.configure(own.gateway, own.connection, peer);
  }
  const bgp::PeerId added = speaker->add_peer(std::move(peer));
  auto& sessions = sessions_of_peer_[own.gateway.index()];
  sessions.resize(std::max<size_t>(sessions.size(), static_cast<uint32_t>(added) + 1));
  sessions[static_cast<uint32_t>(added)] = id;
  return {.gateway = own.gateway, .peer = added, .exists = true};
}

void Speakers::observe(const OnRoutes& on_routes, const OnState& on_state) {
  for (size_t i = 0; i < speakers_.size(); ++i) {
    if (speakers_[i] == nullptr) continue;
    const GatewayId id(i);
    speakers_[i]->on_best_change(
        [on_routes, id](std::span<const bgp::Prefix> prefixes) { on_routes(id, prefixes); });
    speakers_[i]->on_session_state([this, on_state, id](bgp::PeerId peer, SessionState from,
                                                        SessionState to,
                                                        const std::string& reason) {
      const SessionId session = session_of(id, peer);
      const bool is_first_end = end_a(session).exists ? end_a(session).gateway == id : true;
      if (is_first_end) on_state(session, from, to, reason);
    });
    speakers_[i]->on_message([this](const bgp::MessageTrace& message) {
      if (!records_ || message.direction != bgp::MessageDirection::sent) return;
      messages_.push_back(fmt::format("{} {} > {} {:02x}", message.time.count(), message.speaker,
                                      message.peer_name, fmt::join(message.octets, "")));
    });
  }
}

void Speakers::start() {
  for (size_t i = 0; i < speakers_.size(); ++i) {
    if (speakers_[i] != nullptr && state_.is_up(GatewayId(i))) speakers_[i]->start();
  }
}

void Speakers::crash(GatewayId gateway) {
  if (at(gateway) != nullptr) at(gateway)->crash();
}

void Speakers::restart(GatewayId gateway) {
  if (at(gateway) != nullptr) at(gateway)->start();
}

void Speakers::stop_session(SessionId session) {
  const End& end = end_a(session).exists ? end_a(session) : end_b(session);
  if (end.exists) at(end.gateway)->stop_peer(end.peer);
}

void Speakers::start_session(SessionId session) {
  const End& end = end_a(session).exists ? end_a(session) : end_b(session);
  if (end.exists) at(end.gateway)->start_peer(end.peer);
}

SessionId Speakers::session_of(GatewayId gateway, bgp::PeerId peer) const {
  return sessions_of_peer_[gateway.index()][static_cast<uint32_t>(peer)];
}

bool Speakers::is_reachable(lpm::Ipv4Address from, lpm::Ipv4Address to, uint8_t ttl) const {
  const auto found = by_addresses_.find({from, to});
  if (found == by_addresses_.end()) return false;
  const cloud::Session& session = network_.at(found->second);
  if (!state_.is_up(session.a.gateway) || !state_.is_up(session.b.gateway)) return false;
  if (session.link) return carries_packets_(*session.link);
  return is_fabric_open(session, ttl);
}

// Azure's fabric is a hop for everything that leaves its subnet (A4), and peerings carry a session
// only while both directions stand.
bool Speakers::is_fabric_open(const cloud::Session& session, uint8_t ttl) const {
  const auto subnet_of = [&](GatewayId gateway) {
    return network_.at(network_.at(gateway).nics.back()).subnet;
  };
  if (subnet_of(session.a.gateway) != subnet_of(session.b.gateway) && ttl < 2) return false;
  const cloud::VnetId a = network_.at(session.a.gateway).vnet;
  const cloud::VnetId b = network_.at(session.b.gateway).vnet;
  return a == b || (cloud::azure::peering_between(network_, a, b) &&
                    cloud::azure::peering_between(network_, b, a));
}

}  // namespace skyhop::emulator
