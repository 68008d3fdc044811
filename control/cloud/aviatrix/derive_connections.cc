// External connections of transits and BGP spokes: which tunnels an IPsec or GRE connection makes,
// and which sessions a BGP-over-LAN connection makes.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/aviatrix/segmentation.h"
#include "control/cloud/ipsec.h"

namespace skyhop::cloud::aviatrix {

namespace {

using Connection = lab::TransitExternalDeviceConn;

/// "169.254.21.2/30": an address with the prefix it lies in.
struct TunnelCidr {
  Ipv4Address address;
  Ipv4Prefix prefix;
};

std::optional<TunnelCidr> parse_tunnel_cidr(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto address = Ipv4Address::parse(std::string_view(text).substr(0, slash));
  unsigned length = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + slash + 1, end, length);
  if (!address || failed != std::errc{} || stop != end || length > 30 || length < 1) {
    return std::nullopt;
  }
  return TunnelCidr{*address, Ipv4Prefix(*address, static_cast<uint8_t>(length))};
}

/// One row of the table in DESIGN.md: a gateway of ours, the far end, and where its inner addresses
/// are written.
struct PlannedTunnel {
  GatewayId gateway;
  Ipv4Address remote;
  const std::vector<std::string>* local_cidrs;
  const std::vector<std::string>* remote_cidrs;
  size_t position;  ///< in those lists
  const char* key;  ///< of the local list, for findings
  std::string reason;
};

/// GRE runs between private addresses, IPsec with direct_connect too (2.4).
bool is_private(const Connection& connection) {
  return connection.direct_connect || connection.tunnel_protocol == lab::TunnelProtocol::GRE;
}

/// Addresses, where a gateway's name stands for its own, a VPN gateway's for those of its
/// instances.
std::vector<Ipv4Address> remotes_of(Derivation& d, const Connection& connection,
                                    const std::vector<std::string>& texts,
                                    const std::string& path) {
  std::vector<Ipv4Address> remotes;
  const auto add = [&](GatewayId id) {
    const Gateway& gateway = d.network.at(id);
    remotes.push_back(is_private(connection) ? d.network.at(gateway.nics.front()).address
                                             : gateway.public_ip);
  };
  for (const std::string& text : texts) {
    if (const auto address = Ipv4Address::parse(text)) {
      remotes.push_back(*address);
    } else if (const auto vng = d.vpn_gateway_of_name.find(text);
               vng != d.vpn_gateway_of_name.end()) {
      for (const GatewayId id : d.network.vpn_gateways[vng->second].instances) add(id);
    } else if (const auto gateway = d.find_gateway(text)) {
      add(*gateway);
    } else {
      std::vector<std::string> candidates;
      for (const VpnGateway& each : d.network.vpn_gateways) candidates.push_back(each.name);
      for (const Gateway& each : d.network.gateways) candidates.push_back(each.name);
      d.error(path, fmt::format("\"{}\" is neither an address nor a gateway{}", text,
                                did_you_mean(text, candidates)));
    }
  }
  return remotes;
}

std::vector<PlannedTunnel> plan_tunnels(Derivation& d, const Connection& connection,
                                        const std::vector<GatewayId>& gateways,
                                        const std::string& path) {
  const auto remotes =
      remotes_of(d, connection, connection.remote_gateway_ip, path + ".remote_gateway_ip");
  const auto backups = remotes_of(d, connection, connection.backup_remote_gateway_ip,
                                  path + ".backup_remote_gateway_ip");
  std::vector<PlannedTunnel> tunnels;
  const auto add = [&](size_t gateway, Ipv4Address remote, size_t position, std::string reason) {
    tunnels.push_back({gateways[gateway], remote, &connection.local_tunnel_cidr,
                       &connection.remote_tunnel_cidr, position, ".local_tunnel_cidr",
                       std::move(reason)});
  };
  if (remotes.empty()) {
    if (connection.remote_gateway_ip.empty()) {
      d.error(path, "a connection with tunnels needs remote_gateway_ip");
    }
    return tunnels;
  }
  if (remotes.size() > 2) {
    d.error(path + ".remote_gateway_ip", fmt::format("{} addresses; at most two", remotes.size()));
    return tunnels;
  }
  if (connection.ha_enabled) {
    if (remotes.size() != 1 || backups.size() != 1) {
      d.error(path + ".ha_enabled",
              "ha_enabled takes one remote_gateway_ip and one backup_remote_gateway_ip", "V17");
      return tunnels;
    }
    for (size_t g = 0; g < gateways.size(); ++g) {
      add(g, remotes[0], g, "ha_enabled: each gateway to the remote and to the backup (V17)");
    }
    for (size_t g = 0; g < gateways.size(); ++g) {
      tunnels.push_back({gateways[g], backups[0], &connection.backup_local_tunnel_cidr,
                         &connection.backup_remote_tunnel_cidr, g, ".backup_local_tunnel_cidr",
                         "ha_enabled: each gateway to the remote and to the backup (V17)"});
    }
    return tunnels;
  }
  if (!backups.empty()) {
    d.error(path + ".backup_remote_gateway_ip", "only meant when ha_enabled is true", "V17");
  }
  if (remotes.size() == 1) {
    for (size_t g = 0; g < gateways.size(); ++g) {
      add(g, remotes[0], g, "one remote address: each gateway has a tunnel to it (V16)");
    }
    return tunnels;
  }
  for (size_t g = 0; g < gateways.size(); ++g) {
    add(g, remotes[g], g,
        "two remote addresses: the gateway to the first, the twin to the second (V15)");
  }
  if (gateways.size() == 1) {
    d.warning(path + ".remote_gateway_ip",
              fmt::format("{} has no twin, so {} is not used", connection.gw_name,
                          remotes[1].to_string()),
              "V15");
  }
  return tunnels;
}

/// Inner addresses as written, or from a range of our own when the lists are empty.
void set_inner_addresses(Derivation& d, const PlannedTunnel& tunnel, TunnelEnd& end,
                         uint32_t& next_inside, const std::string& path) {
  if (tunnel.local_cidrs->empty() && tunnel.remote_cidrs->empty()) {
    const Ipv4Prefix inside(Ipv4Address{169, 254, 101, 0} + 4 * next_inside++, 30);
    end.local_bgp = inside.nth(1);
    end.remote_bgp = inside.nth(2);
    d.fact(d.network.at(tunnel.gateway).name + " " + end.connection, "tunnel_cidr",
           inside.to_string(), "no local_tunnel_cidr: the controller takes a free /30 (assumed)");
    return;
  }
  const auto take = [&](const std::vector<std::string>& list) -> std::optional<TunnelCidr> {
    if (tunnel.position >= list.size()) return std::nullopt;  // reported with the lists' length
    const auto cidr = parse_tunnel_cidr(list[tunnel.position]);
    if (!cidr) {
      d.error(path + tunnel.key, fmt::format("\"{}\" is not an address with a length, such as "
                                             "169.254.21.2/30",
                                             list[tunnel.position]));
    }
    return cidr;
  };
  const auto local = take(*tunnel.local_cidrs);
  const auto remote = take(*tunnel.remote_cidrs);
  if (!local || !remote) return;
  end.local_bgp = local->address;
  end.remote_bgp = remote->address;
  if (local->prefix != remote->prefix || local->address == remote->address) {
    d.error(path + tunnel.key, fmt::format("{} and {} are not two addresses of one prefix",
                                           (*tunnel.local_cidrs)[tunnel.position],
                                           (*tunnel.remote_cidrs)[tunnel.position]));
  }
}

void check_list_lengths(Derivation& d, const Connection& connection, size_t per_list,
                        const std::string& path) {
  const auto check = [&](const std::vector<std::string>& list, const char* key, bool is_expected) {
    if (!is_expected && !list.empty()) {
      d.error(path + key, "only meant when ha_enabled is true", "V17");
    } else if (!list.empty() && list.size() != per_list) {
      d.error(
          path + key,
          fmt::format("{} entries for {} tunnels; they pair by position", list.size(), per_list),
          "V15");
    }
  };
  const bool has_backup = connection.ha_enabled;
  check(connection.local_tunnel_cidr, ".local_tunnel_cidr", true);
  check(connection.remote_tunnel_cidr, ".remote_tunnel_cidr", true);
  check(connection.backup_local_tunnel_cidr, ".backup_local_tunnel_cidr", has_backup);
  check(connection.backup_remote_tunnel_cidr, ".backup_remote_tunnel_cidr", has_backup);
  if (connection.local_tunnel_cidr.empty() != connection.remote_tunnel_cidr.empty()) {
    d.error(path, "local_tunnel_cidr and remote_tunnel_cidr go together", "V15");
  }
}

void derive_tunnel_ends(Derivation& d, const Connection& connection,
                        const std::vector<GatewayId>& gateways, const std::string& domain,
                        uint32_t local_asn, uint32_t& next_inside, const std::string& path) {
  const bool is_gre = connection.tunnel_protocol == lab::TunnelProtocol::GRE;
  if (is_gre && !d.lab.settings.gre_on_azure) {
    d.error(path + ".tunnel_protocol",
            "the controller makes no GRE tunnels on Azure; settings.gre_on_azure allows them here");
  }
  if (const auto fault = fault_of(connection.ipsec_policy)) {
    d.error(path + ".ipsec_policy." + fault->field, fault->message, fault->rule);
  }
  const auto tunnels = plan_tunnels(d, connection, gateways, path);
  if (!tunnels.empty()) check_list_lengths(d, connection, gateways.size(), path);
  for (const PlannedTunnel& tunnel : tunnels) {
    const RouterId table = d.network.table_of(tunnel.gateway, domain);
    TunnelEnd end{.gateway = tunnel.gateway,
                  .remote = tunnel.remote,
                  .far = {},
                  .protocol = is_gre ? lab::LineProtocol::GRE : lab::LineProtocol::IPsec,
                  .is_private = is_private(connection),
                  .table = table,
                  .connection = connection.connection_name,
                  .path = path,
                  .ikev2 = connection.enable_ikev2,
                  .policy = connection.ipsec_policy,
                  .has_bgp = connection.connection_type == lab::ConnectionType::bgp,
                  .local_asn = local_asn,
                  .remote_asn = connection.bgp_remote_as_num};
    set_inner_addresses(d, tunnel, end, next_inside, path);
    d.fact(d.network.at(tunnel.gateway).name + " " + connection.connection_name, "remote",
           tunnel.remote.to_string(), tunnel.reason);
    d.tunnel_ends.push_back(std::move(end));
  }
}

/// "vnet", or "vnet:resource_group:subscription" as Terraform writes it.
std::string vnet_name(const std::string& remote_vpc_name) {
  return remote_vpc_name.substr(0, remote_vpc_name.find(':'));
}

/// The address written, else the instance of the route server in the peer's VNet.
std::optional<Ipv4Address> lan_remote(Derivation& d, const std::optional<Ipv4Address>& written,
                                      const RouteServer* server, size_t instance,
                                      const Connection& connection, const std::string& key,
                                      const std::string& path) {
  if (written) return written;
  if (server == nullptr) {
    d.error(path, fmt::format("VNet {} has no route server to take {} from; write it",
                              connection.remote_vpc_name, key));
    return std::nullopt;
  }
  const Gateway& gateway = d.network.at(server->instances[instance]);
  const Ipv4Address address = d.network.at(gateway.nics.front()).address;
  d.fact(connection.connection_name, key, address.to_string(),
         fmt::format("address of {}, the route server of {}", gateway.name,
                     connection.remote_vpc_name));
  return address;
}

/// An interface serves one network domain: what arrives there is looked up in that one's table.
void set_domain(Derivation& d, NicId id, GatewayId gateway, const std::string& domain,
                std::map<NicId, std::string>& domains, const std::string& path) {
  const auto [known, is_new] = domains.emplace(id, domain);
  if (!is_new && known->second != domain) {
    d.error(path,
            fmt::format("{} serves network domain \"{}\" already; more "
                        "bgp_lan_interfaces_count give the other one an interface of its own",
                        d.network.at(id).name, known->second),
            "V48");
    return;
  }
  if (!domain.empty()) d.network.nics[id.index()].router = d.network.table_of(gateway, domain);
}

void derive_lan(Derivation& d, const Connection& connection, const std::vector<GatewayId>& gateways,
                const std::string& domain, uint32_t local_asn, size_t interface,
                std::map<NicId, std::string>& domains, const std::string& path) {
  const auto vnet = d.need_vnet(vnet_name(connection.remote_vpc_name), path + ".remote_vpc_name");
  if (!vnet) return;
  const VnetId own = d.network.at(gateways.front()).vnet;
  if (*vnet == own) {
    d.error(path + ".remote_vpc_name", "a LAN peer stands in another, peered VNet");
    return;
  }
  const auto server = std::ranges::find(d.network.route_servers, *vnet, &RouteServer::vnet);
  const RouteServer* const route_server =
      server == d.network.route_servers.end() ? nullptr : &*server;
  const auto primary =
      lan_remote(d, connection.remote_lan_ip, route_server, 0, connection, "remote_lan_ip", path);
  std::optional<Ipv4Address> backup;
  if (connection.ha_enabled) {
    backup = lan_remote(d, connection.backup_remote_lan_ip, route_server, 1, connection,
                        "backup_remote_lan_ip", path);
    if (gateways.size() < 2) {
      d.error(path + ".ha_enabled", fmt::format("{} has no twin", connection.gw_name), "V8");
    }
  } else if (connection.enable_bgp_lan_activemesh) {
    d.error(path + ".enable_bgp_lan_activemesh", "BGP ActiveMesh needs ha_enabled", "V7");
  }
  for (size_t g = 0; g < gateways.size(); ++g) {
    const Gateway& gateway = d.network.at(gateways[g]);
    if (gateway.nics.size() < 2) continue;  // no bgp_lan interface: reported as V11
    const NicId nic = gateway.nics[std::min(interface + 1, gateway.nics.size() - 1)];
    set_domain(d, nic, gateways[g], domain, domains, path);
    const Ipv4Address local = d.network.at(nic).address;
    const auto add = [&](std::optional<Ipv4Address> remote, uint32_t remote_asn,
                         const std::string& reason) {
      if (!remote) return;
      d.lan_ends.push_back({.gateway = gateways[g],
                            .local = local,
                            .remote = *remote,
                            .local_asn = local_asn,
                            .remote_asn = remote_asn,
                            .connection = connection.connection_name,
                            .path = path});
      d.fact(d.network.at(nic).name, "bgp_peer", remote->to_string(), reason);
    };
    const uint32_t backup_asn = connection.backup_bgp_remote_as_num != 0
                                    ? connection.backup_bgp_remote_as_num
                                    : connection.bgp_remote_as_num;
    if (connection.ha_enabled && connection.enable_bgp_lan_activemesh) {
      const std::string reason = "BGP ActiveMesh: each gateway to both addresses (V7)";
      add(primary, connection.bgp_remote_as_num, reason);
      add(backup, backup_asn, reason);
    } else if (connection.ha_enabled) {
      const std::string reason = "without ActiveMesh: gateway to remote, twin to backup (V8)";
      if (g == 0) add(primary, connection.bgp_remote_as_num, reason);
      if (g == 1) add(backup, backup_asn, reason);
    } else if (g == 0) {
      add(primary, connection.bgp_remote_as_num, "without HA: one session of the gateway itself");
    }
  }
}

}  // namespace

