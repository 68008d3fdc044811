// How fast one gateway takes routes, through everything that the control side puts them through:
// its RIB (offers, the winner, the reasons), the sink, the group table and the forwarding table.
//
//   route_load [--routes N] [--changes N] [--table KIND] [--load-within S] [--changes-at-least N]
//
// Loads N routes of an Internet's mix, then changes them: half withdrawals, half announcements.
// Ends with 1 when loading takes longer than S seconds or fewer than N changes are done in a
// second.
#include "lpm/table_bench.h"
#include "tests/bench/two_gateways.h"

using namespace skyhop;

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv);
  const auto count = static_cast<uint32_t>(arguments.number("--routes", 1e6));
  const auto changes = static_cast<uint32_t>(arguments.number("--changes", 400'000));
  const double load_within = arguments.number("--load-within", 1e9);
  const double changes_at_least = arguments.number("--changes-at-least", 0);
  const auto choice = lpm::table_choice_from(arguments.text("--table", "rte_lpm"));
  if (!choice) bench::give_up({.what = "no such kind of table"});

  constexpr size_t kTunnels = 8;
  bench::ForwardingGateways both(kTunnels, *choice, {});
  const auto routes = lpm::internet_like_routes(count, 1);
  // Each tunnel with the next one as backup.
  std::vector<routing::Offer> offers;
  for (size_t i = 0; i < kTunnels; ++i) {
    offers.push_back(both.offer({both.edges[i]}, {both.edges[(i + 1) % kTunnels]}));
  }
  const double start = bench::now();
  for (const auto& [prefix, group] : routes) {
    both.near->set("bgp", prefix, {offers[group % kTunnels]});
  }
  const double load = bench::now() - start;
  const double middle = bench::now();
  for (uint32_t i = 0; i < changes; ++i) {
    const auto& [prefix, group] = routes[(uint64_t{i / 2} * 7919) % routes.size()];
    if (i % 2 == 0) {
      both.near->set("bgp", prefix, {});
    } else {
      both.near->set("bgp", prefix, {offers[(group + 1) % kTunnels]});
    }
  }
  const double rate = changes / (bench::now() - middle);
  if (both.sink->error()) bench::give_up(*both.sink->error());
  const dataplane::TableInfo table = both.plane->table(0);
  fmt::print("{} routes into one gateway's table ({}) in {:.2f} s, then {:.0f} changes a second\n",
             table.routes, to_string(table.kind), load, rate);
  bench::Verdict verdict;
  verdict.expect(table.routes == count, "routes are missing");
  verdict.expect(load <= load_within, "loading took too long");
  verdict.expect(rate >= changes_at_least, "changes are too slow");
  return verdict.code();
}
