#include <gtest/gtest.h>

#include "control/bgp/message/header.h"
#include "control/bgp/message/open.h"
#include "tests/unit/bgp/hex.h"

namespace skyhop::bgp {
namespace {

using test::hex;
using test::shown;

const std::string kMarker = "ffffffffffffffffffffffffffffffff";

Octets body_of(const std::vector<uint8_t>& message) { return Octets(message).subspan(19); }

TEST(Header, KeepaliveIsNineteenOctets) { EXPECT_EQ(encode_keepalive(), hex(kMarker + "0013 04")); }

TEST(Header, ErrorsNameWhatIsWrong) {
  const struct {
    std::string octets;
    Notification expected;
  } cases[] = {
      {"ffff00", Notification(HeaderError::connection_not_synchronized)},
      {kMarker + "0012 04", Notification(HeaderError::bad_message_length, {0x00, 0x12})},
      {kMarker + "1001 02", Notification(HeaderError::bad_message_length, {0x10, 0x01})},
      {kMarker + "0014 04", Notification(HeaderError::bad_message_length, {0x00, 0x14})},
      {kMarker + "001c 01", Notification(HeaderError::bad_message_length, {0x00, 0x1c})},
      {kMarker + "0016 02", Notification(HeaderError::bad_message_length, {0x00, 0x16})},
      {kMarker + "0014 03", Notification(HeaderError::bad_message_length, {0x00, 0x14})},
      {kMarker + "0016 05", Notification(HeaderError::bad_message_length, {0x00, 0x16})},
      {kMarker + "0013 00", Notification(HeaderError::bad_message_type, {0x00})},
      {kMarker + "0013 06", Notification(HeaderError::bad_message_type, {0x06})},
  };
  for (const auto& [octets, expected] : cases) {
    const auto stream = hex(octets);
    const auto message = first_message(stream);
    ASSERT_FALSE(message.has_value()) << octets;
    EXPECT_EQ(message.error(), expected) << octets;
  }
}

TEST(Header, AnIncompleteMessageIsNoError) {
  const auto keepalive = encode_keepalive();
  for (size_t length = 0; length < keepalive.size(); ++length) {
    const auto message = first_message(Octets(keepalive).first(length));
    ASSERT_TRUE(message.has_value());
    EXPECT_FALSE(message->has_value());
  }
}

TEST(Framer, FindsMessagesHoweverTheStreamIsSplit) {
  std::vector<uint8_t> stream;
  for (int i = 0; i < 3; ++i) {
    for (const auto& message : {encode_keepalive(), encode(RouteRefresh{kIpv4Unicast, 0}),
                                encode(Notification(CeaseSubcode::administrative_reset, "bye"))}) {
      stream.insert(stream.end(), message.begin(), message.end());
    }
  }
  for (const size_t step : {1u, 2u, 7u, 19u, 64u, 1000u}) {
    Framer framer;
    std::vector<uint8_t> seen;
    for (size_t at = 0; at < stream.size(); at += step) {
      framer.feed(Octets(stream).subspan(at, std::min(step, stream.size() - at)));
      for (;;) {
        const auto message = framer.next();
        ASSERT_TRUE(message.has_value());
        if (!*message) break;
        seen.insert(seen.end(), (*message)->octets.begin(), (*message)->octets.end());
      }
    }
    EXPECT_EQ(seen, stream) << "in steps of " << step;
  }
}

TEST(RouteRefreshMessage, BothWays) {
  const auto octets = hex(kMarker + "0017 05 0001 00 01");
  EXPECT_EQ(encode(RouteRefresh{kIpv4Unicast, 0}), octets);
  const auto decoded = decode_route_refresh(**first_message(octets), RefreshForm::plain);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, (RouteRefresh{kIpv4Unicast, 0}));
}

TEST(RouteRefreshMessage, FiltersNobodyOfferedAreAnError) {
  const auto octets = hex(kMarker + "0018 05 0001 00 01 02");
  const auto decoded = decode_route_refresh(**first_message(octets), RefreshForm::plain);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error(), Notification(HeaderError::bad_message_length, {0x00, 0x18}));
}

TEST(NotificationMessage, ShutdownTextGoesBothWays) {
  const Notification sent(CeaseSubcode::administrative_shutdown, "maintenance \xC3\xA4");
  const auto octets = encode(sent);
  EXPECT_EQ(shown(octets), shown(hex(kMarker + "0024 03 06 02 0e 6d61696e74656e616e636520c3a4")));
  const Notification received = decode_notification(body_of(octets));
  EXPECT_EQ(received, sent);
  EXPECT_EQ(received.shutdown_text(), "maintenance \xC3\xA4");
  EXPECT_EQ(received.to_string(), "Cease/Administrative Shutdown (6/2): \"maintenance \xC3\xA4\"");
}

