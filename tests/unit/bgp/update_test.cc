#include "control/bgp/message/update.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/bgp/hex.h"

namespace skyhop::bgp {
namespace {

using test::hex;
using test::shown;

constexpr SessionContext kExternal{true, true};
constexpr SessionContext kInternal{true, false};
constexpr SessionContext kOld{false, true};
constexpr SessionContext kBothFamilies{.ipv6 = {.is_agreed = true}};
constexpr SessionContext kPathIds{.ipv4 = {true, true, true}, .ipv6 = {true, true, true}};

const char kOrigin[] = "40 01 01 00 ";
const char kPath[] = "40 02 06 02 01 0000fdfc ";
const char kNextHop[] = "40 03 04 0a001444 ";
const char kNlri[] = "18 0a001e";

Nlri<Ipv4Prefix> prefix(const char* text) { return *Ipv4Prefix::parse(text); }
Nlri<Ipv6Prefix> prefix6(const char* text) { return *Ipv6Prefix::parse(text); }
Ipv6Address address6(const char* text) { return *Ipv6Address::parse(text); }

// The body of an UPDATE from the text of its three fields.
std::vector<uint8_t> body(const std::string& withdrawn, const std::string& attributes,
                          const std::string& nlri) {
  std::vector<uint8_t> out;
  Writer writer(out);
  for (const auto& field : {hex(withdrawn), hex(attributes)}) {
    writer.u16(static_cast<uint16_t>(field.size()));
    writer.bytes(field);
  }
  writer.bytes(hex(nlri));
  return out;
}

std::expected<Update, Notification> decode(const std::string& attributes,
                                           const SessionContext& context = kExternal,
                                           const std::string& nlri = kNlri) {
  return decode_update(body("", attributes, nlri), context);
}

PathAttributes everything() {
  PathAttributes attributes;
  attributes.origin = Origin::incomplete;
  attributes.as_path.segments = {{AsSegment::Type::sequence, {65515, 4200000000}},
                                 {AsSegment::Type::set, {65001, 65002}}};
  attributes.next_hop = Ipv4Address(10, 0, 20, 68);
  attributes.med = 50;
  attributes.local_pref = 200;
  attributes.atomic_aggregate = true;
  attributes.aggregator = Aggregator{4200000000, Ipv4Address(10, 0, 0, 9)};
  attributes.communities = {0xFFEB2710, kNoExport};
  attributes.originator_id = Ipv4Address(10, 9, 9, 9);
  attributes.cluster_list = {Ipv4Address(10, 8, 8, 8), Ipv4Address(10, 7, 7, 7)};
  attributes.extended_communities = {0x0002FFEB00000064};
  attributes.large_communities = {{65515, 1, 2}};
  attributes.unknown = {{0xE0, 27, hex("0102")}, {0xE0, 200, std::vector<uint8_t>(300, 7)}};
  attributes.partial_bits = partial::kAggregator | partial::kLargeCommunities;
  return attributes;
}

TEST(Attributes, EachOneOnTheWireByTypeAscending) {
  const auto octets = encode_attributes(everything(), kInternal);
  const std::string expected =
      "40 01 01 02"
      "40 02 14 02 02 0000ffeb fa56ea00 01 02 0000fde9 0000fdea"
      "40 03 04 0a001444"
      "80 04 04 00000032"
      "40 05 04 000000c8"
      "40 06 00"
      "e0 07 08 fa56ea00 0a000009"
      "c0 08 08 ffeb2710 ffffff01"
      "80 09 04 0a090909"
      "80 0a 08 0a080808 0a070707"
      "c0 10 08 0002ffeb00000064"
      "e0 1b 02 0102"
      "e0 20 0c 0000ffeb 00000001 00000002"
      "f0 c8 012c";
  auto wanted = hex(expected);
  wanted.insert(wanted.end(), 300, 7);
  EXPECT_EQ(shown(octets), shown(wanted));
}

TEST(Attributes, RoundTripForEveryKindOfPeer) {
  PathAttributes attributes = everything();
  const auto internal = decode_attributes(encode_attributes(attributes, kInternal), kInternal);
  ASSERT_TRUE(internal.has_value());
  EXPECT_TRUE(internal->problems.empty());
  EXPECT_EQ(internal->attributes, attributes);

  attributes.local_pref.reset();
  attributes.originator_id.reset();
  attributes.cluster_list.clear();
  const auto external = decode_attributes(encode_attributes(attributes, kExternal), kExternal);
  ASSERT_TRUE(external.has_value());
  EXPECT_EQ(external->attributes, attributes);
  // Through a peer of two octets the long ASNs come back by AS4_PATH and AS4_AGGREGATOR.
  const auto old = decode_attributes(encode_attributes(attributes, kOld), kOld);
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->attributes, attributes);
}

TEST(Attributes, TwoOctetPeerGetsAsTrans) {
  PathAttributes attributes;
  attributes.as_path = AsPath::sequence({65515, 4200000000});
  attributes.next_hop = Ipv4Address(10, 0, 20, 68);
  EXPECT_EQ(shown(encode_attributes(attributes, kOld)),
            shown(hex("40 01 01 00  40 02 06 02 02 ffeb 5ba0  40 03 04 0a001444"
                      "c0 11 0a 02 02 0000ffeb fa56ea00")));
  attributes.as_path = AsPath::sequence({65515, 65020});
  EXPECT_EQ(shown(encode_attributes(attributes, kOld)),
            shown(hex("40 01 01 00  40 02 06 02 02 ffeb fdfc  40 03 04 0a001444")));
}

TEST(As4Path, OldRoutersInBetweenKeepTheirPlace) {
  const AsPath wire = AsPath::sequence({100, 200, kAsTrans, kAsTrans});
  EXPECT_EQ(merge_as4_path(wire, AsPath::sequence({70000, 80000})).to_string(),
            "100 200 70000 80000");
  EXPECT_EQ(merge_as4_path(wire, AsPath::sequence({1, 2, 3, 4, 5})).to_string(),
            "100 200 23456 23456");
  AsPath with_set = AsPath::sequence({100});
  with_set.segments.push_back({AsSegment::Type::set, {kAsTrans, 7}});
  AsPath hidden;
  hidden.segments.push_back({AsSegment::Type::set, {70000, 7}});
  EXPECT_EQ(merge_as4_path(with_set, hidden).to_string(), "100 {70000,7}");
}

TEST(As4Path, AnAggregatorOfTwoOctetsVoidsBoth) {
  const auto update = decode(std::string(kOrigin) + "40 02 06 02 02 0064 5ba0" + kNextHop +
                                 "c0 07 06 0064 0a000009  c0 11 06 02 01 00011170"
                                 "c0 12 08 00011170 0a000008",
                             kOld);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->ipv4.attributes->as_path.to_string(), "100 23456");
  EXPECT_EQ(update->ipv4.attributes->aggregator->asn, 100u);
}

