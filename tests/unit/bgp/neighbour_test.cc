// The switches of a neighbour, each between two or three speakers in virtual time.
#include <gtest/gtest.h>

#include "control/bgp/policy/community_pattern.h"
#include "tests/unit/bgp/raw_peer.h"

namespace skyhop::bgp {
namespace {

using namespace test;
using enum SessionState;

Ipv6Prefix ipv6(const char* text) { return *Ipv6Prefix::parse(text); }
Ipv6Address ipv6_address(uint8_t n) { return {0x20010DB8'00000000, n}; }

// ---- Address families (RFC 4760, 2545, 8950) ----------------------------------------------------

void both_families(PeerConfig& config) { config.families = {kIpv4Unicast, kIpv6Unicast}; }

TEST(AddressFamilies, Rfc4760_Ipv6RoutesOverAnIpv4Session) {
  Pair scene;
  scene.add(3, 65100);
  scene.join(1, 2, both_families, both_families);
  scene.join(2, 3, both_families, untuned);
  scene.start();
  scene.at(1).originate(ipv6("2001:db8:1::/48"), {});
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  scene.settle();
  const auto route = scene.at(2).best(ipv6("2001:db8:1::/48"));
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->paths[0].attributes->as_path.to_string(), "65020");
  EXPECT_EQ(route->paths[0].attributes->ipv6_next_hop->global.to_string(), "::ffff:10.255.0.1");
  EXPECT_EQ(scene.path(2, "10.1.0.0/16"), "65020");
  // Whoever did not agree is told the other family alone.
  EXPECT_EQ(scene.at(3).best_count(), 1u);
  scene.at(1).withdraw_originated(ipv6("2001:db8:1::/48"));
  scene.settle();
  EXPECT_FALSE(scene.at(2).best(ipv6("2001:db8:1::/48")).has_value());
  EXPECT_EQ(scene.path(2, "10.1.0.0/16"), "65020");
}

void over_ipv6(PeerConfig& config) {
  const auto host = [](const IpAddress& address) {
    return ipv6_address(static_cast<uint8_t>(address.ipv4().value()));
  };
  config.local_address = host(config.local_address);
  config.remote_address = host(config.remote_address);
  both_families(config);
}

TEST(AddressFamilies, Rfc2545_BothFamiliesOverAnIpv6Session) {
  Pair scene;
  scene.join(1, 2, over_ipv6, [](PeerConfig& config) {
    over_ipv6(config);
    config.own_ipv4 = Ipv4Address(10, 255, 0, 2);
  });
  scene.start();
  scene.at(2).originate(ipv6("2001:db8:1::/48"), {});
  scene.at(2).originate(prefix("10.1.0.0/16"), {});
  scene.settle();
  const auto ipv6_route = scene.at(1).best(ipv6("2001:db8:1::/48"));
  ASSERT_TRUE(ipv6_route.has_value());
  EXPECT_EQ(ipv6_route->paths[0].attributes->ipv6_next_hop->global, ipv6_address(2));
  const auto ipv4_route = scene.at(1).best(prefix("10.1.0.0/16"));
  ASSERT_TRUE(ipv4_route.has_value());
  EXPECT_EQ(ipv4_route->paths[0].attributes->next_hop, Ipv4Address(10, 255, 0, 2));
}

TEST(AddressFamilies, Rfc8950_Ipv4RoutesWithAnIpv6NextHop) {
  for (const bool both : {true, false}) {
    Pair scene;
    const auto tune = [](bool offers) {
      return [offers](PeerConfig& config) {
        over_ipv6(config);
        config.ipv6_next_hops = offers;
      };
    };
    scene.join(1, 2, tune(true), tune(both));
    scene.start();
    scene.at(2).originate(prefix("10.1.0.0/16"), {});
    scene.settle();
    const auto route = scene.at(1).best(prefix("10.1.0.0/16"));
    ASSERT_TRUE(route.has_value());
    EXPECT_EQ(route->paths[0].attributes->ipv6_next_hop.has_value(), both);
    EXPECT_EQ(route->paths[0].attributes->next_hop, both ? Ipv4Address() : Scene::address(2));
    scene.at(2).withdraw_originated(prefix("10.1.0.0/16"));
    scene.settle();
    EXPECT_EQ(scene.at(1).best_count(), 0u);
  }
}

// ---- Capabilities -------------------------------------------------------------------------------

TEST(Capabilities, WhatBothHaveIsAgreedOn) {
  Pair scene;
  const auto everything = [](PeerConfig& config) {
    both_families(config);
    config.enhanced_route_refresh = true;
    config.extended_messages = true;
    config.add_path = {true, 2};
    config.graceful_restart.mode = GracefulRestartConfig::Mode::full;
    config.graceful_restart.long_lived_stale_time = seconds(3600);
  };
  scene.join(1, 2, everything, [&](PeerConfig& config) {
    everything(config);
    config.families = {kIpv4Unicast};
    config.add_path.send = 0;
  });
  scene.converge();
  EXPECT_EQ(scene.status(1, 2).agreed,
            (std::vector<std::string>{
                "IPv4 unicast", "add-path send IPv4 unicast", "4-octet AS", "route refresh",
                "enhanced route refresh", "extended messages",
                "graceful restart, also after NOTIFICATION", "long-lived graceful restart"}));
  EXPECT_EQ(scene.status(1, 2).received, scene.status(2, 1).offered);
}

// What no device has unless it is said: only this goes out by default.
TEST(Capabilities, ByDefaultAPlainSpeaker) {
  Pair scene;
  scene.join(1, 2);
  scene.converge();
  EXPECT_EQ(describe(*scene.status(1, 2).offered),
            (std::vector<std::string>{"IPv4 unicast", "4-octet AS", "route refresh"}));
}

TEST(Capabilities, Rfc8654_AnUpdateOf60000Octets) {
  for (const bool both : {true, false}) {
    Pair scene;
    const auto extended = [](bool offers) {
      return [offers](PeerConfig& config) { config.extended_messages = offers; };
    };
    scene.join(1, 2, extended(true), extended(both));
    size_t longest = 0;
    scene.at(2).on_message([&](const MessageTrace& message) {
      if (message.direction == MessageDirection::received) {
        longest = std::max(longest, message.octets.size());
      }
    });
    scene.start();
    PathAttributes attributes;
    for (uint32_t i = 0; i < 4990; ++i) attributes.large_communities.push_back({65020, 0, i});
    scene.at(1).originate(prefix("10.1.0.0/16"), attributes);
    scene.originate(1, 3);
    scene.settle();
    EXPECT_EQ(scene.state(1, 2), established);
    // No message of 4,096 octets holds it.
    EXPECT_EQ(scene.path(2, "10.1.0.0/16"), both ? "65020" : "none");
    EXPECT_EQ(scene.at(2).best_count(), both ? 4u : 3u);
    EXPECT_EQ(longest > 59000, both);
  }
}

TEST(Capabilities, Rfc6793_AFourOctetAsBehindATwoOctetPeer) {
  Scene scene;
  scene.add(1, 4200000001);
  scene.add(2, 65515);
  scene.add(3, 65100);
  const auto old = [](PeerConfig& config) {
    config.four_octet_as = false;
    if (config.remote_asn > 0xFFFF) config.remote_asn = kAsTrans;
    config.enforce_first_as = false;
  };
  scene.join(1, 2);
  scene.join(2, 3, untuned, old);
  scene.start();
  PathAttributes attributes;
  attributes.as_path.prepend(4200000009);
  scene.at(1).originate(prefix("10.1.0.0/16"), attributes);
  scene.settle();
  EXPECT_FALSE(scene.status(3, 2).four_octet_as);
  EXPECT_EQ(scene.path(2, "10.1.0.0/16"), "4200000001 4200000009");
  // AS_PATH has AS_TRANS, AS4_PATH the numbers: merged they are the path.
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "65515 4200000001 4200000009");
}

TEST(Capabilities, Rfc5492_APeerThatKnowsNoParametersGetsAPlainOpen) {
  Scene scene;
  scene.add(1, 65020);
  PeerConfig config;
  config.name = "old";
  config.local_address = Scene::address(1);
  config.remote_address = Scene::address(2);
  config.remote_asn = 65515;
  config.passive = true;
  const PeerId id = scene.at(1).add_peer(config);
  scene.start();
  RawPeer first(scene);
  first.send(encode(RawPeer::open()));
  first.send(encode(Notification(OpenError::unsupported_optional_parameter)));
  scene.run(seconds(6));
  RawPeer second(scene);
  second.send(encode(RawPeer::open({})));
  const auto opens = second.received(MessageType::open);
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].size(), 29u);  // no parameters
  second.send(encode_keepalive());
  EXPECT_EQ(scene.at(1).status(id).state, established);
}

