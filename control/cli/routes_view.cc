#include "control/cli/routes_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/cloud/aviatrix/egress.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

using report::Align;
using report::Json;
using report::Narrow;
using report::Tone;

std::string text_of(const routing::NextHop& hop) {
  if (!hop.via) return hop.name;
  return hop.name.empty() ? hop.via->to_string()
                          : fmt::format("{} ({})", hop.name, hop.via->to_string());
}

std::string text_of(const std::vector<routing::NextHop>& hops) {
  std::vector<std::string> texts;
  for (const routing::NextHop& hop : hops) texts.push_back(text_of(hop));
  return fmt::format("{}", fmt::join(texts, ", "));
}

Json hops_json(const std::vector<routing::NextHop>& hops,
               const std::vector<routing::EdgeId>& active) {
  Json list = Json::array();
  for (const routing::NextHop& hop : hops) {
    Json item = {{"name", hop.name},
                 {"in_use", std::ranges::find(active, hop.edge) != active.end()}};
    if (hop.via) item["via"] = hop.via->to_string();
    list.push_back(std::move(item));
  }
  return list;
}

Json offer_json(const routing::Offer& offer, const std::vector<routing::EdgeId>& active) {
  Json item = {{"source", routing::to_string(offer.source)},
               {"preference", offer.preference},
               {"next_hops", hops_json(offer.primary, active)},
               {"backups", hops_json(offer.backup, active)},
               {"description", offer.description}};
  if (!offer.as_path.empty()) item["as_path"] = offer.as_path;
  if (!offer.rule.empty()) item["rule"] = offer.rule;
  return item;
}

}  // namespace

report::Table router_table(const std::string& title, const routing::RouterTable& table) {
  report::Table out({{"Prefix"},
                     {"Source"},
                     {"Next hops", Align::left, Narrow::wrap},
                     {"Backup", Align::left, Narrow::wrap},
                     {"Why", Align::left, Narrow::wrap}},
                    title);
  for (const auto& [prefix, entry] : table.entries()) {
    const routing::Offer* best = entry.best();
    if (best != nullptr) {
      const bool carries = !table.active(entry).empty();
      out.add({prefix.to_string(),
               routing::to_string(best->source),
               {text_of(best->primary), carries ? Tone::plain : Tone::bad},
               text_of(best->backup),
               best->description});
    }
    for (const auto& loser : entry.losers()) {
      out.add({{best == nullptr ? prefix.to_string() : "", Tone::dim},
               {routing::to_string(loser.offer->source), Tone::dim},
               {text_of(loser.offer->primary), Tone::dim},
               {text_of(loser.offer->backup), Tone::dim},
               {"lost: " + loser.reason, Tone::dim}});
    }
  }
  return out;
}

Json router_table_json(const routing::RouterTable& table) {
  Json list = Json::array();
  for (const auto& [prefix, entry] : table.entries()) {
    const std::vector<routing::EdgeId> active = table.active(entry);
    Json losers = Json::array();
    for (const auto& loser : entry.losers()) {
      Json item = offer_json(*loser.offer, {});
      item["reason"] = loser.reason;
      losers.push_back(std::move(item));
    }
    const routing::Offer* best = entry.best();
    list.push_back({{"prefix", prefix.to_string()},
                    {"best", best == nullptr ? Json() : offer_json(*best, active)},
                    {"losers", std::move(losers)}});
  }
  return list;
}

