// Messages of the kinds that have taken down FRR, BIRD, GoBGP, OpenBGPD and others, written from
// what was published about them. Each ends as RFC 7606 or RFC 4271 says: the session survives, with
// the route or without it, or falls with the right NOTIFICATION.
#include <gtest/gtest.h>

#include "tests/unit/bgp/raw_peer.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

const std::string kGood = RawPeer::kAttributes;
const std::string kOrigin = "40 01 01 00 ";
const std::string kPath = "40 02 06 02 01 0000ffeb ";
const std::string kNextHop = "40 03 04 0aff0002 ";
const std::string kRoute = "18 0a001e";  // 10.0.30.0/24

enum class Fate : uint8_t {
  kept,       // session and route
  withdrawn,  // the session stays, the route goes
  reset,      // NOTIFICATION
};

struct Flaw {
  const char* what;
  std::string withdrawn;
  std::string attributes;
  std::string nlri;
  Fate fate = Fate::kept;
  UpdateError error = UpdateError::unspecific;  // of a reset
};

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string length16(size_t length) { return fmt::format("{:04x} ", length); }

// A speaker that the flaw is told to after a good route; each flaw gets a fresh one.
class Victim {
 public:
  template <typename Tune>
  Victim(Tune tune, const Capabilities& capabilities) {
    scene_.add(1, 65020);
    PeerConfig config;
    config.name = "raw";
    config.local_address = Scene::address(1);
    config.remote_address = Scene::address(2);
    config.remote_asn = 65515;
    config.passive = true;
    tune(config);
    id_ = scene_.at(1).add_peer(config);
    scene_.start();
    peer_ = std::make_unique<RawPeer>(scene_);
    peer_->establish(capabilities);
  }
  Victim() : Victim([](PeerConfig&) {}, {.four_octet_as = true}) {}

  RawPeer& peer() { return *peer_; }
  [[nodiscard]] bool is_up() { return status().state == established; }
  [[nodiscard]] bool has_route() { return scene_.at(1).best(prefix("10.0.30.0/24")).has_value(); }
  [[nodiscard]] PeerStatus status() { return scene_.at(1).status(id_); }
  Scene& scene() { return scene_; }

 private:
  Scene scene_;
  PeerId id_{};
  std::unique_ptr<RawPeer> peer_;
};

void check(const Flaw& flaw, Victim& victim) {
  ASSERT_TRUE(victim.is_up()) << flaw.what;
  ASSERT_TRUE(victim.has_route()) << flaw.what;
  victim.peer().update(flaw.withdrawn, flaw.attributes, flaw.nlri);
  EXPECT_EQ(victim.is_up(), flaw.fate != Fate::reset) << flaw.what;
  EXPECT_EQ(victim.has_route(), flaw.fate == Fate::kept) << flaw.what;
  if (flaw.fate == Fate::withdrawn) {
    EXPECT_GT(victim.status().counters.treated_as_withdraw, 0u) << flaw.what;
  }
  if (flaw.fate != Fate::reset) return;
  const Notification last = victim.peer().last_notification();
  EXPECT_EQ(last.code, ErrorCode::update_message) << flaw.what;
  EXPECT_EQ(last.subcode, static_cast<uint8_t>(flaw.error)) << flaw.what;
  EXPECT_EQ(victim.status().counters.update_errors, 1u) << flaw.what;
  // What the peer is told for is kept for whoever looks into it.
  EXPECT_FALSE(victim.status().last_notification_out->offending.empty()) << flaw.what;
  EXPECT_LE(victim.status().last_notification_out->offending.size(), 64u) << flaw.what;
}

