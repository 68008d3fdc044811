#include "dataplane/stages/nsg.h"

#include <algorithm>

namespace skyhop::dataplane {
namespace {

constexpr uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

bool matches(const std::vector<Ipv4Prefix>& prefixes, Ipv4Address address) {
  return prefixes.empty() || std::ranges::any_of(prefixes, [address](Ipv4Prefix prefix) {
           return prefix.contains(address);
         });
}

bool matches(const std::vector<std::pair<uint16_t, uint16_t>>& ranges, uint8_t protocol,
             uint16_t port) {
  if (ranges.empty()) return true;
  const bool has_ports = protocol == kTcp || protocol == kUdp || protocol == kSctp;
  return std::ranges::any_of(ranges, [=](const auto& range) {
    const bool is_any = range.first == 0 && range.second == 0xffff;
    return is_any || (has_ports && range.first <= port && port <= range.second);
  });
}

bool matches(const FilterRule& rule, const lpm::FlowKey& key) {
  return (rule.protocol == 0 || rule.protocol == key.protocol) &&
         matches(rule.sources, key.source) && matches(rule.destinations, key.destination) &&
         matches(rule.source_ports, key.protocol, key.source_port) &&
         matches(rule.destination_ports, key.protocol, key.destination_port);
}

}  // namespace

bool allows(const std::vector<FilterRule>& stage, const lpm::FlowKey& key) {
  const auto rule =
      std::ranges::find_if(stage, [&key](const FilterRule& r) { return matches(r, key); });
  return rule != stage.end() && rule->allow;
}

bool Filter::admit(const FilterInput& input, uint64_t& evictions) const {
  if (flows_.own->contains(input.key)) return true;
  // An error about an established flow belongs to it; it is no flow of its own. The packet that it
  // quotes went the other way.
  if (input.about && flows_.opposite->contains(*input.about)) return true;
  for (const auto& stage : spec_.stages) {
    if (!allows(stage, input.key)) return false;
  }
  if (!input.about) {
    evictions += flows_.own->insert(input.key);
    evictions += flows_.opposite->insert(reverse_direction(input.key));
  }
  return true;
}

}  // namespace skyhop::dataplane
