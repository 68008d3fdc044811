// Prefix lists, community patterns, AS-path patterns, and the route maps made of them.
#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "control/bgp/policy/route_map.h"
#include "tests/unit/bgp/hex.h"

namespace skyhop::bgp {
namespace {

Prefix prefix(const char* text) {
  if (const auto ipv4 = Ipv4Prefix::parse(text)) return *ipv4;
  return *Ipv6Prefix::parse(text);
}

// ---- Prefix lists -------------------------------------------------------------------------------

TEST(PrefixList, TheFirstEntryThatCoversDecides) {
  const PrefixList list("p", {{Permission::deny, prefix("10.1.0.0/16"), {}, 24},
                              {Permission::permit, prefix("10.0.0.0/8"), 16, 24},
                              {Permission::permit, prefix("10.1.0.0/16"), {}, {}},
                              {Permission::permit, prefix("192.168.0.0/16"), {}, {}},
                              {Permission::permit, prefix("172.16.0.0/12"), 30, {}}});
  const struct {
    const char* prefix;
    bool permitted;
  } cases[] = {
      {"10.0.0.0/8", false},      // shorter than ge
      {"10.2.0.0/16", true},      // ge
      {"10.2.3.0/24", true},      // le
      {"10.2.3.0/25", false},     // longer than le
      {"10.1.0.0/16", false},     // le alone begins at the prefix's own length
      {"10.1.2.0/24", false},     // denied before it is permitted
      {"10.1.2.0/25", false},     // longer than both
      {"192.168.0.0/16", true},   // exactly
      {"192.168.1.0/24", false},  // not more specific
      {"172.16.1.4/30", true},    // ge alone reaches to /32
      {"172.16.1.4/32", true},    //
      {"172.16.0.0/12", false},   //
      {"0.0.0.0/0", false},       // none covers
      {"2001:db8::/32", false},   // another family
  };
  for (const auto& [text, permitted] : cases) {
    EXPECT_EQ(list.permits(prefix(text)), permitted) << text;
  }
}

TEST(PrefixList, Ipv6AndTheDefaultRoute) {
  const PrefixList list("p", {{Permission::permit, prefix("2001:db8::/32"), 48, 64},
                              {Permission::permit, prefix("0.0.0.0/0"), {}, {}}});
  EXPECT_TRUE(list.permits(prefix("2001:db8:1::/48")));
  EXPECT_FALSE(list.permits(prefix("2001:db8::/32")));
  EXPECT_FALSE(list.permits(prefix("2001:db8::/65")));
  EXPECT_TRUE(list.permits(prefix("0.0.0.0/0")));
  EXPECT_FALSE(list.permits(prefix("::/0")));
  EXPECT_FALSE(list.permits(prefix("10.0.0.0/8")));
}

// Against a walk over all entries.
TEST(PrefixList, RandomListsDecideAsAWalkDoes) {
  std::mt19937 random(7);
  const auto pick = [&](uint32_t n) { return static_cast<uint8_t>(random() % n); };
  for (int round = 0; round < 50; ++round) {
    std::vector<PrefixList::Entry> entries;
    for (int i = 0; i < 30; ++i) {
      const auto length = static_cast<uint8_t>(4 + pick(10));
      PrefixList::Entry entry{pick(2) == 0 ? Permission::deny : Permission::permit,
                              Ipv4Prefix(Ipv4Address(uint32_t{pick(8)} << 29), length)};
      if (pick(2) == 0) entry.ge = static_cast<uint8_t>(length + pick(4));
      if (pick(2) == 0) entry.le = static_cast<uint8_t>(entry.ge.value_or(length) + pick(6));
      entries.push_back(entry);
    }
    const PrefixList list("p", entries);
    for (int i = 0; i < 200; ++i) {
      const Ipv4Prefix asked(Ipv4Address(uint32_t{pick(8)} << 29),
                             static_cast<uint8_t>(4 + pick(16)));
      bool expected = false;
      for (const auto& entry : entries) {
        const uint8_t own = entry.prefix.length();
        const bool is_exact = !entry.ge && !entry.le;
        const uint8_t least = is_exact ? own : entry.ge.value_or(own);
        const uint8_t most = is_exact ? own : entry.le.value_or(32);
        if (!entry.prefix.ipv4().contains(asked) || asked.length() < least ||
            asked.length() > most) {
          continue;
        }
        expected = entry.permission == Permission::permit;
        break;
      }
      ASSERT_EQ(list.permits(asked), expected) << asked.to_string();
    }
  }
}

// ---- Communities --------------------------------------------------------------------------------

PathAttributes tagged(const std::vector<const char*>& communities) {
  PathAttributes attributes;
  for (const char* text : communities) {
    const auto community = parse_community(text);
    EXPECT_TRUE(community.has_value()) << text;
    if (community) add(*community, attributes);
  }
  return attributes;
}

TEST(CommunityText, ValuesAreTheRegistrys) {
  const PathAttributes attributes =
      tagged({"65000:100", "no-export", "no-advertise", "no-export-subconfed", "graceful-shutdown",
              "blackhole", "llgr-stale", "rt:65000:100", "rt:4200000000:7", "rt:10.0.0.1:5",
              "soo:65000:1", "0x4004fde800000064", "65000:1:2"});
  EXPECT_EQ(attributes.communities,
            (std::vector<Community>{0xFDE80064, 0xFFFF0000, 0xFFFF0006, 0xFFFF029A, 0xFFFFFF01,
                                    0xFFFFFF02, 0xFFFFFF03}));
  EXPECT_EQ(
      attributes.extended_communities,
      (std::vector<ExtendedCommunity>{0x0002FDE800000064, 0x0003FDE800000001, 0x01020A0000010005,
                                      0x0202FA56EA000007, 0x4004FDE800000064}));
  EXPECT_EQ(attributes.large_communities, (std::vector<LargeCommunity>{{65000, 1, 2}}));
  EXPECT_TRUE(is_transitive(ExtendedCommunity{0x0002FDE800000064}));
  EXPECT_FALSE(is_transitive(ExtendedCommunity{0x4004FDE800000064}));
}

TEST(CommunityText, EveryTextComesBack) {
  for (const char* text :
       {"65000:100", "0:0", "no-export", "no-peer", "rt:65000:100", "rt:10.0.0.1:5",
        "soo:4200000000:65535", "0x4004fde800000064", "0x0202000000640007", "4294967295:0:1"}) {
    EXPECT_EQ(communities_of(tagged({text})), std::vector<std::string>{text});
  }
}

TEST(CommunityText, WhatIsNoCommunityIsRefused) {
  for (const char* text :
       {"", "65000", "65536:1", "1:65536", "65000:", ":", "a:b", "1:2:3:4", "rt:1", "rt:1:2:3",
        "rt:65000:4294967296", "rt:70000:65536", "rt:10.0.0.1:65536", "10.0.0.1:5", "0x12",
        "0x0002fde80000006g", "no-exports", "65000:*"}) {
    EXPECT_FALSE(parse_community(text).has_value()) << text;
  }
}

TEST(CommunityPattern, WildcardsStandForAnyNumber) {
  const PathAttributes attributes =
      tagged({"65000:100", "rt:65000:100", "rt:4200000000:7", "rt:10.0.0.1:5", "65000:1:2"});
  for (const char* text : {"65000:100", "65000:*", "*:100", "*:*", "rt:65000:100", "rt:65000:*",
                           "rt:*:7", "rt:*:5", "rt:*:100", "rt:*:*", "65000:*:2", "*:1:*"}) {
    EXPECT_TRUE(CommunityPattern::parse(text)->matches(attributes)) << text;
  }
  for (const char* text :
       {"65001:*", "*:101", "no-export", "rt:65001:*", "rt:*:8", "soo:*:*", "65000:2:*", "*:*:3"}) {
    EXPECT_FALSE(CommunityPattern::parse(text)->matches(attributes)) << text;
  }
}

TEST(CommunityPattern, RemovesWhatItMatches) {
  PathAttributes attributes = tagged({"65000:100", "65000:200", "65001:1", "rt:65000:1", "1:2:3"});
  for (const char* text : {"65000:*", "rt:*:*", "9:*:*"}) {
    CommunityPattern::parse(text)->remove_from(attributes);
  }
  EXPECT_EQ(communities_of(attributes), (std::vector<std::string>{"65001:1", "1:2:3"}));
}

// ---- AS paths -----------------------------------------------------------------------------------

bool path_matches(const char* pattern, const char* path) {
  const auto compiled = AsPathPattern::compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << compiled.error();
  return compiled && compiled->matches(path);
}

TEST(AsPathPattern, AsRoutersReadThem) {
  const struct {
    const char* pattern;
    const char* path;
    bool matches;
  } cases[] = {
      {"^$", "", true},
      {"^$", "65515", false},
      {"", "65515", true},
      {".*", "", true},
      {".", "", false},
      {"^65515$", "65515", true},
      {"^65515$", "65515 65020", false},
      {"^65515_", "65515 65020", true},
      {"^65515_", "655150", false},
      {"_65020_", "65515 65020", true},
      {"_65020_", "65515 650200", false},
      {"_65020_", "165020", false},
      {"_65020$", "65515 65020", true},
      {"_1_2_", "7 1 2 9", true},
      {"_1__2_", "7 1 2 9", false},
      {"^_1_2_$", "1 2", true},
      {"_65002_", "65001 {65002,65003}", true},
      {"_65003_", "65001 {65002,65003}", true},
      {"^65001(_65001)*$", "65001 65001 65001", true},
      {"^65001(_65001)*$", "65001 65002", false},
      {"^([0-9]+_)?65020$", "65515 65020", true},
      {"^([0-9]+_)?65020$", "1 65515 65020", false},
      {"^[^ ]+ [^ ]+$", "65515 65020", true},
      {"^[^ ]+ [^ ]+$", "1 2 3", false},
      {"_6451[2-9]_|_645[2-9][0-9]_", "1 64530 2", true},
      {"_6451[2-9]_|_645[2-9][0-9]_", "1 64511 2", false},
      {"^([0-9]+ ){2}[0-9]+$", "1 2 3", true},
      {"^([0-9]+ ){2}[0-9]+$", "1 2", false},
      {"^(1 ?){2,3}$", "1 1 1", true},
      {"^(1 ?){2,3}$", "1 1 1 1", false},
      {"^(1 ?){2,}$", "1 1 1 1", true},
      {"\\{65002", "1 {65002}", true},
      {"[{]65002", "1 {65002}", true},
      {"(1|2)$", "7 2", true},
  };
  for (const auto& [pattern, path, matches] : cases) {
    EXPECT_EQ(path_matches(pattern, path), matches) << pattern << " on '" << path << "'";
  }
}

TEST(AsPathPattern, MistakesAreTold) {
  const struct {
    const char* pattern;
    const char* error;
  } cases[] = {
      {"as100", "column 1: 'a' stands in no AS path"},
      {"_65020_)", "column 8: this ) closes nothing"},
      {"(1", "column 3: expected )"},
      {"[12", "column 4: expected ]"},
      {"*1", "column 1: nothing before this * to repeat"},
      {"1{", "column 3: expected a number of times, as in {2} or {1,3}"},
      {"1{3,1}", "column 7: repetitions go from 0 to 64, the smaller first"},
      {"1{65}", "column 6: repetitions go from 0 to 64, the smaller first"},
      {"1+{2}", "column 3: put what is repeated twice in parentheses"},
      {"[9-1]", "column 4: ranges go from a lower digit to a higher one"},
      {"1\\", "column 3: a backslash needs a character behind it"},
  };
  for (const auto& [pattern, error] : cases) {
    const auto compiled = AsPathPattern::compile(pattern);
    ASSERT_FALSE(compiled.has_value()) << pattern;
    EXPECT_EQ(compiled.error(), error);
  }
  EXPECT_FALSE(AsPathPattern::compile("((((1{64}){64}){64}){64})").has_value());
  EXPECT_FALSE(AsPathPattern::compile(std::string(100, '(') + "1" + std::string(100, ')')));
}

// `_` written out for the C++ library's engine, on random patterns and paths.
TEST(AsPathPattern, RandomPatternsMatchAsTheLibrarysDo) {
  std::mt19937 random(11);
  const auto pick = [&](uint32_t n) { return random() % n; };
  const char* const atoms[] = {"1", "2", "12", ".", "[12]", "[^1]", "_", "(1|2)", "(1 )", "(_2)"};
  const char* const repetitions[] = {"", "", "", "*", "+", "?"};
  for (int round = 0; round < 300; ++round) {
    std::string pattern = pick(3) == 0 ? "^" : "";
    for (uint32_t i = 0; i <= pick(5); ++i) {
      pattern += atoms[pick(std::size(atoms))];
      pattern += repetitions[pick(std::size(repetitions))];
      if (pick(8) == 0) pattern += "|";
    }
    if (pick(3) == 0) pattern += "$";
    std::string library;
    for (const char c : pattern) {
      library += c == '_' ? std::string("(^|[,{}() ]|$)") : std::string(1, c);
    }
    std::regex expected;
    try {
      expected = std::regex(library, std::regex::extended);
    } catch (const std::regex_error&) {
      continue;  // an empty alternative, which the library refuses
    }
    for (int i = 0; i < 20; ++i) {
      std::string path;
      for (uint32_t n = pick(6); n > 0; --n) {
        if (!path.empty()) path += ' ';
        path += std::to_string(1 + pick(2));
        if (pick(3) == 0) path += std::to_string(1 + pick(2));
      }
      ASSERT_EQ(path_matches(pattern.c_str(), path.c_str()), std::regex_search(path, expected))
          << pattern << " on '" << path << "'";
    }
  }
}

TEST(AsPathPattern, ALongPathCostsOneWalk) {
  AsPath path;
  path.prepend(65020, 16000);
  const auto pattern = AsPathPattern::compile("^(65020_?)*$");
  EXPECT_TRUE(pattern->matches(path));
  path.prepend(1);
  EXPECT_FALSE(pattern->matches(path));
}

// ---- AS path surgery ----------------------------------------------------------------------------

TEST(AsPathValue, NumbersAreTakenOutAndReplaced) {
  AsPath path = AsPath::sequence({65515, 100, 65020});
  path.segments.push_back({AsSegment::Type::set, {65001, 200}});
  path.segments.push_back({AsSegment::Type::sequence, {65002}});
  AsPath stripped = path;
  stripped.remove_if(is_private);
  EXPECT_EQ(stripped.to_string(), "100 {200}");
  EXPECT_TRUE(stripped.has_set());
  path.replace_if([](Asn asn) { return asn == 65515; }, 7);
  EXPECT_EQ(path.to_string(), "7 100 65020 {65001,200} 65002");
  EXPECT_EQ(path.count(7), 1u);
  EXPECT_TRUE(is_private(64512) && is_private(65534) && is_private(4200000000) &&
              is_private(4294967294));
  EXPECT_FALSE(is_private(64511) || is_private(65535) || is_private(4199999999) ||
               is_private(4294967295));
}

// ---- Route maps ---------------------------------------------------------------------------------

std::vector<std::shared_ptr<const PrefixList>> covering(const char* text) {
  return {std::make_shared<const PrefixList>(
      "p", std::vector<PrefixList::Entry>{{Permission::permit, prefix(text), {}, 32}})};
}

PathAttributes sample() {
  PathAttributes attributes = tagged({"65000:100", "1:2:3"});
  attributes.as_path = AsPath::sequence({65515, 65020});
  attributes.next_hop = Ipv4Address(10, 0, 0, 4);
  attributes.med = 50;
  return attributes;
}

struct Outcome {
  bool accepted = false;
  std::string rule;
  std::string reason;
};

Outcome run(const RouteMap& map, const RouteView& route) {
  const PolicyVerdict verdict = map(route);
  return {verdict.accepted, verdict.rule, verdict.reason};
}

TEST(RouteMap, EntriesAreAskedInOrderAndNoneMeansNo) {
  RouteMap::Entry deny{20, Permission::deny, {}, {}, false};
  deny.match.prefixes = covering("10.1.0.0/16");
  RouteMap::Entry permit{10, Permission::permit, {}, {}, false};
  permit.match.prefixes = covering("10.1.2.0/24");
  RouteMap::Entry last{30, Permission::permit, {}, {}, false};
  last.match.prefixes = covering("10.0.0.0/8");
  const RouteMap map("m", {deny, last, permit});
  const PathAttributes attributes = sample();
  const auto decided = [&](const char* text) {
    return run(map, {prefix(text), attributes, "g", false, true, "p"});
  };
  EXPECT_TRUE(decided("10.1.2.0/24").accepted);
  EXPECT_FALSE(decided("10.1.3.0/24").accepted);
  EXPECT_EQ(decided("10.1.3.0/24").rule, "route map m");
  EXPECT_EQ(decided("10.1.3.0/24").reason, "denied by entry 20");
  EXPECT_TRUE(decided("10.2.0.0/16").accepted);
  EXPECT_FALSE(decided("11.0.0.0/8").accepted);
  EXPECT_EQ(decided("11.0.0.0/8").reason, "no entry permits it");
}

TEST(RouteMap, EachConditionByItself) {
  const PathAttributes attributes = sample();
  const RouteView route{prefix("10.1.2.0/24"), attributes, "group", false, true, "transit-1"};
  const auto matches = [&](auto set) {
    RouteMatch match;
    set(match);
    return match.matches(route);
  };
  const auto pattern = [](const char* text) { return *CommunityPattern::parse(text); };
  const auto path = [](const char* text) { return *AsPathPattern::compile(text); };
  EXPECT_TRUE(matches([](RouteMatch&) {}));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.prefixes = covering("10.1.0.0/16"); }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.prefixes = covering("10.2.0.0/16"); }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.next_hops = covering("10.0.0.0/24"); }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.next_hops = covering("10.9.0.0/24"); }));
  EXPECT_TRUE(
      matches([&](RouteMatch& m) { m.communities = {pattern("no-export"), pattern("65000:*")}; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.communities = {pattern("no-export")}; }));
  EXPECT_TRUE(
      matches([&](RouteMatch& m) { m.all_communities = {pattern("65000:*"), pattern("1:*:*")}; }));
  EXPECT_FALSE(
      matches([&](RouteMatch& m) { m.all_communities = {pattern("65000:*"), pattern("2:*:*")}; }));
  EXPECT_TRUE(matches([&](RouteMatch& m) { m.as_paths = {path("^1_"), path("_65020$")}; }));
  EXPECT_FALSE(matches([&](RouteMatch& m) { m.as_paths = {path("^65020")}; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.as_path_length = {2, 2}; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.as_path_length = {3, 9}; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.med = {50, 50}; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.med = {0, 49}; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.local_preference = {100, 100}; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.local_preference = {101, 200}; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.tag = 0; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.tag = 7; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.peers = {"a", "transit-1"}; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.peers = {"transit-2"}; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.origin = Origin::igp; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.origin = Origin::egp; }));
  EXPECT_TRUE(matches([](RouteMatch& m) { m.source = RouteOrigin::ebgp; }));
  EXPECT_FALSE(matches([](RouteMatch& m) { m.source = RouteOrigin::local; }));
}

