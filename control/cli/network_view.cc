#include "control/cli/network_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>

#include "control/lab/link_conditions.h"
#include "control/report/json.h"
#include "control/report/table.h"
#include "control/report/units.h"

namespace skyhop::cli {
namespace {

using report::Align;
using report::Json;
using report::Narrow;
using report::Table;
using report::Tone;

template <typename Things>
std::string joined(const Things& things) {
  std::vector<std::string> texts;
  for (const auto& thing : things) texts.push_back(thing.to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

template <typename Things>
Json texts(const Things& things) {
  Json list = Json::array();
  for (const auto& thing : things) list.push_back(thing.to_string());
  return list;
}

std::string_view kind_of(cloud::GatewayKind kind) {
  switch (kind) {
    case cloud::GatewayKind::transit:
      return "transit";
    case cloud::GatewayKind::spoke:
      return "spoke";
    case cloud::GatewayKind::vpn_gateway_instance:
      return "vpn_gateway";
    case cloud::GatewayKind::route_server_instance:
      return "route_server";
    case cloud::GatewayKind::appliance:
      return "appliance";
    case cloud::GatewayKind::on_premises:
      return "on_premises";
  }
  return "";
}

std::string_view state_of(cloud::PeeringState state) {
  return state == cloud::PeeringState::Connected ? "Connected" : "Initiated";
}

std::string subnet_name(const cloud::Network& n, cloud::SubnetId id) {
  return n.at(n.at(id).vnet).name + "/" + n.at(id).name;
}

std::string owner_of(const cloud::Network& n, const cloud::Nic& nic) {
  if (const auto* vm = std::get_if<cloud::VmId>(&nic.owner)) return n.at(*vm).name;
  return n.at(std::get<cloud::GatewayId>(nic.owner)).name;
}

std::string end_of(const cloud::Network& n, const cloud::Session::End& end) {
  return fmt::format("{} {} AS {}", n.at(end.gateway).name, end.address.to_string(), end.local_asn);
}

std::string_view type_of(const cloud::Session& session) {
  return session.a.local_asn == session.b.local_asn ? "iBGP" : "eBGP";
}

std::string flags_of(const cloud::Peering& p) {
  std::vector<std::string_view> flags;
  if (p.allow_virtual_network_access) flags.emplace_back("access");
  if (p.allow_forwarded_traffic) flags.emplace_back("forwarded");
  if (p.allow_gateway_transit) flags.emplace_back("gateway-transit");
  if (p.use_remote_gateways) flags.emplace_back("remote-gateways");
  return fmt::format("{}", fmt::join(flags, ", "));
}

std::string inner_of(const cloud::Link& link) {
  if (!link.a_address || !link.b_address) return "";
  return link.a_address->to_string() + " - " + link.b_address->to_string();
}

Table vnet_table(const cloud::Network& n) {
  Table table({{"Virtual network"},
               {"Location"},
               {"Address space", Align::left, Narrow::wrap},
               {"Made by"}},
              "Virtual networks");
  for (const cloud::Vnet& v : n.vnets) {
    if (v.kind != cloud::VnetKind::azure) continue;
    table.add(
        {v.name, v.location, joined(v.address_space), v.made_by_aviatrix ? "Aviatrix" : "the lab"});
  }
  return table;
}

Table subnet_table(const cloud::Network& n) {
  Table table({{"Subnet", Align::left, Narrow::truncate},
               {"Prefix"},
               {"Route table", Align::left, Narrow::truncate},
               {"Security group", Align::left, Narrow::truncate}},
              "Subnets");
  for (const cloud::Subnet& s : n.subnets) {
    if (n.at(s.vnet).kind != cloud::VnetKind::azure) continue;
    table.add({n.at(s.vnet).name + "/" + s.name, s.prefix.to_string(),
               s.route_table ? n.at(*s.route_table).name : "", s.nsg ? n.at(*s.nsg).name : ""});
  }
  return table;
}

Table peering_table(const cloud::Network& n) {
  Table table(
      {{"Peering"}, {"From"}, {"To"}, {"State"}, {"Allows and uses", Align::left, Narrow::wrap}},
      "Peerings");
  for (const cloud::Peering& p : n.peerings) {
    const bool connected = p.state == cloud::PeeringState::Connected;
    table.add({p.name,
               n.at(p.local).name,
               n.at(p.remote).name,
               {state_of(p.state), connected ? Tone::good : Tone::warning},
               flags_of(p)});
  }
  return table;
}

Table gateway_table(const cloud::Network& n) {
  Table table(
      {{"Gateway"}, {"Kind"}, {"Virtual network"}, {"AS", Align::right}, {"Public IP"}, {"Twin"}},
      "Gateways");
  for (const cloud::Gateway& g : n.gateways) {
    table.add({g.name, kind_of(g.kind), n.at(g.vnet).name, g.asn == 0 ? "-" : std::to_string(g.asn),
               g.public_ip.to_string(), g.twin ? n.at(*g.twin).name : ""});
  }
  return table;
}

Table nic_table(const cloud::Network& n) {
  Table table({{"NIC"},
               {"Address"},
               {"Subnet", Align::left, Narrow::truncate},
               {"Owner"},
               {"Security group", Align::left, Narrow::truncate}},
              "Network interfaces");
  for (const cloud::Nic& nic : n.nics) {
    table.add({nic.name, nic.address.to_string(), subnet_name(n, nic.subnet), owner_of(n, nic),
               nic.nsg ? n.at(*nic.nsg).name : ""});
  }
  return table;
}

// Only links that somebody set up: those inside of the fabric follow from subnets and peerings.
Table link_table(const cloud::Network& n) {
  Table table({{"Link"},
               {"Kind"},
               {"Inner addresses"},
               {"MTU", Align::right},
               {"Connection", Align::left, Narrow::truncate},
               {"Problem", Align::left, Narrow::wrap}},
              "Tunnels");
  for (const cloud::Link& l : n.links) {
    if (l.kind == cloud::LinkKind::fabric) continue;
    table.add({l.name,
               cloud::to_string(l.kind),
               inner_of(l),
               std::to_string(l.mtu),
               l.connection,
               {l.problem, Tone::bad}});
  }
  return table;
}

std::string rate_of(const cloud::Limit& limit) {
  std::vector<std::string> rates;
  if (limit.bits_per_second != 0) {
    rates.push_back(report::bits_per_second(static_cast<double>(limit.bits_per_second)));
  }
  if (limit.packets_per_second != 0) {
    rates.push_back(report::packets_per_second(static_cast<double>(limit.packets_per_second)));
  }
  return fmt::format("{}", fmt::join(rates, ", "));
}

cloud::Channel channel_of(const cloud::Network& n, size_t link, size_t way) {
  return {cloud::LinkId(link), way == 0 ? n.links[link].a : n.links[link].b};
}

// What packets of a link meet besides the way to its far end.
Table channel_table(const cloud::Network& n) {
  Table table({{"Channel", Align::left, Narrow::truncate},
               {"Limit"},
               {"What", Align::left, Narrow::wrap},
               {"Why", Align::left, Narrow::wrap}},
              "Limits and conditions of links");
  for (size_t i = 0; i < n.links.size(); ++i) {
    for (const size_t way : {0, 1}) {
      const std::string name = n.name_of(channel_of(n, i, way));
      const cloud::Link::Direction& direction = n.links[i].directions[way];
      for (const cloud::LimitId limit : direction.limits) {
        table.add({name, n.at(limit).name, rate_of(n.at(limit)), n.at(limit).reason});
      }
      if (direction.conditions_reason.empty()) continue;
      table.add({name, "", lab::describe(direction.conditions), direction.conditions_reason});
    }
  }
  return table;
}

Table session_table(const cloud::Network& n) {
  Table table({{"Session"},
               {"Type"},
               {"One end"},
               {"Other end"},
               {"Over"},
               {"Problem", Align::left, Narrow::wrap}},
              "BGP sessions");
  for (const cloud::Session& s : n.sessions) {
    table.add({s.name,
               type_of(s),
               end_of(n, s.a),
               end_of(n, s.b),
               s.link ? cloud::to_string(n.at(*s.link).kind) : "fabric",
               {s.problem, Tone::bad}});
  }
  return table;
}

// A large lab is told kind by kind.
Table forwarding_table(const cloud::Network& n) {
  Table table({{"Router", Align::left, Narrow::truncate}, {"Forwarding table"}, {"Why"}},
              "Forwarding tables");
  if (n.routers.size() <= lpm::kManyRouters) {
    for (const cloud::Router& r : n.routers) {
      table.add({r.name, lpm::to_string(r.table), r.table_reason});
    }
    return table;
  }
  std::map<std::pair<std::string_view, std::string>, size_t> routers;
  for (const cloud::Router& r : n.routers) ++routers[{lpm::to_string(r.table), r.table_reason}];
  for (const auto& [kind, count] : routers) {
    table.add({report::count(count) + " routers", kind.first, kind.second});
  }
  return table;
}

Table fact_table(const cloud::Network& n) {
  Table table({{"Subject"},
               {"Attribute"},
               {"Value", Align::left, Narrow::wrap},
               {"Reason", Align::left, Narrow::wrap}},
              "Derived values");
  for (const cloud::Fact& f : n.facts) table.add({f.subject, f.attribute, f.value, f.reason});
  return table;
}

Json end_json(const cloud::Network& n, const cloud::Session::End& end) {
  return {{"gateway", n.at(end.gateway).name}, {"address", end.address.to_string()},
          {"local_asn", end.local_asn},        {"expected_peer_asn", end.expected_peer_asn},
          {"passive", end.is_passive},         {"connection", end.connection}};
}

Json vnets_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Vnet& v : n.vnets) {
    if (v.kind != cloud::VnetKind::azure) continue;
    Json subnets = Json::array();
    for (const cloud::SubnetId id : v.subnets) {
      const cloud::Subnet& s = n.at(id);
      Json item = {{"name", s.name}, {"prefix", s.prefix.to_string()}};
      if (s.route_table) item["route_table"] = n.at(*s.route_table).name;
      if (s.nsg) item["network_security_group"] = n.at(*s.nsg).name;
      subnets.push_back(std::move(item));
    }
    list.push_back({{"name", v.name},
                    {"location", v.location},
                    {"address_space", texts(v.address_space)},
                    {"made_by_aviatrix", v.made_by_aviatrix},
                    {"subnets", std::move(subnets)}});
  }
  return list;
}

Json peerings_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Peering& p : n.peerings) {
    list.push_back({{"name", p.name},
                    {"virtual_network", n.at(p.local).name},
                    {"remote_virtual_network", n.at(p.remote).name},
                    {"state", state_of(p.state)},
                    {"global", p.is_global},
                    {"allow_virtual_network_access", p.allow_virtual_network_access},
                    {"allow_forwarded_traffic", p.allow_forwarded_traffic},
                    {"allow_gateway_transit", p.allow_gateway_transit},
                    {"use_remote_gateways", p.use_remote_gateways}});
  }
  return list;
}

