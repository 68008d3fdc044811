#include "control/lab/extends.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

class Extends : public testing::Test {
 protected:
  Extends() {
    std::string name = testing::TempDir() + "skyhop-extends-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~Extends() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] ReadResult read(const std::string& name) const {
    return read_file((folder_ / name).string());
  }
  /// Messages with the folder cut away.
  [[nodiscard]] std::vector<std::string> errors(const std::string& name) const {
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : read(name).diagnostics) {
      std::string line = to_string(diagnostic, name);
      const std::string prefix = folder_.string() + "/";
      for (size_t at; (at = line.find(prefix)) != std::string::npos;) line.erase(at, prefix.size());
      lines.push_back(line);
    }
    return lines;
  }
  std::filesystem::path folder_;
};

constexpr const char* kBase =
    "lab: base\n"
    "limits: {route_server: seed-2022}\n"
    "settings: {tunnel_mtu: 1400}\n"
    "aviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23, bgp_ecmp: true}}\n"
    "aviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24, filtered_spoke_vpc_routes: [10.9.0.0/16]}}\n"
    "azurerm_linux_virtual_machine: {m: {virtual_network_name: s}}\n"
    "traffic: [{from: m, to: m}, {from: m, to: m}]\n";

TEST_F(Extends, MapsMergeAndListsReplace) {
  write("base.yaml", kBase);
  write("lab.yaml",
        "lab: changed\n"
        "extends: base.yaml\n"
        "settings: {tunnel_mtu: 1300}\n"
        "aviatrix_spoke_gateway:\n"
        "  s: {transit_gw: t, filtered_spoke_vpc_routes: []}\n"
        "  s2: {cidr: 10.2.0.0/24}\n"
        "traffic: [{from: m, to: m, flows: 5}]\n");
  const ReadResult result = read("lab.yaml");
  EXPECT_EQ(messages(result), std::vector<std::string>{});
  const Lab& lab = result.lab;
  EXPECT_EQ(lab.name, "changed");
  EXPECT_EQ(lab.limits.route_server, "seed-2022");
  EXPECT_EQ(lab.settings.tunnel_mtu, 1300u);
  ASSERT_EQ(lab.spoke_gateways.size(), 2u);
  EXPECT_EQ(lab.spoke_gateways[0].cidr.to_string(), "10.1.0.0/24");
  EXPECT_EQ(lab.spoke_gateways[0].transit_gw, "t");
  EXPECT_TRUE(lab.spoke_gateways[0].filtered_spoke_vpc_routes.empty());
  EXPECT_TRUE(lab.transit_gateways.at(0).bgp_ecmp);
  ASSERT_EQ(lab.traffic.size(), 1u);
  EXPECT_EQ(lab.traffic[0].flows, 5u);
}

TEST_F(Extends, ErrorsCarryTheFileTheyStandIn) {
  write("base.yaml", "lab: base\naviatrix_spoke_gateway: {s: {cidr: 10.1.0.1/24}}\n");
  write("lab.yaml", "lab: a\nextends: base.yaml\nlimits: {route_server: no}\nbanana: 1\n");
  EXPECT_EQ(
      errors("lab.yaml"),
      (std::vector<std::string>{
          "lab.yaml:3:24: error: limits.route_server: expected current or seed-2022, found \"no\"",
          "lab.yaml:4:1: error: unknown key \"banana\"",
          "base.yaml:2:36: error: aviatrix_spoke_gateway.s.cidr: 10.1.0.1/24 has host bits "
          "set; 10.1.0.0/24 is meant?"}));
}

TEST_F(Extends, MissingBaseAndBrokenBase) {
  write("a.yaml", "lab: a\nextends: nowhere.yaml\n");
  EXPECT_EQ(errors("a.yaml"),
            std::vector<std::string>{"a.yaml:2:10: error: extends: nowhere.yaml: there is no such "
                                     "file"});
  write("b.yaml", "lab: b\nextends: broken.yaml\n");
  write("broken.yaml", "lab: [\n");
  EXPECT_EQ(errors("b.yaml"), std::vector<std::string>{
                                  "broken.yaml:2:1: error: YAML syntax: end of sequence flow not "
                                  "found"});
  write("c.yaml", "lab: c\nextends: list.yaml\n");
  write("list.yaml", "[1]\n");
  EXPECT_EQ(errors("c.yaml"), std::vector<std::string>{
                                  "c.yaml:2:10: error: extends: list.yaml is not a lab: expected a "
                                  "map, found a list"});
  write("d.yaml", "lab: d\nextends: [a.yaml]\n");
  EXPECT_EQ(errors("d.yaml"),
            std::vector<std::string>{"d.yaml:2:10: error: extends: expected a lab file, found a "
                                     "list"});
}

TEST_F(Extends, CyclesAreRefused) {
  write("a.yaml", "lab: a\nextends: a.yaml\n");
  EXPECT_EQ(errors("a.yaml"),
            std::vector<std::string>{"a.yaml:2:10: error: extends: a.yaml extends itself"});
  write("b.yaml", "lab: b\nextends: c.yaml\n");
  write("c.yaml", "lab: c\nextends: ./b.yaml\n");
  EXPECT_EQ(errors("b.yaml"),
            std::vector<std::string>{"c.yaml:2:10: error: extends: b.yaml extends itself"});
}

TEST_F(Extends, ChainsAreBounded) {
  for (int i = 0; i < 9; ++i) {
    write(std::to_string(i) + ".yaml",
          "lab: a\n" + (i == 0 ? std::string("settings: {}\n")
                               : "extends: " + std::to_string(i - 1) + ".yaml\n"));
  }
  EXPECT_EQ(errors("7.yaml"), std::vector<std::string>{});
  EXPECT_EQ(errors("8.yaml"),
            std::vector<std::string>{"1.yaml:2:10: error: extends: a chain of more than 8 labs"});
}

}  // namespace
}  // namespace skyhop::lab