TEST(PublishedFlaws, AttributesOfThingsWeDoNotSpeakGoThrough) {
  const Flaw flaws[] = {
      // FRR's and GoBGP's tunnel encapsulation, attribute 23: TLVs over their end, and none.
      {"tunnel encapsulation of a TLV that is cut off", "", kGood + "c0 17 04 0008 00ff", kRoute},
      {"tunnel encapsulation with a length over the attribute", "",
       kGood + "c0 17 06 0008 ffff 0000", kRoute},
      {"tunnel encapsulation of one octet", "", kGood + "c0 17 01 00", kRoute},
      {"tunnel encapsulation of nothing", "", kGood + "c0 17 00", kRoute},
      {"tunnel encapsulation in the long form", "", kGood + "d0 17 0004 0008 00ff", kRoute},
      // BGP-LS, attribute 29, with TLVs that lie about their length.
      {"BGP-LS of a TLV over the attribute", "", kGood + "80 1d 04 0400 ffff", kRoute},
      {"BGP-LS marked transitive", "", kGood + "c0 1d 05 0400 0009 00", kRoute},
      // The entropy label, attribute 28, that crossed the world in 2023.
      {"entropy label of nothing", "", kGood + "c0 1c 00", kRoute},
      // Prefix SID, attribute 40: of nothing, and TLVs that overrun.
      {"prefix SID of nothing", "", kGood + "c0 28 00", kRoute},
      {"prefix SID over its end", "", kGood + "c0 28 04 01 0007 00", kRoute},
      // The experiment of 2010: attribute 99, 3,000 octets, unknown to everyone.
      {"attribute 99 of 3,000 octets", "", kGood + "f0 63 0bb8" + repeated("00", 3000), kRoute},
      {"AIGP of one octet", "", kGood + "80 1a 01 01", kRoute},
      {"ATTR_SET of nothing", "", kGood + "c0 80 00", kRoute},
      {"PMSI tunnel of one octet", "", kGood + "c0 16 01 00", kRoute},
      {"attribute 0", "", kGood + "c0 00 01 00", kRoute},
      {"attribute 255", "", kGood + "c0 ff 01 00", kRoute},
      {"IPv6 extended communities of three octets", "", kGood + "c0 19 03 000000", kRoute},
      {"reserved flag bits", "", kGood + "cf 63 00", kRoute},
  };
  for (const Flaw& flaw : flaws) {
    Victim victim;
    victim.peer().announce(kRoute);
    check(flaw, victim);
  }
}

TEST(PublishedFlaws, RoutesThatCannotBeBelievedGo) {
  const auto w = Fate::withdrawn;
  const Flaw flaws[] = {
      {"no attributes at all, but a route", "", "", kRoute, w},
      {"only an attribute nobody knows", "", "c0 63 01 00", kRoute, w},
      {"AS_PATH with a segment of no numbers", "", kOrigin + "40 02 02 02 00 " + kNextHop, kRoute,
       w},
      {"AS_PATH with an empty segment behind a good one", "",
       kOrigin + "40 02 08 02 01 0000ffeb 02 00 " + kNextHop, kRoute, w},
      {"AS_PATH with an empty set", "", kOrigin + "40 02 08 02 01 0000ffeb 01 00 " + kNextHop,
       kRoute, w},
      {"AS_PATH with a confederation segment", "", kOrigin + "40 02 06 03 01 0000ffeb " + kNextHop,
       kRoute, w},
      {"AS_PATH with a segment of type 9", "", kOrigin + "40 02 06 09 01 0000ffeb " + kNextHop,
       kRoute, w},
      {"AS_PATH that counts more numbers than it has", "",
       kOrigin + "40 02 06 02 ff 0000ffeb " + kNextHop, kRoute, w},
      {"AS_PATH of one octet", "", kOrigin + "40 02 01 02 " + kNextHop, kRoute, w},
      {"AS_PATH with AS 0", "", kOrigin + "40 02 0a 02 02 0000ffeb 00000000 " + kNextHop, kRoute,
       w},
      {"ORIGIN 7", "", "40 01 01 07" + kPath + kNextHop, kRoute, w},
      {"NEXT_HOP of no octets", "", kOrigin + kPath + "40 03 00", kRoute, w},
      {"communities of no octets", "", kGood + "c0 08 00", kRoute, w},
      {"communities of three octets", "", kGood + "c0 08 03 000000", kRoute, w},
      {"extended communities of no octets", "", kGood + "c0 10 00", kRoute, w},
      {"large communities of no octets", "", kGood + "c0 20 00", kRoute, w},
      {"large communities of thirteen octets", "", kGood + "c0 20 0d" + repeated("00", 13), kRoute,
       w},
      {"MED of no octets", "", kGood + "80 04 00", kRoute, w},
      {"OTC of five octets", "", kGood + "c0 23 05 0000000000", kRoute, w},
      {"ORIGIN marked optional", "", "c0 01 01 00" + kPath + kNextHop, kRoute, w},
      {"communities marked well-known", "", kGood + "40 08 04 ffeb0001", kRoute, w},
      {"an attribute as long as 65,535 octets in a field of 40", "", kGood + "d0 63 ffff 00",
       kRoute, w},
      {"the long form cut off", "", kGood + "d0 63 00", kRoute, w},
      {"a lone octet at the end", "", kGood + "c0", kRoute, w},
      {"a type without a length at the end", "", kGood + "c0 63", kRoute, w},
  };
  for (const Flaw& flaw : flaws) {
    Victim victim;
    victim.peer().announce(kRoute);
    check(flaw, victim);
  }
}

