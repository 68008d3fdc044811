// How routes travel through speakers: what is accepted, what is passed on, and how it changes.
#include <gtest/gtest.h>

#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

PathAttributes with_communities(std::vector<Community> communities) {
  PathAttributes attributes;
  attributes.communities = std::move(communities);
  return attributes;
}

TEST(Routes, EbgpPrependsAndSetsTheNextHop) {
  Pair scene;
  scene.add(3, 65100);
  scene.join(1, 2);
  scene.join(2, 3);
  scene.start();
  PathAttributes attributes;
  attributes.med = 70;
  attributes.communities = {0xFFEB0001, 0xFFEB2710};
  attributes.large_communities = {{1, 2, 3}};
  attributes.extended_communities = {0x0002FFEB00000064};
  scene.at(1).originate(prefix("10.0.30.0/24"), attributes);
  scene.settle();

  const auto at_two = scene.at(2).best(prefix("10.0.30.0/24"));
  ASSERT_TRUE(at_two.has_value());
  EXPECT_EQ(at_two->paths[0].attributes->as_path.to_string(), "65020");
  EXPECT_EQ(at_two->paths[0].attributes->med, 70u);
  const auto at_three = scene.at(3).best(prefix("10.0.30.0/24"));
  ASSERT_TRUE(at_three.has_value());
  const PathAttributes& seen = *at_three->paths[0].attributes;
  EXPECT_EQ(seen.as_path.to_string(), "65515 65020");
  EXPECT_EQ(seen.next_hop, Scene::address(2));
  EXPECT_EQ(seen.med, std::nullopt);  // RFC 4271 5.1.4
  EXPECT_EQ(seen.local_pref, std::nullopt);
  // A29: communities of all three kinds as they were
  EXPECT_EQ(seen.communities, attributes.communities);
  EXPECT_EQ(seen.large_communities, attributes.large_communities);
  EXPECT_EQ(seen.extended_communities, attributes.extended_communities);
}

TEST(Routes, A33_IbgpKeepsPathAndNextHop) {
  Pair scene;
  scene.add(3, 65515);
  scene.join(1, 2);
  scene.join(2, 3);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  const auto best = scene.at(3).best(prefix("10.0.30.0/24"));
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->paths[0].attributes->as_path.to_string(), "65020");
  EXPECT_EQ(best->paths[0].attributes->next_hop, Scene::address(1));
  EXPECT_EQ(best->paths[0].attributes->local_pref, kDefaultLocalPref);
}

TEST(Routes, A47_NextHopSelfOnIbgp) {
  Scene scene;
  scene.add(1, 65100);
  scene.add(2, 65515);
  scene.add(3, 65515);
  scene.join(1, 2);
  scene.join(2, 3, [](PeerConfig& peer) { peer.next_hop = NextHopMode::self; }, untuned);
  scene.start();
  scene.at(1).originate(prefix("10.0.110.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.at(3).best(prefix("10.0.110.0/24"))->paths[0].attributes->next_hop,
            Scene::address(2));
}

TEST(Routes, InternalRoutesAreNotTaughtToInternalPeers) {
  Scene scene;
  for (uint8_t n = 1; n <= 3; ++n) scene.add(n, 65515);
  scene.join(1, 2);
  scene.join(2, 3);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(2, "10.0.30.0/24"), "");
  EXPECT_EQ(scene.path(3, "10.0.30.0/24"), "none");
  EXPECT_EQ(scene.at(2).explain_export(scene.peer(2, 3), prefix("10.0.30.0/24")).rule,
            "RFC 4271 9.2");
}

TEST(Routes, A35_NothingGoesBackToWhereItCameFrom) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_TRUE(scene.at(2).advertised(scene.peer(2, 1)).empty());
  EXPECT_EQ(scene.status(1, 2).counters.updates_in, 0u);
}

