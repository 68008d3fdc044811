// What links carry and do: limits that follow from the sizes of gateways (A50), and the conditions
// that the lab gives links.
//
// A channel meets its limits in this order: all that the sender forwards, its tunnel, all that the
// receiver takes.
//   - An Aviatrix gateway forwards so much in all, wherever it goes: one limit for every channel
//     that leaves it.
//   - A VPN gateway instance has one limit for its tunnels out and one for its tunnels in, and each
//     tunnel one for each direction.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "control/cloud/aviatrix/sizes.h"
#include "control/cloud/azure/sku.h"
#include "control/cloud/ipsec.h"
#include "control/cloud/links.h"
#include "control/lab/link_conditions.h"

namespace skyhop::cloud {

namespace {

constexpr uint64_t kMega = 1'000'000;
constexpr uint64_t kKilo = 1'000;

class LimitWriter {
 public:
  explicit LimitWriter(Derivation& d) : d_(d), network_(d.network) {
    for (const lab::VirtualNetworkGateway& vng : d.lab.virtual_network_gateways) {
      vpn_gateways_.try_emplace(vng.name, &vng);
    }
  }

  void run() {
    for (size_t i = 0; i < network_.gateways.size(); ++i) gateway(GatewayId(i));
    for (Link& link : network_.links) {
      for (const size_t way : {0, 1}) channel(link, way);
    }
  }

 private:
  LimitId add(Limit limit) {
    network_.limits.push_back(std::move(limit));
    return LimitId(network_.limits.size() - 1);
  }

  void gateway(GatewayId id) {
    const Gateway& gateway = network_.at(id);
    if (gateway.kind == GatewayKind::transit || gateway.kind == GatewayKind::spoke) {
      const auto capacity = aviatrix::capacity_of(gateway.size, gateway.insane_mode);
      if (capacity.mbits_per_second == 0) {
        d_.fact(gateway.name, "limit", "none", gateway.size + ": " + capacity.reason);
        return;
      }
      forwards_.emplace(id, add({.name = gateway.name + " " + gateway.size,
                                 .bits_per_second = capacity.mbits_per_second * kMega,
                                 .reason = gateway.size + ": " + capacity.reason}));
    } else if (gateway.kind == GatewayKind::vpn_gateway_instance) {
      const azure::Sku* sku = sku_of(gateway);
      if (sku == nullptr) return;
      const auto aggregate = [&](const char* way) {
        return add({.name = fmt::format("{} {} {}", gateway.name, sku->name, way),
                    .bits_per_second = sku->aggregate_mbits_per_second * kMega,
                    .reason = fmt::format("{} of {}: all tunnels of an instance (A50)", sku->name,
                                          vpn_gateways_.at(gateway.resource)->generation)});
      };
      outgoing_.emplace(id, aggregate("out"));
      incoming_.emplace(id, aggregate("in"));
    }
  }

  [[nodiscard]] const azure::Sku* sku_of(const Gateway& gateway) const {
    const auto vng = vpn_gateways_.find(gateway.resource);
    if (vng == vpn_gateways_.end()) return nullptr;
    return azure::find_sku(vng->second->sku, vng->second->generation);
  }

  [[nodiscard]] const GatewayId* gateway_of(RouterId router) const {
    return std::get_if<GatewayId>(&network_.at(router).what);
  }

  void channel(Link& link, size_t way) {
    std::vector<LimitId>& limits = link.directions[way].limits;
    if (link.carrier) {
      // A network domain's packets use the same tunnel, which stands before them in the list.
      limits = network_.at(*link.carrier).directions[way].limits;
      return;
    }
    const GatewayId* from = gateway_of(way == 0 ? link.a : link.b);
    const GatewayId* to = gateway_of(way == 0 ? link.b : link.a);
    const auto meet = [&limits](const std::map<GatewayId, LimitId>& all, const GatewayId* id) {
      if (id == nullptr) return;
      if (const auto found = all.find(*id); found != all.end()) limits.push_back(found->second);
    };
    meet(forwards_, from);
    if (link.kind == LinkKind::fabric) return;
    meet(outgoing_, from);
    if (auto limit = tunnel_limit(link, from, to)) limits.push_back(add(*std::move(limit)));
    meet(incoming_, to);
  }

