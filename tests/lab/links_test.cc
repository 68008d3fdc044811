// Links of whole labs with real packets, on a clock that the test moves: what the clouds' limits
// let through (A50), what the lab's conditions do, and how the timeline changes them.
#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <cmath>
#include <thread>

#include "control/emulator/forwarding.h"
#include "control/emulator/limits_met.h"
#include "dataplane/eal.h"
#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

using dataplane::Counters;
using dataplane::DropReason;

class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    dataplane::EalOptions options;
    options.allow_hugepages = false;
    options.memory_mb = 3000;  // address space; what is touched is a tenth
    ASSERT_TRUE(dataplane::start_eal(options));
  }
};
const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new EalEnvironment);

/// A lab with packets from spoke1-test-vm to spoke2-test-vm.
class PacketLab {
 public:
  PacketLab(const std::string& config, uint16_t frame_size, uint64_t packets = 0,
            std::optional<uint64_t> seed = {})
      : live_(config) {
    const cloud::Network& network = live_.network();
    dataplane::Image image = emulator::make_image(live_.lab(), network);
    if (seed) image.seed = *seed;
    names = emulator::LimitNames(image);
    image.streams.push_back({.port = emulator::index_of(*network.find_vm("spoke1-test-vm")),
                             .destination = address("10.0.110.5"),
                             .destination_port = 80,
                             .flows = 1024,
                             .frame_sizes = {static_cast<uint16_t>(frame_size - 4)},
                             .limit = packets});
    auto made = dataplane::Dataplane::create(std::move(image),
                                             {.workers = dataplane::eal_info()->workers,
                                              .drain_limit_s = 0,  // the clock stands still by then
                                              .link_clock = &clock_});
    if (!made) {
      ADD_FAILURE() << made.error().to_string();
      return;
    }
    plane = std::move(*made);
    sink_.emplace(network, *plane);
    emulation_.emplace(live_.lab(), network, &*sink_);
    EXPECT_TRUE(emulation_->converge().converged);
    sink_->refresh_filters(*emulation_);
    EXPECT_TRUE(plane->start());
  }
  ~PacketLab() {
    plane->stop();
    EXPECT_TRUE(plane->counters().sum_law_holds());
  }

  /// Lets link time go by, a millisecond after the other; in each of them the source has sent far
  /// more than any limit lets through.
  void run_ms(int ms) {
    constexpr uint64_t kEnough = 2000;
    for (int i = 0; i < ms; ++i) {
      clock_ += rte_get_tsc_hz() / 1000;
      const uint64_t before = plane->counters().offered;
      while (plane->counters().offered < before + kEnough) std::this_thread::yield();
    }
  }
  /// Lets link time go by until everything has ended.
  void finish() {
    while (!plane->is_finished()) {
      clock_ += rte_get_tsc_hz() / 10'000;
      std::this_thread::yield();
    }
    plane->stop();
  }
  void apply(lab::LinkConditions change) {
    ASSERT_TRUE(emulation_->apply({.action = std::move(change)}));
  }
  [[nodiscard]] size_t link(const std::string& name) const {
    return static_cast<size_t>(std::ranges::find(names.links, name) - names.links.begin());
  }
  [[nodiscard]] const cloud::Network& network() const { return live_.network(); }

  std::unique_ptr<dataplane::Dataplane> plane;
  emulator::LimitNames names;

 private:
  LiveLab live_;
  std::atomic<uint64_t> clock_ = 1'000'000;
  std::optional<emulator::DataplaneSink> sink_;
  std::optional<emulator::Emulation> emulation_;
};

/// What a lab carries once its limits are reached, and which of them it was.
struct Carried {
  double pps = 0;
  double bps = 0;  ///< on the wire of both tunnels
  emulator::LimitMet bound;
};
Carried carry(const std::string& config, uint16_t frame_size) {
  constexpr int kMilliseconds = 300;
  PacketLab lab(config, frame_size);
  lab.run_ms(30);
  const Counters before = lab.plane->counters();
  lab.run_ms(kMilliseconds);
  const Counters after = lab.plane->counters();
  const auto& tunnel = after.links[lab.link("vng-0 -> transit-2")];
  Carried carried;
  carried.pps = static_cast<double>(after.delivered - before.delivered) * 1000 / kMilliseconds;
  carried.bps =
      carried.pps * 8 * static_cast<double>(tunnel.bytes) / static_cast<double>(tunnel.packets);
  const auto met = emulator::limits_met(lab.names, after);
  EXPECT_FALSE(met.empty());
  if (!met.empty()) carried.bound = met.front();
  return carried;
}

