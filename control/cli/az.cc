// skyhop az: a lab asked with the az CLI's words, answered in the az CLI's shape.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/converge.h"
#include "control/lab/diagnostic.h"
#include "control/report/az/answers.h"
#include "control/report/az/table.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

using report::Json;
using report::az::TableColumn;

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint16_t kAnyPort = 60000;  // what a "*" is tried with

/// One question: the options az gives, and the network that answers.
class Question {
 public:
  Question(const AzOptions& options, const ConvergedLab& lab)
      : options_(options),
        lab_(lab.loaded.lab),
        emulation_(lab.emulation),
        scope_{options.resource_group.empty() ? lab.loaded.lab.name : options.resource_group} {}

  Result<Json> effective_routes() const {
    return with(nic("name"),
                [&](cloud::NicId id) { return report::az::effective_route_table(emulation_, id); });
  }
  Result<Json> effective_nsg() const {
    return with(nic("name"),
                [&](cloud::NicId id) { return report::az::effective_nsg(scope_, emulation_, id); });
  }
  Result<Json> route_server() const {
    return with(server("name"), [&](const cloud::RouteServer* server) {
      return report::az::route_server(scope_, emulation_, *server);
    });
  }
  Result<Json> peering() const {
    return with_peering([&](const auto& server, const auto& connection) {
      return report::az::peering(scope_, emulation_, server, connection);
    });
  }
  Result<Json> peering_learned() const {
    return with_peering([&](const auto& server, const auto& connection) {
      return report::az::peering_learned(emulation_, server, connection.name);
    });
  }
  Result<Json> peering_advertised() const {
    return with_peering([&](const auto& server, const auto& connection) {
      return report::az::peering_advertised(emulation_, server, connection.name);
    });
  }
  Result<Json> gateway_learned() const {
    return with(gateway(), [&](const cloud::VpnGateway* gateway) {
      return report::az::gateway_learned(emulation_, *gateway);
    });
  }
  Result<Json> gateway_advertised() const {
    const auto peer = address("peer");
    if (!peer) return std::unexpected(peer.error());
    return with(gateway(), [&](const cloud::VpnGateway* gateway) {
      return report::az::gateway_advertised(emulation_, *gateway, *peer);
    });
  }
  Result<Json> gateway_peers() const {
    return with(gateway(), [&](const cloud::VpnGateway* gateway) {
      return report::az::gateway_peer_status(emulation_, *gateway);
    });
  }
  Result<Json> next_hop() const {
    const auto id = machine_nic();
    if (!id) return std::unexpected(id.error());
    const auto source = address("source-ip");
    if (!source) return std::unexpected(source.error());
    const auto destination = address("dest-ip");
    if (!destination) return std::unexpected(destination.error());
    if (auto ok = owns(*id, *source); !ok) return std::unexpected(ok.error());
    return report::az::next_hop(scope_, emulation_, *id, *destination);
  }
  Result<Json> ip_flow() const {
    const auto id = machine_nic();
    if (!id) return std::unexpected(id.error());
    const std::string direction = value("direction");
    const bool inbound = direction == "Inbound";
    if (!inbound && direction != "Outbound") {
      return fail("--direction must be Inbound or Outbound");
    }
    const std::string protocol = value("protocol");
    if (protocol != "TCP" && protocol != "UDP") return fail("--protocol must be TCP or UDP");
    const auto local = end_point("local");
    if (!local) return std::unexpected(local.error());
    const auto remote = end_point("remote");
    if (!remote) return std::unexpected(remote.error());
    if (auto ok = owns(*id, local->first); !ok) return std::unexpected(ok.error());
    const lpm::FlowKey out{.source = local->first,
                           .destination = remote->first,
                           .source_port = local->second,
                           .destination_port = remote->second,
                           .protocol = protocol == "TCP" ? kTcp : kUdp};
    return report::az::ip_flow(emulation_, *id,
                               inbound ? lab::Direction::Inbound : lab::Direction::Outbound,
                               inbound ? out.reversed() : out);
  }

 private:
  template <typename T, typename Answer>
  static Result<Json> with(const Result<T>& thing, Answer answer) {
    if (!thing) return std::unexpected(thing.error());
    return answer(*thing);
  }

  template <typename Answer>
  Result<Json> with_peering(Answer answer) const {
    const auto owner = server("routeserver");
    if (!owner) return std::unexpected(owner.error());
    std::vector<std::string> names;
    for (const lab::RouteServerBgpConnection& c : lab_.route_server_bgp_connections) {
      if (c.route_server != (*owner)->name) continue;
      if (c.name == value("name")) return answer(**owner, c);
      names.push_back(c.name);
    }
    return missing("peering", "name", names);
  }

