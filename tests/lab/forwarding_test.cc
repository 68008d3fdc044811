// Real packets of the first lab through the workers, against what `trace` says of the same flows.
#include "control/emulator/forwarding.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>

#include "control/emulator/runner.h"
#include "dataplane/eal.h"
#include "pcap/packet.h"
#include "pcap/reader.h"
#include "pcap/writer.h"
#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

using dataplane::DropReason;

constexpr uint16_t kFlows = 200;

class Forwarding : public testing::Test {
 protected:
  Forwarding()
      : folder_(std::filesystem::temp_directory_path() /
                ("skyhop-forwarding-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Forwarding() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }

  // One UDP packet per flow from spoke1-test-vm, ports 1024 and up.
  void write_flows(const std::string& file, lpm::Ipv4Address to, uint8_t ttl = 64) const {
    auto writer = pcap::CaptureWriter::create(file);
    ASSERT_TRUE(writer);
    for (uint16_t i = 0; i < kFlows; ++i) {
      const auto frame = pcap::PacketBuilder()
                             .ipv4(address("10.0.30.5"), to)
                             .udp(static_cast<uint16_t>(1024 + i), 80)
                             .ttl(ttl)
                             .frame_size(64)
                             .frame();
      ASSERT_TRUE(writer->write(i * 1000u, frame));
    }
    ASSERT_TRUE(writer->close());
  }

  Result<emulator::RunReport> replay(const std::string& in, unsigned workers = 1) {
    return emulator::run(live_.lab(), live_.network(),
                         {.from = "spoke1-test-vm",
                          .workers = workers,
                          .allow_hugepages = false,
                          .replay_file = in,
                          .capture_file = path("out.pcap")},
                         {});
  }

  LiveLab live_{"ars-multipeer.yaml"};
  std::filesystem::path folder_;
};

uint64_t drops(const dataplane::Counters& counters, DropReason reason) {
  return counters.drops[static_cast<size_t>(reason)];
}

TEST_F(Forwarding, EveryFlowTakesThePathThatTraceShows) {
  live_.converge();
  std::map<std::string, uint64_t> expected;
  for (uint16_t i = 0; i < kFlows; ++i) {
    const auto port = static_cast<uint16_t>(1024 + i);
    const auto trace = live_.trace("spoke1-test-vm", "spoke2-test-vm", 17, port, 80);
    ASSERT_TRUE(trace.forward.delivered);
    for (const auto& hop : trace.forward.hops) {
      if (hop.kind != "vm") ++expected[hop.router];
    }
  }
  write_flows(path("in.pcap"), address("10.0.110.5"));
  const auto report = replay(path("in.pcap"));
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->counters.offered, kFlows);
  EXPECT_EQ(report->counters.delivered, kFlows);
  EXPECT_TRUE(report->counters.sum_law_holds());
  EXPECT_TRUE(report->passed());
  for (size_t i = 0; i < report->router_names.size(); ++i) {
    const auto& name = report->router_names[i];
    EXPECT_EQ(report->counters.routers[i].packets, expected[name]) << name;
  }
}

TEST_F(Forwarding, V53_OnlyAviatrixGatewaysTakeFromTheTtl) {
  write_flows(path("in.pcap"), address("10.0.110.5"));
  ASSERT_TRUE(replay(path("in.pcap")));
  auto reader = pcap::CaptureReader::open(path("out.pcap"));
  ASSERT_TRUE(reader);
  size_t frames = 0;
  while (true) {
    const auto frame = reader->next();
    ASSERT_TRUE(frame) << frame.error().to_string();
    if (!*frame) break;
    const auto packet = pcap::parse_frame((*frame)->link, (*frame)->bytes);
    ASSERT_TRUE(packet);  // with a right header checksum
    EXPECT_EQ(packet->ttl, 60);
    EXPECT_EQ(packet->flow.destination, address("10.0.110.5"));
    ++frames;
  }
  EXPECT_EQ(frames, kFlows);
}

TEST_F(Forwarding, AnExpiredPacketIsAnsweredFromTheGatewayThatMtrNames) {
  write_flows(path("in.pcap"), address("10.0.110.5"), 2);
  const auto report = replay(path("in.pcap"));
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(drops(report->counters, DropReason::ttl_expired), kFlows);
  EXPECT_EQ(report->counters.originated, kFlows);
  EXPECT_EQ(report->counters.delivered, kFlows);  // the answers, to spoke1-test-vm
  EXPECT_TRUE(report->counters.sum_law_holds());
  auto reader = pcap::CaptureReader::open(path("out.pcap"));
  ASSERT_TRUE(reader);
  std::set<std::string> sources;
  while (true) {
    const auto frame = reader->next();
    ASSERT_TRUE(frame);
    if (!*frame) break;
    const auto packet = pcap::parse_frame((*frame)->link, (*frame)->bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->flow.protocol, 1);
    EXPECT_EQ(packet->flow.destination, address("10.0.30.5"));
    EXPECT_EQ(packet->payload[0], 11);  // time exceeded
    sources.insert(packet->flow.source.to_string());
  }
  EXPECT_EQ(sources, (std::set<std::string>{"10.0.21.132", "10.0.21.196"}));
}

TEST_F(Forwarding, WhatNobodyOwnsIsDroppedWithItsReason) {
  write_flows(path("in.pcap"), address("100.64.1.1"));
  const auto denied = replay(path("in.pcap"));
  ASSERT_TRUE(denied);
  EXPECT_EQ(drops(denied->counters, DropReason::nsg_denied), kFlows);  // neither VNet nor Internet
  write_flows(path("in.pcap"), address("8.8.8.8"));
  const auto internet = replay(path("in.pcap"));
  ASSERT_TRUE(internet);
  EXPECT_EQ(drops(internet->counters, DropReason::internet), kFlows);
  write_flows(path("in.pcap"), address("10.0.30.9"));
  const auto nobody = replay(path("in.pcap"));
  ASSERT_TRUE(nobody);
  EXPECT_EQ(drops(nobody->counters, DropReason::no_such_host), kFlows);
}

TEST_F(Forwarding, ATruncatedCaptureIsAnErrorAfterItsGoodPackets) {
  write_flows(path("in.pcap"), address("10.0.110.5"));
  std::filesystem::resize_file(path("in.pcap"), std::filesystem::file_size(path("in.pcap")) - 7);
  const auto report = replay(path("in.pcap"));
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->counters.offered, kFlows - 1);
  EXPECT_EQ(report->counters.delivered, kFlows - 1);
  ASSERT_TRUE(report->replay_error);
  EXPECT_FALSE(report->passed());
}

