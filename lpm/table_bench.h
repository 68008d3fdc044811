// All kinds of forwarding tables side by side: the same routes, the same destinations, one run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lpm/address.h"
#include "lpm/error.h"
#include "lpm/next_hop_group.h"

namespace skyhop::lpm {

struct TableBenchOptions {
  uint32_t routes = 1000;
  double limit_s = 5;  ///< for each of adding, changing and deleting, in each table
  uint32_t destinations = 1u << 20;
  double lookup_s = 0.3;  ///< of look-ups in each table
  uint32_t seed = 1;
};

struct TableFigures {
  std::string kind;
  uint32_t routes = 0;   ///< that the table was to hold
  uint32_t loaded = 0;   ///< that it held when the limit was over; look-ups are in these
  double lookups_s = 0;  ///< the best round; rounds of the tables alternate
  double adds_s = 0;     ///< while loading
  double changes_s = 0;  ///< afterwards: one half withdrawals, one half additions
  double deletes_s = 0;
  uint64_t bytes = 0;    ///< when loaded
  bool is_dpdk = false;  ///< looked up by DPDK's own code
  [[nodiscard]] bool is_complete() const { return loaded == routes; }
};

using Route = std::pair<Ipv4Prefix, GroupId>;

/// Routes with the mix of lengths of the Internet's table (60 % /24, 10 % each of /23 and /22, ...)
/// and one in a hundred longer than /24, uniform over unicast space, in random order, without
/// duplicates. Groups are 1..255. At most 2 M.
[[nodiscard]] std::vector<Route> internet_like_routes(uint32_t count, uint32_t seed);

/// The fastest complete table of skyhop's own look-ups against the fastest of DPDK's, in look-ups
/// at this size; null where there is none.
struct TableComparison {
  const TableFigures* own = nullptr;
  const TableFigures* dpdk = nullptr;
  [[nodiscard]] double ratio() const {
    return dpdk == nullptr || own == nullptr ? 0 : own->lookups_s / dpdk->lookups_s;
  }
};
[[nodiscard]] TableComparison compare_tables(const std::vector<TableFigures>& figures,
                                             uint32_t routes);

/// The kinds in the order of the figures: rte_lpm filled by rte_lpm_add(), rte_fib, then those that
/// routers can have.
[[nodiscard]] std::vector<std::string> table_kinds();

/// Memory that EAL must have for so many routes.
[[nodiscard]] size_t table_bench_memory_mb(uint32_t routes);

/// EAL must run. Destinations are random addresses within random routes, looked up in bursts of 64
/// by the widest code that this CPU runs. Every complete table must give the same answers, else
/// this fails. `progress` hears what is being done.
[[nodiscard]] Result<std::vector<TableFigures>> bench_tables(
    const TableBenchOptions& options, const std::function<void(std::string_view)>& progress);

}  // namespace skyhop::lpm
