// Azure's host fabric as routers: one per subnet, because effective routes are a subnet's.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/links.h"

namespace skyhop::cloud {

namespace {

void link_to_gateways(Derivation& d, SubnetId subnet_id, VnetId vnet) {
  for (const GatewayId id : d.gateways_of_vnet[vnet.index()]) {
    const Gateway& gateway = d.network.at(id);
    if (!gateway.router) continue;
    const RouterId fabric = *d.network.at(subnet_id).router;
    const auto add = [&](RouterId table) {
      d.add_link({.name = d.network.at(fabric).name + " - " + d.network.at(table).name,
                  .kind = LinkKind::fabric,
                  .a = fabric,
                  .b = table,
                  .connection = {},
                  .present_at_start = gateway.present_at_start});
    };
    add(*gateway.router);
    for (const NicId nic : gateway.nics) {
      if (d.network.at(nic).router) add(*d.network.at(nic).router);
    }
  }
}

void link_to_internet(Derivation& d, RouterId router) {
  d.add_link({.name = d.network.at(router).name + " - " + lab::kInternet,
              .kind = LinkKind::fabric,
              .a = router,
              .b = *d.network.internet,
              .connection = {}});
}

}  // namespace

void derive_fabric(Derivation& d) {
  std::vector<bool> has_nic(d.network.subnets.size(), false);
  for (const Nic& nic : d.network.nics) has_nic[nic.subnet.index()] = true;
  for (size_t i = 0; i < d.network.subnets.size(); ++i) {
    Subnet& subnet = d.network.subnets[i];
    // A site's subnet stands on the site's router.
    if (subnet.router) has_nic[i] = false;
    if (!has_nic[i]) continue;
    subnet.router = RouterId(d.network.routers.size());
    const std::string name = d.full_name(SubnetId(i));
    const Ipv4Address address = subnet.prefix.nth(1);
    d.network.routers.push_back({.name = name, .what = SubnetId(i), .address = address});
    d.fact(name, "router", address.to_string(),
           "a NIC stands in it: its effective routes are a table; x.1 is Azure's gateway address");
  }
  for (size_t i = 0; i < d.network.subnets.size(); ++i) {
    if (!has_nic[i]) continue;
    const SubnetId subnet(i);
    const VnetId own = d.network.at(subnet).vnet;
    // Its own gateways, and every gateway that a route of this subnet can point to (UDR, A62, A63).
    link_to_gateways(d, subnet, own);
    for (const PeeringId id : d.network.at(own).peerings) {
      const Peering& peering = d.network.at(id);
      if (peering.reverse) link_to_gateways(d, subnet, peering.remote);
    }
    if (d.network.internet) link_to_internet(d, *d.network.at(subnet).router);
  }
  for (const PlainRouter& router : d.network.plain_routers) {
    const Gateway& gateway = d.network.at(router.gateway);
    const bool is_outside = gateway.kind == GatewayKind::on_premises;
    if (is_outside && d.network.internet) link_to_internet(d, *gateway.router);
  }
  for (const VpnGateway& gateway : d.network.vpn_gateways) {
    if (gateway.instances.size() < 2) continue;
    const Gateway& a = d.network.at(gateway.instances[0]);
    const Gateway& b = d.network.at(gateway.instances[1]);
    d.add_link({.name = a.name + " - " + b.name,
                .kind = LinkKind::fabric,
                .a = *a.router,
                .b = *b.router,
                .connection = {}});
  }
}

}  // namespace skyhop::cloud
