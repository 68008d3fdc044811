// Labs of the tests of Aviatrix networks beside the first lab.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "control/emulator/alerts.h"
#include "tests/lab/lab_fixture.h"

namespace skyhop {

inline std::unique_ptr<LiveLab> live_text(const std::string& sections) {
  auto live = std::make_unique<LiveLab>(
      lab::read_text("lab: t\n" + sections, std::string(SKYHOP_CONFIGS) + "/t.yaml"));
  EXPECT_TRUE(live->is_valid()) << live->findings();
  return live;
}

/// A lab of configs/ with these sections on top of it, and without its timeline and checks.
inline std::unique_ptr<LiveLab> changed(const std::string& config, const std::string& sections) {
  auto live = std::make_unique<LiveLab>(
      lab::read_text("lab: t\nextends: " + config + ".yaml\nchecks: []\ntimeline: []\n" + sections,
                     std::string(SKYHOP_CONFIGS) + "/t.yaml"));
  EXPECT_TRUE(live->is_valid()) << live->findings();
  live->converge();
  return live;
}

inline std::string findings_of(const std::string& sections) {
  return LiveLab(lab::read_text("lab: t\n" + sections, std::string(SKYHOP_CONFIGS) + "/t.yaml"))
      .findings();
}

inline bool logged(LiveLab& live, const std::string& subject, const std::string& what) {
  return std::ranges::any_of(live.emulation().log(), [&](const emulator::LogEntry& entry) {
    return entry.subject == subject && entry.what.find(what) != std::string::npos;
  });
}

inline std::vector<std::string> alert_kinds(LiveLab& live) {
  std::vector<std::string> kinds;
  for (const emulator::Alert& alert : emulator::alerts(live.emulation(), live.lab())) {
    kinds.push_back(std::string(to_string(alert.kind)) + ": " + alert.subject);
  }
  return kinds;
}

using Kinds = std::vector<std::string>;

}  // namespace skyhop
