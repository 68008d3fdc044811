// What the controller refuses, and the traps it lets a user walk into.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/aviatrix/layout.h"

namespace skyhop::cloud::aviatrix {

namespace {

constexpr size_t kMaxPrepends = 25;
/// Standard_D3_v2, the size an HPE gateway gets, has room for so many (eth0 among them).
constexpr uint32_t kNicsOfDefaultSize = 4;

void check_range(Derivation& d, const std::string& path, lab::Seconds value, double low,
                 double high) {
  if (value.count() < low || value.count() > high) {
    d.error(path, fmt::format("{} s is not in {} to {} s", value.count(), low, high));
  }
}

void check_prepends(Derivation& d, const std::vector<uint32_t>& prepends, uint32_t asn,
                    const std::string& path) {
  if (prepends.size() > kMaxPrepends) {
    d.error(path, fmt::format("{} entries; at most {}", prepends.size(), kMaxPrepends));
  }
  for (const uint32_t prepend : prepends) {
    if (prepend == asn) continue;
    d.error(path, fmt::format("AS {} is not the gateway's own, {}", prepend, asn), "V40");
    return;
  }
}

/// What transits and BGP spokes have in common.
template <typename GatewaySettings>
void check_bgp(Derivation& d, const GatewaySettings& gateway, const std::string& path) {
  check_range(d, path + ".bgp_polling_time", gateway.bgp_polling_time, 10, 50);
  check_range(d, path + ".bgp_hold_time", gateway.bgp_hold_time, 12, 360);
  check_range(d, path + ".tunnel_detection_time", gateway.tunnel_detection_time, 20, 600);
  check_prepends(d, gateway.prepend_as_path, gateway.local_as_number, path + ".prepend_as_path");
  if (gateway.enable_active_standby_preemptive && !gateway.enable_active_standby) {
    d.error(path + ".enable_active_standby_preemptive", "needs enable_active_standby", "V50");
  }
  if (gateway.enable_active_standby && !gateway.ha_gw) {
    d.error(path + ".enable_active_standby",
            fmt::format("{} has no twin to stand by", gateway.name), "V50");
  }
  if (!gateway.approved_learned_cidrs.empty() && !gateway.enable_learned_cidrs_approval) {
    d.error(path + ".approved_learned_cidrs", "needs enable_learned_cidrs_approval", "V36");
  }
}

void check_transit(Derivation& d, const lab::TransitGateway& transit) {
  const std::string path = "aviatrix_transit_gateway." + transit.name;
  if (transit.enable_bgp_over_lan && !transit.insane_mode) {
    d.error(path + ".enable_bgp_over_lan", "BGP over LAN on Azure needs insane_mode", "V11");
  }
  const uint32_t interfaces = transit.bgp_lan_interfaces_count;
  const uint32_t most =
      transit.enable_transit_firenet ? kMaxLanInterfacesWithFireNet : kMaxLanInterfaces;
  if (interfaces < 1 || interfaces > most) {
    d.error(path + ".bgp_lan_interfaces_count",
            fmt::format("{} is not in 1 to {}{}", interfaces, most,
                        transit.enable_transit_firenet ? ", the most with FireNet" : ""));
  } else if (transit.enable_bgp_over_lan && interfaces + 1 > kNicsOfDefaultSize) {
    d.warning(path + ".bgp_lan_interfaces_count",
              fmt::format("{} LAN interfaces and eth0 need a size larger than the default "
                          "Standard_D3_v2, which has {} NICs",
                          interfaces, kNicsOfDefaultSize));
  }
  check_bgp(d, transit, path);
  if (transit.enable_multi_tier_transit && transit.local_as_number == 0) {
    d.error(path + ".enable_multi_tier_transit", "needs local_as_number");
  }
  if (!transit.customized_transit_vpc_routes.empty() && !transit.enable_advertise_transit_cidr) {
    d.error(path + ".customized_transit_vpc_routes",
            "needs enable_advertise_transit_cidr: else the transit VNet is not programmed", "V34");
  }
}

void check_spoke(Derivation& d, const lab::SpokeGateway& spoke, bool is_attached) {
  const std::string path = "aviatrix_spoke_gateway." + spoke.name;
  if (!spoke.transit_gw.empty() &&
      std::ranges::find(d.lab.transit_gateways, spoke.transit_gw, &lab::TransitGateway::name) ==
          d.lab.transit_gateways.end()) {
    std::vector<std::string> candidates;
    for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
      candidates.push_back(transit.name);
    }
    d.error(path + ".transit_gw",
            fmt::format("there is no transit gateway \"{}\"{}", spoke.transit_gw,
                        did_you_mean(spoke.transit_gw, candidates)));
  } else if (!is_attached) {
    d.warning(path, fmt::format("{} is not attached to a transit: it reaches only its own VNet",
                                spoke.name));
  }
  check_bgp(d, spoke, path);
  if (spoke.enable_bgp && spoke.local_as_number == 0) {
    d.error(path + ".enable_bgp", "a BGP spoke needs local_as_number");
  }
  if (spoke.enable_bgp && !spoke.customized_spoke_vpc_routes.empty()) {
    d.error(path + ".customized_spoke_vpc_routes", "a BGP spoke has no customised VNet tables");
  }
  const auto& included = spoke.included_advertised_spoke_routes;
  const bool is_hidden = !included.empty() && std::ranges::none_of(included, [&](Ipv4Prefix each) {
    return each.contains(spoke.cidr);
  });
  if (is_hidden) {
    d.warning(path + ".included_advertised_spoke_routes",
              fmt::format("the list replaces everything, and {} is not in it: the VNet becomes "
                          "unreachable from outside",
                          spoke.cidr.to_string()),
              "V28");
  }
}

/// Spokes behind one transit, and that transit, must not overlap; elsewhere it is a trap.
void check_overlaps(Derivation& d) {
  struct Owner {
    Ipv4Prefix cidr;
    std::string name;
    std::string transit;
    std::string path;
  };
  std::vector<Owner> owners;
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
    owners.push_back({transit.cidr, transit.name, transit.name,
                      "aviatrix_transit_gateway." + transit.name + ".cidr"});
  }
  std::map<std::string, std::string> transit_of;
  for (const auto& attachment : lab::attachments(d.lab)) {
    transit_of.emplace(attachment.spoke_gw_name, attachment.transit_gw_name);
  }
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    owners.push_back({spoke.cidr, spoke.name, transit_of[spoke.name],
                      "aviatrix_spoke_gateway." + spoke.name + ".cidr"});
  }
  std::ranges::stable_sort(owners, {}, &Owner::cidr);
  for (size_t i = 1, widest = 0; i < owners.size(); ++i) {
    const Owner& a = owners[widest];
    const Owner& b = owners[i];
    if (!a.cidr.overlaps(b.cidr)) {
      widest = i;
      continue;
    }
    const std::string message = fmt::format("{} ({}) and {} ({}) overlap", b.name,
                                            b.cidr.to_string(), a.name, a.cidr.to_string());
    if (!a.transit.empty() && a.transit == b.transit) {
      d.error(b.path, message + " behind one transit");
    } else {
      d.warning(b.path, message + ": each side prefers its own, so they never reach each other",
                "V38");
    }
  }
}

