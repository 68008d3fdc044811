// What links carry by the sizes of their gateways (A50), and the conditions that a lab gives them.
#include <gtest/gtest.h>

#include <map>

#include "control/cloud/aviatrix/sizes.h"
#include "control/cloud/azure/sku.h"
#include "control/lab/link_conditions.h"
#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

using Strings = std::vector<std::string>;

// Azure's table, as it is published: gbit/s and kpps by algorithm.
struct Row {
  const char* sku;
  const char* generation;
  uint64_t aggregate;
  azure::TunnelRate gcm, aes, des3;
};
constexpr Row kTable[] = {
    {"VpnGw1", "Generation1", 650, {650, 62}, {500, 47}, {130, 12}},
    {"VpnGw2", "Generation1", 1000, {1200, 100}, {650, 61}, {140, 13}},
    {"VpnGw3", "Generation1", 1250, {1250, 120}, {700, 66}, {140, 13}},
    {"VpnGw1AZ", "Generation1", 650, {650, 62}, {500, 47}, {130, 12}},
    {"VpnGw2AZ", "Generation1", 1000, {1200, 110}, {650, 61}, {140, 13}},
    {"VpnGw3AZ", "Generation1", 1250, {1250, 120}, {700, 66}, {140, 13}},
    {"VpnGw2", "Generation2", 1250, {1250, 120}, {550, 52}, {130, 12}},
    {"VpnGw3", "Generation2", 2500, {1500, 140}, {700, 66}, {140, 13}},
    {"VpnGw4", "Generation2", 5000, {2300, 220}, {700, 66}, {140, 13}},
    {"VpnGw5", "Generation2", 10000, {2300, 220}, {700, 66}, {140, 13}},
    {"VpnGw5AZ", "Generation2", 10000, {2300, 220}, {700, 66}, {140, 13}},
};

/// "name bits packets", in the order in which packets meet them.
Strings limits_of(const Network& network, const std::string& channel) {
  const auto channels = network.find_channels(channel);
  EXPECT_EQ(channels.size(), 1u) << channel;
  const Link& link = network.at(channels.at(0).link);
  Strings rows;
  for (const LimitId id : link.directions[link.a == channels[0].from ? 0 : 1].limits) {
    const Limit& limit = network.at(id);
    rows.push_back(limit.name + " " + std::to_string(limit.bits_per_second / 1'000'000) + "M " +
                   std::to_string(limit.packets_per_second / 1000) + "k");
  }
  return rows;
}

const lab::LinkConditions& conditions_of(const Network& network, const std::string& channel) {
  const Channel one = network.find_channels(channel).at(0);
  const Link& link = network.at(one.link);
  return link.directions[link.a == one.from ? 0 : 1].conditions;
}

TEST(LinkLimits, A50_EverySkuCarriesWhatAzurePublishes) {
  const std::pair<const char*, azure::TunnelRate Row::*> columns[] = {
      {"GCMAES256", &Row::gcm}, {"AES256", &Row::aes}, {"DES3", &Row::des3}};
  for (const Row& row : kTable) {
    for (const auto& [encryption, column] : columns) {
      lab::Lab lab = first_lab();
      lab.virtual_network_gateways[0].sku = row.sku;
      lab.virtual_network_gateways[0].generation = row.generation;
      const std::string integrity = encryption[0] == 'G' ? encryption : "SHA256";
      for (auto& each : lab.virtual_network_gateway_connections) {
        each.ipsec_policy = lab::IpsecPolicy{};
        each.ipsec_policy->ipsec_encryption = encryption;
        each.ipsec_policy->ipsec_integrity = integrity;
      }
      auto& ours = connection(lab, "transit-2-to-vng").ipsec_policy;
      ours.ipsec_encryption = encryption;
      ours.ipsec_integrity = integrity;
      // So large that only the VPN gateway is in the way.
      for (auto& transit : lab.transit_gateways) transit.gw_size = "Standard_M128s";
      const auto result = derive(lab);
      ASSERT_FALSE(lab::has_errors(result.diagnostics));
      const std::string sku = row.sku;
      const azure::TunnelRate rate = row.*column;
      // An Aviatrix tunnel carries 1,250 Mbit/s at most.
      const std::string tunnel = rate.mbits_per_second > 1250
                                     ? "Aviatrix tunnel 1250M 0k"
                                     : sku + " tunnel " + std::to_string(rate.mbits_per_second) +
                                           "M " + std::to_string(rate.kilopackets_per_second) + "k";
      const std::string aggregate = std::to_string(row.aggregate) + "M 0k";
      EXPECT_EQ(limits_of(result.network, "vng-0 -> transit-2"),
                (Strings{"vng-0 " + sku + " out " + aggregate, tunnel}));
      EXPECT_EQ(limits_of(result.network, "transit-2 -> vng-0"),
                (Strings{tunnel, "vng-0 " + sku + " in " + aggregate}));
    }
  }
}

