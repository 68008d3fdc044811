#include "control/cloud/cost.h"

#include <algorithm>

#include "control/cloud/prices.h"

namespace skyhop::cloud {

namespace {

class Bill {
 public:
  Bill(const lab::Lab& lab, const Network& network) : lab_(lab), network_(network) {}

  std::vector<CostItem> items() {
    for (const RouteServer& server : network_.route_servers) {
      const std::string resource = "azurerm_route_server." + server.name;
      add(resource, kRouteServerItem);
      add(resource, kPublicIpItem);
    }
    for (const VpnGateway& gateway : network_.vpn_gateways) vpn_gateway(gateway);
    for (const Gateway& gateway : network_.gateways) {
      if (gateway.kind != GatewayKind::transit && gateway.kind != GatewayKind::spoke) continue;
      const bool is_transit = gateway.kind == GatewayKind::transit;
      const std::string resource =
          (is_transit ? "aviatrix_transit_gateway." : "aviatrix_spoke_gateway.") + gateway.name;
      add(resource, gateway.size);
      add(resource, kPublicIpItem);
    }
    for (const Vm& vm : network_.vms) {
      if (network_.at(network_.at(network_.at(vm.nic).subnet).vnet).kind != VnetKind::azure) {
        continue;
      }
      const std::string resource = "azurerm_linux_virtual_machine." + vm.name;
      add(resource, kVmSize);
      if (vm.public_ip) add(resource, kPublicIpItem);
    }
    return std::move(items_);
  }

 private:
  void add(const std::string& resource, std::string_view item, uint32_t count = 1) {
    items_.push_back({.resource = resource,
                      .item = std::string(item),
                      .count = count,
                      .usd_per_hour = cloud::usd_per_hour(item)});
  }

  /// One price for both instances, with the first ten tunnels in it.
  void vpn_gateway(const VpnGateway& gateway) {
    const auto written = std::ranges::find(lab_.virtual_network_gateways, gateway.name,
                                           &lab::VirtualNetworkGateway::name);
    if (written == lab_.virtual_network_gateways.end()) return;
    const std::string resource = "azurerm_virtual_network_gateway." + gateway.name;
    add(resource, written->sku);
    add(resource, kPublicIpItem, static_cast<uint32_t>(gateway.instances.size()));
    const auto connections = static_cast<uint32_t>(
        std::ranges::count(lab_.virtual_network_gateway_connections, gateway.name,
                           &lab::VirtualNetworkGatewayConnection::virtual_network_gateway));
    if (connections > kTunnelsIncluded) {
      add(resource, kTunnelItem, connections - kTunnelsIncluded);
    }
  }

  const lab::Lab& lab_;
  const Network& network_;
  std::vector<CostItem> items_;
};

}  // namespace

std::vector<CostItem> cost_of(const lab::Lab& lab, const Network& network) {
  return Bill(lab, network).items();
}

double usd_per_hour(const std::vector<CostItem>& items) {
  double sum = 0;
  for (const CostItem& item : items) sum += item.count * item.usd_per_hour.value_or(0);
  return sum;
}

}  // namespace skyhop::cloud
