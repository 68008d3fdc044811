// The VNets of transits and spokes: subnets, and a route table of its own for each.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/aviatrix/layout.h"

namespace skyhop::cloud::aviatrix {

namespace {

// V23: an HPE transit listens to gateway routes on its LAN interfaces and nowhere else.
enum class Propagation { everywhere, bgp_lan_only };

struct VnetPlan {
  std::string name;
  std::string location;
  Ipv4Prefix cidr;
  std::string path;
  Propagation propagation = Propagation::everywhere;
};

/// Sizes the controller accepts; smaller ones do not hold the subnets.
bool check_cidr(Derivation& d, const VnetPlan& plan) {
  if (plan.cidr.length() >= 16 && plan.cidr.length() <= 24) return true;
  d.error(plan.path + ".cidr", fmt::format("{} is a /{}; the controller makes VNets of /16 to /24",
                                           plan.cidr.to_string(), plan.cidr.length()));
  return false;
}

void derive_vnet(Derivation& d, const VnetPlan& plan, const Layout& layout) {
  const VnetId vnet = d.add_vnet({.name = plan.name,
                                  .location = plan.location,
                                  .address_space = {plan.cidr},
                                  .made_by_aviatrix = true},
                                 plan.path);
  d.fact(plan.name, "virtual_network", plan.name,
         "the controller makes a VNet for each gateway and names it alike");
  for (const PlannedSubnet& subnet : layout.subnets) {
    RouteTable table{.name = subnet.name + "-rtb",
                     .managed_by_aviatrix = true,
                     .is_private_subnet = subnet.is_private};
    std::string why = "Azure's default";
    if (plan.propagation == Propagation::bgp_lan_only) {
      table.bgp_route_propagation_enabled = subnet.use == SubnetUse::bgp_lan;
      why = "insane_mode: on for bgp_lan subnets, off for all others (V23)";
    }
    if (subnet.is_private) {
      table.routes.push_back({.name = "default",
                              .address_prefix = Ipv4Prefix::everything(),
                              .next_hop_type = lab::NextHopType::None});
      d.fact(table.name, "route", "0.0.0.0/0 -> None",
             "a private subnet has no way to the Internet");
    }
    // A table of that name in the lab file is what somebody has set in the portal since (V24).
    const std::optional<RouteTableId> written = d.find_route_table(table.name);
    if (written) {
      const RouteTable& user = d.network.at(*written);
      table.bgp_route_propagation_enabled = user.bgp_route_propagation_enabled;
      why = "the lab file says so (V24)";
      table.routes.insert(table.routes.end(), user.routes.begin(), user.routes.end());
    }
    const std::string full_name = plan.name + "/" + subnet.name;
    d.fact(full_name, "address_prefix", subnet.prefix.to_string(), subnet.reason);
    d.fact(full_name, "route_table", table.name, "the controller names it after the subnet");
    d.fact(table.name, "bgp_route_propagation_enabled",
           table.bgp_route_propagation_enabled ? "true" : "false", why);
    const RouteTableId table_id =
        written ? *written : d.add_route_table(RouteTable(table), plan.path);
    d.network.route_tables[table_id.index()] = std::move(table);
    d.add_subnet(
        {.name = subnet.name, .vnet = vnet, .prefix = subnet.prefix, .route_table = table_id},
        plan.path);
  }
  for (const std::string& name : layout.without_room) {
    d.error(plan.path + ".cidr", fmt::format("{} has no room for {}", plan.cidr.to_string(), name));
  }
}

}  // namespace

void derive_vnets(Derivation& d) {
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
    const VnetPlan plan{
        .name = transit.name,
        .location = transit.location,
        .cidr = transit.cidr,
        .path = "aviatrix_transit_gateway." + transit.name,
        .propagation = transit.insane_mode ? Propagation::bgp_lan_only : Propagation::everywhere};
    if (check_cidr(d, plan)) derive_vnet(d, plan, layout_of(transit));
  }
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    const VnetPlan plan{.name = spoke.name,
                        .location = spoke.location,
                        .cidr = spoke.cidr,
                        .path = "aviatrix_spoke_gateway." + spoke.name};
    if (check_cidr(d, plan)) derive_vnet(d, plan, layout_of(spoke, d.lab.settings));
  }
}

}  // namespace skyhop::cloud::aviatrix
