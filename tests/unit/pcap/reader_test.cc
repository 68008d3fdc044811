#include "pcap/reader.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pcap/packet.h"

namespace skyhop::pcap {
namespace {

std::string fixture(const std::string& name) { return std::string(SKYHOP_CAPTURES "/") + name; }

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a capture gave: descriptions of its packets, then perhaps an error.
struct Outcome {
  std::vector<std::string> packets;
  std::vector<uint64_t> timestamps_ns;
  std::optional<Error> error;
};

Outcome drain(Result<CaptureReader> reader) {
  Outcome outcome;
  if (!reader) {
    outcome.error = reader.error();
    return outcome;
  }
  while (true) {
    const auto frame = reader->next();
    if (!frame) {
      outcome.error = frame.error();
      return outcome;
    }
    if (!*frame) return outcome;
    const Frame& f = **frame;
    outcome.packets.push_back(describe_frame(f.link, f.bytes, f.original_length));
    outcome.timestamps_ns.push_back(f.timestamp_ns);
    EXPECT_EQ(reader->frames(), outcome.packets.size());
  }
}

// A capture in memory, in a buffer of exactly its size.
Outcome drain_bytes(const std::string& bytes) {
  std::vector<char> buffer(bytes.begin(), bytes.end());
  return drain(CaptureReader::open(fmemopen(buffer.data(), buffer.size(), "rb"), "memory"));
}

const std::vector<std::string> kPackets = {
    "10.0.30.4:4000 > 10.0.110.4:5201 udp ttl 255 len 34",
    "10.0.30.4:4001 > 10.0.110.4:80 tcp [] ttl 255 len 46",
    "10.0.30.4 > 10.0.110.4 icmp echo request id 7 seq 3 ttl 255 len 28",
    "10.0.30.4 > 10.0.110.4 esp ttl 255 len 24",
};
constexpr uint64_t kStart = 1'700'000'000'000'000'000u;
constexpr uint64_t kStep = 250'000'000;

TEST(CaptureReader, ReadsEveryLinkTypeOfOtherTools) {
  const struct {
    const char* file;
    LinkType link;
  } kCases[] = {
      {"ethernet_us.pcap", LinkType::ethernet},
      {"ethernet_ns.pcap", LinkType::ethernet},
      {"ethernet_us.pcapng", LinkType::ethernet},
      {"ethernet_ns.pcapng", LinkType::ethernet},
      {"ethernet_vlan.pcap", LinkType::ethernet},
      {"ethernet_qinq.pcap", LinkType::ethernet},
      {"raw.pcap", LinkType::raw_ip},
      {"ipv4.pcap", LinkType::raw_ip},
      {"linux_cooked.pcap", LinkType::linux_cooked},
      {"linux_cooked2.pcap", LinkType::linux_cooked2},
      {"null_little.pcap", LinkType::loopback},
      {"null_big.pcap", LinkType::loopback},
      {"loop.pcap", LinkType::loopback},
  };
  for (const auto& [file, link] : kCases) {
    auto reader = CaptureReader::open(fixture(file));
    ASSERT_TRUE(reader) << reader.error().to_string();
    EXPECT_EQ(reader->link(), link) << file;
    const Outcome outcome = drain(std::move(reader));
    EXPECT_FALSE(outcome.error) << file;
    EXPECT_EQ(outcome.packets, kPackets) << file;
  }
}

TEST(CaptureReader, TimestampsAreNanoseconds) {
  for (const char* file : {"ethernet_ns.pcap", "ethernet_ns.pcapng"}) {
    const auto stamps = drain(CaptureReader::open(fixture(file))).timestamps_ns;
    EXPECT_EQ(stamps, (std::vector<uint64_t>{kStart + 1, kStart + kStep + 2, kStart + 2 * kStep + 3,
                                             kStart + 3 * kStep + 4}))
        << file;
  }
  for (const char* file : {"ethernet_us.pcap", "ethernet_us.pcapng"}) {
    const auto stamps = drain(CaptureReader::open(fixture(file))).timestamps_ns;
    EXPECT_EQ(stamps, (std::vector<uint64_t>{kStart, kStart + kStep, kStart + 2 * kStep,
                                             kStart + 3 * kStep}))
        << file;
  }
}

TEST(CaptureReader, InterfacesOfDifferentResolution) {
  const Outcome outcome = drain(CaptureReader::open(fixture("two_interfaces.pcapng")));
  EXPECT_FALSE(outcome.error);
  ASSERT_EQ(outcome.packets.size(), 8u);
  EXPECT_EQ(outcome.timestamps_ns[0], kStart);
  EXPECT_EQ(outcome.timestamps_ns[1], kStart + 1);
  EXPECT_EQ(outcome.packets[6], kPackets[3]);
}

TEST(CaptureReader, SnappedFramesKeepTheirLength) {
  auto reader = CaptureReader::open(fixture("snapped.pcap"));
  ASSERT_TRUE(reader);
  const auto frame = reader->next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_TRUE((*frame)->truncated());
  EXPECT_EQ((*frame)->bytes.size(), 40u);
  EXPECT_EQ((*frame)->original_length, 60u);
  ASSERT_TRUE((*frame)->ipv4());
  EXPECT_EQ((*frame)->ipv4()->size(), 26u);
}

TEST(CaptureReader, EndStaysTheEnd) {
  auto reader = CaptureReader::open(fixture("raw.pcap"));
  ASSERT_TRUE(reader);
  for (size_t i = 0; i < kPackets.size(); ++i) ASSERT_TRUE(reader->next().value());
  for (int i = 0; i < 3; ++i) {
    const auto frame = reader->next();
    ASSERT_TRUE(frame);
    EXPECT_FALSE(*frame);
  }
  EXPECT_EQ(reader->frames(), kPackets.size());
}

TEST(CaptureReader, BigEndianFile) {
  const uint8_t file[] = {0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4,   0, 0, 0, 0, 0, 0, 0, 0,  //
                          0,    0,    0xff, 0xff, 0, 0, 0, 101,  // LINKTYPE_RAW
                          0,    0,    0,    5,    0, 0, 0, 7,   0, 0, 0, 2, 0, 0, 0, 3,  //
                          0x60, 0x00};
  auto reader =
      CaptureReader::open(fmemopen(const_cast<uint8_t*>(file), sizeof file, "rb"), "memory");
  ASSERT_TRUE(reader) << reader.error().to_string();
  const auto frame = reader->next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->timestamp_ns, 5'000'007'000u);
  EXPECT_EQ((*frame)->bytes.size(), 2u);
  EXPECT_EQ((*frame)->original_length, 3u);
}

TEST(CaptureReader, ErrorsOfOpenAreClear) {
  const auto error = [](const std::string& path) {
    const auto reader = CaptureReader::open(path);
    EXPECT_FALSE(reader) << path;
    return reader ? std::string() : reader.error().to_string();
  };
  EXPECT_EQ(error("/nonexistent/x.pcap"),
            "/nonexistent/x.pcap: cannot open the capture: No such file or directory");
  EXPECT_EQ(error("/dev/null"), "/dev/null: the capture is empty, it has not even a file header");
  EXPECT_NE(error("/").find("/: cannot read the capture: Is a directory"), std::string::npos);
  EXPECT_NE(error(fixture("README.md")).find("not a readable capture: "), std::string::npos);
  EXPECT_NE(error(fixture("wifi.pcap")).find("link type IEEE802_11 are not read"),
            std::string::npos);
}

// The capture cut at every octet: all packets that are whole, then an error that names the first
// that is not, or the plain end when the cut is between two.
void cut_everywhere(const char* file) {
  const std::string whole = contents(fixture(file));
  ASSERT_GT(whole.size(), 100u);
  size_t clean_ends = 0;
  size_t most_packets = 0;
  for (size_t length = 1; length < whole.size(); ++length) {
    const Outcome outcome = drain_bytes(whole.substr(0, length));
    ASSERT_LE(outcome.packets.size(), kPackets.size());
    EXPECT_TRUE(std::equal(outcome.packets.begin(), outcome.packets.end(), kPackets.begin()));
    EXPECT_GE(outcome.packets.size(), most_packets) << "a longer file has no fewer packets";
    most_packets = std::max(most_packets, outcome.packets.size());
    if (!outcome.error) {
      ++clean_ends;
      continue;
    }
    EXPECT_EQ(outcome.error->where, "memory");
    EXPECT_FALSE(outcome.error->hint.empty());
    if (!outcome.packets.empty()) {
      const std::string packet = "packet " + std::to_string(outcome.packets.size() + 1);
      EXPECT_TRUE(outcome.error->what.starts_with(packet + " (from octet ")) << outcome.error->what;
    }
  }
  // Between blocks, and nowhere else, a cut cannot be told from the end.
  EXPECT_LE(clean_ends, kPackets.size() + 1) << file;
  EXPECT_GE(clean_ends, 1u);
}

TEST(CaptureReader, PcapCutAtEveryOctet) { cut_everywhere("ethernet_us.pcap"); }
TEST(CaptureReader, PcapngCutAtEveryOctet) { cut_everywhere("ethernet_ns.pcapng"); }

TEST(CaptureReader, NamesTheOctetOfTheDamage) {
  const std::string whole = contents(fixture("ethernet_us.pcap"));
  const Outcome outcome = drain_bytes(whole.substr(0, 24 + 76 + 30));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.packets.size(), 1u);
  EXPECT_TRUE(outcome.error->what.starts_with("packet 2 (from octet 100 on) cannot be read: "))
      << outcome.error->what;
}

TEST(CaptureReader, CorruptLengthEndsWithTheSameErrorEachTime) {
  std::string bytes = contents(fixture("ethernet_us.pcap"));
  bytes[24 + 76 + 11] = '\x7f';  // captured length of the second packet: two thousand million
  std::vector<char> buffer(bytes.begin(), bytes.end());
  auto reader = CaptureReader::open(fmemopen(buffer.data(), buffer.size(), "rb"), "memory");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->next().value());
  const auto first = reader->next();
  const auto second = reader->next();
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().to_string(), second.error().to_string());
  EXPECT_EQ(reader->frames(), 1u);
}

// One octet wrong, at every place: any outcome but a crash or packets out of nothing (a wrong
// length may make two of one).
TEST(CaptureReader, SurvivesEveryWrongOctet) {
  for (const char* file : {"ethernet_us.pcap", "ethernet_ns.pcapng"}) {
    const std::string good = contents(fixture(file));
    for (size_t at = 0; at < good.size(); ++at) {
      for (const char wrong : {'\x00', '\xff', static_cast<char>(good[at] ^ 0x10)}) {
        std::string bad = good;
        bad[at] = wrong;
        EXPECT_LE(drain_bytes(bad).packets.size(), kPackets.size() + 4);
      }
    }
  }
}

}  // namespace
}  // namespace skyhop::pcap
