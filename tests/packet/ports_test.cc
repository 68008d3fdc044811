// Where packets come from and go to: ethdevs, captures, the generator.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "pcap/checksum.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSource(10, 0, 1, 4), kSink(10, 0, 2, 4);

struct Line : Rig {
  RouterIndex router = gateway("gateway", Ipv4Address(10, 9, 0, 1));
  PortIndex source = port("source", kSource, router);
  PortIndex sink = port("sink", kSink, router);
  Line() {
    route(router, "10.0.2.0/24", {deliver(router, sink)});
    route(router, "10.0.1.0/24", {deliver(router, source)});
  }
  StreamSpec stream(uint64_t limit) {
    StreamSpec spec;
    spec.port = source;
    spec.destination = kSink;
    spec.frame_sizes = {60};
    spec.limit = limit;
    return spec;
  }
};

std::vector<Frame> numbered(uint32_t count) {
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < count; ++i) {
    frames.push_back(PacketBuilder()
                         .ipv4(kSource, kSink)
                         .udp(static_cast<uint16_t>(i), 80)
                         .frame_size(60)
                         .frame());
  }
  return frames;
}

TEST(Ports, PcapInAndPcapOutThroughDevices) {
  Line line;
  const std::string in = temporary_file("in.pcap"), out = temporary_file("out.pcap");
  write_capture(in, numbered(200));
  line.image.ports[line.source].devargs = "net_pcap,rx_pcap=" + in;
  line.image.ports[line.source].capture_file.clear();
  line.image.ports[line.sink].devargs = "net_pcap,tx_pcap=" + out;
  line.image.ports[line.sink].capture_file.clear();
  {
    const auto dataplane = line.make();
    ASSERT_TRUE(dataplane);
    ASSERT_TRUE(dataplane->start());
    while (dataplane->counters().offered < 200) std::this_thread::yield();
    const Outcome outcome = line.finish(*dataplane);
    EXPECT_EQ(outcome.counters.delivered, 200u);
  }  // closed: the device's file is complete
  const auto arrived = read_capture(out);
  ASSERT_EQ(arrived.size(), 200u);
  for (uint32_t i = 0; i < 200; ++i) {
    const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, arrived[i]);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->ttl, 63);
    EXPECT_EQ(packet->flow.source_port, i);
  }
}

TEST(Ports, EndlessCaptureFeedsUntilStopped) {
  Line line;
  const std::string in = temporary_file("in.pcap");
  write_capture(in, numbered(10));
  line.image.ports[line.source].devargs = "net_pcap,rx_pcap=" + in + ",infinite_rx=1";
  line.image.ports[line.source].capture_file.clear();
  line.image.ports[line.sink].capture_file.clear();
  const auto dataplane = line.make();
  ASSERT_TRUE(dataplane);
  ASSERT_TRUE(dataplane->start());
  while (dataplane->counters().delivered < 5000) std::this_thread::yield();
  const Outcome outcome = line.finish(*dataplane);
  EXPECT_EQ(outcome.counters.dropped(), 0u);
}

TEST(Ports, AStreamToSeveralDestinationsIsOfWholePackets) {
  for (const uint8_t protocol : {17, 6, 1}) {
    Line line;
    auto spec = line.stream(3'000);
    spec.protocol = protocol;
    spec.flows = 300;
    for (uint8_t i = 0; i < 30; ++i) spec.destinations.emplace_back(10, 0, 2, 100 + i);
    line.image.streams.push_back(spec);
    const Outcome outcome = line.run();
    std::set<lpm::FlowKey> flows;
    for (const Frame& frame : outcome.arrived.at(line.sink)) {
      const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
      ASSERT_TRUE(packet);  // with a good header checksum
      flows.insert(packet->flow);
      EXPECT_TRUE(protocol == 1 ? pcap::internet_checksum(packet->payload) == 0
                                : pcap::transport_checksum_ok(kSource, packet->flow.destination,
                                                              protocol, packet->payload));
    }
    EXPECT_EQ(outcome.arrived.at(line.sink).size(), 3'000u);
    EXPECT_EQ(flows.size(), 300u);
  }
}

TEST(Ports, TwoWorkersReachADeviceOfOneQueueThroughItsRing) {
  Line line;
  line.options.workers = {eal().workers[0], eal().workers[1]};
  const std::string out = temporary_file("out.pcap");
  line.image.ports[line.sink].devargs = "net_pcap,tx_pcap=" + out;
  line.image.ports[line.sink].capture_file.clear();
  auto spec = line.stream(2000);
  spec.pps = 200'000;
  line.image.streams.push_back(spec);
  spec.destination_port = 81;
  line.image.streams.push_back(spec);
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.offered, 4000u);
  EXPECT_EQ(outcome.counters.delivered + outcome.drops(DropReason::tx_full), 4000u);
  EXPECT_EQ(read_capture(out).size(), outcome.counters.delivered);
}

TEST(Ports, ErrorsSayWhatIsWrong) {
  const auto error_of = [](const std::string& devargs) {
    Line line;
    line.image.ports[line.source].devargs = devargs;
    line.image.ports[line.source].capture_file.clear();
    const auto made = Dataplane::create(line.image, line.options);
    return made ? std::string("no error") : made.error().to_string();
  };
  EXPECT_NE(error_of("net_pcap,rx_pcap=/no/such/file.pcap").find("/no/such/file.pcap"),
            std::string::npos);
  EXPECT_NE(error_of("net_bogus").find("port source=net_bogus"), std::string::npos);
  EXPECT_NE(error_of("net_pcap,nonsense=1").find("port source"), std::string::npos);
}

TEST(Ports, FailedCreationLeavesNothingBehind) {
  Line line;
  const std::string in = temporary_file("in.pcap");
  write_capture(in, numbered(1));
  line.image.ports[line.source].devargs = "net_pcap,rx_pcap=" + in;
  line.image.ports[line.sink].devargs = "net_bogus";
  for (int i = 0; i < 40; ++i) {  // more often than there are ethdevs
    const auto made = Dataplane::create(line.image, line.options);
    ASSERT_FALSE(made);
    ASSERT_NE(made.error().to_string().find("net_bogus"), std::string::npos);
  }
}

TEST(Ports, UnsoundOptionsAreRefused) {
  Line line;
  line.options.burst = 257;
  EXPECT_FALSE(Dataplane::create(line.image, line.options));
  line.options.burst = 0;
  line.image.streams.push_back(line.stream(1));
  line.image.streams[0].frame_sizes = {41};
  EXPECT_FALSE(Dataplane::create(line.image, line.options));
}

TEST(Replay, SendsEachLoopOnce) {
  Line line;
  line.send(line.source, numbered(70));
  line.image.replays[0].loops = 3;
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.offered, 210u);
  EXPECT_EQ(outcome.arrived.at(line.sink).size(), 210u);
  EXPECT_FALSE(outcome.replay_error);
}

