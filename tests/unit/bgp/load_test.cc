// Many routes and many sessions: work comes in slices, peers that are told the same share what they
// were told, and those that do not read hold up nobody.
#include <gtest/gtest.h>

#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

constexpr size_t kSlice = 8192;  // of the speaker

// The nth /24 of 20.0.0.0/6 and beyond.
Ipv4Prefix wide_prefix(uint32_t n) { return {Ipv4Address(0x14000000 + n * 256), 24}; }

// Speakers by number, with addresses of their own.
class Crowd {
 public:
  Crowd() : network_(scheduler_) {}

  Speaker& add(uint32_t n, Asn asn) {
    SpeakerConfig config;
    config.name = "r" + std::to_string(n);
    config.asn = asn;
    config.router_id = address(n);
    speakers_[n] = std::make_unique<Speaker>(config, scheduler_, network_);
    return *speakers_[n];
  }
  template <typename TuneA, typename TuneB>
  void join(uint32_t a, uint32_t b, TuneA tune_a, TuneB tune_b) {
    const auto end = [&](uint32_t n, uint32_t remote, auto tune) {
      PeerConfig config;
      config.name = "r" + std::to_string(remote);
      config.local_address = address(n);
      config.remote_address = address(remote);
      config.remote_asn = at(remote).config().asn;
      tune(config);
      at(n).add_peer(config);
    };
    end(a, b, tune_a);
    end(b, a, tune_b);
  }
  void start() {
    for (auto& [n, speaker] : speakers_) speaker->start();
  }
  Speaker& at(uint32_t n) { return *speakers_.at(n); }
  PeerStatus status(uint32_t n, uint32_t remote) {
    return at(n).status(*at(n).find_peer(address(remote)));
  }
  void run(Duration duration) { scheduler_.run_for(duration); }
  VirtualScheduler& scheduler() { return scheduler_; }

  static Ipv4Address address(uint32_t n) { return Ipv4Address(0x0AFF0000 + n); }

 private:
  VirtualScheduler scheduler_;
  MemoryTransport network_;
  std::map<uint32_t, std::unique_ptr<Speaker>> speakers_;
};

TEST(Load, AFloodIsDecidedInSlicesAndTimersComeBetween) {
  Crowd crowd;
  constexpr uint32_t kRoutes = 50000;
  Speaker& speaker = crowd.add(1, 65001);
  size_t batches = 0;
  size_t changes = 0;
  bool has_run = false;
  speaker.on_best_change([&](std::span<const BestChange> batch) {
    EXPECT_LE(batch.size(), kSlice);
    EXPECT_TRUE(std::ranges::is_sorted(batch, {}, &BestChange::prefix));
    // What was asked for after the first slice comes before the last one.
    if (batches == 0) crowd.scheduler().schedule(Duration{0}, [&] { has_run = true; });
    ++batches;
    changes += batch.size();
    EXPECT_EQ(has_run, batches > 2);
  });
  for (uint32_t i = 0; i < kRoutes; ++i) speaker.originate(wide_prefix(i), {});
  crowd.run(Duration{0});
  EXPECT_EQ(changes, kRoutes);
  EXPECT_EQ(batches, (kRoutes + kSlice - 1) / kSlice);
  EXPECT_EQ(speaker.best_count(), kRoutes);
}

TEST(Load, ALargeTablePassesThroughPackedAndIsTakenBack) {
  Crowd crowd;
  constexpr uint32_t kRoutes = 30000;
  crowd.add(1, 65001);
  crowd.add(2, 65002);
  crowd.add(3, 65003);
  crowd.join(1, 2, untuned, untuned);
  crowd.join(2, 3, untuned, untuned);
  for (uint32_t i = 0; i < kRoutes; ++i) {
    PathAttributes attributes;
    attributes.med = i % 4;
    crowd.at(1).originate(wide_prefix(i), attributes);
  }
  crowd.start();
  crowd.run(seconds(10));
  EXPECT_EQ(crowd.at(3).best_count(), kRoutes);
  EXPECT_EQ(crowd.status(2, 3).prefixes_advertised, kRoutes);
  // The MED goes on the way: one set. A thousand prefixes fit into a message.
  EXPECT_LE(crowd.status(2, 3).counters.updates_out, 45u);
  EXPECT_EQ(crowd.at(2).sizes().attribute_sets, 5u);  // four learned, one told
  crowd.at(1).stop();
  crowd.run(seconds(10));
  EXPECT_EQ(crowd.at(2).best_count(), 0u);
  EXPECT_EQ(crowd.at(3).best_count(), 0u);
  const TableSizes sizes = crowd.at(2).sizes();
  EXPECT_EQ(sizes.prefixes, 0u);
  EXPECT_EQ(sizes.attribute_sets, 0u);
  EXPECT_EQ(sizes.sources, 0u);
}