TEST(PublishedFlaws, WhatOnlyCostsTheAttribute) {
  const Flaw flaws[] = {
      {"ATOMIC_AGGREGATE with a value", "", kGood + "40 06 01 00", kRoute},
      {"AGGREGATOR of no octets", "", kGood + "c0 07 00", kRoute},
      {"AS4_PATH with a confederation segment", "", kGood + "c0 11 06 03 01 00011170", kRoute},
      {"AS4_AGGREGATOR from a 4-octet peer", "", kGood + "c0 12 08 00011170 0a000009", kRoute},
      {"ORIGIN twice, the second one nonsense", "", kGood + "40 01 01 09", kRoute},
      {"AS_PATH twice", "", kGood + "40 02 00", kRoute},
      {"communities twice", "", kGood + "c0 08 04 ffeb0001 c0 08 01 00", kRoute},
      {"attribute 23 twice", "", kGood + "c0 17 00 c0 17 00", kRoute},
      {"ORIGINATOR_ID from outside, of three octets", "", kGood + "80 09 03 000000", kRoute},
      {"CLUSTER_LIST from outside, of one octet", "", kGood + "80 0a 01 00", kRoute},
      {"LOCAL_PREF from outside, of no octets", "", kGood + "40 05 00", kRoute},
  };
  for (const Flaw& flaw : flaws) {
    Victim victim;
    victim.peer().announce(kRoute);
    check(flaw, victim);
    EXPECT_GT(victim.status().counters.attributes_discarded, 0u) << flaw.what;
  }
}

TEST(PublishedFlaws, WhatHidesRoutesEndsTheSession) {
  const auto list = UpdateError::malformed_attribute_list;
  const auto optional = UpdateError::optional_attribute_error;
  const auto network = UpdateError::invalid_network_field;
  const Fate r = Fate::reset;
  const Flaw flaws[] = {
      {"NLRI of 33 bits", "", kGood, "21 0a001e0000", r, network},
      {"NLRI of 255 bits", "", kGood, "ff 0a001e", r, network},
      {"NLRI cut off", "", kGood, "18 0a00", r, network},
      {"a length without a prefix", "", kGood, "18", r, network},
      {"withdrawn of 33 bits", "21 0a001e0000", "", "", r, network},
      {"withdrawn cut off", "18 0a", "", "", r, network},
      {"MP_REACH of nothing", "", kGood + "80 0e 00", kRoute, r, optional},
      {"MP_REACH without a next hop", "", kGood + "80 0e 05 0001 01 00 00", kRoute, r, optional},
      {"MP_REACH with a next hop of 5 octets", "", kGood + "80 0e 0a 0001 01 05 0a00000200 00",
       kRoute, r, optional},
      {"MP_REACH with a next hop of 255 octets", "", kGood + "80 0e 09 0001 01 ff 0a000002 00",
       kRoute, r, optional},
      {"MP_REACH with a next hop of 16 octets for IPv4", "",
       kGood + "80 0e 15 0001 01 10 20010db8000000000000000000000001 00", kRoute, r, optional},
      {"MP_REACH with NLRI cut off", "", kGood + "80 0e 0b 0001 01 04 0a000002 00 18 0a", kRoute, r,
       optional},
      {"MP_REACH twice", "",
       kGood + "80 0e 09 0001 01 04 0a000002 00 80 0e 09 0001 01 04 0a000002 00", kRoute, r, list},
      {"MP_UNREACH of two octets", "", kGood + "80 0f 02 0001", kRoute, r, optional},
      {"MP_UNREACH twice", "", kGood + "80 0f 03 0001 01 80 0f 03 0001 01", kRoute, r, list},
      {"MP_UNREACH with NLRI of 33 bits", "", kGood + "80 0f 09 0001 01 21 0a001e0000", kRoute, r,
       optional},
      {"an attribute everyone should know and nobody does", "", kGood + "40 63 01 00", kRoute, r,
       UpdateError::unrecognized_well_known_attribute},
      {"malformed attributes and no route", "", "40 01 01 09", "", r, list},
  };
  for (const Flaw& flaw : flaws) {
    Victim victim;
    victim.peer().announce(kRoute);
    victim.peer().update(flaw.withdrawn, flaw.attributes, flaw.nlri);
    EXPECT_FALSE(victim.is_up()) << flaw.what;
    EXPECT_FALSE(victim.has_route()) << flaw.what;
    const Notification last = victim.peer().last_notification();
    EXPECT_EQ(last.code, ErrorCode::update_message) << flaw.what;
    EXPECT_EQ(last.subcode, static_cast<uint8_t>(flaw.error)) << flaw.what;
    EXPECT_EQ(victim.status().counters.update_errors, 1u) << flaw.what;
  }
}