// ---- Add-path (RFC 7911) ------------------------------------------------------------------------

TEST(AddPath, SeveralPathsOfOnePeerAreCandidates) {
  Scene scene;
  DecisionOptions options;
  options.maximum_paths = 4;
  options.multipath_relax = true;
  scene.add(1, 65020, options);
  PeerConfig config;
  config.name = "raw";
  config.local_address = Scene::address(1);
  config.remote_address = Scene::address(2);
  config.remote_asn = 65515;
  config.passive = true;
  config.add_path.receive = true;
  scene.at(1).add_peer(config);
  scene.start();
  RawPeer peer(scene);
  Capabilities sends{.four_octet_as = true};
  sends.add_path = {{kIpv4Unicast, false, true}};
  peer.establish(sends);
  peer.announce("00000001 18 0a001e");
  peer.update("", "40 01 01 00 40 02 06 02 01 0000ffeb 40 03 04 0aff0009", "00000002 18 0a001e");
  EXPECT_EQ(scene.at(1).learned(scene.peer(1, 2)).size(), 2u);
  const auto route = scene.at(1).best(prefix("10.0.30.0/24"));
  ASSERT_TRUE(route.has_value());
  EXPECT_EQ(route->paths.size(), 2u);
  // One is withdrawn, the other stays.
  peer.update("00000001 18 0a001e", "", "");
  EXPECT_EQ(scene.at(1).best(prefix("10.0.30.0/24"))->paths[0].attributes->next_hop,
            Scene::address(9));
}

