// RFC 6396: a speaker's routes as a TABLE_DUMP_V2 file.
#include "control/bgp/mrt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "control/bgp/message/wire.h"
#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;

struct Record {
  uint32_t time = 0;
  uint16_t type = 0;
  uint16_t subtype = 0;
  std::string body;  ///< hex
};

std::string hex(Octets octets) { return fmt::format("{:02x}", fmt::join(octets, "")); }

std::vector<Record> records_of(const Speaker& speaker, Time now) {
  const std::vector<uint8_t> file = mrt_table_dump(speaker, now);
  std::vector<Record> records;
  Reader reader(file);
  while (!reader.empty()) {
    Record record;
    record.time = reader.u32();
    record.type = reader.u16();
    record.subtype = reader.u16();
    record.body = hex(reader.take(reader.u32()));
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(record.type, 13);
    records.push_back(std::move(record));
  }
  return records;
}

TEST(Mrt, Rfc6396_4_3_PeersThenRoutesByPrefix) {
  Scene scene;
  scene.add(1, 65001);
  scene.add(2, 4200000002);
  scene.join(1, 2);
  PathAttributes attributes;
  attributes.med = 7;
  scene.at(1).originate(prefix("10.1.0.0/20"), attributes);
  scene.at(2).originate(prefix("10.1.0.0/20"), {});
  scene.at(2).originate(prefix("0.0.0.0/0"), {});
  scene.converge();
  const auto records = records_of(scene.at(2), seconds(90));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].time, 90u);
  EXPECT_EQ(records[0].subtype, 1);
  EXPECT_EQ(records[0].body,
            "0aff0002"
            "0002"
            "7232"  // collector, view "r2"
            "0002"
            "02"
            "0aff0002"
            "0aff0002"
            "fa56ea02"  // itself
            "02"
            "0aff0001"
            "0aff0001"
            "0000fde9");
  EXPECT_EQ(records[1].subtype, 2);
  EXPECT_EQ(records[1].body,
            "00000000"
            "00"
            "0001"
            "0000"
            "00000000"
            "000e"
            "40010100"
            "400200"
            "40030400000000");
  EXPECT_EQ(records[2].body,
            "00000001"
            "14"
            "0a0100"
            "0002"
            "0000"
            "00000000"
            "000e"
            "40010100"
            "400200"
            "40030400000000"
            "0001"
            "00000000"
            "001b"
            "40010100"
            "400206"
            "0201"
            "0000fde9"
            "4003040aff0001"
            "80040400000007");
}

TEST(Mrt, RefusedRoutesAreThereAsTheyCame) {
  Scene scene;
  scene.add(1, 65001);
  scene.add(2, 65002);
  scene.join(1, 2, untuned, [](PeerConfig& peer) {
    peer.import_policy = [](const RouteView&) { return PolicyVerdict::reject("test", "none"); };
  });
  scene.originate(1, 2);
  scene.converge();
  ASSERT_EQ(scene.at(2).best_count(), 0u);
  EXPECT_EQ(records_of(scene.at(2), {}).size(), 3u);
}

TEST(Mrt, Rfc6396_4_3_4_OfAnIpv6NextHopTheAddressAlone) {
  Scene scene;
  scene.add(1, 65001);
  PathAttributes attributes;
  attributes.ipv6_next_hop = Ipv6NextHop{*lpm::Ipv6Address::parse("2001:db8::1"), {}};
  scene.at(1).originate(*lpm::Ipv6Prefix::parse("2001:db8:8000::/33"), attributes);
  scene.converge();
  const auto records = records_of(scene.at(1), {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].subtype, 4);
  EXPECT_EQ(records[1].body,
            "00000000"
            "21"
            "20010db880"
            "0001"
            "0000"
            "00000000"
            "001b"
            "40010100"
            "400200"
            "800e11"
            "10"
            "20010db8000000000000000000000001");
}

TEST(Mrt, Rfc8050_PathsThatHaveIdentifiers) {
  Scene scene;
  for (const uint8_t n : {1, 2, 3, 4}) scene.add(n, 65000u + n);
  scene.join(
      1, 2, [](PeerConfig& peer) { peer.add_path.receive = true; },
      [](PeerConfig& peer) { peer.add_path.send = 2; });
  scene.join(2, 3);
  scene.join(2, 4);
  scene.originate(3, 1);
  scene.originate(4, 1);
  scene.converge();
  ASSERT_EQ(scene.status(1, 2).prefixes_received, 2u);
  const auto learned = scene.at(1).learned(scene.peer(1, 2));
  const auto records = records_of(scene.at(1), {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].subtype, 8);
  EXPECT_EQ(records[1].body.substr(0, 44),
            "00000000"
            "18"
            "0a0000"
            "0002"
            "0001"
            "00000000" +
                fmt::format("{:08x}", learned[0].path_id) + "0018");
}

}  // namespace
}  // namespace skyhop::bgp
