#include "control/emulator/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "dataplane/flow_table.h"
#include "dataplane/stages/nat.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::NicId;
using cloud::RouterId;
using cloud::SubnetId;
using cloud::VmId;
using dataplane::DropReason;
using routing::Edge;

constexpr uint32_t kMostRouters = 255;  // as many as a worker lets a packet cross
constexpr uint32_t kFirstTtl = 64;      // what Linux sends with

std::string_view kind_of(const cloud::Network& network, RouterId id) {
  const cloud::Router& router = network.at(id);
  const auto* gateway = std::get_if<GatewayId>(&router.what);
  if (gateway == nullptr) return id == network.internet ? "internet" : "fabric";
  switch (network.at(*gateway).kind) {
    case cloud::GatewayKind::vpn_gateway_instance:
      return "vpn_gateway";
    case cloud::GatewayKind::appliance:
    case cloud::GatewayKind::on_premises:
      return "router";
    default:
      return "gateway";
  }
}

RouterId far_end(const cloud::Network& network, const routing::Channel& channel) {
  const cloud::Link& link = network.at(channel.link);
  return link.a == channel.from ? link.b : link.a;
}

bool is_up(const Emulation& emulation, RouterId router) {
  const auto* gateway = std::get_if<GatewayId>(&emulation.network().at(router).what);
  return gateway == nullptr || emulation.is_gateway_up(*gateway);
}

/// Flows that gateways have translated on the way there, so that replies find their way back.
struct Translated {
  GatewayId gateway;
  dataplane::NatSide side;
  lpm::FlowKey key;
  lpm::FlowKey translated;
};

std::string text_of(Ipv4Address address, uint16_t port) {
  return port == 0 ? address.to_string() : fmt::format("{}:{}", address.to_string(), port);
}

// Where the flow was allowed on the way there, and in which direction: its replies pass the same
// NICs the other way by state (A69).
using AllowedAt = std::set<std::pair<NicId, lab::Direction>>;

lab::Direction opposite(lab::Direction direction) {
  return direction == lab::Direction::Inbound ? lab::Direction::Outbound : lab::Direction::Inbound;
}

class Walk {
 public:
  /// `there`: of a reply, the walk it answers.
  Walk(const Emulation& emulation, const lpm::FlowKey& flow, const Walk* there)
      : emulation_(emulation), network_(emulation.network()), hash_(lpm::flow_hash(flow)) {
    path_.flow = path_.arrives = flow;
    if (there == nullptr) return;
    established_ = &there->allowed_;
    translated_ = there->translated_;
  }

  Path from(VmId vm) {
    const cloud::Nic& nic = network_.at(network_.at(vm).nic);
    path_.hops.push_back({.router = network_.at(vm).name, .kind = "vm", .address = nic.address});
    if (!passes(network_.at(vm).nic, lab::Direction::Outbound)) {
      end(DropReason::nsg_denied, network_.at(vm).name);
      return std::move(path_);
    }
    std::optional<RouterId> router = network_.at(nic.subnet).router;
    for (uint32_t crossed = 0; router; ++crossed) {
      if (crossed == kMostRouters) {
        end(DropReason::looping, network_.at(*router).name);
        break;
      }
      router = cross(*router);
    }
    return std::move(path_);
  }

 private:
  // Crosses one router; the next one, or nothing when the packet has ended.
  std::optional<RouterId> cross(RouterId id) {
    const cloud::Router& router = network_.at(id);
    const routing::RouterTable& table = emulation_.table(id);
    TraceHop& hop = path_.hops.emplace_back(TraceHop{.router = router.name,
                                                     .kind = std::string(kind_of(network_, id)),
                                                     .address = router.address,
                                                     .decrements_ttl = router.decrements_ttl});
    if (router.decrements_ttl && ttl_-- < 2) return end(DropReason::ttl_expired, router.name);
    const auto destination = path_.arrives.destination;
    if (!is_up(emulation_, id)) return end(DropReason::router_down, router.name);
    const routing::Entry* entry = table.lookup(destination);
    if (entry == nullptr) return end(DropReason::no_route, router.name);
    const lpm::EdgeId chosen = table.edge_for(destination, hash_);
    explain(hop, table, *entry, chosen);
    return leave(hop, id, table.edge_at(chosen));
  }

