#include "pcap/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "pcap/headers.h"

namespace skyhop::pcap {
namespace {

// RFC 1071 2: one octet pair after the other, as the text says it.
uint16_t slow_checksum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

TEST(Checksum, Rfc1071Example) {
  const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(ones_complement_sum(bytes), 0xddf2);
  EXPECT_EQ(internet_checksum(bytes), 0x220d);
}

TEST(Checksum, EmptyAndOddLengths) {
  EXPECT_EQ(internet_checksum({}), 0xffff);
  const uint8_t bytes[] = {0x12, 0x34, 0x56};
  EXPECT_EQ(ones_complement_sum(Bytes(bytes).first(1)), 0x1200);
  EXPECT_EQ(ones_complement_sum(bytes), 0x1234 + 0x5600);
}

TEST(Checksum, AgreesWithTheTextOfTheRfc) {
  std::mt19937 random(5);
  for (size_t length = 0; length < 200; ++length) {
    std::vector<uint8_t> bytes(length);
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
    EXPECT_EQ(internet_checksum(bytes), slow_checksum(bytes)) << length;
    const size_t cut = length / 4 * 2;
    EXPECT_EQ(ones_complement_sum(Bytes(bytes).subspan(cut),
                                  ones_complement_sum(Bytes(bytes).first(cut))),
              ones_complement_sum(bytes));
  }
  const std::vector<uint8_t> ones(65535, 0xff);
  EXPECT_EQ(internet_checksum(ones), slow_checksum(ones));
}

// RFC 1624 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285; RFC 1141 would give 0xffff.
TEST(Checksum, Rfc1624Example) { static_assert(update_checksum(0xdd2f, 0x5555, 0x3285) == 0x0000); }

TEST(Checksum, UpdateEqualsFullComputation) {
  std::mt19937 random(6);
  std::vector<uint8_t> header(20);
  for (int trial = 0; trial < 20000; ++trial) {
    for (auto& byte : header) byte = static_cast<uint8_t>(random());
    header[0] = 0x45;  // an IPv4 header is never all zero
    const uint16_t before = internet_checksum(header);
    const size_t at = 2 + random() % 6 * 2;
    const uint16_t old_word = read_header<Be16>(header, at)->value();
    // Among the new words, the one that makes the sum 0xffff and the checksum zero.
    const uint16_t new_words[] = {
        static_cast<uint16_t>(random()), 0, 0xffff,
        static_cast<uint16_t>(old_word + before + (old_word + before > 0xffff ? 1 : 0))};
    for (const uint16_t new_word : new_words) {
      header[at] = static_cast<uint8_t>(new_word >> 8);
      header[at + 1] = static_cast<uint8_t>(new_word);
      EXPECT_EQ(update_checksum(before, old_word, new_word), internet_checksum(header))
          << std::hex << before << ' ' << old_word << ' ' << new_word;
    }
    EXPECT_EQ(internet_checksum(header), 0) << "the corner is among the cases";
  }
}

TEST(Checksum, UpdateOf32BitsIsTwoOf16) {
  std::vector<uint8_t> bytes = {0x45, 0x00, 0x0a, 0x00, 0x1e, 0x04, 0x00, 0x01};
  const uint16_t before = internet_checksum(bytes);
  const uint8_t replacement[] = {0xac, 0x10, 0xff, 0xff};
  std::copy(std::begin(replacement), std::end(replacement), bytes.begin() + 2);
  EXPECT_EQ(update_checksum32(before, 0x0a001e04, 0xac10ffff), internet_checksum(bytes));
}

TEST(Checksum, UdpSendsZeroAsAllOnes) {
  const lpm::Ipv4Address source(10, 0, 0, 1);
  const lpm::Ipv4Address destination(10, 0, 0, 2);
  // Ports, length 10, checksum 0, and the two octets that make the sum 0xffff.
  std::vector<uint8_t> segment = {0x10, 0x00, 0x20, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00};
  const uint16_t missing = transport_checksum(source, destination, kProtocolUdp, segment);
  segment[8] = static_cast<uint8_t>(missing >> 8);
  segment[9] = static_cast<uint8_t>(missing);
  EXPECT_EQ(transport_checksum(source, destination, kProtocolUdp, segment), 0xffff);
  segment[6] = segment[7] = 0xff;
  EXPECT_TRUE(transport_checksum_ok(source, destination, kProtocolUdp, segment));
  segment[6] = segment[7] = 0x00;  // not computed
  EXPECT_TRUE(transport_checksum_ok(source, destination, kProtocolUdp, segment));
  segment[7] = 0x01;
  EXPECT_FALSE(transport_checksum_ok(source, destination, kProtocolUdp, segment));
  EXPECT_FALSE(transport_checksum_ok(source, destination, kProtocolUdp, Bytes(segment).first(7)));
}

TEST(Checksum, TcpKeepsZero) {
  const lpm::Ipv4Address address(0, 0, 0, 0);
  std::vector<uint8_t> segment(20);
  const uint16_t missing = transport_checksum(address, address, kProtocolTcp, segment);
  segment[0] = static_cast<uint8_t>(missing >> 8);
  segment[1] = static_cast<uint8_t>(missing);
  EXPECT_EQ(transport_checksum(address, address, kProtocolTcp, segment), 0);
  EXPECT_TRUE(transport_checksum_ok(address, address, kProtocolTcp, segment));
}

}  // namespace
}  // namespace skyhop::pcap
