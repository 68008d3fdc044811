// Whose answer a file holds. az prints ids with some answers and addresses with others; of some
// only the rows tell.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/lab/diagnostic.h"
#include "control/report/az/answers.h"
#include "control/report/az/comparison.h"

namespace skyhop::report::az {
namespace {

using emulator::Emulation;
using lab::Lab;

struct Candidate {
  Subject subject;
  std::vector<std::string> names;      ///< a hint may say any of them
  std::vector<std::string> addresses;  ///< in the answer where it is about this one
};

template <typename Things>
auto named(const Things& things, const std::string& name) {
  const auto found = std::ranges::find(things, name, &Things::value_type::name);
  return found == things.end() ? nullptr : &*found;
}

std::string address_of(const cloud::Network& network, cloud::GatewayId instance) {
  return network.at(network.at(instance).nics.front()).address.to_string();
}

std::vector<Candidate> nics(AnswerKind kind, const Emulation& emulation) {
  std::vector<Candidate> found;
  const cloud::Network& network = emulation.network();
  for (const cloud::Nic& nic : network.nics) {
    Candidate c;
    c.names = {nic.name};
    if (const auto* vm = std::get_if<cloud::VmId>(&nic.owner)) {
      c.names.push_back(network.at(*vm).name);
    }
    const cloud::Subnet& subnet = network.at(nic.subnet);
    c.subject.name = "NIC " + nic.name;
    c.subject.at = fmt::format("{}/{}", network.at(subnet.vnet).name, subnet.name);
    c.subject.ask = [kind, name = nic.name](const Lab& lab, const Emulation& asked) -> Json {
      const auto& all = asked.network().nics;
      const auto* same = named(all, name);
      if (same == nullptr) return nullptr;
      const cloud::NicId id(static_cast<size_t>(same - all.data()));
      return kind == AnswerKind::effective_routes ? effective_route_table(asked, id)
                                                  : effective_nsg(Scope{lab.name}, asked, id);
    };
    found.push_back(std::move(c));
  }
  return found;
}

std::vector<Candidate> route_servers(const Emulation& emulation) {
  std::vector<Candidate> found;
  for (const cloud::RouteServer& server : emulation.network().route_servers) {
    Candidate c;
    c.names = {server.name};
    c.subject.name = "route server " + server.name;
    c.subject.ask = [name = server.name](const Lab& lab, const Emulation& asked) -> Json {
      const auto* same = named(asked.network().route_servers, name);
      return same == nullptr ? Json() : route_server(Scope{lab.name}, asked, *same);
    };
    found.push_back(std::move(c));
  }
  return found;
}

std::vector<Candidate> peerings(AnswerKind kind, const Lab& lab, const Emulation& emulation) {
  std::vector<Candidate> found;
  const cloud::Network& network = emulation.network();
  for (const lab::RouteServerBgpConnection& connection : lab.route_server_bgp_connections) {
    Candidate c;
    c.names = {connection.name};
    if (kind == AnswerKind::peering_learned) {
      for (const cloud::Session& s : network.sessions) {
        if (s.a.connection == connection.name) c.addresses.push_back(s.b.address.to_string());
        if (s.b.connection == connection.name) c.addresses.push_back(s.a.address.to_string());
      }
    }
    c.subject.name = fmt::format("peering {} of {}", connection.name, connection.route_server);
    c.subject.ask = [kind, name = connection.name, owner = connection.route_server](
                        const Lab& changed, const Emulation& asked) -> Json {
      const auto* server = named(asked.network().route_servers, owner);
      const auto* same = named(changed.route_server_bgp_connections, name);
      if (server == nullptr || same == nullptr) return nullptr;
      if (kind == AnswerKind::peering) return peering(Scope{changed.name}, asked, *server, *same);
      return kind == AnswerKind::peering_learned ? peering_learned(asked, *server, name)
                                                 : peering_advertised(asked, *server, name);
    };
    found.push_back(std::move(c));
  }
  return found;
}

std::vector<std::string> instance_addresses(const cloud::Network& network,
                                            const cloud::VpnGateway& gateway) {
  std::vector<std::string> addresses;
  for (const cloud::GatewayId instance : gateway.instances) {
    addresses.push_back(address_of(network, instance));
  }
  return addresses;
}

std::vector<Candidate> gateways(AnswerKind kind, const Emulation& emulation) {
  std::vector<Candidate> found;
  const cloud::Network& network = emulation.network();
  for (const cloud::VpnGateway& gateway : network.vpn_gateways) {
    Candidate c;
    c.names = {gateway.name};
    c.addresses = instance_addresses(network, gateway);
    c.subject.name = "VPN gateway " + gateway.name;
    c.subject.ask = [kind, name = gateway.name](const Lab&, const Emulation& asked) -> Json {
      const auto* same = named(asked.network().vpn_gateways, name);
      if (same == nullptr) return nullptr;
      return kind == AnswerKind::gateway_learned ? gateway_learned(asked, *same)
                                                 : gateway_peer_status(asked, *same);
    };
    found.push_back(std::move(c));
  }
  return found;
}

// One for each neighbour: the answer does not say which was asked for.
std::vector<Candidate> gateway_neighbours(const Emulation& emulation) {
  std::vector<Candidate> found;
  const cloud::Network& network = emulation.network();
  for (const cloud::VpnGateway& gateway : network.vpn_gateways) {
    for (const cloud::Session& s : network.sessions) {
      for (const auto& [own, far] : {std::pair(&s.a, &s.b), std::pair(&s.b, &s.a)}) {
        if (std::ranges::count(gateway.instances, own->gateway) == 0) continue;
        Candidate c;
        c.names = {far->address.to_string(), network.at(far->gateway).name};
        c.subject.name =
            fmt::format("VPN gateway {} towards {}", gateway.name, far->address.to_string());
        c.subject.ask = [name = gateway.name, peer = far->address](const Lab&,
                                                                   const Emulation& asked) -> Json {
          const auto* same = named(asked.network().vpn_gateways, name);
          return same == nullptr ? Json() : gateway_advertised(asked, *same, peer);
        };
        found.push_back(std::move(c));
      }
    }
  }
  return found;
}

std::vector<Candidate> candidates(AnswerKind kind, const Lab& lab, const Emulation& emulation) {
  switch (kind) {
    case AnswerKind::effective_routes:
    case AnswerKind::effective_nsg:
      return nics(kind, emulation);
    case AnswerKind::route_server:
      return route_servers(emulation);
    case AnswerKind::peering:
    case AnswerKind::peering_learned:
    case AnswerKind::peering_advertised:
      return peerings(kind, lab, emulation);
    case AnswerKind::gateway_learned:
    case AnswerKind::peer_status:
      return gateways(kind, emulation);
    case AnswerKind::gateway_advertised:
      return gateway_neighbours(emulation);
  }
  return {};
}

// Every id in the answer that ends in a name of the lab, and names that stand for themselves.
std::string own_words(const Json& answer) {
  std::string words;
  const auto visit = [&](const auto& self, const Json& json) -> void {
    if (json.is_object()) {
      for (const auto& [key, value] : json.items()) {
        if ((key == "id" || key == "name") && value.is_string()) {
          const std::string id = value.template get<std::string>();
          words += " " + id.substr(id.rfind('/') + 1) + " ";
        } else if (key == "association" || key == "networkInterface" || key == "value") {
          self(self, value);
        }
      }
    } else if (json.is_array()) {
      for (const Json& item : json) self(self, item);
    }
  };
  visit(visit, answer);
  return words;
}

bool mentions(const Json& answer, const std::vector<std::string>& addresses) {
  const auto in_row = [&](const Json& row) {
    for (const char* key : {"localAddress", "sourcePeer"}) {
      const auto found = row.find(key);
      if (found != row.end() && found->is_string() &&
          std::ranges::count(addresses, found->template get<std::string>()) > 0) {
        return true;
      }
    }
    return false;
  };
  const auto in_list = [&](const Json& list) {
    return list.is_array() && std::ranges::any_of(list, [&](const Json& row) {
             return row.is_object() && in_row(row);
           });
  };
  if (in_list(answer)) return true;
  return answer.is_object() && std::ranges::any_of(answer, in_list);
}

/// The longest of the candidate's names that the text contains as a whole word; 0: none.
size_t named_in(const std::string& text, const Candidate& candidate) {
  size_t longest = 0;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (const std::string& name : candidate.names) {
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const size_t end = at + name.size();
      if ((at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]))) continue;
      longest = std::max(longest, name.size());
    }
  }
  return longest;
}