void check_attachment(Derivation& d, const lab::SpokeTransitAttachment& attachment) {
  const std::string path = "aviatrix_spoke_transit_attachment." + attachment.name;
  const auto spoke =
      std::ranges::find(d.lab.spoke_gateways, attachment.spoke_gw_name, &lab::SpokeGateway::name);
  const auto transit = std::ranges::find(d.lab.transit_gateways, attachment.transit_gw_name,
                                         &lab::TransitGateway::name);
  if (spoke == d.lab.spoke_gateways.end() || transit == d.lab.transit_gateways.end()) return;
  if (attachment.tunnel_count != 0 && !(spoke->insane_mode && transit->insane_mode)) {
    d.error(path + ".tunnel_count", "several tunnels need insane_mode at both ends", "V47");
  }
  if (attachment.tunnel_count != 0 && !attachment.enable_max_performance) {
    d.error(path + ".tunnel_count", "enable_max_performance is off: there is one tunnel", "V47");
  }
  check_prepends(d, attachment.spoke_prepend_as_path, spoke->local_as_number,
                 path + ".spoke_prepend_as_path");
  check_prepends(d, attachment.transit_prepend_as_path, transit->local_as_number,
                 path + ".transit_prepend_as_path");
  for (const std::string& name : attachment.route_tables) {
    const auto table = d.find_route_table(name);
    const auto vnet = d.find_vnet(spoke->name);
    const bool is_its =
        table && vnet && std::ranges::any_of(d.network.at(*vnet).subnets, [&](SubnetId id) {
          return d.network.at(id).route_table == table;
        });
    if (is_its) continue;
    std::vector<std::string> candidates;
    for (const RouteTable& each : d.network.route_tables) candidates.push_back(each.name);
    d.error(path + ".route_tables", fmt::format("{} is no route table of VNet {}{}", name,
                                                spoke->name, did_you_mean(name, candidates)));
  }
}