  std::optional<RouterId> leave(TraceHop& hop, RouterId id, const Edge& edge) {
    const std::string& name = network_.at(id).name;
    if (!edge.allowed_sources.empty() &&
        std::ranges::none_of(edge.allowed_sources,
                             [&](auto prefix) { return prefix.contains(path_.arrives.source); })) {
      return end(DropReason::forwarded_traffic, name);
    }
    switch (edge.kind) {
      case Edge::Kind::drop:
        return end(edge.reason, name);
      case Edge::Kind::local:
        path_.delivered = true;
        path_.verdict = "answered by " + name;
        return {};
      case Edge::Kind::nic: {
        const VmId vm = std::get<VmId>(network_.at(edge.nic).owner);
        const std::string& machine = network_.at(vm).name;
        path_.hops.push_back(
            {.router = machine, .kind = "vm", .address = network_.at(edge.nic).address});
        if (!passes(edge.nic, lab::Direction::Inbound)) return end(DropReason::nsg_denied, machine);
        path_.delivered = true;
        path_.verdict = "delivered to " + machine;
        return {};
      }
      case Edge::Kind::channel: {
        const cloud::Link& link = network_.at(edge.channel.link);
        hop.link = link.name;
        hop.link_kind = cloud::to_string(link.kind);
        const RouterId far = far_end(network_, edge.channel);
        if (edge.leaves && !passes(*edge.leaves, lab::Direction::Outbound)) {
          return end(DropReason::nsg_denied, name);
        }
        if (edge.enters && !passes(*edge.enters, lab::Direction::Inbound)) {
          return end(DropReason::nsg_denied, network_.at(far).name);
        }
        if (!is_up(emulation_, far)) return end(DropReason::router_down, network_.at(far).name);
        if (!emulation_.is_link_up(edge.channel.link)) return end(DropReason::link_down, link.name);
        translate(hop, network_.gateway_of(id), edge.channel.link, dataplane::NatSide::leaving);
        translate(hop, network_.gateway_of(far), edge.channel.link, dataplane::NatSide::entering);
        return far;
      }
    }
    return {};
  }

  /// As stages/nat.h of the data plane: known flows first, then the rules of the link.
  void translate(TraceHop& hop, std::optional<GatewayId> gateway, cloud::LinkId link,
                 dataplane::NatSide side) {
    const cloud::GatewayNat* nat = gateway ? network_.nat_of(*gateway) : nullptr;
    if (nat == nullptr) return;
    const lpm::FlowKey before = path_.arrives;
    const auto known = std::ranges::find_if(translated_, [&](const Translated& each) {
      return each.gateway == *gateway && each.side == side && each.key == before;
    });
    std::string by = "its flow is known";
    if (known != translated_.end()) {
      path_.arrives = known->translated;
    } else {
      const auto rules = cloud::nat_rules(*nat, link, side);
      const dataplane::NatRule* rule = dataplane::find_rule(rules, before);
      if (rule == nullptr) return;
      path_.arrives = dataplane::candidate(*rule, side, before, 0);
      by = rule->name;
      translated_.push_back({*gateway, side, before, path_.arrives});
      translated_.push_back({*gateway, dataplane::other_side(side),
                             dataplane::reverse_direction(path_.arrives),
                             dataplane::reverse_direction(before)});
    }
    hash_ = lpm::flow_hash(path_.arrives);
    const lpm::FlowKey& after = path_.arrives;
    const auto note = [&](const char* what, Ipv4Address old_address, uint16_t old_port,
                          Ipv4Address address, uint16_t port) {
      if (old_address == address && old_port == port) return;
      hop.translations.push_back(fmt::format("{} {} -> {} at {} ({})", what,
                                             text_of(old_address, old_port), text_of(address, port),
                                             network_.at(*gateway).name, by));
    };
    note("source", before.source, before.source_port, after.source, after.source_port);
    note("destination", before.destination, before.destination_port, after.destination,
         after.destination_port);
  }

  void explain(TraceHop& hop, const routing::RouterTable& table, const routing::Entry& entry,
               lpm::EdgeId chosen) const {
    hop.prefix = entry.prefix;
    const routing::Offer* best = entry.best();
    hop.source = routing::to_string(best->source);
    hop.description = best->description;
    for (const auto& loser : entry.losers()) {
      hop.losers.push_back({std::string(routing::to_string(loser.offer->source)),
                            loser.offer->description, loser.reason});
    }
    explain_bgp(hop, table.router(), entry.prefix);
    const auto in_use = table.active(entry);
    for (const auto* list : {&best->primary, &best->backup}) {
      for (const routing::NextHop& next : *list) {
        if (std::ranges::find(in_use, next.edge) == in_use.end()) continue;
        if (std::ranges::find(hop.choices, next.name) == hop.choices.end()) {
          hop.choices.push_back(next.name);
        }
        if (next.edge == chosen && hop.next_hop.empty()) {
          hop.next_hop = next.name;
          hop.via = next.via;
        }
      }
    }
  }

  // The candidates that the router's own speaker passed over, each with the step that decided.
  void explain_bgp(TraceHop& hop, RouterId router, Ipv4Prefix prefix) const {
    const auto* gateway = std::get_if<GatewayId>(&network_.at(router).what);
    const bgp::Speaker* speaker = gateway == nullptr ? nullptr : emulation_.speaker(*gateway);
    if (speaker == nullptr) return;
    for (const bgp::Decided& decided : speaker->explain(prefix)) {
      if (decided.standing != bgp::Standing::loser || !decided.candidate.peer) continue;
      const auto& peer = speaker->peer_config(*decided.candidate.peer);
      hop.losers.push_back(
          {"bgp",
           fmt::format("AS path {} from {}", decided.candidate.attributes->as_path.to_string(),
                       peer.name),
           decided.lost_at ? fmt::format("{} ({})", decided.reason, bgp::clause(*decided.lost_at))
                           : decided.reason});
    }
  }

  bool passes(NicId nic, lab::Direction direction) {
    const auto nsgs = emulation_.filters(nic, direction);
    if (nsgs.empty()) return true;
    TraceNsg verdict{
        .where = network_.at(nic).name,
        .direction = direction == lab::Direction::Inbound ? "Inbound" : "Outbound",
        .verdict = cloud::azure::evaluate(nsgs, path_.arrives),
        .by_state = established_ != nullptr && established_->contains({nic, opposite(direction)})};
    const bool allowed = verdict.by_state || verdict.verdict.allowed;
    if (allowed) allowed_.emplace(nic, direction);
    path_.hops.back().nsgs.push_back(std::move(verdict));
    return allowed;
  }

  std::nullopt_t end(DropReason reason, const std::string& where) {
    path_.drop = reason;
    path_.verdict = fmt::format("dropped at {}: {} ({})", where, to_string(reason),
                                dataplane::describe(reason));
    return std::nullopt;
  }

  const Emulation& emulation_;
  const cloud::Network& network_;
  const AllowedAt* established_ = nullptr;
  std::vector<Translated> translated_;
  uint32_t hash_;
  uint32_t ttl_ = kFirstTtl;
  AllowedAt allowed_;
  Path path_;
};

lpm::FlowKey flow_of(const Emulation& emulation, const TraceRequest& request) {
  const cloud::Network& network = emulation.network();
  return {.source = network.at(network.at(request.from).nic).address,
          .destination = request.to,
          .source_port = request.source_port,
          .destination_port = request.destination_port,
          .protocol = request.protocol};
}

bool is_on_internet(const cloud::Network& network, VmId vm) {
  const SubnetId subnet = network.at(network.at(vm).nic).subnet;
  return network.at(network.at(subnet).vnet).kind == cloud::VnetKind::internet;
}