TEST(Routes, A19_OwnAsInThePathIsKeptButNotUsed) {
  Scene scene;
  scene.add(1, 65515);
  scene.add(2, 65020);
  scene.add(3, 65515);
  scene.join(1, 2);
  scene.join(2, 3);
  scene.start();
  scene.at(1).originate(prefix("10.0.10.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.0.10.0/24"), "none");
  const auto learned = scene.at(3).learned(scene.peer(3, 2));
  ASSERT_EQ(learned.size(), 1u);
  EXPECT_EQ(learned[0].accepted, nullptr);
  EXPECT_EQ(learned[0].rule, "RFC 4271 9.1.2");
  EXPECT_EQ(learned[0].reason, "AS_PATH holds our AS 65515");
  EXPECT_EQ(scene.status(3, 2).prefixes_received, 1u);
  EXPECT_EQ(scene.status(3, 2).prefixes_accepted, 0u);
}

TEST(Routes, AllowAsInLetsItPass) {
  Scene scene;
  scene.add(1, 65515);
  scene.add(2, 65020);
  scene.add(3, 65515);
  scene.join(1, 2);
  scene.join(2, 3, untuned, [](PeerConfig& peer) { peer.allow_as_in = 1; });
  scene.start();
  scene.at(1).originate(prefix("10.0.10.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.0.10.0/24"), "65020 65515");
}

TEST(Routes, WithdrawalsTravelAsFarAsTheRoute) {
  Scene scene;
  for (uint8_t n = 1; n <= 4; ++n) scene.add(n, 65000 + n);
  for (uint8_t n = 1; n < 4; ++n) scene.join(n, static_cast<uint8_t>(n + 1));
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(4, "10.0.30.0/24"), "65003 65002 65001");
  scene.at(1).withdraw_originated(prefix("10.0.30.0/24"));
  scene.settle();
  for (uint8_t n = 1; n <= 4; ++n) EXPECT_EQ(scene.path(n, "10.0.30.0/24"), "none");
  EXPECT_TRUE(scene.at(3).advertised(scene.peer(3, 4)).empty());
}

TEST(Routes, A28_NoAdvertiseIsUsedButTaughtToNobody) {
  Pair scene;
  scene.add(3, 65515);
  scene.add(4, 65030);
  for (const uint8_t n : {uint8_t{1}, uint8_t{3}, uint8_t{4}}) scene.join(2, n);
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/24"), {});
  scene.settle();
  // Only the middle one is asked: the first must send it first.
  scene.at(1).withdraw_originated(prefix("10.1.0.0/24"));
  scene.at(1).set_export_policy(scene.peer(1, 2), [](const RouteView& route) {
    PathAttributes changed = route.attributes;
    changed.communities = {kNoAdvertise};
    return PolicyVerdict::change(changed, "test", "marked");
  });
  scene.at(1).originate(prefix("10.1.0.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(2, "10.1.0.0/24"), "65020");
  EXPECT_EQ(scene.path(3, "10.1.0.0/24"), "none");
  EXPECT_EQ(scene.path(4, "10.1.0.0/24"), "none");
  EXPECT_EQ(scene.at(2).explain_export(scene.peer(2, 4), prefix("10.1.0.0/24")).rule, "RFC 1997");
}

TEST(Routes, NoExportStaysInsideTheAs) {
  Scene scene;
  scene.add(2, 65515);
  scene.add(3, 65515);
  scene.add(4, 65030);
  scene.join(2, 3);
  scene.join(2, 4);
  scene.start();
  scene.at(2).originate(prefix("10.1.0.0/24"), with_communities({kNoExport}));
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.1.0.0/24"), "");
  EXPECT_EQ(scene.path(4, "10.1.0.0/24"), "none");
}

TEST(Routes, ImportPolicyRejectsChangesAndIsTakenBack) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 10);
  scene.settle();
  size_t batches = 0;
  scene.at(2).on_best_change([&](std::span<const Prefix> changed) {
    ++batches;
    EXPECT_EQ(changed.size(), batches == 1 ? 5u : 10u);
  });
  const PeerId peer = scene.peer(2, 1);
  scene.at(2).set_import_policy(peer, [](const RouteView& route) {
    EXPECT_EQ(route.group, "group-1");
    EXPECT_TRUE(route.is_ebgp);
    if (route.prefix < nth_prefix(5)) return PolicyVerdict::reject("A20", "inside the VNet");
    return PolicyVerdict::accept();
  });
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 5u);
  const auto rejected = scene.at(2).learned(peer, nth_prefix(3));
  ASSERT_TRUE(rejected.has_value());
  EXPECT_EQ(rejected->rule, "A20");
  EXPECT_EQ(rejected->reason, "inside the VNet");
  EXPECT_NE(rejected->received, nullptr);
  scene.at(2).set_import_policy(peer, [](const RouteView& route) {
    PathAttributes changed = route.attributes;
    changed.local_pref = 300;
    return PolicyVerdict::change(changed, "test", "preferred");
  });
  scene.settle();
  EXPECT_EQ(scene.at(2).best(nth_prefix(3))->paths[0].attributes->local_pref, 300u);
  EXPECT_EQ(batches, 2u);
  EXPECT_EQ(scene.status(2, 1).counters.established, 1u);
}