TEST(UpdateMessage, AnnouncesAndWithdraws) {
  const auto update = decode_update(
      body("18 0a006e 00", std::string(kOrigin) + kPath + kNextHop, "18 0a001e 20 0a001e04"),
      kExternal);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->ipv4.withdrawn, (std::vector{prefix("10.0.110.0/24"), prefix("0.0.0.0/0")}));
  EXPECT_EQ(update->ipv4.announced, (std::vector{prefix("10.0.30.0/24"), prefix("10.0.30.4/32")}));
  EXPECT_EQ(update->ipv4.attributes->as_path.to_string(), "65020");
  EXPECT_EQ(update->ipv4.attributes->next_hop, Ipv4Address(10, 0, 20, 68));
  EXPECT_EQ(update->end_of_rib, std::nullopt);
  EXPECT_TRUE(update->problems.empty());
}

TEST(UpdateMessage, HostBitsOfAPrefixMeanNothing) {
  const auto update = decode(std::string(kOrigin) + kPath + kNextHop, kExternal, "09 0aff");
  EXPECT_EQ(update->ipv4.announced, std::vector{prefix("10.128.0.0/9")});
}

TEST(UpdateMessage, EmptyIsEndOfRib) {
  const auto octets = encode_end_of_rib();
  EXPECT_EQ(octets.size(), 23u);
  const auto update = decode_update(Octets(octets).subspan(19), kExternal);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->end_of_rib, kIpv4Unicast);
  const auto ipv6 = encode_end_of_rib(kIpv6Unicast);
  EXPECT_EQ(shown(ipv6), shown(hex(std::string(32, 'f') + "001e 02 0000 0007 90 0f 0003 0002 01")));
  EXPECT_EQ(decode_update(Octets(ipv6).subspan(19), kBothFamilies)->end_of_rib, kIpv6Unicast);
  EXPECT_EQ(decode_update(Octets(ipv6).subspan(19), kExternal)->end_of_rib, std::nullopt);
}

