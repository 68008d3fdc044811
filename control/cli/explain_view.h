// Explanations and findings for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/explain/lint.h"
#include "control/explain/packet_story.h"
#include "control/explain/route_story.h"
#include "control/report/style.h"

namespace skyhop::cli {

[[nodiscard]] std::string route_story_text(const explain::RouteStory& story,
                                           const report::Style& style);
[[nodiscard]] nlohmann::ordered_json route_story_json(const explain::RouteStory& story);

[[nodiscard]] std::string packet_story_text(const explain::PacketStory& story,
                                            const report::Style& style);
[[nodiscard]] nlohmann::ordered_json packet_story_json(const explain::PacketStory& story);

[[nodiscard]] std::string findings_text(const std::vector<explain::Finding>& findings,
                                        const report::Style& style);
[[nodiscard]] nlohmann::ordered_json findings_json(const std::vector<explain::Finding>& findings);

}  // namespace skyhop::cli
