// Every lab of configs/ is valid, converges, and keeps the promises of its checks; and two runs of
// it send the same octets at the same virtual times.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

std::vector<std::string> all_configs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SKYHOP_CONFIGS)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

class Config : public testing::TestWithParam<std::string> {};

TEST_P(Config, KeepsThePromisesOfItsChecks) {
  LiveLab live(GetParam());
  ASSERT_TRUE(live.is_valid());
  ASSERT_FALSE(live.lab().checks.empty());
  const auto report = emulator::play(live.emulation(), live.lab());
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->convergence.converged);
  EXPECT_EQ(report->checks.size(), live.lab().checks.size());
  for (const auto& check : report->checks) {
    EXPECT_TRUE(check.passed) << check.at.count() << " s: " << check.name << ": " << check.detail;
  }
}

TEST_P(Config, TwoRunsSendTheSameOctets) {
  const auto messages_of_a_run = [] {
    LiveLab live(GetParam());
    live.emulation().record_messages();
    EXPECT_TRUE(emulator::play(live.emulation(), live.lab()));
    return live.emulation().messages();
  };
  const auto first = messages_of_a_run();
  EXPECT_EQ(first.empty(), LiveLab(GetParam()).network().sessions.empty());
  EXPECT_EQ(first, messages_of_a_run());
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.find('.'));
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Config, testing::ValuesIn(all_configs()), test_name);

}  // namespace
}  // namespace skyhop