Json gateways_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Gateway& g : n.gateways) {
    Json nics = Json::array();
    for (const cloud::NicId id : g.nics) nics.push_back(n.at(id).name);
    Json item = {{"name", g.name},
                 {"resource", g.resource},
                 {"kind", kind_of(g.kind)},
                 {"instance", g.instance},
                 {"virtual_network", n.at(g.vnet).name},
                 {"asn", g.asn},
                 {"public_ip", g.public_ip.to_string()},
                 {"network_interfaces", std::move(nics)},
                 {"forwards", g.router.has_value()},
                 {"present_at_start", g.present_at_start}};
    if (g.twin) item["twin"] = n.at(*g.twin).name;
    list.push_back(std::move(item));
  }
  return list;
}

Json nics_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Nic& nic : n.nics) {
    Json item = {{"name", nic.name},
                 {"address", nic.address.to_string()},
                 {"subnet", subnet_name(n, nic.subnet)},
                 {"owner", owner_of(n, nic)},
                 {"ip_forwarding", nic.ip_forwarding}};
    if (nic.nsg) item["network_security_group"] = n.at(*nic.nsg).name;
    list.push_back(std::move(item));
  }
  return list;
}

Json routers_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Router& r : n.routers) {
    list.push_back({{"name", r.name},
                    {"address", r.address.to_string()},
                    {"decrements_ttl", r.decrements_ttl},
                    {"answers_icmp", r.answers_icmp},
                    {"forwarding_table", lpm::to_string(r.table)},
                    {"forwarding_table_reason", r.table_reason}});
  }
  return list;
}

