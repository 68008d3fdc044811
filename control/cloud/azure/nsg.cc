#include "control/cloud/azure/nsg.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "control/cloud/azure/topology.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::azure {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kEsp = 50, kAh = 51;

// Addresses of the platform itself: health probes, DNS and DHCP, and instance metadata.
constexpr auto kHostNode = Ipv4Prefix::host(Ipv4Address(168, 63, 129, 16));
constexpr auto kMetadata = Ipv4Prefix::host(Ipv4Address(169, 254, 169, 254));
constexpr std::array kPlatform = {kHostNode, kMetadata};
constexpr std::string_view kPlatformRule = "platform addresses bypass NSGs";

// Never part of the Internet tag.
constexpr std::array kNotPublic = {
    Ipv4Prefix(Ipv4Address(0, 0, 0, 0), 8),
    Ipv4Prefix(Ipv4Address(10, 0, 0, 0), 8),
    Ipv4Prefix(Ipv4Address(100, 64, 0, 0), 10),
    Ipv4Prefix(Ipv4Address(127, 0, 0, 0), 8),
    Ipv4Prefix(Ipv4Address(169, 254, 0, 0), 16),
    Ipv4Prefix(Ipv4Address(172, 16, 0, 0), 12),
    Ipv4Prefix(Ipv4Address(192, 168, 0, 0), 16),
    Ipv4Prefix(Ipv4Address(224, 0, 0, 0), 3),
    kHostNode,
};

/// Sorted, without those inside another.
std::vector<Ipv4Prefix> minimal(std::vector<Ipv4Prefix> prefixes) {
  std::ranges::sort(prefixes);
  std::vector<Ipv4Prefix> kept;
  for (const Ipv4Prefix prefix : prefixes) {  // a supernet sorts before what it holds
    if (kept.empty() || !kept.back().contains(prefix)) kept.push_back(prefix);
  }
  return kept;
}

/// The fewest prefixes that hold all addresses outside of `excluded`.
std::vector<Ipv4Prefix> complement(std::vector<Ipv4Prefix> excluded) {
  std::vector<Ipv4Prefix> result;
  uint64_t next = 0;
  const auto fill_to = [&](uint64_t end) {
    while (next < end) {
      uint64_t size = next == 0 ? uint64_t{1} << 32 : next & (~next + 1);
      while (next + size > end) size /= 2;
      const auto length = static_cast<uint8_t>(32 - std::countr_zero(size));
      result.emplace_back(Ipv4Address(static_cast<uint32_t>(next)), length);
      next += size;
    }
  };
  for (const Ipv4Prefix prefix : minimal(std::move(excluded))) {
    fill_to(prefix.address().value());
    next = prefix.address().value() + prefix.size();
  }
  fill_to(uint64_t{1} << 32);
  return result;
}

