#include "control/cloud/aviatrix/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace skyhop::cloud::aviatrix {

namespace {

constexpr uint8_t kBlockLength = 28;
constexpr uint8_t kHpeLength = 26;
constexpr uint8_t kLanLength = 29;

/// The HPE gateway subnets are the last two /26; the twin has the very last.
void add_hpe_subnets(Layout& layout, Ipv4Prefix cidr, size_t gateways) {
  const uint32_t blocks = 1u << (kHpeLength - std::min(cidr.length(), kHpeLength));
  for (size_t i = 0; i < gateways; ++i) {
    const uint32_t n = blocks >= 2 ? blocks - 2 + static_cast<uint32_t>(i) : 0;
    const Ipv4Prefix prefix = block(cidr, kHpeLength, n);
    std::string dashed = prefix.address().to_string();
    std::ranges::replace(dashed, '.', '-');
    layout.eth0.push_back(layout.subnets.size());
    layout.subnets.push_back(
        {.name = fmt::format("gwhp-subnet-{}-{}", dashed, kHpeLength),
         .prefix = prefix,
         .use = SubnetUse::gateway,
         .reason = i == 0 ? "insane_mode: the last /26 but one is the gateway's (V2)"
                          : "insane_mode: the last /26 is the twin's (V2)"});
  }
}

/// First fit after the blocks at the bottom.
std::optional<Ipv4Prefix> first_free(const Layout& layout, Ipv4Prefix cidr) {
  const uint32_t blocks = cidr.length() <= kLanLength ? 1u << (kLanLength - cidr.length()) : 0;
  uint32_t n = 0;
  while (n < blocks) {
    const Ipv4Prefix candidate = block(cidr, kLanLength, n);
    const auto hit = std::ranges::find_if(layout.subnets, [&](const PlannedSubnet& subnet) {
      return subnet.prefix.overlaps(candidate);
    });
    if (hit == layout.subnets.end()) return candidate;
    const uint64_t end = hit->prefix.address().value() + hit->prefix.size();
    n = static_cast<uint32_t>((end - cidr.address().value() + 7) / 8);
  }
  return std::nullopt;
}

}  // namespace

Ipv4Prefix block(Ipv4Prefix cidr, uint8_t length, uint32_t n) {
  return {cidr.address() + (n << (32 - length)), length};
}

Layout layout_of(const lab::TransitGateway& transit) {
  Layout layout;
  const size_t gateways = transit.ha_gw ? 2 : 1;
  const char* const kSuffixes[] = {"Public-FW-ingress-egress-1", "Public-FW-ingress-egress-2",
                                   "Public-gateway-and-firewall-mgmt-1",
                                   "Public-gateway-and-firewall-mgmt-2"};
  for (uint32_t i = 0; i < 4; ++i) {
    const bool has_gateway = !transit.insane_mode && i >= 2 && i - 2 < gateways;
    if (has_gateway) layout.eth0.push_back(layout.subnets.size());
    layout.subnets.push_back(
        {.name = fmt::format("{}-{}", transit.name, kSuffixes[i]),
         .prefix = block(transit.cidr, kBlockLength, i),
         .use = has_gateway ? SubnetUse::gateway : SubnetUse::firewall,
         .reason =
             fmt::format("/28 number {} of the four at the bottom of a transit VNet (V3)", i + 1)});
  }
  if (transit.insane_mode) add_hpe_subnets(layout, transit.cidr, gateways);
  layout.lan.resize(gateways);
  if (!transit.enable_bgp_over_lan) return layout;
  // The gateway is created with all its interfaces before its twin is.
  for (size_t g = 0; g < gateways; ++g) {
    const uint32_t interfaces = std::min(transit.bgp_lan_interfaces_count, kMaxLanInterfaces);
    for (uint32_t eth = 1; eth <= interfaces; ++eth) {
      std::string name =
          fmt::format("av-gw-{}{}-eth{}-bgp_lan", transit.name, g == 0 ? "" : "-hagw", eth);
      const auto prefix = first_free(layout, transit.cidr);
      if (!prefix) {
        layout.without_room.push_back(std::move(name));
        continue;
      }
      layout.lan[g].push_back(layout.subnets.size());
      layout.subnets.push_back(
          {.name = std::move(name),
           .prefix = *prefix,
           .use = SubnetUse::bgp_lan,
           .reason = "enable_bgp_over_lan: the next free /29 after the four /28 (V5)"});
    }
  }
  return layout;
}

Layout layout_of(const lab::SpokeGateway& spoke, const lab::Settings& settings) {
  Layout layout;
  struct Block {
    const char* suffix;
    bool is_private;
  };
  constexpr Block kBlocks[] = {{"Public-gateway-subnet-1", false},
                               {"Public-subnet-1", false},
                               {"Private-subnet-1", true},
                               {"Public-subnet-2", false},
                               {"Private-subnet-2", true}};
  uint32_t n = 0;
  size_t gateway_subnet = 0;
  for (const Block& each : kBlocks) {
    const bool is_gateways = settings.spoke_gateway_subnet == each.suffix;
    if (is_gateways) gateway_subnet = n;
    const bool has_gateway = is_gateways && !spoke.insane_mode;
    layout.subnets.push_back(
        {.name = fmt::format("{}-{}", spoke.name, each.suffix),
         .prefix = block(spoke.cidr, kBlockLength, n),
         .use = has_gateway ? SubnetUse::gateway : SubnetUse::workload,
         .is_private = each.is_private,
         .reason = fmt::format("/28 number {} from the bottom of a spoke VNet (V4)", n + 1)});
    ++n;
  }
  const size_t gateways = spoke.ha_gw ? 2 : 1;
  layout.lan.resize(gateways);
  if (spoke.insane_mode) {
    add_hpe_subnets(layout, spoke.cidr, gateways);
  } else {
    layout.eth0.assign(gateways, gateway_subnet);
  }
  return layout;
}

}  // namespace skyhop::cloud::aviatrix
