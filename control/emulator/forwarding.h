// The seam to the data plane: a derived network as an image, and a sink that installs routes in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "control/emulator/emulation.h"
#include "control/routing/edge.h"
#include "dataplane/dataplane.h"
#include "dataplane/image.h"

namespace skyhop::emulator {

/// Dense indexes are the network's: router index = RouterId, port index = VmId, link index of a
/// channel = 2 * LinkId (from a) or 2 * LinkId + 1 (from b), guard of a VNet = VnetId + 1, filters
/// of VM n: 2n + 1 outbound, 2n + 2 inbound.
[[nodiscard]] dataplane::Image make_image(const lab::Lab& lab, const cloud::Network& network);

/// What the lab says of a channel, as the data plane takes it.
[[nodiscard]] dataplane::LinkConditions conditions_of(const lab::LinkConditions& conditions);
/// The image's links that a user means: "a -> b" is one direction, "a - b" are both.
[[nodiscard]] Result<std::vector<dataplane::LinkIndex>> links_named(const cloud::Network& network,
                                                                    const std::string& name);

[[nodiscard]] inline dataplane::RouterIndex index_of(cloud::RouterId router) {
  return static_cast<dataplane::RouterIndex>(router.index());
}
[[nodiscard]] inline dataplane::PortIndex index_of(cloud::VmId vm) {
  return static_cast<dataplane::PortIndex>(vm.index());
}

/// The kind of table that a router has or will have with so many routes, and why.
struct TableVerdict {
  lpm::TableKind kind = lpm::TableKind::rte_lpm;
  std::string why;
};
[[nodiscard]] TableVerdict table_verdict(const cloud::Network& network, cloud::RouterId router,
                                         size_t routes);

/// Installs what the control plane decides into a data plane made from make_image().
class DataplaneSink final : public routing::FibSink {
 public:
  DataplaneSink(const cloud::Network& network, dataplane::Dataplane& dataplane)
      : network_(network), dataplane_(dataplane) {}

  void edge_added(cloud::RouterId router, lpm::EdgeId edge, const routing::Edge& what) override;
  void route_set(cloud::RouterId router, lpm::Ipv4Prefix prefix,
                 const lpm::NextHopSet& next_hops) override;
  void route_erased(cloud::RouterId router, lpm::Ipv4Prefix prefix) override;
  void edge_alive(cloud::RouterId router, lpm::EdgeId edge, bool alive) override;
  void link_state(cloud::LinkId link, bool up) override;
  void router_state(cloud::RouterId router, bool up) override;
  void channel_conditions(cloud::Channel channel, const lab::LinkConditions& conditions) override;

  /// Writes the NSGs of every VM's NIC as they are now, where they differ from what is installed.
  void refresh_filters(const Emulation& emulation);
  /// The first route that did not fit, if one did not.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const cloud::Network& network_;
  dataplane::Dataplane& dataplane_;
  std::map<dataplane::FilterIndex, std::vector<cloud::azure::CompiledNsg>> installed_filters_;
  std::optional<Error> error_;
};

}  // namespace skyhop::emulator
