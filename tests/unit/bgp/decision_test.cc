#include "control/bgp/rib/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

namespace skyhop::bgp {
namespace {

struct Route {
  Candidate candidate;
  PathAttributes attributes;

  operator Candidate() const {
    Candidate result = candidate;
    result.attributes = make_attributes(attributes);
    return result;
  }
};

// An iBGP route that loses every step to whoever does better.
Route route(uint32_t number) {
  Route route;
  route.candidate.peer = PeerId{number};
  route.candidate.peer_address = Ipv4Address(10, 0, 0, static_cast<uint8_t>(200 + number));
  route.candidate.peer_router_id = Ipv4Address(9, 9, 9, 9);
  route.attributes.as_path = AsPath::sequence({65001, 65002});
  route.attributes.next_hop = Ipv4Address(10, 0, 1, 1);
  route.attributes.origin = Origin::incomplete;
  route.attributes.med = 100;
  route.attributes.cluster_list = {Ipv4Address(1, 1, 1, 1)};
  route.attributes.communities = {kLlgrStale};
  return route;
}

// Better by the step than route(): what each entry has on top of the one before it.
struct Improvement {
  Step step;
  std::function<void(Route&)> improve;
};

const Improvement kImprovements[] = {
    {Step::peer_address, [](Route& r) { r.candidate.peer_address = Ipv4Address(10, 0, 0, 100); }},
    {Step::cluster_list_length, [](Route& r) { r.attributes.cluster_list.clear(); }},
    {Step::router_id, [](Route& r) { r.candidate.peer_router_id = Ipv4Address(8, 8, 8, 8); }},
    {Step::in_use, [](Route& r) { r.candidate.is_current = true; }},
    {Step::igp_metric, [](Route& r) { r.attributes.next_hop = Ipv4Address(10, 0, 2, 2); }},
    {Step::ebgp_over_ibgp, [](Route& r) { r.candidate.is_ebgp = true; }},
    {Step::med, [](Route& r) { r.attributes.med = 50; }},
    {Step::origin, [](Route& r) { r.attributes.origin = Origin::igp; }},
    {Step::as_path_length, [](Route& r) { r.attributes.as_path = AsPath::sequence({65001}); }},
    {Step::local_preference, [](Route& r) { r.attributes.local_pref = 200; }},
    {Step::weight, [](Route& r) { r.attributes.weight = 10; }},
    {Step::long_lived_stale, [](Route& r) { r.attributes.communities.clear(); }},
    {Step::local_route, [](Route& r) { r.candidate.peer.reset(); }},
};

DecisionOptions with_metric() {
  DecisionOptions options;
  options.keep_current = true;
  options.igp_metric = [](const IpAddress& next_hop) -> std::optional<uint32_t> {
    if (next_hop == IpAddress(Ipv4Address(10, 0, 3, 3))) return {};
    return next_hop == IpAddress(Ipv4Address(10, 0, 2, 2)) ? 5 : 20;
  };
  return options;
}

TEST(Decision, EachStepBeatsAllStepsAfterIt) {
  // The winner is better in this step alone; the loser is better in every later one.
  for (const Improvement& improvement : kImprovements) {
    Route winner = route(1);
    improvement.improve(winner);
    Route loser = route(2);
    for (const Improvement& later : kImprovements) {
      if (later.step > improvement.step) later.improve(loser);
    }
    const std::vector<Candidate> candidates{loser, winner};
    const auto decision = decide(candidates, with_metric());
    ASSERT_EQ(decision.best, 1u) << to_string(improvement.step);
    const auto explained = explain(candidates, with_metric());
    EXPECT_EQ(explained[0].standing, Standing::best);
    EXPECT_EQ(explained[1].lost_at, improvement.step) << to_string(improvement.step);
    EXPECT_FALSE(explained[1].reason.empty());
  }
}

TEST(Decision, AnUnreachableNextHopIsNoCandidate) {
  Route best = route(1);
  best.attributes.local_pref = 500;
  best.attributes.next_hop = Ipv4Address(10, 0, 3, 3);
  const std::vector<Candidate> both{best, route(2)};
  EXPECT_EQ(decide(both, with_metric()).best, 1u);
  EXPECT_EQ(explain(both, with_metric())[1].reason, "next hop is not reachable");
  const std::vector<Candidate> alone{best};
  EXPECT_FALSE(decide(alone, with_metric()).best.has_value());
  EXPECT_FALSE(decide({}, {}).best.has_value());
}

TEST(Decision, ReasonsCarryTheValues) {
  Route longer = route(1);
  longer.attributes.as_path = AsPath::sequence({1, 2, 3});
  const std::vector<Candidate> candidates{longer, route(2)};
  EXPECT_EQ(explain(candidates, {})[1].reason, "longer AS_PATH: 3 against 2");
  EXPECT_EQ(clause(Step::as_path_length), "RFC 4271 9.1.2.2 a");
}

TEST(Decision, MedCountsOnlyWithinOneNeighbourAs) {
  // The classic: pairwise comparison would go in circles, elimination does not.
  Route a = route(1);
  a.attributes.med = 10;
  a.candidate.peer_router_id = Ipv4Address(3, 3, 3, 3);
  Route b = route(2);
  b.attributes.med = 20;
  b.candidate.peer_router_id = Ipv4Address(1, 1, 1, 1);
  Route c = route(3);
  c.attributes.as_path = AsPath::sequence({64999, 65002});
  c.attributes.med = 999;
  c.candidate.peer_router_id = Ipv4Address(2, 2, 2, 2);
  std::vector<Candidate> candidates{a, b, c};
  std::ranges::sort(candidates, {}, &Candidate::peer);
  do {
    const auto decision = decide(candidates, {});
    EXPECT_EQ(candidates[*decision.best].peer, PeerId{3});
  } while (std::ranges::next_permutation(candidates, {}, &Candidate::peer).found);
  DecisionOptions always;
  always.always_compare_med = true;
  EXPECT_EQ(candidates[*decide(candidates, always).best].peer, PeerId{1});
}

TEST(Decision, AMissingMedIsBestOrWorst) {
  Route with = route(1);
  with.attributes.med = 10;
  Route without = route(2);
  without.attributes.med.reset();
  const std::vector<Candidate> candidates{with, without};
  EXPECT_EQ(decide(candidates, {}).best, 1u);
  DecisionOptions worst;
  worst.missing_med_is_worst = true;
  EXPECT_EQ(decide(candidates, worst).best, 0u);
}

TEST(Decision, AnIpv6NextHopHasItsOwnCost) {
  DecisionOptions options;
  options.igp_metric = [](const IpAddress& next_hop) -> std::optional<uint32_t> {
    return next_hop == IpAddress(*Ipv6Address::parse("2001:db8::2")) ? 5 : 20;
  };
  Route near = route(1);
  near.attributes.ipv6_next_hop = Ipv6NextHop{*Ipv6Address::parse("2001:db8::2"), {}};
  Route far = route(2);
  far.attributes.ipv6_next_hop = Ipv6NextHop{*Ipv6Address::parse("2001:db8::3"), {}};
  EXPECT_EQ(decide(std::vector<Candidate>{far, near}, options).best, 1u);
}

TEST(Decision, TheLowerPeerAddressAlsoOfIpv6) {
  Route low = route(1);
  low.candidate.peer_address = *Ipv6Address::parse("2001:db8::1");
  Route high = route(2);
  high.candidate.peer_address = *Ipv6Address::parse("2001:db8::2");
  const std::vector<Candidate> candidates{high, low};
  EXPECT_EQ(decide(candidates, {}).best, 1u);
  EXPECT_EQ(explain(candidates, {})[1].reason,
            "higher peer address: 2001:db8::2 against 2001:db8::1");
}

TEST(Decision, IgnoredStepsDecideNothing) {
  Route better = route(1);
  better.attributes.med = 1;
  better.attributes.origin = Origin::igp;
  better.candidate.is_ebgp = true;
  better.candidate.peer_router_id = Ipv4Address(1, 1, 1, 1);
  better.attributes.cluster_list.clear();
  Route other = route(2);
  other.candidate.peer_address = Ipv4Address(1, 2, 3, 4);
  DecisionOptions options;
  options.ignored = {Step::origin, Step::med, Step::ebgp_over_ibgp, Step::router_id,
                     Step::cluster_list_length};
  const std::vector<Candidate> candidates{better, other};
  EXPECT_EQ(decide(candidates, options).best, 1u);
}

TEST(Decision, A23_EqualAsPathLengthsAreAllUsed) {
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < 8; ++i) {
    Route r = route(i);
    r.candidate.is_ebgp = i % 2 == 0;
    r.attributes.as_path = AsPath::sequence({65000 + i, 7});
    r.attributes.med = i;
    candidates.push_back(r);
  }
  DecisionOptions cloud;
  cloud.maximum_paths = 8;
  cloud.multipath_relax = true;
  cloud.multipath_through = Step::as_path_length;
  EXPECT_EQ(decide(candidates, cloud).multipath.size(), 8u);
  // Without relax only the same path; with the classic end, iBGP routes are out.
  DecisionOptions strict = cloud;
  strict.multipath_relax = false;
  EXPECT_EQ(decide(candidates, strict).multipath.size(), 1u);
  DecisionOptions classic = cloud;
  classic.multipath_through = Step::igp_metric;
  EXPECT_EQ(decide(candidates, classic).multipath.size(), 4u);
  cloud.maximum_paths = 3;
  const auto three = decide(candidates, cloud);
  EXPECT_EQ(three.multipath.size(), 3u);
  EXPECT_TRUE(std::ranges::binary_search(three.multipath, *three.best));
}

TEST(Decision, A24_AShorterPathIsUsedAlone) {
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < 3; ++i) candidates.push_back(route(i));
  Route shorter = route(7);
  shorter.attributes.as_path = AsPath::sequence({65009});
  candidates.push_back(shorter);
  DecisionOptions options;
  options.maximum_paths = 8;
  options.multipath_relax = true;
  options.multipath_through = Step::as_path_length;
  EXPECT_EQ(decide(candidates, options).multipath, std::vector<size_t>{3});
}