TEST(RouteMap, EachChangeByItself) {
  const auto changed = [&](auto set) {
    RouteMap::Entry entry;
    set(entry.change);
    const PathAttributes attributes = sample();
    const PolicyVerdict verdict =
        RouteMap("m", {entry})({prefix("10.1.2.0/24"), attributes, "g", false, true, "p"});
    EXPECT_TRUE(verdict.accepted && verdict.changed);
    EXPECT_EQ(verdict.reason, "changed by entry 10");
    return verdict.changed.value_or(PathAttributes{});
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(communities_of(changed([](RouteChange& c) {
              c.add_communities = {*parse_community("no-export"), *parse_community("rt:1:1")};
            })),
            (Texts{"65000:100", "no-export", "rt:1:1", "1:2:3"}));
  EXPECT_EQ(communities_of(
                changed([](RouteChange& c) { c.communities = {*parse_community("65000:7")}; })),
            Texts{"65000:7"});
  EXPECT_EQ(communities_of(changed([](RouteChange& c) {
              c.remove_communities = {*CommunityPattern::parse("65000:*")};
            })),
            Texts{"1:2:3"});
  EXPECT_EQ(changed([](RouteChange& c) { c.prepend = {65001, 65002}; }).as_path.to_string(),
            "65001 65002 65515 65020");
  EXPECT_EQ(changed([](RouteChange& c) { c.replace_as = {{65020, 7}}; }).as_path.to_string(),
            "65515 7");
  EXPECT_EQ(changed([](RouteChange& c) { c.strip_private_as = true; }).as_path.to_string(), "");
  EXPECT_EQ(changed([](RouteChange& c) { c.local_preference = 200; }).local_pref, 200u);
  EXPECT_EQ(changed([](RouteChange& c) { c.med = 5; }).med, 5u);
  EXPECT_EQ(changed([](RouteChange& c) { c.origin = Origin::incomplete; }).origin,
            Origin::incomplete);
  EXPECT_EQ(changed([](RouteChange& c) { c.next_hop = Ipv4Address(10, 9, 9, 9); }).next_hop,
            Ipv4Address(10, 9, 9, 9));
  EXPECT_EQ(changed([](RouteChange& c) { c.weight = 9; }).weight, 9u);
  EXPECT_EQ(changed([](RouteChange& c) { c.tag = 9; }).tag, 9u);
}

TEST(RouteMap, EntriesThatGoOnAddUp) {
  RouteMap::Entry first{10, Permission::permit, {}, {}, true};
  first.change.tag = 7;
  RouteMap::Entry second{20, Permission::permit, {}, {}, false};
  second.match.tag = 7;  // sees what the first one set
  second.change.prepend = {65001};
  const RouteMap map("m", {first, second});
  const PathAttributes attributes = sample();
  const PolicyVerdict verdict = map({prefix("10.1.2.0/24"), attributes, "g", false, true, "p"});
  ASSERT_TRUE(verdict.accepted && verdict.changed);
  EXPECT_EQ(verdict.reason, "changed by entries 10, 20");
  EXPECT_EQ(verdict.changed->as_path.to_string(), "65001 65515 65020");
  EXPECT_EQ(verdict.changed->tag, 7u);
}

TEST(RouteMap, EachFamilyGetsItsOwnNextHop) {
  RouteMap::Entry entry;
  entry.change.next_hop = Ipv4Address(10, 9, 9, 9);
  entry.change.ipv6_next_hop = Ipv6Address::parse("2001:db8::9");
  const RouteMap map("m", {entry});
  PathAttributes attributes = sample();
  attributes.ipv6_next_hop = Ipv6NextHop{*Ipv6Address::parse("2001:db8::1"), {}};
  const auto ipv4 = map({prefix("10.1.2.0/24"), attributes, "g", false, true, "p"});
  EXPECT_EQ(ipv4.changed->next_hop, Ipv4Address(10, 9, 9, 9));
  EXPECT_EQ(ipv4.changed->ipv6_next_hop, std::nullopt);
  const auto ipv6 = map({prefix("2001:db8:1::/48"), attributes, "g", false, true, "p"});
  EXPECT_EQ(ipv6.changed->ipv6_next_hop->global, *Ipv6Address::parse("2001:db8::9"));
}

TEST(PolicyChain, TheSecondSeesWhatTheFirstLeft) {
  const Policy marks = [](const RouteView& route) {
    PathAttributes changed = route.attributes;
    changed.tag = 1;
    return PolicyVerdict::change(changed, "first", "marked");
  };
  const Policy needs_mark = [](const RouteView& route) {
    return route.attributes.tag == 1 ? PolicyVerdict::accept()
                                     : PolicyVerdict::reject("second", "not marked");
  };
  const PathAttributes attributes = sample();
  const RouteView route{prefix("10.0.0.0/8"), attributes, "g", false, true, "p"};
  const PolicyVerdict both = chain(marks, needs_mark)(route);
  EXPECT_TRUE(both.accepted);
  EXPECT_EQ(both.rule, "first");
  EXPECT_EQ(both.changed->tag, 1u);
  EXPECT_EQ(chain(needs_mark, marks)(route).rule, "second");
  EXPECT_FALSE(chain({}, {}));
  EXPECT_EQ(chain({}, needs_mark)(route).rule, "second");
  EXPECT_EQ(chain(marks, {})(route).rule, "first");
}

}  // namespace
}  // namespace skyhop::bgp