TEST(PublishedFlaws, FieldLengthsThatLie) {
  const std::string marker = repeated("ff", 16);
  for (const char* body : {"0005 18 0a001e 0000",    // withdrawn over the message
                           "ffff 0000",              //
                           "0000 ffff 40 01 01 00",  // attributes over the message
                           "0000 0001",              //
                           "0002 00 00"}) {          // withdrawn takes the attributes' length
    Victim victim;
    const auto octets = hex(body);
    victim.peer().send(hex(marker + length16(19 + octets.size()) + "02" + body));
    EXPECT_FALSE(victim.is_up()) << body;
    EXPECT_EQ(victim.peer().last_notification(),
              Notification(UpdateError::malformed_attribute_list))
        << body;
  }
}

Capabilities speaking(std::vector<AddressFamily> families) {
  Capabilities capabilities{.four_octet_as = true};
  capabilities.families = std::move(families);
  return capabilities;
}

TEST(PublishedFlaws, Ipv6NextHopsOfOddLengths) {
  const std::string global = "20010db8000000000000000000000001";
  const std::string link_local = "fe800000000000000000000000000001";
  const struct {
    const char* what;
    std::string next_hop;
    bool survives;
    bool has_route;
  } cases[] = {
      {"16 octets", global, true, true},
      {"32 octets", global + link_local, true, true},
      {"none", "", false, false},
      {"4 octets", "0a000002", false, false},
      {"15 octets", global.substr(0, 30), false, false},
      {"17 octets", global + "00", false, false},
      {"24 octets of a VPN", "0000000000000000" + global, false, false},
      {"48 octets of a VPN", repeated("0000000000000000" + global, 2), false, false},
      {"the unspecified address", repeated("00", 16), true, false},
      {"the loopback address", repeated("00", 15) + "01", true, false},
      {"a multicast address", "ff02" + repeated("00", 13) + "01", true, false},
  };
  for (const auto& [what, next_hop, survives, has_route] : cases) {
    Victim victim([](PeerConfig& config) { config.families = {kIpv4Unicast, kIpv6Unicast}; },
                  speaking({kIpv4Unicast, kIpv6Unicast}));
    const std::string value =
        "0002 01" + fmt::format("{:02x}", next_hop.size() / 2) + next_hop + "00 20 20010db8";
    victim.peer().update(
        "", fmt::format("80 0e {:02x}", hex(value).size()) + value + kOrigin + kPath, "");
    EXPECT_EQ(victim.is_up(), survives) << what;
    EXPECT_EQ(victim.scene().at(1).best(*Ipv6Prefix::parse("2001:db8::/32")).has_value(), has_route)
        << what;
    if (survives) continue;
    EXPECT_EQ(victim.peer().last_notification(),
              Notification(UpdateError::optional_attribute_error))
        << what;
    EXPECT_EQ(victim.status().counters.faults.at(14).session_resets, 1u) << what;
  }
}

