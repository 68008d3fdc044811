#include "control/emulator/checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/emulator/names.h"
#include "control/emulator/trace.h"

namespace skyhop::emulator {
namespace {

struct Outcome {
  bool holds = false;
  std::string found;
};

uint8_t protocol_number(const std::string& name) {
  if (name == "tcp") return 6;
  if (name == "udp") return 17;
  return 1;
}

template <typename Check>
Result<TraceRequest> request_of(const Emulation& emulation, const Check& check) {
  const auto from = vm_named(emulation.network(), check.from);
  if (!from) return std::unexpected(from.error());
  const auto to = destination_named(emulation.network(), check.to);
  if (!to) return std::unexpected(to.error());
  return TraceRequest{.from = *from,
                      .to = *to,
                      .protocol = protocol_number(check.protocol),
                      .source_port = check.source_port,
                      .destination_port = check.destination_port};
}

// "transit-1|transit-1-hagw": one of them.
bool crosses_one_of(const Path& path, std::string_view alternatives) {
  while (true) {
    const size_t bar = alternatives.find('|');
    if (path.crosses(alternatives.substr(0, bar))) return true;
    if (bar == std::string_view::npos) return false;
    alternatives.remove_prefix(bar + 1);
  }
}

std::string crossed(const Path& path) {
  std::vector<std::string> names;
  for (const TraceHop& hop : path.hops) names.push_back(hop.router);
  return fmt::format("{}; {}", fmt::join(names, " > "), path.verdict);
}

struct Evaluate {
  const Emulation& emulation;

  Result<Outcome> operator()(const lab::CheckReachable& check) const {
    const auto request = request_of(emulation, check);
    if (!request) return std::unexpected(request.error());
    const Trace result = trace(emulation, *request);
    const bool back_fails = result.forward.delivered && result.back && !result.back->delivered;
    return Outcome{result.reachable() == check.expected,
                   back_fails ? "the reply is " + result.back->verdict : result.forward.verdict};
  }

  Result<Outcome> operator()(const lab::CheckPath& check) const {
    const auto request = request_of(emulation, check);
    if (!request) return std::unexpected(request.error());
    const Path path = trace(emulation, *request).forward;
    const auto is_crossed = [&](const std::string& name) { return crosses_one_of(path, name); };
    return Outcome{path.delivered && std::ranges::all_of(check.via, is_crossed) &&
                       std::ranges::none_of(check.avoid, is_crossed),
                   crossed(path)};
  }

  Result<Outcome> operator()(const lab::CheckRoute& check) const {
    const auto router = table_named(emulation.network(), check.on);
    if (!router) return std::unexpected(router.error());
    const routing::RouterTable& table = emulation.table(*router);
    const routing::Entry* entry = table.find(check.prefix);
    const routing::Offer* best = entry == nullptr ? nullptr : entry->best();
    if (best == nullptr) {
      return Outcome{!check.expected, check.prefix.to_string() + " is not in the table"};
    }
    std::vector<routing::NextHop> in_use;
    const auto active = table.active(*entry);
    for (const auto* list : {&best->primary, &best->backup}) {
      std::ranges::copy_if(*list, std::back_inserter(in_use), [&](const routing::NextHop& hop) {
        return std::ranges::find(active, hop.edge) != active.end();
      });
    }
    return compare(check, *best, in_use);
  }

  Result<Outcome> operator()(const lab::CheckSession& check) const {
    const auto session = emulation.network().find_session(check.session);
    if (!session) return fail("there is no session '" + check.session + "'");
    const std::string state = emulation.session_state(*session);
    const bool holds = check.state == "Down" ? state != "Established" : state == check.state;
    return Outcome{holds, check.session + " is " + state};
  }

 private:
  static Result<Outcome> compare(const lab::CheckRoute& check, const routing::Offer& best,
                                 const std::vector<routing::NextHop>& in_use) {
    std::vector<std::string> found;
    for (const routing::NextHop& hop : in_use) {
      found.push_back(hop.via ? fmt::format("{} ({})", hop.name, hop.via->to_string()) : hop.name);
    }
    Outcome outcome{check.expected, fmt::format("{} -> {}, {}", check.prefix.to_string(),
                                                fmt::join(found, ", "), best.description)};
    const auto is_named = [&](const routing::NextHop& hop) {
      return std::ranges::any_of(check.next_hops, [&](const std::string& name) {
        return name == hop.name || (hop.via && name == hop.via->to_string());
      });
    };
    if (check.expected && !check.next_hops.empty()) {
      outcome.holds =
          in_use.size() == check.next_hops.size() && std::ranges::all_of(in_use, is_named);
    }
    if (check.expected && check.as_path && best.as_path != *check.as_path) outcome.holds = false;
    return outcome;
  }
};

}  // namespace

CheckResult evaluate(const Emulation& emulation, const lab::Check& check) {
  CheckResult result{.name = check.name, .at = check.at};
  const auto outcome = std::visit(Evaluate{emulation}, check.what);
  result.passed = outcome && outcome->holds;
  result.detail = outcome ? outcome->found : outcome.error().to_string();
  return result;
}

}  // namespace skyhop::emulator
