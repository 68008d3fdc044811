// Aviatrix networks beside the first lab: peering, tunnels, active-standby, polling, stops, what
// somebody sees, translation; each by its rule.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "control/emulator/alerts.h"
#include "control/emulator/timeline.h"
#include "control/lab/terraform/import.h"
#include "tests/lab/aviatrix_lab.h"

namespace skyhop {
namespace {

// ---- transit peering ----------------------------------------------------------------------------

TEST(Peering, WithoutMultiTierATransitTellsOnlyWhatIsItsOwn) {
  const auto live = changed("transit-peering",
                            "aviatrix_transit_gateway: {middle: {enable_multi_tier_transit: "
                            "false}}\n");
  EXPECT_EQ(live->as_path("middle", "10.3.10.0/24"), "65003");
  EXPECT_EQ(live->as_path("west", "10.3.10.0/24"), "no route");
  EXPECT_FALSE(live->trace("west-vm", "east-vm").reachable());
}

TEST(Peering, V37_ATransitPrefersTheShorterAsPathOverAPeersOrItsOwnLearnedRoute) {
  // east is learned twice: from a peered transit, and over BGP from a data centre with a path that
  // is longer, then shorter.
  const std::string triangle = R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false}
  peer: {cidr: 10.3.0.0/23, local_as_number: 65003, ha_gw: false}
  dc: {cidr: 10.9.0.0/23, local_as_number: 65009, ha_gw: false}
aviatrix_spoke_gateway:
  far: {cidr: 10.3.10.0/24, transit_gw: peer}
  app: {cidr: 10.1.10.0/24, transit_gw: hub}
aviatrix_transit_external_device_conn:
  hub-to-dc: {gw_name: hub, bgp_remote_as_num: 65009, remote_gateway_ip: dc, local_tunnel_cidr: 169.254.31.1/30, remote_tunnel_cidr: 169.254.31.2/30}
  dc-to-hub:
    gw_name: dc
    bgp_remote_as_num: 65001
    remote_gateway_ip: hub
    local_tunnel_cidr: 169.254.31.2/30
    remote_tunnel_cidr: 169.254.31.1/30
    manual_bgp_advertised_cidrs: [10.3.10.0/24]
)";
  const auto shorter = live_text(triangle +
                                 "    prepend_as_path: [65009]\n"
                                 "aviatrix_transit_gateway_peering:\n"
                                 "  p: {transit_gateway_name1: hub, "
                                 "transit_gateway_name2: peer}\n");
  shorter->converge();
  EXPECT_EQ(shorter->next_hops("hub", "10.3.10.0/24"), NextHops{"peer"});
  EXPECT_EQ(shorter->as_path("hub", "10.3.10.0/24"), "65003");
  const auto longer = live_text(triangle +
                                "aviatrix_transit_gateway_peering:\n"
                                "  p: {transit_gateway_name1: hub, transit_gateway_name2: peer, "
                                "prepend_as_path2: [65003]}\n");
  longer->converge();
  EXPECT_EQ(longer->next_hops("hub", "10.3.10.0/24"), NextHops{"169.254.31.2"});
  EXPECT_EQ(longer->as_path("hub", "10.3.10.0/24"), "65009");
  const auto* entry = longer->table("hub").find(prefix("10.3.10.0/24"));
  ASSERT_FALSE(entry->losers().empty());
  EXPECT_NE(entry->losers().front().reason.find("longer AS_PATH"), std::string::npos);
}

TEST(Peering, ASpokeOfTwoTransitsUsesTheBetterOneAndBothWithEcmp) {
  const std::string two = R"(
aviatrix_transit_gateway:
  a: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false}
  b: {cidr: 10.2.0.0/23, local_as_number: 65002, ha_gw: false}
aviatrix_spoke_transit_attachment:
  app-a: {spoke_gw_name: app, transit_gw_name: a}
  app-b: {spoke_gw_name: app, transit_gw_name: b}
  far-a: {spoke_gw_name: far, transit_gw_name: a, %}
  far-b: {spoke_gw_name: far, transit_gw_name: b}
