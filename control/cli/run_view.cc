#include "control/cli/run_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "control/cli/check_view.h"
#include "control/report/esp_keys.h"
#include "control/report/json.h"
#include "control/report/latency.h"
#include "control/report/table.h"
#include "control/report/text.h"
#include "control/report/units.h"

namespace skyhop::cli {
namespace {

using dataplane::DropReason;
using report::Align;
using report::Json;
using report::Narrow;
using report::Tone;

struct Throughput {
  double pps = 0;
  double bps = 0;  // of IP octets
};

Throughput throughput_of(const emulator::RunReport& report) {
  if (report.seconds <= 0) return {};
  uint64_t octets = 0;
  for (const dataplane::PortCounters& port : report.counters.ports) octets += port.delivered_bytes;
  return {static_cast<double>(report.counters.delivered) / report.seconds,
          static_cast<double>(octets) * 8 / report.seconds};
}

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

report::Table session_table(const emulator::RunReport& report) {
  report::Table table({{"Session", Align::left, Narrow::truncate},
                       {"AS"},
                       {"State"},
                       {"Problem", Align::left, Narrow::wrap}},
                      "BGP sessions");
  for (const emulator::SessionRow& s : report.sessions) {
    table.add({s.name,
               fmt::format("{} - {}", s.asn_a, s.asn_b),
               {s.state, s.state == "Established" ? Tone::good : Tone::bad},
               s.problem});
  }
  return table;
}

report::Table packet_table(const emulator::RunReport& report) {
  const dataplane::Counters& c = report.counters;
  const auto in = static_cast<double>(c.offered + c.originated);
  report::Table table({{"Packets"},
                       {"Count", Align::right},
                       {"Share", Align::right},
                       {"Meaning", Align::left, Narrow::wrap}},
                      "Packets");
  const auto add = [&](report::Cell name, uint64_t n, std::string_view meaning) {
    table.add(
        {std::move(name), report::count(n), report::percent(static_cast<double>(n), in), meaning});
  };
  add("offered", c.offered, "received from ports, generators and captures");
  if (c.originated != 0) {
    add("originated", c.originated, "made by routers (ICMP, fragments) and links (duplicates)");
  }
  add({"delivered", Tone::good}, c.delivered, "left the model where they were addressed to");
  if (c.held != 0) add("held", c.held, "inside of the model when it stopped");
  for (uint32_t i = 0; i < dataplane::kDropReasons; ++i) {
    if (c.drops[i] == 0) continue;
    const auto reason = static_cast<DropReason>(i);
    add({dataplane::to_string(reason), Tone::warning}, c.drops[i], dataplane::describe(reason));
  }
  return table;
}

std::string law_text(const dataplane::Counters& c, const report::Style& style) {
  const std::string sum = fmt::format(
      "{} in = {} delivered + {} held + {} dropped", report::count(c.offered + c.originated),
      report::count(c.delivered), report::count(c.held), report::count(c.dropped()));
  return c.sum_law_holds()
             ? sum + "\n"
             : report::paint("BROKEN: packets were lost uncounted: " + sum, Tone::bad, style) +
                   "\n";
}

report::Table latencies(const emulator::RunReport& report) {
  report::Table table = report::latency_table("Latency", "From stamp in to stamp out");
  report::add_latency(table, "whole path", report::latency_of(report.counters.path_latency_ns));
  const auto& routers = report.counters.router_latency_ns;
  for (size_t i = 0; i < routers.size() && i < report.router_names.size(); ++i) {
    if (routers[i].total() == 0) continue;
    report::add_latency(table, report.router_names[i], report::latency_of(routers[i]));
  }
  return table;
}

report::Table router_counters(const emulator::RunReport& report) {
  report::Table table({{"Router", Align::left, Narrow::truncate},
                       {"Packets", Align::right},
                       {"Per batch", Align::right},
                       {"Cycles per packet", Align::right},
                       {"Dropped", Align::right}},
                      "Routers");
  for (size_t i = 0; i < report.counters.routers.size(); ++i) {
    const dataplane::RouterCounters& r = report.counters.routers[i];
    if (r.packets == 0) continue;
    uint64_t dropped = 0;
    for (const uint64_t d : r.drops) dropped += d;
    table.add({report.router_names[i], report::count(r.packets),
               fmt::format("{:.1f}", ratio(r.packets, r.batches)),
               fmt::format("{:.1f}", ratio(r.cycles, r.packets)), report::count(dropped)});
  }
  return table;
}

// A large lab is told kind by kind.
report::Table forwarding_tables(const emulator::RunReport& report) {
  report::Table table({{"Router", Align::left, Narrow::truncate},
                       {"Table"},
                       {"Routes", Align::right},
                       {"Memory", Align::right},
                       {"Why", Align::left, Narrow::wrap}},
                      "Forwarding tables");
  if (report.tables.size() <= lpm::kManyRouters) {
    for (size_t i = 0; i < report.tables.size(); ++i) {
      const emulator::TableRow& t = report.tables[i];
      table.add({report.router_names[i], lpm::to_string(t.kind), report::count(t.routes),
                 report::bytes(t.bytes), t.why});
    }
    return table;
  }
  for (const auto kind : {lpm::TableKind::rte_lpm, lpm::TableKind::popline}) {
    emulator::TableRow all;
    size_t routers = 0;
    for (const emulator::TableRow& t : report.tables) {
      if (t.kind != kind) continue;
      ++routers;
      all.routes += t.routes;
      all.bytes += t.bytes;
      all.why = t.why;
    }
    if (routers == 0) continue;
    table.add({report::count(routers) + " routers", lpm::to_string(kind), report::count(all.routes),
               report::bytes(all.bytes), all.why});
  }
  return table;
}

// What the link did besides carrying, or nothing.
const dataplane::CrossingCounters* crossing_of(const emulator::RunReport& report, size_t link) {
  if (link >= report.counters.crossings.size()) return nullptr;
  const dataplane::CrossingCounters& crossing = report.counters.crossings[link];
  return crossing == dataplane::CrossingCounters{} ? nullptr : &crossing;
}

uint32_t longest_queue(const dataplane::CrossingCounters& crossing) {
  uint32_t longest = 0;
  for (const auto& limit : crossing.limits) longest = std::max(longest, limit.queue_packets_max);
  return longest;
}

report::Table link_counters(const emulator::RunReport& report) {
  const size_t links = report.counters.links.size();
  bool has_crossings = false;
  for (size_t i = 0; i < links; ++i) has_crossings |= crossing_of(report, i) != nullptr;
  std::vector<report::Column> columns = {{"Link", Align::left, Narrow::truncate},
                                         {"Packets", Align::right},
                                         {"Bytes on the wire", Align::right},
                                         {"Rate", Align::right}};
  if (has_crossings) {
    columns.insert(columns.end(), {{"Queue full", Align::right},
                                   {"Lost", Align::right},
                                   {"Longest queue", Align::right},
                                   {"Bound by", Align::left, Narrow::wrap}});
  }
  report::Table table(std::move(columns), "Links");
  for (size_t i = 0; i < links; ++i) {
    const dataplane::LinkCounters& l = report.counters.links[i];
    const auto* crossing = crossing_of(report, i);
    if (l.packets == 0 && crossing == nullptr) continue;
    const double bps = report.seconds > 0 ? static_cast<double>(l.bytes) * 8 / report.seconds : 0;
    std::vector<report::Cell> row = {report.link_names[i], report::count(l.packets),
                                     report::count(l.bytes), report::bits_per_second(bps)};
    if (crossing != nullptr) {
      row.insert(row.end(),
                 {report::count(crossing->refused()), report::count(crossing->lost + crossing->cut),
                  report::count(longest_queue(*crossing)),
                  limit_of(report.limit_names, report.counters, i)});
    } else if (has_crossings) {
      row.insert(row.end(), {"0", "0", "0"});
    }
    table.add(std::move(row));
  }
  return table;
}

report::Table impairments(const emulator::RunReport& report) {
  report::Table table({{"Link", Align::left, Narrow::truncate},
                       {"Lost", Align::right},
                       {"Cut off", Align::right},
                       {"Duplicated", Align::right},
                       {"Corrupted", Align::right},
                       {"Reordered", Align::right}},
                      "What links did to packets");
  for (size_t i = 0; i < report.counters.links.size(); ++i) {
    const auto* c = crossing_of(report, i);
    if (c == nullptr || c->lost + c->cut + c->duplicated + c->corrupted + c->reordered == 0) {
      continue;
    }
    table.add({report.link_names[i], report::count(c->lost), report::count(c->cut),
               report::count(c->duplicated), report::count(c->corrupted),
               report::count(c->reordered)});
  }
  return table;
}

// Which limit bound the run: the tightest of those that refused packets.
std::string bound_text(const emulator::RunReport& report, const report::Style& style) {
  const auto met = limits_met(report.limit_names, report.counters);
  const std::string title = report::paint("Bound by", Tone::strong, style) + "    ";
  if (met.empty() || met.front().refused == 0) {
    if (report.limit_names.shared.empty() && met.empty()) return {};
    return title + "no limit of a link or gateway: none refused a packet\n";
  }
  const emulator::LimitMet& limit = met.front();
  std::string links = report::printable(limit.links.front());
  if (limit.links.size() > 1) links += fmt::format(" and {} more", limit.links.size() - 1);
  return title + fmt::format("{} on {}: {} carried, {} refused; it is the {} that are too many\n",
                             report::printable(limit.name), links, report::count(limit.carried),
                             report::count(limit.refused), limit.by_packets ? "packets" : "bits");
}

report::Table lateness(const emulator::RunReport& report) {
  report::Table table =
      report::latency_table("Link timing", "How much later than due links let go");
  if (report.counters.link_lateness_ns.total() != 0) {
    report::add_latency(table, "all links", report::latency_of(report.counters.link_lateness_ns));
  }
  return table;
}

// Every tunnel that has carried packets, with all its workers and SAs added up.
report::Table tunnel_table(const emulator::RunReport& report) {
  struct Sum {
    std::string algorithm;
    uint64_t associations = 0, renewed = 0;
  };
  std::map<uint32_t, Sum> sums;
  for (const auto& record : report.associations) {
    Sum& sum = sums[record.link];
    sum.algorithm = dataplane::ipsec::to_string(record.spec.transform);
    if (record.spec.udp == dataplane::ipsec::UdpEncapsulation::on) sum.algorithm += " in UDP";
    ++sum.associations;
    if (record.generation != 0) ++sum.renewed;
  }
  report::Table table({{"Tunnel", Align::left, Narrow::truncate},
                       {"ESP"},
                       {"SAs", Align::right},
                       {"Renewed", Align::right},
                       {"Packets", Align::right},
                       {"Cycles to seal", Align::right},
                       {"to open", Align::right}},
                      "IPsec");
  for (const auto& [link, sum] : sums) {
    const dataplane::LinkCounters& l = report.counters.links[link];
    if (l.sealed == 0 && l.opened == 0) continue;
    table.add({report.link_names[link], sum.algorithm, report::count(sum.associations),
               report::count(sum.renewed), report::count(l.opened),
               fmt::format("{:.0f}", ratio(l.seal_cycles, l.sealed)),
               fmt::format("{:.0f}", ratio(l.open_cycles, l.opened))});
  }
  return table;
}

// What was found is told where a check failed; `skyhop check` tells it for all.
report::Table check_rows(const std::vector<emulator::CheckResult>& checks) {
  std::vector<emulator::CheckResult> rows = checks;
  for (emulator::CheckResult& row : rows) {
    if (row.passed) row.detail.clear();
  }
  return check_table(rows);
}

std::string checks_text(const std::vector<emulator::CheckResult>& checks,
                        const report::Style& style) {
  if (checks.empty()) return {};
  const auto held = std::ranges::count_if(checks, &emulator::CheckResult::passed);
  const bool all_hold = held == std::ssize(checks);
  return "\n" + check_rows(checks).render(style) +
         report::paint(fmt::format("{} of {} checks hold", held, checks.size()),
                       all_hold ? Tone::good : Tone::bad, style) +
         "\n";
}

Json drops_json(const std::array<uint64_t, dataplane::kDropReasons>& drops) {
  Json json = Json::object();
  for (uint32_t i = 0; i < dataplane::kDropReasons; ++i) {
    if (drops[i] != 0) {
      json[std::string(dataplane::to_string(static_cast<DropReason>(i)))] = drops[i];
    }
  }
  return json;
}

Json sessions_json(const emulator::RunReport& report) {
  Json list = Json::array();
  for (const emulator::SessionRow& s : report.sessions) {
    Json item = {{"name", s.name}, {"state", s.state}, {"asn_a", s.asn_a}, {"asn_b", s.asn_b}};
    if (!s.problem.empty()) item["problem"] = s.problem;
    list.push_back(std::move(item));
  }
  return list;
}

Json routers_json(const emulator::RunReport& report) {
  Json list = Json::array();
  for (size_t i = 0; i < report.counters.routers.size(); ++i) {
    const dataplane::RouterCounters& r = report.counters.routers[i];
    Json item = {{"name", report.router_names[i]},
                 {"packets", r.packets},
                 {"packets_per_batch", ratio(r.packets, r.batches)},
                 {"cycles_per_packet", ratio(r.cycles, r.packets)},
                 {"dropped", drops_json(r.drops)}};
    if (i < report.tables.size()) {
      const emulator::TableRow& t = report.tables[i];
      item["forwarding_table"] = {{"kind", lpm::to_string(t.kind)},
                                  {"why", t.why},
                                  {"routes", t.routes},
                                  {"bytes", t.bytes},
                                  {"moves", t.moves}};
    }
    if (i < report.counters.router_latency_ns.size()) {
      item["latency_ns"] =
          report::to_json(report::latency_of(report.counters.router_latency_ns[i]));
    }
    list.push_back(std::move(item));
  }
  return list;
}

Json limit_json(const dataplane::LimitCounters& limit, std::string name) {
  using dataplane::LimitCounters;
  const auto by = [](const std::array<uint64_t, 2>& counts) {
    return Json{{"bits", counts[LimitCounters::kByBits]},
                {"packets", counts[LimitCounters::kByPackets]}};
  };
  return {{"name", std::move(name)},
          {"held_up_by", by(limit.held_up)},
          {"refused_by", by(limit.refused)},
          {"queue_packets_max", limit.queue_packets_max},
          {"queue_bytes_max", limit.queue_octets_max}};
}

Json links_json(const emulator::RunReport& report) {
  Json list = Json::array();
  for (size_t i = 0; i < report.counters.links.size(); ++i) {
    const dataplane::LinkCounters& l = report.counters.links[i];
    Json item = {{"name", report.link_names[i]}, {"packets", l.packets}, {"bytes", l.bytes}};
    if (l.sealed != 0 || l.opened != 0) {
      item["esp"] = {{"sealed", l.sealed},
                     {"opened", l.opened},
                     {"seal_cycles_per_packet", ratio(l.seal_cycles, l.sealed)},
                     {"open_cycles_per_packet", ratio(l.open_cycles, l.opened)}};
    }
    if (const auto* crossing = crossing_of(report, i)) {
      item["dropped"] = {{"queue_full", crossing->refused()},
                         {"link_loss", crossing->lost},
                         {"link_down", crossing->cut}};
      item["duplicated"] = crossing->duplicated;
      item["corrupted"] = crossing->corrupted;
      item["reordered"] = crossing->reordered;
      Json limits = Json::array();
      for (size_t stage = 0; stage < report.limit_names.stages(i); ++stage) {
        const auto& limit = crossing->limits[stage];
        if (limit == dataplane::LimitCounters{}) continue;
        limits.push_back(limit_json(limit, report.limit_names.name(i, stage)));
      }
      item["limits"] = std::move(limits);
      const std::string bound = limit_of(report.limit_names, report.counters, i);
      item["bound_by"] = bound.empty() ? Json(nullptr) : Json(bound);
    }
    list.push_back(std::move(item));
  }
  return list;
}

Json bound_json(const emulator::RunReport& report) {
  Json list = Json::array();
  for (const emulator::LimitMet& limit : limits_met(report.limit_names, report.counters)) {
    if (limit.refused == 0) continue;
    list.push_back({{"limit", limit.name},
                    {"links", limit.links},
                    {"by", limit.by_packets ? "packets" : "bits"},
                    {"carried", limit.carried},
                    {"refused", limit.refused},
                    {"held_up", limit.held_up},
                    {"queue_packets_max", limit.queue_packets_max},
                    {"queue_bytes_max", limit.queue_octets_max}});
  }
  return list;
}

Json ports_json(const emulator::RunReport& report) {
  Json list = Json::array();
  for (size_t i = 0; i < report.counters.ports.size(); ++i) {
    const dataplane::PortCounters& p = report.counters.ports[i];
    list.push_back({{"name", report.port_names[i]},
                    {"received", p.received},
                    {"received_bytes", p.received_bytes},
                    {"delivered", p.delivered},
                    {"delivered_bytes", p.delivered_bytes}});
  }
  return list;
}

}  // namespace

std::string run_text(const std::string& lab, const emulator::RunReport& report,
                     const report::Style& style) {
  const auto up = std::ranges::count(report.sessions, "Established", &emulator::SessionRow::state);
  std::string out =
      fmt::format("{}: {}", report::printable(lab), convergence_text(report.convergence, style));
  out += fmt::format("{} of {} BGP sessions established\n", up, report.sessions.size());
  for (const std::string& note : report.notes) {
    out += fmt::format("note: {}\n", report::printable(note));
  }
  for (const report::Table& table : {session_table(report), packet_table(report)}) {
    if (!table.is_empty()) out += "\n" + table.render(style);
  }
  out += law_text(report.counters, style);
  const Throughput throughput = throughput_of(report);
  out += fmt::format("\n{}  {} and {} delivered, for {} with {} worker {}\n",
                     report::paint("Throughput", Tone::strong, style),
                     report::packets_per_second(throughput.pps),
                     report::bits_per_second(throughput.bps), report::seconds(report.seconds),
                     report.workers, report.workers == 1 ? "lcore" : "lcores");
  out += bound_text(report, style);
  for (const report::Table& table :
       {latencies(report), lateness(report), router_counters(report), forwarding_tables(report),
        link_counters(report), tunnel_table(report), impairments(report)}) {
    if (!table.is_empty()) out += "\n" + table.render(style);
  }
  if (!report.events.empty()) {
    out += "\n" + report::paint("Events", Tone::strong, style) + "\n";
    for (const std::string& event : report.events) {
      out += fmt::format("  {}\n", report::printable(event));
    }
  }
  return out + checks_text(report.checks, style);
}

Json run_json(const std::string& lab, const emulator::RunReport& report) {
  const dataplane::Counters& c = report.counters;
  const Throughput throughput = throughput_of(report);
  Json json = {
      {"lab", lab},
      {"passed", report.passed()},
      {"converged", report.convergence.converged},
      {"convergence", convergence_json(report.convergence)},
      {"sessions", sessions_json(report)},
      {"packets",
       {{"offered", c.offered},
        {"originated", c.originated},
        {"delivered", c.delivered},
        {"held", c.held},
        {"dropped", drops_json(c.drops)},
        {"sum_law_holds", c.sum_law_holds()}}},
      {"throughput", {{"pps", throughput.pps}, {"bps", throughput.bps}}},
      {"seconds", report.seconds},
      {"workers", report.workers},
      {"time_scale", report.time_scale},
      {"latency_ns", report::to_json(report::latency_of(c.path_latency_ns))},
      {"routers", routers_json(report)},
      {"links", links_json(report)},
      {"bound_by", bound_json(report)},
      {"link_lateness_ns", report::to_json(report::latency_of(c.link_lateness_ns))},
      {"security_associations", report::associations_json(report.associations, report.link_names)},
      {"ports", ports_json(report)},
      {"checks", checks_json(report.checks)},
      {"events", report.events},
      {"notes", report.notes}};
  if (report.replay_error) json["replay_error"] = report::to_json(*report.replay_error);
  return json;
}

std::string progress_text(const emulator::RunProgress& progress) {
  return fmt::format("{:.1f} of {:.1f} s  {}  {} delivered  {} dropped", progress.elapsed_s,
                     progress.total_s, report::packets_per_second(progress.mpps * 1e6),
                     report::count(progress.delivered), report::count(progress.dropped));
}

}  // namespace skyhop::cli