TEST(LinkLimits, A50_AllTunnelsOfAnInstanceShareItsAggregate) {
  lab::Lab lab = first_lab();
  // Both gateways of transit-2 to both instances: two tunnels each.
  make_four_tunnels(lab);
  const auto network = derive(lab).network;
  for (const char* way : {"vng-0 -> transit-2", "vng-0 -> transit-2-hagw"}) {
    EXPECT_EQ(limits_of(network, way),
              (Strings{"vng-0 VpnGw2 out 1250M 0k", "VpnGw2 tunnel 550M 52k"}));
  }
  std::map<std::string, std::set<uint32_t>> ids;
  for (const Link& link : network.links) {
    for (const auto& direction : link.directions) {
      for (const LimitId id : direction.limits) ids[network.at(id).name].insert(id.index());
    }
  }
  EXPECT_EQ(ids.at("vng-0 VpnGw2 out").size(), 1u);
  EXPECT_EQ(ids.at("vng-0 VpnGw2 in").size(), 1u);
  // Every tunnel and direction has one of its own.
  EXPECT_EQ(ids.at("VpnGw2 tunnel").size(), 4 * 2u);
}

TEST(LinkLimits, TheFirstLabMeetsThemInThisOrder) {
  const auto network = derive(first_lab()).network;
  EXPECT_EQ(limits_of(network, "spoke1 -> transit-1"),
            (Strings{"spoke1 Standard_B1ms 260M 0k", "Aviatrix tunnel 1250M 0k"}));
  EXPECT_EQ(limits_of(network, "transit-1 -> spoke1"),
            (Strings{"transit-1 Standard_D3_v2 3000M 0k", "Aviatrix tunnel 1250M 0k"}));
  EXPECT_EQ(limits_of(network, "vng-1 -> transit-2-hagw"),
            (Strings{"vng-1 VpnGw2 out 1250M 0k", "VpnGw2 tunnel 550M 52k"}));
  EXPECT_EQ(limits_of(network, "transit-2-hagw -> vng-1"),
            (Strings{"transit-2-hagw Standard_B1ms 260M 0k", "VpnGw2 tunnel 550M 52k",
                     "vng-1 VpnGw2 in 1250M 0k"}));
  // Into Azure's fabric a gateway forwards as everywhere; the fabric itself limits nothing.
  const std::string fabric = "transit-1/av-gw-transit-1-eth1-bgp_lan";
  EXPECT_EQ(limits_of(network, "transit-1 -> " + fabric),
            (Strings{"transit-1 Standard_D3_v2 3000M 0k"}));
  EXPECT_EQ(limits_of(network, fabric + " -> vng-0"), Strings{});
  EXPECT_EQ(limits_of(network, "vng-0 -> vng-1"), Strings{});
}

