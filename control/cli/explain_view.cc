#include "control/cli/explain_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cli/lines.h"
#include "control/cli/trace_view.h"
#include "control/report/json.h"
#include "control/report/text.h"

namespace skyhop::cli {
namespace {

using explain::Contender;
using explain::Crossing;
using explain::Cure;
using explain::Finding;
using explain::Holder;
using explain::Origin;
using explain::PacketStory;
using explain::RouteStory;
using report::Json;
using report::Tone;

void add_crossing(const Crossing& c, Lines& lines) {
  const bool told = c.outcome == Crossing::Outcome::told;
  lines.item(told ? fmt::format("{} -> {}: {}", c.from, c.to, c.what)
                  : fmt::format("{} -> {}: {}: {}", c.from, c.to, explain::to_string(c.outcome),
                                with_rule(c.reason, c.rule)),
             told ? Tone::plain : Tone::bad);
  if (told && !c.rule.empty()) {
    lines.more(with_rule(c.reason.empty() ? "by" : c.reason, c.rule), Tone::dim);
  }
}

void add_story(const RouteStory& story, Lines& lines) {
  lines.head(story.verdict, story.held ? Tone::good : Tone::bad);
  if (!story.origins.empty()) {
    lines.head("where it comes from");
    for (const Origin& o : story.origins) lines.item(fmt::format("{}: {}", o.who, o.why));
  }
  if (!story.way.empty()) {
    lines.head(fmt::format("its way to {}", story.at));
    for (const Crossing& c : story.way) add_crossing(c, lines);
  }
  if (!story.contenders.empty()) {
    lines.head(fmt::format("what {} had to choose from", story.at));
    for (const Contender& c : story.contenders) {
      lines.item(fmt::format("{}: from {}, AS path {}, next hop {}{}", c.standing, c.from,
                             c.as_path.empty() ? "empty" : c.as_path, c.next_hop,
                             c.reason.empty() ? "" : ": " + c.reason),
                 c.standing == "not used" ? Tone::dim : Tone::plain);
    }
  }
  if (!story.refused.empty()) {
    lines.head("where it stops");
    for (const Crossing& c : story.refused) add_crossing(c, lines);
  }
  if (!story.tables.empty()) {
    lines.head("tables that hold it");
    for (const Holder& h : story.tables) {
      lines.item(h.in_use ? fmt::format("{}: {}, {}", h.table, h.source, h.description)
                          : fmt::format("{}: {}, lost: {}", h.table, h.source, h.description),
                 h.in_use ? Tone::plain : Tone::dim);
    }
  }
}

Json crossings_json(const std::vector<Crossing>& crossings) {
  Json list = Json::array();
  for (const Crossing& c : crossings) {
    list.push_back({{"from", c.from},
                    {"to", c.to},
                    {"outcome", explain::to_string(c.outcome)},
                    {"what", c.what},
                    {"rule", c.rule},
                    {"reason", c.reason}});
  }
  return list;
}

Json cures_json(const std::vector<Cure>& cures) {
  Json list = Json::array();
  for (const Cure& c : cures) {
    list.push_back(
        {{"resource", c.resource}, {"cause", c.cause}, {"fix", c.fix}, {"rule", c.rule}});
  }
  return list;
}

void add_cures(const std::string& title, const std::vector<Cure>& cures, Lines& lines) {
  if (cures.empty()) return;
  lines.head(title);
  for (const Cure& c : cures) {
    lines.item(with_rule(c.cause, c.rule), Tone::bad);
    lines.more("fix: " + c.fix, Tone::good);
  }
}

std::string way_text(const emulator::Path& path) {
  std::string text;
  for (const emulator::TraceHop& hop : path.hops) {
    if (!text.empty()) text += " -> ";
    text += hop.router;
  }
  return text;
}

}  // namespace

std::string route_story_text(const RouteStory& story, const report::Style& style) {
  Lines lines(style);
  add_story(story, lines);
  return lines.take();
}

Json route_story_json(const RouteStory& story) {
  Json origins = Json::array();
  for (const Origin& o : story.origins) origins.push_back({{"who", o.who}, {"why", o.why}});
  Json contenders = Json::array();
  for (const Contender& c : story.contenders) {
    contenders.push_back({{"from", c.from},
                          {"as_path", c.as_path},
                          {"next_hop", c.next_hop},
                          {"standing", c.standing},
                          {"reason", c.reason}});
  }
  Json tables = Json::array();
  for (const Holder& h : story.tables) {
    tables.push_back({{"table", h.table},
                      {"source", h.source},
                      {"description", h.description},
                      {"in_use", h.in_use}});
  }
  return {{"at", story.at},
          {"prefix", story.prefix.to_string()},
          {"held", story.held},
          {"verdict", story.verdict},
          {"origins", std::move(origins)},
          {"way", crossings_json(story.way)},
          {"contenders", std::move(contenders)},
          {"refused", crossings_json(story.refused)},
          {"tables", std::move(tables)}};
}

std::string packet_story_text(const PacketStory& story, const report::Style& style) {
  Lines lines(style);
  lines.head(story.verdict, story.arrives ? Tone::good : Tone::bad);
  lines.head("its way");
  lines.item(way_text(story.trace.forward));
  if (story.trace.back) lines.item("back: " + way_text(*story.trace.back));
  if (story.arrives) return lines.take();
  lines.head("where it ends");
  lines.item(story.obstacle);
  add_cures("what would fix it (each was tried, one is enough)", story.cures, lines);
  add_cures("what would fix it (tried, all are needed)", story.together, lines);
  if (story.cures.empty() && story.together.empty()) {
    lines.head("no change to what the lab file has was found that would fix it", Tone::warning);
  }
  if (story.missing) {
    lines.blank();
    add_story(*story.missing, lines);
  }
  return lines.take();
}

Json packet_story_json(const PacketStory& story) {
  return {{"arrives", story.arrives},
          {"verdict", story.verdict},
          {"obstacle", story.obstacle},
          {"cures", cures_json(story.cures)},
          {"together", cures_json(story.together)},
          {"missing", story.missing ? route_story_json(*story.missing) : Json()},
          {"trace", trace_json(story.trace)}};
}

std::string findings_text(const std::vector<Finding>& findings, const report::Style& style) {
  Lines lines(style);
  size_t traps = 0;
  for (const Finding& f : findings) {
    const bool is_trap = f.weight == explain::Weight::trap;
    traps += is_trap ? 1 : 0;
    lines.head(
        fmt::format("{} {}: {}", is_trap ? "trap" : "note", f.trap, with_rule(f.cause, f.rule)),
        is_trap ? Tone::bad : Tone::warning);
    lines.item(f.resource, Tone::dim);
    for (const std::string& row : f.effect) lines.item("effect: " + row);
    lines.item("fix: " + f.fix, Tone::good);
  }
  lines.head(fmt::format("{} {}, {} {}", traps, traps == 1 ? "trap" : "traps",
                         findings.size() - traps, findings.size() - traps == 1 ? "note" : "notes"));
  return lines.take();
}

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& f : findings) {
    list.push_back({{"weight", f.weight == explain::Weight::trap ? "trap" : "note"},
                    {"trap", f.trap},
                    {"resource", f.resource},
                    {"cause", f.cause},
                    {"effect", f.effect},
                    {"fix", f.fix},
                    {"rule", f.rule}});
  }
  return list;
}

}  // namespace skyhop::cli
