#include "control/cli/neighbor_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "control/bgp/message/path_attributes.h"
#include "control/report/json.h"
#include "control/report/units.h"

namespace skyhop::cli {
namespace {

using report::Json;
using report::Narrow;
using report::Table;
using report::Tone;

double seconds_of(bgp::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string shown(bgp::Duration duration) { return report::seconds(seconds_of(duration)); }

std::string in_hex(const std::vector<uint8_t>& octets) {
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

std::vector<std::string> capabilities_of(const std::optional<bgp::Capabilities>& capabilities) {
  return capabilities ? bgp::describe(*capabilities) : std::vector<std::string>{};
}

std::string restart_text(const bgp::RestartStatus& restart) {
  if (!restart.is_awaited) return fmt::format("{} stale routes", restart.stale_routes);
  return fmt::format("gone; {} stale routes{} stand until {}", restart.stale_routes,
                     restart.is_long_lived ? " as a last resort" : "", shown(restart.until));
}

std::string bfd_text(const bgp::bfd::Status& bfd) {
  std::string text =
      fmt::format("{}, a packet every {}", to_string(bfd.state), shown(bfd.transmit_interval));
  if (bfd.detection_time > bgp::Duration{0}) {
    text += fmt::format(", dead after {}", shown(bfd.detection_time));
  }
  if (bfd.diagnostic != bgp::bfd::Diagnostic::none) {
    text += fmt::format("; last: {}", to_string(bfd.diagnostic));
  }
  return text;
}

class NeighborRows {
 public:
  NeighborRows(Table& table, std::string name) : table_(table), name_(std::move(name)) {}

  void add(const char* what, std::string value, Tone tone = Tone::plain) {
    table_.add({std::exchange(name_, ""), what, {std::move(value), tone}});
  }
  void add(const char* what, const std::vector<std::string>& values) {
    if (!values.empty()) add(what, fmt::format("{}", fmt::join(values, ", ")));
  }
  void add(const char* what, const std::optional<bgp::NotificationRecord>& record) {
    if (!record) return;
    add(what, fmt::format("{} at {}", record->to_string(), shown(record->at)), Tone::warning);
    if (!record->offending.empty()) add("  octets", in_hex(record->offending));
  }

 private:
  Table& table_;
  std::string name_;
};

void add_neighbor(Table& table, const bgp::PeerConfig& config, const bgp::PeerStatus& status) {
  const bool is_up = status.state == bgp::SessionState::established;
  NeighborRows rows(table, config.name);
  rows.add("state", std::string(to_string(status.state)) + (status.admin_down ? ", shut" : ""),
           is_up ? Tone::good : Tone::bad);
  rows.add("addresses", fmt::format("{} - {}", config.local_address.to_string(),
                                    config.remote_address.to_string()));
  if (status.remote_asn != 0) {
    rows.add("identifier",
             fmt::format("{} AS {}", status.remote_router_id.to_string(), status.remote_asn));
    rows.add("timers", fmt::format("hold {}, keepalive {}", shown(status.hold_time),
                                   shown(status.keepalive)));
  }
  rows.add("offered", capabilities_of(status.offered));
  rows.add("received", capabilities_of(status.received));
  rows.add("agreed", status.agreed);
  rows.add("routes",
           fmt::format("{} received, {} accepted, {} advertised", status.prefixes_received,
                       status.prefixes_accepted, status.prefixes_advertised));
  const bgp::PeerCounters& counters = status.counters;
  rows.add("messages",
           fmt::format("{} in, {} out; {} and {} of them UPDATEs", counters.messages_in,
                       counters.messages_out, counters.updates_in, counters.updates_out));
  rows.add("established", fmt::format("{} times; {} attempts failed", counters.established,
                                      status.connect_retries));
  for (const auto& [type, faults] : counters.faults) {
    rows.add("malformed",
             fmt::format("{}: {} discarded, {} withdrawn, {} resets", bgp::attribute_name(type),
                         faults.discarded, faults.treated_as_withdraw, faults.session_resets),
             Tone::warning);
  }
  if (counters.limit_warnings != 0 || counters.dropped_over_limit != 0) {
    rows.add("limit",
             fmt::format("{} warnings, {} routes dropped", counters.limit_warnings,
                         counters.dropped_over_limit),
             Tone::warning);
  }
  if (status.restart.is_awaited || status.restart.stale_routes != 0) {
    rows.add("restart", restart_text(status.restart), Tone::warning);
  }
  if (status.bfd) {
    const bool is_alive = status.bfd->state == bgp::bfd::State::up;
    rows.add("BFD", bfd_text(*status.bfd), is_alive ? Tone::good : Tone::warning);
  }
  if (!status.last_reason.empty()) rows.add("last fall", status.last_reason);
  rows.add("sent", status.last_notification_out);
  rows.add("received", status.last_notification_in);
}

Json notification_json(const bgp::NotificationRecord& record) {
  Json json = {{"at", seconds_of(record.at)},
               {"code", static_cast<unsigned>(record.code)},
               {"subcode", record.subcode},
               {"what", record.to_string()}};
  if (const std::string text = record.shutdown_text(); !text.empty()) json["text"] = text;
  if (!record.offending.empty()) json["octets"] = in_hex(record.offending);
  return json;
}

Json counters_json(const bgp::PeerCounters& counters) {
  Json faults = Json::object();
  for (const auto& [type, count] : counters.faults) {
    faults[std::to_string(type)] = {{"name", bgp::attribute_name(type)},
                                    {"discarded", count.discarded},
                                    {"treated_as_withdraw", count.treated_as_withdraw},
                                    {"session_resets", count.session_resets}};
  }
  return {{"messages_in", counters.messages_in},
          {"messages_out", counters.messages_out},
          {"updates_in", counters.updates_in},
          {"updates_out", counters.updates_out},
          {"octets_in", counters.octets_in},
          {"octets_out", counters.octets_out},
          {"notifications_in", counters.notifications_in},
          {"notifications_out", counters.notifications_out},
          {"refreshes_in", counters.refreshes_in},
          {"refreshes_out", counters.refreshes_out},
          {"established", counters.established},
          {"attributes_discarded", counters.attributes_discarded},
          {"treated_as_withdraw", counters.treated_as_withdraw},
          {"update_errors", counters.update_errors},
          {"limit_warnings", counters.limit_warnings},
          {"dropped_over_limit", counters.dropped_over_limit},
          {"bfd_downs", counters.bfd_downs},
          {"malformed", std::move(faults)}};
}

Json bfd_json(const bgp::bfd::Status& bfd) {
  return {{"state", to_string(bfd.state)},
          {"diagnostic", to_string(bfd.diagnostic)},
          {"remote_state", to_string(bfd.remote_state)},
          {"remote_diagnostic", to_string(bfd.remote_diagnostic)},
          {"local_discriminator", bfd.local_discriminator},
          {"remote_discriminator", bfd.remote_discriminator},
          {"transmit_interval", seconds_of(bfd.transmit_interval)},
          {"detection_time", seconds_of(bfd.detection_time)},
          {"sent", bfd.counters.sent},
          {"received", bfd.counters.received},
          {"discarded", bfd.counters.discarded},
          {"went_down", bfd.counters.went_down}};
}

}  // namespace

Table neighbor_table(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  Table table({{"Neighbour"}, {"What"}, {"Value", report::Align::left, Narrow::wrap}},
              "Neighbours of " + speaker.config().name);
  for (const bgp::PeerId peer : peers) {
    if (!table.is_empty()) table.add_gap();
    add_neighbor(table, speaker.peer_config(peer), speaker.status(peer));
  }
  return table;
}

Json neighbors_json(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  Json list = Json::array();
  for (const bgp::PeerId peer : peers) {
    const bgp::PeerConfig& config = speaker.peer_config(peer);
    const bgp::PeerStatus status = speaker.status(peer);
    Json json = {{"name", config.name},
                 {"state", to_string(status.state)},
                 {"since", seconds_of(status.since)},
                 {"shut", status.admin_down},
                 {"local_address", config.local_address.to_string()},
                 {"remote_address", config.remote_address.to_string()},
                 {"remote_asn", status.remote_asn},
                 {"remote_identifier", status.remote_router_id.to_string()},
                 {"hold_time", seconds_of(status.hold_time)},
                 {"keepalive", seconds_of(status.keepalive)},
                 {"offered", capabilities_of(status.offered)},
                 {"received", capabilities_of(status.received)},
                 {"agreed", status.agreed},
                 {"prefixes_received", status.prefixes_received},
                 {"prefixes_accepted", status.prefixes_accepted},
                 {"prefixes_advertised", status.prefixes_advertised},
                 {"connect_retries", status.connect_retries},
                 {"counters", counters_json(status.counters)},
                 {"restart",
                  {{"awaited", status.restart.is_awaited},
                   {"until", seconds_of(status.restart.until)},
                   {"stale_routes", status.restart.stale_routes},
                   {"long_lived", status.restart.is_long_lived}}}};
    if (status.bfd) json["bfd"] = bfd_json(*status.bfd);
    if (!status.last_reason.empty()) json["last_reason"] = status.last_reason;
    if (status.last_notification_out) {
      json["last_notification_sent"] = notification_json(*status.last_notification_out);
    }
    if (status.last_notification_in) {
      json["last_notification_received"] = notification_json(*status.last_notification_in);
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace skyhop::cli
