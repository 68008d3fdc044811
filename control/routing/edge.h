// The ways out of a router, as the control side names them. The data plane knows the same edges by
// the same index (lpm::EdgeId).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "dataplane/drop_reason.h"
#include "lpm/next_hop_group.h"

namespace skyhop::routing {

using cloud::Channel;
using cloud::LinkId;
using cloud::NicId;
using cloud::RouterId;
using lpm::EdgeId;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

struct Edge {
  enum class Kind : uint8_t {
    drop,     ///< with `reason`
    channel,  ///< over a link to the router at its far end
    nic,      ///< to a VM's NIC: out of the model at its virtual port
    local,    ///< to this router itself
  };
  Kind kind = Kind::drop;
  dataplane::DropReason reason = dataplane::DropReason::no_route;
  Channel channel;
  NicId nic;
  /// Sources that a peering lets through on this edge (A55); empty: all.
  std::vector<Ipv4Prefix> allowed_sources;
  /// An appliance's NIC that a channel enters or leaves by, where its security groups are asked.
  std::optional<NicId> enters;
  std::optional<NicId> leaves;

  static Edge drop(dataplane::DropReason reason) {
    Edge edge;
    edge.reason = reason;
    return edge;
  }
  static Edge local() {
    Edge edge;
    edge.kind = Kind::local;
    return edge;
  }
  static Edge over(Channel channel, std::vector<Ipv4Prefix> allowed_sources = {}) {
    Edge edge;
    edge.kind = Kind::channel;
    edge.channel = channel;
    edge.allowed_sources = std::move(allowed_sources);
    return edge;
  }
  static Edge to(NicId nic, std::vector<Ipv4Prefix> allowed_sources = {}) {
    Edge edge;
    edge.kind = Kind::nic;
    edge.nic = nic;
    edge.allowed_sources = std::move(allowed_sources);
    return edge;
  }
  friend auto operator<=>(const Edge&, const Edge&) = default;
};

/// Where changes of forwarding go: the data plane, or nowhere. Calls come in an order that a table
/// can apply one by one: an edge before the routes that use it.
class FibSink {
 public:
  virtual ~FibSink() = default;
  virtual void edge_added(RouterId router, EdgeId edge, const Edge& what) = 0;
  virtual void route_set(RouterId router, Ipv4Prefix prefix, const lpm::NextHopSet& next_hops) = 0;
  virtual void route_erased(RouterId router, Ipv4Prefix prefix) = 0;
  /// The router noticed that the edge is dead or alive again.
  virtual void edge_alive(RouterId router, EdgeId edge, bool alive) = 0;
  /// The wire itself, whether or not anybody has noticed.
  virtual void link_state(LinkId link, bool up) = 0;
  virtual void router_state(RouterId router, bool up) = 0;
  /// What a channel does to packets from now on: all of it.
  virtual void channel_conditions(Channel channel, const lab::LinkConditions& conditions) = 0;
};

}  // namespace skyhop::routing
