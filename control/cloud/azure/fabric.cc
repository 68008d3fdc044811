#include "control/cloud/azure/fabric.h"

#include <algorithm>
#include <map>

#include "control/cloud/azure/topology.h"
#include "control/cloud/prefix_map.h"

namespace skyhop::cloud::azure {
namespace {

using dataplane::DropReason;

FabricHop drop(DropReason reason) { return {.kind = FabricHop::Kind::drop, .drop = reason}; }

const Gateway* gateway_of(const Network& network, const Nic& nic) {
  const GatewayId* id = std::get_if<GatewayId>(&nic.owner);
  return id == nullptr ? nullptr : &network.at(*id);
}

const std::string& owner_name(const Network& network, const Nic& nic) {
  if (const Gateway* gateway = gateway_of(network, nic)) return gateway->name;
  return network.at(std::get<VmId>(nic.owner)).name;
}

}  // namespace

/// The fabric as one subnet sees it: which VNets it reaches and what their peerings let pass.
class FabricResolver::Scope {
 public:
  Scope(const FabricResolver& resolver, SubnetId subnet)
      : resolver_(resolver), network_(resolver.network_), vnet_(network_.at(subnet).vnet) {
    const Vnet& vnet = network_.at(vnet_);
    guards_[vnet_] = {};
    for (const PeeringId id : vnet.peerings) {
      const Peering& peering = network_.at(id);
      if (!carries_traffic(peering)) continue;
      // A55 looks at the receiver's side. What a VPN gateway forwards is exempt.
      const bool open = network_.at(*peering.reverse).allow_forwarded_traffic ||
                        network_.at(subnet).name == kGatewaySubnet;
      guards_[peering.remote] = open ? std::vector<Ipv4Prefix>{} : vnet.address_space;
    }
  }

  /// The packet is for the NIC itself.
  [[nodiscard]] FabricHop deliver(NicId id) const {
    const Nic& nic = network_.at(id);
    if (const Gateway* gateway = gateway_of(network_, nic)) {
      // A route server takes no data packets.
      return gateway->router ? into(id, *gateway->router) : drop(DropReason::local_unhandled);
    }
    return {.kind = FabricHop::Kind::machine, .nic = id, .guard = guard_of(nic)};
  }

  /// The NIC forwards the packet. Appends a word about it to `text`.
  [[nodiscard]] FabricHop via(NicId id, std::string& text) const {
    const Nic& nic = network_.at(id);
    const Gateway* gateway = gateway_of(network_, nic);
    text += owner_name(network_, nic) + " " + nic.address.to_string();
    if (gateway != nullptr && gateway->kind == GatewayKind::route_server_instance) {
      text += " (A38: a route server never forwards)";
      return drop(DropReason::no_route);
    }
    const bool is_vpn_gateway =
        gateway != nullptr && gateway->kind == GatewayKind::vpn_gateway_instance;
    if (!nic.ip_forwarding && !is_vpn_gateway) {
      text += " (A64: IP forwarding is off at " + nic.name + ")";
      return drop(DropReason::ip_forwarding);
    }
    const auto owner = network_.gateway_of(id);
    return owner ? into(id, *network_.at(*owner).router) : deliver(id);
  }

  [[nodiscard]] FabricHop internet(std::string& text) const {
    text += ": leaves Azure";
    if (!network_.internet) return drop(DropReason::internet);
    return {.kind = FabricHop::Kind::internet, .router = *network_.internet};
  }

  [[nodiscard]] FabricHop via(Ipv4Address address, std::string& text) const {
    if (const auto nic = nic_at(address)) return via(*nic, text);
    text += address.to_string();
    text += resolver_.nics_at_.contains(address)
                ? " (its VNet is not peered with " + network_.at(vnet_).name + ")"
                : " (nobody has this address)";
    return drop(DropReason::no_route);
  }

  /// Instances of the VPN gateway that packets of this VNet leave by.
  [[nodiscard]] std::vector<NicId> vpn_gateway_nics() const {
    const auto remote = remote_gateway_vnet(network_, vnet_);
    for (const VpnGateway& gateway : network_.vpn_gateways) {
      if (gateway.vnet != vnet_ && gateway.vnet != remote) continue;
      std::vector<NicId> nics;
      for (const GatewayId instance : gateway.instances) {
        const auto& own = network_.at(instance).nics;
        if (!own.empty() && reaches(own.front())) nics.push_back(own.front());
      }
      return nics;
    }
    return {};
  }

  /// NICs that a range row delivers to: of the VNet itself, or of the peers.
  template <typename Visitor>
  void for_each_nic(Visitor visit) const {
    for (const auto& [vnet, guard] : guards_) {
      for (const NicId nic : resolver_.nics_of_vnet_[vnet.index()]) visit(nic, vnet == vnet_);
    }
  }