// ---- Roles (RFC 9234) ---------------------------------------------------------------------------

auto with_role(std::optional<Role> role, bool strict = false) {
  return [role, strict](PeerConfig& config) {
    config.role = role;
    config.strict_role = strict;
  };
}

TEST(Roles, Rfc9234_OnlyCounterpartsMeet) {
  const struct {
    std::optional<Role> one;
    std::optional<Role> two;
    bool strict;
    bool meet;
  } cases[] = {{Role::provider, Role::customer, false, true},
               {Role::peer, Role::peer, true, true},
               {Role::route_server, Role::route_server_client, false, true},
               {Role::provider, Role::provider, false, false},
               {Role::customer, Role::peer, false, false},
               {Role::provider, {}, false, true},
               {Role::provider, {}, true, false}};
  for (const auto& [one, two, strict, meet] : cases) {
    Pair scene;
    scene.join(1, 2, with_role(one, strict), with_role(two));
    scene.start();
    scene.run(seconds(3));
    EXPECT_EQ(scene.state(1, 2) == established, meet);
    if (!meet) {
      EXPECT_EQ(scene.status(1, 2).last_notification_out, Notification(OpenError::role_mismatch));
    }
  }
}

TEST(Roles, Rfc9234_ARouteFromAProviderDoesNotGoToAnother) {
  Scene scene;
  for (uint8_t n = 1; n <= 4; ++n) scene.add(n, 65000 + n);
  // 2 has the providers 1 and 3 and the customer 4.
  scene.join(1, 2, with_role(Role::provider), with_role(Role::customer));
  scene.join(3, 2, with_role(Role::provider), with_role(Role::customer));
  scene.join(4, 2, with_role(Role::customer), with_role(Role::provider));
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  scene.settle();
  EXPECT_EQ(scene.at(2).best(prefix("10.1.0.0/16"))->paths[0].attributes->only_to_customer, 65001u);
  EXPECT_EQ(scene.path(4, "10.1.0.0/16"), "65002 65001");
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "none");
  EXPECT_EQ(scene.at(2).explain_export(scene.peer(2, 3), prefix("10.1.0.0/16")).rule, "RFC 9234 5");
}

