// skyhop diff: az output that stands for the real network comes from labs with one thing changed,
// so that what the command has to find is known.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/lab/asked.h"

namespace skyhop::cli {
namespace {

using Json = nlohmann::ordered_json;

const std::string kLab = config("ars-multipeer.yaml");

class Diff : public testing::Test {
 protected:
  Diff() {
    directory_ =
        std::filesystem::path(testing::TempDir()) /
        (std::string("diff-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  ~Diff() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string file = (directory_ / name).string();
    std::ofstream(file) << text;
    return file;
  }
  // What az would print of a lab, as a file.
  std::string az(const std::string& name, const std::string& lab, Arguments words) const {
    words.insert(words.begin(), "az");
    words.insert(words.end(), {"--lab", lab});
    const Answer answer = skyhop(words);
    EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
    return write(name, answer.out);
  }
  // The lab with something changed.
  std::string variant(const std::string& text) const {
    return write("variant.yaml", "lab: variant\nextends: " + kLab + "\n" + text);
  }
  static Answer diff(const Arguments& files, bool json = false) {
    Arguments arguments = {"diff", kLab, "--az"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    if (json) arguments.emplace_back("--json");
    return skyhop(arguments);
  }

 private:
  std::filesystem::path directory_;
};

const Arguments kLearned = {"vnet-gateway", "list-learned-routes", "-n", "vng"};

TEST_F(Diff, AnAnswerOfTheLabItselfAgreesWhateverItsKind) {
  const Arguments files = {
      az("nic.json", kLab, {"nic", "show-effective-route-table", "-n", "transit-1 eth1"}),
      az("nsg.json", kLab, {"nic", "list-effective-nsg", "-n", "spoke2-test-vm"}),
      az("server.json", kLab, {"routeserver", "show", "-n", "routerserver"}),
      az("peer.json", kLab,
         {"routeserver", "peering", "show", "--routeserver", "routerserver", "-n", "transit-1"}),
      az("learned.json", kLab,
         {"routeserver", "peering", "list-learned-routes", "--routeserver", "routerserver", "-n",
          "transit-1-hagw"}),
      az("told.json", kLab,
         {"routeserver", "peering", "list-advertised-routes", "--routeserver", "routerserver", "-n",
          "transit-1"}),
      az("gateway.json", kLab, kLearned),
      az("gateway-told.json", kLab,
         {"vnet-gateway", "list-advertised-routes", "-n", "vng", "--peer", "169.254.22.2"}),
      az("gateway-peers.json", kLab, {"vnet-gateway", "list-bgp-peer-status", "-n", "vng"}),
  };
  const Answer answer = diff(files, true);
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.out << answer.err;
  const Json json = Json::parse(answer.out);
  EXPECT_EQ(json["differences"], 0);
  ASSERT_EQ(json["files"].size(), files.size());
  for (const Json& file : json["files"]) EXPECT_GT(file["equal"], 0u) << file;
  EXPECT_EQ(json["files"][0]["subject"], "NIC transit-1 eth1");
  EXPECT_EQ(json["files"][1]["subject"], "NIC spoke2-test-vm-nic");
  EXPECT_EQ(json["files"][4]["subject"], "peering transit-1-hagw of routerserver");
  EXPECT_EQ(json["files"][7]["subject"], "VPN gateway vng towards 169.254.22.2");
}

TEST_F(Diff, A32_BranchToBranchThatIsOffInAzureIsFound) {
  const std::string real = az("real.json", config("branch-to-branch-off.yaml"), kLearned);
  const Answer answer = diff({real}, true);
  EXPECT_EQ(answer.code, ExitCode::check_failed);
  const Json json = Json::parse(answer.out);
  // 10.0.30.0/24 from both transit gateways, by both instances, in both of the gateway's.
  EXPECT_GT(json["differences"], 0u);
  for (const Json& row : json["files"][0]["differences"]) EXPECT_EQ(row["side"], "lab") << row;
  ASSERT_EQ(json["causes"].size(), 1u) << json["causes"];
  EXPECT_EQ(json["causes"][0]["rule"], "A32");
  EXPECT_EQ(json["causes"][0]["explains"], json["differences"]);
  EXPECT_EQ(json["causes"][0]["resource"], "azurerm_route_server.routerserver");
}

TEST_F(Diff, A56_PropagationThatIsOffOnADerivedTableIsFound) {
  const std::string lab = variant(
      "azurerm_route_table:\n"
      "  av-gw-transit-1-eth1-bgp_lan-rtb: {bgp_route_propagation_enabled: false}\n");
  const std::string real =
      az("real.json", lab, {"nic", "show-effective-route-table", "-n", "transit-1 eth1"});
  const Answer answer = diff({"transit-1 eth1=" + real});
  EXPECT_EQ(answer.code, ExitCode::check_failed);
  EXPECT_NE(answer.out.find("only in the lab: 10.0.110.0/24"), std::string::npos) << answer.out;
  EXPECT_NE(answer.out.find("bgp_route_propagation_enabled is off on "
                            "av-gw-transit-1-eth1-bgp_lan-rtb: explains 2, 0 left [A56]"),
            std::string::npos)
      << answer.out;
}

TEST_F(Diff, AFailureInAzureIsFound) {
  const std::string real = write("real.json", [] {
    Json answer = Json::parse(
        skyhop({"az", "vnet-gateway", "list-learned-routes", "-n", "vng", "--lab", kLab}).out);
    // The first tunnel is down: nothing comes from its far end, nor over the sibling from it.
    Json rows = Json::array();
    for (const Json& row : answer["value"]) {
      const bool from_tunnel = row["sourcePeer"] == "169.254.21.2" ||
                               row["network"] == "169.254.21.2/32" ||
                               (row["sourcePeer"] == "10.0.10.132" && row["origin"] == "IBgp");
      if (!from_tunnel) rows.push_back(row);
    }
    return Json{{"value", rows}}.dump();
  }());
  const Json json = Json::parse(diff({real}, true).out);
  ASSERT_FALSE(json["causes"].empty());
  EXPECT_NE(json["causes"][0]["cause"].get<std::string>().find("transit-2 - vng-0"),
            std::string::npos)
      << json["causes"];
}

TEST_F(Diff, WhatAzureChangesAtWillIsLeftOutAndSaid) {
  Json nic = Json::parse(
      skyhop({"az", "nic", "show-effective-route-table", "-n", "spoke1-test-vm-nic", "--lab", kLab})
          .out);
  Json reserved = nic["value"].back();
  for (const char* prefix : {"198.18.0.0/15", "25.176.0.0/13"}) {
    reserved["addressPrefix"] = {prefix};
    reserved["nextHopIpAddress"] = Json::array();
    reserved["nextHopType"] = "None";
    reserved["source"] = "Default";
    nic["value"].push_back(reserved);
  }
  const Answer routes = diff({write("spoke1-test-vm-nic.json", nic.dump())});
  EXPECT_EQ(routes.code, ExitCode::ok) << routes.out;
  EXPECT_NE(routes.out.find("not compared: 2 reserved ranges of type None"), std::string::npos)
      << routes.out;

  // Roles in the other order, an older CLI's last key, another weight.
  Json learned =
      Json::parse(skyhop({"az", "routeserver", "peering", "list-learned-routes", "--routeserver",
                          "routerserver", "-n", "transit-1", "--lab", kLab})
                      .out);
  std::swap(learned["RouteServiceRole_IN_0"], learned["RouteServiceRole_IN_1"]);
  learned["RouteServiceRole_IN_0"][0]["weight"] = 32769;
  learned["value"] = nullptr;
  const Answer peering = diff({write("learned.json", learned.dump())});
  EXPECT_EQ(peering.code, ExitCode::ok) << peering.out;
}

TEST_F(Diff, ARouteThatOnlyAzureHasIsToldByItsFirstObstacle) {
  const std::string real = az("real.json", kLab, kLearned);
  const Answer answer = skyhop({"diff", config("branch-to-branch-off.yaml"), "--az", real});
  EXPECT_EQ(answer.code, ExitCode::check_failed);
  EXPECT_NE(answer.out.find("only in Azure: 10.0.30.0/24 at 10.0.10.132 from 10.0.10.4"),
            std::string::npos)
      << answer.out;
  EXPECT_NE(answer.out.find("branch-to-branch traffic is not enabled [A32]"), std::string::npos)
      << answer.out;
}

TEST_F(Diff, WhatCannotBeComparedIsSaidAndNothingElse) {
  const Arguments files = {write("broken.json", "{\"value\": ["),
                           write("other.json", "{\"answer\": 42}"),
                           az("hop.json", kLab,
                              {"watcher", "show-next-hop", "--vm", "spoke1-test-vm", "--source-ip",
                               "10.0.30.5", "--dest-ip", "10.0.110.5"}),
                           "no-such-file.json"};
  const Answer answer = diff(files);
  EXPECT_EQ(answer.code, ExitCode::usage);
  EXPECT_TRUE(answer.out.empty());
  EXPECT_NE(answer.err.find("broken.json: is no JSON"), std::string::npos) << answer.err;
  EXPECT_NE(answer.err.find("other.json: no output of an az command"), std::string::npos);
  EXPECT_NE(answer.err.find("hop.json: the answer does not say what was asked"), std::string::npos);
  EXPECT_NE(answer.err.find("no-such-file.json: cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace skyhop::cli