std::optional<VmId> vm_at_end(const Emulation& emulation, const Path& path) {
  if (!path.delivered || path.hops.back().kind != "vm") return {};
  return emulation.network().find_vm(path.hops.back().router);
}

}  // namespace

bool Path::crosses(std::string_view router) const {
  // A network domain's table is the gateway's: "transit-1@production" is transit-1 too.
  return std::ranges::any_of(hops, [&](const TraceHop& hop) {
    return hop.router == router || hop.router.starts_with(std::string(router) + "@");
  });
}

Trace trace(const Emulation& emulation, const TraceRequest& request) {
  const cloud::Network& network = emulation.network();
  Trace result{.from = network.at(request.from).name, .to = request.to.to_string()};
  Walk there(emulation, flow_of(emulation, request), nullptr);
  result.forward = there.from(request.from);
  if (const auto vm = vm_at_end(emulation, result.forward)) {
    result.to = network.at(*vm).name;
    // What a host on the Internet answers goes to whoever translated the address, which is not
    // modelled.
    if (is_on_internet(network, *vm)) return result;
    Walk back(emulation, dataplane::reverse_direction(result.forward.arrives), &there);
    result.back = back.from(*vm);
  }
  return result;
}

std::vector<std::vector<Ipv4Address>> mtr(const Emulation& emulation, const TraceRequest& request) {
  const cloud::Network& network = emulation.network();
  std::vector<std::vector<Ipv4Address>> hops;
  const auto note = [&](size_t depth, Ipv4Address address) {
    if (hops.size() <= depth) hops.resize(depth + 1);
    if (std::ranges::find(hops[depth], address) == hops[depth].end()) {
      hops[depth].push_back(address);
    }
  };
  // Breadth first over (router, TTL used so far): every ECMP choice, each state once.
  const auto entry = network.at(network.at(network.at(request.from).nic).subnet).router;
  std::set<std::pair<RouterId, size_t>> seen;
  std::vector<std::pair<RouterId, size_t>> open;
  if (entry) open.emplace_back(*entry, 0);
  for (size_t next = 0; next < open.size(); ++next) {
    const auto [id, depth] = open[next];
    const cloud::Router& router = network.at(id);
    if (depth >= kMostRouters || !is_up(emulation, id) || !seen.emplace(id, depth).second) continue;
    if (router.decrements_ttl) note(depth, router.address);
    const size_t after = depth + (router.decrements_ttl ? 1 : 0);
    const routing::RouterTable& table = emulation.table(id);
    const routing::Entry* match = table.lookup(request.to);
    if (match == nullptr) continue;
    for (const lpm::EdgeId edge_id : table.active(*match)) {
      const Edge& edge = table.edge_at(edge_id);
      if (edge.kind == Edge::Kind::nic) note(after, network.at(edge.nic).address);
      if (edge.kind == Edge::Kind::channel && emulation.is_link_up(edge.channel.link)) {
        open.emplace_back(far_end(network, edge.channel), after);
      }
    }
  }
  for (auto& addresses : hops) std::ranges::sort(addresses);
  return hops;
}

std::string to_string(const std::vector<std::vector<Ipv4Address>>& hops) {
  std::string text;
  for (const auto& addresses : hops) {
    if (!text.empty()) text += ' ';
    if (addresses.empty()) text += '*';
    for (size_t i = 0; i < addresses.size(); ++i) {
      const std::string address = addresses[i].to_string();
      if (i == 0) {
        text += address;
        continue;
      }
      // Alternatives are told by what differs: ".196" beside 10.0.21.132.
      const std::string first = addresses.front().to_string();
      const size_t dot = address.rfind('.');
      const bool same_subnet = first.compare(0, first.rfind('.'), address, 0, dot) == 0;
      text += "|" + (same_subnet ? address.substr(dot) : address);
    }
  }
  return text;
}

}  // namespace skyhop::emulator
