#include "control/report/az/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace skyhop::report::az {
namespace {

using emulator::Emulation;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using Side = Difference::Side;

constexpr std::string_view kRole = "RouteServiceRole_IN_";

/// A row as it is compared. Rows with the same key are about the same thing.
struct Row {
  std::string key;
  std::vector<std::pair<std::string, std::string>> fields;  ///< name as people say it, value
  std::string at;
};

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->dump();
}

// Sets have no order in az's lists.
std::string set_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return {};
  std::set<std::string> words;
  for (const Json& item : *found)
    words.insert(item.is_string() ? item.get<std::string>() : item.dump());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string last_part(const std::string& id) { return id.substr(id.rfind('/') + 1); }

/// The list that most commands wrap in "value"; az's --query may have taken the wrapping off. It
/// is part of the answer.
const Json& list_of(const Json& answer) {
  static const Json kNone = Json::array();
  const Json* list = &answer;
  if (!answer.is_array()) {
    const auto value = answer.find("value");
    list = value != answer.end() && value->is_array() ? &*value : &kNone;
  }
  return *list;
}

/// The instance with this address; the address itself where the lab has none.
std::string speaker_at(const Emulation& emulation, const std::string& address) {
  const auto parsed = Ipv4Address::parse(address);
  const cloud::Network& network = emulation.network();
  for (const cloud::Gateway& gateway : network.gateways) {
    for (const cloud::NicId nic : gateway.nics) {
      if (parsed && network.at(nic).address == *parsed) return gateway.name;
    }
  }
  return address;
}

// ---- Rows ----

void add_effective_route(const Json& route, std::vector<Row>& rows) {
  const auto one = [&](const std::string& prefix, const std::string& hop) {
    rows.push_back({prefix,
                    {{"source", text_of(route, "source")},
                     {"state", text_of(route, "state")},
                     {"next hop type", text_of(route, "nextHopType")},
                     {"next hop", hop}},
                    {}});
  };
  const auto prefixes = route.find("addressPrefix");
  if (prefixes == route.end() || !prefixes->is_array()) return;
  const auto hops = route.find("nextHopIpAddress");
  for (const Json& prefix : *prefixes) {
    if (!prefix.is_string()) continue;
    if (hops == route.end() || !hops->is_array() || hops->empty()) {
      one(prefix.get<std::string>(), {});
    } else {
      for (const Json& hop : *hops) {
        one(prefix.get<std::string>(), hop.is_string() ? hop.get<std::string>() : "");
      }
    }
  }
}

void add_bgp_route(const Json& route, const Emulation& emulation, std::vector<Row>& rows) {
  const std::string local = text_of(route, "localAddress");
  const std::string source = text_of(route, "sourcePeer");
  rows.push_back({fmt::format("{} at {}{}", text_of(route, "network"), local,
                              source.empty() ? "" : " from " + source),
                  {{"next hop", text_of(route, "nextHop")},
                   {"AS path", text_of(route, "asPath")},
                   {"origin", text_of(route, "origin")}},
                  speaker_at(emulation, local)});
}

// The roles need not be in the order of the addresses: rows name their instance themselves.
void add_instances(const Json& answer, const Emulation& emulation, bool advertised,
                   std::vector<Row>& rows) {
  for (const auto& [role, list] : answer.items()) {
    if (!role.starts_with(kRole) || !list.is_array()) continue;
    for (Json route : list) {
      // What is advertised may name the instance itself as its source, or leave that out.
      if (advertised) route.erase("sourcePeer");
      add_bgp_route(route, emulation, rows);
    }
  }
}

void add_peer_status(const Json& peer, std::vector<Row>& rows) {
  rows.push_back(
      {fmt::format("neighbor {} of {}", text_of(peer, "neighbor"), text_of(peer, "localAddress")),
       {{"AS", text_of(peer, "asn")},
        {"state", text_of(peer, "state")},
        {"routes received", text_of(peer, "routesReceived")}},
       {}});
}

void add_security_group(const Json& group, std::vector<Row>& rows) {
  const Json none = Json::object();
  const auto part = [&](const char* key) -> const Json& {
    const auto found = group.find(key);
    return found != group.end() && found->is_object() ? *found : none;
  };
  const std::string name = last_part(text_of(part("networkSecurityGroup"), "id"));
  const auto rules = group.find("effectiveSecurityRules");
  if (rules == group.end() || !rules->is_array()) return;
  for (const Json& rule : *rules) {
    rows.push_back({fmt::format("rule {} {} of {}", text_of(rule, "priority"),
                                text_of(rule, "direction"), name),
                    {{"name", last_part(text_of(rule, "name"))},
                     {"access", text_of(rule, "access")},
                     {"protocol", text_of(rule, "protocol")},
                     {"source", set_of(rule, "sourceAddressPrefixes")},
                     {"source ports", set_of(rule, "sourcePortRanges")},
                     {"destination", set_of(rule, "destinationAddressPrefixes")},
                     {"destination ports", set_of(rule, "destinationPortRanges")}},
                    {}});
  }
}

