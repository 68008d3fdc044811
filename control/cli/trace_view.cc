#include "control/cli/trace_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "control/report/json.h"
#include "control/report/text.h"

namespace skyhop::cli {
namespace {

using emulator::Path;
using emulator::TraceHop;
using report::Json;
using report::Tone;

std::string protocol_name(uint8_t protocol) {
  switch (protocol) {
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 50:
      return "esp";
    case 51:
      return "ah";
    default:
      return fmt::format("protocol {}", protocol);
  }
}

std::string flow_text(const lpm::FlowKey& flow) {
  const bool has_ports = flow.protocol == 6 || flow.protocol == 17;
  const auto end = [&](lpm::Ipv4Address address, uint16_t port) {
    return has_ports ? fmt::format("{}:{}", address.to_string(), port) : address.to_string();
  };
  return fmt::format("{} {} -> {}", protocol_name(flow.protocol),
                     end(flow.source, flow.source_port),
                     end(flow.destination, flow.destination_port));
}

std::string nsg_text(const emulator::TraceNsg& nsg) {
  const std::string_view verdict = nsg.verdict.allowed ? "allowed" : "denied";
  const std::string head = fmt::format("{} {}: {}", nsg.where, nsg.direction, verdict);
  if (nsg.by_state) return head + ", reply of an allowed flow (A69)";
  if (nsg.verdict.nsg.empty()) return head + ", no security group";
  return fmt::format("{} by {} of {}", head, nsg.verdict.rule, nsg.verdict.nsg);
}

class Lines {
 public:
  explicit Lines(const report::Style& style) : style_(style) {}

  void head(std::string_view text, Tone tone) { line("", text, tone); }
  // "      label    text", long texts wrapped behind the label.
  void detail(std::string_view label, std::string_view text, Tone tone = Tone::plain) {
    const std::string indent = fmt::format("      {:<9}", label);
    const unsigned room = style_.width > indent.size() + 20
                              ? style_.width - static_cast<unsigned>(indent.size())
                              : ~0u;
    std::string prefix = indent;
    for (const std::string& part : report::wrap(report::printable(text), room)) {
      line(prefix, part, tone);
      prefix.assign(indent.size(), ' ');
    }
  }
  void blank() { out_ += "\n"; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void line(std::string_view prefix, std::string_view text, Tone tone) {
    out_ += prefix;
    out_ += report::paint(report::printable(text), tone, style_);
    out_ += "\n";
  }

  report::Style style_;
  std::string out_;
};

void add_hop(size_t number, const TraceHop& hop, Lines& lines) {
  lines.head(
      fmt::format("{:>4}  {}  {}  {}", number, hop.router.empty() ? hop.next_hop : hop.router,
                  hop.address.to_string(), hop.kind),
      Tone::strong);
  if (hop.prefix) {
    lines.detail("route", fmt::format("{}  {}{}{}", hop.prefix->to_string(), hop.source,
                                      hop.description.empty() ? "" : ": ", hop.description));
  } else if (hop.kind != "vm") {
    lines.detail("route", "none", Tone::bad);
  }
  for (const emulator::TraceLoser& l : hop.losers) {
    lines.detail("lost",
                 fmt::format("{}{}{}: {}", l.source, l.description.empty() ? "" : ", ",
                             l.description, l.reason),
                 Tone::dim);
  }
  if (hop.choices.size() > 1) {
    lines.detail("ecmp", fmt::format("{} of {}", hop.next_hop, fmt::join(hop.choices, ", ")));
  }
  if (!hop.router.empty() && !hop.next_hop.empty()) {
    lines.detail("next hop",
                 fmt::format("{}{}", hop.next_hop,
                             hop.via ? fmt::format(" via {}", hop.via->to_string()) : ""));
  }
  for (const std::string& each : hop.translations) lines.detail("nat", each);
  if (!hop.link.empty()) lines.detail("link", fmt::format("{} ({})", hop.link, hop.link_kind));
  for (const emulator::TraceNsg& nsg : hop.nsgs) {
    lines.detail("nsg", nsg_text(nsg), nsg.verdict.allowed ? Tone::plain : Tone::bad);
  }
}

void add_path(std::string_view name, const Path& path, Lines& lines) {
  lines.head(fmt::format("{}: {}", name, flow_text(path.flow)), Tone::strong);
  for (size_t i = 0; i < path.hops.size(); ++i) add_hop(i + 1, path.hops[i], lines);
  lines.head(fmt::format("      {}", path.verdict), path.delivered ? Tone::good : Tone::bad);
}

Json hop_json(const TraceHop& hop) {
  Json losers = Json::array();
  for (const emulator::TraceLoser& l : hop.losers) {
    losers.push_back({{"source", l.source}, {"description", l.description}, {"reason", l.reason}});
  }
  Json nsgs = Json::array();
  for (const emulator::TraceNsg& nsg : hop.nsgs) {
    nsgs.push_back({{"where", nsg.where},
                    {"direction", nsg.direction},
                    {"access", nsg.verdict.allowed ? "Allow" : "Deny"},
                    {"nsg", nsg.verdict.nsg},
                    {"rule", nsg.verdict.rule},
                    {"by_state", nsg.by_state}});
  }
  return {{"router", hop.router},
          {"kind", hop.kind},
          {"address", hop.address.to_string()},
          {"decrements_ttl", hop.decrements_ttl},
          {"prefix", hop.prefix ? Json(hop.prefix->to_string()) : Json()},
          {"source", hop.source},
          {"description", hop.description},
          {"losers", std::move(losers)},
          {"choices", hop.choices},
          {"next_hop", hop.next_hop},
          {"via", hop.via ? Json(hop.via->to_string()) : Json()},
          {"link", hop.link},
          {"translations", hop.translations},
          {"link_kind", hop.link_kind},
          {"nsgs", std::move(nsgs)}};
}

Json path_json(const Path& path) {
  Json hops = Json::array();
  for (const TraceHop& hop : path.hops) hops.push_back(hop_json(hop));
  Json json = {{"protocol", path.flow.protocol},
               {"source", path.flow.source.to_string()},
               {"source_port", path.flow.source_port},
               {"destination", path.flow.destination.to_string()},
               {"destination_port", path.flow.destination_port},
               {"delivered", path.delivered},
               {"verdict", path.verdict},
               {"hops", std::move(hops)}};
  if (path.drop) json["drop"] = dataplane::to_string(*path.drop);
  return json;
}

}  // namespace

std::string trace_text(const emulator::Trace& trace, const report::Style& style) {
  Lines lines(style);
  add_path(fmt::format("{} -> {}", trace.from, trace.to), trace.forward, lines);
  if (trace.back) {
    lines.blank();
    add_path("and back", *trace.back, lines);
  }
  return lines.take();
}

Json trace_json(const emulator::Trace& trace) {
  return {{"from", trace.from},
          {"to", trace.to},
          {"reachable", trace.reachable()},
          {"forward", path_json(trace.forward)},
          {"back", trace.back ? path_json(*trace.back) : Json()}};
}

Json mtr_json(const std::vector<std::vector<lpm::Ipv4Address>>& hops) {
  Json list = Json::array();
  for (const auto& hop : hops) {
    Json addresses = Json::array();
    for (const lpm::Ipv4Address address : hop) addresses.push_back(address.to_string());
    list.push_back(std::move(addresses));
  }
  return list;
}

}  // namespace skyhop::cli