TEST(UpdateMessage, MultiprotocolIpv4UnicastIsRead) {
  const auto update = decode(std::string(kOrigin) + kPath +
                                 "80 0e 0d 0001 01 04 0a001445 00 18 0a001e"
                                 "80 0f 07 0001 01 18 0a006e",
                             kExternal, "");
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->mp_ipv4.announced, std::vector{prefix("10.0.30.0/24")});
  EXPECT_EQ(update->mp_ipv4.attributes->next_hop, Ipv4Address(10, 0, 20, 69));
  EXPECT_EQ(update->mp_ipv4.withdrawn, std::vector{prefix("10.0.110.0/24")});
  EXPECT_FALSE(update->treated_as_withdraw);
}

TEST(UpdateMessage, OtherFamiliesArePassedOver) {
  const auto update = decode(
      std::string(kOrigin) + kPath + "80 0e 16 0002 01 10 20010db8000000000000000000000001 00 00",
      kExternal, "");
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->announced_count(), 0u);
}

const char kReach6[] = "80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8";

TEST(UpdateMessage, Rfc2545_Ipv6RoutesHaveTheirOwnNextHop) {
  const auto update =
      decode(kReach6 + std::string(kOrigin) + kPath + kNextHop + "80 0f 0a 0002 01 30 20010db8000a",
             kBothFamilies);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->ipv6.announced, std::vector{prefix6("2001:db8::/32")});
  EXPECT_EQ(update->ipv6.withdrawn, std::vector{prefix6("2001:db8:a::/48")});
  ASSERT_TRUE(update->ipv6.attributes->ipv6_next_hop.has_value());
  EXPECT_EQ(update->ipv6.attributes->ipv6_next_hop->global, address6("2001:db8::1"));
  EXPECT_EQ(update->ipv6.attributes->next_hop, Ipv4Address());
  EXPECT_EQ(update->ipv4.announced, std::vector{prefix("10.0.30.0/24")});
  EXPECT_EQ(update->ipv4.attributes->next_hop, Ipv4Address(10, 0, 20, 68));
  EXPECT_EQ(update->ipv4.attributes->ipv6_next_hop, std::nullopt);
}

TEST(UpdateMessage, Rfc2545_ALinkLocalNextHopMayStandBehind) {
  const auto update = decode(
      "80 0e 2a 0002 01 20 20010db8000000000000000000000001"
      "fe800000000000000000000000000001 00 20 20010db8" +
          std::string(kOrigin) + kPath,
      kBothFamilies, "");
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->ipv6.attributes->ipv6_next_hop->link_local, address6("fe80::1"));
  EXPECT_FALSE(update->treated_as_withdraw);
}