  std::string value(std::string_view option) const {
    const auto found = options_.values.find(option);
    return found == options_.values.end() ? std::string() : found->second;
  }

  std::unexpected<Error> missing(std::string_view what, std::string_view option,
                                 const std::vector<std::string>& names) const {
    const std::string asked = value(option);
    if (asked.empty()) return fail(fmt::format("--{} is missing", option));
    const std::string near = lab::nearest(asked, names);
    return fail(fmt::format("there is no {} named '{}'", what, asked), {},
                !near.empty()   ? fmt::format("did you mean '{}'?", near)
                : names.empty() ? std::string("the lab has none")
                                : fmt::format("the lab has {}", fmt::join(names, ", ")));
  }

  // By the NIC's own name or by its VM's.
  Result<cloud::NicId> nic(std::string_view option) const {
    const cloud::Network& network = emulation_.network();
    const std::string name = value(option);
    std::vector<std::string> names;
    for (size_t i = 0; i < network.nics.size(); ++i) {
      const cloud::Nic& nic = network.nics[i];
      const auto* vm = std::get_if<cloud::VmId>(&nic.owner);
      if (nic.name == name || (vm != nullptr && network.at(*vm).name == name)) {
        return cloud::NicId(i);
      }
      names.push_back(nic.name);
    }
    return missing("NIC", option, names);
  }
  Result<cloud::NicId> machine_nic() const { return nic(value("nic").empty() ? "vm" : "nic"); }

  template <typename Things>
  Result<const typename Things::value_type*> named(const Things& things, std::string_view what,
                                                   std::string_view option) const {
    std::vector<std::string> names;
    for (const auto& thing : things) {
      if (thing.name == value(option)) return &thing;
      names.push_back(thing.name);
    }
    return missing(what, option, names);
  }
  Result<const cloud::RouteServer*> server(std::string_view option) const {
    return named(emulation_.network().route_servers, "route server", option);
  }
  Result<const cloud::VpnGateway*> gateway() const {
    return named(emulation_.network().vpn_gateways, "VPN gateway", "name");
  }

  Result<lpm::Ipv4Address> address(std::string_view option) const {
    const std::string text = value(option);
    if (text.empty()) return fail(fmt::format("--{} is missing", option));
    if (const auto parsed = lpm::Ipv4Address::parse(text)) return *parsed;
    return fail(fmt::format("--{}: '{}' is no IPv4 address", option, text));
  }

  Result<std::pair<lpm::Ipv4Address, uint16_t>> end_point(std::string_view option) const {
    const std::string text = value(option);
    if (text.empty()) return fail(fmt::format("--{} is missing", option));
    const size_t colon = text.find(':');
    const auto parsed = lpm::Ipv4Address::parse(text.substr(0, colon));
    uint16_t port = kAnyPort;
    bool good = parsed && colon != std::string::npos;
    if (good && text.substr(colon + 1) != "*") {
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
      good = error == std::errc() && stop == end;
    }
    if (!good) return fail(fmt::format("--{}: '{}' is not IP:PORT", option, text));
    return std::pair(*parsed, port);
  }

  Result<void> owns(cloud::NicId id, lpm::Ipv4Address address) const {
    const cloud::Nic& nic = emulation_.network().at(id);
    if (nic.address == address) return {};
    return fail(fmt::format("{} is not the address of {}", address.to_string(), nic.name), {},
                fmt::format("it has {}", nic.address.to_string()));
  }

  const AzOptions& options_;
  const lab::Lab& lab_;
  const emulator::Emulation& emulation_;
  report::az::Scope scope_;
};

constexpr std::string_view kRouteOptions[] = {"name"};
constexpr std::string_view kPeeringOptions[] = {"name", "routeserver"};
constexpr std::string_view kAdvertisedOptions[] = {"name", "peer"};
constexpr std::string_view kNextHopOptions[] = {"vm", "nic", "source-ip", "dest-ip"};
constexpr std::string_view kFlowOptions[] = {"vm",       "nic",   "direction",
                                             "protocol", "local", "remote"};

/// Rows of the table form; empty: the plain values of the answer itself.
using Rows = Json (*)(const Json& answer);

Json values(const Json& answer) { return answer.at("value"); }