TEST(PublishedFlaws, FamiliesNobodyAgreedOnArePassedOver) {
  for (const char* attribute : {"80 0e 0a 0001 85 00 00 03 010203 00",  // flow specification
                                "80 0e 05 4004 47 00 00",               // BGP-LS
                                "80 0e 05 0019 46 00 00",               // EVPN
                                "80 0e 08 0001 80 00 00 ffffff",        // VPN, of nonsense
                                "80 0f 06 0001 85 ffffff",              //
                                "80 0f 03 0002 01"}) {                  // IPv6's End-of-RIB
    Victim victim;
    victim.peer().announce(kRoute);
    victim.peer().update("", attribute, "");
    EXPECT_TRUE(victim.is_up()) << attribute;
    EXPECT_TRUE(victim.has_route()) << attribute;
  }
}

// Add-path (RFC 7911): NLRI that are right without path identifiers are not with them.
TEST(PublishedFlaws, CorruptedPathIdentifiers) {
  const auto receives = [](PeerConfig& config) { config.add_path.receive = true; };
  Capabilities sends{.four_octet_as = true};
  sends.add_path = {{kIpv4Unicast, false, true}};
  const struct {
    const char* what;
    std::string nlri;
    bool survives;
  } cases[] = {
      {"two paths of one prefix", "00000001 18 0a001e 00000002 18 0a001e", true},
      {"no identifier", "18 0a001e", false},
      {"an identifier and nothing", "00000001", false},
      {"an identifier cut off", "000000", false},
      {"33 bits behind an identifier", "00000001 21 0a001e0000", false},
      {"a prefix cut off behind an identifier", "00000001 18 0a00", false},
  };
  for (const auto& [what, nlri, survives] : cases) {
    Victim victim(receives, sends);
    victim.peer().update("", kGood, nlri);
    EXPECT_EQ(victim.is_up(), survives) << what;
    EXPECT_EQ(victim.has_route(), survives) << what;
    if (!survives) {
      EXPECT_EQ(victim.peer().last_notification(), Notification(UpdateError::invalid_network_field))
          << what;
    }
  }
}

TEST(PublishedFlaws, PathsLongerThanASegmentHolds) {
  Victim victim;
  // 255 numbers fill a segment; the longest path that fits an UPDATE has several.
  const std::string segment = "02 ff" + repeated("0000ffeb", 255);
  for (const size_t segments : {1u, 3u}) {
    const size_t length = segments * (2 + 255 * 4);
    victim.peer().update(
        "", kOrigin + "50 02" + length16(length) + repeated(segment, segments) + kNextHop, kRoute);
    ASSERT_TRUE(victim.is_up());
    EXPECT_EQ(
        victim.scene().at(1).best(prefix("10.0.30.0/24"))->paths[0].attributes->as_path.length(),
        255u * segments);
  }
}

// BIRD's stack and others' readers: the text of a shutdown.
TEST(PublishedFlaws, ShutdownTextsThatLieAboutTheirLength) {
  const std::string texts[] = {
      "ff 61",       "80" + repeated("61", 127), "ff" + repeated("61", 255),
      "04 f8888080", "00" + repeated("61", 40),  "ff" + repeated("ff", 200),
      "02 c328"};
  for (const std::string& data : texts) {
    Victim victim;
    std::vector<uint8_t> out;
    const size_t begun = begin_message(out, MessageType::notification);
    Writer writer(out);
    writer.u8(6);
    writer.u8(2);
    writer.bytes(hex(data));
    end_message(out, begun);
    victim.peer().send(out);
    EXPECT_FALSE(victim.is_up());
    const auto& last = victim.status().last_notification_in;
    ASSERT_TRUE(last.has_value());
    const bool is_right = data == "ff" + repeated("61", 255);
    EXPECT_EQ(last->shutdown_text().size(), is_right ? 255u : 0u) << data;
    EXPECT_LE(last->offending.size(), 64u);
  }
}