TEST(UpdateMessage, Rfc7606_AMalformedIpv6RouteIsWithdrawn) {
  const auto no_origin = decode(kReach6 + std::string(kPath), kBothFamilies, "");
  ASSERT_TRUE(no_origin.has_value());
  EXPECT_EQ(no_origin->ipv6.withdrawn, std::vector{prefix6("2001:db8::/32")});
  EXPECT_EQ(no_origin->announced_count(), 0u);
  const auto loopback =
      decode("80 0e 1a 0002 01 10 00000000000000000000000000000001 00 20 20010db8" +
                 std::string(kOrigin) + kPath,
             kBothFamilies, "");
  ASSERT_TRUE(loopback.has_value());
  EXPECT_TRUE(loopback->treated_as_withdraw);
  // A length over 128 bits, or a next hop of four octets: nothing can be believed.
  for (const char* reach : {"80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 81 20010db8",
                            "80 0e 0e 0002 01 04 0a001445 00 20 20010db8"}) {
    EXPECT_FALSE(decode(reach + std::string(kOrigin) + kPath, kBothFamilies, "").has_value());
  }
}

TEST(UpdateMessage, Rfc7911_PathIdsWhereTheyWereAgreedOn) {
  const auto update = decode_update(
      body("00000007 18 0a006e",
           "80 0e 1e 0002 01 10 20010db8000000000000000000000001 00 00000009 20 20010db8" +
               std::string(kOrigin) + kPath + kNextHop,
           "00000001 18 0a001e 00000002 18 0a001e"),
      kPathIds);
  ASSERT_TRUE(update.has_value());
  const Ipv4Prefix same = *Ipv4Prefix::parse("10.0.30.0/24");
  EXPECT_EQ(update->ipv4.announced, (std::vector<Nlri<Ipv4Prefix>>{{same, 1}, {same, 2}}));
  EXPECT_EQ(update->ipv4.withdrawn[0].path_id, 7u);
  EXPECT_EQ(update->ipv6.announced[0].path_id, 9u);
  // Corrupted: the last path id has no prefix.
  EXPECT_FALSE(decode_update(
                   body("", std::string(kOrigin) + kPath + kNextHop, "00000001 18 0a001e 00000002"),
                   kPathIds)
                   .has_value());
}

struct Malformed {
  const char* what;
  std::string attributes;
  Outcome outcome;
  uint8_t type;
  SessionContext context = kExternal;
};

