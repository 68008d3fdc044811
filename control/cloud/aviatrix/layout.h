// Where the controller puts subnets inside the VNets it makes (V2 to V5).
#pragma once

#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "control/lab/lab.h"

namespace skyhop::cloud::aviatrix {

/// bgp_lan_interfaces_count of a gateway without FireNet, and with it.
inline constexpr uint32_t kMaxLanInterfaces = 7;
inline constexpr uint32_t kMaxLanInterfacesWithFireNet = 5;

enum class SubnetUse { firewall, gateway, workload, bgp_lan };

struct PlannedSubnet {
  std::string name;
  Ipv4Prefix prefix;
  SubnetUse use = SubnetUse::workload;
  bool is_private = false;
  std::string reason;
};

struct Layout {
  std::vector<PlannedSubnet> subnets;
  /// Index into `subnets` of the gateway's and its twin's eth0; equal for a spoke pair.
  std::vector<size_t> eth0;
  /// Per gateway, the subnets of eth1, eth2, ...
  std::vector<std::vector<size_t>> lan;
  /// Names of bgp_lan subnets the VNet had no room for.
  std::vector<std::string> without_room;
};

/// The nth of the equal blocks of `length` bits in `cidr`.
[[nodiscard]] Ipv4Prefix block(Ipv4Prefix cidr, uint8_t length, uint32_t n);

[[nodiscard]] Layout layout_of(const lab::TransitGateway& transit);
[[nodiscard]] Layout layout_of(const lab::SpokeGateway& spoke, const lab::Settings& settings);

}  // namespace skyhop::cloud::aviatrix