bool equals_ignoring_case(std::string_view text, std::string_view other) {
  return std::ranges::equal(text, other, [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

/// One side of a rule. Nothing (a tag without addresses here) never matches; any is an empty list.
struct Side {
  std::vector<Ipv4Prefix> prefixes;
  std::vector<Ipv4Prefix> platform;  ///< what the platform's own tags stand for
  bool matches_nothing = false;
};

class Tags {
 public:
  explicit Tags(const std::vector<Ipv4Prefix>& virtual_network)
      : virtual_network_(virtual_network) {
    // A default route in VirtualNetwork (forced tunnelling) does not empty the Internet tag
    // (assumed).
    std::vector<Ipv4Prefix> outside(kNotPublic.begin(), kNotPublic.end());
    std::ranges::copy_if(virtual_network, std::back_inserter(outside),
                         [](Ipv4Prefix prefix) { return prefix.length() > 0; });
    internet_ = complement(std::move(outside));
  }

  [[nodiscard]] Side expand(const std::vector<std::string>& texts) const {
    Side side;
    for (const std::string& text : texts) {
      if (text == "*" || equals_ignoring_case(text, "Any")) return {};
      if (equals_ignoring_case(text, "VirtualNetwork")) {
        append(side.prefixes, virtual_network_);
      } else if (equals_ignoring_case(text, "Internet")) {
        append(side.prefixes, internet_);
      } else if (equals_ignoring_case(text, "AzureLoadBalancer")) {
        side.platform.push_back(kHostNode);
      } else if (const auto prefix = Ipv4Prefix::parse(text)) {
        side.prefixes.push_back(*prefix);
      } else if (const auto address = Ipv4Address::parse(text)) {
        side.prefixes.push_back(Ipv4Prefix::host(*address));
      }
    }
    append(side.prefixes, side.platform);
    side.prefixes = minimal(std::move(side.prefixes));
    side.matches_nothing = side.prefixes.empty() && !texts.empty();
    return side;
  }

 private:
  static void append(std::vector<Ipv4Prefix>& to, const std::vector<Ipv4Prefix>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const std::vector<Ipv4Prefix>& virtual_network_;
  std::vector<Ipv4Prefix> internet_;
};

std::vector<lab::PortRange> ports_of(const std::vector<lab::PortRange>& ranges) {
  for (const lab::PortRange& range : ranges) {
    if (range.first == 0 && range.last == 65535) return {};
  }
  return ranges;
}

/// A rule that names ports speaks of protocols that have them.
std::vector<uint8_t> protocols_of(lab::Protocol protocol, const CompiledRule& rule) {
  switch (protocol) {
    case lab::Protocol::Tcp:
      return {kTcp};
    case lab::Protocol::Udp:
      return {kUdp};
    case lab::Protocol::Icmp:
      return {kIcmp};
    case lab::Protocol::Esp:
      return {kEsp};
    case lab::Protocol::Ah:
      return {kAh};
    case lab::Protocol::Any:
      break;
  }
  if (rule.source_ports.empty() && rule.destination_ports.empty()) return {0};
  return {kTcp, kUdp};
}

struct DefaultRule {
  std::string_view name;
  uint16_t priority;
  lab::Access access;
  std::string_view source;
  std::string_view destination;
};

constexpr std::array kDefaultInbound = {
    DefaultRule{"AllowVnetInBound", 65000, lab::Access::Allow, "VirtualNetwork", "VirtualNetwork"},
    DefaultRule{"AllowAzureLoadBalancerInBound", 65001, lab::Access::Allow, "AzureLoadBalancer",
                "*"},
    DefaultRule{"DenyAllInBound", 65500, lab::Access::Deny, "*", "*"},
};
constexpr std::array kDefaultOutbound = {
    DefaultRule{"AllowVnetOutBound", 65000, lab::Access::Allow, "VirtualNetwork", "VirtualNetwork"},
    DefaultRule{"AllowInternetOutBound", 65001, lab::Access::Allow, "*", "Internet"},
    DefaultRule{"DenyAllOutBound", 65500, lab::Access::Deny, "*", "*"},
};

bool holds(const std::vector<Ipv4Prefix>& prefixes, Ipv4Address address) {
  return prefixes.empty() ||
         std::ranges::any_of(prefixes, [&](Ipv4Prefix prefix) { return prefix.contains(address); });
}

bool holds(const std::vector<lab::PortRange>& ranges, uint16_t port) {
  return ranges.empty() || std::ranges::any_of(ranges, [&](const lab::PortRange& range) {
           return range.first <= port && port <= range.last;
         });
}

bool matches(const CompiledRule& rule, const lpm::FlowKey& flow) {
  return (rule.protocol == 0 || rule.protocol == flow.protocol) &&
         holds(rule.sources, flow.source) && holds(rule.destinations, flow.destination) &&
         holds(rule.source_ports, flow.source_port) &&
         holds(rule.destination_ports, flow.destination_port);
}

}  // namespace

std::vector<Ipv4Prefix> virtual_network_tag(const Network& network, NicId nic,
                                            const std::vector<EffectiveRoute>& effective) {
  const Vnet& vnet = network.at(network.at(network.at(nic).subnet).vnet);
  std::vector<Ipv4Prefix> tag = vnet.address_space;
  tag.push_back(kHostNode);
  for (const PeeringId id : vnet.peerings) {
    const Peering& peering = network.at(id);
    if (!carries_traffic(peering)) continue;
    const auto& space = network.at(peering.remote).address_space;
    tag.insert(tag.end(), space.begin(), space.end());
  }
  for (const EffectiveRoute& row : effective) {
    // A user route to the Internet or to None names no connected space (A68; assumed).
    const bool leaves = row.next_hop_type == EffectiveNextHop::Internet ||
                        row.next_hop_type == EffectiveNextHop::None;
    if (row.state == RouteState::Active && row.source != RouteSource::Default && !leaves) {
      tag.push_back(row.prefix);
    }
  }
  return minimal(std::move(tag));
}

CompiledNsg compile(const Nsg& nsg, lab::Direction direction,
                    const std::vector<Ipv4Prefix>& virtual_network) {
  const Tags tags(virtual_network);
  CompiledNsg compiled{.name = nsg.name, .rules = {}};
  std::vector<CompiledRule> by_priority;

  std::vector<const lab::SecurityRule*> rules;
  for (const lab::SecurityRule& rule : nsg.security_rules) {
    if (rule.direction == direction) rules.push_back(&rule);
  }
  std::ranges::sort(rules, {}, [](const lab::SecurityRule* rule) {
    return std::tuple(rule->priority, rule);  // equal priorities, which Azure refuses: as written
  });
  for (const lab::SecurityRule* rule : rules) {
    const Side source = tags.expand(rule->source_address_prefixes);
    const Side destination = tags.expand(rule->destination_address_prefixes);
    if (source.matches_nothing || destination.matches_nothing) continue;
    CompiledRule out{.name = rule->name,
                     .nsg = nsg.name,
                     .priority = rule->priority,
                     .access = rule->access,
                     .sources = source.prefixes,
                     .destinations = destination.prefixes,
                     .source_ports = ports_of(rule->source_port_ranges),
                     .destination_ports = ports_of(rule->destination_port_ranges)};
    for (const uint8_t protocol : protocols_of(rule->protocol, out)) {
      out.protocol = protocol;
      by_priority.push_back(out);
      if (source.platform.empty() && destination.platform.empty()) continue;
      // A rule that names the platform's own tag is the one thing that stands before the bypass.
      CompiledRule& first = compiled.rules.emplace_back(out);
      if (!source.platform.empty()) first.sources = source.platform;
      if (!destination.platform.empty()) first.destinations = destination.platform;
    }
  }

  CompiledRule bypass{
      .name = std::string(kPlatformRule), .nsg = nsg.name, .access = lab::Access::Allow};
  (direction == lab::Direction::Inbound ? bypass.sources : bypass.destinations)
      .assign(kPlatform.begin(), kPlatform.end());
  compiled.rules.push_back(std::move(bypass));
  compiled.rules.insert(compiled.rules.end(), std::make_move_iterator(by_priority.begin()),
                        std::make_move_iterator(by_priority.end()));

  const auto& defaults = direction == lab::Direction::Inbound ? kDefaultInbound : kDefaultOutbound;
  for (const DefaultRule& rule : defaults) {
    compiled.rules.push_back(
        {.name = "defaultSecurityRules/" + std::string(rule.name),
         .nsg = nsg.name,
         .priority = rule.priority,
         .access = rule.access,
         .sources = tags.expand({std::string(rule.source)}).prefixes,
         .destinations = tags.expand({std::string(rule.destination)}).prefixes});
  }
  return compiled;
}

std::vector<CompiledNsg> filters_of(const Network& network, NicId nic, lab::Direction direction,
                                    const std::vector<Ipv4Prefix>& virtual_network) {
  const std::optional<NsgId> of_subnet = network.at(network.at(nic).subnet).nsg;
  const std::optional<NsgId> of_nic = network.at(nic).nsg;
  const bool inbound = direction == lab::Direction::Inbound;
  std::vector<CompiledNsg> filters;
  for (const auto& nsg : {inbound ? of_subnet : of_nic, inbound ? of_nic : of_subnet}) {
    if (nsg) filters.push_back(compile(network.at(*nsg), direction, virtual_network));
  }
  return filters;
}

NsgVerdict evaluate(const CompiledNsg& nsg, const lpm::FlowKey& flow) {
  for (const CompiledRule& rule : nsg.rules) {
    if (matches(rule, flow)) {
      return {rule.access == lab::Access::Allow, rule.nsg, rule.name};
    }
  }
  return {false, nsg.name, {}};
}

NsgVerdict evaluate(const std::vector<CompiledNsg>& nsgs, const lpm::FlowKey& flow) {
  NsgVerdict verdict;
  for (const CompiledNsg& nsg : nsgs) {
    verdict = evaluate(nsg, flow);
    if (!verdict.allowed) break;
  }
  return verdict;
}

}  // namespace skyhop::cloud::azure