// ---- Reflection (RFC 4456) ----------------------------------------------------------------------

TEST(Reflection, Rfc4456_ClientsHearOfEachOtherNonClientsDoNot) {
  Scene scene;
  for (uint8_t n = 1; n <= 5; ++n) scene.add(n, 65515);
  const auto client = [](PeerConfig& config) { config.route_reflector_client = true; };
  scene.join(1, 2, client, untuned);
  scene.join(1, 3, client, untuned);
  scene.join(1, 4, untuned, untuned);
  scene.join(1, 5, untuned, untuned);
  scene.start();
  scene.at(2).originate(prefix("10.2.0.0/16"), {});  // of a client: to all
  scene.at(4).originate(prefix("10.4.0.0/16"), {});  // of a non-client: to clients
  scene.settle();
  for (const uint8_t n : {uint8_t{3}, uint8_t{4}, uint8_t{5}}) {
    EXPECT_EQ(scene.path(n, "10.2.0.0/16"), "") << int{n};
  }
  EXPECT_EQ(scene.path(3, "10.4.0.0/16"), "");
  EXPECT_EQ(scene.path(5, "10.4.0.0/16"), "none");
  const auto seen = scene.at(3).best(prefix("10.2.0.0/16"))->paths[0].attributes;
  EXPECT_EQ(seen->originator_id, Scene::address(2));
  EXPECT_EQ(seen->cluster_list, std::vector{Scene::address(1)});
  EXPECT_EQ(seen->next_hop, Scene::address(2));
}

TEST(Reflection, Rfc4456_TwoReflectorsOfOneClusterDoNotLoop) {
  Scene scene;
  for (uint8_t n = 1; n <= 4; ++n) scene.add(n, 65515);
  const auto client = [](PeerConfig& config) { config.route_reflector_client = true; };
  // 1 and 2 reflect for 3 and 4, and for each other.
  for (const uint8_t reflector : {uint8_t{1}, uint8_t{2}}) {
    for (const uint8_t n : {uint8_t{3}, uint8_t{4}}) scene.join(reflector, n, client, untuned);
  }
  scene.join(1, 2, client, client);
  scene.start();
  scene.at(3).originate(prefix("10.3.0.0/16"), {});
  scene.settle();
  EXPECT_EQ(scene.at(4).learned(scene.peer(4, 1)).size(), 1u);
  scene.at(3).withdraw_originated(prefix("10.3.0.0/16"));
  scene.settle();
  for (uint8_t n = 1; n <= 4; ++n) EXPECT_EQ(scene.path(n, "10.3.0.0/16"), "none") << int{n};
}

// ---- Numbers in the path ------------------------------------------------------------------------

TEST(LocalAs, Rfc7705_TheNeighbourMeetsAnotherNumber) {
  Scene scene;
  scene.add(1, 65001);
  scene.add(2, 65002);
  scene.add(3, 65003);
  scene.join(
      1, 2, [](PeerConfig& config) { config.remote_asn = 64999; },
      [](PeerConfig& config) { config.local_as = LocalAs{64999}; });
  scene.join(2, 3);
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  scene.at(3).originate(prefix("10.3.0.0/16"), {});
  scene.settle();
  EXPECT_EQ(scene.state(1, 2), established);
  EXPECT_EQ(scene.status(1, 2).remote_asn, 64999u);
  EXPECT_EQ(scene.path(1, "10.3.0.0/16"), "64999 65002 65003");
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "65002 64999 65001");
}