TEST(NotificationMessage, TextIsCutAtAWholeCharacterAndSurvivesNonsense) {
  const std::string two_octets_each = [] {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "\xC3\xA4";
    return text;
  }();
  EXPECT_EQ(Notification(CeaseSubcode::administrative_reset, two_octets_each).data.size(), 255u);
  EXPECT_EQ(Notification(ErrorCode::cease, 2, hex("03 ff fe fd")).shutdown_text(), "");
  EXPECT_EQ(Notification(ErrorCode::cease, 2, hex("05 61 62")).shutdown_text(), "");
  EXPECT_EQ(Notification(ErrorCode::cease, 2, hex("02 c0 80")).shutdown_text(), "");
  EXPECT_EQ(Notification(ErrorCode::cease, 1, hex("02 61 62")).shutdown_text(), "");
}

TEST(Header, Rfc8654_ExtendedMessagesAreTakenWhereAgreed) {
  const auto update = hex(kMarker + "1001 02");
  EXPECT_FALSE(first_message(update).has_value());
  EXPECT_TRUE(first_message(update, kMaxExtendedLength).has_value());
  EXPECT_TRUE(first_message(hex(kMarker + "ffff 05"), kMaxExtendedLength).has_value());
  // Never an OPEN or a KEEPALIVE.
  for (const char* type : {"01", "04"}) {
    const auto message = first_message(hex(kMarker + "1001 " + type), kMaxExtendedLength);
    ASSERT_FALSE(message.has_value());
    EXPECT_EQ(message.error(), Notification(HeaderError::bad_message_length, {0x10, 0x01}));
  }
  Notification large(UpdateError::malformed_attribute_list);
  large.data.assign(10000, 7);
  EXPECT_EQ(encode(large).size(), kMaxMessageLength);
  EXPECT_EQ(encode(large, kMaxExtendedLength).size(), 19u + 2 + 10000);
}

TEST(RouteRefreshMessage, Rfc7313_SubtypesCountWhereAgreed) {
  const auto octets = hex(kMarker + "0017 05 0001 01 01");
  EXPECT_EQ(encode(RouteRefresh{kIpv4Unicast, 1}), octets);
  EXPECT_EQ(decode_route_refresh(**first_message(octets), RefreshForm::enhanced)->subtype, 1);
  EXPECT_EQ(decode_route_refresh(**first_message(octets), RefreshForm::plain)->subtype, 0);
}

TEST(RouteRefreshMessage, Rfc7313_ALongBorrOrEorrIsAnErrorWithTheWholeMessage) {
  for (const char* subtype : {"01", "02"}) {
    const auto octets = hex(kMarker + "0018 05 0001 " + subtype + " 01 00");
    const auto decoded = decode_route_refresh(**first_message(octets), RefreshForm::enhanced);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), Notification(ErrorCode::route_refresh, 1, octets));
    EXPECT_EQ(decoded.error().to_string(),
              "ROUTE-REFRESH Message Error/Invalid Message Length (7/1)");
  }
  // Subtypes nobody knows are ignored, whatever follows.
  const auto octets = hex(kMarker + "0018 05 0001 09 01 00");
  EXPECT_TRUE(decode_route_refresh(**first_message(octets), RefreshForm::enhanced).has_value());
}

TEST(NotificationMessage, Rfc8538_AHardResetCarriesTheReason) {
  const Notification inner(CeaseSubcode::administrative_reset, "bye");
  const Notification reset = inner.as_hard_reset();
  EXPECT_EQ(shown(encode(reset)), shown(hex(kMarker + "001b 03 06 09 06 04 03 627965")));
  EXPECT_EQ(reset.encapsulated(), inner);
  EXPECT_EQ(reset.shutdown_text(), "bye");
  EXPECT_EQ(reset.to_string(),
            "Cease/Hard Reset (6/9) of Cease/Administrative Reset (6/4): \"bye\"");
  EXPECT_EQ(inner.encapsulated(), std::nullopt);
  EXPECT_EQ(Notification(CeaseSubcode::hard_reset).encapsulated(), std::nullopt);
  // One inside another is shown, not followed.
  EXPECT_EQ(reset.as_hard_reset().shutdown_text(), "");
  EXPECT_EQ(reset.as_hard_reset().to_string(), "Cease/Hard Reset (6/9)");
}

TEST(NotificationMessage, NamesAreTheRegistrys) {
  EXPECT_EQ(Notification(CeaseSubcode::bfd_down).to_string(), "Cease/BFD Down (6/10)");
  EXPECT_EQ(Notification(CeaseSubcode::maximum_prefixes_reached).to_string(),
            "Cease/Maximum Number of Prefixes Reached (6/1)");
  EXPECT_EQ(Notification(OpenError::bad_peer_as).to_string(),
            "OPEN Message Error/Bad Peer AS (2/2)");
  EXPECT_EQ(Notification(ErrorCode::hold_timer_expired, 0).to_string(), "Hold Timer Expired (4/0)");
  EXPECT_EQ(Notification(static_cast<ErrorCode>(99), 7).to_string(), "Unknown Error (99/7)");
}