namespace {

/// What a connection needs to know of the gateway it belongs to.
struct Owner {
  uint32_t asn = 0;
  bool speaks_bgp = true;
  bool has_lan = false;
};

std::map<std::string, Owner> owners_of(const lab::Lab& lab, bool spokes) {
  std::map<std::string, Owner> owners;
  if (spokes) {
    for (const lab::SpokeGateway& spoke : lab.spoke_gateways) {
      owners[spoke.name] = {.asn = spoke.local_as_number, .speaks_bgp = spoke.enable_bgp};
    }
  } else {
    for (const lab::TransitGateway& transit : lab.transit_gateways) {
      owners[transit.name] = {.asn = transit.local_as_number,
                              .has_lan = transit.enable_bgp_over_lan};
    }
  }
  return owners;
}

/// The local AS of a BGP connection, checked.
uint32_t local_asn_of(Derivation& d, const Connection& connection, const Owner& owner,
                      const std::string& path) {
  const uint32_t asn = connection.bgp_local_as_num != 0 ? connection.bgp_local_as_num : owner.asn;
  if (!owner.speaks_bgp) {
    d.error(path + ".connection_type",
            fmt::format("{} speaks no BGP; enable_bgp makes it a BGP spoke", connection.gw_name));
  } else if (asn == 0) {
    d.error(path, fmt::format("{} has no local_as_number", connection.gw_name));
  } else if (owner.asn != 0 && asn != owner.asn) {
    d.error(path + ".bgp_local_as_num",
            fmt::format("AS {} is not that of {}, {}", asn, connection.gw_name, owner.asn));
  }
  if (connection.bgp_remote_as_num == 0) d.error(path, "a BGP connection needs bgp_remote_as_num");
  return asn;
}

}  // namespace