aviatrix_spoke_gateway:
  app: {cidr: 10.1.10.0/24}
  far: {cidr: 10.3.10.0/24, local_as_number: 65030}
)";
  const auto with = [&](const std::string& prepend) {
    std::string text = two;
    text.replace(text.find('%'), 1, prepend);
    auto live = live_text(text);
    live->converge();
    return live;
  };
  EXPECT_EQ(with("spoke_prepend_as_path: []")->next_hops("app", "10.3.10.0/24"),
            (NextHops{"a", "b"}));
  // Prepended on the way to a: only b is used.
  EXPECT_EQ(with("spoke_prepend_as_path: [65030, 65030]")->next_hops("app", "10.3.10.0/24"),
            NextHops{"b"});
}

TEST(Peering, V40_ATransitPrependsOnAPeeringOnItsSideOnly) {
  LiveLab live("transit-peering.yaml");
  live.converge();
  EXPECT_EQ(live.as_path("middle", "10.1.10.0/24"), "65001 65001 65001");
  EXPECT_EQ(live.as_path("west", "10.3.10.0/24"), "65002 65003");
}

TEST(Peering, TransitsWithOneAsNumberAreWarnedOf) {
  EXPECT_NE(findings_of("aviatrix_transit_gateway:\n"
                        "  a: {cidr: 10.1.0.0/23, local_as_number: 65001}\n"
                        "  b: {cidr: 10.2.0.0/23, local_as_number: 65001}\n"
                        "aviatrix_transit_gateway_peering:\n"
                        "  p: {transit_gateway_name1: a, transit_gateway_name2: b}\n")
                .find("both transits have AS 65001"),
            std::string::npos);
}

// ---- tunnels ------------------------------------------------------------------------------------

TEST(Hpe, V47_TunnelsOfAGatewayPair) {
  LiveLab live("hpe.yaml");
  const auto count = [&](const std::string& link) {
    return live.network().at(*live.network().find_link(link)).tunnel_count;
  };
  EXPECT_EQ(count("fast - hub"), 8u);  // tunnel_count of the attachment
  EXPECT_EQ(count("fast-hagw - hub-hagw"), 8u);
  EXPECT_EQ(count("plain - hub"), 1u);         // no HPE at one end
  EXPECT_EQ(count("east-spoke - east"), 50u);  // settings.hpe_tunnels
  EXPECT_EQ(count("hub - east"), 4u);          // over the Internet
}

TEST(Hpe, V47_SingleTunnelModeAndWithoutMaxPerformanceThereIsOne) {
  const auto live = live_text(R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, insane_mode: true, ha_gw: false}
  east: {cidr: 10.3.0.0/23, local_as_number: 65003, insane_mode: true, ha_gw: false}
  west: {cidr: 10.4.0.0/23, local_as_number: 65004, insane_mode: true, ha_gw: false}
aviatrix_spoke_gateway:
  fast: {cidr: 10.1.10.0/24, insane_mode: true}
aviatrix_spoke_transit_attachment:
  fast: {spoke_gw_name: fast, transit_gw_name: hub, enable_max_performance: false}
aviatrix_transit_gateway_peering:
  one: {transit_gateway_name1: hub, transit_gateway_name2: east, enable_peering_over_private_network: true, enable_single_tunnel_mode: true}
  many: {transit_gateway_name1: hub, transit_gateway_name2: west, enable_peering_over_private_network: true}
)");
  const auto& network = live->network();
  EXPECT_EQ(network.at(*network.find_link("fast - hub")).tunnel_count, 1u);
  EXPECT_EQ(network.at(*network.find_link("hub - east")).tunnel_count, 1u);
  EXPECT_EQ(network.at(*network.find_link("hub - west")).tunnel_count, 50u);
}

