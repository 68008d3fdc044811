// The control side of the data plane: builds the tables from an image, owns everything, changes
// what workers read, and sums what they count.
#include "dataplane/dataplane.h"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>
#include <utility>

#include "dataplane/ipsec/control.h"
#include "dataplane/links/capture.h"
#include "dataplane/links/control.h"
#include "dataplane/packet_pool.h"
#include "dataplane/ports/device.h"
#include "dataplane/router_control.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

// Measured: 128 costs a tenth of the rate, and saves a third of the latency (DESIGN.md, Cycles).
constexpr uint32_t kDefaultBurst = 256;
constexpr uint32_t kRing = 4096;

struct FreeRing {
  void operator()(rte_ring* ring) const { rte_ring_free(ring); }
};
using Ring = std::unique_ptr<rte_ring, FreeRing>;

/// Tables whose data plane is gone. EAL clears what it frees, 64 MiB for each table, mostly pages
/// that were never touched: seconds for a large lab. So they are freed when the next data plane is
/// made, and a process that makes no other one leaves them to the kernel.
struct Retired {
  std::unique_ptr<lpm::Qsbr> qsbr;
  std::vector<std::unique_ptr<RouterControl>> routers;  // freed first: they refer to qsbr
};

std::vector<Retired>& retired() {
  static auto* const list = new std::vector<Retired>;  // outlives EAL
  return *list;
}

[[noreturn]] void bug(const char* what) {
  std::fprintf(stderr, "data plane: %s\n", what);
  std::abort();
}

// The Ethernet header of what a port sends: from the fabric's one MAC to the NIC's, derived from
// its address.
std::array<uint8_t, 16> ethernet_header(Ipv4Address address) {
  const uint32_t a = address.value();
  return {0x02,
          0x0d,
          static_cast<uint8_t>(a >> 24),
          static_cast<uint8_t>(a >> 16),
          static_cast<uint8_t>(a >> 8),
          static_cast<uint8_t>(a),
          0x12,
          0x34,
          0x56,
          0x78,
          0x9a,
          0xbc,
          0x08,
          0x00,
          0,
          0};
}

class Model final : public Dataplane {
 public:
  Model(Image image, const DataplaneOptions& options)
      : image_(std::move(image)), options_(options) {
    static unsigned instances = 0;
    number_ = instances++;
  }
  ~Model() override;

  Result<void> build();

  EdgeId add_edge(RouterIndex router, const EdgeSpec& edge) override;
  Result<void> set_route(RouterIndex router, Ipv4Prefix prefix,
                         const lpm::NextHopSet& next_hops) override;
  void erase_route(RouterIndex router, Ipv4Prefix prefix) override;
  void set_edge_alive(RouterIndex router, EdgeId edge, bool alive) override;
  void tidy() override;
  [[nodiscard]] TableInfo table(RouterIndex router) const override;
  void set_link_up(LinkIndex link, bool up) override;
  void set_link_conditions(LinkIndex link, const LinkConditions& conditions) override;
  void set_router_up(RouterIndex router, bool up) override;
  void set_filter(FilterIndex filter, const FilterSpec& spec) override;
  void tend(double now) override;
  [[nodiscard]] std::vector<ipsec::AssociationRecord> associations() const override;
  Result<void> start() override;
  [[nodiscard]] bool is_finished() const override;
  void stop() override;
  [[nodiscard]] Counters counters() const override;
  [[nodiscard]] Totals totals() const override;
  [[nodiscard]] uint64_t drops(RouterIndex router, DropReason reason) const override;
  [[nodiscard]] std::optional<Error> replay_error() const override;

 private:
  Result<void> check() const;
  Result<void> build_routers();
  Result<void> build_ports();
  Result<void> build_links();
  Result<void> build_inputs();
  [[nodiscard]] uint32_t flow_entries() const;
  [[nodiscard]] uint64_t held() const;
  [[nodiscard]] std::string name(const char* what, size_t index) const {
    return "skyhop" + std::to_string(number_) + "-" + what + std::to_string(index);
  }