TEST(Routes, ExportPolicyIsSoftAndSendsOnlyTheDifference) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 10);
  scene.settle();
  bool open = false;
  scene.at(1).set_export_policy(scene.peer(1, 2), [&open](const RouteView& route) {
    EXPECT_TRUE(route.is_local);
    return open || route.prefix == nth_prefix(0) ? PolicyVerdict::accept()
                                                 : PolicyVerdict::reject("test", "closed");
  });
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 1u);
  open = true;
  const uint64_t updates = scene.status(1, 2).counters.updates_out;
  scene.at(1).reevaluate_export(scene.peer(1, 2));
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 10u);
  EXPECT_EQ(scene.status(1, 2).counters.updates_out, updates + 1);
}

TEST(Routes, A10_RouteRefreshSendsEverythingAgain) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 10);
  scene.settle();
  const uint64_t updates = scene.status(1, 2).counters.updates_out;
  EXPECT_EQ(scene.at(2).request_refresh(scene.peer(2, 1)), Speaker::RefreshOutcome::sent);
  scene.settle();
  EXPECT_EQ(scene.status(1, 2).counters.updates_out, updates + 1);
  EXPECT_EQ(scene.status(1, 2).counters.refreshes_in, 1u);
  EXPECT_EQ(scene.at(2).best_count(), 10u);
}

TEST(Routes, FourOctetAsSurvivesATwoOctetSpeaker) {
  Scene scene;
  scene.add(1, 4200000001);
  scene.add(2, 65515);
  scene.add(3, 65100);
  const auto two_octets = [](PeerConfig& peer) { peer.four_octet_as = false; };
  const auto as_trans = [](PeerConfig& peer) {
    peer.four_octet_as = false;
    peer.remote_asn = kAsTrans;
    peer.enforce_first_as = false;
  };
  scene.join(1, 2, untuned, as_trans);
  scene.join(2, 3, two_octets, untuned);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_FALSE(scene.status(2, 1).four_octet_as);
  EXPECT_EQ(scene.path(2, "10.0.30.0/24"), "4200000001");
  EXPECT_EQ(scene.path(3, "10.0.30.0/24"), "65515 4200000001");
}

TEST(Routes, Rfc7947_TransparencyKeepsPathAndNextHop) {
  Pair scene;
  scene.add(3, 65100);
  scene.join(1, 2);
  scene.join(
      2, 3,
      [](PeerConfig& peer) {
        peer.prepend_own_as = false;
        peer.next_hop = NextHopMode::unchanged;
      },
      [](PeerConfig& peer) { peer.enforce_first_as = false; });
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.0.30.0/24"), "65020");
  EXPECT_EQ(scene.at(3).best(prefix("10.0.30.0/24"))->paths[0].attributes->next_hop,
            Scene::address(1));
}

