// What users see of runs, checks and traces.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/cli/bench_view.h"
#include "control/cli/check_view.h"
#include "control/cli/network_view.h"
#include "control/cli/run_view.h"
#include "control/cli/trace_view.h"

namespace skyhop::cli {
namespace {

using dataplane::DropReason;

constexpr report::Style kAscii = {.charset = report::Charset::ascii};

emulator::RunReport small_run() {
  emulator::RunReport report;
  report.convergence = {.converged = true, .took = lab::Seconds(61.5), .waiting = {}};
  report.sessions = {{"transit-1 - routerserver-0", "Established", 65020, 65515, ""},
                     {"transit-1 - routerserver-1", "Active", 65020, 65515, "peering missing"}};
  report.counters.offered = 1000;
  report.counters.originated = 3;
  report.counters.delivered = 900;
  report.counters.held = 1;
  report.counters.drops[static_cast<size_t>(DropReason::nsg_denied)] = 102;
  report.counters.routers = {{.packets = 1000, .batches = 40, .cycles = 12000, .drops = {}},
                             {.packets = 0, .batches = 0, .cycles = 0, .drops = {}}};
  report.counters.routers[0].drops[static_cast<size_t>(DropReason::nsg_denied)] = 102;
  report.counters.links = {{.packets = 900, .bytes = 123000}};
  report.counters.ports = {
      {.received = 1000, .received_bytes = 60000, .delivered = 900, .delivered_bytes = 45000}};
  report.router_names = {"spoke1", "spoke2"};
  report.link_names = {"spoke1 -> transit-1"};
  report.port_names = {"spoke1-test-vm"};
  report.seconds = 2;
  report.workers = 1;
  report.notes = {"no hugepages"};
  report.events = {"1s: gateway transit-1 down"};
  report.checks = {{"reachable", lab::Seconds(5), true, "delivered to spoke2-test-vm"}};
  return report;
}

TEST(RunText, Golden) {
  EXPECT_EQ(run_text("lab", small_run(), kAscii), R"(lab: converged in 61.5 s of virtual time
1 of 2 BGP sessions established
note: no hugepages

BGP sessions
Session                     AS             State        Problem
--------------------------  -------------  -----------  ---------------
transit-1 - routerserver-0  65020 - 65515  Established
transit-1 - routerserver-1  65020 - 65515  Active       peering missing

Packets
Packets     Count   Share  Meaning
----------  -----  ------  --------------------------------------------------------
offered     1,000  99.7 %  received from ports, generators and captures
originated      3   0.3 %  made by routers (ICMP, fragments) and links (duplicates)
delivered     900  89.7 %  left the model where they were addressed to
held            1   0.1 %  inside of the model when it stopped
nsg_denied    102  10.2 %  a network security group denies the flow
1,003 in = 900 delivered + 1 held + 102 dropped

Throughput  450 pps and 180 kbit/s delivered, for 2.00 s with 1 worker lcore

Latency
From stamp in to stamp out  samples  min  p50  p90  p99  p99.9  max
--------------------------  -------  ---  ---  ---  ---  -----  ---
whole path                        0    -    -    -    -      -    -

Routers
Router  Packets  Per batch  Cycles per packet  Dropped
------  -------  ---------  -----------------  -------
spoke1    1,000       25.0               12.0      102

Links
Link                 Packets  Bytes on the wire        Rate
-------------------  -------  -----------------  ----------
spoke1 -> transit-1      900            123,000  492 kbit/s

Events
  1s: gateway transit-1 down

Checks
    At  Check      Result  Found
------  ---------  ------  -----
5.00 s  reachable  ok
1 of 1 checks hold
)");
}

TEST(RunText, AFailedCheckIsShownWithWhatWasFound) {
  emulator::RunReport report = small_run();
  report.checks.push_back({"path", lab::Seconds(10), false, "crosses transit-1"});
  EXPECT_TRUE(run_text("lab", report, kAscii).ends_with(R"(
Checks
    At  Check      Result  Found
------  ---------  ------  -----------------
5.00 s  reachable  ok
10.0 s  path       FAILED  crosses transit-1
1 of 2 checks hold
)"));
}

emulator::RunReport encrypted_run() {
  using dataplane::ipsec::AssociationRecord;
  emulator::RunReport report = small_run();
  report.counters.links[0].sealed = 900;
  report.counters.links[0].opened = 890;
  report.counters.links[0].seal_cycles = 900 * 420;
  report.counters.links[0].open_cycles = 890 * 431;
  AssociationRecord first{.state = AssociationRecord::State::gone};
  first.spec.transform = {dataplane::ipsec::Cipher::aes_256_gcm, dataplane::ipsec::Integrity::none};
  first.spec.udp = dataplane::ipsec::UdpEncapsulation::on;
  AssociationRecord second = first;
  second.generation = 1;
  second.state = AssociationRecord::State::current;
  report.associations = {first, second};
  return report;
}

TEST(RunText, TunnelsShowTheirAssociationsAndWhatTheyCost) {
  EXPECT_NE(run_text("lab", encrypted_run(), kAscii).find(R"(
IPsec
Tunnel               ESP               SAs  Renewed  Packets  Cycles to seal  to open
-------------------  ----------------  ---  -------  -------  --------------  -------
spoke1 -> transit-1  GCMAES256 in UDP    2        1      890             420      431
)"),
            std::string::npos)
      << run_text("lab", encrypted_run(), kAscii);
}

TEST(RunJson, TunnelsShowTheirAssociationsAndWhatTheyCost) {
  const auto json = run_json("lab", encrypted_run());
  EXPECT_EQ(json.at("links").at(0).at("esp").at("opened"), 890);
  EXPECT_EQ(json.at("links").at(0).at("esp").at("seal_cycles_per_packet"), 420.0);
  EXPECT_EQ(json.at("security_associations").size(), 2u);
  EXPECT_EQ(json.at("security_associations").at(1).at("link"), "spoke1 -> transit-1");
}

emulator::RunReport shaped_run() {
  emulator::RunReport report = small_run();
  dataplane::Image image;
  image.limits = {{.name = "VpnGw2 tunnel"}};
  image.links = {{.name = "vng-0 -> transit-2", .limits = {0}}, {.name = "a -> b"}};
  report.limit_names = emulator::LimitNames(image);
  report.link_names = report.limit_names.links;
  report.counters.links = {{.packets = 900, .bytes = 123000}, {.packets = 900, .bytes = 1}};
  report.counters.crossings.resize(2);
  auto& crossing = report.counters.crossings[0];
  crossing.limits[0] = {
      .held_up = {0, 500}, .refused = {0, 100}, .queue_packets_max = 64, .queue_octets_max = 6400};
  crossing.lost = 7;
  crossing.duplicated = 3;
  return report;
}

TEST(RunText, SaysWhichLimitBoundItAndWhatLinksDid) {
  const std::string text = run_text("lab", shaped_run(), kAscii);
  EXPECT_NE(text.find(R"(
Bound by    VpnGw2 tunnel on vng-0 -> transit-2: 900 carried, 100 refused; it is the packets that are too many
)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(
Links
Link                Packets  Bytes on the wire        Rate  Queue full  Lost  Longest queue  Bound by
------------------  -------  -----------------  ----------  ----------  ----  -------------  ------------------------
vng-0 -> transit-2      900            123,000  492 kbit/s         100     7             64  VpnGw2 tunnel, packets/s
a -> b                  900                  1     4 bit/s           0     0              0

What links did to packets
Link                Lost  Cut off  Duplicated  Corrupted  Reordered
------------------  ----  -------  ----------  ---------  ---------
vng-0 -> transit-2     7        0           3          0          0
)"),
            std::string::npos)
      << text;
}

TEST(RunText, SaysThatNoLimitWasMetWhereThereAreSome) {
  emulator::RunReport report = shaped_run();
  report.counters.crossings[0] = {};
  const std::string text = run_text("lab", report, kAscii);
  EXPECT_NE(text.find("Bound by    no limit of a link or gateway: none refused a packet\n"),
            std::string::npos)
      << text;
}

TEST(RunJson, HasLimitsAndDropsOfLinks) {
  const auto json = run_json("lab", shaped_run());
  const auto& link = json.at("links").at(0);
  EXPECT_EQ(link.at("dropped").at("queue_full"), 100);
  EXPECT_EQ(link.at("dropped").at("link_loss"), 7);
  EXPECT_EQ(link.at("bound_by"), "VpnGw2 tunnel, packets/s");
  EXPECT_EQ(link.at("limits").at(0).at("queue_packets_max"), 64);
  EXPECT_EQ(link.at("limits").at(0).at("refused_by").at("packets"), 100);
  EXPECT_FALSE(json.at("links").at(1).contains("limits"));
  EXPECT_EQ(json.at("bound_by").at(0).at("limit"), "VpnGw2 tunnel");
  EXPECT_EQ(json.at("bound_by").at(0).at("by"), "packets");
  EXPECT_EQ(json.at("bound_by").at(0).at("links").at(0), "vng-0 -> transit-2");
}

TEST(RunText, ALostPacketIsShouted) {
  emulator::RunReport report = small_run();
  report.counters.delivered = 899;
  EXPECT_NE(run_text("lab", report, kAscii)
                .find("BROKEN: packets were lost uncounted: 1,003 in = "
                      "899 delivered + 1 held + 102 dropped\n"),
            std::string::npos);
}

TEST(RunText, TellsWhichTableEachRouterHasAndWhy) {
  emulator::RunReport report = small_run();
  report.tables = {{lpm::TableKind::rte_lpm, "the default", 12, 67'371'072, 0},
                   {lpm::TableKind::popline, "auto: 5000 routes", 5000, 9'000'000, 1}};
  EXPECT_NE(run_text("lab", report, kAscii).find(R"(
Router  Table    Routes    Memory  Why
------  -------  ------  --------  -----------------
spoke1  rte_lpm      12  64.3 MiB  the default
spoke2  popline   5,000  8.58 MiB  auto: 5000 routes
)"),
            std::string::npos)
      << run_text("lab", report, kAscii);
  const auto table = run_json("lab", report).at("routers").at(1).at("forwarding_table");
  EXPECT_EQ(table.at("kind"), "popline");
  EXPECT_EQ(table.at("why"), "auto: 5000 routes");
  EXPECT_EQ(table.at("routes"), 5000);
  EXPECT_EQ(table.at("moves"), 1);
}

TEST(RunText, TellsTheTablesOfALargeLabKindByKind) {
  emulator::RunReport report = small_run();
  for (size_t i = 0; i < 1000; ++i) {
    report.tables.push_back({lpm::TableKind::popline, "auto: 1000 routers", 2, 1 << 20, 0});
  }
  EXPECT_NE(run_text("lab", report, kAscii).find(R"(
1,000 routers  popline   2,000)"),
            std::string::npos)
      << run_text("lab", report, kAscii);
}

TEST(RunJson, HasWhatScriptsRelyOn) {
  const auto json = run_json("lab", small_run());
  EXPECT_EQ(json.at("converged"), true);
  EXPECT_EQ(json.at("packets").at("offered"), 1000);
  EXPECT_EQ(json.at("packets").at("delivered"), 900);
  EXPECT_EQ(json.at("packets").at("held"), 1);
  EXPECT_EQ(json.at("packets").at("dropped"), nlohmann::ordered_json({{"nsg_denied", 102}}));
  EXPECT_EQ(json.at("packets").at("sum_law_holds"), true);
  EXPECT_EQ(json.at("throughput").at("pps"), 450.0);
  EXPECT_EQ(json.at("throughput").at("bps"), 180000.0);
  for (const char* key : {"min", "p50", "p90", "p99", "p999", "max"}) {
    EXPECT_TRUE(json.at("latency_ns").contains(key)) << key;
  }
  EXPECT_EQ(json.at("routers").at(0).at("name"), "spoke1");
  EXPECT_EQ(json.at("routers").at(0).at("packets_per_batch"), 25.0);
  EXPECT_EQ(json.at("routers").at(0).at("cycles_per_packet"), 12.0);
  EXPECT_EQ(json.at("links").at(0).at("bytes"), 123000);
  EXPECT_EQ(json.at("checks").at(0).at("passed"), true);
}

TEST(CheckView, ConvergenceThatFails) {
  const emulator::Convergence convergence{
      .converged = false, .took = lab::Seconds(600), .waiting = {"vng-0 - transit-2: Active"}};
  EXPECT_EQ(convergence_text(convergence, kAscii),
            "not converged after 600 s of virtual time\n  vng-0 - transit-2: Active\n");
}

TEST(CheckView, JunitCasesOfALab) {
  emulator::TimelineReport report;
  report.convergence.converged = true;
  report.checks = {{"reachable", lab::Seconds(0), true, "delivered"},
                   {"path", lab::Seconds(10), false, "crosses transit-1"}};
  const report::JunitSuite suite = junit_suite("ars", report);
  ASSERT_EQ(suite.cases.size(), 3u);
  EXPECT_EQ(suite.cases[0].name, "converges");
  EXPECT_FALSE(suite.cases[0].failure);
  EXPECT_FALSE(suite.cases[1].failure);
  EXPECT_EQ(suite.cases[2].name, "path (at 10.0 s)");
  EXPECT_EQ(suite.cases[2].failure, "crosses transit-1");
}

emulator::Trace small_trace() {
  emulator::Trace trace;
  trace.from = "a";
  trace.to = "b";
  trace.forward.flow = {.source = {10, 0, 30, 5},
                        .destination = {10, 0, 110, 5},
                        .source_port = 40000,
                        .destination_port = 80,
                        .protocol = 6};
  emulator::TraceHop hop;
  hop.router = "spoke1";
  hop.kind = "gateway";
  hop.address = {10, 0, 30, 4};
  hop.decrements_ttl = true;
  hop.prefix = lpm::Ipv4Prefix({10, 0, 110, 0}, 24);
  hop.source = "controller";
  hop.description = "learned by transit-1";
  hop.losers = {{"system", "", "the controller's route is preferred"}};
  hop.choices = {"transit-1", "transit-1-hagw"};
  hop.next_hop = "transit-1";
  hop.via = lpm::Ipv4Address(10, 0, 21, 132);
  hop.link = "spoke1 - transit-1";
  hop.link_kind = "tunnel";
  emulator::TraceNsg nsg;
  nsg.where = "a-nic";
  nsg.direction = "Outbound";
  nsg.verdict = {.allowed = true, .nsg = "a-nsg", .rule = "HTTP"};
  hop.nsgs = {nsg};
  trace.forward.hops = {hop};
  trace.forward.verdict = "dropped at transit-1: no_route";
  trace.forward.drop = DropReason::no_route;
  return trace;
}

TEST(TraceText, Golden) {
  EXPECT_EQ(trace_text(small_trace(), kAscii), R"(a -> b: tcp 10.0.30.5:40000 -> 10.0.110.5:80
   1  spoke1  10.0.30.4  gateway
      route    10.0.110.0/24  controller: learned by transit-1
      lost     system: the controller's route is preferred
      ecmp     transit-1 of transit-1, transit-1-hagw
      next hop transit-1 via 10.0.21.132
      link     spoke1 - transit-1 (tunnel)
      nsg      a-nic Outbound: allowed by HTTP of a-nsg
      dropped at transit-1: no_route
)");
}

TEST(TraceJson, HasHopsAndVerdict) {
  const auto json = trace_json(small_trace());
  EXPECT_EQ(json.at("reachable"), false);
  EXPECT_EQ(json.at("back"), nullptr);
  const auto& forward = json.at("forward");
  EXPECT_EQ(forward.at("drop"), "no_route");
  EXPECT_EQ(forward.at("hops").at(0).at("prefix"), "10.0.110.0/24");
  EXPECT_EQ(forward.at("hops").at(0).at("nsgs").at(0).at("access"), "Allow");
  EXPECT_EQ(mtr_json({{{10, 0, 30, 4}}, {{10, 0, 21, 132}, {10, 0, 21, 196}}}).dump(),
            R"([["10.0.30.4"],["10.0.21.132","10.0.21.196"]])");
}

TEST(NetworkView, NamesInsteadOfIds) {
  cloud::Network network;
  network.name = "lab";
  network.vnets = {{.name = "hub",
                    .location = "eastus",
                    .address_space = {{{10, 0, 0, 0}, 16}},
                    .subnets = {cloud::SubnetId(0)},
                    .peerings = {}}};
  network.subnets = {{.name = "GatewaySubnet",
                      .vnet = cloud::VnetId(0),
                      .prefix = {{10, 0, 1, 0}, 24},
                      .route_table = {},
                      .nsg = {},
                      .router = {}}};
  network.routers = {{.name = "vng-0",
                      .what = cloud::GatewayId(0),
                      .table = lpm::TableChoice::automatic,
                      .table_reason = "forwarding_tables"}};
  network.facts = {{"hub", "location", "eastus", "written"}};
  EXPECT_EQ(network_tables(network, kAscii), R"(Virtual networks
Virtual network  Location  Address space  Made by
---------------  --------  -------------  -------
hub              eastus    10.0.0.0/16    the lab

Subnets
Subnet             Prefix       Route table  Security group
-----------------  -----------  -----------  --------------
hub/GatewaySubnet  10.0.1.0/24

Forwarding tables
Router  Forwarding table  Why
------  ----------------  -----------------
vng-0   auto              forwarding_tables

Derived values
Subject  Attribute  Value   Reason
-------  ---------  ------  -------
hub      location   eastus  written
)");
  EXPECT_EQ(network_json(network).at("virtual_networks").at(0).at("subnets").at(0).at("name"),
            "GatewaySubnet");
}

const TableBench kTableBench{
    .memory = "no hugepages",
    .figures = {
        {"rte_lpm_add", 1'000'000, 263'424, 86e6, 65'854, 29'066, 33'656, 94'800'000, true},
        {"rte_fib 2 B", 1'000'000, 1'000'000, 120e6, 415'000, 299'000, 3e5, 167'000'000, true},
        {"rte_lpm", 1'000'000, 1'000'000, 100e6, 3e6, 1e6, 9e5, 79'000'000, true},
        {"popline", 1'000'000, 1'000'000, 300e6, 1.01e6, 1e6, 9e5, 35'300'000, false}}};
TEST(NetworkView, TellsLimitsAndConditionsOfLinks) {
  cloud::Network network;
  network.routers = {{.name = "vng-0", .what = cloud::GatewayId(0)},
                     {.name = "transit-2", .what = cloud::GatewayId(1)}};
  network.limits = {{.name = "VpnGw2 tunnel",
                     .bits_per_second = 550'000'000,
                     .packets_per_second = 52'000,
                     .reason = "VpnGw2 of Generation2"}};
  cloud::Link link{.name = "vng-0 - transit-2", .a = cloud::RouterId(0), .b = cloud::RouterId(1)};
  link.directions[0].limits = {cloud::LimitId(0)};
  link.directions[1].conditions.delay = lab::Seconds{0.01};
  link.directions[1].conditions_reason = "links[0]";
  network.links = {link};
  EXPECT_NE(network_tables(network, kAscii).find(R"(Limits and conditions of links
Channel             Limit          What                   Why
------------------  -------------  ---------------------  ---------------------
vng-0 -> transit-2  VpnGw2 tunnel  550 Mbit/s, 52.0 kpps  VpnGw2 of Generation2
transit-2 -> vng-0                 delay 10ms             links[0]
)"),
            std::string::npos)
      << network_tables(network, kAscii);
  const auto json = network_json(network);
  EXPECT_EQ(json.at("links").at(0).at("a_to_b").at("limits").at(0), "VpnGw2 tunnel");
  EXPECT_EQ(json.at("links").at(0).at("b_to_a").at("conditions"), "delay 10ms");
  EXPECT_EQ(json.at("limits").at(0).at("packets_per_second"), 52'000);
}

TEST(BenchView, MarksWhatTheLimitStopped) {
  const std::string text = table_bench_text(kTableBench, kAscii);
  EXPECT_NE(text.find("263,424*"), std::string::npos) << text;
  EXPECT_NE(text.find("* rte_lpm_add held 263,424 of 1,000,000 routes"), std::string::npos) << text;
  EXPECT_EQ(text.find("* popline"), std::string::npos) << text;
  EXPECT_NE(text.find("300 M"), std::string::npos) << text;
  EXPECT_NE(text.find("29.1 k"), std::string::npos) << text;
  EXPECT_NE(text.find("no hugepages"), std::string::npos) << text;
  const report::Json json = table_bench_json(kTableBench);
  EXPECT_EQ(json["tables"][0]["complete"], false);
  EXPECT_EQ(json["tables"][1]["complete"], true);
  EXPECT_EQ(json["tables"][1]["loaded"], 1'000'000);
}

// Only complete tables count, and a table that DPDK looks up is no table of ours.
TEST(BenchView, ComparesTheBestOfOursWithTheBestOfDpdk) {
  const std::string text = table_bench_text(kTableBench, kAscii);
  EXPECT_NE(
      text.find("1,000,000 routes: popline looks up 2.50 times as fast as DPDK's rte_fib 2 B"),
      std::string::npos)
      << text;
  const report::Json json = table_bench_json(kTableBench);
  ASSERT_EQ(json["ratios"].size(), 1u);
  EXPECT_EQ(json["ratios"][0]["own"], "popline");
  EXPECT_EQ(json["ratios"][0]["dpdk"], "rte_fib 2 B");
  EXPECT_EQ(json["ratios"][0]["lookup_ratio"], 2.5);
  EXPECT_EQ(json["tables"][2]["dpdk"], true);
  EXPECT_EQ(json["tables"][3]["dpdk"], false);
}

}  // namespace
}  // namespace skyhop::cli