// RFC 7606 section 7 attribute by attribute; the route's other attributes are in order.
TEST(Rfc7606, MalformedAttributesCostTheRouteOrThemselves) {
  const std::string o = kOrigin;
  const std::string p = kPath;
  const std::string n = kNextHop;
  const auto withdraw = Outcome::treat_as_withdraw;
  const auto discard = Outcome::attribute_discard;
  const Malformed cases[] = {
      {"7.1 ORIGIN of two octets", "40 01 02 0000" + p + n, withdraw, 1},
      {"7.1 ORIGIN 3", "40 01 01 03" + p + n, withdraw, 1},
      {"7.2 AS_PATH segment type 5", o + "40 02 06 05 01 0000fdfc" + n, withdraw, 2},
      {"7.2 AS_PATH confederation segment", o + "40 02 06 03 01 0000fdfc" + n, withdraw, 2},
      {"7.2 AS_PATH of zero segments' members", o + "40 02 02 02 00" + n, withdraw, 2},
      {"7.2 AS_PATH segment overrun", o + "40 02 06 02 02 0000fdfc" + n, withdraw, 2},
      {"7.2 AS_PATH one octet left", o + "40 02 07 02 01 0000fdfc 02" + n, withdraw, 2},
      {"RFC 7607 AS 0 in AS_PATH", o + "40 02 06 02 01 00000000" + n, withdraw, 2},
      {"7.3 NEXT_HOP of three octets", o + p + "40 03 03 0a0014", withdraw, 3},
      {"7.3 NEXT_HOP of sixteen octets", o + p + "40 03 10" + std::string(32, '1'), withdraw, 3},
      {"6.3 NEXT_HOP 0.0.0.0", o + p + "40 03 04 00000000", withdraw, 3},
      {"6.3 NEXT_HOP multicast", o + p + "40 03 04 e0000001", withdraw, 3},
      {"7.4 MED of three octets", o + p + n + "80 04 03 000001", withdraw, 4},
      {"7.5 LOCAL_PREF from outside", o + p + n + "40 05 04 00000064", discard, 5},
      {"7.5 LOCAL_PREF of two octets inside", o + p + n + "40 05 02 0064", withdraw, 5, kInternal},
      {"7.6 ATOMIC_AGGREGATE with a value", o + p + n + "40 06 01 00", discard, 6},
      {"7.7 AGGREGATOR of two-octet form", o + p + n + "c0 07 06 fdfc 0a000009", discard, 7},
      {"7.7 AGGREGATOR of four-octet form",
       o + "40 02 04 02 01 fdfc" + n + "c0 07 08 0000fdfc 0a000009", discard, 7, kOld},
      {"RFC 7607 AGGREGATOR AS 0", o + p + n + "c0 07 08 00000000 0a000009", discard, 7},
      {"7.8 communities of five octets", o + p + n + "c0 08 05 ffeb271000", withdraw, 8},
      {"7.8 no communities", o + p + n + "c0 08 00", withdraw, 8},
      {"7.9 ORIGINATOR_ID from outside", o + p + n + "80 09 04 0a090909", discard, 9},
      {"7.9 ORIGINATOR_ID of five octets", o + p + n + "80 09 05 0a09090900", withdraw, 9,
       kInternal},
      {"7.10 CLUSTER_LIST from outside", o + p + n + "80 0a 04 0a090909", discard, 10},
      {"7.10 CLUSTER_LIST of five octets", o + p + n + "80 0a 05 0a09090900", withdraw, 10,
       kInternal},
      {"7.14 extended communities of seven octets", o + p + n + "c0 10 07 00000000000000", withdraw,
       16},
      {"RFC 8092 large communities of eight octets", o + p + n + "c0 20 08 0000000000000000",
       withdraw, 32},
      {"RFC 6793 AS4_PATH from a four-octet peer", o + p + n + "c0 11 06 02 01 00011170", discard,
       17},
      {"RFC 6793 AS4_PATH malformed", o + "40 02 04 02 01 fdfc" + n + "c0 11 03 020100", discard,
       17, kOld},
      {"RFC 6793 AS4_AGGREGATOR of six octets",
       o + "40 02 04 02 01 fdfc" + n + "c0 12 06 fdfc0a000009", discard, 18, kOld},
      {"3 c ORIGIN marked optional", "c0 01 01 00" + p + n, withdraw, 1},
      {"3 c MED marked transitive", o + p + n + "c0 04 04 00000001", withdraw, 4},
      {"3 d no ORIGIN", p + n, withdraw, 1},
      {"3 d no AS_PATH", o + n, withdraw, 2},
      {"3 d no NEXT_HOP", o + p, withdraw, 3},
      {"3 g ORIGIN twice", o + p + n + "40 01 01 02", discard, 1},
      {"4 attribute over the field", o + p + n + "c0 08 ff 00000000", withdraw, 8},
      {"4 a lone octet at the end", o + p + n + "c0", withdraw, 0},
      {"4 an extended length cut off", o + p + n + "d0 08 00", withdraw, 8},
  };
  for (const Malformed& test : cases) {
    const auto update = decode(test.attributes, test.context);
    ASSERT_TRUE(update.has_value()) << test.what << ": " << update.error().to_string();
    ASSERT_FALSE(update->problems.empty()) << test.what;
    EXPECT_TRUE(std::ranges::any_of(update->problems, [&](const AttributeProblem& problem) {
      return problem.type == test.type && problem.outcome == test.outcome;
    })) << test.what;
    const bool withdrawn = test.outcome == Outcome::treat_as_withdraw;
    EXPECT_EQ(update->treated_as_withdraw, withdrawn) << test.what;
    const std::vector route{prefix("10.0.30.0/24")};
    const std::vector<Nlri<Ipv4Prefix>> none;
    EXPECT_EQ(update->ipv4.withdrawn, withdrawn ? route : none) << test.what;
    EXPECT_EQ(update->ipv4.announced, withdrawn ? none : route) << test.what;
  }
}