TEST(AsOverride, LetsARouteBackIntoItsAs) {
  Scene scene;
  scene.add(1, 65001);
  scene.add(2, 65002);
  scene.add(3, 65001);
  scene.join(1, 2);
  scene.join(2, 3, [](PeerConfig& config) { config.as_override = true; }, untuned);
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "65002 65002");
}

TEST(DefaultDeny, Rfc8212_NothingWithoutPolicies) {
  Pair scene;
  scene.join(1, 2, untuned, [](PeerConfig& config) { config.requires_policy = true; });
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  scene.at(2).originate(prefix("10.2.0.0/16"), {});
  scene.settle();
  EXPECT_EQ(scene.path(2, "10.1.0.0/16"), "none");
  EXPECT_EQ(scene.path(1, "10.2.0.0/16"), "none");
  EXPECT_EQ(scene.at(2).learned(scene.peer(2, 1))[0].rule, "RFC 8212");
  scene.at(2).set_import_policy(scene.peer(2, 1),
                                [](const RouteView&) { return PolicyVerdict::accept(); });
  scene.at(2).set_export_policy(scene.peer(2, 1),
                                [](const RouteView&) { return PolicyVerdict::accept(); });
  scene.settle();
  EXPECT_EQ(scene.path(2, "10.1.0.0/16"), "65020");
  EXPECT_EQ(scene.path(1, "10.2.0.0/16"), "65515");
}

TEST(GracefulShutdown, Rfc8326_TrafficLeavesBeforeTheSession) {
  Scene scene;
  for (uint8_t n = 1; n <= 3; ++n) scene.add(n, 65000 + n);
  const auto honours = [](PeerConfig& config) { config.honours_graceful_shutdown = true; };
  scene.join(1, 3, untuned, honours);
  scene.join(2, 3, untuned, honours);
  scene.start();
  scene.at(1).originate(prefix("10.1.0.0/16"), {});
  PathAttributes longer;
  longer.as_path.prepend(64999);
  scene.at(2).originate(prefix("10.1.0.0/16"), longer);
  scene.settle();
  ASSERT_EQ(scene.path(3, "10.1.0.0/16"), "65001");
  scene.at(1).set_graceful_shutdown(scene.peer(1, 3), true);
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "65002 64999");
  scene.at(1).set_graceful_shutdown(scene.peer(1, 3), false);
  scene.settle();
  EXPECT_EQ(scene.path(3, "10.1.0.0/16"), "65001");
}

// ---- Limits -------------------------------------------------------------------------------------

TEST(PrefixLimitActions, DropTakesNoMoreAndWarnOnlyCounts) {
  for (const auto action : {PrefixLimit::Action::drop, PrefixLimit::Action::warn}) {
    Pair scene;
    scene.join(1, 2, untuned, [action](PeerConfig& config) {
      config.prefix_limit = {.maximum = 10, .action = action};
    });
    scene.start();
    scene.originate(1, 15);
    scene.settle();
    const PeerStatus status = scene.status(2, 1);
    EXPECT_EQ(status.state, established);
    const bool drops = action == PrefixLimit::Action::drop;
    EXPECT_EQ(status.prefixes_received, drops ? 10u : 15u);
    EXPECT_EQ(status.counters.dropped_over_limit, drops ? 5u : 0u);
    EXPECT_EQ(status.counters.limit_warnings, 1u);
  }
}

TEST(PrefixLimitActions, TheWarningComesOnceOnEachWayUp) {
  Pair scene;
  scene.join(1, 2, untuned, [](PeerConfig& config) {
    config.prefix_limit = {.maximum = 20, .warn_at_percent = 50};
  });
  scene.start();
  const auto warnings = [&] { return scene.status(2, 1).counters.limit_warnings; };
  scene.originate(1, 9);
  scene.settle();
  EXPECT_EQ(warnings(), 0u);
  scene.originate(1, 12);
  scene.settle();
  EXPECT_EQ(warnings(), 1u);
  for (uint32_t i = 2; i < 12; ++i) scene.at(1).withdraw_originated(nth_prefix(i));
  scene.settle();
  scene.originate(1, 5);
  scene.settle();
  EXPECT_EQ(warnings(), 1u);
  scene.originate(1, 12);
  scene.settle();
  EXPECT_EQ(warnings(), 2u);
}

