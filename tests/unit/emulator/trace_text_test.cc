#include <gtest/gtest.h>

#include "control/emulator/trace.h"

namespace skyhop::emulator {
namespace {

using Hops = std::vector<std::vector<Ipv4Address>>;

Ipv4Address address(const char* text) { return *Ipv4Address::parse(text); }

TEST(MtrText, OneAddressPerHop) {
  EXPECT_EQ(to_string(Hops{{address("10.0.30.4")}, {address("10.0.110.5")}}),
            "10.0.30.4 10.0.110.5");
}

TEST(MtrText, AlternativesOfOneSubnetShowTheirLastOctet) {
  EXPECT_EQ(to_string(Hops{{address("10.0.21.132"), address("10.0.21.196")}}), "10.0.21.132|.196");
}

TEST(MtrText, AlternativesElsewhereAreWrittenOut) {
  EXPECT_EQ(to_string(Hops{{address("10.0.21.132"), address("10.1.21.196")}}),
            "10.0.21.132|10.1.21.196");
}

TEST(MtrText, AHopThatNobodyAnswersIsAStar) {
  EXPECT_EQ(to_string(Hops{{}, {address("10.0.0.1")}}), "* 10.0.0.1");
  EXPECT_EQ(to_string(Hops{}), "");
}

}  // namespace
}  // namespace skyhop::emulator