Row route_server_row(const Json& server) {
  return {"route server " + text_of(server, "name"),
          {{"allowBranchToBranchTraffic", text_of(server, "allowBranchToBranchTraffic")},
           {"hubRoutingPreference", text_of(server, "hubRoutingPreference")},
           {"virtualRouterAsn", text_of(server, "virtualRouterAsn")},
           {"virtualRouterIps", set_of(server, "virtualRouterIps")}},
          {}};
}

Row peering_row(const Json& peering) {
  return {"peering " + text_of(peering, "name"),
          {{"connectionState", text_of(peering, "connectionState")},
           {"peerAsn", text_of(peering, "peerAsn")},
           {"peerIp", text_of(peering, "peerIp")}},
          {}};
}

std::vector<Row> rows_of(AnswerKind kind, const Json& answer, const Emulation& emulation) {
  std::vector<Row> rows;
  switch (kind) {
    case AnswerKind::effective_routes:
      for (const Json& route : list_of(answer)) add_effective_route(route, rows);
      break;
    case AnswerKind::effective_nsg:
      for (const Json& group : list_of(answer)) add_security_group(group, rows);
      break;
    case AnswerKind::route_server:
      rows.push_back(route_server_row(answer));
      break;
    case AnswerKind::peering:
      rows.push_back(peering_row(answer));
      break;
    case AnswerKind::peering_learned:
    case AnswerKind::peering_advertised:
      add_instances(answer, emulation, kind == AnswerKind::peering_advertised, rows);
      break;
    case AnswerKind::gateway_learned:
      for (const Json& route : list_of(answer)) add_bgp_route(route, emulation, rows);
      break;
    case AnswerKind::gateway_advertised:
      for (Json route : list_of(answer)) {
        // Captures do not agree on it (it is the gateway itself).
        route.erase("sourcePeer");
        add_bgp_route(route, emulation, rows);
      }
      break;
    case AnswerKind::peer_status:
      for (const Json& peer : list_of(answer)) add_peer_status(peer, rows);
      break;
  }
  return rows;
}

// ---- Differences ----

std::optional<Ipv4Prefix> prefix_of(const Row& row) {
  return Ipv4Prefix::parse(row.key.substr(0, row.key.find(' ')));
}

