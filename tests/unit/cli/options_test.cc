// Every command line either becomes the options that it says, or is refused with a reason.
#include "control/cli/options.h"

#include <gtest/gtest.h>

namespace skyhop::cli {
namespace {

template <typename T>
std::string refusal(const Parsed<T>& parsed) {
  return parsed ? "accepted" : parsed.error().what;
}

template <typename T>
std::string hint(const Parsed<T>& parsed) {
  return parsed ? "accepted" : parsed.error().hint;
}

TEST(RunOptions, Defaults) {
  const auto o = parse_run({"lab.yaml"});
  ASSERT_TRUE(o);
  EXPECT_EQ(o->lab, "lab.yaml");
  EXPECT_FALSE(o->duration);
  EXPECT_FALSE(o->pps);
  EXPECT_EQ(o->size, "");
  EXPECT_EQ(o->lcores.workers, 1u);
  EXPECT_TRUE(o->lcores.cpus.empty());
  EXPECT_TRUE(o->ports.empty());
  EXPECT_EQ(o->common.output, Output::table);
  EXPECT_EQ(o->common.log_level, "warning");
}

TEST(RunOptions, Everything) {
  const auto o = parse_run({"--duration",     "500ms",
                            "--rate=1.5M",    "--size",
                            "imix",           "--from",
                            "spoke1-test-vm", "lab.yaml",
                            "--to",           "spoke2-test-vm",
                            "--lcores",       "1,3",
                            "--port",         "a=net_null,no-rx=1",
                            "--port",         "b=net_pcap,rx_pcap=f.pcap,infinite_rx=1",
                            "--encryption",   "none",
                            "--shaping",      "cloud",
                            "--json",         "--log-level",
                            "debug"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_DOUBLE_EQ(o->duration->count(), 0.5);
  EXPECT_DOUBLE_EQ(*o->pps, 1.5e6);
  EXPECT_EQ(o->size, "imix");
  EXPECT_EQ(o->from, "spoke1-test-vm");
  EXPECT_EQ(o->to, "spoke2-test-vm");
  EXPECT_EQ(o->lcores.workers, 2u);
  EXPECT_EQ(o->lcores.cpus, (std::vector<unsigned>{1, 3}));
  EXPECT_EQ(o->ports.at("a"), "net_null,no-rx=1");
  EXPECT_EQ(o->ports.at("b"), "net_pcap,rx_pcap=f.pcap,infinite_rx=1");
  EXPECT_EQ(o->shaping, "cloud");
  EXPECT_EQ(o->common.output, Output::json);
  EXPECT_EQ(o->common.log_level, "debug");
}

TEST(RunOptions, RefusesBadCombinations) {
  EXPECT_EQ(refusal(parse_run({})), "LAB is missing");
  EXPECT_EQ(refusal(parse_run({"a", "b"})), "'b' is too much");
  EXPECT_EQ(refusal(parse_run({"a", "--from", "x"})), "--from and --to go together");
  EXPECT_EQ(refusal(parse_run({"a", "--to", "x"})), "--from and --to go together");
  EXPECT_EQ(refusal(parse_run({"a", "--from", "x", "--to", "x"})),
            "--from and --to name the same VM");
  EXPECT_EQ(refusal(parse_run({"a", "--port", "x=n", "--port", "x=m"})),
            "--port: x is bound twice");
  EXPECT_EQ(refusal(parse_run({"a", "--port", "net_null"})),
            "--port: 'net_null' is not VM=DEVARGS");
  EXPECT_EQ(refusal(parse_run({"a", "--port", "=net_null"})),
            "--port: '=net_null' is not VM=DEVARGS");
  EXPECT_EQ(refusal(parse_run({"a", "--port", "vm="})), "--port: 'vm=' is not VM=DEVARGS");
  EXPECT_EQ(refusal(parse_run({"a", "--encryption", "none", "--esp-algorithm", "GCMAES256"})),
            "--esp-algorithm has no use with --encryption none");
  EXPECT_EQ(refusal(parse_run({"a", "--capture", "transit-2 - vng-0"})),
            "--capture: 'transit-2 - vng-0' is not LINK=FILE");
  EXPECT_EQ(refusal(parse_run({"a", "--encryption", "rot13"})),
            "--encryption: 'rot13' is neither esp nor none");
  EXPECT_EQ(refusal(parse_run({"a", "--shaping", "azure"})),
            "--shaping: 'azure' is neither cloud nor none");
  EXPECT_EQ(refusal(parse_show({"a", "--shaping", "azure"})),
            "--shaping: 'azure' is neither cloud nor none");
  EXPECT_EQ(refusal(parse_run({"a", "--rate", "1", "--rate", "2"})), "--rate is given twice");
  EXPECT_EQ(refusal(parse_run({"a", "--json", "--json"})), "--json is given twice");
  EXPECT_EQ(refusal(parse_run({"a", "--rate"})), "--rate needs a value");
  EXPECT_EQ(hint(parse_run({"a", "--rate"})), "--rate PPS|max");
  EXPECT_EQ(refusal(parse_run({"a", "--json=yes"})), "--json takes no value");
  EXPECT_EQ(refusal(parse_run({"a", "--log-level", "loud"})), "--log-level: 'loud' is no level");
}

TEST(RunOptions, NamesTheOptionThatWasMeant) {
  EXPECT_EQ(refusal(parse_run({"a", "--durration", "5"})), "unknown option --durration");
  EXPECT_EQ(hint(parse_run({"a", "--durration", "5"})), "did you mean --duration?");
  EXPECT_EQ(hint(parse_run({"a", "--dur", "5"})).find("accepted"), std::string::npos)
      << "abbreviations would change their meaning with the next option";
  EXPECT_EQ(refusal(parse_run({"a", "-d"})), "unknown option -d");
}

TEST(RunOptions, NamesThatLookLikeOptionsStandBehindTwoDashes) {
  const auto o = parse_run({"--json", "--", "-lab.yaml"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->lab, "-lab.yaml");
}

TEST(Values, Durations) {
  EXPECT_DOUBLE_EQ(parse_duration("10")->count(), 10);
  EXPECT_DOUBLE_EQ(parse_duration("2.5s")->count(), 2.5);
  EXPECT_DOUBLE_EQ(parse_duration("500ms")->count(), 0.5);
  EXPECT_DOUBLE_EQ(parse_duration("3m")->count(), 180);
  EXPECT_DOUBLE_EQ(parse_duration("1h")->count(), 3600);
  for (const char* bad : {"", "0", "0s", "-1", "+1", "1e3", "1 s", "s", "1d", "nan", "inf", "1ss",
                          "0x10", "99999999999"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Values, Rates) {
  EXPECT_DOUBLE_EQ(*parse_rate("max"), 0);
  EXPECT_DOUBLE_EQ(*parse_rate("14000"), 14000);
  EXPECT_DOUBLE_EQ(*parse_rate("200k"), 200e3);
  EXPECT_DOUBLE_EQ(*parse_rate("1.5M"), 1.5e6);
  for (const char* bad : {"", "0", "-5", "1.5m", "fast", "1e6", "M", "1000G1"}) {
    EXPECT_FALSE(parse_rate(bad)) << bad;
  }
}

TEST(Values, Sizes) {
  EXPECT_EQ(*parse_size("64"), "64");
  EXPECT_EQ(*parse_size("9214"), "9214");
  EXPECT_EQ(*parse_size("imix"), "imix");
  for (const char* bad : {"", "63", "9219", "-64", "64b", "IMIX", "4294967360"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(Values, Lcores) {
  EXPECT_EQ(parse_lcores("1")->workers, 1u);
  EXPECT_EQ(parse_lcores("2")->workers, 2u);
  EXPECT_TRUE(parse_lcores("2")->cpus.empty()) << "a number alone says how many, not which";
  EXPECT_EQ(parse_lcores("1,3")->cpus, (std::vector<unsigned>{1, 3}));
  EXPECT_EQ(parse_lcores("2-4,7")->cpus, (std::vector<unsigned>{2, 3, 4, 7}));
  EXPECT_EQ(parse_lcores("2-4,7")->workers, 4u);
  EXPECT_EQ(parse_lcores("3-3")->cpus, std::vector<unsigned>{3});
  for (const char* bad : {"", "0", "128", "1,", ",1", "1,1", "3-2", "1-", "-1", "a", "1,1-2",
                          "0-127", "1024,0", "1 ,2"}) {
    EXPECT_FALSE(parse_lcores(bad)) << bad;
  }
}

TEST(Values, Protocols) {
  EXPECT_EQ(*parse_protocol("icmp"), 1);
  EXPECT_EQ(*parse_protocol("tcp"), 6);
  EXPECT_EQ(*parse_protocol("47"), 47);
  for (const char* bad : {"", "0", "256", "TCP6", "-1"}) EXPECT_FALSE(parse_protocol(bad)) << bad;
}

TEST(TraceOptions, Ports) {
  const auto o = parse_trace(
      {"lab.yaml", "a", "10.0.110.5", "--proto", "tcp", "--sport", "40000", "--dport", "80"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->from, "a");
  EXPECT_EQ(o->to, "10.0.110.5");
  EXPECT_EQ(o->protocol, 6);
  EXPECT_EQ(o->source_port, 40000);
  EXPECT_EQ(o->destination_port, 80);
  EXPECT_FALSE(o->mtr);
  EXPECT_TRUE(parse_trace({"l", "a", "b", "--sport", "7"})) << "icmp's identifier";
  EXPECT_TRUE(parse_trace({"l", "a", "b", "--mtr"})->mtr);

  EXPECT_EQ(refusal(parse_trace({"l", "a"})), "DST is missing");
  EXPECT_EQ(refusal(parse_trace({"l", "a", "b", "--dport", "80"})),
            "--dport needs a protocol with ports");
  EXPECT_EQ(refusal(parse_trace({"l", "a", "b", "--proto", "esp", "--sport", "1"})),
            "--sport needs a protocol with ports");
  EXPECT_EQ(refusal(parse_trace({"l", "a", "b", "--proto", "udp", "--dport", "65536"})),
            "--dport: '65536' is no number from 0 to 65535");
}

TEST(BgpOptions, Views) {
  using View = BgpOptions::View;
  EXPECT_EQ(parse_bgp({"l"})->view, View::summary);
  EXPECT_EQ(parse_bgp({"l", "summary"})->view, View::summary);
  EXPECT_EQ(parse_bgp({"l", "transit-1"})->view, View::best);
  EXPECT_EQ(parse_bgp({"l", "transit-1", "learned"})->view, View::learned);
  EXPECT_EQ(parse_bgp({"l", "transit-1", "neighbors"})->view, View::neighbors);
  const auto o = parse_bgp({"l", "transit-1", "advertised", "10.0.10.4"});
  ASSERT_TRUE(o);
  EXPECT_EQ(o->view, View::advertised);
  EXPECT_EQ(o->router, "transit-1");
  EXPECT_EQ(o->peer, "10.0.10.4");
  EXPECT_EQ(parse_bgp({"l", "vng-0", "learned", "--mrt-dump", "f"})->mrt_dump, "f");
  for (const Arguments& nobodys :
       {Arguments{"l", "--mrt-dump", "f"}, Arguments{"l", "summary", "--mrt-dump", "f"}}) {
    EXPECT_EQ(refusal(parse_bgp(nobodys)), "--mrt-dump: whose routes?");
  }
  EXPECT_EQ(refusal(parse_bgp({"l", "summary", "x"})), "'x' is too much after summary");
  EXPECT_EQ(refusal(parse_bgp({"l", "transit-1", "sent"})),
            "'sent' is none of learned, advertised and neighbors");
  EXPECT_EQ(refusal(parse_bgp({"l", "a", "learned", "b", "c"})), "'c' is too much");
}

TEST(ReplayOptions, NeedsCaptureAndVm) {
  const auto o = parse_replay({"l", "--pcap", "in", "--from", "a", "--out", "o", "--loop", "3"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->capture, "in");
  EXPECT_EQ(o->out, "o");
  EXPECT_EQ(o->loops, 3u);
  EXPECT_EQ(refusal(parse_replay({"l", "--from", "a"})), "--pcap is missing");
  EXPECT_EQ(refusal(parse_replay({"l", "--pcap", "in"})), "--from is missing");
  EXPECT_EQ(refusal(parse_replay({"l", "--pcap", "x", "--from", "a", "--out", "x"})),
            "--out would overwrite the capture that --pcap reads");
  EXPECT_EQ(refusal(parse_replay({"l", "--pcap", "x", "--from", "a", "--loop", "0"})),
            "--loop: '0' is no number from 1 to 1000000000");
}

TEST(ReplayOptions, PacketsEnterAtAVmOrArriveOverALink) {
  const auto o = parse_replay({"l", "--pcap", "in", "--link", "a -> b", "--keys", "k", "--capture",
                               "a -> b=x.pcap", "--capture", "c - d=y=z.pcap"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->link, "a -> b");
  EXPECT_EQ(o->esp.keys_file, "k");
  EXPECT_EQ(o->esp.captures, (std::vector<std::pair<std::string, std::string>>{
                                 {"a -> b", "x.pcap"}, {"c - d", "y=z.pcap"}}));
  EXPECT_EQ(refusal(parse_replay({"l", "--pcap", "in", "--link", "a -> b", "--from", "c"})),
            "--from and --link both say where packets enter");
}

TEST(RunOptions, SayHowTunnelsEncrypt) {
  const auto o = parse_run({"a", "--encryption", "esp", "--esp-algorithm", "GCMAES256",
                            "--esp-driver", "crypto_openssl"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->esp.encryption, "esp");
  EXPECT_EQ(o->esp.algorithm, "GCMAES256");
  EXPECT_EQ(o->esp.driver, "crypto_openssl");
  EXPECT_EQ(parse_run({"a"})->esp.encryption, "");
}

TEST(BenchOptions, Defaults) {
  const auto o = parse_bench({"lpm"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->routes, (std::vector<uint32_t>{10, 1000, 100'000, 1'000'000}));
  EXPECT_EQ(o->limit, Seconds(5));
  EXPECT_EQ(o->at_least, 0);
}

TEST(BenchOptions, SizesLimitAndRatio) {
  const auto o = parse_bench(
      {"lpm", "--routes", "7,2.5k,2M", "--limit", "500ms", "--at-least", "1.25", "--json"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->routes, (std::vector<uint32_t>{7, 2500, 2'000'000}));
  EXPECT_EQ(o->limit, Seconds(0.5));
  EXPECT_EQ(o->at_least, 1.25);
  EXPECT_EQ(o->common.output, Output::json);
  EXPECT_EQ(refusal(parse_bench({"lpm", "--at-least", "0"})),
            "--at-least: '0' is no ratio (such as 0.9 or 2)");
  EXPECT_EQ(refusal(parse_bench({})), "lpm is missing");
  EXPECT_EQ(refusal(parse_bench({"disk"})), "'disk' is nothing that bench measures");
  for (const char* bad : {"", ",", "0", "1,", "2.5", "3M", "-1", "1k,x", "max"}) {
    EXPECT_EQ(refusal(parse_bench({"lpm", "--routes", bad})),
              "--routes: '" + std::string(bad) +
                  "' is no list of sizes (whole numbers up to 2M such as 10,1k,1M)");
  }
  EXPECT_NE(refusal(parse_bench({"lpm", "--limit", "0"})), "accepted");
}

TEST(OtherOptions, Positionals) {
  EXPECT_EQ(parse_check({"a", "b", "--junit", "j.xml"})->labs,
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(refusal(parse_check({})), "LAB... is missing");
  EXPECT_EQ(parse_routes({"l", "transit-1"})->on, "transit-1");
  EXPECT_EQ(refusal(parse_routes({"l"})), "ROUTER|VM|SUBNET is missing");
  EXPECT_EQ(parse_show({"l", "--json"})->common.output, Output::json);
  EXPECT_TRUE(parse_validate({"--schema"})->schema);
  EXPECT_EQ(refusal(parse_validate({})), "FILE is missing");
  EXPECT_EQ(refusal(parse_validate({"--schema", "l"})), "--schema needs no file");
}

TEST(AzOptions, TakesAzsShortOptionsAndWords) {
  const auto o = parse_az({"network", "nic", "list-effective-nsg", "-g", "rg", "-n", "vm-nic", "-o",
                           "table", "--lab", "lab.yaml"});
  ASSERT_TRUE(o);
  EXPECT_EQ(o->words, (std::vector<std::string>{"nic", "list-effective-nsg"}));
  EXPECT_EQ(o->resource_group, "rg");
  EXPECT_EQ(o->values.at("name"), "vm-nic");
  EXPECT_TRUE(o->as_table);
  EXPECT_FALSE(parse_az({"nic", "list-effective-nsg", "--lab", "lab.yaml", "-o", "yaml"}));
}

TEST(ExplainOptions, ARouteOrAPacketAndNotBoth) {
  EXPECT_TRUE(parse_explain({"lab.yaml", "transit-1", "10.0.0.0/8"}));
  const auto packet =
      parse_explain({"lab.yaml", "--from", "a", "--to", "b", "--proto", "tcp", "--dport", "443"});
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->protocol, 6);
  EXPECT_EQ(packet->destination_port, 443);
  EXPECT_FALSE(parse_explain({"lab.yaml"}));
  EXPECT_FALSE(parse_explain({"lab.yaml", "transit-1"}));
  EXPECT_FALSE(parse_explain({"lab.yaml", "--from", "a"}));
  EXPECT_FALSE(parse_explain({"lab.yaml", "transit-1", "10.0.0.0/8", "--from", "a", "--to", "b"}));
  EXPECT_FALSE(parse_explain({"lab.yaml", "--from", "a", "--to", "b", "--dport", "80"}));
}

}  // namespace
}  // namespace skyhop::cli
