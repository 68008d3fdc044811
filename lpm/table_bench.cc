#include "lpm/table_bench.h"

#include <rte_fib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <unordered_set>

#include "lpm/forwarding_table.h"
#include "lpm/popline_table.h"
#include "lpm/rte_fib_table.h"
#include "lpm/rte_lpm_table.h"

namespace skyhop::lpm {
namespace {

constexpr size_t kBurst = 64;
constexpr const char* kPlainRteLpm = "rte_lpm_add";
constexpr size_t kClockEvery = 64;

// In ten thousand, from /8 on, after public statistics of the global table: up to /15, /16 to /24,
// and some longer ones as clouds have them.
constexpr std::array<uint32_t, 25> kLengthMix = {2,  1,   3,   10,  30,  60,   120,  130,  140,
                                                 80, 140, 260, 440, 500, 1100, 1000, 5884, 10,
                                                 10, 10,  10,  10,  15,  15,   20};
static_assert(std::accumulate(kLengthMix.begin(), kLengthMix.end(), 0u) == 10'000);

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One table and how the fastest reader of its kind looks up a whole list.
struct Contender {
  std::string kind;
  bool is_dpdk = false;
  std::unique_ptr<ForwardingTable> table;
  std::function<void(std::span<const uint32_t> destinations)> look_up;
};

/// Calls `change(i)` for i from 0 on until `count` or the limit: how many, and how many a second.
template <typename Change>
std::pair<uint32_t, double> time_changes(uint32_t count, double limit_s, Change change) {
  const auto start = Clock::now();
  uint32_t done = 0;
  double taken = 0;
  while (done < count) {
    const auto until =
        static_cast<uint32_t>(std::min<uint64_t>(count, uint64_t{done} + kClockEvery));
    for (; done < until; ++done) change(done);
    taken = seconds_since(start);
    if (taken > limit_s) break;
  }
  return {done, taken > 0 ? done / taken : 0};
}

/// rte_lpm as DPDK means it to be used, with rte_lpm_add() and rte_lpm_delete().
class PlainRteLpm final : public ForwardingTable {
 public:
  static Result<std::unique_ptr<PlainRteLpm>> create(const std::string& name,
                                                     const rte_lpm_config& config) {
    rte_lpm* lpm = rte_lpm_create(name.c_str(), static_cast<int>(SOCKET_ID_ANY), &config);
    if (lpm == nullptr) return fail("cannot create the forwarding table", name);
    return std::unique_ptr<PlainRteLpm>(new PlainRteLpm(lpm, config));
  }
  ~PlainRteLpm() override { rte_lpm_free(lpm_); }

  Result<void> set(Ipv4Prefix prefix, GroupId group) override {
    const int code = rte_lpm_add(lpm_, prefix.address().value(), prefix.length(), group);
    if (code < 0) return fail("rte_lpm_add refuses " + prefix.to_string());
    ++routes_;
    return {};
  }
  bool erase(Ipv4Prefix prefix) override {
    const int code = rte_lpm_delete(lpm_, prefix.address().value(), prefix.length());
    if (code == 0) --routes_;
    return code == 0;
  }
  GroupId lookup(Ipv4Address destination) const override {
    uint32_t group = 0;
    return rte_lpm_lookup(lpm_, destination.value(), &group) == 0 ? group : kNoRouteGroup;
  }
  void lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const override {
    size_t i = 0;
    for (; i + 4 <= destinations.size(); i += 4) {
      xmm_t four;
      std::memcpy(&four, &destinations[i], sizeof four);
      rte_lpm_lookupx4(lpm_, four, &groups[i], kNoRouteGroup);
    }
    for (; i < destinations.size(); ++i) groups[i] = lookup(Ipv4Address(destinations[i]));
  }
  size_t size() const override { return routes_; }
  size_t bytes() const override {
    constexpr size_t kRule = 8;
    return RteLpmTable::bytes_for(config_.number_tbl8s) + config_.max_rules * kRule;
  }

 private:
  PlainRteLpm(rte_lpm* lpm, const rte_lpm_config& config) : lpm_(lpm), config_(config) {}
  rte_lpm* lpm_;
  rte_lpm_config config_;
  size_t routes_ = 0;
};

std::function<void(std::span<const uint32_t>)> burst_reader(const ForwardingTable& table) {
  return [&table](std::span<const uint32_t> destinations) {
    std::array<GroupId, kBurst> groups;
    for (size_t i = 0; i < destinations.size(); i += kBurst) {
      const auto burst = destinations.subspan(i, std::min(kBurst, destinations.size() - i));
      table.lookup(burst, std::span(groups).first(burst.size()));
    }
  };
}

// rte_fib by itself: without our conversion of its 64-bit answers.
std::function<void(std::span<const uint32_t>)> fib_reader(const RteFibTable& table) {
  return [fib = table.raw()](std::span<const uint32_t> destinations) {
    std::array<uint64_t, kBurst> next_hops;
    for (size_t i = 0; i < destinations.size(); i += kBurst) {
      const size_t count = std::min(kBurst, destinations.size() - i);
      rte_fib_lookup_bulk(fib, const_cast<uint32_t*>(&destinations[i]), next_hops.data(),
                          static_cast<int>(count));
    }
  };
}

uint32_t blocks_needed(const std::vector<Route>& routes) {
  std::unordered_set<uint32_t> blocks;
  for (const auto& [prefix, group] : routes) {
    if (prefix.length() > 24) blocks.insert(prefix.address().value() >> 8);
  }
  return static_cast<uint32_t>(blocks.size()) + 64;
}

Result<std::vector<Contender>> make_contenders(const std::vector<Route>& routes) {
  static unsigned run = 0;
  const std::string suffix = std::to_string(run++);
  const auto count = static_cast<uint32_t>(routes.size());
  const uint32_t blocks = blocks_needed(routes);
  const auto kinds = table_kinds();
  std::vector<Contender> all;
  auto plain = PlainRteLpm::create("bench-plain-" + suffix, {count, blocks, 0});
  if (!plain) return std::unexpected(plain.error());
  all.push_back({kinds[0], true, std::move(*plain), {}});
  for (const auto next_hop :
       {RteFibOptions::NextHop::four_octets, RteFibOptions::NextHop::two_octets}) {
    const std::string& kind = kinds[all.size()];
    auto fib = RteFibTable::create("bench-fib-" + std::to_string(all.size()) + "-" + suffix,
                                   {count, blocks, next_hop});
    if (!fib) return std::unexpected(fib.error());
    (void)(*fib)->use_avx512();  // else DPDK's best for this CPU
    auto reader = fib_reader(**fib);
    all.push_back({kind, true, std::move(*fib), std::move(reader)});
  }
  auto lpm = RteLpmTable::create("bench-lpm-" + suffix, {.first_tbl8 = blocks}, nullptr);
  if (!lpm) return std::unexpected(lpm.error());
  all.push_back({kinds[all.size()], true, std::move(*lpm), {}});
  for (const size_t widen_at : {size_t{0}, SIZE_MAX}) {
    all.push_back({kinds[all.size()],
                   false,
                   std::make_unique<PoplineTable>(PoplineOptions{widen_at}, nullptr),
                   {}});
  }
  for (Contender& one : all) {
    if (!one.look_up) one.look_up = burst_reader(*one.table);
  }
  return all;
}

std::vector<uint32_t> destinations_within(const std::vector<Route>& routes, uint32_t count,
                                          std::mt19937& random) {
  std::vector<uint32_t> destinations(count);
  for (uint32_t& destination : destinations) {
    const Ipv4Prefix prefix = routes[random() % routes.size()].first;
    destination = prefix.address().value() | (random() & ~prefix.mask());
  }
  return destinations;
}

Result<void> check_answers(const std::vector<Contender>& all,
                           const std::vector<TableFigures>& figures,
                           std::span<const uint32_t> destinations) {
  std::vector<GroupId> expected;
  std::vector<GroupId> groups(destinations.size());
  const Contender* first = nullptr;
  for (size_t k = 0; k < all.size(); ++k) {
    if (!figures[k].is_complete()) continue;
    all[k].table->lookup(destinations, groups);
    if (first == nullptr) {
      first = &all[k];
      expected = groups;
    } else if (groups != expected) {
      return fail(all[k].kind + " and " + first->kind + " give different answers");
    }
  }
  return {};
}

}  // namespace

std::vector<Route> internet_like_routes(uint32_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::discrete_distribution<uint32_t> lengths(kLengthMix.begin(), kLengthMix.end());
  std::unordered_set<Ipv4Prefix> taken;
  std::vector<Route> routes;
  routes.reserve(count);
  while (routes.size() < count) {
    const Ipv4Address address((1u << 24) + static_cast<uint32_t>(random() % (223u << 24)));
    const Ipv4Prefix prefix(address, static_cast<uint8_t>(8 + lengths(random)));
    if (!taken.insert(prefix).second) continue;
    routes.emplace_back(prefix, 1 + random() % 255);
  }
  return routes;
}

TableComparison compare_tables(const std::vector<TableFigures>& figures, uint32_t routes) {
  TableComparison best;
  for (const TableFigures& f : figures) {
    if (f.routes != routes || !f.is_complete()) continue;
    const TableFigures*& place = f.is_dpdk ? best.dpdk : best.own;
    if (place == nullptr || f.lookups_s > place->lookups_s) place = &f;
  }
  return best;
}

std::vector<std::string> table_kinds() {
  return {kPlainRteLpm, "rte_fib 4 B", "rte_fib 2 B", "rte_lpm", "popline", "popline, narrow"};
}

size_t table_bench_memory_mb(uint32_t routes) {
  constexpr size_t kTables = 64 + 64 + 64 + 32;
  constexpr size_t kPerRoute = 1024;  // rte_lpm's rules, two tries of rte_fib
  constexpr size_t kSlack = 128;
  return kTables + ((size_t{routes} * kPerRoute) >> 20) + kSlack;
}

Result<std::vector<TableFigures>> bench_tables(
    const TableBenchOptions& options, const std::function<void(std::string_view)>& progress) {
  progress("making routes");
  const auto routes = internet_like_routes(options.routes, options.seed);
  std::mt19937 random(options.seed + 1);
  const auto destinations = destinations_within(routes, options.destinations, random);
  auto contenders = make_contenders(routes);
  if (!contenders) return std::unexpected(contenders.error());

  std::vector<TableFigures> figures;
  std::optional<Error> error;
  for (Contender& one : *contenders) {
    progress(one.kind + ": adding");
    TableFigures& f = figures.emplace_back();
    f.kind = one.kind;
    f.is_dpdk = one.is_dpdk;
    f.routes = options.routes;
    std::tie(f.loaded, f.adds_s) = time_changes(options.routes, options.limit_s, [&](uint32_t i) {
      const auto set = one.table->set(routes[i].first, routes[i].second);
      if (!set && !error) error = set.error();
    });
    if (error) return std::unexpected(*error);
    f.bytes = one.table->bytes();
  }
  progress("comparing answers");
  if (auto same = check_answers(*contenders, figures, destinations); !same) {
    return std::unexpected(same.error());
  }

  // By turns, so that whatever else the machine does meets all of them.
  std::vector<double> spent(contenders->size());
  do {
    for (size_t k = 0; k < contenders->size(); ++k) {
      progress((*contenders)[k].kind + ": looking up");
      const auto start = Clock::now();
      (*contenders)[k].look_up(destinations);
      const double taken = seconds_since(start);
      spent[k] += taken;
      figures[k].lookups_s =
          std::max(figures[k].lookups_s, static_cast<double>(destinations.size()) / taken);
    }
  } while (std::ranges::min(spent) < options.lookup_s);

  for (size_t k = 0; k < contenders->size(); ++k) {
    ForwardingTable& table = *(*contenders)[k].table;
    TableFigures& f = figures[k];
    progress(f.kind + ": changing");
    const uint32_t changes = std::min(2 * f.loaded, 400'000u);
    f.changes_s = time_changes(changes, options.limit_s, [&](uint32_t i) {
                    // Each route is withdrawn and comes back with another group.
                    const auto& [prefix, group] = routes[(uint64_t{i / 2} * 7919) % f.loaded];
                    if (i % 2 == 0) {
                      (void)table.erase(prefix);
                    } else if (auto set = table.set(prefix, group ^ 1); !set && !error) {
                      error = set.error();
                    }
                  }).second;
    if (error) return std::unexpected(*error);
    progress(f.kind + ": deleting");
    f.deletes_s = time_changes(f.loaded, options.limit_s, [&](uint32_t i) {
                    (void)table.erase(routes[i].first);
                  }).second;
  }
  return figures;
}

}  // namespace skyhop::lpm
