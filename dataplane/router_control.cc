#include "dataplane/router_control.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "lpm/qsbr.h"

namespace skyhop::dataplane {
namespace {

[[noreturn]] void bug(const char* what) {
  std::fprintf(stderr, "data plane: %s\n", what);
  std::abort();
}

Edge to_edge(const EdgeSpec& spec) {
  return {spec.action, spec.reason, spec.port, spec.filter, spec.guard, spec.link};
}

}  // namespace

Result<std::unique_ptr<RouterControl>> RouterControl::create(const std::string& name,
                                                             const lpm::TablePolicy& policy,
                                                             Router& router, lpm::Qsbr& qsbr) {
  std::unique_ptr<RouterControl> control(new RouterControl(router, qsbr));
  auto table = lpm::TableSlot::create(name, policy, router.table, &qsbr);
  if (!table) return std::unexpected(table.error());
  control->table_ = std::move(*table);
  router.slots = control->groups_.slots();
  return control;
}

EdgeId RouterControl::add_edge(const EdgeSpec& spec) {
  constexpr size_t kMaxEdges = 0xffff;
  if (edge_count_ == kMaxEdges) bug("a router has too many edges");
  if (edge_count_ == edge_capacity_) {
    const size_t capacity = std::max<size_t>(16, edge_capacity_ * 2);
    auto larger = std::make_unique<Edge[]>(capacity);
    std::copy_n(edges_.get(), edge_count_, larger.get());
    router_.edges.store(larger.get(), std::memory_order_release);
    std::swap(edges_, larger);
    edge_capacity_ = capacity;
    qsbr_.synchronize();  // then the old array goes
  }
  // No slot names the new edge yet: workers see it complete when one does.
  edges_[edge_count_] = to_edge(spec);
  return static_cast<EdgeId>(edge_count_++);
}

Result<void> RouterControl::set_route(Ipv4Prefix prefix, const lpm::NextHopSet& next_hops) {
  for (const auto* members : {&next_hops.primary, &next_hops.backup}) {
    for (const EdgeId edge : *members) {
      if (edge >= edge_count_) bug("a route over an edge that is not there");
    }
  }
  std::atomic_thread_fence(std::memory_order_release);
  return table_->set(prefix, groups_.find_or_add(next_hops));
}

TableInfo RouterControl::table_info() const {
  return {.kind = table_->kind(),
          .why = table_->why(),
          .routes = table_->table().size(),
          .bytes = table_->table().bytes(),
          .moves = table_->moves()};
}

}  // namespace skyhop::dataplane
