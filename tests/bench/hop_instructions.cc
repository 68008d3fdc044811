// A fixed amount of work for callgrind, stage by stage: each scenario sends the same packets
// through one more thing than another, at every CPU level that valgrind knows (AVX-512 is not among
// them). instructions_test.py runs it, takes the differences and holds them against
// instructions.json.
#include <fmt/core.h>
#include <valgrind/callgrind.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/hot_loop.h"

using namespace skyhop;
using namespace skyhop::dataplane;

namespace {

constexpr uint64_t kPackets = 64 * 256;
constexpr uint32_t kFlows = 64;

/// Routers in ranks: every router sends to all of the next rank.
struct Scenario {
  const char* name;
  std::vector<uint32_t> ranks;
  bool delivers = true;  ///< false: the last rank drops
  bool has_tunnels = false;
  bool has_long_prefixes = false;
  bool has_filters = false;
};

const std::vector<Scenario> kScenarios = {
    {.name = "drop", .ranks = {1}, .delivers = false},
    {.name = "deliver", .ranks = {1}},
    {.name = "line", .ranks = {1, 1, 1}},
    {.name = "tunnels", .ranks = {1, 1, 1}, .has_tunnels = true},
    {.name = "long", .ranks = {1, 1, 1}, .has_long_prefixes = true},
    {.name = "diamond", .ranks = {1, 2, 1}},
    {.name = "filters", .ranks = {1}, .has_filters = true},
};

Image image_of(const Scenario& scenario) {
  Image image;
  std::vector<std::vector<RouterIndex>> ranks;
  for (const uint32_t size : scenario.ranks) {
    ranks.emplace_back();
    for (uint32_t i = 0; i < size; ++i) {
      ranks.back().push_back(static_cast<RouterIndex>(image.routers.size()));
      RouterSpec router;
      router.name = fmt::format("router {}", image.routers.size());
      router.answers_icmp = false;
      image.routers.push_back(router);
    }
  }
  for (size_t rank = 0; rank + 1 < ranks.size(); ++rank) {
    for (const RouterIndex from : ranks[rank]) {
      for (const RouterIndex to : ranks[rank + 1]) {
        LinkSpec link;
        link.to = to;
        if (scenario.has_tunnels) {
          link.overhead_fixed = 60;
          link.overhead_block = 16;
        }
        EdgeSpec edge;
        edge.action = EdgeAction::forward;
        edge.link = static_cast<LinkIndex>(image.links.size());
        image.links.push_back(link);
        image.routers[from].edges.push_back(edge);
      }
    }
  }
  PortSpec source, sink;
  source.address = Ipv4Address(10, 0, 1, 4);
  source.router = ranks.front().front();
  sink.address = Ipv4Address(10, 0, 2, 4);
  sink.router = ranks.back().front();
  EdgeSpec out;
  if (scenario.delivers) {
    out.action = EdgeAction::deliver;
    out.port = 1;
  } else {
    out.reason = DropReason::route_none;
  }
  if (scenario.has_filters) {
    const FilterRule any{.allow = true};
    image.filters = {{"out", 0, {{any}}}, {"in", 1, {{any}}}};
    source.filter = 1;
    out.filter = 2;
  }
  image.ports = {source, sink};
  image.routers[ranks.back().front()].edges.push_back(out);

  StreamSpec stream;
  stream.destination = sink.address;
  stream.frame_sizes = {60};
  stream.flows = kFlows;
  stream.limit = kPackets;
  image.streams.push_back(stream);
  return image;
}

/// Counts the run under this name.
Result<Counters> run(const Scenario& scenario, const std::vector<unsigned>& workers,
                     const std::string& name) {
  const Image image = image_of(scenario);
  DataplaneOptions options;
  options.workers = workers;
  auto model = Dataplane::create(image, options);
  if (!model) return std::unexpected(model.error());
  for (size_t i = 0; i < image.routers.size(); ++i) {
    lpm::NextHopSet all;
    for (size_t edge = 1; edge <= image.routers[i].edges.size(); ++edge) {
      all.primary.push_back(static_cast<EdgeId>(edge));
    }
    const char* prefix = scenario.has_long_prefixes ? "10.0.2.0/26" : "10.0.2.0/24";
    if (auto set =
            (*model)->set_route(static_cast<RouterIndex>(i), *Ipv4Prefix::parse(prefix), all);
        !set) {
      return std::unexpected(set.error());
    }
  }
  // Not while tables are made, which takes longest.
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  if (auto started = (*model)->start(); !started) return std::unexpected(started.error());
  while (!(*model)->is_finished()) std::this_thread::yield();
  (*model)->stop();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
  return (*model)->counters();
}

}  // namespace

int main() {
  EalOptions eal;
  eal.allow_hugepages = false;
  eal.memory_mb = 1024;
  const auto info = start_eal(eal);
  if (!info) {
    fmt::print(stderr, "{}\n", info.error().to_string());
    return 1;
  }
  fmt::print("{} packets\n", kPackets);
  for (const HotLoop* level : hot_loops()) {
    setenv("SKYHOP_CPU", std::string(level->name).c_str(), 1);
    for (const Scenario& scenario : kScenarios) {
      const std::string name = fmt::format("{} {}", level->name, scenario.name);
      const auto counters = run(scenario, info->workers, name);
      if (!counters) {
        fmt::print(stderr, "{}\n", counters.error().to_string());
        return 1;
      }
      if (!counters->sum_law_holds() ||
          counters->delivered != (scenario.delivers ? kPackets : uint64_t{0})) {
        fmt::print(stderr, "{}: packets were lost\n", name);
        return 1;
      }
    }
  }
  return 0;
}