const Candidate* best_named(const std::vector<Candidate>& all, const std::string& text) {
  const auto best =
      std::ranges::max_element(all, {}, [&](const Candidate& c) { return named_in(text, c); });
  return best == all.end() || named_in(text, *best) == 0 ? nullptr : &*best;
}

}  // namespace

Result<Subject> subject_of(AnswerKind kind, const Json& answer, const std::string& hint,
                           const Lab& lab, const Emulation& emulation) {
  const std::vector<Candidate> all = candidates(kind, lab, emulation);
  if (all.empty()) {
    return fail(
        fmt::format("the lab has nothing that '{}' could be asked about", command_of(kind)));
  }
  if (const Candidate* c = best_named(all, hint)) return c->subject;
  const bool has_ids = kind == AnswerKind::effective_nsg || kind == AnswerKind::route_server ||
                       kind == AnswerKind::peering;
  if (has_ids) {
    if (const Candidate* c = best_named(all, own_words(answer))) return c->subject;
  }
  for (const Candidate& c : all) {
    if (!c.addresses.empty() && mentions(answer, c.addresses)) return c.subject;
  }
  const Candidate* best = nullptr;
  size_t most = 0;
  for (const Candidate& c : all) {
    const Json asked = c.subject.ask(lab, emulation);
    if (asked.is_null()) continue;
    const size_t equal = compare(kind, answer, asked, emulation).equal;
    if (equal > most) {
      most = equal;
      best = &c;
    }
  }
  if (best != nullptr) return best->subject;
  std::vector<std::string> names;
  for (const Candidate& c : all) names.push_back(c.names.front());
  return fail(fmt::format("it does not tell whose answer to '{}' it is", command_of(kind)), {},
              fmt::format("say it as --az NAME=FILE, NAME one of {}", fmt::join(names, ", ")));
}

}  // namespace skyhop::report::az
