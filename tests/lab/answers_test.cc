// What commands print, byte for byte, beside the files in tests/data/answers. After a change that
// is meant, run this program with SKYHOP_WRITE_ANSWERS=1 and read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/lab/asked.h"

namespace skyhop::cli {
namespace {

Answer az(Arguments words) {
  words.insert(words.begin(), "az");
  words.insert(words.end(), {"--lab", config("ars-multipeer.yaml")});
  return skyhop(words);
}

void expect_answer(const std::string& name, const Answer& answer) {
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  const std::string file = std::string(SKYHOP_ANSWERS) + "/" + name;
  if (std::getenv("SKYHOP_WRITE_ANSWERS") != nullptr) {
    std::ofstream(file) << answer.out;
    return;
  }
  std::ifstream stream(file);
  ASSERT_TRUE(stream) << file;
  std::ostringstream expected;
  expected << stream.rdbuf();
  EXPECT_EQ(answer.out, expected.str()) << name;
}

TEST(Az, EffectiveRoutesOfAnInterface) {
  expect_answer("nic-effective-routes.json", az({"network", "nic", "show-effective-route-table",
                                                 "-g", "lab", "-n", "spoke1-test-vm-nic"}));
  expect_answer("nic-effective-routes.txt", az({"network", "nic", "show-effective-route-table",
                                                "-n", "spoke1-test-vm-nic", "-o", "table"}));
}

TEST(Az, A63_ARowForEachNextHop) {
  const Answer answer =
      az({"nic", "show-effective-route-table", "-n", "transit-1 eth1", "-o", "table"});
  const std::string row = "VirtualNetworkGateway  Active   10.0.110.0/24     ";
  EXPECT_NE(answer.out.find(row + "VirtualNetworkGateway  10.0.10.132"), std::string::npos)
      << answer.out;
  EXPECT_NE(answer.out.find(row + "VirtualNetworkGateway  10.0.10.133"), std::string::npos)
      << answer.out;
}

TEST(Az, A66_EffectiveSecurityRules) {
  expect_answer("nic-effective-nsg.json",
                az({"network", "nic", "list-effective-nsg", "-g", "lab", "-n", "spoke2-test-vm"}));
  expect_answer("nic-effective-nsg.txt", az({"network", "nic", "list-effective-nsg", "-n",
                                             "spoke2-test-vm", "-o", "table"}));
}

TEST(Az, A1_RouteServer) {
  expect_answer("routeserver.json",
                az({"network", "routeserver", "show", "-g", "lab", "-n", "routerserver"}));
  expect_answer("routeserver-peering.json",
                az({"network", "routeserver", "peering", "show", "-g", "lab", "--routeserver",
                    "routerserver", "-n", "transit-1"}));
}

TEST(Az, A30_RoutesOfAPeering) {
  for (const std::string what : {"learned", "advertised"}) {
    const Arguments words = {"routeserver",   "peering",      "list-" + what + "-routes",
                             "--routeserver", "routerserver", "-n",
                             "transit-1"};
    expect_answer("peering-" + what + ".json", az(words));
    Arguments table = words;
    table.insert(table.end(), {"-o", "table"});
    expect_answer("peering-" + what + ".txt", az(table));
  }
}

TEST(Az, A47_RoutesOfAVpnGateway) {
  expect_answer("gateway-learned.json",
                az({"network", "vnet-gateway", "list-learned-routes", "-g", "lab", "-n", "vng"}));
  expect_answer("gateway-learned.txt",
                az({"vnet-gateway", "list-learned-routes", "-n", "vng", "-o", "table"}));
  expect_answer("gateway-advertised.json",
                az({"network", "vnet-gateway", "list-advertised-routes", "-g", "lab", "-n", "vng",
                    "--peer", "169.254.21.2"}));
  EXPECT_EQ(az({"vnet-gateway", "list-advertised-routes", "-n", "vng", "--peer", "192.0.2.1"}).out,
            "{\n  \"value\": []\n}\n");
}

TEST(Az, A40_PeersOfAVpnGateway) {
  expect_answer("gateway-peers.json",
                az({"network", "vnet-gateway", "list-bgp-peer-status", "-g", "lab", "-n", "vng"}));
  expect_answer("gateway-peers.txt",
                az({"vnet-gateway", "list-bgp-peer-status", "-n", "vng", "-o", "table"}));
}

TEST(Az, A70_NextHop) {
  expect_answer("next-hop.json",
                az({"network", "watcher", "show-next-hop", "-g", "lab", "--vm", "spoke1-test-vm",
                    "--source-ip", "10.0.30.5", "--dest-ip", "10.0.110.5"}));
  const Answer internet = az({"watcher", "show-next-hop", "--vm", "spoke1-test-vm", "--source-ip",
                              "10.0.30.5", "--dest-ip", "192.0.2.1"});
  EXPECT_EQ(internet.out,
            "{\n  \"nextHopIpAddress\": null,\n  \"nextHopType\": \"Internet\",\n"
            "  \"routeTableId\": \"System Route\"\n}\n");
}

TEST(Az, A66_IpFlow) {
  const Answer web =
      az({"watcher", "test-ip-flow", "--vm", "spoke2-test-vm", "--direction", "Inbound",
          "--protocol", "TCP", "--local", "10.0.110.5:80", "--remote", "192.0.2.9:*"});
  EXPECT_EQ(web.out, "{\n  \"access\": \"Allow\",\n  \"ruleName\": \"securityRules/HTTP\"\n}\n");
  const Answer ssh =
      az({"watcher", "test-ip-flow", "--vm", "spoke2-test-vm", "--direction", "Inbound",
          "--protocol", "TCP", "--local", "10.0.110.5:22", "--remote", "192.0.2.9:*"});
  EXPECT_EQ(ssh.out,
            "{\n  \"access\": \"Deny\",\n"
            "  \"ruleName\": \"defaultSecurityRules/DenyAllInBound\"\n}\n");
}

TEST(Show, Cost) {
  expect_answer("cost.txt", skyhop({"show", config("ars-multipeer.yaml"), "--cost"}));
  const Answer json = skyhop({"show", config("ars-multipeer.yaml"), "--cost", "--json"});
  const auto bill = nlohmann::json::parse(json.out);
  EXPECT_EQ(bill["items"][0]["item"], "Route Server");
  EXPECT_EQ(bill["items"][0]["usd_per_hour"], 0.45);
  EXPECT_FALSE(bill["prices_of"].get<std::string>().empty());
}

TEST(Az, WhatIsWrongIsSaid) {
  const Answer nic = az({"nic", "show-effective-route-table", "-n", "spoke1-test-vm-nik"});
  EXPECT_EQ(nic.code, ExitCode::usage);
  EXPECT_NE(nic.err.find("did you mean 'spoke1-test-vm-nic'?"), std::string::npos) << nic.err;
  const Answer words = az({"routeserver", "peering", "list-learned-route"});
  EXPECT_EQ(words.code, ExitCode::usage);
  EXPECT_NE(words.err.find("list-learned-routes"), std::string::npos) << words.err;
  const Answer option = az({"routeserver", "show", "-n", "routerserver", "--peer", "10.0.0.1"});
  EXPECT_NE(option.err.find("takes no --peer"), std::string::npos) << option.err;
  const Answer source = az({"watcher", "show-next-hop", "--vm", "spoke1-test-vm", "--source-ip",
                            "10.0.30.6", "--dest-ip", "10.0.110.5"});
  EXPECT_EQ(source.code, ExitCode::usage);
}

TEST(Explain, ARouteAndAPacket) {
  expect_answer("explain-route.txt",
                skyhop({"explain", config("ars-multipeer.yaml"), "transit-1", "10.0.110.0/24"}));
  expect_answer("explain-packet.txt",
                skyhop({"explain", config("branch-to-branch-off.yaml"), "--from", "spoke1-test-vm",
                        "--to", "spoke2-test-vm"}));
  expect_answer("explain-packet.json",
                skyhop({"explain", config("branch-to-branch-off.yaml"), "--from", "spoke1-test-vm",
                        "--to", "spoke2-test-vm", "--json"}));
}

TEST(Lint, EndsWithOneWhenThereIsATrap) {
  expect_answer("lint.txt", skyhop({"lint", config("ars-multipeer.yaml")}));
  const Answer trap = skyhop({"lint", config("branch-to-branch-off.yaml")});
  EXPECT_EQ(trap.code, ExitCode::check_failed);
  EXPECT_NE(trap.out.find("trap branch-to-branch: "), std::string::npos) << trap.out;
  const Answer json = skyhop({"lint", config("branch-to-branch-off.yaml"), "--json"});
  EXPECT_NE(json.out.find("\"traps\": 1"), std::string::npos) << json.out;
}

TEST(Routes, AGatewaysTableAsTheProductShowsIt) {
  expect_answer("gateway-table.txt",
                skyhop({"routes", config("ars-multipeer.yaml"), "transit-1", "--product"}));
  const Answer none =
      skyhop({"routes", config("ars-multipeer.yaml"), "spoke1-test-vm", "--product"});
  EXPECT_EQ(none.code, ExitCode::usage);
  EXPECT_EQ(skyhop({"routes", config("ars-multipeer.yaml"), "vng-0", "--product"}).code,
            ExitCode::usage);
}

TEST(Bgp, V56_APageNamesBothEndsTheirConnectionsAndWhatWasLearnedAndAdvertised) {
  const Answer answer = skyhop({"bgp", config("ars-multipeer.yaml"), "--json"});
  ASSERT_EQ(answer.code, ExitCode::ok) << answer.err;
  const auto sessions = nlohmann::json::parse(answer.out)["sessions"];
  ASSERT_EQ(sessions.size(), 11u);
  const auto& one = sessions[0];
  EXPECT_EQ(one["name"], "transit-1 - routerserver-0");
  EXPECT_EQ(one["state"], "Established");
  EXPECT_EQ(one["a"]["gateway"], "transit-1");
  EXPECT_EQ(one["a"]["address"], "10.0.20.68");
  EXPECT_EQ(one["a"]["asn"], 65020);
  EXPECT_EQ(one["a"]["connection"], "transit-1-to-routerserver");
  EXPECT_EQ(one["b"]["asn"], 65515);
  EXPECT_EQ(one["b"]["address"], "10.0.10.4");
  EXPECT_EQ(one["a"]["advertised"], nlohmann::json::array({"10.0.30.0/24"}));
  EXPECT_EQ(one["a"]["learned"],
            nlohmann::json::array({"10.0.10.0/24", "10.0.20.0/23", "10.0.110.0/24"}));
}

TEST(Alerts, WhatWaitsForApproval) {
  expect_answer("alerts.txt", skyhop({"alerts", config("approval.yaml"), "--at", "0"}));
  const Answer json = skyhop({"alerts", config("approval.yaml"), "--at", "0", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["alerts"][0]["kind"], "approval pending");
  EXPECT_EQ(skyhop({"alerts", config("ars-multipeer.yaml")}).out, "nothing to look at\n");
}

TEST(Activity, EveryChangeInItsOrder) {
  expect_answer("activity.txt", skyhop({"activity", config("approval.yaml")}));
  const auto json = nlohmann::json::parse(
      skyhop({"activity", config("approval.yaml"), "--at", "60", "--json"}).out);
  ASSERT_FALSE(json["entries"].empty());
  EXPECT_LT(json["entries"][0]["at_s"], 0.0);  // before it had converged
  EXPECT_EQ(json["entries"].back()["at_s"], 60.0);
}

TEST(Import, V1_TheCommandWritesALabThatIsValid) {
  const std::string plan = std::string(SKYHOP_ANSWERS) + "/../terraform/ars-multipeer.plan.json";
  const Answer answer = skyhop({"import", plan});
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  EXPECT_EQ(answer.err, "");
  EXPECT_NE(answer.out.find("lab: ars-multipeer\n"), std::string::npos);
  const Answer json = skyhop({"import", plan, "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["yaml"], answer.out);
  EXPECT_EQ(skyhop({"import", config("README.md")}).code, ExitCode::invalid_lab);
  EXPECT_EQ(skyhop({"import", "/nonexistent"}).code, ExitCode::environment);
}

}  // namespace
}  // namespace skyhop::cli