  Image image_;
  DataplaneOptions options_;
  unsigned number_ = 0;
  // In order of construction; workers go first, what they read goes last.
  std::unique_ptr<lpm::Qsbr> qsbr_;
  std::optional<PacketPool> pool_;
  Tables tables_;
  std::vector<std::unique_ptr<RouterControl>> routers_;
  std::map<uint32_t, NicFlows> flows_;  // by NIC, as its inbound filter sees them
  std::vector<std::unique_ptr<Filter>> filters_;
  std::vector<Ring> rings_;
  std::vector<std::unique_ptr<Device>> devices_;  // by port; null: built-in
  std::vector<std::unique_ptr<CaptureSink>> captures_;
  std::map<std::string, std::unique_ptr<LinkCapture>> link_captures_;  // by file
  std::unique_ptr<ipsec::Control> ipsec_;                              // null: no tunnel encrypts
  std::unique_ptr<LinkControl> links_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<RunState> state_ = RunState::stopped;
  bool is_running_ = false;
  uint64_t started_ = 0;
  uint64_t stopped_ = 0;
  std::optional<Error> capture_error_;
};

Model::~Model() {
  stop();
  retired().push_back({std::move(qsbr_), std::move(routers_)});
}

Result<void> Model::check() const {
  const auto needs = [](bool holds, const std::string& what) -> Result<void> {
    if (!holds) return fail("the image is not sound: " + what);
    return {};
  };
  if (options_.workers.empty()) return fail("no worker lcore was given");
  if (options_.burst > kMaxBurst) {
    return fail("a burst of " + std::to_string(options_.burst) + " packets is too large", {},
                "at most " + std::to_string(kMaxBurst));
  }
  for (const PortSpec& port : image_.ports) {
    if (auto r = needs(port.router < image_.routers.size(), "router of port " + port.name); !r) {
      return r;
    }
    if (auto r = needs(port.filter <= image_.filters.size(), "filter of port " + port.name); !r) {
      return r;
    }
  }
  for (const LinkSpec& link : image_.links) {
    if (auto r = needs(link.to < image_.routers.size(), "far end of link " + link.name); !r) {
      return r;
    }
    if (auto r = needs(std::has_single_bit(link.overhead_block), "blocks of link " + link.name);
        !r) {
      return r;
    }
    const auto& limits = link.limits;
    const bool limits_hold =
        limits.size() < kMaxLimits && std::ranges::all_of(
                                          limits,
                                          [this](LimitIndex limit) {
                                            return limit < image_.limits.size() &&
                                                   is_possible(image_.limits[limit].rate);
                                          });
    if (auto r = needs(limits_hold, "limits of link " + link.name); !r) return r;
    if (auto r = needs(is_possible(link.conditions), "conditions of link " + link.name); !r) {
      return r;
    }
    if (auto r = needs(!link.has_conditions() || image_.held_packets != 0,
                       "room for what link " + link.name + " holds");
        !r) {
      return r;
    }
    const bool has_nats =
        link.nat_leaving <= image_.nats.size() && link.nat_entering <= image_.nats.size();
    if (auto r = needs(has_nats, "translation of link " + link.name); !r) return r;
  }
  for (const NatSpec& nat : image_.nats) {
    for (const NatRule& rule : nat.rules) {
      if (auto r = needs(rule.first <= rule.last, "address range of " + rule.name); !r) return r;
    }
  }
  for (const StreamSpec& stream : image_.streams) {
    if (auto r = needs(stream.port < image_.ports.size(), "port of a stream"); !r) return r;
    for (const uint16_t size : stream.frame_sizes) {
      if (size < min_frame(stream.protocol)) {
        return fail("frames of " + std::to_string(size) + " octets are too short", {},
                    "this protocol needs " + std::to_string(min_frame(stream.protocol)));
      }
    }
  }
  for (const ReplaySpec& replay : image_.replays) {
    if (auto r = needs(replay.port < image_.ports.size(), "port of a replay"); !r) return r;
    if (auto r = needs(replay.loops > 0, "loops of a replay"); !r) return r;
    if (auto r = needs(replay.link.value_or(0) < image_.links.size() || !replay.link,
                       "link of a replay");
        !r) {
      return r;
    }
  }
  return {};
}

