// Whether a million flows break the rate: the eight-router chain with 1,024 flows to one address,
// and with a million flows to as many addresses as there are routes in every table.
//
//   many_flows [--flows N] [--routes N] [--rounds N] [--seconds S] [--table KIND] [--no-filters]
//              [--at-least RATIO]
//
// Both take the built-in generator and both sets of security groups. Ends with 1 when the rate with
// many flows is less than RATIO of that with few.
#include <random>

#include "dataplane/stages/input.h"
#include "lpm/table_bench.h"
#include "tests/bench/chain.h"
#include "tests/bench/measure.h"

using namespace skyhop;
using namespace skyhop::dataplane;

namespace {

struct Setting {
  lpm::TableChoice table;
  std::vector<lpm::Route> routes;  // empty: the chain's own few
  std::vector<Ipv4Address> destinations;
  uint32_t flows;
  bool has_filters;
};

/// The data plane of one setting, started by itself for each measurement.
class Contender {
 public:
  Contender(const Setting& setting, const EalInfo& info) : chain_(make_chain("")) {
    for (RouterSpec& router : chain_.image.routers) router.table = setting.table;
    StreamSpec stream;
    stream.port = chain_.source;
    stream.destination = chain_.image.ports[chain_.sink].address;
    stream.destinations = setting.destinations;
    stream.flows = setting.flows;
    stream.frame_sizes = {60};
    chain_.image.streams.push_back(stream);
    if (!setting.has_filters) {
      chain_.image.ports[chain_.source].filter = 0;
      chain_.image.routers.back().edges.back().filter = 0;
    }
    DataplaneOptions options;
    options.workers = info.workers;
    plane_ = bench::must(Dataplane::create(chain_.image, options));
    bench::must(route_chain(*plane_, chain_.image, false));
    for (RouterIndex router = 0; router < chain_.image.routers.size(); ++router) {
      lpm::NextHopSet all;
      for (size_t edge = 1; edge <= chain_.image.routers[router].edges.size(); ++edge) {
        all.primary.push_back(static_cast<EdgeId>(edge));
      }
      // Neighbours differ, as they do where many ways lead out.
      const lpm::NextHopSet one{{all.primary.back()}, {}};
      for (const auto& [prefix, group] : setting.routes) {
        bench::must(plane_->set_route(router, prefix, group % 2 == 0 ? all : one));
      }
    }
  }

  double measure(double seconds) {
    bench::must(plane_->start());
    bench::wait_until(bench::now() + seconds / 2);  // every flow has been seen
    const double rate =
        bench::rate_during(*plane_, [&] { bench::wait_until(bench::now() + seconds); });
    plane_->stop();
    return rate;
  }
  [[nodiscard]] const Dataplane& plane() const { return *plane_; }

 private:
  Chain chain_;
  std::unique_ptr<Dataplane> plane_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv);
  const auto route_count = static_cast<uint32_t>(arguments.number("--routes", 100'000));
  const auto flows = static_cast<uint32_t>(arguments.number("--flows", 1e6));
  const auto rounds = static_cast<uint32_t>(arguments.number("--rounds", 3));
  const double seconds = arguments.number("--seconds", 1);
  const double at_least = arguments.number("--at-least", 0);
  const auto choice = lpm::table_choice_from(arguments.text("--table", "auto"));
  if (!choice) bench::give_up({.what = "no such kind of table"});

  const bool has_filters = !arguments.has("--no-filters");
  const Setting few{*choice, {}, {}, 1024, has_filters};
  Setting many{*choice, lpm::internet_like_routes(route_count, 1), {}, flows, has_filters};
  std::mt19937 random(2);
  for (const auto& [prefix, group] : many.routes) {
    const Ipv4Address destination(prefix.address().value() | (random() & ~prefix.mask()));
    if (!is_bad_destination(destination.value())) many.destinations.push_back(destination);
  }
  Chain sizes = make_chain("");
  for (RouterSpec& router : sizes.image.routers) router.table = *choice;
  EalOptions eal;
  eal.memory_mb = 2 * memory_needed_mb(sizes.image, 1);
  const EalInfo info = bench::must(start_eal(eal));
  Contender with_few(few, info), with_many(many, info);
  std::vector<double> few_rates, many_rates;
  for (uint32_t round = 0; round < rounds; ++round) {
    few_rates.push_back(with_few.measure(seconds));
    many_rates.push_back(with_many.measure(seconds));
  }
  const double ratio = bench::median(many_rates) / bench::median(few_rates);
  const Counters counters = with_many.plane().counters();
  fmt::print(
      "{:.2f} Mpps with 1,024 flows and a handful of routes ({})\n"
      "{:.2f} Mpps with {} flows over {} routes ({}): ratio {:.2f}\n"
      "{}; {} dropped, {} flows pushed out of flow tables, sum law {}\n",
      bench::median(few_rates) / 1e6, to_string(with_few.plane().table(0).kind),
      bench::median(many_rates) / 1e6, flows, route_count,
      to_string(with_many.plane().table(0).kind), ratio, info.note, counters.dropped(),
      counters.flow_evictions, counters.sum_law_holds() ? "holds" : "BROKEN");
  bench::Verdict verdict;
  verdict.expect(counters.sum_law_holds() && counters.dropped() == 0, "a packet was lost");
  verdict.expect(ratio >= at_least, fmt::format("less than {:.2f} of the rate", at_least));
  return verdict.code();
}
