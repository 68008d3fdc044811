// Network security groups: the rule that decides, by name (A66-A69).
#pragma once

#include <string>
#include <vector>

#include "control/cloud/azure/effective_routes.h"
#include "control/cloud/network.h"
#include "lpm/flow.h"

namespace skyhop::cloud::azure {

/// A rule with its tags expanded: what evaluation and the data plane work on.
struct CompiledRule {
  std::string name;  ///< "HTTP", "defaultSecurityRules/AllowVnetInBound"
  std::string nsg;
  uint16_t priority = 0;
  lab::Access access = lab::Access::Deny;
  uint8_t protocol = 0;                  ///< IP protocol number; 0 any
  std::vector<Ipv4Prefix> sources;       ///< empty: any
  std::vector<Ipv4Prefix> destinations;  ///< empty: any
  std::vector<lab::PortRange> source_ports;
  std::vector<lab::PortRange> destination_ports;
  friend bool operator==(const CompiledRule&, const CompiledRule&) = default;
};

/// The rules of one NSG in one direction, by priority, default rules last (65000, 65001, 65500).
struct CompiledNsg {
  std::string name;
  std::vector<CompiledRule> rules;
  friend bool operator==(const CompiledNsg&, const CompiledNsg&) = default;
};

struct NsgVerdict {
  bool allowed = true;
  std::string nsg;   ///< the group that decided; empty: none applies
  std::string rule;  ///< "defaultSecurityRules/DenyAllInBound"
};

/// VirtualNetwork at this NIC: VNet ranges, peered VNets, gateway-learned space and UDR prefixes
/// (what the service tag stands for). `effective` are the NIC's effective routes.
[[nodiscard]] std::vector<Ipv4Prefix> virtual_network_tag(
    const Network& network, NicId nic, const std::vector<EffectiveRoute>& effective);

[[nodiscard]] CompiledNsg compile(const Nsg& nsg, lab::Direction direction,
                                  const std::vector<Ipv4Prefix>& virtual_network);

/// The groups a packet passes at a NIC, in order: inbound subnet then NIC, outbound NIC then
/// subnet; all must allow (A66). No group: nothing to pass.
[[nodiscard]] std::vector<CompiledNsg> filters_of(const Network& network, NicId nic,
                                                  lab::Direction direction,
                                                  const std::vector<Ipv4Prefix>& virtual_network);

/// First match of one group; every group ends in a rule that matches everything.
[[nodiscard]] NsgVerdict evaluate(const CompiledNsg& nsg, const lpm::FlowKey& flow);
/// All groups in order; the first deny decides, else the last group's allow.
[[nodiscard]] NsgVerdict evaluate(const std::vector<CompiledNsg>& nsgs, const lpm::FlowKey& flow);

}  // namespace skyhop::cloud::azure
