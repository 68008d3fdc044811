// Real packets through the Aviatrix labs of configs/: all of their traffic arrives, and none of it
// is lost. A process of its own, because EAL's memory is that of the first lab, the largest.
#include <gtest/gtest.h>

#include "control/emulator/runner.h"
#include "tests/lab/lab_fixture.h"

namespace skyhop {
namespace {

class Packets : public testing::TestWithParam<const char*> {};

TEST_P(Packets, AllTrafficOfTheLabArrives) {
  // What the sizes of gateways let through is another matter (lab_links).
  const auto live =
      LiveLab::variant_of(std::string(GetParam()) + ".yaml", "settings: {shaping: none}\n");
  ASSERT_TRUE(live->is_valid()) << live->findings();
  lab::Lab quiet = live->lab();
  quiet.timeline.clear();
  quiet.checks.clear();
  const auto report =
      emulator::run(quiet, live->network(), {.duration_s = 0.1, .allow_hugepages = false}, {});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->passed());
  EXPECT_GT(report->counters.delivered, 1000u);
  EXPECT_EQ(report->counters.delivered, report->counters.offered);
  EXPECT_EQ(report->counters.dropped(), 0u);
  for (const lab::TrafficFlow& flow : quiet.traffic) {
    for (size_t i = 0; i < report->port_names.size(); ++i) {
      if (report->port_names[i] != flow.to) continue;
      EXPECT_GT(report->counters.ports[i].delivered, 0u) << flow.to;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LargestFirst, Packets,
                         testing::Values("segmentation", "gre", "active-standby", "transit-peering",
                                         "hpe", "snat", "bgp-spoke", "approval"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace skyhop
