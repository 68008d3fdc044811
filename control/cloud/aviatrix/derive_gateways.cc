// Transit and spoke gateways, their twins, and the ActiveMesh tunnels between them.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/aviatrix/layout.h"
#include "control/cloud/aviatrix/segmentation.h"
#include "control/cloud/aviatrix/sizes.h"
#include "control/cloud/ipsec.h"

namespace skyhop::cloud::aviatrix {

namespace {

/// Phase 2 of the controller's own tunnels: its defaults, AES-256-CBC with HMAC-SHA-256.
const lab::IpsecPolicy kOwnPolicy;

struct GatewayPlan {
  bool has_domains = false;
  std::string name;
  GatewayKind kind = GatewayKind::transit;
  bool has_twin = false;
  bool insane_mode = false;
  std::string size;
  bool present_at_start = true;
  uint32_t asn = 0;
  std::string path;
};

template <typename LabGateway>
std::string size_of(const LabGateway& gateway) {
  return gateway.gw_size.empty() ? std::string(default_size(gateway.insane_mode)) : gateway.gw_size;
}

/// With segmentation a transit gateway has a table for each network domain beside its own, where
/// attachments without a domain are.
void add_domain_tables(Derivation& d, GatewayId id, const GatewayPlan& plan) {
  if (!plan.has_domains) return;
  const RouterId own = *d.network.at(id).router;
  for (const lab::NetworkDomain& domain : d.lab.network_domains) {
    Router table = d.network.at(own);
    table.name += "@" + domain.name;
    d.fact(table.name, "route_table", domain.name,
           "enable_segmentation: a table for each network domain (V48)");
    d.network.gateways[id.index()].domains.push_back(
        {.domain = domain.name, .router = RouterId(d.network.routers.size())});
    d.network.routers.push_back(std::move(table));
  }
}

void derive_gateway(Derivation& d, const GatewayPlan& plan, const Layout& layout) {
  const auto vnet = d.find_vnet(plan.name);
  if (!vnet || d.path_of(*vnet) != plan.path) return;  // reported when the VNet was made
  std::vector<GatewayId> pair;
  for (uint32_t instance = 0; instance < (plan.has_twin ? 2 : 1); ++instance) {
    const std::string name = instance == 0 ? plan.name : plan.name + "-hagw";
    const GatewayId id = d.add_gateway({.name = name,
                                        .resource = plan.name,
                                        .kind = plan.kind,
                                        .instance = instance,
                                        .vnet = *vnet,
                                        .asn = plan.asn,
                                        .insane_mode = plan.insane_mode,
                                        .size = plan.size,
                                        .present_at_start = plan.present_at_start},
                                       plan.path);
    if (instance == 1) {
      d.fact(name, "name", name,
             fmt::format("ha_gw of {}: the twin is always -hagw (V6)", plan.name));
    }
    const auto add_interface = [&](size_t eth, size_t planned) {
      const auto subnet = d.find_subnet(*vnet, layout.subnets[planned].name);
      d.add_nic({.name = fmt::format("{} eth{}", name, eth),
                 .subnet = *subnet,
                 .ip_forwarding = true,
                 .owner = id},
                std::nullopt, plan.path);
      d.fact(fmt::format("{} eth{}", name, eth), "subnet", d.full_name(*subnet),
             layout.subnets[planned].reason);
    };
    add_interface(0, layout.eth0[instance]);
    for (size_t i = 0; i < layout.lan[instance].size(); ++i) {
      add_interface(i + 1, layout.lan[instance][i]);
    }
    const Ipv4Address public_ip = d.take_public_address(PublicAddressKind::aviatrix);
    d.own_public_address(public_ip, id);
    d.fact(name, "public_ip", public_ip.to_string(),
           "next free address of documentation range 198.51.100.0/24 (RFC 5737)");
    add_domain_tables(d, id, plan);
    pair.push_back(id);
  }
  if (pair.size() == 2) {
    d.network.gateways[pair[0].index()].twin = pair[1];
    d.network.gateways[pair[1].index()].twin = pair[0];
  }
}

/// One Aviatrix tunnel, with the fact that says why.
std::optional<LinkId> add_tunnel(Derivation& d, Link link, GatewayId a, GatewayId b,
                                 NatTraversal nat, const std::string& reason) {
  link.policy = kOwnPolicy;
  link.mtu = d.lab.settings.tunnel_mtu;
  const std::string name = link.name;
  const auto id = d.add_link(std::move(link));
  if (!id) return std::nullopt;
  Link& added = d.network.links[id->index()];
  d.fact(name, "tunnels", std::to_string(added.tunnel_count), reason);
  make_tunnel(d, added, a, b, kOwnPolicy, nat, d.path_of(d.network.at(a).vnet));
  d.fact(name, "mtu", std::to_string(added.mtu), "settings.tunnel_mtu (assumed)");
  return id;
}

/// Packets of a network domain cross the same tunnel as all others, from table to table.
void add_domain_links(Derivation& d, GatewayId a, GatewayId b, LinkId carrier) {
  for (const DomainTable& table : d.network.at(a).domains) {
    const RouterId far = d.network.table_of(b, table.domain);
    if (far == *d.network.at(b).router) continue;
    Link link = d.network.at(carrier);
    link.name = d.network.at(table.router).name + " - " + d.network.at(far).name;
    link.a = table.router;
    link.b = far;
    link.carrier = carrier;
    if (link.ipsec) link.ipsec->a_to_b.keys = link.ipsec->b_to_a.keys = {};  // the carrier's own
    d.add_link(std::move(link));
  }
}

void derive_ha_link(Derivation& d, GatewayId primary) {
  const Gateway& gateway = d.network.at(primary);
  if (!gateway.twin || gateway.instance != 0) return;
  const GatewayId twin_id = *gateway.twin;
  const Gateway& twin = d.network.at(twin_id);
  const auto link = add_tunnel(d,
                               {.name = gateway.name + " - " + twin.name,
                                .kind = LinkKind::ha,
                                .a = *gateway.router,
                                .b = *twin.router,
                                .connection = gateway.resource + " ha",
                                .present_at_start = gateway.present_at_start},
                               primary, twin_id, NatTraversal::off,
                               "ActiveMesh: one HA link between a gateway and its twin (V42)");
  if (link) add_domain_links(d, primary, twin_id, *link);
}

/// Both ends HPE: the controller peers the two VNets so that tunnels run on private addresses.
void derive_native_peering(Derivation& d, VnetId near, VnetId far) {
  if (d.peering(near, far) != nullptr) return;
  const std::string near_name = d.network.at(near).name;
  const std::string far_name = d.network.at(far).name;
  const auto add = [&](VnetId local, VnetId remote, const std::string& name) {
    d.add_peering({.name = name,
                   .local = local,
                   .remote = remote,
                   .is_global = d.network.at(local).location != d.network.at(remote).location,
                   .allow_forwarded_traffic = true});
    d.fact(name, "peering", "Connected",
           "insane_mode at both ends: the controller peers their VNets");
  };
  add(near, far, fmt::format("av-peer-{}-to-{}", near_name, far_name));
  add(far, near, fmt::format("av-peer-{}-to-{}", far_name, near_name));
}

/// How many tunnels a gateway pair has, on which addresses, and why (V47).
struct TunnelPlan {
  uint32_t count = 1;
  NatTraversal nat = NatTraversal::on;
  std::string reason;
};

TunnelPlan plan_attachment(const Derivation& d, const lab::SpokeTransitAttachment& attachment,
                           bool is_hpe) {
  if (!is_hpe)
    return {.reason = "attachment: one tunnel per gateway pair, an end is without HPE (V47)"};
  TunnelPlan plan{.nat = NatTraversal::off};
  if (!attachment.enable_max_performance) {
    plan.reason = "enable_max_performance is off: one tunnel per gateway pair (V47)";
  } else if (attachment.tunnel_count != 0) {
    plan.count = attachment.tunnel_count;
    plan.reason = "insane_mode at both ends: tunnel_count of the attachment (V47)";
  } else {
    plan.count = d.lab.settings.hpe_tunnels;
    plan.reason = "insane_mode at both ends: settings.hpe_tunnels per gateway pair (V47)";
  }
  return plan;
}

/// Tunnels of an HPE peering over the Internet unless tunnel_count says otherwise.
constexpr uint32_t kInternetTunnels = 4;

TunnelPlan plan_peering(const Derivation& d, const lab::TransitGatewayPeering& peering,
                        bool is_hpe) {
  if (!is_hpe)
    return {.reason = "peering: one tunnel per gateway pair, an end is without HPE (V47)"};
  const bool over_internet = peering.enable_insane_mode_encryption_over_internet;
  TunnelPlan plan{.nat = over_internet ? NatTraversal::on : NatTraversal::off};
  if (peering.enable_single_tunnel_mode) {
    plan.reason = "enable_single_tunnel_mode: one tunnel per gateway pair (V47)";
  } else if (!peering.enable_max_performance) {
    plan.reason = "enable_max_performance is off: one tunnel per gateway pair (V47)";
  } else if (peering.tunnel_count != 0) {
    plan.count = peering.tunnel_count;
    plan.reason = "insane_mode at both ends: tunnel_count of the peering (V47)";
  } else if (over_internet) {
    plan.count = kInternetTunnels;
    plan.reason = "HPE over the Internet: four tunnels per gateway pair (V47)";
  } else {
    plan.count = d.lab.settings.hpe_tunnels;
    plan.reason = "insane_mode at both ends: settings.hpe_tunnels per gateway pair (V47)";
  }
  return plan;
}

void derive_attachment(Derivation& d, const Segmentation& segmentation,
                       const lab::SpokeTransitAttachment& settings) {
  const auto spokes = d.aviatrix_gateways.find(settings.spoke_gw_name);
  const auto transits = d.aviatrix_gateways.find(settings.transit_gw_name);
  if (spokes == d.aviatrix_gateways.end() || transits == d.aviatrix_gateways.end()) return;
  Attachment attachment{
      .spoke = spokes->second,
      .transit = transits->second,
      .links = {},
      .domain = segmentation.domain_of(settings.spoke_gw_name, settings.transit_gw_name),
      .settings = settings};
  const Gateway& first = d.network.at(attachment.transit.front());
  const Gateway& spoke = d.network.at(attachment.spoke.front());
  if (first.kind != GatewayKind::transit || spoke.kind != GatewayKind::spoke) return;
  const bool is_hpe = spoke.insane_mode && first.insane_mode;
  if (is_hpe) derive_native_peering(d, spoke.vnet, first.vnet);
  const TunnelPlan plan = plan_attachment(d, settings, is_hpe);
  for (const GatewayId s : attachment.spoke) {
    for (const GatewayId t : attachment.transit) {
      const Gateway& from = d.network.at(s);
      const auto link = add_tunnel(d,
                                   {.name = from.name + " - " + d.network.at(t).name,
                                    .kind = LinkKind::tunnel,
                                    .a = *from.router,
                                    .b = d.network.table_of(t, attachment.domain),
                                    .connection = settings.spoke_gw_name + " attachment",
                                    .tunnel_count = plan.count,
                                    .present_at_start = from.present_at_start},
                                   s, t, plan.nat, plan.reason);
      if (link) attachment.links.push_back(*link);
    }
  }
  if (attachment.links.empty()) {
    d.error("aviatrix_spoke_transit_attachment." + settings.name,
            fmt::format("{} is attached to {} already", settings.spoke_gw_name,
                        settings.transit_gw_name));
    return;
  }
  d.network.attachments.push_back(std::move(attachment));
}

void derive_peering(Derivation& d, const lab::TransitGatewayPeering& settings) {
  const auto first = d.aviatrix_gateways.find(settings.transit_gateway_name1);
  const auto second = d.aviatrix_gateways.find(settings.transit_gateway_name2);
  if (first == d.aviatrix_gateways.end() || second == d.aviatrix_gateways.end()) return;
  if (first == second) return;  // reported by check_peering
  TransitPeering peering{
      .first = first->second, .second = second->second, .links = {}, .settings = settings};
  const Gateway& a = d.network.at(peering.first.front());
  const Gateway& b = d.network.at(peering.second.front());
  if (a.kind != GatewayKind::transit || b.kind != GatewayKind::transit) return;
  const TunnelPlan plan = plan_peering(d, settings, a.insane_mode && b.insane_mode);
  if (plan.nat == NatTraversal::off) derive_native_peering(d, a.vnet, b.vnet);
  for (const GatewayId x : peering.first) {
    for (const GatewayId y : peering.second) {
      const Gateway& from = d.network.at(x);
      const Gateway& to = d.network.at(y);
      const auto link = add_tunnel(d,
                                   {.name = from.name + " - " + to.name,
                                    .kind = LinkKind::tunnel,
                                    .a = *from.router,
                                    .b = *to.router,
                                    .connection = settings.name + " peering",
                                    .tunnel_count = plan.count},
                                   x, y, plan.nat, plan.reason);
      if (!link) continue;
      peering.links.push_back(*link);
      add_domain_links(d, x, y, *link);
    }
  }
  if (peering.links.empty()) {
    d.error("aviatrix_transit_gateway_peering." + settings.name,
            fmt::format("{} and {} are peered already", settings.transit_gateway_name1,
                        settings.transit_gateway_name2));
    return;
  }
  d.network.transit_peerings.push_back(std::move(peering));
}

}  // namespace

void derive_gateways(Derivation& d) {
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
    derive_gateway(d,
                   {.has_domains = transit.enable_segmentation,
                    .name = transit.name,
                    .kind = GatewayKind::transit,
                    .has_twin = transit.ha_gw,
                    .insane_mode = transit.insane_mode,
                    .size = size_of(transit),
                    .asn = transit.local_as_number,
                    .path = "aviatrix_transit_gateway." + transit.name},
                   layout_of(transit));
  }
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    derive_gateway(d,
                   {.name = spoke.name,
                    .kind = GatewayKind::spoke,
                    .has_twin = spoke.ha_gw,
                    .insane_mode = spoke.insane_mode,
                    .size = size_of(spoke),
                    .present_at_start = !spoke.added_by_timeline,
                    .asn = spoke.enable_bgp ? spoke.local_as_number : 0,
                    .path = "aviatrix_spoke_gateway." + spoke.name},
                   layout_of(spoke, d.lab.settings));
  }
}

void derive_attachments(Derivation& d) {
  const Segmentation segmentation(d.lab);
  for (const auto& attachment : lab::attachments(d.lab)) {
    derive_attachment(d, segmentation, attachment);
  }
  for (const lab::TransitGatewayPeering& peering : d.lab.transit_gateway_peerings) {
    derive_peering(d, peering);
  }
  for (size_t i = 0; i < d.network.gateways.size(); ++i) {
    const GatewayKind kind = d.network.gateways[i].kind;
    if (kind == GatewayKind::transit || kind == GatewayKind::spoke) {
      derive_ha_link(d, GatewayId(i));
    }
  }
}

}  // namespace skyhop::cloud::aviatrix
