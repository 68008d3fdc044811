#include "lpm/address.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <unordered_set>
#include <vector>

#include "lpm/error.h"
#include "lpm/format.h"

namespace skyhop::lpm {
namespace {

TEST(Ipv4Address, ParsesDottedQuads) {
  const struct {
    const char* text;
    uint32_t value;
  } kCases[] = {
      {"0.0.0.0", 0},          {"255.255.255.255", 0xffffffff}, {"10.0.30.4", 0x0a001e04},
      {"1.2.3.4", 0x01020304}, {"100.64.110.0", 0x64406e00},
  };
  for (const auto& [text, value] : kCases) {
    const auto address = Ipv4Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->value(), value) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(Ipv4Address, RefusesAllElse) {
  for (const char* text :
       {"",           ".",         "1",        "1.2.3",     "1.2.3.",    "1.2.3.4.",
        "1.2.3.4.5",  ".1.2.3.4",  "1..2.3",   "256.0.0.1", "1.2.3.256", "1.2.3.999999999999",
        "01.2.3.4",   "1.2.3.00",  "1.2.3.04", "-1.2.3.4",  "+1.2.3.4",  " 1.2.3.4",
        "1.2.3.4 ",   "1.2.3.4\n", "1.2.3.x",  "0x1.2.3.4", "1,2,3,4",   "::1",
        "1.2.3.4/32", "16909060"}) {
    EXPECT_FALSE(Ipv4Address::parse(text)) << '"' << text << '"';
  }
  EXPECT_FALSE(Ipv4Address::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(Ipv4Address, OrdersByValue) {
  EXPECT_LT(Ipv4Address(9, 255, 255, 255), Ipv4Address(10, 0, 0, 0));
  EXPECT_EQ(Ipv4Address(10, 0, 0, 255) + 1, Ipv4Address(10, 0, 1, 0));
}

TEST(Ipv4Prefix, Parses) {
  const struct {
    const char* text;
    Ipv4Prefix prefix;
  } kCases[] = {
      {"0.0.0.0/0", Ipv4Prefix::everything()},
      {"128.0.0.0/1", {Ipv4Address(128, 0, 0, 0), 1}},
      {"10.0.0.0/8", {Ipv4Address(10, 0, 0, 0), 8}},
      {"10.0.21.192/29", {Ipv4Address(10, 0, 21, 192), 29}},
      {"10.0.21.196/32", Ipv4Prefix::host(Ipv4Address(10, 0, 21, 196))},
  };
  for (const auto& [text, prefix] : kCases) {
    const auto parsed = Ipv4Prefix::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, prefix) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(Ipv4Prefix, RefusesAllElse) {
  for (const char* text :
       {"", "/", "/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
        "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10/8",
        "10.0.0.1/8", "0.0.0.1/0", "10.0.0.3/31", "10.0.0.0/4294967304", "::/0"}) {
    EXPECT_FALSE(Ipv4Prefix::parse(text)) << '"' << text << '"';
  }
}

TEST(Ipv4Prefix, ClearsHostBits) {
  for (uint8_t length = 0; length <= 32; ++length) {
    const Ipv4Prefix prefix(Ipv4Address(0xffffffff), length);
    EXPECT_EQ(prefix.address().value(), prefix.mask());
    EXPECT_EQ(prefix.size(), uint64_t{1} << (32 - length));
    EXPECT_EQ(std::popcount(prefix.mask()), length);
  }
}

TEST(Ipv4Prefix, ContainsAndOverlaps) {
  const Ipv4Prefix net(Ipv4Address(10, 0, 20, 0), 22);
  EXPECT_TRUE(net.contains(Ipv4Address(10, 0, 20, 0)));
  EXPECT_TRUE(net.contains(Ipv4Address(10, 0, 23, 255)));
  EXPECT_FALSE(net.contains(Ipv4Address(10, 0, 24, 0)));
  EXPECT_FALSE(net.contains(Ipv4Address(10, 0, 19, 255)));
  EXPECT_EQ(net.nth(4), Ipv4Address(10, 0, 20, 4));

  const Ipv4Prefix inside(Ipv4Address(10, 0, 21, 192), 29);
  const Ipv4Prefix beside(Ipv4Address(10, 0, 24, 0), 22);
  EXPECT_TRUE(net.contains(net));
  EXPECT_TRUE(net.contains(inside));
  EXPECT_FALSE(inside.contains(net));
  EXPECT_TRUE(net.overlaps(inside));
  EXPECT_TRUE(inside.overlaps(net));
  EXPECT_FALSE(net.overlaps(beside));
  EXPECT_TRUE(Ipv4Prefix::everything().contains(net));
  EXPECT_TRUE(Ipv4Prefix::everything().contains(Ipv4Address(255, 255, 255, 255)));
}

TEST(Ipv4Prefix, OrdersCoveringPrefixesFirst) {
  EXPECT_LT(*Ipv4Prefix::parse("10.0.0.0/8"), *Ipv4Prefix::parse("10.0.0.0/16"));
  EXPECT_LT(*Ipv4Prefix::parse("10.0.0.0/16"), *Ipv4Prefix::parse("10.1.0.0/16"));
  EXPECT_LT(Ipv4Prefix::everything(), *Ipv4Prefix::parse("0.0.0.0/1"));
}

TEST(Ipv4Prefix, HashSpreadsNeighbours) {
  std::unordered_set<size_t> hashes;
  for (uint32_t i = 0; i < 4096; ++i) {
    for (const uint8_t length : {uint8_t{24}, uint8_t{25}, uint8_t{32}}) {
      hashes.insert(std::hash<Ipv4Prefix>{}({Ipv4Address(0x0a000000 + (i << 8)), length}));
    }
  }
  EXPECT_EQ(hashes.size(), 3u * 4096);
}

TEST(Format, FormatsValues) {
  EXPECT_EQ(fmt::format("[{:>9}]", Ipv4Address(1, 2, 3, 4)), "[  1.2.3.4]");
  EXPECT_EQ(fmt::format("{:<12}|", *Ipv4Prefix::parse("10.0.0.0/8")), "10.0.0.0/8  |");
  EXPECT_EQ(
      fmt::format("{}", FlowKey{Ipv4Address(10, 0, 0, 1), Ipv4Address(10, 0, 0, 2), 4000, 80, 6}),
      "10.0.0.1:4000 > 10.0.0.2:80 protocol 6");
}

TEST(Error, SaysWhereWhatAndHint) {
  EXPECT_EQ((Error{"no such VNet", "lab.yaml:3:7", "did you mean spoke1?"}.to_string()),
            "lab.yaml:3:7: no such VNet (did you mean spoke1?)");
  EXPECT_EQ((Error{"no such VNet", "", ""}.to_string()), "no such VNet");
}

}  // namespace
}  // namespace skyhop::lpm