std::string fields_of(const Row& row) {
  std::vector<std::string> words;
  for (const auto& [name, value] : row.fields) {
    if (!value.empty()) words.push_back(fmt::format("{} {}", name, value));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

Difference alone(Side side, const Row& row) {
  return {side, row.key, fields_of(row), prefix_of(row), row.at};
}

Difference pair_of(const Row& azure, const Row& lab) {
  std::vector<std::string> words;
  for (size_t i = 0; i < azure.fields.size(); ++i) {
    const auto& [name, there] = azure.fields[i];
    const std::string& here = lab.fields[i].second;
    if (there == here) continue;
    const auto shown = [](const std::string& value) { return value.empty() ? "none" : value; };
    words.push_back(fmt::format("{} {} in Azure, {} in the lab", name, shown(there), shown(here)));
  }
  return {Side::differs, azure.key, fmt::format("{}", fmt::join(words, "; ")), prefix_of(azure),
          azure.at};
}

// Azure lists more reserved ranges than the documented four, and not always the same.
bool is_reserved_range(const Row& row) {
  const auto has = [&](std::string_view name, std::string_view value) {
    return std::ranges::any_of(row.fields,
                               [&](const auto& f) { return f.first == name && f.second == value; });
  };
  return has("source", "Default") && has("next hop type", "None");
}

/// Rows of one key on both sides: equal ones meet, then what is left in order.
void match(std::vector<Row> azure, std::vector<Row> lab, Comparison& result) {
  for (auto it = azure.begin(); it != azure.end();) {
    const auto same = std::ranges::find(lab, it->fields, &Row::fields);
    if (same == lab.end()) {
      ++it;
      continue;
    }
    ++result.equal;
    lab.erase(same);
    it = azure.erase(it);
  }
  const size_t pairs = std::min(azure.size(), lab.size());
  for (size_t i = 0; i < pairs; ++i) result.differences.push_back(pair_of(azure[i], lab[i]));
  for (size_t i = pairs; i < azure.size(); ++i) {
    result.differences.push_back(alone(Side::only_azure, azure[i]));
  }
  for (size_t i = pairs; i < lab.size(); ++i) {
    result.differences.push_back(alone(Side::only_lab, lab[i]));
  }
}

void say_left_out(AnswerKind kind, Comparison& result) {
  switch (kind) {
    case AnswerKind::peer_status:
      result.left_out.emplace_back("durations and message counts: they differ from run to run");
      break;
    case AnswerKind::effective_nsg:
      result.left_out.emplace_back("expanded tags: Azure's own ranges change over time");
      break;
    case AnswerKind::peering_learned:
    case AnswerKind::gateway_learned:
      result.left_out.emplace_back("weights: Azure has shown 32768 and 32769 for equal routes");
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view command_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::effective_routes:
      return "az network nic show-effective-route-table";
    case AnswerKind::effective_nsg:
      return "az network nic list-effective-nsg";
    case AnswerKind::route_server:
      return "az network routeserver show";
    case AnswerKind::peering:
      return "az network routeserver peering show";
    case AnswerKind::peering_learned:
      return "az network routeserver peering list-learned-routes";
    case AnswerKind::peering_advertised:
      return "az network routeserver peering list-advertised-routes";
    case AnswerKind::gateway_learned:
      return "az network vnet-gateway list-learned-routes";
    case AnswerKind::gateway_advertised:
      return "az network vnet-gateway list-advertised-routes";
    case AnswerKind::peer_status:
      return "az network vnet-gateway list-bgp-peer-status";
  }
  return "az";
}

Result<AnswerKind> kind_of(const Json& answer) {
  const auto is_told = [](const Json& route) {
    // Only what is advertised has one of BGP's own origins.
    const std::string origin = text_of(route, "origin");
    return origin == "Igp" || origin == "Egp" || origin == "Incomplete";
  };
  if (answer.is_object()) {
    bool has_roles = false;
    for (const auto& [key, list] : answer.items()) {
      if (!key.starts_with(kRole) || !list.is_array()) continue;
      has_roles = true;
      if (std::ranges::any_of(list, is_told)) return AnswerKind::peering_advertised;
    }
    if (has_roles) return AnswerKind::peering_learned;
    if (answer.contains("virtualRouterAsn")) return AnswerKind::route_server;
    if (answer.contains("peerAsn") && answer.contains("peerIp")) return AnswerKind::peering;
    if (answer.contains("nextHopType") || answer.contains("ruleName")) {
      return fail("the answer does not say what was asked", {},
                  "ask the lab the same with 'skyhop az network watcher' and compare the two");
    }
  }
  const Json& list = list_of(answer);
  if (list.empty() || !list.front().is_object()) {
    return fail("no output of an az command that can be compared, or an empty list", {},
                "save the output of 'az network ... -o json'");
  }
  const Json& first = list.front();
  if (first.contains("addressPrefix")) return AnswerKind::effective_routes;
  if (first.contains("effectiveSecurityRules")) return AnswerKind::effective_nsg;
  if (first.contains("neighbor")) return AnswerKind::peer_status;
  if (first.contains("network") && first.contains("asPath")) {
    return is_told(first) ? AnswerKind::gateway_advertised : AnswerKind::gateway_learned;
  }
  return fail("no output of an az command that can be compared", {},
              "save the output of 'az network ... -o json'");
}

Comparison compare(AnswerKind kind, const Json& azure, const Json& lab,
                   const Emulation& emulation) {
  std::map<std::string, std::pair<std::vector<Row>, std::vector<Row>>> by_key;
  for (Row& row : rows_of(kind, azure, emulation)) {
    std::string key = row.key;
    by_key[std::move(key)].first.push_back(std::move(row));
  }
  for (Row& row : rows_of(kind, lab, emulation)) {
    std::string key = row.key;
    by_key[std::move(key)].second.push_back(std::move(row));
  }
  Comparison result;
  size_t reserved = 0;
  for (auto& [key, sides] : by_key) {
    if (sides.second.empty()) {
      reserved += std::erase_if(sides.first, is_reserved_range);
    }
    match(std::move(sides.first), std::move(sides.second), result);
  }
  if (reserved != 0) {
    result.left_out.push_back(fmt::format(
        "{} reserved ranges of type None that only Azure lists: they change over time", reserved));
  }
  say_left_out(kind, result);
  return result;
}

}  // namespace skyhop::report::az