Result<void> Model::build() {
  if (auto checked = check(); !checked) return checked;
  const auto workers = static_cast<unsigned>(options_.workers.size());
  auto qsbr = lpm::Qsbr::create(workers);
  if (!qsbr) return std::unexpected(qsbr.error());
  qsbr_ = std::move(*qsbr);
  qsbr_->close();  // until the workers start
  for (const PortSpec& port : image_.ports) {
    if (auto count = preloaded_packets(port.devargs); !count) {
      return std::unexpected(count.error());
    }
  }
  auto pool = PacketPool::create(size_pool(image_, workers), number_);
  if (!pool) return std::unexpected(pool.error());
  pool_.emplace(std::move(*pool));
  tables_.pool = pool_->get();
  tables_.measures_latency = options_.measure_latency;
  tables_.link_clock = options_.link_clock;
  if (auto built = build_routers(); !built) return built;
  if (auto built = build_ports(); !built) return built;
  if (auto built = build_links(); !built) return built;
  return build_inputs();
}

// Any stream may end at any NIC.
uint32_t Model::flow_entries() const {
  if (options_.flow_entries != 0) return options_.flow_entries;
  constexpr uint64_t kLeast = 1u << 16, kMost = 1u << 26;
  uint64_t flows = 0;
  for (const StreamSpec& stream : image_.streams) flows += stream.flows;
  // Two entries for each, and as much room again, so that few meet in one line.
  return static_cast<uint32_t>(std::clamp(4 * flows, kLeast, kMost));
}

Result<void> Model::build_routers() {
  tables_.router_count = static_cast<uint32_t>(image_.routers.size());
  tables_.routers = std::make_unique<Router[]>(image_.routers.size());
  tables_.link_count = static_cast<uint32_t>(image_.links.size());
  tables_.links = std::make_unique<Link[]>(image_.links.size());
  for (size_t i = 0; i < image_.links.size(); ++i) {
    const LinkSpec& spec = image_.links[i];
    Link& link = tables_.links[i];
    link.mtu = spec.mtu;
    link.overhead = Overhead::of(spec.overhead_fixed, spec.overhead_block);
    link.to = spec.to;
    link.kind = spec.kind;
    link.nat_leaving = spec.nat_leaving;
    link.nat_entering = spec.nat_entering;
  }
  tables_.tsc_hz = rte_get_tsc_hz();
  tables_.nats.emplace_back();
  std::map<uint32_t, std::shared_ptr<NatTable>> translated;  // by gateway
  for (const NatSpec& nat : image_.nats) {
    auto& flows = translated[nat.gateway];
    if (!flows) flows = std::make_shared<NatTable>(flow_entries());
    tables_.nats.push_back(std::make_unique<const Nat>(nat, flows));
  }
  tables_.guards.emplace_back();
  for (const GuardSpec& guard : image_.guards) tables_.guards.push_back(Guard::of(guard));
  tables_.guards_data = tables_.guards.data();

  tables_.filters = std::make_unique<std::atomic<const Filter*>[]>(image_.filters.size() + 1);
  filters_.emplace_back();
  for (const FilterSpec& spec : image_.filters) {
    NicFlows& flows = flows_[spec.nic];
    if (!flows.own) {
      flows.own = std::make_shared<FlowTable>(flow_entries() / 2);
      flows.opposite = std::make_shared<FlowTable>(flow_entries() / 2);
    }
    const bool is_inbound = spec.direction == FilterDirection::inbound;
    filters_.push_back(
        std::make_unique<Filter>(spec, is_inbound ? flows : NicFlows{flows.opposite, flows.own}));
    tables_.filters[filters_.size() - 1] = filters_.back().get();
  }

  for (size_t i = 0; i < image_.routers.size(); ++i) {
    const RouterSpec& spec = image_.routers[i];
    Router& router = tables_.routers[i];
    auto control = RouterControl::create(name("table", i), {spec.table, image_.routers.size()},
                                         router, *qsbr_);
    if (!control) {
      Error error = control.error();
      error.where = "router " + spec.name;
      return std::unexpected(error);
    }
    routers_.push_back(std::move(*control));
    router.seed = lpm::group_seed(static_cast<uint32_t>(i));
    router.address = spec.address.value();
    router.decrements_ttl = spec.decrements_ttl;
    router.answers_icmp = spec.answers_icmp;
    const auto index = static_cast<RouterIndex>(i);
    add_edge(index, EdgeSpec{});
    for (const EdgeSpec& edge : spec.edges) add_edge(index, edge);
  }
  return {};
}

