#include "control/cloud/azure/topology.h"

#include <algorithm>

namespace skyhop::cloud::azure {
namespace {

bool uses_remote_gateways(const Network& network, const Peering& peering) {
  return peering.state == PeeringState::Connected && peering.use_remote_gateways &&
         peering.reverse && network.at(*peering.reverse).allow_gateway_transit;
}

}  // namespace

bool carries_traffic(const Peering& peering) {
  return peering.state == PeeringState::Connected && peering.reverse &&
         peering.allow_virtual_network_access;
}

std::optional<PeeringId> peering_between(const Network& network, VnetId from, VnetId to) {
  for (const PeeringId id : network.at(from).peerings) {
    if (network.at(id).remote == to && carries_traffic(network.at(id))) return id;
  }
  return {};
}

std::optional<VnetId> remote_gateway_vnet(const Network& network, VnetId spoke) {
  for (const PeeringId id : network.at(spoke).peerings) {
    if (uses_remote_gateways(network, network.at(id))) return network.at(id).remote;
  }
  return {};
}

std::vector<VnetId> gateway_transit_vnets(const Network& network, VnetId hub) {
  std::vector<VnetId> vnets;
  for (const PeeringId id : network.at(hub).peerings) {
    const Peering& peering = network.at(id);
    if (peering.reverse && uses_remote_gateways(network, network.at(*peering.reverse))) {
      vnets.push_back(peering.remote);
    }
  }
  std::ranges::sort(vnets);
  return vnets;
}

std::vector<Ipv4Prefix> gateway_vnet_prefixes(const Network& network, VnetId hub) {
  std::vector<Ipv4Prefix> prefixes = network.at(hub).address_space;
  for (const VnetId vnet : gateway_transit_vnets(network, hub)) {
    const auto& space = network.at(vnet).address_space;
    prefixes.insert(prefixes.end(), space.begin(), space.end());
  }
  std::ranges::sort(prefixes);
  const auto repeated = std::ranges::unique(prefixes);
  prefixes.erase(repeated.begin(), repeated.end());
  return prefixes;
}

const lab::UserRoute* diverting_route(const Network& network, SubnetId subnet,
                                      Ipv4Address address) {
  const auto table = network.at(subnet).route_table;
  if (!table) return nullptr;
  const lab::UserRoute* best = nullptr;
  for (const lab::UserRoute& route : network.at(*table).routes) {
    if (!route.address_prefix.contains(address)) continue;
    if (best == nullptr || route.address_prefix.length() > best->address_prefix.length()) {
      best = &route;
    }
  }
  if (best == nullptr || best->next_hop_type == lab::NextHopType::VnetLocal) return nullptr;
  const auto has_longer = [&](VnetId vnet) {
    return std::ranges::any_of(network.at(vnet).address_space, [&](Ipv4Prefix space) {
      return space.contains(address) && space.length() > best->address_prefix.length();
    });
  };
  const VnetId own = network.at(subnet).vnet;
  const bool is_shorter =
      has_longer(own) || std::ranges::any_of(network.at(own).peerings, [&](PeeringId id) {
        return has_longer(network.at(id).remote);
      });
  return is_shorter ? nullptr : best;
}

}  // namespace skyhop::cloud::azure