// Each row with the instance it stands under.
Json rows_of_instances(const Json& answer) {
  Json rows = Json::array();
  for (const auto& [instance, list] : answer.items()) {
    for (Json row : list) {
      row["instance"] = instance;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::string last_part(const Json& id) {
  const std::string text = id.get<std::string>();
  return text.substr(text.rfind('/') + 1);
}

Json rules_of_groups(const Json& answer) {
  Json rows = Json::array();
  for (const Json& group : answer.at("value")) {
    const Json& association = group.at("association");
    const auto name = [&](const char* key) {
      return association.at(key).is_null() ? "-" : last_part(association.at(key).at("id"));
    };
    for (Json row : group.at("effectiveSecurityRules")) {
      row["nic"] = name("networkInterface");
      row["subnet"] = name("subnet");
      row["nsg"] = last_part(group.at("networkSecurityGroup").at("id"));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

struct AzCommand {
  std::string_view words;
  std::span<const std::string_view> options;
  Result<Json> (Question::*ask)() const;
  Rows rows = nullptr;
  std::vector<TableColumn> columns = {};
};

const std::vector<AzCommand>& az_commands() {
  static const std::vector<TableColumn> kRoutes = {
      {"Network", "network"},       {"NextHop", "nextHop"}, {"Origin", "origin"},
      {"SourcePeer", "sourcePeer"}, {"AsPath", "asPath"},   {"Weight", "weight"}};
  static const std::vector<TableColumn> kInstanceRoutes = [] {
    std::vector<TableColumn> columns = {{"Instance", "instance"}};
    columns.insert(columns.end(), kRoutes.begin(), kRoutes.end());
    return columns;
  }();
  static const std::vector<AzCommand> kAll = {
      {"nic show-effective-route-table",
       kRouteOptions,
       &Question::effective_routes,
       values,
       {{"Source", "source"},
        {"State", "state"},
        {"Address Prefix", "addressPrefix"},
        {"Next Hop Type", "nextHopType"},
        {"Next Hop IP", "nextHopIpAddress"}}},
      {"nic list-effective-nsg",
       kRouteOptions,
       &Question::effective_nsg,
       rules_of_groups,
       {{"NIC", "nic"},
        {"Subnet", "subnet"},
        {"NSG", "nsg"},
        {"Rule Name", "name"},
        {"Protocol", "protocol"},
        {"Direction", "direction"},
        {"Access", "access"}}},
      {"routeserver show", kRouteOptions, &Question::route_server},
      {"routeserver peering show", kPeeringOptions, &Question::peering},
      {"routeserver peering list-learned-routes", kPeeringOptions, &Question::peering_learned,
       rows_of_instances, kInstanceRoutes},
      {"routeserver peering list-advertised-routes", kPeeringOptions, &Question::peering_advertised,
       rows_of_instances, kInstanceRoutes},
      {"vnet-gateway list-learned-routes", kRouteOptions, &Question::gateway_learned, values,
       kRoutes},
      {"vnet-gateway list-advertised-routes", kAdvertisedOptions, &Question::gateway_advertised,
       values, kRoutes},
      {"vnet-gateway list-bgp-peer-status",
       kRouteOptions,
       &Question::gateway_peers,
       values,
       {{"Neighbor", "neighbor"},
        {"ASN", "asn"},
        {"State", "state"},
        {"ConnectedDuration", "connectedDuration"},
        {"RoutesReceived", "routesReceived"},
        {"MessagesSent", "messagesSent"},
        {"MessagesReceived", "messagesReceived"}}},
      {"watcher show-next-hop", kNextHopOptions, &Question::next_hop},
      {"watcher test-ip-flow", kFlowOptions, &Question::ip_flow},
  };
  return kAll;
}

Parsed<const AzCommand*> command_of(const AzOptions& options) {
  const std::string words = fmt::format("{}", fmt::join(options.words, " "));
  std::vector<std::string> names;
  for (const AzCommand& command : az_commands()) {
    names.emplace_back(command.words);
    if (command.words != words) continue;
    for (const auto& [name, value] : options.values) {
      if (std::ranges::find(command.options, name) == command.options.end()) {
        return std::unexpected(UsageError{fmt::format("{} takes no --{}", words, name), ""});
      }
    }
    return &command;
  }
  const std::string near = lab::nearest(words, names);
  return std::unexpected(
      UsageError{fmt::format("there is no '{}'", words),
                 near.empty() ? std::string() : fmt::format("did you mean '{}'?", near)});
}

}  // namespace

ExitCode az(const AzOptions& options, Streams& streams) {
  const auto command = command_of(options);
  if (!command) return report_usage_error(command.error(), "az", streams);
  const Output output = options.as_table ? Output::table : Output::json;
  const auto lab = converge_lab(options.lab, output, streams);
  if (!lab) return lab.error();
  const Question question(options, **lab);
  const Result<Json> answer = (question.*(*command)->ask)();
  if (!answer) return report_error(answer.error(), ExitCode::usage, Output::table, streams);
  if (!options.as_table) {
    streams.out << report::dump(*answer);
  } else if ((*command)->rows == nullptr) {
    streams.out << report::az::table_of_object(*answer);
  } else {
    streams.out << report::az::table((*command)->rows(*answer), (*command)->columns);
  }
  return ExitCode::ok;
}

}  // namespace skyhop::cli
