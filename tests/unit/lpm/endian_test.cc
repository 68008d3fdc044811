#include "lpm/endian.h"

#include <gtest/gtest.h>

#include <cstring>

namespace skyhop::lpm {
namespace {

static_assert(!std::is_convertible_v<uint16_t, Be16> && !std::is_convertible_v<Be16, uint16_t>);
static_assert(Be32(0x01020304).value() == 0x01020304);

TEST(BigEndian, StandsInMemoryAsOnTheWire) {
  const uint8_t wire[] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
  const Be16 two(0x1234);
  const Be32 four(0x12345678);
  const Be64 eight(0x123456789abcdef0);
  EXPECT_EQ(std::memcmp(&two, wire, sizeof two), 0);
  EXPECT_EQ(std::memcmp(&four, wire, sizeof four), 0);
  EXPECT_EQ(std::memcmp(&eight, wire, sizeof eight), 0);
}

TEST(BigEndian, ComesBackFromAnyAlignment) {
  const uint8_t buffer[] = {0xff, 0x0a, 0x00, 0x1e, 0x04};
  Be32 address;
  std::memcpy(&address, buffer + 1, sizeof address);
  EXPECT_EQ(address.value(), 0x0a001e04u);
  EXPECT_EQ(Be32::from_raw(address.raw()), address);
}

}  // namespace
}  // namespace skyhop::lpm
