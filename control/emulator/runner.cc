#include "control/emulator/runner.h"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "control/emulator/forwarding.h"
#include "control/emulator/names.h"
#include "control/emulator/timeline.h"

namespace skyhop::emulator {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kDefaultSeconds = 3;
constexpr double kLongestTimelineSeconds = 10;
constexpr auto kTick = std::chrono::milliseconds(5);

// Frame sizes are told as RFC 2544 does, with the 4 octets of the FCS; buffers hold none.
constexpr uint16_t kFcs = 4;

// The simple IMIX, smallest first (RFC 6985 calls the sequence a genome).
std::vector<uint16_t> imix() {
  std::vector<uint16_t> sizes(28, 64);
  sizes.insert(sizes.end(), 16, 570);
  sizes.insert(sizes.end(), 4, 1518);
  return sizes;
}

std::vector<uint16_t> sizes_of(const std::string& text) {
  if (text == "imix") return imix();
  return {static_cast<uint16_t>(std::stoul(text))};
}

std::vector<uint16_t> without_fcs(std::vector<uint16_t> sizes) {
  for (uint16_t& size : sizes) size = static_cast<uint16_t>(size - kFcs);
  return sizes;
}

uint8_t protocol_number(const std::string& name) {
  if (name == "tcp") return 6;
  if (name == "icmp") return 1;
  return 17;
}

Result<std::vector<dataplane::StreamSpec>> streams_of(const lab::Lab& lab,
                                                      const cloud::Network& network,
                                                      const RunOptions& options) {
  std::vector<lab::TrafficFlow> flows = lab.traffic;
  if (!options.from.empty()) flows = {{.from = options.from, .to = options.to}};
  std::vector<dataplane::StreamSpec> streams;
  for (const lab::TrafficFlow& flow : flows) {
    // A VM with a device of its own sends what the device receives.
    if (options.ports.contains(flow.from)) continue;
    const auto from = vm_named(network, flow.from);
    const auto to = vm_named(network, flow.to);
    if (!from) return std::unexpected(from.error());
    if (!to) return std::unexpected(to.error());
    streams.push_back({.port = index_of(*from),
                       .destination = network.at(network.at(*to).nic).address,
                       .protocol = protocol_number(flow.protocol),
                       .destination_port = flow.destination_port,
                       .flows = flow.flows,
                       .frame_sizes = without_fcs(
                           sizes_of(options.frame_size.empty() ? flow.size : options.frame_size)),
                       .pps = options.pps.value_or(flow.pps)});
  }
  return streams;
}

Result<dataplane::ReplaySpec> replay_of(const cloud::Network& network, const RunOptions& options) {
  dataplane::ReplaySpec replay{.file = options.replay_file, .loops = options.loops};
  if (!options.replay_link.empty()) {
    const auto links = links_named(network, options.replay_link);
    if (!links) return std::unexpected(links.error());
    if (links->size() != 1) {
      return fail("packets arrive over a link in one direction", options.replay_link,
                  "say A -> B in place of A - B");
    }
    replay.link = links->front();
    return replay;
  }
  const auto vm = vm_named(network, options.from);
  if (!vm) return std::unexpected(vm.error());
  replay.port = index_of(*vm);
  return replay;
}

Result<dataplane::Image> image_of(const lab::Lab& lab, const cloud::Network& network,
                                  const RunOptions& options) {
  dataplane::Image image = make_image(lab, network);
  for (const auto& [name, file] : options.link_captures) {
    const auto links = links_named(network, name);
    if (!links) return std::unexpected(links.error());
    for (const dataplane::LinkIndex link : *links) image.links[link].capture_file = file;
  }
  for (const auto& [name, devargs] : options.ports) {
    const auto vm = vm_named(network, name);
    if (!vm) return std::unexpected(vm.error());
    image.ports[vm->index()].devargs = devargs;
  }
  if (!options.replay_file.empty()) {
    auto replay = replay_of(network, options);
    if (!replay) return std::unexpected(replay.error());
    image.replays.push_back(std::move(*replay));
    if (!options.capture_file.empty()) {
      for (dataplane::PortSpec& port : image.ports) {
        if (port.devargs.empty()) port.capture_file = options.capture_file;
      }
    }
    return image;
  }
  auto streams = streams_of(lab, network, options);
  if (!streams) return std::unexpected(streams.error());
  image.streams = std::move(*streams);
  if (image.streams.empty() && options.ports.empty()) {
    return fail("nothing to send", lab.file, "give --from and --to, or traffic: in the lab");
  }
  return image;
}

std::vector<SessionRow> sessions_of(const Emulation& emulation) {
  std::vector<SessionRow> rows;
  const cloud::Network& network = emulation.network();
  for (size_t i = 0; i < network.sessions.size(); ++i) {
    const cloud::Session& session = network.sessions[i];
    rows.push_back({.name = session.name,
                    .state = emulation.session_state(cloud::SessionId(i)),
                    .asn_a = session.a.local_asn,
                    .asn_b = session.b.local_asn,
                    .problem = session.problem});
  }
  return rows;
}

std::vector<TableRow> tables_of(const cloud::Network& network,
                                const dataplane::Dataplane& forwarding) {
  std::vector<TableRow> rows;
  for (size_t i = 0; i < network.routers.size(); ++i) {
    const cloud::Router& router = network.routers[i];
    const auto table = forwarding.table(static_cast<dataplane::RouterIndex>(i));
    const bool picks = router.table == lpm::TableChoice::automatic;
    rows.push_back({.kind = table.kind,
                    .why = picks ? table.why : router.table_reason,
                    .routes = table.routes,
                    .bytes = table.bytes,
                    .moves = table.moves});
  }
  return rows;
}

volatile std::sig_atomic_t stop_asked = 0;

// While it lives SIGINT and SIGTERM end the run early: drained, counted and reported as ever.
class StopOnSignals {
 public:
  StopOnSignals() {
    stop_asked = 0;
    interrupt_ = std::signal(SIGINT, ask);
    terminate_ = std::signal(SIGTERM, ask);
  }
  ~StopOnSignals() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
  }
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

