#include "control/explain/route_story.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <set>

#include "control/cloud/azure/peer_groups.h"
#include "control/cloud/azure/topology.h"
#include "control/emulator/names.h"

namespace skyhop::explain {
namespace {

using cloud::GatewayId;
using cloud::GatewayKind;
using cloud::RouterId;
using cloud::SubnetId;
using emulator::Emulation;
using lpm::Ipv4Prefix;
using Outcome = Crossing::Outcome;

constexpr size_t kFar = std::numeric_limits<size_t>::max();

std::string path_text(const bgp::PathAttributes& a) {
  const std::string path = a.as_path.to_string();
  return path.empty() ? "empty" : path;
}

// "AS path 65020 -> 65515 65020, next hop 10.0.20.68 -> 10.0.10.4"
std::string changes(const bgp::PathAttributes& before, const bgp::PathAttributes& after) {
  std::vector<std::string> parts;
  parts.push_back(before.as_path == after.as_path
                      ? fmt::format("AS path {}", path_text(after))
                      : fmt::format("AS path {} -> {}", path_text(before), path_text(after)));
  parts.push_back(before.next_hop == after.next_hop || before.next_hop.value() == 0
                      ? fmt::format("next hop {}", after.next_hop.to_string())
                      : fmt::format("next hop {} -> {}", before.next_hop.to_string(),
                                    after.next_hop.to_string()));
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Storyteller {
 public:
  Storyteller(const Emulation& emulation, Ipv4Prefix prefix)
      : emulation_(emulation), network_(emulation.network()), prefix_(prefix) {
    find_origins();
    find_crossings();
  }

  RouteStory of_gateway(GatewayId id) {
    const cloud::Gateway& gateway = network_.at(id);
    RouteStory story = begin(gateway.name);
    const bgp::Speaker* speaker = emulation_.speaker(id);
    if (gateway.router) story.held = holds(*gateway.router);
    if (speaker != nullptr) {
      if (!gateway.router) story.held = speaker->best(prefix_).has_value();
      add_contenders(*speaker, story);
      story.way = way_to(gateway.name);
    } else {
      add_controller_way(id, story);
    }
    return finish(std::move(story), gateway.router);
  }

  RouteStory of_subnet(SubnetId id) {
    const cloud::Subnet& subnet = network_.at(id);
    const std::string name = fmt::format("{}/{}", network_.at(subnet.vnet).name, subnet.name);
    RouteStory story = begin(name);
    const cloud::azure::EffectiveRoute* row = nullptr;
    for (const auto& r : emulation_.effective_routes(id)) {
      if (r.prefix == prefix_ && (row == nullptr || r.state == cloud::azure::RouteState::Active)) {
        row = &r;
      }
    }
    story.held = row != nullptr && row->state == cloud::azure::RouteState::Active;
    if (row != nullptr && row->source == cloud::azure::RouteSource::User) {
      story.way.push_back({.outcome = Outcome::told,
                           .from = "route table",
                           .to = name,
                           .what = fmt::format("user route {} -> {}",
                                               row->name.empty() ? "of the controller" : row->name,
                                               to_string(row->next_hop_type)),
                           .rule = "A57",
                           .reason = {}});
    } else if (row == nullptr || row->source == cloud::azure::RouteSource::VirtualNetworkGateway) {
      add_fabric_way(subnet, name, row, story);
    }
    return finish(std::move(story), subnet.router);
  }

 private:
  RouteStory begin(std::string at) const {
    return {.at = std::move(at),
            .prefix = prefix_,
            .held = false,
            .verdict = {},
            .origins = origins_,
            .way = {},
            .contenders = {},
            .refused = {},
            .tables = {}};
  }

  void find_origins() {
    for (size_t i = 0; i < network_.gateways.size(); ++i) {
      const GatewayId id(i);
      const bgp::Speaker* speaker = emulation_.speaker(id);
      if (speaker == nullptr) continue;
      const auto own = speaker->originated();
      if (std::ranges::find(own, prefix_) == own.end()) continue;
      origins_.push_back({network_.at(id).name, why_own(network_.at(id))});
    }
  }

  std::string why_own(const cloud::Gateway& gateway) const {
    for (const cloud::Vnet& vnet : network_.vnets) {
      if (std::ranges::find(vnet.address_space, prefix_) == vnet.address_space.end()) continue;
      const auto id = network_.find_vnet(vnet.name);
      if (id && *id == gateway.vnet) return "its own VNet's address space";
      if (gateway.kind == GatewayKind::transit) {
        return fmt::format("the controller says so: CIDR of {}, attached", vnet.name);
      }
      return fmt::format("address space of {}, a VNet that uses its gateways (A31)", vnet.name);
    }
    return gateway.kind == GatewayKind::transit
               ? "the controller says so: a spoke's advertised CIDR"
               : "a local network gateway's prefix, reached without BGP";
  }

  void find_crossings() {
    for (size_t i = 0; i < network_.sessions.size(); ++i) {
      const cloud::SessionId id(i);
      const cloud::Session& s = network_.sessions[i];
      cross(id, s, s.a, s.b, true);
      cross(id, s, s.b, s.a, false);
    }
  }

  void cross(cloud::SessionId id, const cloud::Session& session, const cloud::Session::End& near,
             const cloud::Session::End& far, bool near_is_a) {
    const bgp::Speaker* sender = emulation_.speaker(near.gateway);
    const auto best = sender == nullptr ? std::nullopt : sender->best(prefix_);
    if (!best) return;
    Crossing c{.outcome = Outcome::told,
               .from = network_.at(near.gateway).name,
               .to = network_.at(far.gateway).name,
               .what = {},
               .rule = {},
               .reason = {}};
    const auto out = emulation_.session_peer(id, near_is_a);
    const auto in = emulation_.session_peer(id, !near_is_a);
    if (out.speaker == nullptr || in.speaker == nullptr) {
      c.outcome = Outcome::session_down;
      c.reason = session.problem.empty() ? "the session is down" : session.problem;
      crossings_.push_back(std::move(c));
      return;
    }
    const bgp::PolicyVerdict told = sender->explain_export(out.peer, prefix_);
    if (!told.accepted) {
      c.outcome = Outcome::not_told;
      c.rule = told.rule;
      c.reason = told.reason;
    } else if (const auto status = sender->status(out.peer);
               status.state != bgp::SessionState::established) {
      c.outcome = Outcome::session_down;
      c.reason = fmt::format("session {} is {}{}", session.name, bgp::to_string(status.state),
                             status.last_reason.empty() ? "" : ": " + status.last_reason);
    } else if (const auto learned = in.speaker->learned(in.peer, prefix_); !learned) {
      c.outcome = Outcome::not_told;
      c.reason = "not sent yet";
    } else if (learned->accepted == nullptr) {
      c.outcome = Outcome::rejected;
      c.rule = learned->rule;
      c.reason = learned->reason;
    } else {
      c.what = changes(*best->paths.front().attributes, *learned->accepted);
      c.rule = !told.rule.empty() ? told.rule : learned->rule;
      c.reason = !told.reason.empty() ? told.reason : learned->reason;
    }
    crossings_.push_back(std::move(c));
  }

  // Back from a speaker over the best path's peers to an origin.
  std::vector<Crossing> way_to(const std::string& name) const {
    std::deque<Crossing> way;
    std::set<std::string> seen;
    std::string at = name;
    while (seen.insert(at).second) {
      const auto id = network_.find_gateway(at);
      const bgp::Speaker* speaker = id ? emulation_.speaker(*id) : nullptr;
      const auto best = speaker == nullptr ? std::nullopt : speaker->best(prefix_);
      if (!best || !best->paths.front().peer) break;
      const std::string from = speaker->peer_config(*best->paths.front().peer).name;
      const auto found = std::ranges::find_if(crossings_, [&](const Crossing& c) {
        return c.from == from && c.to == at && c.outcome == Outcome::told;
      });
      if (found == crossings_.end()) break;
      way.push_front(*found);
      at = from;
    }
    return {way.begin(), way.end()};
  }

  void add_contenders(const bgp::Speaker& speaker, RouteStory& story) const {
    for (const bgp::Decided& d : speaker.explain(prefix_)) {
      const bgp::Candidate& c = d.candidate;
      std::string reason = d.reason;
      if (d.lost_at && !reason.empty()) reason += fmt::format(" ({})", bgp::clause(*d.lost_at));
      story.contenders.push_back({.from = c.peer ? speaker.peer_config(*c.peer).name : "itself",
                                  .as_path = c.attributes->as_path.to_string(),
                                  .next_hop = c.attributes->next_hop.to_string(),
                                  .standing = d.standing == bgp::Standing::best        ? "best"
                                              : d.standing == bgp::Standing::multipath ? "multipath"
                                                                                       : "not used",
                                  .reason = std::move(reason)});
    }
  }

  // A spoke gateway speaks no BGP: the controller carries its transit's routes to it.
  void add_controller_way(GatewayId id, RouteStory& story) const {
    for (const cloud::Attachment& a : network_.attachments) {
      if (std::ranges::find(a.spoke, id) == a.spoke.end()) continue;
      for (const GatewayId transit : a.transit) {
        const cloud::Gateway& t = network_.at(transit);
        const bgp::Speaker* speaker = emulation_.speaker(transit);
        if (speaker == nullptr || !speaker->best(prefix_)) continue;
        story.way = way_to(t.name);
        story.way.push_back(
            {.outcome = story.held ? Outcome::told : Outcome::not_told,
             .from = t.name,
             .to = network_.at(id).name,
             .what = story.held ? "the controller polls the transit and programs the spoke" : "",
             .rule = "V46",
             .reason = story.held ? "" : "the controller does not program it"});
        return;
      }
    }
  }

  // Why a VNet's fabric has a gateway's route, or has it not.
  void add_fabric_way(const cloud::Subnet& subnet, const std::string& name,
                      const cloud::azure::EffectiveRoute* row, RouteStory& story) const {
    const cloud::Vnet& vnet = network_.at(subnet.vnet);
    const auto remote = cloud::azure::remote_gateway_vnet(network_, subnet.vnet);
    const cloud::Gateway* programmer = nullptr;
    for (size_t i = 0; i < network_.gateways.size(); ++i) {
      const cloud::Gateway& g = network_.gateways[i];
      if (g.kind != GatewayKind::route_server_instance &&
          g.kind != GatewayKind::vpn_gateway_instance) {
        continue;
      }
      const bgp::Speaker* speaker = emulation_.speaker(GatewayId(i));
      if (speaker == nullptr || !speaker->best(prefix_)) continue;
      if (programmer == nullptr || !speaks_for(*programmer)) programmer = &g;
    }
    if (programmer == nullptr) return;
    story.way = way_to(programmer->name);
    Crossing last{.outcome = Outcome::told,
                  .from = programmer->name,
                  .to = name,
                  .what = {},
                  .rule = {},
                  .reason = {}};
    if (row != nullptr && row->state == cloud::azure::RouteState::Active) {
      std::vector<std::string> hops;
      for (const auto address : row->next_hop_ips) hops.push_back(address.to_string());
      last.what = fmt::format("programmed into {}, next hops {}", vnet.name, fmt::join(hops, ", "));
      last.rule = programmer->kind == GatewayKind::route_server_instance ? "A62" : "A63";
    } else if (row != nullptr) {
      last.outcome = Outcome::rejected;
      last.reason = row->reason;
    } else {
      last.outcome = Outcome::not_told;
      const bool own = programmer->vnet == subnet.vnet;
      if (!own && remote != programmer->vnet) {
        last.rule = "A31";
        last.reason = fmt::format(
            "{} does not use the gateways of {}: no peering with "
            "use_remote_gateways here and allow_gateway_transit there",
            vnet.name, network_.at(programmer->vnet).name);
      } else if (subnet.route_table &&
                 !network_.at(*subnet.route_table).bgp_route_propagation_enabled) {
        last.outcome = Outcome::rejected;
        last.rule = "A56";
        last.reason = fmt::format("propagation is off on route table {}",
                                  network_.at(*subnet.route_table).name);
      } else {
        last.rule = "A59";
        last.reason = "a VNet's own and peered ranges are not for gateways to change";
      }
    }
    story.way.push_back(std::move(last));
  }

  // A route server or gateway that programs VNets with this route itself: from an NVA or a branch.
  bool speaks_for(const cloud::Gateway& gateway) const {
    const auto id = network_.find_gateway(gateway.name);
    const auto best = emulation_.speaker(*id)->best(prefix_);
    if (!best || !best->paths.front().peer) return false;
    const auto& group = emulation_.speaker(*id)->peer_config(*best->paths.front().peer).group;
    return group == cloud::azure::kNvaGroup || group == cloud::azure::kBranchGroup;
  }

  bool holds(RouterId router) const {
    const routing::Entry* entry = emulation_.table(router).find(prefix_);
    return entry != nullptr && entry->best() != nullptr;
  }

  RouteStory finish(RouteStory story, std::optional<RouterId> router) const {
    add_tables(story);
    add_refused(story);
    if (story.held) {
      story.verdict = fmt::format("{} holds {}", story.at, prefix_.to_string());
    } else if (origins_.empty() && story.tables.empty()) {
      story.verdict =
          fmt::format("nobody in the lab has {}: no VNet, spoke, local network gateway or peer",
                      prefix_.to_string());
    } else if (!story.way.empty() && story.way.back().outcome != Outcome::told) {
      story.verdict = sentence(story.at, story.way.back());
    } else if (!story.refused.empty()) {
      story.verdict = sentence(story.at, story.refused.front());
    } else {
      story.verdict = fmt::format("{} does not hold {}, and no BGP speaker advertises it", story.at,
                                  prefix_.to_string());
    }
    if (!story.held && router) story.verdict += covering(*router);
    return story;
  }

  // What decides instead: a shorter prefix.
  std::string covering(RouterId router) const {
    const routing::Entry* entry = emulation_.table(router).lookup(prefix_.address());
    if (entry == nullptr) return {};
    return fmt::format("; packets to it follow {} ({})", entry->prefix.to_string(),
                       entry->best()->description);
  }

  std::string sentence(const std::string& at, const Crossing& c) const {
    return fmt::format("{} does not hold {}: it stops between {} and {}: {}{}", at,
                       prefix_.to_string(), c.from, c.to, c.reason,
                       c.rule.empty() ? "" : fmt::format(" [{}]", c.rule));
  }

  void add_tables(RouteStory& story) const {
    for (size_t i = 0; i < network_.routers.size(); ++i) {
      const routing::Entry* entry = emulation_.table(RouterId(i)).find(prefix_);
      if (entry == nullptr) continue;
      if (const routing::Offer* best = entry->best()) {
        story.tables.push_back({network_.routers[i].name,
                                std::string(routing::to_string(best->source)), best->description,
                                true});
      }
      for (const auto& loser : entry->losers()) {
        story.tables.push_back({network_.routers[i].name,
                                std::string(routing::to_string(loser.offer->source)), loser.reason,
                                false});
      }
    }
  }

  void add_refused(RouteStory& story) const {
    std::set<std::string> holders;
    for (const Crossing& c : crossings_) holders.insert(c.from);
    const auto distance = distances_to(story.at);
    for (const Crossing& c : crossings_) {
      if (c.outcome == Outcome::told) continue;
      // Nothing is lost when the receiver has it anyway: a speaker does not tell a route back.
      if (holders.contains(c.to) && c.outcome == Outcome::not_told) continue;
      story.refused.push_back(c);
    }
    std::ranges::stable_sort(story.refused, {}, [&](const Crossing& c) {
      const auto found = distance.find(c.to);
      return found == distance.end() ? kFar : found->second;
    });
  }

  // Hops over sessions and attachments to the place that is asked about.
  std::map<std::string, size_t> distances_to(const std::string& at) const {
    std::map<std::string, std::vector<std::string>> neighbours;
    const auto connect = [&](const std::string& x, const std::string& y) {
      neighbours[x].push_back(y);
      neighbours[y].push_back(x);
    };
    for (const cloud::Session& s : network_.sessions) {
      connect(network_.at(s.a.gateway).name, network_.at(s.b.gateway).name);
    }
    for (const cloud::Attachment& a : network_.attachments) {
      for (const GatewayId spoke : a.spoke) {
        for (const GatewayId transit : a.transit) {
          connect(network_.at(spoke).name, network_.at(transit).name);
        }
      }
    }
    for (const cloud::TransitPeering& p : network_.transit_peerings) {
      for (const GatewayId first : p.first) {
        for (const GatewayId second : p.second) {
          connect(network_.at(first).name, network_.at(second).name);
        }
      }
    }
    std::map<std::string, size_t> distance = {{at, 0}};
    std::deque<std::string> open = {at};
    while (!open.empty()) {
      const std::string here = open.front();
      open.pop_front();
      for (const std::string& next : neighbours[here]) {
        if (distance.emplace(next, distance[here] + 1).second) open.push_back(next);
      }
    }
    return distance;
  }

  const Emulation& emulation_;
  const cloud::Network& network_;
  Ipv4Prefix prefix_;
  std::vector<Origin> origins_;
  std::vector<Crossing> crossings_;
};

// The longest prefix anywhere in the lab that covers the address.
Ipv4Prefix longest_known(const Emulation& emulation, lpm::Ipv4Address address) {
  Ipv4Prefix longest = Ipv4Prefix::everything();
  const auto consider = [&](Ipv4Prefix prefix) {
    if (prefix.contains(address) && prefix.length() > longest.length() && prefix.length() < 32) {
      longest = prefix;
    }
  };
  const cloud::Network& network = emulation.network();
  for (size_t i = 0; i < network.gateways.size(); ++i) {
    const bgp::Speaker* speaker = emulation.speaker(GatewayId(i));
    if (speaker == nullptr) continue;
    for (const bgp::Prefix& prefix : speaker->originated()) consider(prefix.ipv4());
    speaker->for_each_best([&](const bgp::BestRoute& best) { consider(best.prefix.ipv4()); });
  }
  if (longest != Ipv4Prefix::everything()) return longest;
  for (const cloud::Vnet& vnet : network.vnets) {
    for (const Ipv4Prefix prefix : vnet.address_space) consider(prefix);
  }
  return longest == Ipv4Prefix::everything() ? Ipv4Prefix::host(address) : longest;
}

}  // namespace

Result<RouteStory> explain_route(const Emulation& emulation, const std::string& at,
                                 const std::string& text) {
  const cloud::Network& network = emulation.network();
  Ipv4Prefix prefix;
  if (const auto parsed = Ipv4Prefix::parse(text)) {
    prefix = *parsed;
  } else if (const auto address = lpm::Ipv4Address::parse(text)) {
    prefix = longest_known(emulation, *address);
  } else {
    return fail(fmt::format("'{}' is neither a prefix nor an address", text), {}, "10.0.110.0/24");
  }
  Storyteller storyteller(emulation, prefix);
  if (const auto gateway = network.find_gateway(at)) return storyteller.of_gateway(*gateway);
  const auto table = emulator::table_named(network, at);
  if (!table) return std::unexpected(table.error());
  const cloud::Router& router = network.at(*table);
  if (const auto* gateway = std::get_if<GatewayId>(&router.what)) {
    return storyteller.of_gateway(*gateway);
  }
  return storyteller.of_subnet(std::get<SubnetId>(router.what));
}

std::string_view to_string(Crossing::Outcome outcome) {
  switch (outcome) {
    case Outcome::told:
      return "told";
    case Outcome::not_told:
      return "not told";
    case Outcome::rejected:
      return "rejected";
    case Outcome::session_down:
      return "session down";
  }
  return "told";
}

}  // namespace skyhop::explain
