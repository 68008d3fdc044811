// Packet rate and cycles of the eight-router chain: hop_rate [--seconds S] [--size N] [--flows N]
// [--burst N] [--workers N] [--port DEVARGS] [--no-latency] [--no-filters] [--long-prefixes]
#include <fmt/core.h>
#include <rte_cycles.h>

#include <cstring>
#include <thread>

#include "dataplane/hot_loop.h"
#include "tests/bench/chain.h"

using namespace skyhop;
using namespace skyhop::dataplane;

namespace {

struct Arguments {
  double seconds = 2;
  uint16_t size = 60;
  uint32_t flows = 1024;
  uint32_t burst = 0;
  unsigned workers = 1;
  uint64_t limit = 0;
  std::string port;
  bool has_latency = true;
  bool has_filters = true;
  bool has_long_prefixes = false;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string_view key = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (key == "--no-latency") {
      a.has_latency = false;
      continue;
    }
    if (key == "--no-filters") {
      a.has_filters = false;
      continue;
    }
    if (key == "--long-prefixes") {
      a.has_long_prefixes = true;
      continue;
    }
    ++i;
    if (key == "--seconds") a.seconds = std::atof(value);
    if (key == "--size") a.size = static_cast<uint16_t>(std::atoi(value));
    if (key == "--flows") a.flows = static_cast<uint32_t>(std::atoi(value));
    if (key == "--burst") a.burst = static_cast<uint32_t>(std::atoi(value));
    if (key == "--workers") a.workers = static_cast<unsigned>(std::atoi(value));
    if (key == "--port") a.port = value;
  }
  return a;
}

int give_up(const Error& error) {
  fmt::print(stderr, "{}\n", error.to_string());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  Chain chain = make_chain(a.port);
  if (a.port.empty()) {
    StreamSpec stream;
    stream.port = chain.source;
    stream.destination = chain.image.ports[chain.sink].address;
    stream.flows = a.flows;
    stream.frame_sizes = {a.size};
    chain.image.streams.push_back(stream);
  }
  if (!a.has_filters) {
    chain.image.ports[chain.source].filter = 0;
    chain.image.routers.back().edges.back().filter = 0;
  }
  EalOptions eal;
  eal.workers = a.workers;
  eal.memory_mb = memory_needed_mb(chain.image, a.workers);
  const auto info = start_eal(eal);
  if (!info) return give_up(info.error());
  DataplaneOptions options;
  options.workers = info->workers;
  options.burst = a.burst;
  options.measure_latency = a.has_latency;
  auto model = Dataplane::create(chain.image, options);
  if (!model) return give_up(model.error());
  Dataplane& dataplane = **model;
  if (auto r = route_chain(dataplane, chain.image, a.has_long_prefixes); !r) {
    return give_up(r.error());
  }
  if (auto r = dataplane.start(); !r) return give_up(r.error());
  std::this_thread::sleep_for(std::chrono::duration<double>(a.seconds));
  dataplane.stop();
  const Counters counters = dataplane.counters();
  const double hz = static_cast<double>(rte_get_tsc_hz());
  const double seconds = static_cast<double>(counters.wall_cycles) / hz;
  const auto delivered = static_cast<double>(counters.delivered);
  fmt::print("{} {}: {:.2f} Mpps, {:.1f} cycles/packet, sum law {}, p50 {} ns p99 {} ns\n",
             best_hot_loop().name, info->note, delivered / seconds / 1e6,
             hz * seconds * a.workers / delivered, counters.sum_law_holds() ? "holds" : "BROKEN",
             counters.path_latency_ns.percentile(0.5), counters.path_latency_ns.percentile(0.99));
  uint64_t all_cycles = 0;
  for (size_t i = 0; i < counters.routers.size(); ++i) {
    const RouterCounters& router = counters.routers[i];
    all_cycles += router.cycles;
    fmt::print("  {:16} {:6.1f} packets/batch {:6.2f} cycles/packet\n", chain.image.routers[i].name,
               static_cast<double>(router.packets) / static_cast<double>(router.batches),
               static_cast<double>(router.cycles) / static_cast<double>(router.packets));
  }
  const PortCounters& source = counters.ports[chain.source];
  fmt::print("  {:16} {:34.2f} cycles/packet\n", "receive",
             static_cast<double>(source.cycles) / static_cast<double>(source.received));
  fmt::print("  per packet and router {:.2f} cycles\n",
             static_cast<double>(all_cycles) / delivered / 8);
  return counters.sum_law_holds() && counters.delivered != 0 ? 0 : 1;
}