void check_peering(Derivation& d, const lab::TransitGatewayPeering& peering) {
  const std::string path = "aviatrix_transit_gateway_peering." + peering.name;
  const auto find = [&](const std::string& name) {
    const auto found = std::ranges::find(d.lab.transit_gateways, name, &lab::TransitGateway::name);
    return found == d.lab.transit_gateways.end() ? nullptr : &*found;
  };
  const lab::TransitGateway* const first = find(peering.transit_gateway_name1);
  const lab::TransitGateway* const second = find(peering.transit_gateway_name2);
  if (first == nullptr || second == nullptr) return;
  if (first == second) {
    d.error(path + ".transit_gateway_name2", "a transit does not peer with itself");
    return;
  }
  check_prepends(d, peering.prepend_as_path1, first->local_as_number, path + ".prepend_as_path1");
  check_prepends(d, peering.prepend_as_path2, second->local_as_number, path + ".prepend_as_path2");
  const bool is_hpe = first->insane_mode && second->insane_mode;
  const bool over_internet = peering.enable_insane_mode_encryption_over_internet;
  const auto needs_hpe = [&](bool is_set, const char* key) {
    if (is_set && !is_hpe) {
      d.error(path + key, "needs insane_mode at both transits", "V47");
    }
  };
  needs_hpe(peering.enable_peering_over_private_network, ".enable_peering_over_private_network");
  needs_hpe(over_internet, ".enable_insane_mode_encryption_over_internet");
  needs_hpe(peering.tunnel_count != 0, ".tunnel_count");
  if (over_internet && peering.enable_peering_over_private_network) {
    d.error(path + ".enable_insane_mode_encryption_over_internet",
            "enable_peering_over_private_network says the opposite");
  }
  if (peering.enable_single_tunnel_mode && !peering.enable_peering_over_private_network) {
    d.error(path + ".enable_single_tunnel_mode", "needs enable_peering_over_private_network",
            "V47");
  }
  if (over_internet && (peering.tunnel_count == 1 || peering.tunnel_count > 20)) {
    d.error(path + ".tunnel_count",
            fmt::format("{} is not in 2 to 20, as it is over the Internet", peering.tunnel_count),
            "V47");
  }
  if (first->local_as_number != 0 && first->local_as_number == second->local_as_number) {
    d.warning(path,
              fmt::format("both transits have AS {}: each drops the other's routes for the "
                          "loop that it sees in them",
                          first->local_as_number),
              "V21");
  }
}

constexpr size_t kMaxDomains = 200;

bool is_domain_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() >= 2 && name.size() <= 27 && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

