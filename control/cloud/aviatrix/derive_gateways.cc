// Transit and spoke gateways, their twins, and the ActiveMesh tunnels between them.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/aviatrix/derive.h"
#include "control/cloud/aviatrix/layout.h"
#include "control/cloud/aviatrix/sizes.h"
#include "control/cloud/ipsec.h"

namespace skyhop::cloud::aviatrix {

namespace {

/// Phase 2 of the controller's own tunnels: its defaults, AES-256-CBC with HMAC-SHA-256.
const lab::IpsecPolicy kOwnPolicy;

struct GatewayPlan {
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
  link.a = *d.network.at(a).router;
  link.b = *d.network.at(b).router;
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

void derive_ha_link(Derivation& d, GatewayId primary) {
  const Gateway& gateway = d.network.at(primary);
  if (!gateway.twin || gateway.instance != 0) return;
  const Gateway& twin = d.network.at(*gateway.twin);
  add_tunnel(d,
             {.name = gateway.name + " - " + twin.name,
              .kind = LinkKind::ha,
              .connection = gateway.resource + " ha",
              .present_at_start = gateway.present_at_start},
             primary, *gateway.twin, NatTraversal::off,
             "ActiveMesh: one HA link between a gateway and its twin (V42)");
}

/// Both ends HPE: the controller peers the two VNets so that tunnels run on private addresses.
void derive_native_peering(Derivation& d, VnetId spoke, VnetId transit) {
  if (d.peering(spoke, transit) != nullptr) return;
  const std::string spoke_name = d.network.at(spoke).name;
  const std::string transit_name = d.network.at(transit).name;
  const auto add = [&](VnetId local, VnetId remote, const std::string& name) {
    d.add_peering({.name = name,
                   .local = local,
                   .remote = remote,
                   .is_global = d.network.at(local).location != d.network.at(remote).location,
                   .allow_forwarded_traffic = true});
    d.fact(name, "peering", "Connected",
           "insane_mode at both ends: the controller peers their VNets");
  };
  add(spoke, transit, fmt::format("av-peer-{}-to-{}", spoke_name, transit_name));
  add(transit, spoke, fmt::format("av-peer-{}-to-{}", transit_name, spoke_name));
}

void derive_attachment(Derivation& d, const lab::SpokeGateway& spoke) {
  const auto spokes = d.aviatrix_gateways.find(spoke.name);
  const auto transits = d.aviatrix_gateways.find(spoke.transit_gw);
  if (spokes == d.aviatrix_gateways.end() || transits == d.aviatrix_gateways.end()) return;
  Attachment attachment{.spoke = spokes->second, .transit = transits->second, .links = {}};
  const Gateway& first = d.network.at(attachment.transit.front());
  if (first.kind != GatewayKind::transit) return;
  const bool is_hpe = spoke.insane_mode && first.insane_mode;
  if (is_hpe) {
    derive_native_peering(d, d.network.at(attachment.spoke.front()).vnet, first.vnet);
  }
  for (const GatewayId s : attachment.spoke) {
    for (const GatewayId t : attachment.transit) {
      const Gateway& from = d.network.at(s);
      const Gateway& to = d.network.at(t);
      const auto link = add_tunnel(
          d,
          {.name = from.name + " - " + to.name,
           .kind = LinkKind::tunnel,
           .connection = spoke.name + " attachment",
           .tunnel_count = is_hpe ? d.lab.settings.hpe_tunnels : 1,
           .present_at_start = from.present_at_start},
          s, t, is_hpe ? NatTraversal::off : NatTraversal::on,
          is_hpe ? "insane_mode at both ends: settings.hpe_tunnels per gateway pair (V47)"
                 : "attachment: one tunnel per gateway pair, an end is without HPE (V47)");
      if (link) attachment.links.push_back(*link);
    }
  }
  d.network.attachments.push_back(std::move(attachment));
}

}  // namespace

void derive_gateways(Derivation& d) {
  for (const lab::TransitGateway& transit : d.lab.transit_gateways) {
    derive_gateway(d,
                   {.name = transit.name,
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
                    .path = "aviatrix_spoke_gateway." + spoke.name},
                   layout_of(spoke));
  }
}

void derive_attachments(Derivation& d) {
  for (const lab::SpokeGateway& spoke : d.lab.spoke_gateways) {
    if (!spoke.transit_gw.empty()) derive_attachment(d, spoke);
  }
  for (size_t i = 0; i < d.network.gateways.size(); ++i) {
    const GatewayKind kind = d.network.gateways[i].kind;
    if (kind == GatewayKind::transit || kind == GatewayKind::spoke) {
      derive_ha_link(d, GatewayId(i));
    }
  }
}

}  // namespace skyhop::cloud::aviatrix