namespace {

struct GatewayRow {
  std::string destination;
  std::string type;  ///< "vpc", "linklocal", "bgp", "peer", "static", "local"
  std::string next_hop;
  std::string address;
  uint32_t metric = 0;
  bool is_up = false;
};

/// The product's type of a route: the first word of what the controller programmed.
std::string type_of(const routing::Offer& offer) {
  switch (offer.source) {
    case routing::Source::controller:
      return offer.description.substr(0, offer.description.find(' '));
    case routing::Source::bgp:
      return "bgp";
    default:
      return "local";
  }
}

std::vector<GatewayRow> gateway_rows(const routing::RouterTable& table, uint32_t twin_metric) {
  std::vector<GatewayRow> rows;
  for (const auto& [prefix, entry] : table.entries()) {
    const routing::Offer* best = entry.best();
    if (best == nullptr) continue;
    const auto add = [&](const std::vector<routing::NextHop>& hops, uint32_t metric) {
      for (const routing::NextHop& hop : hops) {
        rows.push_back({.destination = prefix.to_string(),
                        .type = type_of(*best),
                        .next_hop = hop.name,
                        .address = hop.via ? hop.via->to_string() : std::string(),
                        .metric = metric,
                        .is_up = table.is_edge_alive(hop.edge)});
      }
    };
    const bool is_over_twin = best->preference == twin_metric;
    add(best->primary, is_over_twin ? twin_metric : cloud::aviatrix::kDirectMetric);
    add(best->backup, twin_metric);
  }
  return rows;
}

}  // namespace

report::Table gateway_table(const std::string& title, const routing::RouterTable& table,
                            uint32_t twin_metric) {
  report::Table out({{"Destination"},
                     {"Type"},
                     {"Next hop"},
                     {"Next hop IP"},
                     {"Metric", Align::right},
                     {"Status"}},
                    title);
  for (const GatewayRow& row : gateway_rows(table, twin_metric)) {
    out.add({row.destination,
             row.type,
             row.next_hop,
             row.address,
             std::to_string(row.metric),
             {row.is_up ? "up" : "down", row.is_up ? Tone::good : Tone::bad}});
  }
  return out;
}

Json gateway_table_json(const routing::RouterTable& table, uint32_t twin_metric) {
  Json list = Json::array();
  for (const GatewayRow& row : gateway_rows(table, twin_metric)) {
    Json item = {{"destination", row.destination}, {"type", row.type}, {"next_hop", row.next_hop}};
    if (!row.address.empty()) item["next_hop_ip"] = row.address;
    item["metric"] = row.metric;
    item["status"] = row.is_up ? "up" : "down";
    list.push_back(std::move(item));
  }
  return list;
}

report::Table effective_route_table(const std::string& title,
                                    const std::vector<cloud::azure::EffectiveRoute>& routes) {
  report::Table out({{"Source"},
                     {"State"},
                     {"Address prefix"},
                     {"Next hop type"},
                     {"Next hop IP"},
                     {"Route name", Align::left, Narrow::truncate},
                     {"Why", Align::left, Narrow::wrap}},
                    title);
  for (const cloud::azure::EffectiveRoute& route : routes) {
    const bool active = route.state == cloud::azure::RouteState::Active;
    const auto add = [&](const std::string& next_hop) {
      out.add({cloud::azure::to_string(route.source),
               {cloud::azure::to_string(route.state), active ? Tone::good : Tone::dim},
               route.prefix.to_string(),
               cloud::azure::to_string(route.next_hop_type),
               next_hop,
               route.name,
               route.reason});
    };
    if (route.next_hop_ips.empty()) add("");
    for (const lpm::Ipv4Address address : route.next_hop_ips) add(address.to_string());
  }
  return out;
}

Json effective_routes_json(const std::vector<cloud::azure::EffectiveRoute>& routes) {
  Json list = Json::array();
  for (const cloud::azure::EffectiveRoute& route : routes) {
    Json addresses = Json::array();
    for (const lpm::Ipv4Address a : route.next_hop_ips) addresses.push_back(a.to_string());
    list.push_back({{"source", cloud::azure::to_string(route.source)},
                    {"state", cloud::azure::to_string(route.state)},
                    {"prefix", route.prefix.to_string()},
                    {"next_hop_type", cloud::azure::to_string(route.next_hop_type)},
                    {"next_hop_ips", std::move(addresses)},
                    {"name", route.name},
                    {"reason", route.reason}});
  }
  return list;
}

}  // namespace skyhop::cli
