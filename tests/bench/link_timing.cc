// How well links keep their times on this machine's clock:
// link_timing [--seconds S] [--pps N] [--check]
//
// A link of 1 ms delay: how much longer than that it held each packet. Lines of several rates and a
// limit of packets: what they carried in the time, against what they should have. --check makes the
// exit code 1 when 1 ms was not held to within 5 us (p50) and 20 us (p99), or a rate to within 1 %;
// that needs an lcore that nobody takes away.
#include <fmt/core.h>
#include <rte_cycles.h>

#include <cmath>
#include <cstring>
#include <string_view>
#include <thread>

#include "dataplane/dataplane.h"

using namespace skyhop;
using namespace skyhop::dataplane;

namespace {

struct Arguments {
  double seconds = 10;
  double pps = 20'000;
  bool checks = false;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string_view key = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (key == "--check") {
      a.checks = true;
      continue;
    }
    ++i;
    if (key == "--seconds") a.seconds = std::atof(value);
    if (key == "--pps") a.pps = std::atof(value);
  }
  return a;
}

/// source -> near -> (the link) -> far -> sink
Image one_link(const LinkConditions& conditions, uint16_t frame_size, double pps) {
  Image image;
  for (const char* name : {"near", "far"}) {
    image.routers.push_back({.name = name,
                             .address = {},
                             .decrements_ttl = false,
                             .answers_icmp = false,
                             .edges = {},
                             .table = lpm::TableChoice::rte_lpm});
  }
  image.routers[0].edges = {{.action = EdgeAction::forward, .link = 0}};
  image.routers[1].edges = {{.action = EdgeAction::deliver, .port = 1}};
  image.links = {{.name = "near -> far", .to = 1, .conditions = conditions}};
  image.ports = {{.name = "source", .address = Ipv4Address(10, 0, 1, 4), .router = 0},
                 {.name = "sink", .address = Ipv4Address(10, 0, 2, 4), .router = 1}};
  image.streams = {{.port = 0,
                    .destination = image.ports[1].address,
                    .flows = 64,
                    .frame_sizes = {frame_size},
                    .pps = pps}};
  image.held_packets = 1u << 14;
  return image;
}

struct Measured {
  Counters counters;
  double seconds = 0;    ///< between two looks while it ran
  uint64_t packets = 0;  ///< delivered between them
  uint64_t octets = 0;
};

Result<Measured> measure(const Image& image, const std::vector<unsigned>& workers, double seconds) {
  auto made = Dataplane::create(image, {.workers = workers});
  if (!made) return std::unexpected(made.error());
  Dataplane& plane = **made;
  const auto everything = Ipv4Prefix::everything();
  for (const RouterIndex router : {RouterIndex{0}, RouterIndex{1}}) {
    if (auto set = plane.set_route(router, everything, {.primary = {1}, .backup = {}}); !set) {
      return std::unexpected(set.error());
    }
  }
  if (auto started = plane.start(); !started) return std::unexpected(started.error());
  const auto sleep = [](double s) {
    std::this_thread::sleep_for(std::chrono::duration<double>(s));
  };
  sleep(std::min(0.1, seconds / 10));  // until the queue is full
  const Counters before = plane.counters();
  sleep(seconds);
  const Counters after = plane.counters();
  plane.stop();
  Measured measured;
  measured.counters = plane.counters();
  measured.seconds = static_cast<double>(after.wall_cycles - before.wall_cycles) /
                     static_cast<double>(rte_get_tsc_hz());
  measured.packets = after.delivered - before.delivered;
  measured.octets = after.ports[1].delivered_bytes - before.ports[1].delivered_bytes;
  return measured;
}

int give_up(const Error& error) {
  fmt::print(stderr, "{}\n", error.to_string());
  return 1;
}

struct Rate {
  const char* name;
  RateLimit limit;
  uint16_t frame_size;
};

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  LinkConditions slow;
  slow.delay_ns = 1'000'000;
  const Image image = one_link(slow, 60, a.pps);
  EalOptions options;
  options.memory_mb = memory_needed_mb(image, 1);
  const auto eal = start_eal(options);
  if (!eal) return give_up(eal.error());
  fmt::print("{}\n", eal->note);
  bool holds = true;

  const auto delayed = measure(image, eal->workers, a.seconds);
  if (!delayed) return give_up(delayed.error());
  holds &= delayed->counters.sum_law_holds() && delayed->packets != 0;
  const Histogram& late = delayed->counters.link_lateness_ns;
  const auto us = [](uint64_t ns) { return static_cast<double>(ns) / 1000; };
  fmt::print(
      "1 ms of delay, {} packets: longer by p50 {:.2f} us, p90 {:.2f}, p99 {:.2f}, "
      "p99.9 {:.2f}, most {:.2f}\n",
      late.total(), us(late.percentile(0.5)), us(late.percentile(0.9)), us(late.percentile(0.99)),
      us(late.percentile(0.999)), us(late.max()));
  bool within = late.percentile(0.5) <= 5'000 && late.percentile(0.99) <= 20'000;

  const Rate rates[] = {{"10 Mbit/s, 1500 octets", {.bits_per_second = 10'000'000}, 1514},
                        {"550 Mbit/s, 1500 octets", {.bits_per_second = 550'000'000}, 1514},
                        {"1 Gbit/s, 64 octets", {.bits_per_second = 1'000'000'000}, 78},
                        {"52,000 packets/s", {.packets_per_second = 52'000}, 60}};
  for (const Rate& rate : rates) {
    LinkConditions line;
    line.rate = rate.limit;
    const auto carried = measure(one_link(line, rate.frame_size, 0), eal->workers, a.seconds);
    if (!carried) return give_up(carried.error());
    holds &= carried->counters.sum_law_holds() && carried->packets != 0;
    const bool is_bits = rate.limit.bits_per_second != 0;
    const double wanted =
        static_cast<double>(is_bits ? rate.limit.bits_per_second : rate.limit.packets_per_second);
    const double got =
        static_cast<double>(is_bits ? 8 * carried->octets : carried->packets) / carried->seconds;
    fmt::print("{:24} {:.4f} of it in {:.2f} s\n", rate.name, got / wanted, carried->seconds);
    within &= std::abs(got / wanted - 1) <= 0.01;
  }
  if (!holds) fmt::print(stderr, "packets were lost uncounted, or none arrived\n");
  if (!within) fmt::print("not within 5 us (p50), 20 us (p99) and 1 %\n");
  return holds && (within || !a.checks) ? 0 : 1;
}
