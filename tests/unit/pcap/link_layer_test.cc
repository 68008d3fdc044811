#include "pcap/link_layer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace skyhop::pcap {
namespace {

using Octets = std::vector<uint8_t>;

Octets ethernet(const Octets& types_and_tags) {
  Octets frame(12 + types_and_tags.size());
  std::ranges::copy(types_and_tags, frame.begin() + 12);
  return frame;
}

TEST(LinkLayer, FindsWhatEthernetCarries) {
  const struct {
    const char* what;
    Octets frame;
    NetworkLayer expected;
  } kCases[] = {
      {"IPv4", ethernet({0x08, 0x00}), {kEtherTypeIpv4, 14}},
      {"ARP", ethernet({0x08, 0x06}), {kEtherTypeArp, 14}},
      {"VLAN", ethernet({0x81, 0x00, 0x00, 0x0a, 0x08, 0x00}), {kEtherTypeIpv4, 18}},
      {"QinQ", ethernet({0x88, 0xa8, 0, 1, 0x81, 0x00, 0, 2, 0x86, 0xdd}), {kEtherTypeIpv6, 22}},
      {"three tags",
       ethernet({0x91, 0x00, 0, 1, 0x81, 0x00, 0, 2, 0x81, 0x00, 0, 3, 0x08, 0x00}),
       {kEtherTypeIpv4, 26}},
  };
  for (const auto& [what, frame, expected] : kCases) {
    EXPECT_EQ(find_network_layer(LinkType::ethernet, frame), expected) << what;
    for (size_t length = 0; length < expected.offset; ++length) {
      EXPECT_FALSE(find_network_layer(LinkType::ethernet, Bytes(frame).first(length)))
          << what << " cut to " << length;
    }
  }
  EXPECT_FALSE(find_network_layer(LinkType::ethernet, ethernet({0x00, 0x26, 0x42}))) << "802.3";
  EXPECT_FALSE(find_network_layer(LinkType::ethernet, ethernet({0x81, 0, 0, 1, 0x00, 0x26})));
}

TEST(LinkLayer, RawIpGoesByTheVersion) {
  EXPECT_EQ(find_network_layer(LinkType::raw_ip, Octets{0x45}), (NetworkLayer{kEtherTypeIpv4, 0}));
  EXPECT_EQ(find_network_layer(LinkType::raw_ip, Octets{0x60}), (NetworkLayer{kEtherTypeIpv6, 0}));
  EXPECT_FALSE(find_network_layer(LinkType::raw_ip, {}));
}

TEST(LinkLayer, LoopbackFamiliesInEitherByteOrder) {
  const NetworkLayer ipv4{kEtherTypeIpv4, 4};
  const NetworkLayer ipv6{kEtherTypeIpv6, 4};
  EXPECT_EQ(find_network_layer(LinkType::loopback, Octets{2, 0, 0, 0}), ipv4);
  EXPECT_EQ(find_network_layer(LinkType::loopback, Octets{0, 0, 0, 2}), ipv4);
  for (const uint8_t family : {10, 24, 28, 30}) {
    EXPECT_EQ(find_network_layer(LinkType::loopback, Octets{family, 0, 0, 0}), ipv6);
    EXPECT_EQ(find_network_layer(LinkType::loopback, Octets{0, 0, 0, family}), ipv6);
  }
  EXPECT_FALSE(find_network_layer(LinkType::loopback, Octets{0, 0, 0, 7}));
  EXPECT_FALSE(find_network_layer(LinkType::loopback, Octets{0, 2, 0, 0}));
  EXPECT_FALSE(find_network_layer(LinkType::loopback, Octets{2, 0, 0}));
}

TEST(LinkLayer, LinuxCooked) {
  Octets v1(16);
  v1[3] = 1;  // ARPHRD_ETHER
  v1[14] = 0x08;
  EXPECT_EQ(find_network_layer(LinkType::linux_cooked, v1), (NetworkLayer{kEtherTypeIpv4, 16}));
  EXPECT_FALSE(find_network_layer(LinkType::linux_cooked, Bytes(v1).first(15)));
  v1[14] = 0;
  v1[15] = 4;  // 802.2
  EXPECT_FALSE(find_network_layer(LinkType::linux_cooked, v1));

  Octets v2(20);
  v2[0] = 0x08;
  v2[9] = 1;
  EXPECT_EQ(find_network_layer(LinkType::linux_cooked2, v2), (NetworkLayer{kEtherTypeIpv4, 20}));
  EXPECT_FALSE(find_network_layer(LinkType::linux_cooked2, Bytes(v2).first(19)));
  v2[8] = 824 >> 8;  // netlink
  v2[9] = 824 & 0xff;
  EXPECT_FALSE(find_network_layer(LinkType::linux_cooked2, v2));

  v1 = Octets(20);
  v1[14] = 0x81;  // a VLAN tag after the cooked header
  v1[18] = 0x08;
  EXPECT_EQ(find_network_layer(LinkType::linux_cooked, v1), (NetworkLayer{kEtherTypeIpv4, 20}));
}

TEST(LinkLayer, FindIpv4GivesTheRestOfTheFrame) {
  const Octets frame = ethernet({0x08, 0x00, 0x45, 0xaa});
  const auto packet = find_ipv4(LinkType::ethernet, frame);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->data(), frame.data() + 14);
  EXPECT_EQ(packet->size(), 2u);
  EXPECT_FALSE(find_ipv4(LinkType::ethernet, ethernet({0x86, 0xdd, 0x60})));
}

TEST(LinkLayer, Names) {
  EXPECT_EQ(to_string(LinkType::ethernet), "ethernet");
  EXPECT_EQ(to_string(LinkType::raw_ip), "raw_ip");
  EXPECT_EQ(to_string(LinkType::linux_cooked), "linux_cooked");
  EXPECT_EQ(to_string(LinkType::linux_cooked2), "linux_cooked2");
  EXPECT_EQ(to_string(LinkType::loopback), "loopback");
}

}  // namespace
}  // namespace skyhop::pcap
