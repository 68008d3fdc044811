// How long a dead tunnel takes packets, with 1, 1,024 and 100,000 prefixes behind it.
//
//   fail_over [--flaps N] [--detection S] [--table KIND] [--check]
//
// The same 100,000 destinations each time, under prefixes of /8, /18 and /25. A flap cuts the first
// of two tunnels; after the detection time the control thread decides, as the emulator's detection
// does: it marks the edge in the gateway's RIB, which rewrites the groups that hold it. `last` is
// the last packet that went into the dead tunnel, seen by its drop counter. With --check it ends
// with 1 when the median time from the cut to `last` differs by a factor of two between the sizes,
// when one from the decision to `last` exceeds a millisecond, or when the packets lost are not the
// rate times that time, within a tenth.
#include "tests/bench/two_gateways.h"

using namespace skyhop;
using namespace skyhop::dataplane;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

namespace {

constexpr uint32_t kDestinations = 100'000;
constexpr double kQuiet = 2e-3;  // no drop for so long: the last one has been

struct Flap {
  double from_cut;
  double from_decision;
  double lost;
  double expected;  // rate x time
};

Ipv4Prefix prefix_of(uint32_t i, uint8_t length) {
  return {Ipv4Address(0x0a000000 + (i << 7)), length};
}

std::vector<StreamSpec> streams() {
  StreamSpec stream;
  stream.flows = kDestinations;
  stream.frame_sizes = {60};
  for (uint32_t i = 0; i < kDestinations; ++i) {
    stream.destinations.emplace_back(prefix_of(i, 25).nth(5));
  }
  return {stream};
}

class Bench {
 public:
  Bench(lpm::TableChoice table, uint8_t length, double detection)
      : both_(2, table, streams()), detection_(detection) {
    const routing::Offer offer = both_.offer({both_.edges[0]}, {both_.edges[1]});
    for (uint32_t i = 0; i < kDestinations; ++i) {
      const Ipv4Prefix prefix = prefix_of(i, length);
      if (both_.near->find(prefix) == nullptr) both_.near->set("bgp", prefix, {offer});
    }
    if (both_.sink->error()) bench::give_up(*both_.sink->error());
    bench::must(both_.plane->start());
  }

  Flap flap() {
    const Dataplane& plane = *both_.plane;
    const double rate = bench::rate_during(plane, [] { bench::wait_until(bench::now() + 0.02); });
    const uint64_t before = lost();
    const double cut = bench::now();
    both_.sink->link_state(both_.gateways.tunnels[0], false);
    bench::wait_until(cut + detection_);
    const double decision = bench::now();
    both_.near->set_edge_alive(both_.edges[0], false);
    uint64_t seen = lost();
    double last = bench::now();
    for (double time = last; time < last + kQuiet; time = bench::now()) {
      const uint64_t now = lost();
      if (now == seen) continue;
      seen = now;
      last = time;
    }
    both_.sink->link_state(both_.gateways.tunnels[0], true);
    both_.near->set_edge_alive(both_.edges[0], true);
    return {last - cut, last - decision, static_cast<double>(seen - before), rate * (last - cut)};
  }

  [[nodiscard]] TableInfo table() const { return both_.plane->table(0); }
  Counters stop() {
    both_.plane->stop();
    return both_.plane->counters();
  }

 private:
  [[nodiscard]] uint64_t lost() const { return both_.plane->drops(0, DropReason::link_down); }

  bench::ForwardingGateways both_;
  double detection_;
};

double median_of(const std::vector<Flap>& flaps, double Flap::* value) {
  std::vector<double> values;
  for (const Flap& flap : flaps) values.push_back(flap.*value);
  return bench::median(values);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv);
  const auto flaps = static_cast<uint32_t>(arguments.number("--flaps", 21));
  const double detection = arguments.number("--detection", 1e-3);
  const auto choice = lpm::table_choice_from(arguments.text("--table", "auto"));
  if (!choice) bench::give_up({.what = "no such kind of table"});

  fmt::print("{:>9} {:9} {:>12} {:>17} {:>9} {:>12} {:>6}\n", "prefixes", "table", "cut to last",
             "decision to last", "lost", "rate x time", "ratio");
  bench::Verdict verdict;
  std::vector<double> from_cut;
  for (const uint8_t length : {8, 18, 25}) {
    Bench bench(*choice, length, detection);
    std::vector<Flap> all;
    for (uint32_t i = 0; i < flaps; ++i) all.push_back(bench.flap());
    const TableInfo table = bench.table();
    const Counters counters = bench.stop();
    double lost = 0, expected = 0;
    for (const Flap& flap : all) {
      lost += flap.lost;
      expected += flap.expected;
    }
    const double decision = median_of(all, &Flap::from_decision);
    from_cut.push_back(median_of(all, &Flap::from_cut));
    fmt::print("{:>9} {:9} {:>9.1f} us {:>14.1f} us {:>9.0f} {:>12.0f} {:>6.3f}\n", table.routes,
               to_string(table.kind), from_cut.back() * 1e6, decision * 1e6, lost, expected,
               lost / expected);
    verdict.expect(counters.sum_law_holds(), "the sum law is broken");
    verdict.expect(static_cast<double>(counters.dropped()) == lost, "packets were lost elsewhere");
    if (!arguments.has("--check")) continue;
    verdict.expect(decision < 1e-3, "it took more than a millisecond from the decision");
    verdict.expect(std::abs(lost / expected - 1) < 0.1, "lost is not rate times time");
  }
  const auto [least, most] = std::ranges::minmax(from_cut);
  fmt::print("the times from the cut to the last packet differ by a factor of {:.2f}\n",
             most / least);
  if (arguments.has("--check")) {
    verdict.expect(most < 2 * least, "fail-over depends on the number of prefixes");
  }
  return verdict.code();
}