TEST(LinkLimits, ShapingNoneLimitsNothing) {
  lab::Lab lab = first_lab();
  lab.settings.shaping = "none";
  const auto network = derive(lab).network;
  EXPECT_TRUE(network.limits.empty());
  for (const Link& link : network.links) {
    for (const auto& direction : link.directions) EXPECT_TRUE(direction.limits.empty());
  }
}

TEST(LinkLimits, HpeTunnelsCarryTogetherWhatEachCarries) {
  lab::Lab lab = first_lab();
  named(lab.spoke_gateways, "spoke1").insane_mode = true;
  named(lab.spoke_gateways, "spoke1").gw_size = "Standard_F48s_v2";
  lab.settings.hpe_tunnels = 8;
  const auto network = derive(lab).network;
  EXPECT_EQ(limits_of(network, "spoke1 -> transit-1"),
            (Strings{"spoke1 Standard_F48s_v2 24500M 0k", "8 Aviatrix tunnels 10000M 0k"}));
}

TEST(LinkLimits, AviatrixSizes) {
  const auto mbits = [](const char* size, bool insane) {
    return aviatrix::capacity_of(size, insane).mbits_per_second;
  };
  EXPECT_EQ(mbits("Standard_F48s_v2", true), 24'500u);
  EXPECT_EQ(mbits("Standard_F32s_v2", true), 21'600u);
  EXPECT_EQ(mbits("Standard_D32_v3", true), 20'500u);
  EXPECT_EQ(mbits("Standard_D5_v2", true), 20'600u);
  EXPECT_EQ(mbits("Standard_B1ms", false), 260u);
  EXPECT_EQ(mbits("Standard_B2s", false), 260u);
  EXPECT_EQ(mbits("Standard_D1_v2", false), 480u);
  EXPECT_EQ(mbits("Standard_D5_v2", false), 1'200u);
  EXPECT_EQ(mbits("Standard_F1s", false), 450u);
  EXPECT_EQ(mbits("Standard_F8s_v2", false), 1'200u);
  // What nobody measured is not limited, and says so.
  EXPECT_EQ(mbits("Standard_M128s", false), 0u);
  EXPECT_EQ(mbits("Standard_B1ms", true), 0u);
  EXPECT_EQ(mbits("Standard_", false), 0u);
  EXPECT_EQ(mbits("c5n.4xlarge", true), 0u);
  EXPECT_NE(aviatrix::capacity_of("Standard_M128s", false).reason.find("no figure"),
            std::string::npos);
}

TEST(LinkConditions, HoldForBothDirectionsOrOneAndTheLastOneCounts) {
  lab::Lab lab = first_lab();
  lab.links = {{.link = "vng-0 - transit-2", .delay = lab::Seconds{0.01}},
               {.link = "transit-2 -> vng-0", .loss_percent = lab::Percent{1}},
               {.link = "transit-2 -> vng-0", .delay = lab::Seconds{0.02}}};
  const auto result = derive(lab);
  ASSERT_EQ(findings(result.diagnostics), Strings{});
  const auto& there = conditions_of(result.network, "transit-2 -> vng-0");
  EXPECT_EQ(there.delay, lab::Seconds{0.02});
  EXPECT_EQ(there.loss_percent, lab::Percent{1});
  const auto& back = conditions_of(result.network, "vng-0 -> transit-2");
  EXPECT_EQ(back.delay, lab::Seconds{0.01});
  EXPECT_FALSE(back.loss_percent);
  const Link& link = result.network.at(*result.network.find_link("transit-2 - vng-0"));
  const size_t way = result.network.at(link.a).name == "transit-2" ? 0 : 1;
  EXPECT_EQ(link.directions[way].conditions_reason, "links[0], links[1], links[2]");
  EXPECT_EQ(link.directions[1 - way].conditions_reason, "links[0]");
}

TEST(LinkConditions, OfLinksThatAreNotThereAreErrors) {
  lab::Lab lab = first_lab();
  lab.links = {{.link = "transit-1 - vng-0", .delay = lab::Seconds{0.01}}};
  lab.timeline = {{.at = lab::Seconds{1},
                   .action = lab::LinkConditions{.link = "spoke1 -> spoke2"},
                   .path = "timeline[0]"}};
  EXPECT_EQ(findings(derive(lab).diagnostics),
            (Strings{"error - links[0].link", "error - timeline[0].change_link.link"}));
}

// Each change for itself may be right, and what comes of them not.
TEST(LinkConditions, ThatTogetherCannotBeAreErrorsWhereTheyBecomeSo) {
  lab::Lab lab = first_lab();
  lab.links = {{.link = "transit-2 - vng-0", .loss_burst = 2.0}};
  const auto change = [](double at, lab::LinkConditions conditions) {
    return lab::TimelineEvent{.at = lab::Seconds{at},
                              .action = std::move(conditions),
                              .path = "timeline[" + std::to_string(static_cast<int>(at)) + "]"};
  };
  lab.timeline = {
      change(2, {.link = "vng-0 -> transit-2", .loss_percent = lab::Percent{90}}),
      change(1, {.link = "vng-0 -> transit-2", .loss_percent = lab::Percent{60}}),
  };
  EXPECT_EQ(findings(derive(lab).diagnostics), (Strings{"error - timeline[2].change_link"}));
}

TEST(LinkConditions, ProblemsAreNamed) {
  using lab::Percent;
  using lab::problem_of;
  EXPECT_EQ(problem_of({}), "");
  EXPECT_EQ(problem_of({.rate = lab::Rate{1000}}), "");
  EXPECT_NE(problem_of({.rate = lab::Rate{999}}), "");
  EXPECT_NE(problem_of({.loss_burst = 0.5}), "");
  EXPECT_EQ(problem_of({.loss_percent = Percent{100}}), "");
  EXPECT_EQ(problem_of({.loss_percent = Percent{50}, .loss_burst = 2}), "");
  EXPECT_EQ(
      problem_of(
          {.loss_percent = Percent{50}, .loss_burst = 10, .loss_in_burst_percent = Percent{40}}),
      "bad periods of 10 packets that lose 40 % lose at most 36.4 % of all packets");
  EXPECT_NE(problem_of({.reorder_percent = Percent{1}}), "");
  EXPECT_EQ(problem_of({.reorder_percent = Percent{1}, .reorder_delay = lab::Seconds{1}}), "");
}

TEST(LinkConditions, AreToldInWords) {
  EXPECT_EQ(lab::describe({.rate = lab::Rate{550'000'000},
                           .packet_rate = lab::Rate{0},
                           .queue_packets = 64,
                           .delay = lab::Seconds{0.0015},
                           .jitter = lab::Seconds{40e-6},
                           .jitter_distribution = lab::JitterDistribution::normal,
                           .loss_percent = lab::Percent{1.5},
                           .loss_burst = 8}),
            "rate 550 Mbit/s, packet rate unlimited, queue 64 packets, delay 1.5ms, jitter 40us "
            "(normal), loss 1.5 %, in bursts of 8 packets");
}

TEST(LinkConditions, JitterAndItsFileReplaceEachOther) {
  lab::LinkConditions now{.jitter = lab::Seconds{1}};
  now.update({.jitter_file = "delays.txt", .jitter_samples = {lab::Seconds{2}}});
  EXPECT_FALSE(now.jitter);
  EXPECT_EQ(now.jitter_samples.size(), 1u);
  now.update({.delay = lab::Seconds{1}});
  EXPECT_EQ(now.jitter_samples.size(), 1u);
  now.update({.jitter = lab::Seconds{3}});
  EXPECT_FALSE(now.jitter_file);
  EXPECT_TRUE(now.jitter_samples.empty());
}

}  // namespace
}  // namespace skyhop::cloud::test