 private:
  using Handler = void (*)(int);
  static void ask(int) { stop_asked = 1; }
  Handler interrupt_;
  Handler terminate_;
};

// How long the traffic lasts, and how fast virtual time runs beside it.
struct Pace {
  double seconds = kDefaultSeconds;
  double scale = 1;
};

Pace pace_of(const lab::Lab& lab, const RunOptions& options) {
  const double end = Timeline(lab).end().count();
  Pace pace;
  pace.seconds =
      options.duration_s.value_or(std::clamp(end, kDefaultSeconds, kLongestTimelineSeconds));
  pace.scale = options.time_scale > 0 ? options.time_scale : std::max(1.0, end / pace.seconds);
  return pace;
}

}  // namespace

bool RunReport::passed() const {
  return convergence.converged && counters.sum_law_holds() && !replay_error &&
         std::ranges::all_of(checks, &CheckResult::passed);
}

Result<RunReport> run(const lab::Lab& lab, const cloud::Network& network, const RunOptions& options,
                      const std::function<void(const RunProgress&)>& on_progress) {
  auto image = image_of(lab, network, options);
  if (!image) return std::unexpected(image.error());
  const auto eal =
      dataplane::start_eal({.workers = options.workers,
                            .cpus = options.cpus,
                            .memory_mb = dataplane::memory_needed_mb(*image, options.workers),
                            .allow_hugepages = options.allow_hugepages});
  if (!eal) return std::unexpected(eal.error());

  RunReport report;
  for (const auto& router : image->routers) report.router_names.push_back(router.name);
  for (const auto& link : image->links) report.link_names.push_back(link.name);
  for (const auto& port : image->ports) report.port_names.push_back(port.name);
  report.limit_names = LimitNames(*image);
  if (!eal->note.empty()) report.notes.push_back(eal->note);
  if (eal->cpus_shared) report.notes.push_back("workers share CPUs with other threads: slower");

  auto plane = dataplane::Dataplane::create(std::move(*image), {.workers = eal->workers});
  if (!plane) return std::unexpected(plane.error());
  dataplane::Dataplane& forwarding = **plane;

  DataplaneSink sink(network, forwarding);
  Emulation emulation(lab, network, &sink);
  report.convergence = emulation.converge();
  sink.refresh_filters(emulation);
  if (sink.error()) return std::unexpected(*sink.error());

  const Pace pace = pace_of(lab, options);
  report.time_scale = pace.scale;
  if (pace.scale > 1) {
    report.notes.push_back(fmt::format(
        "the timeline ran {:.3g} times as fast as the packets, to fit into {:g} s of traffic",
        pace.scale, pace.seconds));
  }
  report.workers = static_cast<unsigned>(eal->workers.size());
  report.tsc_hz = static_cast<double>(rte_get_tsc_hz());

  Timeline timeline(lab);
  const bool is_replay = !options.replay_file.empty();
  const StopOnSignals signals;
  if (const auto started = forwarding.start(); !started) return std::unexpected(started.error());
  const auto start = SteadyClock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
  };
  uint64_t last_delivered = 0;
  double last_time = 0;
  while (true) {
    const double now = elapsed();
    const bool is_stopped = stop_asked != 0;
    const bool over = is_stopped || (is_replay ? forwarding.is_finished() : now >= pace.seconds);
    const Seconds virtual_now(std::min(now, pace.seconds) * pace.scale);
    if (auto played =
            timeline.play_until(emulation, over && !is_stopped ? timeline.end() : virtual_now);
        !played) {
      forwarding.stop();
      return std::unexpected(played.error());
    }
    if (is_stopped) report.notes.emplace_back("stopped by a signal before its end");
    sink.refresh_filters(emulation);
    forwarding.tend(virtual_now.count());
    forwarding.tidy();
    if (over) break;
    if (on_progress) {
      const dataplane::Totals totals = forwarding.totals();
      on_progress({.elapsed_s = now,
                   .total_s = pace.seconds,
                   .virtual_now = virtual_now,
                   .mpps = now > last_time
                               ? static_cast<double>(totals.delivered - last_delivered) /
                                     (now - last_time) / 1e6
                               : 0,
                   .delivered = totals.delivered,
                   .dropped = totals.dropped});
      last_delivered = totals.delivered;
      last_time = now;
    }
    std::this_thread::sleep_for(kTick);
  }
  forwarding.stop();
  // With the time in which what links held arrived: that is among what was delivered.
  report.seconds = elapsed();

  report.counters = forwarding.counters();
  report.tables = tables_of(network, forwarding);
  report.associations = forwarding.associations();
  std::erase_if(report.associations, [](const auto& association) {
    return association.state == dataplane::ipsec::AssociationRecord::State::spare;
  });
  report.replay_error = forwarding.replay_error();
  report.sessions = sessions_of(emulation);
  report.checks = timeline.checks();
  report.events = timeline.events();
  if (sink.error()) return std::unexpected(*sink.error());
  return report;
}

}  // namespace skyhop::emulator