TEST(Load, FiveHundredSessionsOfOneSpeaker) {
  Crowd crowd;
  constexpr uint32_t kSpokes = 500;
  crowd.add(1, 65000);
  const Policy policy = [](const RouteView&) { return PolicyVerdict::accept(); };
  for (uint32_t n = 2; n < 2 + kSpokes; ++n) {
    crowd.add(n, 100000 + n);
    crowd.join(1, n, [&](PeerConfig& peer) { peer.export_policy = policy; }, untuned);
    crowd.at(n).originate(wide_prefix(n), {});
  }
  crowd.start();
  crowd.run(seconds(10));
  EXPECT_EQ(crowd.at(1).best_count(), kSpokes);
  // All have the same policy, so all are told the same: but for what came from themselves.
  EXPECT_EQ(crowd.at(1).sizes().export_groups, 1u);
  for (uint32_t n = 2; n < 2 + kSpokes; ++n) {
    ASSERT_EQ(crowd.at(n).best_count(), kSpokes);
    ASSERT_EQ(crowd.status(n, 1).prefixes_received, kSpokes - 1);
    ASSERT_EQ(crowd.status(1, n).prefixes_advertised, kSpokes - 1);
  }
  // All keep their sessions.
  crowd.run(seconds(1000));
  for (uint32_t n = 2; n < 2 + kSpokes; ++n) {
    ASSERT_EQ(crowd.status(1, n).counters.established, 1u);
  }
  // One goes: its route is taken back from all others.
  crowd.at(2).stop();
  crowd.run(seconds(1));
  for (uint32_t n = 3; n < 2 + kSpokes; ++n) {
    ASSERT_EQ(crowd.at(n).best_count(), kSpokes - 1);
  }
}

TEST(Load, WhoDoesNotReadHoldsUpTheOthersForASecondAtMost) {
  // The path to speaker 3 takes 20 s: what is on its way there counts as not taken.
  MemoryTransportOptions options;
  options.latency_of = [](const IpAddress& from, const IpAddress& to) -> Duration {
    const IpAddress slow(Scene::address(3));
    return from == slow || to == slow ? Duration(seconds(20)) : Duration(milliseconds(1));
  };
  Scene scene(options);
  scene.add(1, 65001);
  scene.add(2, 65002);
  for (const uint8_t n : {3, 4, 5}) scene.add(n, 65000u + n);
  const auto patient = [](PeerConfig& peer) { peer.hold_time = seconds(600); };
  scene.join(1, 2, patient, patient);
  for (const uint8_t n : {3, 4, 5}) scene.join(2, n, patient, patient);
  scene.start();
  scene.run(seconds(200));
  ASSERT_EQ(scene.state(2, 3), established);
  ASSERT_EQ(scene.at(2).sizes().export_groups, 1u);
  constexpr uint32_t kRoutes = 120000;
  for (uint32_t i = 0; i < kRoutes; ++i) scene.at(1).originate(wide_prefix(i), {});
  scene.run(seconds(5));
  EXPECT_EQ(scene.at(4).best_count(), kRoutes);
  EXPECT_EQ(scene.at(5).best_count(), kRoutes);
  EXPECT_LT(scene.at(3).best_count(), kRoutes);
  EXPECT_GT(scene.at(2).sizes().export_groups, 1u);
  // It gets all, and what has changed meanwhile.
  for (uint32_t i = 0; i < kRoutes / 2; ++i) scene.at(1).withdraw_originated(wide_prefix(i));
  scene.run(seconds(400));
  EXPECT_EQ(scene.at(3).best_count(), kRoutes / 2);
  EXPECT_EQ(scene.at(4).best_count(), kRoutes / 2);
  EXPECT_EQ(scene.status(2, 3).prefixes_advertised, kRoutes / 2);
  // And it belongs to the others again.
  EXPECT_EQ(scene.at(2).sizes().export_groups, 1u);
}

}  // namespace
}  // namespace skyhop::bgp