// FRR's readers of OPEN: cut off anywhere, in both forms of the parameters' length.
TEST(PublishedFlaws, OpensCutOffAnywhere) {
  Open open = RawPeer::open();
  open.graceful_restart = GracefulRestart{false, true, 120, {{kIpv4Unicast, true}}};
  open.add_path = {{kIpv4Unicast, true, true}};
  open.long_lived = {{kIpv4Unicast, true, 3600}};
  for (const bool is_extended : {false, true}) {
    if (is_extended) open.other_capabilities.assign(3, {73, std::vector<uint8_t>(200, 1)});
    const auto octets = encode(open);
    const Octets body = Octets(octets).subspan(kHeaderLength);
    ASSERT_TRUE(decode_open(body).has_value());
    for (size_t length = 0; length < body.size(); ++length) {
      // A buffer of its own, for the sanitizer to watch its end.
      const std::vector<uint8_t> cut(body.begin(), body.begin() + static_cast<ptrdiff_t>(length));
      EXPECT_FALSE(decode_open(cut).has_value()) << length;
    }
  }
  for (const char* parameters :
       {"ff", "ff ff", "ff ff 00", "ff ff 0003 02 00", "ff ff ffff 02 0000", "02 02 ff",
        "04 02 02 41 ff", "03 02 01 40", "02 02", "04 ff 02 0000"}) {
    EXPECT_FALSE(decode_open(hex(std::string("04 ffeb 00b4 0a000a04 ") + parameters)).has_value())
        << parameters;
  }
}

// GoBGP's and FRR's readers of capabilities: lengths that do not fit what is inside.
TEST(PublishedFlaws, CapabilitiesOfOddLengthsChangeNothing) {
  for (const char* capability :
       {"40 00", "40 01 00", "40 03 007800", "47 06 0001 01 80 0000", "47 08 0001018000000000",
        "4b 00", "4b 01 ff", "4b 03 ff6161", "49 01 ff", "45 05 0001010300", "05 01 00",
        "09 02 0000", "03 01 ff", "42 02 0000", "80 00"}) {
    Victim victim(
        [](PeerConfig& config) {
          config.graceful_restart.mode = GracefulRestartConfig::Mode::helper;
          config.add_path.receive = true;
          config.role = Role::provider;
        },
        [&] {
          Capabilities capabilities{.four_octet_as = true};
          const auto octets = hex(capability);
          capabilities.other_capabilities = {{octets[0], {octets.begin() + 2, octets.end()}}};
          return capabilities;
        }());
    EXPECT_TRUE(victim.is_up()) << capability;
    EXPECT_EQ(victim.status().agreed, (std::vector<std::string>{"IPv4 unicast", "4-octet AS"}))
        << capability;
  }
}

// FRR's reader of RFC 5291's filters: a ROUTE-REFRESH that goes on.
TEST(PublishedFlaws, RouteRefreshWithFilters) {
  for (const char* more : {"01", "01 80", "01 80 ffff", "01 80 0005 00"}) {
    Victim victim;
    const auto octets = hex(more);
    victim.peer().send(
        hex(repeated("ff", 16) + length16(23 + octets.size()) + "05 0001 00 01" + more));
    EXPECT_FALSE(victim.is_up()) << more;
    EXPECT_EQ(victim.peer().last_notification().code, ErrorCode::message_header) << more;
    EXPECT_EQ(victim.peer().last_notification().subcode,
              static_cast<uint8_t>(HeaderError::bad_message_length));
  }
}

TEST(PublishedFlaws, CountedByAttributeAndOutcome) {
  Victim victim;
  victim.peer().update("", kOrigin + kPath + "40 03 00", kRoute);
  victim.peer().update("", kGood + "c0 08 00", kRoute);
  victim.peer().update("", kGood + "c0 08 00", kRoute);
  victim.peer().update("", kGood + "40 06 01 00", kRoute);
  victim.peer().update("", kGood + "80 0e 00", kRoute);
  const PeerCounters counters = victim.status().counters;
  EXPECT_EQ(counters.faults.at(3).treated_as_withdraw, 1u);
  EXPECT_EQ(counters.faults.at(8).treated_as_withdraw, 2u);
  EXPECT_EQ(counters.faults.at(6).discarded, 1u);
  EXPECT_EQ(counters.faults.at(14).session_resets, 1u);
  EXPECT_EQ(counters.treated_as_withdraw, 3u);
  EXPECT_EQ(counters.attributes_discarded, 1u);
  EXPECT_EQ(counters.update_errors, 1u);
}

}  // namespace
}  // namespace skyhop::bgp
