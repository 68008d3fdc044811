#include "tests/packet/rig.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "pcap/reader.h"
#include "pcap/writer.h"

namespace skyhop::dataplane {
namespace {

EalInfo started;

class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    EalOptions options;
    options.workers = 3;
    options.allow_hugepages = false;
    options.memory_mb = 1500;
    options.file_prefix = "packet_tests_" + std::to_string(getpid());
    const auto info = start_eal(options);
    ASSERT_TRUE(info) << info.error().to_string();
    started = *info;
  }
  void TearDown() override { std::filesystem::remove_all(directory()); }

  static std::filesystem::path directory() {
    const auto path = std::filesystem::temp_directory_path() /
                      ("skyhop-packet-tests-" + std::to_string(getpid()));
    std::filesystem::create_directories(path);
    return path;
  }
};

// Every test runs with every choice (meson.build).
lpm::TableChoice table_choice() {
  const char* name = std::getenv("RIG_TABLE");
  return lpm::table_choice_from(name == nullptr ? "rte_lpm" : name).value();
}

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new EalEnvironment);

}  // namespace

const EalInfo& eal() { return started; }

std::string temporary_file(const std::string& name) {
  static int number = 0;
  return EalEnvironment::directory() / (std::to_string(number++) + "-" + name);
}

void write_capture(const std::string& file, const std::vector<Frame>& frames) {
  auto writer = pcap::CaptureWriter::create(file);
  ASSERT_TRUE(writer) << writer.error().to_string();
  for (size_t i = 0; i < frames.size(); ++i) ASSERT_TRUE(writer->write(1'000 * i, frames[i]));
  ASSERT_TRUE(writer->close());
}

std::vector<Frame> read_capture(const std::string& file) {
  std::vector<Frame> frames;
  auto reader = pcap::CaptureReader::open(file);
  if (!reader) {
    ADD_FAILURE() << reader.error().to_string();
    return frames;
  }
  for (auto frame = reader->next(); frame && *frame; frame = reader->next()) {
    frames.emplace_back((*frame)->bytes.begin(), (*frame)->bytes.end());
  }
  return frames;
}

RouterIndex Rig::gateway(const std::string& name, Ipv4Address address) {
  RouterSpec spec;
  spec.name = name;
  spec.address = address;
  spec.table = table_choice();
  image.routers.push_back(spec);
  return static_cast<RouterIndex>(image.routers.size() - 1);
}

RouterIndex Rig::fabric(const std::string& name) {
  const RouterIndex router = gateway(name, {});
  image.routers[router].decrements_ttl = false;
  image.routers[router].answers_icmp = false;
  return router;
}

LinkIndex Rig::link(RouterIndex to, uint32_t mtu) {
  LinkSpec spec;
  spec.name = "to " + image.routers[to].name;
  spec.to = to;
  spec.mtu = mtu;
  image.links.push_back(spec);
  return static_cast<LinkIndex>(image.links.size() - 1);
}

EdgeId Rig::edge(RouterIndex router, const EdgeSpec& spec) {
  image.routers[router].edges.push_back(spec);
  return static_cast<EdgeId>(image.routers[router].edges.size());
}

EdgeId Rig::forward(RouterIndex from, RouterIndex to, uint32_t mtu) {
  return forward_over(from, link(to, mtu));
}

EdgeId Rig::forward_over(RouterIndex from, LinkIndex link) {
  EdgeSpec spec;
  spec.action = EdgeAction::forward;
  spec.link = link;
  return edge(from, spec);
}

EdgeId Rig::deliver(RouterIndex router, PortIndex port, FilterIndex filter) {
  EdgeSpec spec;
  spec.action = EdgeAction::deliver;
  spec.port = port;
  spec.filter = filter;
  return edge(router, spec);
}

EdgeId Rig::drop(RouterIndex router, DropReason reason) {
  EdgeSpec spec;
  spec.reason = reason;
  return edge(router, spec);
}

EdgeId Rig::local(RouterIndex router) {
  EdgeSpec spec;
  spec.action = EdgeAction::local;
  return edge(router, spec);
}

PortIndex Rig::port(const std::string& name, Ipv4Address address, RouterIndex router) {
  PortSpec spec;
  spec.name = name;
  spec.address = address;
  spec.router = router;
  spec.capture_file = temporary_file(name + ".pcap");
  image.ports.push_back(spec);
  return static_cast<PortIndex>(image.ports.size() - 1);
}

FilterIndex Rig::filter(const FilterSpec& spec) {
  image.filters.push_back(spec);
  return static_cast<FilterIndex>(image.filters.size());
}

GuardIndex Rig::guard(const GuardSpec& spec) {
  image.guards.push_back(spec);
  return static_cast<GuardIndex>(image.guards.size());
}

void Rig::route(RouterIndex router, const char* prefix, std::vector<EdgeId> primary,
                std::vector<EdgeId> backup) {
  routes_.push_back({router, *Ipv4Prefix::parse(prefix), {std::move(primary), std::move(backup)}});
}

void Rig::send(PortIndex port, const std::vector<Frame>& frames) {
  ReplaySpec replay;
  replay.port = port;
  replay.file = temporary_file("send.pcap");
  write_capture(replay.file, frames);
  image.replays.push_back(replay);
}

std::unique_ptr<Dataplane> Rig::make() {
  auto made = Dataplane::create(image, options);
  if (!made) {
    ADD_FAILURE() << made.error().to_string();
    return nullptr;
  }
  for (const Route& route : routes_) {
    const auto set = (*made)->set_route(route.router, route.prefix, route.next_hops);
    EXPECT_TRUE(set) << set.error().to_string();
  }
  return std::move(*made);
}

Outcome Rig::run(const std::function<void(Dataplane&)>& prepare) {
  const auto dataplane = make();
  if (!dataplane) return {};
  if (prepare) prepare(*dataplane);
  const auto begun = dataplane->start();
  EXPECT_TRUE(begun) << begun.error().to_string();
  wait_until_finished(*dataplane);
  return finish(*dataplane);
}

Outcome Rig::finish(Dataplane& dataplane) {
  dataplane.stop();
  Outcome outcome{dataplane.counters(), {}, dataplane.replay_error()};
  EXPECT_TRUE(outcome.counters.sum_law_holds())
      << outcome.counters.offered << " + " << outcome.counters.originated
      << " != " << outcome.counters.delivered << " + " << outcome.counters.held << " + "
      << outcome.counters.dropped();
  EXPECT_EQ(outcome.counters.held, 0u);
  for (size_t i = 0; i < image.ports.size(); ++i) {
    if (image.ports[i].capture_file.empty()) continue;
    outcome.arrived[static_cast<PortIndex>(i)] = read_capture(image.ports[i].capture_file);
  }
  return outcome;
}

void wait_until_finished(const Dataplane& dataplane) {
  while (!dataplane.is_finished()) std::this_thread::yield();
}

}  // namespace skyhop::dataplane
