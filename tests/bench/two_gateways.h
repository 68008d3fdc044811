// Two gateways joined by tunnels, with the control side's tables and sink over a data plane: what a
// route goes through from the RIB to the workers, without the clouds that would decide on it.
#pragma once

#include <memory>
#include <vector>

#include "control/emulator/forwarding.h"
#include "tests/bench/measure.h"
#include "tests/unit/cloud/network_builder.h"

namespace skyhop::bench {

struct TwoGateways : cloud::NetworkBuilder {
  cloud::VnetId vnet_id = vnet("vnet", {"192.168.0.0/16"});
  cloud::SubnetId near_subnet = subnet(vnet_id, "near", "192.168.1.0/24");
  cloud::SubnetId far_subnet = subnet(vnet_id, "far", "192.168.2.0/24");
  cloud::GatewayId near =
      gateway("near", "near", cloud::GatewayKind::transit, near_subnet, "192.168.1.4");
  cloud::GatewayId far =
      gateway("far", "far", cloud::GatewayKind::transit, far_subnet, "192.168.2.4");
  cloud::NicId source = vm("source", near_subnet, "192.168.1.5");
  cloud::NicId sink_nic = vm("sink", far_subnet, "192.168.2.5");
  std::vector<cloud::LinkId> tunnels;

  explicit TwoGateways(size_t tunnel_count) {
    network.subnets[near_subnet.index()].router = network.at(near).router;
    network.subnets[far_subnet.index()].router = network.at(far).router;
    for (size_t i = 0; i < tunnel_count; ++i) tunnels.push_back(link(near, far));
  }
  [[nodiscard]] cloud::RouterId near_router() const { return *network.at(near).router; }
  [[nodiscard]] cloud::RouterId far_router() const { return *network.at(far).router; }
};

/// The same, forwarding. Routes go into `near`; everything that reaches `far` is delivered.
struct ForwardingGateways {
  ForwardingGateways(size_t tunnel_count, lpm::TableChoice table,
                     const std::vector<dataplane::StreamSpec>& streams)
      : gateways(tunnel_count) {
    image = emulator::make_image(lab::Lab{}, gateways.network);
    for (dataplane::RouterSpec& router : image.routers) router.table = table;
    image.streams = streams;
    dataplane::EalOptions eal;
    eal.memory_mb = dataplane::memory_needed_mb(image, 1) + 128;  // for second-level blocks
    info = must(dataplane::start_eal(eal));
    dataplane::DataplaneOptions options;
    options.workers = info.workers;
    plane = must(dataplane::Dataplane::create(image, options));
    sink = std::make_unique<emulator::DataplaneSink>(gateways.network, *plane);
    near = std::make_unique<routing::RouterTable>(gateways.near_router(), sink.get());
    far = std::make_unique<routing::RouterTable>(gateways.far_router(), sink.get());
    for (const cloud::LinkId tunnel : gateways.tunnels) {
      edges.push_back(near->edge(routing::Edge::over({tunnel, gateways.near_router()})));
    }
    const routing::EdgeId out = far->edge(routing::Edge::to(gateways.sink_nic));
    far->set("connected", lpm::Ipv4Prefix::everything(), {offer({out}, {})});
  }

  /// As a BGP route is offered.
  [[nodiscard]] routing::Offer offer(const std::vector<routing::EdgeId>& primary,
                                     const std::vector<routing::EdgeId>& backup) const {
    routing::Offer offer{.source = routing::Source::bgp, .preference = 100};
    for (const routing::EdgeId edge : primary) offer.primary.push_back({edge, {}, "far"});
    for (const routing::EdgeId edge : backup) offer.backup.push_back({edge, {}, "far"});
    offer.description = offer.as_path = "65515 65100";
    return offer;
  }

  TwoGateways gateways;
  dataplane::Image image;
  dataplane::EalInfo info;
  std::unique_ptr<dataplane::Dataplane> plane;
  std::unique_ptr<emulator::DataplaneSink> sink;
  std::unique_ptr<routing::RouterTable> near;
  std::unique_ptr<routing::RouterTable> far;
  std::vector<routing::EdgeId> edges;  ///< of `near`, over each tunnel
};

}  // namespace skyhop::bench
