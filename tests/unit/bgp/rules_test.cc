// The rules on a route's way in and out, one by one, without a network.
#include <gtest/gtest.h>

#include "control/bgp/export_rules.h"
#include "control/bgp/import_rules.h"
#include "control/bgp/policy/community_pattern.h"
#include "tests/unit/bgp/hex.h"

namespace skyhop::bgp {
namespace {

constexpr Asn kOurs = 65515;
constexpr Asn kTheirs = 65020;
const Ipv4Prefix kPrefix(Ipv4Address(10, 0, 30, 0), 24);
const Ipv6Prefix kIpv6Prefix = *Ipv6Prefix::parse("2001:db8:30::/48");
const Ipv4Address kLocal(10, 0, 0, 1);
const Ipv4Address kRouterId(1, 1, 1, 1);

PathAttributes learned_from_them() {
  PathAttributes attributes;
  attributes.as_path = AsPath::sequence({kTheirs, 65100});
  attributes.next_hop = Ipv4Address(10, 0, 0, 2);
  return attributes;
}

class Rules : public testing::Test {
 protected:
  Rules() {
    speaker_.asn = kOurs;
    speaker_.router_id = kRouterId;
    peer_.local_address = kLocal;
    peer_.remote_address = Ipv4Address(10, 0, 0, 2);
    peer_.remote_asn = kTheirs;
  }

  // ---- In
  [[nodiscard]] std::string refused(const PathAttributes& attributes, bool is_ebgp = true) const {
    const auto why = refusal({speaker_, peer_, kTheirs, is_ebgp}, kPrefix, attributes);
    return why ? std::string(why->rule) + ": " + why->reason : "";
  }
  [[nodiscard]] PathAttributes marked_in(const PathAttributes& attributes) const {
    return marked({speaker_, peer_, kTheirs, true}, attributes).value_or(attributes);
  }

  // ---- Out
  [[nodiscard]] ExportSession to_them(bool is_ebgp = true) const {
    return {speaker_, peer_, PeerId{7}, is_ebgp ? kTheirs : kOurs, is_ebgp, false, false};
  }
  static PathSource from_another_as() {
    PathSource source;
    source.peer = PeerId{3};
    source.is_ebgp = true;
    return source;
  }
  static PathSource from_inside() {
    PathSource source;
    source.peer = PeerId{3};
    source.router_id = Ipv4Address(3, 3, 3, 3);
    return source;
  }
  static PathSource from_here() {
    PathSource source;
    source.is_local = true;
    return source;
  }
  [[nodiscard]] std::string kept(const PathAttributes& attributes, const PathSource& source,
                                 bool is_ebgp = true) const {
    const PolicyVerdict verdict = may_tell(to_them(is_ebgp), kPrefix, attributes, source);
    return verdict.accepted ? "" : verdict.rule + ": " + verdict.reason;
  }
  [[nodiscard]] PathAttributes told(const PathAttributes& attributes, const PathSource& source,
                                    bool is_ebgp = true) const {
    return outgoing(to_them(is_ebgp), kPrefix, attributes, source, {});
  }