Open sample_open() {
  Open open;
  open.asn = 65515;
  open.hold_time = 180;
  open.router_id = Ipv4Address(10, 0, 10, 4);
  open.families = {kIpv4Unicast};
  open.route_refresh = true;
  open.four_octet_as = true;
  return open;
}

TEST(OpenMessage, WithCapabilities) {
  const auto octets = hex(kMarker +
                          "002d 01 04 ffeb 00b4 0a000a04 10 02 0e"
                          "0104 00010001 0200 4104 0000ffeb");
  EXPECT_EQ(shown(encode(sample_open())), shown(octets));
  const auto decoded = decode_open(body_of(octets));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, sample_open());
}

TEST(OpenMessage, FourOctetAsHidesBehindAsTrans) {
  Open open = sample_open();
  open.asn = 4200000001;
  const auto octets = encode(open);
  EXPECT_EQ(shown(Octets(octets).subspan(20, 2)), "5b a0");
  EXPECT_EQ(decode_open(body_of(octets))->asn, 4200000001u);
  open.four_octet_as = false;
  EXPECT_EQ(decode_open(body_of(encode(open)))->asn, kAsTrans);
}

TEST(OpenMessage, UnknownCapabilitiesAreKept) {
  Open open = sample_open();
  open.other_capabilities = {{66, hex("0078 000101 00")}, {73, {}}, {1, hex("00")}};
  const auto decoded = decode_open(body_of(encode(open)));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, open);
}

TEST(OpenMessage, LongParametersUseTheExtendedForm) {
  Open open = sample_open();
  for (uint8_t code = 100; code < 110; ++code) {
    open.other_capabilities.push_back({code, std::vector<uint8_t>(200, code)});
  }
  const auto octets = encode(open);
  EXPECT_EQ(shown(Octets(octets).subspan(28, 2)), "ff ff");  // RFC 9072
  const auto decoded = decode_open(body_of(octets));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, open);
}

TEST(OpenMessage, ExtendedFormOfShortParametersIsRead) {
  const auto body = hex("04 ffeb 00b4 0a000a04 ff ff 0005 02 0002 0200");
  const auto decoded = decode_open(body);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->route_refresh);
}

TEST(OpenMessage, WithoutMultiprotocolItSpeaksIpv4Unicast) {
  EXPECT_TRUE(Open{}.speaks(kIpv4Unicast));
  Open open;
  open.families = {{2, 1}};
  EXPECT_FALSE(open.speaks(kIpv4Unicast));
}

TEST(OpenMessage, ErrorsNameWhatIsWrong) {
  const struct {
    const char* what;
    std::string body;
    Notification expected;
  } cases[] = {
      {"version 3", "03 ffeb 00b4 0a000a04 00",
       Notification(OpenError::unsupported_version_number, {0, 4})},
      {"AS 0 (RFC 7607)", "04 0000 00b4 0a000a04 00", Notification(OpenError::bad_peer_as)},
      {"4-octet AS 0", "04 5ba0 00b4 0a000a04 08 02 06 4104 00000000",
       Notification(OpenError::bad_peer_as)},
      {"two different ASNs", "04 ffeb 00b4 0a000a04 08 02 06 4104 0000ffec",
       Notification(OpenError::bad_peer_as)},
      {"identifier 0", "04 ffeb 00b4 00000000 00", Notification(OpenError::bad_bgp_identifier)},
      {"hold time 1", "04 ffeb 0001 0a000a04 00", Notification(OpenError::unacceptable_hold_time)},
      {"hold time 2", "04 ffeb 0002 0a000a04 00", Notification(OpenError::unacceptable_hold_time)},
      {"authentication parameter", "04 ffeb 00b4 0a000a04 03 01 01 00",
       Notification(OpenError::unsupported_optional_parameter)},
      {"parameters longer than the message", "04 ffeb 00b4 0a000a04 05 02 02",
       Notification(OpenError::unspecific)},
      {"octets after the parameters", "04 ffeb 00b4 0a000a04 00 00",
       Notification(OpenError::unspecific)},
      {"capability over its parameter", "04 ffeb 00b4 0a000a04 04 02 02 4104",
       Notification(OpenError::unspecific)},
      {"short 4-octet AS", "04 ffeb 00b4 0a000a04 05 02 03 4101 01",
       Notification(OpenError::unspecific)},
  };
  for (const auto& [what, body, expected] : cases) {
    const auto decoded = decode_open(hex(body));
    ASSERT_FALSE(decoded.has_value()) << what;
    EXPECT_EQ(decoded.error(), expected) << what;
  }
}

TEST(OpenMessage, HoldTimeZeroAndThreeAreAcceptable) {
  EXPECT_TRUE(decode_open(hex("04 ffeb 0000 0a000a04 00")).has_value());
  EXPECT_TRUE(decode_open(hex("04 ffeb 0003 0a000a04 00")).has_value());
}

}  // namespace
}  // namespace skyhop::bgp