  /// The lowest that one of the ends sets.
  [[nodiscard]] std::optional<Limit> tunnel_limit(const Link& link, const GatewayId* from,
                                                  const GatewayId* to) const {
    const auto rates = [](const Limit& limit) {
      constexpr uint64_t kAny = ~uint64_t{0};
      const uint64_t packets = limit.packets_per_second;
      return std::pair(limit.bits_per_second, packets == 0 ? kAny : packets);
    };
    std::optional<Limit> lowest;
    for (const GatewayId* end : {from, to}) {
      if (end == nullptr) continue;
      auto limit = tunnel_limit(link, network_.at(*end));
      if (limit && (!lowest || rates(*limit) < rates(*lowest))) lowest = std::move(limit);
    }
    return lowest;
  }

  [[nodiscard]] std::optional<Limit> tunnel_limit(const Link& link, const Gateway& end) const {
    if (end.kind == GatewayKind::transit || end.kind == GatewayKind::spoke) {
      if (link.encapsulation == kGre) return std::nullopt;
      return Limit{.name = link.tunnel_count == 1
                               ? "Aviatrix tunnel"
                               : fmt::format("{} Aviatrix tunnels", link.tunnel_count),
                   .bits_per_second = link.tunnel_count * aviatrix::kTunnelMbitsPerSecond * kMega,
                   .reason = fmt::format("{} Mbit/s for each IPsec tunnel of an Aviatrix gateway",
                                         aviatrix::kTunnelMbitsPerSecond)};
    }
    const azure::Sku* sku = sku_of(end);
    if (sku == nullptr) return std::nullopt;
    const auto cipher = azure::cipher_of(link.policy);
    const auto& rate = sku->tunnel[static_cast<size_t>(cipher)];
    if (rate.mbits_per_second == 0) return std::nullopt;
    return Limit{.name = fmt::format("{} tunnel", sku->name),
                 .bits_per_second = rate.mbits_per_second * kMega,
                 .packets_per_second = rate.kilopackets_per_second * kKilo,
                 .reason = fmt::format("{} of {} with {}, each tunnel (A50)", sku->name,
                                       vpn_gateways_.at(end.resource)->generation,
                                       azure::to_string(cipher))};
  }

  Derivation& d_;
  Network& network_;
  std::map<std::string, const lab::VirtualNetworkGateway*, std::less<>> vpn_gateways_;
  std::map<GatewayId, LimitId> forwards_;
  std::map<GatewayId, LimitId> outgoing_;
  std::map<GatewayId, LimitId> incoming_;
};

/// Applies conditions to channels in the order in which they come to hold, and reports what cannot
/// be.
class ConditionsWriter {
 public:
  explicit ConditionsWriter(Derivation& d) : d_(d) {}

  void run() {
    Network& network = d_.network;
    for (size_t i = 0; i < d_.lab.links.size(); ++i) {
      const std::string path = fmt::format("links[{}]", i);
      for (const auto& [link, way] : apply(d_.lab.links[i], path)) {
        Link::Direction& direction = network.links[link.index()].directions[way];
        direction.conditions = now_.at({link, way});
        direction.conditions_reason += direction.conditions_reason.empty() ? path : ", " + path;
      }
    }
    std::vector<const lab::TimelineEvent*> events;
    for (const lab::TimelineEvent& event : d_.lab.timeline) events.push_back(&event);
    std::ranges::stable_sort(events, {}, &lab::TimelineEvent::at);
    for (const lab::TimelineEvent* event : events) {
      const auto* change = std::get_if<lab::LinkConditions>(&event->action);
      if (change != nullptr) apply(*change, event->path + ".change_link");
    }
  }

 private:
  using Way = std::pair<LinkId, size_t>;

  std::vector<Way> apply(const lab::LinkConditions& change, const std::string& path) {
    const auto channels = d_.network.find_channels(change.link);
    if (channels.empty()) {
      std::vector<std::string> names;
      for (const Link& link : d_.network.links) names.push_back(link.name);
      d_.error(path + ".link", fmt::format("there is no link \"{}\"{}", change.link,
                                           did_you_mean(change.link, names)));
    }
    std::vector<Way> ways;
    for (const auto& [link, from] : channels) {
      const Way way{link, d_.network.at(link).a == from ? 0 : 1};
      lab::LinkConditions& conditions = now_[way];
      conditions.update(change);
      ways.push_back(way);
      if (const auto problem = lab::problem_of(conditions); !problem.empty()) {
        d_.error(path, problem);
        break;
      }
    }
    return ways;
  }

  Derivation& d_;
  std::map<Way, lab::LinkConditions> now_;
};

}  // namespace

void derive_limits(Derivation& d) {
  if (d.lab.settings.shaping == "cloud") LimitWriter(d).run();
  ConditionsWriter(d).run();
}

}  // namespace skyhop::cloud