  SpeakerConfig speaker_;
  PeerConfig peer_;
};

// ---- In -----------------------------------------------------------------------------------------

TEST_F(Rules, Rfc4271_9_1_2_OwnAsInThePath) {
  PathAttributes attributes = learned_from_them();
  EXPECT_EQ(refused(attributes), "");
  attributes.as_path = AsPath::sequence({kTheirs, kOurs, kOurs});
  EXPECT_EQ(refused(attributes), "RFC 4271 9.1.2: AS_PATH holds our AS 65515");
  peer_.allow_as_in = 1;
  EXPECT_NE(refused(attributes), "");
  peer_.allow_as_in = 2;
  EXPECT_EQ(refused(attributes), "");
}

TEST_F(Rules, Rfc4271_6_3_FirstAsAndOwnNextHop) {
  PathAttributes attributes = learned_from_them();
  attributes.as_path = AsPath::sequence({65100, kTheirs});
  EXPECT_EQ(refused(attributes), "RFC 4271 6.3: AS_PATH does not begin with the peer's AS 65020");
  EXPECT_EQ(refused(attributes, false), "");
  peer_.enforce_first_as = false;
  EXPECT_EQ(refused(attributes), "");
  attributes.next_hop = kLocal;
  EXPECT_EQ(refused(attributes), "RFC 4271 6.3: NEXT_HOP is our own address");
}

TEST_F(Rules, Rfc7947_ARouteServerIsNotInThePath) {
  peer_.role = Role::route_server_client;
  PathAttributes attributes = learned_from_them();
  attributes.as_path = AsPath::sequence({65100});
  EXPECT_EQ(refused(attributes), "");
}

TEST_F(Rules, Rfc4456_8_LoopsOfReflection) {
  PathAttributes attributes = learned_from_them();
  attributes.originator_id = kRouterId;
  EXPECT_EQ(refused(attributes, false), "RFC 4456 8: ORIGINATOR_ID is ours");
  attributes.originator_id.reset();
  attributes.cluster_list = {Ipv4Address(9, 9, 9, 9), kRouterId};
  EXPECT_EQ(refused(attributes, false), "RFC 4456 8: CLUSTER_LIST holds our cluster");
  speaker_.cluster_id = Ipv4Address(8, 8, 8, 8);
  EXPECT_EQ(refused(attributes, false), "");
  attributes.cluster_list = {Ipv4Address(8, 8, 8, 8)};
  EXPECT_NE(refused(attributes, false), "");
}

TEST_F(Rules, Rfc9774_AsSetsAreRefusedByTheSwitch) {
  PathAttributes attributes = learned_from_them();
  attributes.as_path.segments.push_back({AsSegment::Type::set, {65001, 65002}});
  EXPECT_EQ(refused(attributes), "");
  peer_.rejects_as_sets = true;
  EXPECT_EQ(refused(attributes), "RFC 9774: AS_PATH holds an AS_SET");
}

TEST_F(Rules, Rfc8212_AnotherAsNeedsAPolicy) {
  peer_.requires_policy = true;
  EXPECT_EQ(refused(learned_from_them()), "RFC 8212: no import policy for another AS");
  EXPECT_EQ(refused(learned_from_them(), false), "");
  EXPECT_EQ(kept(learned_from_them(), from_another_as()),
            "RFC 8212: no export policy for another AS");
  EXPECT_EQ(kept(learned_from_them(), from_another_as(), false), "");
  peer_.import_policy =
      peer_.export_policy = [](const RouteView&) { return PolicyVerdict::accept(); };
  EXPECT_EQ(refused(learned_from_them()), "");
  EXPECT_EQ(kept(learned_from_them(), from_another_as()), "");
}

TEST_F(Rules, Rfc9234_5_OtcOnTheWayIn) {
  const struct {
    Role ours;
    std::optional<Asn> otc;
    bool is_leak;
    std::optional<Asn> after;
  } cases[] = {
      {Role::provider, 7, true, 7},           // a customer tells what came from above
      {Role::provider, {}, false, {}},        //
      {Role::route_server, 7, true, 7},       // so does a client
      {Role::peer, 7, true, 7},               // not the peer's own mark
      {Role::peer, kTheirs, false, kTheirs},  // the peer's own
      {Role::peer, {}, false, kTheirs},       // marked here
      {Role::customer, 7, false, 7},          // from above anything goes
      {Role::customer, {}, false, kTheirs},   //
      {Role::route_server_client, {}, false, kTheirs},
  };
  for (const auto& [ours, otc, is_leak, after] : cases) {
    peer_.role = ours;
    PathAttributes attributes = learned_from_them();
    attributes.only_to_customer = otc;
    EXPECT_EQ(refused(attributes).starts_with("RFC 9234 5: route leak"), is_leak)
        << to_string(ours);
    EXPECT_EQ(marked_in(attributes).only_to_customer, after) << to_string(ours);
  }
  peer_.role.reset();
  EXPECT_EQ(marked_in(learned_from_them()).only_to_customer, std::nullopt);
}

TEST_F(Rules, Rfc9234_5_OtcOnTheWayOut) {
  const struct {
    Role ours;
    std::optional<Asn> otc;
    bool is_kept;
    std::optional<Asn> after;
  } cases[] = {
      {Role::customer, 7, true, {}},
      {Role::customer, {}, false, {}},
      {Role::peer, 7, true, {}},
      {Role::peer, {}, false, kOurs},
      {Role::provider, 7, false, 7},
      {Role::provider, {}, false, kOurs},
      {Role::route_server, {}, false, kOurs},
      {Role::route_server_client, 7, true, {}},
      {Role::route_server_client, {}, false, {}},
  };
  for (const auto& [ours, otc, is_kept, after] : cases) {
    peer_.role = ours;
    PathAttributes attributes = learned_from_them();
    attributes.only_to_customer = otc;
    EXPECT_EQ(kept(attributes, from_another_as()).starts_with("RFC 9234 5"), is_kept)
        << to_string(ours);
    if (!is_kept) {
      EXPECT_EQ(told(attributes, from_another_as()).only_to_customer, after) << to_string(ours);
    }
  }
}

TEST_F(Rules, Rfc8326_GracefulShutdownIsTheLowestPreference) {
  PathAttributes attributes = learned_from_them();
  attributes.communities = {kGracefulShutdown};
  EXPECT_EQ(marked_in(attributes).local_pref, std::nullopt);
  peer_.honours_graceful_shutdown = true;
  EXPECT_EQ(marked_in(attributes).local_pref, 0u);
  EXPECT_EQ(marked_in(learned_from_them()).local_pref, std::nullopt);
  peer_.is_being_shut = true;
  EXPECT_EQ(told(learned_from_them(), from_another_as()).communities,
            std::vector<Community>{kGracefulShutdown});
  EXPECT_EQ(told(learned_from_them(), from_another_as(), false).local_pref, 0u);
}

// ---- Out ----------------------------------------------------------------------------------------

TEST_F(Rules, Rfc4271_9_2_FromInsideToInsideOnlyByReflection) {
  EXPECT_EQ(kept(learned_from_them(), from_inside(), false),
            "RFC 4271 9.2: learned from an internal peer");
  PathSource client = from_inside();
  client.is_client = true;
  EXPECT_EQ(kept(learned_from_them(), client, false), "");  // from a client to all
  peer_.route_reflector_client = true;
  EXPECT_EQ(kept(learned_from_them(), from_inside(), false), "");  // from all to a client
  PathSource same = from_inside();
  same.peer = PeerId{7};
  EXPECT_EQ(kept(learned_from_them(), same, false),
            "RFC 4271 9.1.3: the best route came from this peer");
}

TEST_F(Rules, Rfc4456_8_WhatReflectionAdds) {
  peer_.route_reflector_client = true;
  peer_.next_hop = NextHopMode::self;  // means nothing here: RFC 4456 10
  PathAttributes attributes = learned_from_them();
  attributes.local_pref = 200;
  const PathAttributes once = told(attributes, from_inside(), false);
  EXPECT_EQ(once.originator_id, Ipv4Address(3, 3, 3, 3));
  EXPECT_EQ(once.cluster_list, std::vector{kRouterId});
  EXPECT_EQ(once.next_hop, attributes.next_hop);
  EXPECT_EQ(once.as_path, attributes.as_path);
  EXPECT_EQ(once.local_pref, 200u);
  speaker_.cluster_id = Ipv4Address(8, 8, 8, 8);
  const PathAttributes twice = told(once, from_inside(), false);
  EXPECT_EQ(twice.originator_id, Ipv4Address(3, 3, 3, 3));
  EXPECT_EQ(twice.cluster_list, (std::vector{Ipv4Address(8, 8, 8, 8), kRouterId}));
  // Out of the AS both are gone.
  const PathAttributes outside = told(twice, from_inside());
  EXPECT_EQ(outside.originator_id, std::nullopt);
  EXPECT_TRUE(outside.cluster_list.empty());
}

TEST_F(Rules, Rfc1997_WellKnownCommunities) {
  const struct {
    Community community;
    bool outside;
    bool inside;
  } cases[] = {{kNoAdvertise, false, false},
               {kNoExport, false, true},
               {kNoExportSubconfed, false, true},
               {kNoPeer, true, true}};
  for (const auto& [community, outside, inside] : cases) {
    PathAttributes attributes = learned_from_them();
    attributes.communities = {community};
    EXPECT_EQ(kept(attributes, from_another_as()).empty(), outside) << community;
    EXPECT_EQ(kept(attributes, from_another_as(), false).empty(), inside) << community;
  }
}

TEST_F(Rules, Rfc7705_ALocalAsStandsInFrontOfTheRealOne) {
  peer_.local_as = LocalAs{64999};
  EXPECT_EQ(told(learned_from_them(), from_another_as()).as_path.to_string(),
            "64999 65515 65020 65100");
  EXPECT_EQ(marked_in(learned_from_them()).as_path.to_string(), "64999 65020 65100");
  peer_.local_as->replace_as = true;
  EXPECT_EQ(told(learned_from_them(), from_another_as()).as_path.to_string(), "64999 65020 65100");
  peer_.local_as->no_prepend = true;
  EXPECT_EQ(marked_in(learned_from_them()).as_path.to_string(), "65020 65100");
  // Both numbers are ours.
  for (const Asn own : {kOurs, Asn{64999}}) {
    PathAttributes looped = learned_from_them();
    looped.as_path = AsPath::sequence({kTheirs, own});
    EXPECT_EQ(refused(looped), "RFC 4271 9.1.2: AS_PATH holds our AS " + std::to_string(own));
  }
}

TEST_F(Rules, AsOverridePutsOurAsForThePeers) {
  peer_.as_override = true;
  PathAttributes attributes = learned_from_them();
  attributes.as_path = AsPath::sequence({65100, kTheirs, 65100, kTheirs});
  EXPECT_EQ(told(attributes, from_another_as()).as_path.to_string(),
            "65515 65100 65515 65100 65515");
  EXPECT_EQ(told(attributes, from_another_as(), false).as_path, attributes.as_path);
}

TEST_F(Rules, PrivateAsNumbersAreStrippedOrReplaced) {
  speaker_.asn = 100;
  PathAttributes attributes = learned_from_them();
  attributes.as_path = AsPath::sequence({65020, 200, 4200000001});
  EXPECT_EQ(told(attributes, from_another_as()).as_path.to_string(), "100 65020 200 4200000001");
  peer_.private_as = PrivateAs::strip;
  EXPECT_EQ(told(attributes, from_another_as()).as_path.to_string(), "100 200");
  peer_.private_as = PrivateAs::replace;
  EXPECT_EQ(told(attributes, from_another_as()).as_path.to_string(), "100 100 200 100");
  EXPECT_EQ(told(attributes, from_another_as(), false).as_path, attributes.as_path);
}

TEST_F(Rules, Rfc7947_TransparencyLeavesEverythingAsItWas) {
  peer_.prepend_own_as = false;
  peer_.next_hop = NextHopMode::unchanged;
  PathAttributes attributes = learned_from_them();
  attributes.med = 50;
  attributes.communities = {0xFDE80001};
  EXPECT_EQ(told(attributes, from_another_as()), attributes);
  peer_.prepend_own_as = true;
  EXPECT_EQ(told(attributes, from_another_as()).med, std::nullopt);
}

TEST_F(Rules, Rfc4271_5_1_3_NextHops) {
  const PathAttributes attributes = learned_from_them();
  EXPECT_EQ(told(attributes, from_another_as()).next_hop, kLocal);
  EXPECT_EQ(told(attributes, from_another_as(), false).next_hop, attributes.next_hop);
  EXPECT_EQ(told({}, from_here(), false).next_hop, kLocal);
  peer_.next_hop = NextHopMode::self;
  EXPECT_EQ(told(attributes, from_another_as(), false).next_hop, kLocal);
  peer_.next_hop = NextHopMode::automatic;
  // What the policy sets is told: a load balancer's address (A22).
  PathAttributes changed = attributes;
  changed.next_hop = Ipv4Address(10, 9, 9, 9);
  EXPECT_EQ(outgoing(to_them(), kPrefix, attributes, from_another_as(), changed).next_hop,
            Ipv4Address(10, 9, 9, 9));
}

TEST_F(Rules, Rfc2545_OwnIpv6NextHops) {
  PathAttributes attributes;
  attributes.ipv6_next_hop = Ipv6NextHop{*Ipv6Address::parse("2001:db8::2"), {}};
  const auto next_hop = [&] {
    return outgoing(to_them(), kIpv6Prefix, attributes, from_another_as(), {}).ipv6_next_hop;
  };
  // RFC 4291 2.5.5.2, where the session has no IPv6 address.
  EXPECT_EQ(next_hop()->global.to_string(), "::ffff:10.0.0.1");
  peer_.local_address = *Ipv6Address::parse("2001:db8::1");
  EXPECT_EQ(next_hop()->global.to_string(), "2001:db8::1");
  peer_.own_ipv6 = Ipv6NextHop{*Ipv6Address::parse("2001:db8::9"), *Ipv6Address::parse("fe80::9")};
  EXPECT_EQ(next_hop(), peer_.own_ipv6);
  PathAttributes looped;
  looped.as_path = AsPath::sequence({kTheirs});
  looped.ipv6_next_hop = peer_.own_ipv6;
  EXPECT_TRUE(refusal({speaker_, peer_, kTheirs, true}, kIpv6Prefix, looped).has_value());
}

TEST_F(Rules, Rfc8950_AnIpv4RouteWithAnIpv6NextHop) {
  peer_.local_address = *Ipv6Address::parse("2001:db8::1");
  PathAttributes attributes = learned_from_them();
  ExportSession session = to_them();
  // Without it there must be an IPv4 address to name.
  EXPECT_EQ(outgoing(session, kPrefix, attributes, from_another_as(), {}).next_hop, kRouterId);
  session.takes_ipv6_next_hops = true;
  const PathAttributes over_ipv6 = outgoing(session, kPrefix, attributes, from_another_as(), {});
  EXPECT_EQ(over_ipv6.ipv6_next_hop->global.to_string(), "2001:db8::1");
  EXPECT_EQ(over_ipv6.next_hop, Ipv4Address());
  // One that was learned so goes on only to who takes it.
  ExportSession inside = to_them(false);
  EXPECT_EQ(outgoing(inside, kPrefix, over_ipv6, from_another_as(), {}).ipv6_next_hop,
            std::nullopt);
  inside.takes_ipv6_next_hops = true;
  EXPECT_EQ(outgoing(inside, kPrefix, over_ipv6, from_another_as(), {}).ipv6_next_hop,
            over_ipv6.ipv6_next_hop);
}

TEST_F(Rules, Rfc4360_NonTransitiveExtendedCommunitiesStayInside) {
  PathAttributes attributes = learned_from_them();
  attributes.extended_communities = {0x0002FDE800000064, 0x4004FDE800000064};
  EXPECT_EQ(told(attributes, from_another_as()).extended_communities,
            std::vector<ExtendedCommunity>{0x0002FDE800000064});
  EXPECT_EQ(told(attributes, from_another_as(), false).extended_communities,
            attributes.extended_communities);
}

TEST_F(Rules, Rfc9494_LongLivedStaleRoutesGoToWhoKnowsThem) {
  PathAttributes attributes = learned_from_them();
  attributes.communities = {kLlgrStale};
  EXPECT_EQ(kept(attributes, from_another_as()),
            "RFC 9494 4.3: long-lived stale, and the peer knows no such");
  ExportSession session = to_them();
  session.speaks_long_lived = true;
  EXPECT_TRUE(may_tell(session, kPrefix, attributes, from_another_as()).accepted);
}

TEST_F(Rules, WeightAndTagNeverLeave) {
  PathAttributes attributes = learned_from_them();
  attributes.weight = 5;
  attributes.tag = 6;
  EXPECT_EQ(told(attributes, from_another_as()).weight, 0u);
  EXPECT_EQ(told(attributes, from_another_as(), false).tag, 0u);
}

}  // namespace
}  // namespace skyhop::bgp
