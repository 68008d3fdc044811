// The kind of each router's forwarding table: what the lab names for the router, else for all, else
// rte_lpm, and in a large lab whatever is best for each.
#include <fmt/format.h>

#include <set>

#include "control/cloud/links.h"

namespace skyhop::cloud {

void choose_tables(Derivation& d) {
  const bool is_large = lpm::TablePolicy{.routers = d.network.routers.size()}.is_large_lab();
  for (Router& router : d.network.routers) {
    if (d.lab.settings.forwarding_table) {
      router.table = *d.lab.settings.forwarding_table;
      router.table_reason = "settings.forwarding_table";
    } else if (is_large) {
      router.table = lpm::TableChoice::automatic;
      router.table_reason = fmt::format("the default with more than {} routers", lpm::kManyRouters);
    } else {
      router.table_reason = "the default";
    }
  }
  std::set<std::string> named;
  for (size_t i = 0; i < d.lab.forwarding_tables.size(); ++i) {
    const lab::ForwardingTable& entry = d.lab.forwarding_tables[i];
    const std::string path = fmt::format("forwarding_tables[{}].router", i);
    if (!named.insert(entry.router).second) {
      d.error(path, fmt::format("\"{}\" is named twice", entry.router));
      continue;
    }
    if (const auto id = d.network.find_router(entry.router)) {
      Router& router = d.network.routers[id->index()];
      router.table = entry.kind;
      router.table_reason = "forwarding_tables";
      continue;
    }
    std::vector<std::string> candidates;
    for (const Router& router : d.network.routers) candidates.push_back(router.name);
    d.error(path, fmt::format("there is no router \"{}\"{}", entry.router,
                              did_you_mean(entry.router, candidates)));
  }
}

}  // namespace skyhop::cloud
