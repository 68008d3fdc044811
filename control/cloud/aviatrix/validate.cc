// What the controller refuses, and the traps it lets a user walk into.
#include <fmt/format.h>

#include <algorithm>
#include <map>

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

void check_transit(Derivation& d, const lab::TransitGateway& transit) {
  const std::string path = "aviatrix_transit_gateway." + transit.name;
  if (transit.enable_bgp_over_lan && !transit.insane_mode) {
    d.error(path + ".enable_bgp_over_lan", "BGP over LAN on Azure needs insane_mode", "V11");
  }
  const uint32_t interfaces = transit.bgp_lan_interfaces_count;
  if (interfaces < 1 || interfaces > kMaxLanInterfaces) {
    d.error(path + ".bgp_lan_interfaces_count",
            fmt::format("{} is not in 1 to {}", interfaces, kMaxLanInterfaces));
  } else if (transit.enable_bgp_over_lan && interfaces + 1 > kNicsOfDefaultSize) {
    d.warning(path + ".bgp_lan_interfaces_count",
              fmt::format("{} LAN interfaces and eth0 need a size larger than the default "
                          "Standard_D3_v2, which has {} NICs",
                          interfaces, kNicsOfDefaultSize));
  }
  check_range(d, path + ".bgp_polling_time", transit.bgp_polling_time, 10, 50);
  check_range(d, path + ".bgp_hold_time", transit.bgp_hold_time, 12, 360);
  check_range(d, path + ".tunnel_detection_time", transit.tunnel_detection_time, 20, 600);
  check_prepends(d, transit.prepend_as_path, transit.local_as_number, path + ".prepend_as_path");
}

void check_spoke(Derivation& d, const lab::SpokeGateway& spoke) {
  const std::string path = "aviatrix_spoke_gateway." + spoke.name;
  if (spoke.transit_gw.empty()) {
    d.warning(path, fmt::format("{} is not attached to a transit: it reaches only its own VNet",
                                spoke.name));
  } else if (std::ranges::find(d.lab.transit_gateways, spoke.transit_gw,
                               &lab::TransitGateway::name) == d.lab.transit_gateways.end()) {
    std::vector<std::string> candidates;
    for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
      candidates.push_back(transit.name);
    }
    d.error(path + ".transit_gw",
            fmt::format("there is no transit gateway \"{}\"{}", spoke.transit_gw,
                        did_you_mean(spoke.transit_gw, candidates)));
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
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    owners.push_back({spoke.cidr, spoke.name, spoke.transit_gw,
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

}  // namespace

void validate_gateways(Derivation& d) {
  std::map<std::string, uint32_t> asns;
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
    check_transit(d, transit);
    asns.emplace(transit.name, transit.local_as_number);
  }
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) check_spoke(d, spoke);
  for (const lab::TransitExternalDeviceConn& connection : d.lab.transit_external_device_conns) {
    const auto asn = asns.find(connection.gw_name);
    if (asn == asns.end()) continue;
    check_prepends(
        d, connection.prepend_as_path, asn->second,
        "aviatrix_transit_external_device_conn." + connection.connection_name + ".prepend_as_path");
  }
  check_overlaps(d);
}

}  // namespace skyhop::cloud::aviatrix
