// The lab's path in small: eight routers between two ports, with the same splits, filters and
// look-ups, for measuring the data plane without the control side.
#pragma once

#include <memory>
#include <string>

#include "dataplane/dataplane.h"

namespace skyhop::dataplane {

/// Routers of the chain, in the order in which a packet meets them.
struct Chain {
  Image image;
  PortIndex source = 0;
  PortIndex sink = 1;
};

/// spoke1 fabric -> spoke1 gw -> transit 1 (two) -> fabric -> VPN gateway (two) -> transit 2 (two)
/// -> spoke2 gw -> spoke2 fabric: eight look-ups per packet.
[[nodiscard]] inline Chain make_chain(const std::string& source_devargs) {
  Chain chain;
  Image& image = chain.image;
  const auto router = [&image](const char* name, bool is_gateway) {
    RouterSpec spec;
    spec.name = name;
    spec.address = Ipv4Address(10, 0, 9, static_cast<uint8_t>(image.routers.size() + 1));
    spec.decrements_ttl = is_gateway;
    spec.answers_icmp = is_gateway;
    image.routers.push_back(spec);
    return static_cast<RouterIndex>(image.routers.size() - 1);
  };
  const auto join = [&image](RouterIndex from, RouterIndex to, LinkKind kind) {
    LinkSpec link;
    link.name = image.routers[from].name + " -> " + image.routers[to].name;
    link.kind = kind;
    link.to = to;
    if (kind == LinkKind::tunnel) {
      link.overhead_fixed = 60;
      link.overhead_block = 16;
    }
    image.links.push_back(link);
    EdgeSpec edge;
    edge.action = EdgeAction::forward;
    edge.link = static_cast<LinkIndex>(image.links.size() - 1);
    image.routers[from].edges.push_back(edge);
  };
  const auto fabric1 = router("spoke1-fabric", false);
  const auto spoke1 = router("spoke1", true);
  const RouterIndex transit1[] = {router("transit-1", true), router("transit-1-hagw", true)};
  const auto fabric2 = router("bgp-lan-fabric", false);
  const RouterIndex vng[] = {router("vng-0", false), router("vng-1", false)};
  const RouterIndex transit2[] = {router("transit-2", true), router("transit-2-hagw", true)};
  const auto spoke2 = router("spoke2", true);
  const auto fabric3 = router("spoke2-fabric", false);
  join(fabric1, spoke1, LinkKind::fabric);
  for (const auto to : transit1) {
    join(spoke1, to, LinkKind::tunnel);
    join(to, fabric2, LinkKind::fabric);
  }
  for (const auto to : vng) {
    join(fabric2, to, LinkKind::fabric);
    for (const auto far : transit2) join(to, far, LinkKind::tunnel);
  }
  for (const auto from : transit2) join(from, spoke2, LinkKind::tunnel);
  join(spoke2, fabric3, LinkKind::fabric);

  const FilterRule any{.allow = true};
  image.filters.push_back({"source outbound", 0, {{any}, {any}}});
  image.filters.push_back({"sink inbound", 1, {{any}, {any}}});
  EdgeSpec out;
  out.action = EdgeAction::deliver;
  out.port = chain.sink;
  out.filter = 2;
  image.routers[fabric3].edges.push_back(out);

  PortSpec source;
  source.name = "source";
  source.address = Ipv4Address(10, 0, 30, 5);
  source.router = fabric1;
  source.filter = 1;
  source.devargs = source_devargs;
  PortSpec sink;
  sink.name = "sink";
  sink.address = Ipv4Address(10, 0, 110, 5);
  sink.router = fabric3;
  image.ports = {source, sink};
  return chain;
}

/// Every router sends the sink's prefix over all its edges.
[[nodiscard]] inline Result<void> route_chain(Dataplane& dataplane, const Image& image,
                                              bool has_long_prefixes) {
  for (size_t i = 0; i < image.routers.size(); ++i) {
    lpm::NextHopSet all;
    for (size_t edge = 1; edge <= image.routers[i].edges.size(); ++edge) {
      all.primary.push_back(static_cast<EdgeId>(edge));
    }
    const auto router = static_cast<RouterIndex>(i);
    for (const char* prefix : {"10.0.0.0/8", "10.0.110.0/24", "10.0.110.0/26"}) {
      const auto parsed = *Ipv4Prefix::parse(prefix);
      if (parsed.length() > 24 && !has_long_prefixes) continue;
      if (auto set = dataplane.set_route(router, parsed, all); !set) return set;
    }
  }
  return {};
}

}  // namespace skyhop::dataplane