TEST(Hpe, V47_WhatTheControllerRefuses) {
  const std::string base =
      "aviatrix_transit_gateway:\n"
      "  a: {cidr: 10.1.0.0/23, local_as_number: 65001}\n"
      "  b: {cidr: 10.2.0.0/23, local_as_number: 65002}\n"
      "aviatrix_transit_gateway_peering:\n"
      "  p: {transit_gateway_name1: a, transit_gateway_name2: b, ";
  for (const auto* key : {"enable_insane_mode_encryption_over_internet: true",
                          "enable_peering_over_private_network: true", "tunnel_count: 4"}) {
    EXPECT_NE(findings_of(base + key + "}\n").find("insane_mode at both transits [V47]"),
              std::string::npos)
        << key;
  }
  EXPECT_NE(findings_of(base + "enable_single_tunnel_mode: true}\n")
                .find("needs enable_peering_over_private_network"),
            std::string::npos);
}

TEST(Gre, TheControllerRefusesItOnAzure) {
  EXPECT_NE(LiveLab(lab::read_text("lab: t\nextends: gre.yaml\nsettings: {gre_on_azure: false}\n",
                                   std::string(SKYHOP_CONFIGS) + "/t.yaml"))
                .findings()
                .find("makes no GRE tunnels on Azure"),
            std::string::npos);
}

TEST(Gre, ATunnelBetweenPrivateAddressesNeedsThePeeringAndCostsTwentyFourOctets) {
  LiveLab live("gre.yaml");
  const auto& link = live.network().at(*live.network().find_link("hub - dc"));
  EXPECT_EQ(link.encapsulation.fixed_bytes, 24u);
  EXPECT_EQ(link.encapsulation.block, 1u);
  LiveLab cut(
      lab::read_text("lab: t\nextends: gre.yaml\nazurerm_virtual_network_peering:\n"
                     "  hub-to-dc: {allow_virtual_network_access: false}\n",
                     std::string(SKYHOP_CONFIGS) + "/t.yaml"));
  EXPECT_NE(cut.findings().find("VNet hub has no peering to VNet dc"), std::string::npos)
      << cut.findings();
}

TEST(Connections, V11_BgpOverLanNeedsInsaneMode) {
  const auto with = [](const std::string& keys) {
    return findings_of(
        "aviatrix_transit_gateway:\n  a: {cidr: 10.1.0.0/23, local_as_number: 65001, "
        "enable_bgp_over_lan: true, " +
        keys + "}\n");
  };
  EXPECT_NE(with("insane_mode: false").find("BGP over LAN on Azure needs insane_mode [V11]"),
            std::string::npos);
  EXPECT_EQ(with("insane_mode: true").find("V11"), std::string::npos);
}

TEST(Connections, V12_BgpOverLanNeedsBothPeeringsWithForwardedTraffic) {
  for (const auto* peering : {"transit-1-to-vng", "vng-to-spoke"}) {
    const auto live =
        LiveLab::variant(fmt::format("azurerm_virtual_network_peering: {{{}: "
                                     "{{allow_forwarded_traffic: false}}}}\n",
                                     peering));
    EXPECT_FALSE(live->is_valid());
    EXPECT_NE(live->findings().find(fmt::format(
                  "BGP over LAN cannot come up: peering {} has allow_forwarded_traffic off [V12]",
                  peering)),
              std::string::npos)
        << live->findings();
  }
}

TEST(Connections, V13_WithoutBranchToBranchNeitherSideLearnsTheOthersRoutes) {
  LiveLab live("branch-to-branch-off.yaml");
  live.converge();
  EXPECT_EQ(live.as_path("transit-1", "10.0.110.0/24"), "no route");
  EXPECT_EQ(live.as_path("vng-0", "10.0.30.0/24"), "no route");
  EXPECT_EQ(live.as_path("transit-1", "10.0.10.0/24"), "65515");
}