Result<void> Model::build_ports() {
  const auto workers = static_cast<uint16_t>(options_.workers.size());
  for (unsigned i = 0; i < workers; ++i) {
    const uint32_t burst = options_.burst == 0 ? kDefaultBurst : options_.burst;
    workers_.push_back(
        std::make_unique<Worker>(tables_, i, burst, static_cast<uint32_t>(image_.ports.size())));
  }
  tables_.frees_raw = true;
  tables_.ports.resize(image_.ports.size());
  devices_.resize(image_.ports.size());
  for (size_t i = 0; i < image_.ports.size(); ++i) {
    const PortSpec& spec = image_.ports[i];
    Port& port = tables_.ports[i];
    port.ethernet = ethernet_header(spec.address);
    OwnedExit exit{static_cast<PortIndex>(i), nullptr, 0, nullptr};
    if (!spec.devargs.empty()) {
      static unsigned device_number = 0;
      auto device = Device::open(spec.name, spec.devargs, device_number++, workers, tables_.pool);
      if (!device) return std::unexpected(device.error());
      devices_[i] = std::move(*device);
      tables_.frees_raw &= !devices_[i]->may_share_buffers();
      port.device = exit.device = devices_[i]->id();
      port.exit = Port::Exit::device;
      if (devices_[i]->tx_queues() == workers) continue;
    } else if (!spec.capture_file.empty()) {
      auto capture = CaptureSink::create(spec.capture_file);
      if (!capture) return std::unexpected(capture.error());
      captures_.push_back(std::move(*capture));
      exit.capture = captures_.back().get();
    } else {
      continue;
    }
    exit.ring = rte_ring_create(name("port", i).c_str(), kRing, static_cast<int>(SOCKET_ID_ANY),
                                RING_F_SC_DEQ);
    if (exit.ring == nullptr) return fail("cannot make the ring of port " + spec.name);
    rings_.emplace_back(exit.ring);
    port.exit = Port::Exit::ring;
    port.ring = exit.ring;
    workers_[i % workers]->exits.push_back(exit);
  }
  tables_.ports_data = tables_.ports.data();
  return {};
}

Result<void> Model::build_links() {
  std::vector<ipsec::Control::Link> tunnels;
  std::vector<LinkCapture*> captures(image_.links.size());
  for (size_t i = 0; i < image_.links.size(); ++i) {
    const LinkSpec& link = image_.links[i];
    if (link.esp) tunnels.push_back({static_cast<LinkIndex>(i), link.name, *link.esp});
    if (link.capture_file.empty()) continue;
    auto& capture = link_captures_[link.capture_file];
    if (!capture) {
      auto made = LinkCapture::create(link.capture_file);
      if (!made) return std::unexpected(made.error());
      capture = std::move(*made);
    }
    captures[i] = capture.get();
  }
  if (!tunnels.empty()) {
    auto control = ipsec::Control::create(std::move(tunnels),
                                          static_cast<unsigned>(workers_.size()), number_, *qsbr_);
    if (!control) return std::unexpected(control.error());
    ipsec_ = std::move(*control);
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->ipsec = ipsec_->workspace(static_cast<unsigned>(i));
    }
  }
  links_ = std::make_unique<LinkControl>(image_, tables_, workers_, *qsbr_, ipsec_.get(),
                                         std::move(captures));
  return {};
}