 private:
  [[nodiscard]] const std::vector<Ipv4Prefix>& guard_of(const Nic& nic) const {
    return guards_.at(network_.at(nic.subnet).vnet);
  }
  [[nodiscard]] FabricHop into(NicId id, RouterId router) const {
    return {.kind = FabricHop::Kind::router,
            .nic = id,
            .router = network_.at(id).router.value_or(router),
            .guard = guard_of(network_.at(id))};
  }

  [[nodiscard]] bool reaches(NicId nic) const {
    return guards_.contains(network_.at(network_.at(nic).subnet).vnet);
  }

  [[nodiscard]] std::optional<NicId> nic_at(Ipv4Address address) const {
    const auto it = resolver_.nics_at_.find(address);
    if (it == resolver_.nics_at_.end()) return {};
    for (const NicId nic : it->second) {
      if (reaches(nic)) return nic;
    }
    return {};
  }

  const FabricResolver& resolver_;
  const Network& network_;
  VnetId vnet_;
  std::map<VnetId, std::vector<Ipv4Prefix>> guards_;  ///< of every VNet in reach
};

FabricResolver::FabricResolver(const Network& network)
    : network_(network), nics_of_vnet_(network.vnets.size()) {
  for (size_t i = 0; i < network.nics.size(); ++i) {
    const Nic& nic = network.nics[i];
    nics_of_vnet_[network.at(nic.subnet).vnet.index()].emplace_back(i);
    nics_at_[nic.address].emplace_back(i);
  }
}

std::vector<FabricRoute> FabricResolver::resolve(SubnetId subnet,
                                                 const std::vector<EffectiveRoute>& rows) const {
  const Scope scope(*this, subnet);
  std::vector<FabricRoute> routes;
  PrefixMap<size_t> active;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].state == RouteState::Active) active.insert(rows[i].prefix, i);
  }

  PrefixSet hosts;
  scope.for_each_nic([&](NicId id, bool is_own_vnet) {
    const Nic& nic = network_.at(id);
    const auto* match = active.longest_match(nic.address);
    if (match == nullptr) return;
    const EffectiveRoute& row = rows[match->second];
    const bool is_local = row.next_hop_type == EffectiveNextHop::VnetLocal && is_own_vnet;
    const bool is_peering = row.next_hop_type == EffectiveNextHop::VNetPeering ||
                            row.next_hop_type == EffectiveNextHop::VNetGlobalPeering;
    if (!is_local && !(is_peering && !is_own_vnet)) return;
    const Ipv4Prefix host = Ipv4Prefix::host(nic.address);
    if (!hosts.insert(host)) return;
    routes.push_back({host,
                      {scope.deliver(id)},
                      match->second,
                      row.prefix.to_string() + " " + std::string(to_string(row.next_hop_type)) +
                          ": to " + nic.name});
  });

  for (size_t i = 0; i < rows.size(); ++i) {
    const EffectiveRoute& row = rows[i];
    if (row.state != RouteState::Active || hosts.contains(row.prefix)) continue;
    FabricRoute route{.prefix = row.prefix, .row = i};
    std::string text = row.prefix.to_string() + " " + std::string(to_string(row.next_hop_type));
    const auto next_hop = [&](auto target, std::string_view separator) {
      text += separator;
      route.hops.push_back(scope.via(target, text));
    };
    switch (row.next_hop_type) {
      case EffectiveNextHop::VnetLocal:
      case EffectiveNextHop::VNetPeering:
      case EffectiveNextHop::VNetGlobalPeering:
        route.hops = {drop(DropReason::no_such_host)};
        text += ": no NIC has the address";
        break;
      case EffectiveNextHop::Internet:
        route.hops = {scope.internet(text)};
        break;
      case EffectiveNextHop::None:
        route.hops = {drop(DropReason::route_none)};
        text += ": dropped";
        break;
      case EffectiveNextHop::VirtualAppliance:
      case EffectiveNextHop::VirtualNetworkGateway:
        for (const Ipv4Address address : row.next_hop_ips) {
          next_hop(address, route.hops.empty() ? ": to " : ", ");
        }
        if (row.next_hop_ips.empty() &&
            row.next_hop_type == EffectiveNextHop::VirtualNetworkGateway) {
          for (const NicId nic : scope.vpn_gateway_nics()) {
            next_hop(nic, route.hops.empty() ? ": to " : ", ");
          }
        }
        if (route.hops.empty()) {
          route.hops = {drop(DropReason::no_route)};
          text += row.next_hop_type == EffectiveNextHop::VirtualAppliance
                      ? ": no next hop address"
                      : ": the VNet has no VPN gateway and uses none";
        }
        break;
    }
    route.explanation = std::move(text);
    routes.push_back(std::move(route));
  }
  std::ranges::sort(routes, {}, &FabricRoute::prefix);
  return routes;
}

}  // namespace skyhop::cloud::azure
