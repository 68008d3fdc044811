#include "control/routing/bgp_routes.h"

namespace skyhop::routing {
namespace {

// In the key of a path that was originated here.
constexpr bgp::PeerId kNoPeer{UINT32_MAX};

}  // namespace

RouterTable::ListId BgpRoutes::list_for(std::span<const bgp::UsedPath> used) {
  if (used.empty()) return 0;
  key_.clear();
  for (const bgp::UsedPath& path : used) {
    key_.push_back({path.peer.value_or(kNoPeer), path.attributes->next_hop});
  }
  const auto known = ways_.find(key_);
  if (known != ways_.end()) return known->second;
  return ways_.emplace(key_, table_.share(make_offers_(used))).first->second;
}

void BgpRoutes::change(std::span<const bgp::BestChange> changes) {
  std::vector<Ipv4Prefix> run;
  RouterTable::ListId run_list = 0;
  for (const bgp::BestChange& change : changes) {
    if (!change.prefix.is_ipv4()) continue;
    const RouterTable::ListId list = list_for(change.used);
    if (list != run_list && !run.empty()) {
      table_.set(source_, run, run_list);
      run.clear();
    }
    run_list = list;
    run.push_back(change.prefix.ipv4());
  }
  if (!run.empty()) table_.set(source_, run, run_list);
}

}  // namespace skyhop::routing
