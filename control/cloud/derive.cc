// The order of a derivation. It is the order in which the clouds would be built, because addresses
// depend on it: the first free host goes to whoever is created first.
#include "control/cloud/derive.h"

#include <fmt/format.h>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/azure/derive.h"
#include "control/cloud/derivation.h"
#include "control/cloud/ipsec.h"
#include "control/cloud/links.h"
#include "control/cloud/routers/derive.h"

namespace skyhop::cloud {

namespace {

void validate_settings(Derivation& d) {
  const lab::Settings& settings = d.lab.settings;
  const std::string& year = d.lab.limits.route_server;
  if (year != "current" && year != "seed-2022") {
    d.error("limits.route_server", fmt::format("\"{}\" is neither current nor seed-2022", year));
  }
  // RFC 791: every host takes 576 octets.
  if (settings.tunnel_mtu < 576 || settings.tunnel_mtu > 9000) {
    d.error("settings.tunnel_mtu", fmt::format("{} is not in 576 to 9000", settings.tunnel_mtu));
  } else if (settings.tunnel_mtu > 1500) {
    d.warning("settings.tunnel_mtu", "Azure's fabric carries no jumbo frames: 1500 is the most");
  }
  if (const std::string& algorithm = settings.esp.algorithm;
      algorithm != "policy" && !dataplane::ipsec::parse_transform(algorithm)) {
    std::vector<std::string> names;
    for (const auto transform : dataplane::ipsec::all_transforms()) {
      names.push_back(to_string(transform));
    }
    d.error("settings.esp.algorithm", fmt::format("\"{}\" is neither policy nor one of {}",
                                                  algorithm, fmt::join(names, ", ")));
  }
  if (settings.shaping != "cloud" && settings.shaping != "none") {
    d.error("settings.shaping", fmt::format("\"{}\" is neither cloud nor none", settings.shaping));
  }
  if (settings.hpe_tunnels < 1 || settings.hpe_tunnels > 50) {
    d.error("settings.hpe_tunnels", fmt::format("{} is not in 1 to 50", settings.hpe_tunnels),
            "V47");
  }
}

}  // namespace

DeriveResult derive(const lab::Lab& lab) {
  Derivation d(lab);
  validate_settings(d);

  azure::derive_route_tables(d);
  azure::derive_nsgs(d);
  azure::derive_vnets(d);
  aviatrix::derive_vnets(d);
  azure::derive_peerings(d);

  azure::reserve_public_addresses(d);
  aviatrix::derive_gateways(d);
  azure::derive_route_servers(d);
  azure::derive_vpn_gateways(d);
  azure::derive_vms(d);
  routers::derive_routers(d);
  routers::derive_hosts(d);

  aviatrix::derive_attachments(d);
  aviatrix::derive_external_connections(d);
  azure::derive_connections(d);
  routers::derive_connections(d);
  routers::derive_neighbors(d);
  derive_lan_sessions(d);
  azure::derive_internal_sessions(d);
  derive_tunnels(d);
  check_given_keys(d);
  routers::derive_static_routes(d);
  derive_fabric(d);
  index_network(d.network);
  aviatrix::derive_nat(d);
  choose_tables(d);
  derive_limits(d);

  azure::validate_subnets(d);
  azure::validate_peerings(d);
  azure::validate_route_tables(d);
  azure::validate_route_servers(d);
  aviatrix::validate_gateways(d);
  validate_targets(d);
  return {std::move(d.network), std::move(d.diagnostics)};
}

}  // namespace skyhop::cloud