TEST(PrefixLimitActions, EachFamilyHasItsOwnCount) {
  Pair scene;
  scene.join(1, 2, both_families, [](PeerConfig& config) {
    both_families(config);
    config.prefix_limit.maximum = 3;
  });
  scene.start();
  scene.originate(1, 3);
  for (uint64_t i = 0; i < 3; ++i) {
    scene.at(1).originate(Ipv6Prefix({0x20010DB8'00000000 + (i << 16), 0}, 48), {});
  }
  scene.settle();
  ASSERT_EQ(scene.state(2, 1), established);
  EXPECT_EQ(scene.at(2).best_count(), 6u);
  scene.at(1).originate(ipv6("2001:db8:ff::/48"), {});
  scene.settle();
  EXPECT_NE(scene.state(2, 1), established);
  Notification expected(CeaseSubcode::maximum_prefixes_reached);
  expected.data = hex("0002 01 00000003");
  EXPECT_EQ(scene.status(2, 1).last_notification_out, expected);
}

// ---- Time ---------------------------------------------------------------------------------------

TEST(Damping, EachFallInARowWaitsTwiceAsLong) {
  Scene scene;
  scene.add(1, 65020);
  PeerConfig config;
  config.name = "refuses";
  config.local_address = Scene::address(1);
  config.remote_address = Scene::address(2);
  config.remote_asn = 65515;
  config.idle_hold = seconds(10);
  config.longest_idle_hold = seconds(60);
  const PeerId id = scene.at(1).add_peer(config);
  std::vector<Time> idle;
  scene.at(1).on_session_state([&](PeerId, SessionState, SessionState to, const std::string&) {
    if (to == SessionState::idle) idle.push_back(scene.scheduler().now());
  });
  scene.start();  // nobody listens there: refused at once
  scene.run(seconds(200));
  ASSERT_GE(idle.size(), 6u);
  const auto gap = [&](size_t i) {
    return std::chrono::duration_cast<std::chrono::seconds>(idle[i] - idle[i - 1]).count();
  };
  EXPECT_EQ(gap(1), 10);
  EXPECT_EQ(gap(2), 20);
  EXPECT_EQ(gap(3), 40);
  EXPECT_EQ(gap(4), 60);
  EXPECT_EQ(gap(5), 60);
  EXPECT_EQ(scene.at(1).status(id).counters.established, 0u);
}

TEST(AdvertisementInterval, Rfc4271_9_2_1_1_ChangesWaitForEachOther) {
  Pair scene;
  scene.join(
      1, 2, [](PeerConfig& config) { config.advertisement_interval = seconds(30); }, untuned);
  scene.originate(1, 1);
  scene.converge();
  std::vector<Time> told;
  scene.at(2).on_message([&](const MessageTrace& message) {
    const bool is_update = message.octets[18] == static_cast<uint8_t>(MessageType::update);
    if (message.direction == MessageDirection::received && is_update) told.push_back(message.time);
  });
  for (uint32_t i = 1; i <= 40; ++i) {
    scene.originate(1, 1 + i);
    scene.run(seconds(1));
  }
  scene.run(seconds(60));
  EXPECT_EQ(scene.at(2).best_count(), 41u);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1] - told[0], seconds(30));
}

// ---- Who may come -------------------------------------------------------------------------------

TEST(DynamicNeighbours, WhoeverConnectsFromTheRangeIsAPeer) {
  Scene scene;
  scene.add(1, 65001);
  PeerRange range;
  range.range = Ipv4Prefix(Ipv4Address(10, 255, 0, 0), 24);
  range.peer.name = "dynamic";
  range.peer.local_address = Scene::address(1);
  range.maximum_peers = 2;
  scene.at(1).add_range(range);
  for (uint8_t n = 2; n <= 4; ++n) {
    scene.add(n, 65000 + n);
    PeerConfig config;
    config.name = "r1";
    config.local_address = Scene::address(n);
    config.remote_address = Scene::address(1);
    config.remote_asn = 65001;
    config.connect_retry = seconds(5);
    scene.at(n).add_peer(config);
    scene.at(n).originate(nth_prefix(n), {});
  }
  scene.at(1).start();
  scene.at(2).start();
  scene.at(3).start();
  scene.settle();
  EXPECT_EQ(scene.at(1).best_count(), 2u);
  EXPECT_EQ(scene.at(1).peer_config(scene.peer(1, 2)).name, "dynamic 10.255.0.2");
  EXPECT_EQ(scene.status(1, 3).remote_asn, 65003u);
  // Two are enough, until one has gone.
  scene.at(4).start();
  scene.run(seconds(30));
  EXPECT_EQ(scene.at(1).best_count(), 2u);
  scene.at(2).stop();
  scene.run(seconds(30));
  EXPECT_EQ(scene.at(1).best_count(), 2u);
  EXPECT_FALSE(scene.at(1).find_peer(Scene::address(2)).has_value());
  EXPECT_EQ(scene.state(1, 4), established);
}

TEST(DynamicNeighbours, OthersAreStrangers) {
  Scene scene;
  scene.add(1, 65001);
  scene.add(2, 65002);
  PeerRange range;
  range.range = Ipv4Prefix(Ipv4Address(10, 254, 0, 0), 16);
  range.peer.local_address = Scene::address(1);
  scene.at(1).add_range(range);
  PeerConfig config;
  config.local_address = Scene::address(2);
  config.remote_address = Scene::address(1);
  config.remote_asn = 65001;
  scene.at(2).add_peer(config);
  scene.converge();
  EXPECT_NE(scene.state(2, 1), established);
  EXPECT_TRUE(scene.at(1).peers().empty());
}

TEST(Md5, Rfc2385_OnlyTheRightKeyGetsThrough) {
  const auto key = [](const char* text) {
    return [text](PeerConfig& config) { config.md5_key = text; };
  };
  for (const auto& [one, two, meet] :
       {std::tuple("ours", "ours", true), std::tuple("ours", "", false),
        std::tuple("", "ours", false), std::tuple("ours", "theirs", false)}) {
    Pair scene;
    scene.join(1, 2, key(one), key(two));
    scene.start();
    scene.run(seconds(300));
    EXPECT_EQ(scene.state(1, 2) == established, meet) << one << "/" << two;
  }
}

TEST(Gtsm, Rfc5082_OneHopMeansOneHop) {
  for (const uint8_t hops : {uint8_t{1}, uint8_t{2}}) {
    Scene scene;
    scene.set_hops(hops);
    scene.add(1, 65001);
    scene.add(2, 65002);
    const auto near = [](PeerConfig& config) { config.ttl_security_hops = 1; };
    scene.join(1, 2, near, near);
    scene.start();
    scene.run(seconds(60));
    EXPECT_EQ(scene.state(1, 2) == established, hops == 1);
  }
}

TEST(Collisions, AnEstablishedSessionMayBeReplacedByTheSwitch) {
  Scene scene;
  scene.add(1, 65020);
  PeerConfig config;
  config.name = "raw";
  config.local_address = Scene::address(1);
  config.remote_address = Scene::address(2);
  config.remote_asn = 65515;
  config.passive = true;
  config.collides_when_established = true;
  const PeerId id = scene.at(1).add_peer(config);
  scene.start();
  RawPeer first(scene);
  first.establish();
  ASSERT_EQ(scene.at(1).status(id).state, established);
  // Both connections are the peer's: the older one stays, now after its OPEN was heard.
  RawPeer second(scene);
  second.send(encode(RawPeer::open()));
  EXPECT_EQ(second.last_notification(),
            Notification(CeaseSubcode::connection_collision_resolution));
  EXPECT_EQ(second.received(MessageType::open).size(), 1u);
  EXPECT_EQ(scene.at(1).status(id).state, established);
}

}  // namespace
}  // namespace skyhop::bgp
