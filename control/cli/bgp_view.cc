#include "control/cli/bgp_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "control/report/json.h"
#include "control/report/units.h"

namespace skyhop::cli {
namespace {

using report::Align;
using report::Json;
using report::Narrow;
using report::Tone;

std::string_view origin_of(const bgp::PathAttributes& a) {
  switch (a.origin) {
    case bgp::Origin::igp:
      return "igp";
    case bgp::Origin::egp:
      return "egp";
    case bgp::Origin::incomplete:
      return "incomplete";
  }
  return "";
}

std::vector<std::string> communities_of(const bgp::PathAttributes& a) {
  std::vector<std::string> texts;
  for (const bgp::Community c : a.communities) {
    if (c == bgp::kNoExport) {
      texts.emplace_back("no-export");
    } else if (c == bgp::kNoAdvertise) {
      texts.emplace_back("no-advertise");
    } else {
      texts.push_back(fmt::format("{}:{}", c >> 16, c & 0xFFFF));
    }
  }
  for (const bgp::LargeCommunity& c : a.large_communities) {
    texts.push_back(fmt::format("{}:{}:{}", c.global, c.local1, c.local2));
  }
  return texts;
}

std::string optional_text(const std::optional<uint32_t>& value) {
  return value ? std::to_string(*value) : "";
}

Json attributes_json(const bgp::PathAttributes& a) {
  Json json = {{"next_hop", a.next_hop.to_string()},
               {"as_path", a.as_path.to_string()},
               {"origin", origin_of(a)}};
  if (a.med) json["med"] = *a.med;
  if (a.local_pref) json["local_pref"] = *a.local_pref;
  if (a.originator_id) json["originator_id"] = a.originator_id->to_string();
  if (const auto texts = communities_of(a); !texts.empty()) json["communities"] = texts;
  return json;
}

std::string peer_name(const bgp::Speaker& speaker, const std::optional<bgp::PeerId>& peer) {
  return peer ? speaker.peer_config(*peer).name : "originated here";
}

std::string_view standing_of(bgp::Standing standing) {
  switch (standing) {
    case bgp::Standing::best:
      return "best";
    case bgp::Standing::multipath:
      return "multipath";
    case bgp::Standing::loser:
      return "not used";
  }
  return "";
}

Tone tone_of(bgp::Standing standing) {
  return standing == bgp::Standing::loser ? Tone::dim : Tone::plain;
}

// One end's counters of a session: what its speaker holds of the other.
std::optional<bgp::PeerStatus> status_of(const emulator::Emulation& emulation,
                                         cloud::SessionId session, bool side_a) {
  const auto end = emulation.session_peer(session, side_a);
  if (end.speaker == nullptr) return {};
  return end.speaker->status(end.peer);
}

std::string accepted_of(const std::optional<bgp::PeerStatus>& status) {
  return status ? report::count(status->prefixes_accepted) : "-";
}

template <typename Routes>
Json prefixes_json(const Routes& routes) {
  Json list = Json::array();
  for (const auto& route : routes) list.push_back(route.prefix.to_string());
  return list;
}

// V56: what a page of BGP connections says of one end.
Json end_json(const emulator::Emulation& emulation, cloud::SessionId session, bool side_a) {
  const cloud::Session& s = emulation.network().at(session);
  const cloud::Session::End& end = side_a ? s.a : s.b;
  Json json = {{"gateway", emulation.network().at(end.gateway).name},
               {"address", end.address.to_string()},
               {"asn", end.local_asn}};
  if (const auto status = status_of(emulation, session, side_a)) {
    json["prefixes_received"] = status->prefixes_received;
    json["prefixes_accepted"] = status->prefixes_accepted;
    json["prefixes_advertised"] = status->prefixes_advertised;
    json["messages_in"] = status->counters.messages_in;
    json["messages_out"] = status->counters.messages_out;
    json["times_established"] = status->counters.established;
    if (!status->last_reason.empty()) json["last_reason"] = status->last_reason;
  }
  return json;
}

}  // namespace

report::Table session_summary(const emulator::Emulation& emulation) {
  const cloud::Network& n = emulation.network();
  report::Table table({{"Session", Align::left, Narrow::truncate},
                       {"Addresses"},
                       {"AS"},
                       {"State"},
                       {"Accepted", Align::right},
                       {"Problem", Align::left, Narrow::wrap}},
                      "BGP sessions");
  for (size_t i = 0; i < n.sessions.size(); ++i) {
    const cloud::SessionId id(i);
    const cloud::Session& s = n.at(id);
    const std::string state = emulation.session_state(id);
    const bool up = state == "Established";
    table.add({s.name,
               fmt::format("{} - {}", s.a.address.to_string(), s.b.address.to_string()),
               fmt::format("{} - {}", s.a.local_asn, s.b.local_asn),
               {s.problem.empty() ? state : "Idle", up ? Tone::good : Tone::bad},
               fmt::format("{} / {}", accepted_of(status_of(emulation, id, true)),
                           accepted_of(status_of(emulation, id, false))),
               s.problem});
  }
  return table;
}

Json session_summary_json(const emulator::Emulation& emulation) {
  const cloud::Network& n = emulation.network();
  Json list = Json::array();
  for (size_t i = 0; i < n.sessions.size(); ++i) {
    const cloud::SessionId id(i);
    const cloud::Session& s = n.at(id);
    Json item = {{"name", s.name},
                 {"state", s.problem.empty() ? emulation.session_state(id) : "Idle"},
                 {"a", end_json(emulation, id, true)},
                 {"b", end_json(emulation, id, false)}};
    if (!s.problem.empty()) item["problem"] = s.problem;
    list.push_back(std::move(item));
  }
  return list;
}

report::Table best_route_table(const bgp::Speaker& speaker) {
  report::Table table({{"Prefix"},
                       {"Next hop"},
                       {"AS path"},
                       {"Pref", Align::right},
                       {"MED", Align::right},
                       {"From"},
                       {"Use"},
                       {"Why not", Align::left, Narrow::wrap}},
                      "Routes of " + speaker.config().name);
  speaker.for_each_best([&](const bgp::BestRoute& route) {
    std::string prefix = route.prefix.to_string();
    for (const bgp::Decided& d : speaker.explain(route.prefix)) {
      const bgp::PathAttributes& a = *d.candidate.attributes;
      const Tone tone = tone_of(d.standing);
      table.add({std::exchange(prefix, ""),
                 {a.next_hop.to_string(), tone},
                 {a.as_path.to_string(), tone},
                 {optional_text(a.local_pref), tone},
                 {optional_text(a.med), tone},
                 {peer_name(speaker, d.candidate.peer), tone},
                 {standing_of(d.standing), tone},
                 {d.reason, tone}});
    }
  });
  return table;
}

Json best_routes_json(const bgp::Speaker& speaker) {
  Json list = Json::array();
  speaker.for_each_best([&](const bgp::BestRoute& route) {
    Json paths = Json::array();
    for (const bgp::Decided& d : speaker.explain(route.prefix)) {
      Json path = attributes_json(*d.candidate.attributes);
      path["from"] = peer_name(speaker, d.candidate.peer);
      path["standing"] = standing_of(d.standing);
      if (d.lost_at) path["lost_at"] = bgp::to_string(*d.lost_at);
      if (!d.reason.empty()) path["reason"] = d.reason;
      paths.push_back(std::move(path));
    }
    list.push_back({{"prefix", route.prefix.to_string()}, {"paths", std::move(paths)}});
  });
  return list;
}

report::Table learned_table(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  report::Table table({{"Peer"},
                       {"Prefix"},
                       {"Next hop"},
                       {"AS path"},
                       {"Communities", Align::left, Narrow::wrap},
                       {"Policy"},
                       {"Why", Align::left, Narrow::wrap}},
                      "Learned by " + speaker.config().name);
  for (const bgp::PeerId peer : peers) {
    for (const bgp::LearnedRoute& route : speaker.learned(peer)) {
      const bgp::PathAttributes& a = route.accepted ? *route.accepted : *route.received;
      const bool accepted = route.accepted != nullptr;
      table.add(
          {speaker.peer_config(peer).name, route.prefix.to_string(), a.next_hop.to_string(),
           a.as_path.to_string(), fmt::format("{}", fmt::join(communities_of(a), " ")),
           accepted ? report::Cell("accepted", Tone::good)
                    : report::Cell("rejected", Tone::warning),
           route.rule.empty() ? route.reason : fmt::format("{} [{}]", route.reason, route.rule)});
    }
  }
  return table;
}

Json learned_json(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  Json list = Json::array();
  for (const bgp::PeerId peer : peers) {
    for (const bgp::LearnedRoute& route : speaker.learned(peer)) {
      Json item = {{"peer", speaker.peer_config(peer).name},
                   {"prefix", route.prefix.to_string()},
                   {"accepted", route.accepted != nullptr},
                   {"received", attributes_json(*route.received)}};
      if (route.accepted) item["after_policy"] = attributes_json(*route.accepted);
      if (!route.rule.empty()) item["rule"] = route.rule;
      if (!route.reason.empty()) item["reason"] = route.reason;
      list.push_back(std::move(item));
    }
  }
  return list;
}

report::Table advertised_table(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  report::Table table({{"Peer"},
                       {"Prefix"},
                       {"Next hop"},
                       {"AS path"},
                       {"MED", Align::right},
                       {"Communities", Align::left, Narrow::wrap}},
                      "Advertised by " + speaker.config().name);
  for (const bgp::PeerId peer : peers) {
    for (const bgp::AdvertisedRoute& route : speaker.advertised(peer)) {
      const bgp::PathAttributes& a = *route.attributes;
      table.add({speaker.peer_config(peer).name, route.prefix.to_string(), a.next_hop.to_string(),
                 a.as_path.to_string(), optional_text(a.med),
                 fmt::format("{}", fmt::join(communities_of(a), " "))});
    }
  }
  return table;
}

Json advertised_json(const bgp::Speaker& speaker, const std::vector<bgp::PeerId>& peers) {
  Json list = Json::array();
  for (const bgp::PeerId peer : peers) {
    for (const bgp::AdvertisedRoute& route : speaker.advertised(peer)) {
      Json item = {{"peer", speaker.peer_config(peer).name}, {"prefix", route.prefix.to_string()}};
      item.update(attributes_json(*route.attributes));
      list.push_back(std::move(item));
    }
  }
  return list;
}

}  // namespace skyhop::cli