TEST(Connections, ManyOverTheFabricTakeTheirInterfacesInTurn) {
  const auto live =
      LiveLab::variant("aviatrix_transit_gateway: {transit-1: {bgp_lan_interfaces_count: 2}}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  const auto& network = live->network();
  const auto& gateway = network.at(*network.find_gateway("transit-1"));
  ASSERT_EQ(gateway.nics.size(), 3u);  // V5: a /29 for each interface of each gateway
  EXPECT_EQ(network.at(gateway.nics[1]).address, address("10.0.20.68"));
  EXPECT_EQ(network.at(gateway.nics[2]).address, address("10.0.20.76"));
  EXPECT_TRUE(live->converge().converged);
}

TEST(Connections, WithFireNetFiveLanInterfacesAreTheMost) {
  const auto with = [](const std::string& keys) {
    return findings_of(
        "aviatrix_transit_gateway:\n  a: {cidr: 10.1.0.0/23, local_as_number: 65001, insane_mode: "
        "true, enable_bgp_over_lan: true, " +
        keys + "}\n");
  };
  EXPECT_NE(
      with("bgp_lan_interfaces_count: 6, enable_transit_firenet: true").find("6 is not in 1 to 5"),
      std::string::npos);
  EXPECT_EQ(with("bgp_lan_interfaces_count: 6").find("not in 1 to"), std::string::npos);
}

// ---- active-standby -----------------------------------------------------------------------------

TEST(ActiveStandby, V50_PreemptiveGoesBackByItself) {
  const auto live =
      changed("active-standby",
              "aviatrix_transit_gateway: {hub: {enable_active_standby_preemptive: true}}\n");
  const auto wait = [&](int seconds) {
    live->emulation().advance_to(live->emulation().now() + emulator::Seconds(seconds));
  };
  EXPECT_EQ(live->next_hops("dc", "10.1.10.0/24"), NextHops{"169.254.31.1"});
  live->apply({.element = lab::Element::tunnel, .target = "hub - dc"});
  wait(150);
  EXPECT_EQ(live->next_hops("dc", "10.1.10.0/24"), NextHops{"169.254.32.1"});
  live->apply({.element = lab::Element::tunnel, .target = "hub - dc", .up = true});
  wait(150);
  EXPECT_EQ(live->next_hops("dc", "10.1.10.0/24"), NextHops{"169.254.31.1"});
  EXPECT_TRUE(logged(*live, "hub-to-dc", "hub-hagw is active: the active tunnel is down"));
  EXPECT_TRUE(logged(*live, "hub-to-dc", "hub is active: it is back, and preemptive"));
}

TEST(ActiveStandby, V50_ALabMayStartOnTheStandbyGateway) {
  const auto live = changed("active-standby",
                            "aviatrix_transit_external_device_conn: {hub-to-dc: "
                            "{switch_to_ha_standby_gateway: true}}\n");
  EXPECT_EQ(live->next_hops("dc", "10.1.10.0/24"), NextHops{"169.254.32.1"});
  EXPECT_EQ(live->emulation().active_gateway("hub-to-dc"),
            live->network().find_gateway("hub-hagw"));
}

TEST(ActiveStandby, V50_ItIsForOneRemoteGatewayAndATwin) {
  const auto with = [](const std::string& sections) {
    return LiveLab(lab::read_text("lab: t\nextends: active-standby.yaml\nchecks: []\n" + sections,
                                  std::string(SKYHOP_CONFIGS) + "/t.yaml"))
        .findings();
  };
  EXPECT_NE(with("timeline: []\naviatrix_transit_gateway: {hub: {ha_gw: false}}\n")
                .find("hub has no twin to stand by"),
            std::string::npos);
  EXPECT_NE(with("aviatrix_transit_gateway: {dc: {enable_active_standby: true, ha_gw: true}}\n")
                .find("for connections to one remote gateway"),
            std::string::npos);
  EXPECT_NE(with("aviatrix_transit_gateway: {hub: {enable_active_standby_preemptive: true}}\n")
                .find("goes back by itself"),
            std::string::npos);
}

// ---- time ---------------------------------------------------------------------------------------

// V46: with a shorter polling time spokes follow faster.
TEST(Polling, V46_AFasterPollIsSeenSooner) {
  const auto seconds_until_app_knows = [](int polling) {
    const auto live = changed(
        "bgp-spoke",
        fmt::format("aviatrix_spoke_gateway: {{edge: {{bgp_polling_time: {}}}}}\n", polling));
    const auto lists =
        lab::TimelineEvent{.action = lab::SetAdvertisedCidrs{
                               "dc-spoke", {prefix("10.9.10.0/24"), prefix("10.9.77.0/24")}}};
    EXPECT_TRUE(live->emulation().apply(lists));
    const auto start = live->emulation().now();
    for (int s = 1; s <= 120; ++s) {
      live->emulation().advance_to(start + emulator::Seconds(s));
      if (!live->next_hops("app", "10.9.77.0/24").empty()) return s;
    }
    return 1000;
  };
  const int slow = seconds_until_app_knows(50), fast = seconds_until_app_knows(10);
  EXPECT_LE(slow, 51);
  EXPECT_LE(fast, 11);
  EXPECT_LT(fast, slow);
}

TEST(Gateways, AStoppedOneIsStartedAgainByTheController) {
  const auto stop = [](const std::string& sections) {
    auto live = changed("transit-peering", sections);
    EXPECT_TRUE(live->emulation().apply({.action = lab::StopGateway{"middle"}}));
    return live;
  };
  const auto live = stop("");
  const auto middle = *live->network().find_gateway("middle");
  EXPECT_FALSE(live->emulation().is_gateway_up(middle));
  live->emulation().advance_to(live->emulation().now() + emulator::Seconds(179));
  EXPECT_FALSE(live->emulation().is_gateway_up(middle));
  live->emulation().advance_to(live->emulation().now() + emulator::Seconds(120));
  EXPECT_TRUE(live->emulation().is_gateway_up(middle));
  EXPECT_TRUE(live->trace("west-vm", "east-vm").reachable());
  EXPECT_TRUE(logged(*live, "middle", "started again by the controller"));

  const auto soon = stop("settings: {gateway_restart_time: 30s}\n");
  soon->emulation().advance_to(soon->emulation().now() + emulator::Seconds(31));
  EXPECT_TRUE(soon->emulation().is_gateway_up(*soon->network().find_gateway("middle")));

  const auto off = stop("aviatrix_transit_gateway: {middle: {single_az_ha: false}}\n");
  off->emulation().advance_to(off->emulation().now() + emulator::Seconds(1000));
  EXPECT_FALSE(off->emulation().is_gateway_up(*off->network().find_gateway("middle")));
  EXPECT_TRUE(logged(*off, "middle", "stays stopped"));
  EXPECT_EQ(alert_kinds(*off), Kinds{"gateway down: middle"});
}

// ---- visibility ---------------------------------------------------------------------------------

TEST(Activity, EveryChangeHasAnEntry) {
  LiveLab live("spoke2-cidrs.yaml");
  ASSERT_TRUE(emulator::play(live.emulation(), live.lab()));
  EXPECT_TRUE(logged(live, "transit-1 - routerserver-0", "session established"));
  EXPECT_TRUE(logged(live, "spoke2", "advertised CIDRs changed"));
  EXPECT_TRUE(logged(live, "transit-2", "advertises 10.0.120.0/24, 100.64.110.0/24"));
  EXPECT_TRUE(logged(live, "transit-1", "polled: learned"));
  EXPECT_TRUE(logged(live, "spoke1", "programmed with"));
  EXPECT_TRUE(logged(live, "route table spoke1-Public-gateway-subnet-1-rtb",
                     "programmed with 100.64.110.0/24"));
  const auto& log = live.emulation().log();
  EXPECT_TRUE(std::ranges::is_sorted(log, {}, &emulator::LogEntry::at));
}

TEST(Alerts, V55_V10_LimitsHolesAndOverlaps) {
  auto quiet = LiveLab::variant("");
  quiet->converge();
  EXPECT_EQ(alert_kinds(*quiet), Kinds{});

  auto half = LiveLab::variant(
      "aviatrix_transit_external_device_conn:\n"
      "  transit-1-to-routerserver: {enable_bgp_lan_activemesh: false}\n");
  half->converge();
  const auto holes = alert_kinds(*half);
  EXPECT_EQ(std::ranges::count(holes, "partial mesh: transit-1"), 1);
  EXPECT_EQ(std::ranges::count(holes, "partial mesh: transit-1-hagw"), 1);
  EXPECT_EQ(std::ranges::count(holes, "session down: transit-1 - routerserver-1"), 1);

  // 162 of 200 routes towards the VPN gateway, as it was in 2022.
  std::string many =
      "limits: {route_server: seed-2022}\naviatrix_spoke_gateway:\n  spoke1:\n"
      "    included_advertised_spoke_routes:\n      - 10.0.30.0/24\n";
  for (int i = 0; i < 161; ++i) many += fmt::format("      - 172.20.0.{}/32\n", i);
  auto near = LiveLab::variant(many);
  near->converge();
  const auto near_kinds = alert_kinds(*near);
  EXPECT_EQ(std::ranges::count(near_kinds, "near limit: vng-0"), 2);  // from either instance

  auto full = LiveLab::variant("limits: {route_server_routes: 3}\n");
  full->converge();
  EXPECT_EQ(std::ranges::count(alert_kinds(*full), "limit reached: routerserver"), 1);

  auto overlap = LiveLab::variant(
      "aviatrix_spoke_gateway:\n  spoke2:\n    included_advertised_spoke_routes: "
      "[10.0.110.0/24, 10.0.30.128/25]\n");
  overlap->converge();
  const auto kinds = alert_kinds(*overlap);
  EXPECT_EQ(std::ranges::count(kinds, "overlap: transit-1"), 2);  // from either instance
}

TEST(Bgp, V56_ASessionNamesBothEndsItsConnectionAndWhatIsToldAndLearned) {
  LiveLab live("ars-multipeer.yaml");
  live.converge();
  const auto id = *live.network().find_session("transit-1 - routerserver-0");
  const auto& session = live.network().at(id);
  EXPECT_EQ(session.a.local_asn, 65020u);
  EXPECT_EQ(session.a.expected_peer_asn, 65515u);
  EXPECT_EQ(session.a.address, address("10.0.20.68"));
  EXPECT_EQ(session.b.address, address("10.0.10.4"));
  EXPECT_EQ(session.a.connection, "transit-1-to-routerserver");
  EXPECT_EQ(live.session(session.name), "Established");
  const auto end = live.emulation().session_peer(id, true);
  const auto learned = end.speaker->learned(end.peer);
  const auto advertised = end.speaker->advertised(end.peer);
  EXPECT_TRUE(std::ranges::any_of(
      learned, [](const auto& route) { return route.prefix.ipv4() == prefix("10.0.110.0/24"); }));
  ASSERT_EQ(advertised.size(), 1u);
  EXPECT_EQ(advertised[0].prefix.ipv4(), prefix("10.0.30.0/24"));
}

// ---- import -------------------------------------------------------------------------------------

// V1: what is imported from the first lab's plan is the first lab: every promise of its own checks
// holds, those of its golden tables among them.
TEST(Import, V1_TheImportedFirstLabConvergesToTheSameTables) {
  std::ifstream file(std::string(SKYHOP_TERRAFORM) + "/ars-multipeer.plan.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto imported = lab::terraform::import_terraform(text, "imported");
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_TRUE(imported->notes.empty()) << imported->notes.front();
  LiveLab live(lab::read_text(imported->yaml, "imported.yaml"));
  ASSERT_TRUE(live.is_valid()) << live.findings() << imported->yaml;
  EXPECT_EQ(live.network().vnets.size(), 5u);
  EXPECT_TRUE(live.converge().converged);
  LiveLab written("ars-multipeer.yaml");
  written.converge();
  for (const lab::Check& check : written.lab().checks) {
    const auto result = emulator::evaluate(live.emulation(), check);
    EXPECT_TRUE(result.passed) << result.name << ": " << result.detail;
  }
  for (const auto& router : written.network().routers) {
    const auto id = live.network().find_router(router.name);
    ASSERT_TRUE(id) << router.name;
    const auto& expected = written.table(router.name).entries();
    const auto& found = live.emulation().table(*id).entries();
    ASSERT_EQ(found.size(), expected.size()) << router.name;
    for (const auto& [prefix, entry] : expected) {
      ASSERT_TRUE(found.contains(prefix)) << router.name << " " << prefix.to_string();
      const auto* best = entry.best();
      const auto* other = found.at(prefix).best();
      ASSERT_EQ(best == nullptr, other == nullptr);
      if (best != nullptr) {
        EXPECT_EQ(best->description, other->description) << router.name;
      }
    }
  }
}

// ---- translation --------------------------------------------------------------------------------

TEST(Nat, ATraceTellsWhatIsTranslatedAndTheReplyGoesBack) {
  LiveLab live("snat.yaml");
  live.converge();
  const auto trace = live.trace("app-vm", "east-vm", 6, 40000, 80);
  EXPECT_TRUE(trace.reachable()) << trace.forward.verdict;
  EXPECT_EQ(trace.forward.arrives.source, address("100.64.1.1"));
  const auto hop = std::ranges::find_if(trace.forward.hops, [](const emulator::TraceHop& each) {
    return !each.translations.empty();
  });
  ASSERT_NE(hop, trace.forward.hops.end());
  EXPECT_EQ(hop->router, "app");
  EXPECT_EQ(hop->translations.front(),
            "source 10.1.10.5:40000 -> 100.64.1.1:40000 at app "
            "(aviatrix_gateway_snat.app.snat_policy[0])");
  ASSERT_TRUE(trace.back);
  EXPECT_EQ(trace.back->flow.destination, address("100.64.1.1"));
  EXPECT_EQ(trace.back->arrives.destination, address("10.1.10.5"));
}

TEST(Nat, SingleIpSnatSendsPrivateSubnetsToTheInternetByTheGateway) {
  const auto live = live_text(R"(
aviatrix_transit_gateway:
  hub: {cidr: 10.1.0.0/23, local_as_number: 65001, ha_gw: false}
aviatrix_spoke_gateway:
  app: {cidr: 10.1.10.0/24, transit_gw: hub, single_ip_snat: true}
  far: {cidr: 10.1.20.0/24, transit_gw: hub}
azurerm_linux_virtual_machine:
  vm: {virtual_network_name: app, subnet: app-Private-subnet-1}
  far-vm: {virtual_network_name: far}
)");
  live->converge();
  const auto out = live->trace("vm", "8.8.8.8", 6, 40000, 443);
  EXPECT_EQ(out.forward.arrives.source, address("10.1.10.4"));
  EXPECT_TRUE(out.forward.crosses("app"));
  const auto inside = live->trace("vm", "far-vm", 6, 40000, 443);
  EXPECT_TRUE(inside.reachable()) << inside.forward.verdict;
  EXPECT_EQ(inside.forward.arrives.source, inside.forward.flow.source);  // spokes know the way back
}

TEST(Nat, WhatTheControllerRefuses) {
  const auto with = [](const std::string& policy) {
    return LiveLab(lab::read_text("lab: t\nextends: snat.yaml\nchecks: []\naviatrix_gateway_snat:\n"
                                  "  app: {gw_name: app, snat_policy: [" +
                                      policy + "]}\n",
                                  std::string(SKYHOP_CONFIGS) + "/t.yaml"))
        .findings();
  };
  EXPECT_NE(with("{snat_ips: nowhere}").find("neither an address nor a range"), std::string::npos);
  EXPECT_NE(with("{snat_ips: 0.0.0.0-255.255.255.255}").find("a range of at most 256 addresses"),
            std::string::npos);
  EXPECT_NE(with("{snat_ips: 100.64.1.1, src_port: 80}").find("ports need protocol"),
            std::string::npos);
  EXPECT_NE(with("{snat_ips: 100.64.1.1, connection: east}").find("has nothing by the name east"),
            std::string::npos);
  EXPECT_NE(
      with("{snat_ips: 100.64.1.1, connection: hub, interface: eth0}").find("exclude each other"),
      std::string::npos);
}

}  // namespace
}  // namespace skyhop
