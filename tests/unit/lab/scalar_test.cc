#include "control/lab/scalar.h"

#include <gtest/gtest.h>

namespace skyhop::lab {
namespace {

TEST(Scalar, PrefixSaysWhatWasMeant) {
  EXPECT_EQ(parse_prefix("10.0.0.0/24")->to_string(), "10.0.0.0/24");
  EXPECT_EQ(parse_prefix("0.0.0.0/0")->to_string(), "0.0.0.0/0");
  EXPECT_EQ(parse_prefix("10.0.1.7/24").error(),
            "10.0.1.7/24 has host bits set; 10.0.1.0/24 is meant?");
  EXPECT_EQ(parse_prefix("10.0.1.7").error(),
            "expected a prefix with its length, found \"10.0.1.7\"; 10.0.1.7/32 is the single "
            "address");
  for (const char* bad : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/024", "10.0.0/8",
                          "10.0.0.0/8 ", "10.0.0.0/-1", "010.0.0.0/8", "fe80::/10"}) {
    EXPECT_FALSE(parse_prefix(bad)) << bad;
  }
}

// V59: a number and a text are the same AS number.
TEST(Scalar, AsNumbers) {
  EXPECT_EQ(parse_asn("65020"), 65020u);
  EXPECT_EQ(parse_asn("4294967294"), 4294967294u);
  for (const char* bad : {"0", "4294967295", "99999999999999999999", "-1", "1.10", "AS1", ""}) {
    EXPECT_EQ(parse_asn(bad).error(),
              std::string("expected an AS number from 1 to 4294967294, found \"") + bad + "\"");
  }
}

TEST(Scalar, Durations) {
  EXPECT_EQ(parse_duration("10s")->count(), 10);
  EXPECT_EQ(parse_duration("10")->count(), 10);
  EXPECT_EQ(parse_duration("2m")->count(), 120);
  EXPECT_EQ(parse_duration("1.5h")->count(), 5400);
  EXPECT_EQ(parse_duration("250ms")->count(), 0.25);
  for (const char* bad :
       {"", "s", "-1s", "1e9", "nan", "10 s", "10x", "1..2s", ".5s", "9999999h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  EXPECT_EQ(to_string(Seconds{50}), "50s");
  EXPECT_EQ(to_string(Seconds{0.25}), "250ms");
  EXPECT_EQ(parse_duration("40us")->count(), 40e-6);
  EXPECT_EQ(to_string(Seconds{40e-6}), "40us");
}

TEST(Scalar, Rates) {
  EXPECT_EQ(parse_rate("1000")->per_second, 1000u);
  EXPECT_EQ(parse_rate("550M")->per_second, 550'000'000u);
  EXPECT_EQ(parse_rate("1.25G")->per_second, 1'250'000'000u);
  EXPECT_EQ(parse_rate("52k")->per_second, 52'000u);
  EXPECT_EQ(parse_rate("0")->per_second, 0u);
  for (const char* bad : {"", "M", "-1", "1e9", "10 M", "10Mbit", "10m", "1001G"}) {
    EXPECT_FALSE(parse_rate(bad)) << bad;
  }
}

TEST(Scalar, Percentages) {
  EXPECT_EQ(parse_percent("0.5")->value, 0.5);
  EXPECT_EQ(parse_percent("100%")->value, 100);
  for (const char* bad : {"", "%", "-1", "100.1", "1 %", "1%%"}) {
    EXPECT_FALSE(parse_percent(bad)) << bad;
  }
}

TEST(Scalar, PortRanges) {
  const auto range = [](const char* text) {
    const auto parsed = parse_port_range(text);
    return parsed ? std::pair<int, int>{parsed->first, parsed->last} : std::pair{-1, -1};
  };
  EXPECT_EQ(range("80"), (std::pair{80, 80}));
  EXPECT_EQ(range("8000-8080"), (std::pair{8000, 8080}));
  EXPECT_EQ(range("*"), (std::pair{0, 65535}));
  for (const char* bad : {"", "-", "1-", "-1", "65536", "1-2-3", "http"}) {
    EXPECT_FALSE(parse_port_range(bad)) << bad;
  }
  EXPECT_EQ(parse_port_range("90-85").error(),
            "range 90-85 ends before it starts; 85-90 is meant?");
}

TEST(Scalar, InterfaceAddressesAreHosts) {
  EXPECT_EQ(parse_interface_cidr("169.254.21.2/30"), "169.254.21.2/30");
  EXPECT_EQ(parse_interface_cidr("10.0.0.0/31"), "10.0.0.0/31");
  for (const char* bad : {"169.254.21.0/30", "169.254.21.3/30", "169.254.21.2", "x/30"}) {
    EXPECT_FALSE(parse_interface_cidr(bad)) << bad;
  }
}

TEST(Scalar, AddressSelectors) {
  for (const char* good : {"*", "VirtualNetwork", "AzureLoadBalancer", "Internet", "10.0.0.0/8"}) {
    EXPECT_EQ(parse_address_selector(good), good);
  }
  EXPECT_EQ(parse_address_selector("10.0.0.4"), "10.0.0.4/32");
  for (const char* bad : {"", "Vnet", "10.0.0.1/8", "any"}) {
    EXPECT_FALSE(parse_address_selector(bad)) << bad;
  }
}

TEST(Scalar, LocationsAreNormalised) {
  EXPECT_EQ(parse_location("East US"), "eastus");
  EXPECT_EQ(parse_location("eastus2"), "eastus2");
  EXPECT_FALSE(parse_location("east-us"));
  EXPECT_FALSE(parse_location("  "));
}

TEST(Scalar, AsPaths) {
  for (const char* good : {"", "65515", "65515 65100"}) EXPECT_EQ(parse_as_path(good), good);
  for (const char* bad : {" ", "65515 ", "65515  65100", "65515,65100", "x"}) {
    EXPECT_FALSE(parse_as_path(bad)) << bad;
  }
}

TEST(Scalar, NamesCannotLookLikePathsOrPairs) {
  for (const char* good : {"a", "transit-1", "Rs_1.x", "0"}) {
    EXPECT_EQ(parse_resource_name(good), good);
  }
  for (const char* bad : {"", "a b", "a/b", "a|b", "-a", ".a", "a[0]", "\xc3\xa4"}) {
    EXPECT_FALSE(parse_resource_name(bad)) << bad;
  }
  EXPECT_FALSE(parse_resource_name(std::string(81, 'a')));
}

TEST(Scalar, FrameSizes) {
  for (const char* good : {"60", "64", "9214", "imix"}) EXPECT_EQ(parse_frame_size(good), good);
  for (const char* bad : {"59", "9215", "IMIX", ""}) EXPECT_FALSE(parse_frame_size(bad)) << bad;
}

}  // namespace
}  // namespace skyhop::lab