TEST(Routes, FirstAsMustBeThePeers) {
  Pair scene;
  scene.join(1, 2, [](PeerConfig& peer) { peer.prepend_own_as = false; }, untuned);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  EXPECT_EQ(scene.path(2, "10.0.30.0/24"), "none");
  EXPECT_EQ(scene.at(2).learned(scene.peer(2, 1))[0].rule, "RFC 4271 6.3");
}

TEST(Routes, A23_EcmpOverNeighboursOfDifferentAs) {
  Scene scene;
  DecisionOptions cloud;
  cloud.maximum_paths = 8;
  cloud.multipath_relax = true;
  cloud.multipath_through = Step::as_path_length;
  scene.add(1, 65515, cloud);
  for (uint8_t n = 2; n < 10; ++n) {
    scene.add(n, 65000u + n);
    scene.join(1, n);
    scene.at(n).originate(prefix("10.0.30.0/24"), {});
  }
  scene.converge();
  EXPECT_EQ(scene.at(1).best(prefix("10.0.30.0/24"))->paths.size(), 8u);
  EXPECT_EQ(scene.at(1).explain(prefix("10.0.30.0/24")).size(), 8u);
  scene.at(5).stop();
  scene.settle();
  EXPECT_EQ(scene.at(1).best(prefix("10.0.30.0/24"))->paths.size(), 7u);
}

TEST(Routes, LosersKeepTheStepAndTheReason) {
  Scene scene;
  scene.add(1, 65515);
  scene.add(2, 65020);
  scene.add(3, 65030);
  scene.join(1, 2);
  scene.join(1, 3);
  scene.start();
  scene.at(2).originate(prefix("10.0.30.0/24"), {});
  PathAttributes longer;
  longer.as_path = AsPath::sequence({65031, 65032});
  scene.at(3).originate(prefix("10.0.30.0/24"), longer);
  scene.settle();
  const auto all = scene.at(1).explain(prefix("10.0.30.0/24"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].standing, Standing::best);
  EXPECT_EQ(all[1].lost_at, Step::as_path_length);
  EXPECT_EQ(all[1].reason, "longer AS_PATH: 3 against 1");
  // The best is taught to the other, who finds its own shorter.
  EXPECT_EQ(scene.path(3, "10.0.30.0/24"), "65031 65032");
}

TEST(Routes, ADecisionCanBeTakenAgain) {
  Scene scene;
  bool is_reachable = true;
  DecisionOptions options;
  options.igp_metric = [&](Ipv4Address) -> std::optional<uint32_t> {
    return is_reachable ? std::optional<uint32_t>(1) : std::nullopt;
  };
  scene.add(1, 65020);
  scene.add(2, 65515, options);
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 3);
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 3u);
  is_reachable = false;
  scene.at(2).reevaluate_decision();
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 0u);
}

TEST(Routes, ARemovedPeerLeavesNothing) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.originate(1, 3);
  scene.settle();
  scene.at(2).remove_peer(scene.peer(2, 1));
  scene.settle();
  EXPECT_EQ(scene.at(2).best_count(), 0u);
  EXPECT_TRUE(scene.at(2).peers().empty());
  EXPECT_EQ(scene.status(1, 2).last_notification_in, Notification(CeaseSubcode::peer_deconfigured));
}

TEST(Routes, ATableIsPackedIntoFewUpdates) {
  Pair scene;
  scene.join(1, 2);
  scene.originate(1, 5000);
  scene.converge();
  EXPECT_EQ(scene.at(2).best_count(), 5000u);
  EXPECT_LE(scene.status(1, 2).counters.updates_out, 5u);
}

TEST(Routes, AttributesThatNoMessageHoldsAreNotSent) {
  Pair scene;
  scene.join(1, 2);
  scene.start();
  scene.at(1).originate(prefix("10.0.30.0/24"), {});
  scene.settle();
  PathAttributes huge;
  for (Community i = 0; i < 1100; ++i) huge.communities.push_back(i);
  scene.at(1).originate(prefix("10.0.30.0/24"), huge);
  scene.settle();
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(scene.path(2, "10.0.30.0/24"), "none");
}

}  // namespace
}  // namespace skyhop::bgp
