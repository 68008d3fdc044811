// What changing routes costs a worker that forwards: the eight-router chain, with routes of an
// Internet's mix in every table, and windows with and without 100,000 changes a second in turn.
//
//   route_churn [--routes N] [--changes-per-second N] [--rounds N] [--window S] [--table KIND]
//               [--port DEVARGS] [--at-most COST]
//
// The changes withdraw and announce routes all over the tables, the packets' own among them (with
// the same next hops, so that every packet still arrives). Ends with 1 when fewer changes were
// made, a packet was dropped, or the rate fell by more than COST (0.05 is a twentieth).
#include <random>

#include "lpm/table_bench.h"
#include "tests/bench/chain.h"
#include "tests/bench/measure.h"

using namespace skyhop;
using namespace skyhop::dataplane;

namespace {

/// Changes routes in turn in every router, at a rate.
class Changer {
 public:
  Changer(Dataplane& plane, const Image& image, std::vector<lpm::Route> routes)
      : plane_(plane), image_(image), routes_(std::move(routes)) {
    for (const RouterSpec& router : image.routers) {
      lpm::NextHopSet all;
      for (size_t edge = 1; edge <= router.edges.size(); ++edge) {
        all.primary.push_back(static_cast<EdgeId>(edge));
      }
      all_edges_.push_back(std::move(all));
    }
  }

  void load() {
    for (RouterIndex router = 0; router < image_.routers.size(); ++router) {
      for (const auto& [prefix, group] : routes_) {
        if (!is_used(prefix))
          bench::must(plane_.set_route(router, prefix, next_hops(router, group)));
      }
    }
  }

  /// Until `end`; how many changes that were.
  uint64_t run(double per_second, double end) {
    const double start = bench::now();
    uint64_t done = 0;
    for (double time = start; time < end; time = bench::now()) {
      const auto due = static_cast<uint64_t>((time - start) * per_second);
      if (due == done) rte_pause();
      for (; done < due; ++done) change();
      if (done % 4096 == 0) plane_.tidy();
    }
    return done;
  }

 private:
  // What the packets' destination lies in is never left without a way.
  [[nodiscard]] static bool is_used(Ipv4Prefix prefix) {
    return prefix.contains(Ipv4Address(10, 0, 110, 5));
  }
  lpm::NextHopSet next_hops(RouterIndex router, uint32_t group) const {
    const lpm::NextHopSet& all = all_edges_[router];
    return {{all.primary[group % all.primary.size()]}, {}};
  }

  // Every route is withdrawn once and announced again with the next group.
  void change() {
    const auto router = static_cast<RouterIndex>(count_ % image_.routers.size());
    const uint64_t turn = count_++ / image_.routers.size();
    if (turn % 16 == 15) {
      static const Ipv4Prefix own = *Ipv4Prefix::parse("10.0.110.0/26");
      if (turn % 32 == 15) return bench::must(plane_.set_route(router, own, all_edges_[router]));
      return plane_.erase_route(router, own);
    }
    const auto& [prefix, group] = routes_[turn / 2 * 7919 % routes_.size()];
    if (is_used(prefix)) return;
    if (turn % 2 == 0) return plane_.erase_route(router, prefix);
    bench::must(plane_.set_route(router, prefix, next_hops(router, group + turn % 3)));
  }

  Dataplane& plane_;
  const Image& image_;
  std::vector<lpm::Route> routes_;
  std::vector<lpm::NextHopSet> all_edges_;
  uint64_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv);
  const auto routes = static_cast<uint32_t>(arguments.number("--routes", 100'000));
  const double per_second = arguments.number("--changes-per-second", 100'000);
  const auto rounds = static_cast<uint32_t>(arguments.number("--rounds", 11));
  const double window = arguments.number("--window", 0.2);
  const double at_most = arguments.number("--at-most", 1);
  const auto choice = lpm::table_choice_from(arguments.text("--table", "auto"));
  if (!choice) bench::give_up({.what = "no such kind of table"});

  Chain chain = make_chain(arguments.text("--port", ""));
  for (RouterSpec& router : chain.image.routers) router.table = *choice;
  if (chain.image.ports[chain.source].devargs.empty()) {
    StreamSpec stream;
    stream.port = chain.source;
    stream.destination = chain.image.ports[chain.sink].address;
    stream.frame_sizes = {60};
    chain.image.streams.push_back(stream);
  }
  EalOptions eal;
  eal.memory_mb = memory_needed_mb(chain.image, 1);
  const EalInfo info = bench::must(start_eal(eal));
  DataplaneOptions options;
  options.workers = info.workers;
  const auto plane = bench::must(Dataplane::create(chain.image, options));
  bench::must(route_chain(*plane, chain.image, false));
  Changer changer(*plane, chain.image, lpm::internet_like_routes(routes, 1));
  const double before_load = bench::now();
  changer.load();
  const double load = bench::now() - before_load;
  bench::must(plane->start());

  std::vector<double> quiet, busy;
  uint64_t changes = 0;
  bench::wait_until(bench::now() + window);  // warm
  for (uint32_t round = 0; round < rounds; ++round) {
    quiet.push_back(bench::rate_during(*plane, [&] { bench::wait_until(bench::now() + window); }));
    busy.push_back(bench::rate_during(
        *plane, [&] { changes += changer.run(per_second, bench::now() + window); }));
  }
  plane->stop();
  const Counters counters = plane->counters();
  const double cost = 1 - bench::median(busy) / bench::median(quiet);
  const double rate = static_cast<double>(changes) / (rounds * window);
  fmt::print(
      "{} routes in each of {} tables ({}, {}), loaded in {:.2f} s\n"
      "{:.2f} Mpps alone, {:.2f} Mpps beside {:.0f} changes a second: {:.1f} % less\n"
      "{} packets, {} dropped, sum law {}\n",
      routes, chain.image.routers.size(), to_string(plane->table(0).kind), info.note, load,
      bench::median(quiet) / 1e6, bench::median(busy) / 1e6, rate, 100 * cost, counters.delivered,
      counters.dropped(), counters.sum_law_holds() ? "holds" : "BROKEN");
  bench::Verdict verdict;
  verdict.expect(counters.sum_law_holds() && counters.dropped() == 0, "a packet was lost");
  verdict.expect(rate > 0.98 * per_second, "fewer changes than asked for");
  verdict.expect(cost <= at_most,
                 fmt::format("the changes cost more than {:.1f} %", 100 * at_most));
  return verdict.code();
}
