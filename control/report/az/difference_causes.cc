#include "control/report/az/difference_causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/explain/route_story.h"

namespace skyhop::report::az {
namespace {

using Side = Difference::Side;

constexpr size_t kMostCauses = 4;

size_t differences_with(const std::vector<Compared>& files, const explain::Trial& trial) {
  size_t sum = 0;
  for (const Compared& file : files) {
    const Json answer = file.subject.ask(trial.lab, *trial.emulation);
    sum +=
        compare(file.kind, file.azure, answer.is_null() ? Json::object() : answer, *trial.emulation)
            .differences.size();
  }
  return sum;
}

}  // namespace

Story story_of(const Difference& difference, const Subject& subject,
               const emulator::Emulation& emulation) {
  if (!difference.prefix) return {};
  const std::string& at = difference.at.empty() ? subject.at : difference.at;
  if (at.empty()) return {};
  const auto story = explain::explain_route(emulation, at, difference.prefix->to_string());
  if (!story) return {};
  switch (difference.side) {
    case Side::only_azure:
      if (story->held) return {};
      if (story->origins.empty()) {
        return {fmt::format("nobody in the lab has {}: a resource or a setting is missing in it",
                            difference.prefix->to_string()),
                {}};
      }
      if (!story->refused.empty()) {
        const explain::Crossing& first = story->refused.front();
        return {fmt::format("between {} and {}: {}", first.from, first.to, first.reason),
                first.rule};
      }
      return {story->verdict, {}};
    case Side::only_lab:
    case Side::differs:
      if (story->origins.empty()) return {story->verdict, {}};
      return {fmt::format("the lab has it from {} ({})", story->origins.front().who,
                          story->origins.front().why),
              {}};
  }
  return {};
}

std::vector<Cause> causes_of(const std::vector<Compared>& files, const lab::Lab& lab,
                             const emulator::Emulation& emulation) {
  size_t left = 0;
  for (const Compared& file : files) left += file.comparison.differences.size();
  std::vector<Cause> causes;
  if (left == 0) return causes;
  const auto all = explain::alternatives(lab, emulation.network());
  std::vector<const explain::Alternative*> chosen;
  while (left > 0 && causes.size() < kMostCauses) {
    const explain::Alternative* best = nullptr;
    size_t fewest = left;
    for (const explain::Alternative& candidate : all) {
      if (std::ranges::count(chosen, &candidate) > 0) continue;
      chosen.push_back(&candidate);
      const auto trial = explain::try_out(lab, chosen);
      chosen.pop_back();
      if (trial == nullptr) continue;
      const size_t with = differences_with(files, *trial);
      if (with >= fewest) continue;
      fewest = with;
      best = &candidate;
    }
    if (best == nullptr) break;
    chosen.push_back(best);
    const explain::Remedy& change = best->change;
    causes.push_back({change.resource, change.cause, change.fix, change.rule, left - fewest});
    left = fewest;
  }
  return causes;
}

}  // namespace skyhop::report::az