Json links_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Link& l : n.links) {
    Json item = {{"name", l.name},      {"kind", cloud::to_string(l.kind)},
                 {"a", n.at(l.a).name}, {"b", n.at(l.b).name},
                 {"mtu", l.mtu},        {"present_at_start", l.present_at_start}};
    if (!l.connection.empty()) item["connection"] = l.connection;
    if (l.a_address) item["a_address"] = l.a_address->to_string();
    if (l.b_address) item["b_address"] = l.b_address->to_string();
    if (!l.problem.empty()) item["problem"] = l.problem;
    for (const size_t way : {0, 1}) {
      const cloud::Link::Direction& direction = l.directions[way];
      if (direction.limits.empty() && direction.conditions_reason.empty()) continue;
      Json limits = Json::array();
      for (const cloud::LimitId limit : direction.limits) limits.push_back(n.at(limit).name);
      item[way == 0 ? "a_to_b" : "b_to_a"] = {{"limits", std::move(limits)},
                                              {"conditions", lab::describe(direction.conditions)},
                                              {"conditions_from", direction.conditions_reason}};
    }
    list.push_back(std::move(item));
  }
  return list;
}

Json limits_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Limit& l : n.limits) {
    list.push_back({{"name", l.name},
                    {"bits_per_second", l.bits_per_second},
                    {"packets_per_second", l.packets_per_second},
                    {"reason", l.reason}});
  }
  return list;
}

