#include "lpm/ipv6.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace skyhop::lpm {
namespace {

TEST(Ipv6Address, ParsesAndShowsAsRfc5952) {
  const struct {
    const char* text;
    const char* shown;
    uint64_t high, low;
  } kCases[] = {
      {"::", "::", 0, 0},
      {"::1", "::1", 0, 1},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", 0x20010db800000000, 1},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 0x20010db800000001, 0x0001000100010001},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 0x2001000000000001, 1},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 0x20010db800000000, 0x0001000000000001},
      {"fe80::1", "fe80::1", 0xfe80000000000000, 1},
  };
  for (const auto& [text, shown, high, low] : kCases) {
    const auto address = Ipv6Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(*address, Ipv6Address(high, low)) << text;
    EXPECT_EQ(address->to_string(), shown);
  }
  EXPECT_TRUE(Ipv6Address::parse("febf::1")->is_link_local());
  EXPECT_FALSE(Ipv6Address::parse("fec0::1")->is_link_local());
}

TEST(Ipv6Address, RefusesAllElse) {
  for (const char* text :
       {"", ":", ":::", "1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "12345::", "g::", "::1 ", " ::1", "fe80::1%eth0", "10.0.0.1", "::1/64"}) {
    EXPECT_FALSE(Ipv6Address::parse(text)) << '"' << text << '"';
  }
  EXPECT_FALSE(Ipv6Address::parse(std::string_view("::1\0", 4)));
}

TEST(Ipv6Address, OctetsInTheWiresOrder) {
  const Ipv6Address address = *Ipv6Address::parse("0102:0304:0506:0708:090a:0b0c:0d0e:0f10");
  for (size_t i = 0; i < Ipv6Address::kOctets; ++i) EXPECT_EQ(address.octet(i), i + 1);
}

TEST(Ipv6Prefix, ParsesAndRefuses) {
  for (const char* text :
       {"::/0", "2001:db8::/32", "2001:db8::/64", "2001:db8:0:0:8000::/65", "2001:db8::1/128"}) {
    const auto prefix = Ipv6Prefix::parse(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(prefix->to_string(), text);
  }
  EXPECT_EQ(Ipv6Prefix::parse("::/0"), Ipv6Prefix::everything());
  for (const char* text : {"", "/", "::", "::/", "::/129", "::/256", "::/-1", "::/01", "::/0 ",
                           "2001:db8::1/64", "2001:db8::/28", "10.0.0.0/8"}) {
    EXPECT_FALSE(Ipv6Prefix::parse(text)) << '"' << text << '"';
  }
}

TEST(Ipv6Prefix, ClearsHostBitsAndContains) {
  const Ipv6Address ones(~uint64_t{0}, ~uint64_t{0});
  Ipv6Prefix cover = Ipv6Prefix::everything();
  for (int length = 0; length <= 128; ++length) {
    const Ipv6Prefix prefix(ones, static_cast<uint8_t>(length));
    int bits = 0;
    for (size_t i = 0; i < 16; ++i) bits += __builtin_popcount(prefix.address().octet(i));
    EXPECT_EQ(bits, length);
    EXPECT_TRUE(prefix.contains(ones));
    EXPECT_EQ(prefix.contains(Ipv6Address()), length == 0);
    EXPECT_TRUE(cover.contains(prefix));
    EXPECT_EQ(prefix.contains(cover), prefix == cover);
    cover = prefix;
  }
}

TEST(Ipv6Prefix, OrdersAndHashes) {
  EXPECT_LT(*Ipv6Prefix::parse("2001:db8::/32"), *Ipv6Prefix::parse("2001:db8::/48"));
  EXPECT_LT(*Ipv6Prefix::parse("2001:db8::/48"), *Ipv6Prefix::parse("2001:db8:1::/48"));
  std::unordered_set<size_t> hashes;
  for (uint64_t i = 0; i < 4096; ++i) {
    hashes.insert(std::hash<Ipv6Prefix>{}({Ipv6Address(0x20010db800000000 + i, 0), 64}));
    hashes.insert(std::hash<Ipv6Prefix>{}({Ipv6Address(0x20010db800000000, i << 32), 96}));
  }
  EXPECT_EQ(hashes.size(), 2u * 4096);
}

}  // namespace
}  // namespace skyhop::lpm