Result<void> Model::build_inputs() {
  std::vector<Input> inputs;
  const auto input_at = [this](PortIndex port, Input::Kind kind) {
    Input input;
    input.kind = kind;
    input.port = port;
    input.router = image_.ports[port].router;
    input.filter = image_.ports[port].filter;
    return input;
  };
  for (size_t i = 0; i < devices_.size(); ++i) {
    if (!devices_[i]) continue;
    Input input = input_at(static_cast<PortIndex>(i), Input::Kind::device);
    input.device = devices_[i]->id();
    input.prefetches = devices_[i]->may_share_buffers();
    inputs.push_back(std::move(input));
  }
  const uint32_t max_frame = size_pool(image_, 1).data_room - RTE_PKTMBUF_HEADROOM;
  for (const ReplaySpec& spec : image_.replays) {
    Input input = input_at(spec.port, spec.link ? Input::Kind::link : Input::Kind::replay);
    input.link = spec.link.value_or(0);
    auto replay = Replay::open(spec.file, spec.loops, max_frame);
    if (!replay) return std::unexpected(replay.error());
    input.replay = std::move(*replay);
    inputs.push_back(std::move(input));
  }
  // Streams are shared among workers when there are too few sources to feed them all.
  const auto workers = static_cast<uint32_t>(workers_.size());
  const bool shares = inputs.size() + image_.streams.size() < workers;
  for (const StreamSpec& spec : image_.streams) {
    const uint32_t of = shares ? std::min(workers, std::max(spec.flows, 1u)) : 1;
    for (uint32_t index = 0; index < of; ++index) {
      Input input = input_at(spec.port, Input::Kind::stream);
      input.stream = std::make_unique<Stream>(spec, image_.ports[spec.port].address,
                                              StreamShare{index, of}, rte_get_tsc_hz());
      inputs.push_back(std::move(input));
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    workers_[i % workers]->inputs.push_back(std::move(inputs[i]));
  }
  return {};
}

EdgeId Model::add_edge(RouterIndex router, const EdgeSpec& spec) {
  if (spec.action == EdgeAction::forward && spec.link >= image_.links.size()) {
    bug("an edge over a link that is not there");
  }
  if (spec.action == EdgeAction::deliver && spec.port >= image_.ports.size()) {
    bug("an edge to a port that is not there");
  }
  if (spec.filter > image_.filters.size() || spec.guard > image_.guards.size()) {
    bug("an edge with a filter or guard that is not there");
  }
  return routers_[router]->add_edge(spec);
}

Result<void> Model::set_route(RouterIndex router, Ipv4Prefix prefix,
                              const lpm::NextHopSet& next_hops) {
  auto set = routers_[router]->set_route(prefix, next_hops);
  if (set) return set;
  Error error = set.error();
  error.where = "router " + image_.routers[router].name;
  return std::unexpected(error);
}

void Model::erase_route(RouterIndex router, Ipv4Prefix prefix) {
  routers_[router]->erase_route(prefix);
}

void Model::set_edge_alive(RouterIndex router, EdgeId edge, bool alive) {
  routers_[router]->set_edge_alive(edge, alive);
}

void Model::tidy() {
  for (const auto& router : routers_) router->tidy();
}

TableInfo Model::table(RouterIndex router) const { return routers_[router]->table_info(); }

void Model::set_link_up(LinkIndex link, bool up) {
  tables_.links[link].is_up.store(up, std::memory_order_release);
}

void Model::set_link_conditions(LinkIndex link, const LinkConditions& conditions) {
  if (image_.held_packets == 0) bug("a link with conditions, and no room for what it holds");
  if (!is_possible(conditions)) bug("a link with conditions that cannot be");
  links_->set_conditions(link, conditions);
}

void Model::tend(double now) {
  if (ipsec_) ipsec_->tend(now);
}

std::vector<ipsec::AssociationRecord> Model::associations() const {
  return ipsec_ ? ipsec_->records() : std::vector<ipsec::AssociationRecord>{};
}

void Model::set_router_up(RouterIndex router, bool up) {
  tables_.routers[router].is_up.store(up, std::memory_order_release);
}

void Model::set_filter(FilterIndex index, const FilterSpec& spec) {
  if (index == 0 || index >= filters_.size()) bug("a filter that is not there");
  auto next = std::make_unique<Filter>(spec, filters_[index]->nic_flows());
  tables_.filters[index].store(next.get(), std::memory_order_release);
  std::swap(filters_[index], next);
  qsbr_->synchronize();  // then the old one goes
}

Result<void> Model::start() {
  if (is_running_) bug("started twice");
  tidy();  // while there are no readers to wait for
  qsbr_->open();
  const EalInfo* info = eal_info();
  const bool shares_cpu = info != nullptr && info->cpus_shared;
  state_.store(RunState::running, std::memory_order_release);
  started_ = rte_rdtsc();
  stopped_ = 0;
  struct Launch {
    Model* model;
    Worker* worker;
    bool shares_cpu;
  };
  for (size_t i = 0; i < workers_.size(); ++i) {
    auto launch = std::make_unique<Launch>(this, workers_[i].get(), shares_cpu);
    const auto main = [](void* argument) {
      const std::unique_ptr<Launch> mine(static_cast<Launch*>(argument));
      mine->worker->run(best_hot_loop(), mine->model->state_, *mine->model->qsbr_,
                        mine->shares_cpu);
      return 0;
    };
    const unsigned lcore = options_.workers[i];
    if (rte_eal_remote_launch(main, launch.get(), lcore) != 0) {
      state_.store(RunState::stopped, std::memory_order_release);
      for (size_t k = 0; k < i; ++k) rte_eal_wait_lcore(options_.workers[k]);
      qsbr_->close();
      return fail("worker lcore " + std::to_string(lcore) + " is busy or not there");
    }
    launch.release();
  }
  is_running_ = true;
  return {};
}

uint64_t Model::held() const {
  uint64_t held = 0;
  for (const auto& worker : workers_) {
    held += worker->originated_count.load(std::memory_order_acquire);
    held += worker->held_count.load(std::memory_order_acquire);
  }
  for (const Ring& ring : rings_) held += rte_ring_count(ring.get());
  return held;
}

bool Model::is_finished() const {
  for (const auto& worker : workers_) {
    if (!worker->sources_done.load(std::memory_order_acquire)) return false;
  }
  if (held() != 0) return false;
  return std::ranges::none_of(
      workers_, [](const auto& worker) { return worker->is_busy.load(std::memory_order_acquire); });
}

void Model::stop() {
  if (!is_running_) return;
  state_.store(RunState::draining, std::memory_order_release);
  const auto sum = [this](std::atomic<uint64_t> Worker::* counter) {
    std::vector<uint64_t> values;
    for (const auto& worker : workers_) {
      values.push_back((worker.get()->*counter).load(std::memory_order_acquire));
    }
    return values;
  };
  // Drained: every worker made two whole passes without a packet, and nothing waits between them.
  const uint64_t give_up =
      rte_rdtsc() +
      static_cast<uint64_t>(options_.drain_limit_s * static_cast<double>(rte_get_tsc_hz()));
  while (rte_rdtsc() < give_up) {
    const auto active = sum(&Worker::active_passes);
    const auto before = sum(&Worker::passes);
    for (size_t i = 0; i < workers_.size(); ++i) {
      while (workers_[i]->passes.load(std::memory_order_acquire) < before[i] + 3) {
        std::this_thread::yield();
      }
    }
    if (active == sum(&Worker::active_passes) && held() == 0) break;
  }
  state_.store(RunState::stopped, std::memory_order_release);
  for (const unsigned lcore : options_.workers) rte_eal_wait_lcore(lcore);
  qsbr_->close();
  stopped_ = rte_rdtsc();
  is_running_ = false;
  for (const auto& capture : captures_) {
    if (auto error = capture->close(); error && !capture_error_) capture_error_ = error;
  }
  for (const auto& [file, capture] : link_captures_) {
    if (auto error = capture->close(); error && !capture_error_) capture_error_ = error;
  }
}

Counters Model::counters() const {
  Counters all;
  const double ns_per_cycle = 1e9 / static_cast<double>(rte_get_tsc_hz());
  all.routers.resize(image_.routers.size());
  all.links.resize(image_.links.size());
  for (size_t i = 0; i < image_.links.size(); ++i) {
    all.crossings.push_back(links_->counters(static_cast<LinkIndex>(i)));
  }
  all.ports.resize(image_.ports.size());
  all.router_latency_ns.resize(image_.routers.size());
  std::vector<Histogram> router_cycles(options_.measure_latency ? image_.routers.size() : 0);
  Histogram path_cycles;
  Histogram lateness_cycles;
  for (const auto& worker : workers_) {
    const WorkerCounters& one = worker->counters;
    all.offered += one.offered;
    all.originated += one.originated;
    all.delivered += one.delivered;
    all.flow_evictions += one.flow_evictions;
    all.busy_cycles += one.busy_cycles / workers_.size();
    for (size_t i = 0; i < all.routers.size(); ++i) all.routers[i] += one.routers[i];
    for (size_t i = 0; i < all.links.size(); ++i) all.links[i] += one.links[i];
    for (size_t i = 0; i < all.ports.size(); ++i) all.ports[i] += one.ports[i];
    path_cycles.merge(one.path_cycles);
    lateness_cycles.merge(one.lateness_cycles);
    for (size_t i = 0; i < router_cycles.size(); ++i) {
      if (one.router_cycles[i].total() != 0) router_cycles[i].merge(one.router_cycles[i]);
    }
  }
  for (const RouterCounters& router : all.routers) {
    for (uint32_t reason = 0; reason < kDropReasons; ++reason) {
      all.drops[reason] += router.drops[reason];
    }
  }
  // Workers count what they send into a link.
  for (size_t i = 0; i < all.links.size(); ++i) {
    all.links[i].packets -= all.crossings[i].refused();
    all.links[i].bytes -= all.crossings[i].refused_octets;
  }
  all.held = held();
  all.path_latency_ns = path_cycles.scaled(ns_per_cycle);
  all.link_lateness_ns = lateness_cycles.scaled(ns_per_cycle);
  for (size_t i = 0; i < router_cycles.size(); ++i) {
    all.router_latency_ns[i] = router_cycles[i].scaled(ns_per_cycle);
  }
  if (started_ != 0) all.wall_cycles = (is_running_ ? rte_rdtsc() : stopped_) - started_;
  return all;
}

Totals Model::totals() const {
  Totals all;
  for (const auto& worker : workers_) {
    const WorkerCounters& one = worker->counters;
    all.offered += one.offered;
    all.originated += one.originated;
    all.delivered += one.delivered;
    for (const RouterCounters& router : one.routers) {
      for (const uint64_t drops : router.drops) all.dropped += drops;
    }
  }
  return all;
}

uint64_t Model::drops(RouterIndex router, DropReason reason) const {
  uint64_t drops = 0;
  for (const auto& worker : workers_) {
    drops += worker->counters.routers[router].drops[static_cast<uint8_t>(reason)];
  }
  return drops;
}

std::optional<Error> Model::replay_error() const {
  for (const auto& worker : workers_) {
    for (const Input& input : worker->inputs) {
      if (input.replay && input.replay->is_done() && input.replay->error()) {
        return input.replay->error();
      }
    }
  }
  return capture_error_;
}

}  // namespace

Result<std::unique_ptr<Dataplane>> Dataplane::create(Image image, const DataplaneOptions& options) {
  retired().clear();
  auto model = std::make_unique<Model>(std::move(image), options);
  if (auto built = model->build(); !built) return std::unexpected(built.error());
  return model;
}

}  // namespace skyhop::dataplane