Json sessions_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Session& s : n.sessions) {
    Json item = {
        {"name", s.name}, {"type", type_of(s)}, {"a", end_json(n, s.a)}, {"b", end_json(n, s.b)}};
    if (s.link) item["link"] = n.at(*s.link).name;
    if (!s.problem.empty()) item["problem"] = s.problem;
    list.push_back(std::move(item));
  }
  return list;
}

Json facts_json(const cloud::Network& n) {
  Json list = Json::array();
  for (const cloud::Fact& f : n.facts) {
    list.push_back({{"subject", f.subject},
                    {"attribute", f.attribute},
                    {"value", f.value},
                    {"reason", f.reason}});
  }
  return list;
}

}  // namespace

std::string network_tables(const cloud::Network& network, const report::Style& style) {
  std::string out;
  for (const Table& table :
       {vnet_table(network), subnet_table(network), peering_table(network), gateway_table(network),
        nic_table(network), link_table(network), channel_table(network), session_table(network),
        forwarding_table(network), fact_table(network)}) {
    if (table.is_empty()) continue;
    if (!out.empty()) out += "\n";
    out += table.render(style);
  }
  return out;
}

Json network_json(const cloud::Network& network) {
  return {{"lab", network.name},
          {"virtual_networks", vnets_json(network)},
          {"peerings", peerings_json(network)},
          {"gateways", gateways_json(network)},
          {"network_interfaces", nics_json(network)},
          {"routers", routers_json(network)},
          {"links", links_json(network)},
          {"limits", limits_json(network)},
          {"sessions", sessions_json(network)},
          {"facts", facts_json(network)}};
}

}  // namespace skyhop::cli