TEST(Decision, TheOrderOfCandidatesNeverMatters) {
  std::mt19937 random(7);
  const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  for (int round = 0; round < 500; ++round) {
    std::vector<Candidate> candidates;
    for (uint32_t i = 0; i < 2 + pick(6); ++i) {
      Route r = route(i);
      r.candidate.is_ebgp = pick(2) == 0;
      r.candidate.peer_router_id = Ipv4Address(1, 1, 1, static_cast<uint8_t>(pick(3)));
      r.candidate.peer_address = Ipv4Address(2, 2, 2, static_cast<uint8_t>(pick(3)));
      r.attributes.as_path = AsPath::sequence({65000 + pick(2), 65100 + pick(2)});
      r.attributes.med = pick(3);
      r.attributes.local_pref = 100 + pick(2);
      candidates.push_back(r);
    }
    DecisionOptions options;
    options.maximum_paths = 1 + pick(4);
    options.multipath_relax = pick(2) == 0;
    const auto peers_of = [&](const Decision& decision) {
      std::vector<std::optional<PeerId>> peers{candidates[*decision.best].peer};
      std::vector<std::optional<PeerId>> members;
      for (const size_t i : decision.multipath) members.push_back(candidates[i].peer);
      std::ranges::sort(members);
      peers.insert(peers.end(), members.begin(), members.end());
      return peers;
    };
    const auto expected = peers_of(decide(candidates, options));
    for (int shuffle = 0; shuffle < 5; ++shuffle) {
      std::ranges::shuffle(candidates, random);
      EXPECT_EQ(peers_of(decide(candidates, options)), expected);
    }
  }
}

}  // namespace
}  // namespace skyhop::bgp