TEST(Rfc7606, TheFirstOfRepeatedAttributesCounts) {
  const auto update = decode(std::string(kOrigin) + kPath + kNextHop + "40 01 01 02");
  EXPECT_EQ(update->ipv4.attributes->origin, Origin::igp);
}

TEST(Rfc7606, WhatHidesTheRoutesResetsTheSession) {
  const std::string good = std::string(kOrigin) + kPath + kNextHop;
  const struct {
    const char* what;
    std::vector<uint8_t> body;
    UpdateError error;
  } cases[] = {
      {"withdrawn length over the message", hex("0005 18 0a001e 0000"),
       UpdateError::malformed_attribute_list},
      {"attribute length over the message", hex("0000 0005 40 01"),
       UpdateError::malformed_attribute_list},
      {"no attribute length", hex("0000"), UpdateError::malformed_attribute_list},
      {"prefix of 33 bits", body("", good, "21 0a001e0400"), UpdateError::invalid_network_field},
      {"prefix cut off", body("", good, "18 0a00"), UpdateError::invalid_network_field},
      {"withdrawn prefix of 33 bits", body("21 0a001e0400", "", ""),
       UpdateError::invalid_network_field},
      {"MP_REACH twice",
       body("", good + "80 0e 09 0001 01 04 0a001445 00 80 0e 09 0001 01 04 0a001445 00", kNlri),
       UpdateError::malformed_attribute_list},
      {"MP_REACH next hop of five octets",
       body("", good + "80 0e 0a 0001 01 05 0a00144500 00", kNlri),
       UpdateError::optional_attribute_error},
      {"MP_REACH cut off", body("", good + "80 0e 03 0001 01", kNlri),
       UpdateError::optional_attribute_error},
      {"MP_UNREACH cut off", body("", good + "80 0f 02 0001", kNlri),
       UpdateError::optional_attribute_error},
      {"MP_UNREACH prefix of 33 bits", body("", good + "80 0f 09 0001 01 21 0a001e0400", kNlri),
       UpdateError::optional_attribute_error},
      {"unknown well-known attribute", body("", good + "40 63 01 00", kNlri),
       UpdateError::unrecognized_well_known_attribute},
      {"5.2 broken attributes without a route", body("18 0a001e", "40 01 01 09", ""),
       UpdateError::malformed_attribute_list},
  };
  for (const auto& [what, octets, error] : cases) {
    const auto update = decode_update(octets, kExternal);
    ASSERT_FALSE(update.has_value()) << what;
    EXPECT_EQ(update.error().code, ErrorCode::update_message) << what;
    EXPECT_EQ(update.error().subcode, static_cast<uint8_t>(error)) << what;
  }
}

TEST(UnknownAttribute, TransitiveOnesGoOnAsPartialOthersEnd) {
  const auto update =
      decode(std::string(kOrigin) + kPath + kNextHop + "c0 63 01 07" + "80 64 01 08");
  ASSERT_TRUE(update.has_value());
  ASSERT_EQ(update->ipv4.attributes->unknown.size(), 1u);
  EXPECT_EQ(update->ipv4.attributes->unknown[0], (UnknownAttribute{0xE0, 0x63, {7}}));
}

template <typename P>
const FamilyUpdate<P>& family_of(const Update& update) {
  if constexpr (std::is_same_v<P, Ipv4Prefix>) {
    return update.ipv4;
  } else {
    return update.ipv6;
  }
}