void derive_external_connections(Derivation& d) {
  const std::map<std::string, Owner> transits = owners_of(d.lab, false);
  const std::map<std::string, Owner> spokes = owners_of(d.lab, true);
  const Segmentation segmentation(d.lab);
  std::map<std::string, size_t> next_interface;  // LAN connections take eth1, eth2, ... in turn
  std::map<NicId, std::string> domains;          // of LAN interfaces
  uint32_t next_inside = 0;
  for (const Connection& connection : d.lab.transit_external_device_conns) {
    const std::string path = lab::section_of(connection) + "." + connection.connection_name;
    const auto& owners = connection.is_on_spoke ? spokes : transits;
    const auto owner = owners.find(connection.gw_name);
    if (owner == owners.end()) {
      std::vector<std::string> candidates;
      for (const auto& [name, unused] : owners) candidates.push_back(name);
      d.error(path + ".gw_name",
              fmt::format("there is no {} gateway \"{}\"{}",
                          connection.is_on_spoke ? "spoke" : "transit", connection.gw_name,
                          did_you_mean(connection.gw_name, candidates)));
      continue;
    }
    const auto gateways = d.aviatrix_gateways.find(connection.gw_name);
    if (gateways == d.aviatrix_gateways.end()) continue;
    const bool is_bgp = connection.connection_type == lab::ConnectionType::bgp;
    const uint32_t asn = is_bgp ? local_asn_of(d, connection, owner->second, path) : 0;
    const std::string domain =
        connection.is_on_spoke
            ? std::string()
            : segmentation.domain_of(connection.connection_name, connection.gw_name);
    if (connection.tunnel_protocol != lab::TunnelProtocol::LAN) {
      derive_tunnel_ends(d, connection, gateways->second, domain, asn, next_inside, path);
    } else if (!owner->second.has_lan) {
      d.error(path + ".tunnel_protocol",
              connection.is_on_spoke
                  ? fmt::format("{} is a spoke: BGP over LAN is the transits'", connection.gw_name)
                  : fmt::format("{} has enable_bgp_over_lan off", connection.gw_name),
              "V11");
    } else {
      derive_lan(d, connection, gateways->second, domain, asn, next_interface[connection.gw_name]++,
                 domains, path);
    }
  }
}

}  // namespace skyhop::cloud::aviatrix
