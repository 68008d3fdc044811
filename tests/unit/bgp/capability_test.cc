// Capabilities octet by octet, both ways, and what their RFCs want done with malformed ones.
#include "control/bgp/message/capability.h"

#include <gtest/gtest.h>

#include "control/bgp/message/open.h"
#include "tests/unit/bgp/hex.h"

namespace skyhop::bgp {
namespace {

using test::hex;
using test::shown;

struct Read {
  Capabilities capabilities;
  std::optional<Asn> asn;
};

Read read(const std::string& octets) {
  Read result;
  const auto read = read_capabilities(hex(octets), result.capabilities, result.asn);
  EXPECT_TRUE(read.has_value()) << octets;
  return result;
}

std::string written(const Capabilities& capabilities, Asn asn = 0) {
  std::vector<uint8_t> out;
  append(capabilities, asn, out);
  return shown(out);
}

Capabilities everything() {
  Capabilities all;
  all.families = {kIpv4Unicast, kIpv6Unicast};
  all.route_refresh = true;
  all.extended_next_hops = {{kIpv4Unicast, 2}};
  all.extended_message = true;
  all.role = Role::customer;
  all.graceful_restart = GracefulRestart{true, true, 120, {{kIpv4Unicast, true}, {kIpv6Unicast}}};
  all.four_octet_as = true;
  all.add_path = {{kIpv4Unicast, true, true}, {kIpv6Unicast, false, true}};
  all.enhanced_route_refresh = true;
  all.long_lived = {{kIpv4Unicast, true, 86400}};
  return all;
}

TEST(Capability, EachOneOnTheWire) {
  const std::string expected =
      "01 04 0001 00 01  01 04 0002 00 01"  // RFC 4760
      "02 00"                               // RFC 2918
      "05 06 0001 0001 0002"                // RFC 8950
      "06 00"                               // RFC 8654
      "09 01 03"                            // RFC 9234
      "40 0a c078 0001 01 80 0002 01 00"    // RFC 4724, 8538
      "41 04 fa56ea00"                      // RFC 6793
      "45 08 0001 01 03 0002 01 02"         // RFC 7911
      "46 00"                               // RFC 7313
      "47 07 0001 01 80 015180";            // RFC 9494
  EXPECT_EQ(written(everything(), 4200000000), shown(hex(expected)));
  const Read back = read(expected);
  EXPECT_EQ(back.capabilities, everything());
  EXPECT_EQ(back.asn, 4200000000u);
}

TEST(Capability, AMalformedOneIsAsIfNotUnderstood) {
  for (const char* octets :
       {"01 03 000100", "02 01 00", "05 05 0001000100", "05 06 0001 0101 0002", "06 01 00", "09 00",
        "40 01 00", "40 05 0078 000101", "45 00", "45 03 000101", "45 04 0001 01 00",
        "45 04 0001 01 04", "46 01 00", "47 00", "47 06 000101800151"}) {
    const Read result = read(octets);
    Capabilities expected;
    const auto bytes = hex(octets);
    expected.other_capabilities = {{bytes[0], {bytes.begin() + 2, bytes.end()}}};
    EXPECT_EQ(result.capabilities, expected) << octets;
    EXPECT_EQ(written(expected), shown(bytes));
  }
}

TEST(Capability, OneOverItsParameterEndsTheSession) {
  for (const char* octets : {"02", "02 01", "41 04 0000ff", "41 03 0000ff"}) {
    Capabilities capabilities;
    std::optional<Asn> asn;
    const auto result = read_capabilities(hex(octets), capabilities, asn);
    ASSERT_FALSE(result.has_value()) << octets;
    EXPECT_EQ(result.error(), Notification(OpenError::unspecific)) << octets;
  }
}

TEST(Capability, Rfc4724_OfSeveralGracefulRestartsTheLastCounts) {
  const Read result = read("40 06 0078 0001 01 80  40 02 8005");
  ASSERT_TRUE(result.capabilities.graceful_restart.has_value());
  EXPECT_EQ(*result.capabilities.graceful_restart, (GracefulRestart{true, false, 5, {}}));
}

TEST(Capability, Rfc9234_RolesThatDifferAreAMismatch) {
  EXPECT_EQ(read("09 01 04 09 01 04").capabilities.role, Role::peer);
  Capabilities capabilities;
  std::optional<Asn> asn;
  const auto result = read_capabilities(hex("09 01 04 09 01 03"), capabilities, asn);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), Notification(OpenError::role_mismatch));
  EXPECT_EQ(result.error().to_string(), "OPEN Message Error/Role Mismatch (2/11)");
}

TEST(Capability, Rfc9234_Counterparts) {
  for (const auto& [role, other] :
       {std::pair(Role::provider, Role::customer), std::pair(Role::customer, Role::provider),
        std::pair(Role::route_server, Role::route_server_client),
        std::pair(Role::route_server_client, Role::route_server),
        std::pair(Role::peer, Role::peer)}) {
    EXPECT_EQ(counterpart(role), other);
  }
  EXPECT_EQ(counterpart(static_cast<Role>(9)), std::nullopt);
  EXPECT_EQ(to_string(Role::route_server_client), "route-server-client");
  EXPECT_EQ(to_string(static_cast<Role>(9)), "role 9");
}

TEST(Capability, ListsTooLongForOneGoOutAsSeveral) {
  Capabilities capabilities;
  for (uint16_t afi = 1; afi <= 100; ++afi) {
    capabilities.add_path.push_back({{afi, 1}, true, false});
    capabilities.long_lived.push_back({{afi, 1}, false, afi});
    capabilities.extended_next_hops.push_back({{afi, 1}, 2});
  }
  std::vector<uint8_t> out;
  append(capabilities, 0, out);
  Capabilities back;
  std::optional<Asn> asn;
  ASSERT_TRUE(read_capabilities(out, back, asn).has_value());
  EXPECT_EQ(back, capabilities);
}

TEST(Capability, ShownByName) {
  const std::vector<std::string> expected = {
      "IPv4 unicast",
      "IPv6 unicast",
      "4-octet AS",
      "route refresh",
      "enhanced route refresh",
      "extended messages",
      "role customer",
      "graceful restart 120 s, restarted, also after NOTIFICATION",
      "long-lived graceful restart IPv4 unicast 86400 s",
      "add-path IPv4 unicast both ways",
      "add-path IPv6 unicast send",
      "IPv4 unicast over IPv6 next hops"};
  EXPECT_EQ(describe(everything()), expected);
  EXPECT_EQ(describe(read("49 00 01 04 0019 00 46").capabilities),
            (std::vector<std::string>{"AFI 25 SAFI 70", "capability 73"}));
}

// RFC 9072: 63 families in the parameter of two-octet lengths.
TEST(Capability, Rfc9072_AFullOpenUsesTheExtendedForm) {
  Open open;
  static_cast<Capabilities&>(open) = everything();
  open.asn = 4200000000;
  open.router_id = Ipv4Address(10, 0, 0, 1);
  for (uint16_t afi = 3; afi < 60; ++afi) open.families.push_back({afi, 1});
  const auto octets = encode(open);
  const auto decoded = decode_open(Octets(octets).subspan(kHeaderLength));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, open);
}

}  // namespace
}  // namespace skyhop::bgp