// What all messages say together is what went in; returns how many there were.
template <typename P>
size_t expect_round_trip(const std::vector<Nlri<P>>& routes, const PathAttributes& attributes,
                         const SessionContext& context) {
  std::vector<Nlri<P>> announced;
  std::vector<Nlri<P>> withdrawn;
  size_t messages = 0;
  const auto take = [&](const std::vector<uint8_t>& message) {
    ASSERT_LE(message.size(), context.longest_message);
    ++messages;
    const auto update = decode_update(Octets(message).subspan(19), context);
    ASSERT_TRUE(update.has_value()) << update.error().to_string();
    const FamilyUpdate<P>& family = family_of<P>(*update);
    announced.insert(announced.end(), family.announced.begin(), family.announced.end());
    withdrawn.insert(withdrawn.end(), family.withdrawn.begin(), family.withdrawn.end());
    EXPECT_TRUE(!family.attributes || *family.attributes == attributes);
  };
  encode_announcements(routes, encode_for_update(attributes, context), context, take);
  EXPECT_EQ(announced, routes);
  const size_t announcing = messages;
  encode_withdrawals(routes, context, take);
  EXPECT_EQ(withdrawn, routes);
  EXPECT_LE(messages - announcing, announcing);
  return announcing;
}

TEST(Encoding, ManyPrefixesPerMessageAndNoneTooLong) {
  std::vector<Nlri<Ipv4Prefix>> routes;
  std::vector<Nlri<Ipv6Prefix>> routes6;
  for (uint32_t i = 0; i < 10000; ++i) {
    routes.push_back(
        {{Ipv4Address(0x0A000000 + i * 256), static_cast<uint8_t>(24 + i % 9)}, i % 3});
    routes6.push_back(
        {{{0x20010db800000000u + i, uint64_t{i} << 40}, static_cast<uint8_t>(48 + i % 81)}, i % 3});
  }
  PathAttributes attributes;
  attributes.as_path = AsPath::sequence({65515, 65020});
  attributes.next_hop = Ipv4Address(10, 0, 20, 68);
  EXPECT_LE(expect_round_trip(routes, attributes, kPathIds), 24u);
  SessionContext extended = kPathIds;
  extended.longest_message = 65535;
  EXPECT_LE(expect_round_trip(routes, attributes, extended), 2u);
  attributes.next_hop = {};
  attributes.ipv6_next_hop = {address6("2001:db8::1"), address6("fe80::1")};
  EXPECT_LE(expect_round_trip(routes6, attributes, kPathIds), 44u);
  for (auto& route : routes) route.path_id = 0;
  for (auto& route : routes6) route.path_id = 0;
  EXPECT_LE(expect_round_trip(routes6, attributes, kBothFamilies), 32u);
  attributes.next_hop = Ipv4Address(10, 0, 20, 68);
  attributes.ipv6_next_hop.reset();
  EXPECT_LE(expect_round_trip(routes, attributes, kBothFamilies), 13u);
}

TEST(Encoding, AttributesThatFillAMessageDoNotFit) {
  EncodedAttributes attributes;
  attributes.field.resize(kMaxMessageLength - 19 - 4 - 5);
  EXPECT_TRUE(fits(attributes, kExternal));
  EXPECT_FALSE(fits(attributes, kPathIds));
  attributes.field.push_back(0);
  EXPECT_FALSE(fits(attributes, kExternal));
  attributes.ipv6_next_hop.emplace();
  attributes.field.resize(kMaxMessageLength - 19 - 4 - 41 - 17);
  EXPECT_TRUE(fits(attributes, kBothFamilies));
  attributes.field.push_back(0);
  EXPECT_FALSE(fits(attributes, kBothFamilies));
}

TEST(AsPathValue, PrependOpensNewSegments) {
  AsPath path = AsPath::sequence({1});
  path.prepend(65515, 2);
  EXPECT_EQ(path.to_string(), "65515 65515 1");
  path.prepend(7, 300);
  EXPECT_EQ(path.length(), 303u);
  EXPECT_EQ(path.segments.size(), 2u);
  AsPath set;
  set.segments.push_back({AsSegment::Type::set, {1, 2}});
  EXPECT_EQ(set.first(), std::nullopt);
  set.prepend(9);
  EXPECT_EQ(set.to_string(), "9 {1,2}");
  EXPECT_EQ(set.length(), 2u);
  EXPECT_EQ(set.first(), std::optional<Asn>(9));
}

}  // namespace
}  // namespace skyhop::bgp