TEST(Replay, CutFileIsAnErrorAfterItsGoodPackets) {
  Line line;
  line.send(line.source, numbered(50));
  const std::string& file = line.image.replays[0].file;
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 7);
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.delivered, 49u);
  ASSERT_TRUE(outcome.replay_error);
  EXPECT_NE(outcome.replay_error->to_string().find(file), std::string::npos);
}

TEST(Replay, MissingFileIsToldBeforeAnythingStarts) {
  Line line;
  line.image.replays.push_back({line.source, "/no/such/capture.pcap", 1});
  const auto made = Dataplane::create(line.image, line.options);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().to_string().find("/no/such/capture.pcap"), std::string::npos);
}

TEST(Replay, TakesIpv4OfAnyLinkType) {
  Line line;
  const std::string file = temporary_file("raw.pcap");
  const auto packet = PacketBuilder().ipv4(kSource, kSink).udp(7, 80).payload("raw").packet();
  std::ofstream out(file, std::ios::binary);
  const auto word = [&out](uint32_t value, int octets) {
    out.write(reinterpret_cast<const char*>(&value), octets);
  };
  word(0xa1b2c3d4, 4), word(2, 2), word(4, 2), word(0, 4), word(0, 4), word(65535, 4);
  word(101, 4);  // LINKTYPE_RAW
  word(0, 4), word(0, 4);
  word(static_cast<uint32_t>(packet.size()), 4), word(static_cast<uint32_t>(packet.size()), 4);
  out.write(reinterpret_cast<const char*>(packet.data()),
            static_cast<std::streamsize>(packet.size()));
  out.close();
  line.image.replays.push_back({line.source, file, 1});
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.arrived.at(line.sink).size(), 1u);
}

TEST(Generator, SendsTheLimitTheFlowsAndTheSizes) {
  Line line;
  auto spec = line.stream(4800);
  spec.flows = 16;
  spec.frame_sizes = {60, 60, 570, 1514};
  line.image.streams.push_back(spec);
  const Outcome outcome = line.run();
  const auto& arrived = outcome.arrived.at(line.sink);
  ASSERT_EQ(arrived.size(), 4800u);
  std::map<size_t, size_t> sizes;
  std::set<uint16_t> ports;
  for (const Frame& frame : arrived) {
    ++sizes[frame.size()];
    const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
    ASSERT_TRUE(packet);
    ports.insert(packet->flow.source_port);
    EXPECT_TRUE(pcap::transport_checksum_ok(kSource, kSink, 17, packet->payload));
  }
  EXPECT_EQ(sizes, (std::map<size_t, size_t>{{60, 2400}, {570, 1200}, {1514, 1200}}));
  EXPECT_EQ(ports.size(), 16u);
}

TEST(Generator, TcpAndPingAreWholePackets) {
  for (const uint8_t protocol : {6, 1}) {
    Line line;
    auto spec = line.stream(100);
    spec.protocol = protocol;
    line.image.streams.push_back(spec);
    const Outcome outcome = line.run();
    ASSERT_EQ(outcome.arrived.at(line.sink).size(), 100u);
    for (const Frame& frame : outcome.arrived.at(line.sink)) {
      const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
      ASSERT_TRUE(packet);
      if (protocol == 6) {
        EXPECT_TRUE(pcap::transport_checksum_ok(kSource, kSink, 6, packet->payload));
      } else {
        EXPECT_EQ(pcap::internet_checksum(packet->payload), 0);
      }
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane
