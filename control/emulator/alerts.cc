#include "control/emulator/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/bgp/message/notification.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::LinkId;
using cloud::SessionId;

// The product warns of a hundred prefixes from eighty on.
bool is_near(uint64_t used, uint64_t limit) { return limit != 0 && used * 5 >= limit * 4; }

constexpr size_t kMaxDomains = 200;

class Watch {
 public:
  Watch(const Emulation& emulation, const lab::Lab& lab)
      : emulation_(emulation), network_(emulation.network()), lab_(lab) {}

  std::vector<Alert> run() {
    for (size_t i = 0; i < network_.gateways.size(); ++i) gateway(GatewayId(i));
    for (size_t i = 0; i < network_.links.size(); ++i) tunnel(LinkId(i));
    sessions();
    for (const PendingCidr& pending : emulation_.pending_cidrs()) {
      add(Alert::Kind::approval_pending, network_.at(pending.gateway).name,
          fmt::format("{} of {} waits for approval", pending.prefix.to_string(),
                      pending.connection),
          "V36");
    }
    limits();
    std::ranges::stable_sort(
        alerts_, {}, [](const Alert& alert) { return std::pair(alert.kind, alert.subject); });
    return std::move(alerts_);
  }

 private:
  void add(Alert::Kind kind, std::string subject, std::string what, std::string rule = {}) {
    alerts_.push_back({kind, std::move(subject), std::move(what), std::move(rule)});
  }

  void gateway(GatewayId id) {
    const cloud::Gateway& gateway = network_.at(id);
    if (!emulation_.is_gateway_up(id)) {
      // A spoke that the timeline adds later is not missed before.
      if (gateway.present_at_start) add(Alert::Kind::gateway_down, gateway.name, "is down");
      return;
    }
    const bgp::Speaker* speaker = emulation_.speaker(id);
    if (speaker == nullptr) return;
    if (gateway.kind == GatewayKind::transit) overlaps(gateway, *speaker);
    for (const bgp::PeerId peer : speaker->peers()) prefixes(gateway, *speaker, peer);
  }

  void overlaps(const cloud::Gateway& gateway, const bgp::Speaker& speaker) {
    std::vector<std::pair<std::string, Ipv4Prefix>> cidrs;
    for (const auto& attachment : lab::attachments(lab_)) {
      if (attachment.transit_gw_name != gateway.resource) continue;
      const auto spoke = std::ranges::find(lab_.spoke_gateways, attachment.spoke_gw_name,
                                           &lab::SpokeGateway::name);
      if (spoke != lab_.spoke_gateways.end()) cidrs.emplace_back(spoke->name, spoke->cidr);
    }
    for (const bgp::PeerId peer : speaker.peers()) {
      for (const bgp::LearnedRoute& route : speaker.learned(peer)) {
        const Ipv4Prefix prefix = route.prefix.ipv4();
        if (!route.accepted || prefix == Ipv4Prefix::everything()) continue;
        for (const auto& [name, cidr] : cidrs) {
          if (!prefix.overlaps(cidr)) continue;
          add(Alert::Kind::overlap, gateway.name,
              fmt::format("learned {} of {} overlaps {} of {}", prefix.to_string(),
                          speaker.peer_config(peer).group, cidr.to_string(), name),
              "V38");
        }
      }
    }
  }

  void prefixes(const cloud::Gateway& gateway, const bgp::Speaker& speaker, bgp::PeerId peer) {
    const uint32_t limit = speaker.peer_config(peer).prefix_limit.maximum;
    if (limit == 0) return;
    const bgp::PeerStatus status = speaker.status(peer);
    const std::string& name = speaker.peer_config(peer).name;
    constexpr uint8_t kMaximumPrefixes = 1;
    const auto& last = status.last_notification_out;
    const bool fell = last && last->code == bgp::ErrorCode::cease &&
                      last->subcode == kMaximumPrefixes &&
                      status.state != bgp::SessionState::established;
    if (fell) {
      add(Alert::Kind::limit_reached, gateway.name,
          fmt::format("{} sent more than {} prefixes; the session fell", name, limit), "V55");
    } else if (is_near(status.prefixes_received, limit)) {
      add(Alert::Kind::near_limit, gateway.name,
          fmt::format("{} of {} prefixes from {}", status.prefixes_received, limit, name), "V55");
    }
  }

  void tunnel(LinkId id) {
    const cloud::Link& link = network_.at(id);
    if (link.kind == cloud::LinkKind::fabric || link.carrier || emulation_.is_link_up(id)) return;
    for (const auto end : {link.a, link.b}) {
      const auto gateway = network_.gateway_of(end);
      if (gateway && !emulation_.is_gateway_up(*gateway)) return;  // that is told already
    }
    add(Alert::Kind::tunnel_down, link.name,
        link.problem.empty() ? "the tunnel is down" : link.problem);
  }

  void sessions() {
    std::map<GatewayId, std::map<std::string, std::pair<size_t, size_t>>> mesh;
    for (size_t i = 0; i < network_.sessions.size(); ++i) {
      const cloud::Session& session = network_.sessions[i];
      const bool is_up = emulation_.session_state(SessionId(i)) == "Established";
      const bool ends_run = emulation_.is_gateway_up(session.a.gateway) &&
                            emulation_.is_gateway_up(session.b.gateway);
      if (!is_up && ends_run) {
        add(Alert::Kind::session_down, session.name,
            session.problem.empty() ? "the session is down" : session.problem);
      }
      for (const auto& [near, far] : {std::pair(session.a.gateway, session.b.gateway),
                                      std::pair(session.b.gateway, session.a.gateway)}) {
        if (network_.at(near).kind != GatewayKind::transit ||
            network_.at(far).kind != GatewayKind::route_server_instance) {
          continue;
        }
        mesh[near][network_.at(far).resource].first += is_up ? 1 : 0;
      }
    }
    for (const auto& [gateway, servers] : mesh) {
      for (const auto& [server, counts] : servers) {
        const auto resource =
            std::ranges::find(network_.route_servers, server, &cloud::RouteServer::name);
        if (counts.first == 0 || counts.first >= resource->instances.size()) continue;
        add(Alert::Kind::partial_mesh, network_.at(gateway).name,
            fmt::format("sessions with {} of {} instances of {}: half of the traffic may be lost",
                        counts.first, resource->instances.size(), server),
            "V10");
      }
    }
  }

  /// What the instances know of VNets and branches, each prefix once.
  [[nodiscard]] size_t routes_of(const cloud::RouteServer& server) const {
    std::set<Ipv4Prefix> known;
    for (const cloud::GatewayId instance : server.instances) {
      const bgp::Speaker* speaker = emulation_.speaker(instance);
      if (speaker == nullptr) continue;
      for (const bgp::Prefix& prefix : speaker->originated()) known.insert(prefix.ipv4());
      speaker->for_each_best([&](const bgp::BestRoute& best) { known.insert(best.prefix.ipv4()); });
    }
    return known.size();
  }

  void limits() {
    for (const cloud::RouteServer& server : network_.route_servers) {
      const auto peers = std::ranges::count(lab_.route_server_bgp_connections, server.name,
                                            &lab::RouteServerBgpConnection::route_server);
      const auto used = static_cast<uint64_t>(peers);
      if (used >= server.max_peers) {
        add(Alert::Kind::limit_reached, server.name,
            fmt::format("{} of {} peers", used, server.max_peers), "V55");
      } else if (is_near(used, server.max_peers)) {
        add(Alert::Kind::near_limit, server.name,
            fmt::format("{} of {} peers", used, server.max_peers), "V55");
      }
      const size_t routes = routes_of(server);
      if (server.max_prefixes == 0) continue;
      if (routes >= server.max_prefixes) {
        add(Alert::Kind::limit_reached, server.name,
            fmt::format("{} of {} routes in all", routes, server.max_prefixes), "V55");
      } else if (is_near(routes, server.max_prefixes)) {
        add(Alert::Kind::near_limit, server.name,
            fmt::format("{} of {} routes in all", routes, server.max_prefixes), "V55");
      }
    }
    if (is_near(lab_.network_domains.size(), kMaxDomains)) {
      add(Alert::Kind::near_limit, "network domains",
          fmt::format("{} of {}", lab_.network_domains.size(), kMaxDomains), "V49");
    }
  }

  const Emulation& emulation_;
  const cloud::Network& network_;
  const lab::Lab& lab_;
  std::vector<Alert> alerts_;
};

}  // namespace

std::string_view to_string(Alert::Kind kind) {
  switch (kind) {
    case Alert::Kind::overlap:
      return "overlap";
    case Alert::Kind::near_limit:
      return "near limit";
    case Alert::Kind::limit_reached:
      return "limit reached";
    case Alert::Kind::approval_pending:
      return "approval pending";
    case Alert::Kind::partial_mesh:
      return "partial mesh";
    case Alert::Kind::session_down:
      return "session down";
    case Alert::Kind::tunnel_down:
      return "tunnel down";
    case Alert::Kind::gateway_down:
      return "gateway down";
  }
  return "?";
}

std::vector<Alert> alerts(const Emulation& emulation, const lab::Lab& lab) {
  return Watch(emulation, lab).run();
}

}  // namespace skyhop::emulator