void check_segmentation(Derivation& d) {
  for (const lab::NetworkDomain& domain : d.lab.network_domains) {
    if (is_domain_name(domain.name)) continue;
    d.error("aviatrix_segmentation_network_domain." + domain.name,
            "a name has 2 to 27 letters, digits, '-' and '_', and starts with a letter");
  }
  const bool segments =
      std::ranges::any_of(d.lab.transit_gateways, &lab::TransitGateway::enable_segmentation);
  if (segments && d.lab.network_domains.size() > kMaxDomains) {
    d.error("aviatrix_segmentation_network_domain",
            fmt::format("{} network domains; a transit takes {}", d.lab.network_domains.size(),
                        kMaxDomains),
            "V49");
  }
  const auto all_attachments = lab::attachments(d.lab);
  std::map<std::pair<std::string, std::string>, std::string> domains;
  for (const lab::NetworkDomainAssociation& association : d.lab.network_domain_associations) {
    const std::string path = "aviatrix_segmentation_network_domain_association." + association.name;
    std::vector<std::string> transits;
    for (const auto& attachment : all_attachments) {
      if (attachment.spoke_gw_name == association.attachment_name) {
        transits.push_back(attachment.transit_gw_name);
      }
    }
    for (const lab::TransitExternalDeviceConn& connection : d.lab.transit_external_device_conns) {
      if (connection.connection_name != association.attachment_name) continue;
      if (connection.is_on_spoke) {
        d.error(path + ".attachment_name",
                fmt::format("{} is a spoke's connection; the spoke itself belongs to a domain",
                            connection.connection_name),
                "V48");
      } else {
        transits.push_back(connection.gw_name);
      }
    }
    const std::string& wanted = association.transit_gateway_name;
    if (!wanted.empty() && std::ranges::find(transits, wanted) == transits.end()) {
      d.error(path + ".transit_gateway_name",
              fmt::format("{} does not end at {}", association.attachment_name, wanted), "V48");
    }
    for (const std::string& transit : transits) {
      if (!wanted.empty() && transit != wanted) continue;
      const auto settings =
          std::ranges::find(d.lab.transit_gateways, transit, &lab::TransitGateway::name);
      if (settings != d.lab.transit_gateways.end() && !settings->enable_segmentation) {
        d.error(path, fmt::format("{} has enable_segmentation off", transit), "V48");
      }
      const auto [known, is_new] = domains.try_emplace({association.attachment_name, transit},
                                                       association.network_domain_name);
      if (!is_new) {
        d.error(
            path,
            fmt::format("{} is in domain {} already", association.attachment_name, known->second),
            "V48");
      }
    }
  }
  for (const lab::ConnectionPolicy& policy : d.lab.connection_policies) {
    if (policy.domain_name_1 != policy.domain_name_2) continue;
    d.error("aviatrix_segmentation_network_domain_connection_policy." + policy.name,
            "a domain's members reach each other without a policy", "V48");
  }
}

template <typename GatewaySettings>
void check_connections(Derivation& d, const std::vector<GatewaySettings>& gateways, bool spokes) {
  for (const lab::TransitExternalDeviceConn& connection : d.lab.transit_external_device_conns) {
    if (connection.is_on_spoke != spokes) continue;
    const auto gateway = std::ranges::find(gateways, connection.gw_name, &GatewaySettings::name);
    if (gateway == gateways.end()) continue;
    const std::string path = lab::section_of(connection) + "." + connection.connection_name;
    check_prepends(d, connection.prepend_as_path, gateway->local_as_number,
                   path + ".prepend_as_path");
    if (connection.enable_learned_cidrs_approval &&
        (!gateway->enable_learned_cidrs_approval ||
         gateway->learned_cidrs_approval_mode != lab::ApprovalMode::connection)) {
      d.error(path + ".enable_learned_cidrs_approval",
              fmt::format("needs enable_learned_cidrs_approval of {} with "
                          "learned_cidrs_approval_mode connection",
                          connection.gw_name),
              "V36");
    }
    if (!connection.approved_cidrs.empty() && !connection.enable_learned_cidrs_approval) {
      d.error(path + ".approved_cidrs", "needs enable_learned_cidrs_approval", "V36");
    }
    if (connection.switch_to_ha_standby_gateway && !gateway->enable_active_standby) {
      d.error(path + ".switch_to_ha_standby_gateway",
              fmt::format("{} has enable_active_standby off", connection.gw_name), "V50");
    }
    if (connection.ha_enabled && gateway->enable_active_standby) {
      d.error(path + ".ha_enabled",
              fmt::format("active-standby of {} is for connections to one remote gateway",
                          connection.gw_name),
              "V50");
    }
  }
}

}  // namespace

void validate_gateways(Derivation& d) {
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) check_transit(d, transit);
  std::set<std::string> attached;
  for (const auto& attachment : lab::attachments(d.lab)) attached.insert(attachment.spoke_gw_name);
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    check_spoke(d, spoke, attached.contains(spoke.name));
  }
  for (const auto& attachment : d.lab.spoke_transit_attachments) check_attachment(d, attachment);
  for (const auto& peering : d.lab.transit_gateway_peerings) check_peering(d, peering);
  check_connections(d, d.lab.transit_gateways, false);
  check_connections(d, d.lab.spoke_gateways, true);
  check_segmentation(d);
  check_overlaps(d);
}

}  // namespace skyhop::cloud::aviatrix
