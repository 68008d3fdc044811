// The control side of one router: its table, its groups and its edges, which workers read while it
// writes them.
#pragma once

#include <memory>
#include <string>

#include "dataplane/image.h"
#include "dataplane/table_info.h"
#include "dataplane/tables.h"
#include "lpm/next_hop_group.h"
#include "lpm/table_slot.h"

namespace skyhop::lpm {
class Qsbr;
}

namespace skyhop::dataplane {

class RouterControl {
 public:
  /// `router` is what workers read, which outlives this; `name` is the table's, of 24 octets at
  /// most.
  static Result<std::unique_ptr<RouterControl>> create(const std::string& name,
                                                       const lpm::TablePolicy& policy,
                                                       Router& router, lpm::Qsbr& qsbr);

  EdgeId add_edge(const EdgeSpec& spec);
  Result<void> set_route(Ipv4Prefix prefix, const lpm::NextHopSet& next_hops);
  void erase_route(Ipv4Prefix prefix) { table_->erase(prefix); }
  void set_edge_alive(EdgeId edge, bool alive) { groups_.set_edge_alive(edge, alive); }
  void tidy() { table_->tidy(); }
  [[nodiscard]] TableInfo table_info() const;

 private:
  RouterControl(Router& router, lpm::Qsbr& qsbr) : router_(router), qsbr_(qsbr) {}

  Router& router_;
  lpm::Qsbr& qsbr_;
  std::unique_ptr<lpm::TableSlot> table_;
  lpm::GroupTable groups_;
  std::unique_ptr<Edge[]> edges_;
  size_t edge_count_ = 0;
  size_t edge_capacity_ = 0;
};

}  // namespace skyhop::dataplane
