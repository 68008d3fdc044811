#include "control/emulator/router_plane.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/emulator/next_hops.h"

namespace skyhop::emulator {
namespace {

using cloud::GatewayId;
using cloud::PlainRouter;
using cloud::SubnetId;
using dataplane::DropReason;
using lpm::Ipv4Prefix;
using routing::Edge;
using routing::NextHop;
using routing::Offer;
using routing::Source;

// As Linux ranks them with FRR: what is connected, static routes, BGP, and last the default route
// that DHCP gave.
constexpr uint32_t kConnectedPreference = 0;
constexpr uint32_t kStaticPreference = 10;
constexpr uint32_t kNetworkPreference = 15;
constexpr uint32_t kBgpPreference = 20;
constexpr uint32_t kDhcpPreference = 250;

constexpr auto kConnected = "connected";
constexpr auto kStatic = "static";
constexpr auto kBgp = "bgp";

NextHop nowhere(routing::RouterTable& table, DropReason reason) {
  return {.edge = table.edge(Edge::drop(reason)), .via = {}, .name = "none"};
}

}  // namespace

RouterPlane::RouterPlane(const cloud::Network& network, const Speakers& speakers, Tables& tables)
    : network_(network), speakers_(speakers), tables_(tables) {
  for (const PlainRouter& router : network.plain_routers) install_fixed(router);
  if (network.internet) install_internet();
}

routing::RouterTable& RouterPlane::table_of(const PlainRouter& router) {
  return *tables_[network_.at(router.gateway).router->index()];
}

void RouterPlane::install_fixed(const PlainRouter& router) {
  const cloud::Gateway& gateway = network_.at(router.gateway);
  routing::RouterTable& table = table_of(router);
  routing::RouterTable::Offers connected = own_addresses(network_, gateway, table);
  if (router.vm) {
    const cloud::NicId nic = network_.at(*router.vm).nic;
    connected[Ipv4Prefix::host(network_.at(nic).address)] = {
        {.source = Source::connected,
         .preference = kConnectedPreference,
         .primary = {{.edge = table.edge(Edge::to(nic)), .via = {}, .name = gateway.name}},
         .description = "own address of " + network_.at(nic).name}};
    if (router.ip_forwarding) {
      connected[network_.at(network_.at(nic).subnet).prefix] = {
          {.source = Source::connected,
           .preference = kConnectedPreference,
           .primary = {out_of_nic(router)},
           .description = "subnet of " + network_.at(nic).name}};
    }
  }
  for (const cloud::Vm& vm : network_.vms) {
    const cloud::Nic& nic = network_.at(vm.nic);
    if (router.vm || network_.at(nic.subnet).vnet != gateway.vnet) continue;
    connected[Ipv4Prefix::host(nic.address)] = {
        {.source = Source::connected,
         .preference = kConnectedPreference,
         .primary = {{.edge = table.edge(Edge::to(vm.nic)), .via = {}, .name = vm.name}},
         .description = "host " + vm.name}};
  }
  table.replace(kConnected, std::move(connected));

  routing::RouterTable::Offers fixed;
  const Ipv4Prefix everything = Ipv4Prefix::everything();
  if (!router.ip_forwarding) {
    fixed[everything] = {{.source = Source::system,
                          .preference = kConnectedPreference,
                          .primary = {nowhere(table, DropReason::ip_forwarding)},
                          .description = "forwards nothing",
                          .rule = "A64"}};
    table.replace(kStatic, std::move(fixed));
    return;
  }
  for (const PlainRouter::StaticRoute& route : router.static_routes) {
    Offer offer{
        .source = Source::user, .preference = kStaticPreference, .description = "static route"};
    switch (route.out) {
      case PlainRouter::Out::links:
        for (const cloud::LinkId link : route.links) {
          offer.primary.push_back(over(network_, link, table));
        }
        break;
      case PlainRouter::Out::vnet:
        offer.primary.push_back(out_of_nic(router));
        break;
      case PlainRouter::Out::internet:
        offer.primary.push_back(to_internet(router));
        break;
      case PlainRouter::Out::nowhere:
        break;
    }
    if (offer.primary.empty()) offer.primary.push_back(nowhere(table, DropReason::route_none));
    fixed[route.prefix].push_back(std::move(offer));
  }
  if (router.vm) {
    fixed[everything].push_back({.source = Source::system,
                                 .preference = kDhcpPreference,
                                 .primary = {out_of_nic(router)},
                                 .description = "default route of the NIC"});
  } else {
    // What it calls its own and no host has ends here.
    for (const Ipv4Prefix prefix : router.networks) {
      fixed[prefix].push_back({.source = Source::connected,
                               .preference = kNetworkPreference,
                               .primary = {nowhere(table, DropReason::no_such_host)},
                               .description = "network of " + gateway.name});
    }
  }
  table.replace(kStatic, std::move(fixed));
}

// Hosts by their address; a VM by its private one, because this side of Azure's address translation
// is where its packets are looked at.
void RouterPlane::install_internet() {
  const cloud::RouterId internet = *network_.internet;
  routing::RouterTable& table = *tables_[internet.index()];
  const cloud::VnetId own = network_.at(std::get<SubnetId>(network_.at(internet).what)).vnet;
  routing::RouterTable::Offers offers;
  for (const cloud::Vm& vm : network_.vms) {
    const cloud::Nic& nic = network_.at(vm.nic);
    const cloud::Subnet& subnet = network_.at(nic.subnet);
    std::optional<NextHop> hop;
    std::string what = "host " + vm.name;
    if (subnet.vnet == own) {
      hop = NextHop{.edge = table.edge(Edge::to(vm.nic)), .via = {}, .name = vm.name};
    } else if (vm.public_ip) {
      if (const auto link = network_.link_between(internet, *subnet.router)) {
        hop = over(network_, *link, table);
        what = fmt::format("{}, whose public address is {}", vm.name, vm.public_ip->to_string());
      }
    }
    if (!hop) continue;
    offers[Ipv4Prefix::host(nic.address)] = {{.source = Source::connected,
                                              .preference = kConnectedPreference,
                                              .primary = {*hop},
                                              .description = std::move(what)}};
  }
  offers[Ipv4Prefix::everything()] = {{.source = Source::system,
                                       .preference = kDhcpPreference,
                                       .primary = {nowhere(table, DropReason::internet)},
                                       .description = "the rest of the Internet"}};
  table.replace(kConnected, std::move(offers));
}

void RouterPlane::routes_changed(GatewayId id, std::span<const bgp::Prefix> prefixes) {
  const PlainRouter* router = network_.plain_router(id);
  if (router == nullptr || !router->ip_forwarding) return;
  for (const bgp::Prefix& prefix : prefixes) install_bgp(*router, prefix.ipv4());
}

void RouterPlane::install_bgp(const PlainRouter& router, Ipv4Prefix prefix) {
  routing::RouterTable& table = table_of(router);
  const auto hop_of = [&](const bgp::Candidate& path) {
    const cloud::Session& session = network_.at(speakers_.session_of(router.gateway, *path.peer));
    std::optional<NextHop> hop;
    if (session.link) {
      hop = over(network_, *session.link, table);
      hop->via = path.peer_address.ipv4();
    } else {
      hop = out_of_nic(router);
      hop->via = path.attributes->next_hop;
    }
    return hop;
  };
  table.set(kBgp, prefix,
            bgp_offers(speakers_.at(router.gateway)->best(prefix), kBgpPreference, hop_of));
}

NextHop RouterPlane::out_of_nic(const PlainRouter& router) {
  const cloud::NicId nic = network_.at(*router.vm).nic;
  const cloud::Subnet& subnet = network_.at(network_.at(nic).subnet);
  const cloud::RouterId own = *network_.at(router.gateway).router;
  NextHop hop{.via = subnet.prefix.nth(1), .name = "eth0"};
  if (const auto link = network_.link_between(own, *subnet.router)) {
    Edge edge = Edge::over({*link, own});
    edge.leaves = nic;
    hop.edge = table_of(router).edge(edge);
  }
  return hop;
}

NextHop RouterPlane::to_internet(const PlainRouter& router) {
  routing::RouterTable& table = table_of(router);
  const cloud::RouterId own = *network_.at(router.gateway).router;
  const auto link = network_.internet ? network_.link_between(own, *network_.internet)
                                      : std::optional<cloud::LinkId>();
  return link ? over(network_, *link, table) : nowhere(table, DropReason::internet);
}

}  // namespace skyhop::emulator