TEST(Shaping, A50_SmallPacketsAreBoundByTheTunnelsPacketRate) {
  const Carried carried = carry("vpn-gateway-shaping.yaml", 64);
  EXPECT_NEAR(carried.pps, 2 * 52'000, 0.01 * 2 * 52'000);
  EXPECT_EQ(carried.bound.name, "VpnGw2 tunnel");
  EXPECT_TRUE(carried.bound.by_packets);
  EXPECT_GT(carried.bound.refused, 0u);
  EXPECT_EQ(carried.bound.queue_packets_max, 1000u);
}

TEST(Shaping, A50_LargePacketsAreBoundByTheTunnelsBitRate) {
  const Carried carried = carry("vpn-gateway-shaping.yaml", 1400);
  EXPECT_NEAR(carried.bps, 2 * 550e6, 0.01 * 2 * 550e6);
  EXPECT_EQ(carried.bound.name, "VpnGw2 tunnel");
  EXPECT_FALSE(carried.bound.by_packets);
}

TEST(Shaping, NoneLimitsNothingInTheFirstLab) {
  const LiveLab live("ars-multipeer.yaml");
  const dataplane::Image image = emulator::make_image(live.lab(), live.network());
  EXPECT_TRUE(image.limits.empty());
  EXPECT_EQ(image.held_packets, 0u);
  EXPECT_TRUE(std::ranges::none_of(image.links, &dataplane::LinkSpec::has_conditions));
}

TEST(Impaired, ALabDoesWhatItSaysAndTheSameForTheSameSeed) {
  constexpr uint64_t kPackets = 40'000;
  const auto run = [](std::optional<uint64_t> seed) {
    PacketLab lab("links-impaired.yaml", 64, kPackets, seed);
    // The source sends all at once: the slow line would lose most.
    lab.apply({.link = "transit-2-hagw -> spoke2", .rate = lab::Rate{0}});
    lab.finish();
    const Counters counters = lab.plane->counters();
    const auto& bursts = counters.crossings[lab.link("vng-0 -> transit-2")];
    const auto sent = static_cast<double>(counters.links[lab.link("vng-0 -> transit-2")].packets);
    // Bursts of eight: the share is some 16 times less certain than of single losses.
    EXPECT_NEAR(static_cast<double>(bursts.lost) / sent, 0.02,
                4 * std::sqrt(0.02 * 0.98 * 16 / sent));
    const auto& other = counters.crossings[lab.link("vng-1 -> transit-2-hagw")];
    EXPECT_GT(other.lost, 0u);
    EXPECT_GT(other.duplicated, 0u);
    EXPECT_GT(other.corrupted, 0u);
    EXPECT_EQ(counters.originated, other.duplicated);
    EXPECT_GT(counters.crossings[lab.link("transit-2 -> spoke2")].reordered, 0u);
    // Nobody sends the other way.
    for (const char* idle : {"transit-2 -> vng-0", "spoke2 -> transit-2"}) {
      EXPECT_EQ(counters.crossings[lab.link(idle)], dataplane::CrossingCounters{}) << idle;
    }
    std::vector<uint64_t> fates;
    for (const auto& crossing : counters.crossings) {
      fates.insert(fates.end(),
                   {crossing.lost, crossing.duplicated, crossing.corrupted, crossing.reordered});
    }
    return fates;
  };
  const auto first = run({});
  EXPECT_EQ(run({}), first);
  EXPECT_NE(run(7), first);
}

TEST(Impaired, TheTimelineChangesOneDirectionOfALink) {
  PacketLab lab("links-impaired.yaml", 64);
  lab.run_ms(30);
  const auto lost = [&lab] {
    return lab.plane->counters().drops[static_cast<size_t>(DropReason::link_loss)];
  };
  // Every way leads over one of these: from now on nothing arrives any more.
  for (const char* link : {"vng-0 -> transit-2", "vng-1 - transit-2-hagw"}) {
    lab.apply({.link = link, .loss_percent = lab::Percent{100}, .loss_burst = 1.0});
  }
  lab.run_ms(40);  // what was on the way is through
  const uint64_t delivered = lab.plane->counters().delivered;
  const uint64_t before = lost();
  lab.run_ms(20);
  EXPECT_EQ(lab.plane->counters().delivered, delivered);
  EXPECT_GT(lost(), before);
  lab.apply({.link = "vng-0 - transit-2", .loss_percent = lab::Percent{0}});
  lab.run_ms(40);
  EXPECT_GT(lab.plane->counters().delivered, delivered);
}

TEST(Impaired, AChangeOfALinkThatIsNotThereIsRefused) {
  const LiveLab live("links-impaired.yaml");
  emulator::Emulation emulation(live.lab(), live.network(), nullptr);
  const auto changed = emulation.apply({.action = lab::LinkConditions{.link = "vng-0 -> spoke1"}});
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().to_string().find("no link named 'vng-0 -> spoke1'"), std::string::npos);
}

}  // namespace
}  // namespace skyhop