// Captures that Wireshark's tools made: every link type, cut ones and broken ones among them.
TEST_F(Forwarding, EveryCaptureIsReplayedWithoutAnUncountedPacket) {
  size_t replayed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SKYHOP_CAPTURES)) {
    const auto extension = entry.path().extension();
    if (extension != ".pcap" && extension != ".pcapng") continue;
    const auto report = replay(entry.path());
    if (!report) {
      EXPECT_NE(report.error().to_string().find(entry.path().filename()), std::string::npos);
      continue;
    }
    EXPECT_TRUE(report->counters.sum_law_holds()) << entry.path();
    EXPECT_EQ(report->counters.held, 0u) << entry.path();
    replayed += report->counters.offered > 0 ? 1 : 0;
  }
  EXPECT_GE(replayed, 8u);
}

TEST_F(Forwarding, ASignalEndsTheRunWithItsReport) {
  const auto report = emulator::run(live_.lab(), live_.network(),
                                    {.duration_s = 3600,
                                     .pps = 1000,
                                     .from = "spoke1-test-vm",
                                     .to = "spoke2-test-vm",
                                     .allow_hugepages = false},
                                    [](const emulator::RunProgress&) { std::raise(SIGINT); });
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_LT(report->seconds, 3600);
  EXPECT_TRUE(report->counters.sum_law_holds());
  EXPECT_EQ(report->counters.held, 0u);
}

TEST_F(Forwarding, TheTimelineMovesTrafficWhilePacketsFlow) {
  LiveLab failing("fail-tunnel.yaml");
  const auto report = emulator::run(failing.lab(), failing.network(),
                                    {.duration_s = 1.0,
                                     .pps = 20000,
                                     .from = "spoke1-test-vm",
                                     .to = "spoke2-test-vm",
                                     .allow_hugepages = false},
                                    {});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->counters.sum_law_holds());
  for (const auto& check : report->checks) EXPECT_TRUE(check.passed) << check.name;
  EXPECT_GT(report->counters.delivered, 0u);
  EXPECT_GT(drops(report->counters, DropReason::link_down), 0u);  // until the hold time ended
}

}  // namespace
}  // namespace skyhop
