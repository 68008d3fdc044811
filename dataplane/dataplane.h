// The data plane as the control thread sees it: make it from an image, install routes, start the
// workers, change things while they run, read the counters, stop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "dataplane/counters.h"
#include "dataplane/eal.h"
#include "dataplane/image.h"
#include "dataplane/table_info.h"

namespace skyhop::dataplane {

struct DataplaneOptions {
  std::vector<unsigned> workers;  ///< lcore ids, from EalInfo
  uint32_t burst = 0;             ///< packets per pass; 0: the default
  bool measure_latency = true;
  /// Of each NIC's flow tables; a flow takes two. 0: as many as the streams' flows want, 2^16 at
  /// least.
  uint32_t flow_entries = 0;
  /// How long stop() waits for what links hold; the rest stays held.
  double drain_limit_s = 2;
  /// What links take for the time, in cycles of the TSC. Null: the TSC itself; tests say otherwise.
  const std::atomic<uint64_t>* link_clock = nullptr;
};

class Dataplane {
 public:
  /// EAL must run. Opens the ports; nothing is left behind on failure.
  static Result<std::unique_ptr<Dataplane>> create(Image image, const DataplaneOptions& options);
  virtual ~Dataplane() = default;

  // Control thread only, before or while the workers run.
  virtual EdgeId add_edge(RouterIndex router, const EdgeSpec& edge) = 0;
  virtual Result<void> set_route(RouterIndex router, Ipv4Prefix prefix,
                                 const lpm::NextHopSet& next_hops) = 0;
  virtual void erase_route(RouterIndex router, Ipv4Prefix prefix) = 0;
  /// The table that a router has now.
  [[nodiscard]] virtual TableInfo table(RouterIndex router) const = 0;
  /// The router knows that this edge is dead: its groups move traffic to the other members.
  virtual void set_edge_alive(RouterIndex router, EdgeId edge, bool alive) = 0;
  /// The link itself: packets sent into a dead one are lost as link_down.
  virtual void set_link_up(LinkIndex link, bool up) = 0;
  /// From now on; what the link holds already keeps its time and its order.
  virtual void set_link_conditions(LinkIndex link, const LinkConditions& conditions) = 0;
  /// Packets that reach a dead router are lost as router_down.
  virtual void set_router_up(RouterIndex router, bool up) = 0;
  /// New rules decide new flows; established ones go on (A69).
  virtual void set_filter(FilterIndex filter, const FilterSpec& spec) = 0;

  /// Does what had to wait for the workers or was put off, such as moving a table that is of the
  /// wrong kind for its size. To be called now and then while they run.
  virtual void tidy() = 0;
  /// To be called every few milliseconds where tunnels encrypt: new SAs in time, old ones away.
  /// `now`: seconds since the start, in the time by which SAs age.
  virtual void tend(double now) = 0;
  /// Every SA that the run has had, by link, tunnel, worker and generation.
  [[nodiscard]] virtual std::vector<ipsec::AssociationRecord> associations() const = 0;

  virtual Result<void> start() = 0;
  /// True once every stream with a limit and every replay has sent its last packet and nothing is
  /// held any more.
  [[nodiscard]] virtual bool is_finished() const = 0;
  /// Stops input, drains what is held (see drain_limit_s), joins the workers.
  virtual void stop() = 0;
  /// May be called while the workers run; after stop() it is exact.
  [[nodiscard]] virtual Counters counters() const = 0;
  [[nodiscard]] virtual Totals totals() const = 0;
  [[nodiscard]] virtual uint64_t drops(RouterIndex router, DropReason reason) const = 0;
  /// What went wrong in a replayed capture after its good packets, if anything did.
  [[nodiscard]] virtual std::optional<Error> replay_error() const = 0;
};

}  // namespace skyhop::dataplane
