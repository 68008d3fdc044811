#include "control/explain/packet_story.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/emulator/names.h"

namespace skyhop::explain {
namespace {

using dataplane::DropReason;
using emulator::Emulation;
using emulator::Path;
using emulator::Trace;
using emulator::TraceNsg;
using emulator::TraceRequest;

// Deriving and converging a lab anew takes some milliseconds: enough for every pair of the changes
// that are likely, and an end to it in a large lab.
constexpr size_t kMostTrials = 120;

Cure cure_of(const Remedy& r) { return {r.resource, r.cause, r.fix, r.rule}; }

// The path that ends early: there, or back.
const Path* failing(const Trace& trace) {
  if (!trace.forward.delivered) return &trace.forward;
  if (trace.back && !trace.back->delivered) return &*trace.back;
  return nullptr;
}

std::string flow_text(const lpm::FlowKey& flow) {
  const std::string ends =
      fmt::format("{} to {}", flow.source.to_string(), flow.destination.to_string());
  if (flow.protocol == 1) return "icmp from " + ends;
  if (flow.protocol != 6 && flow.protocol != 17) {
    return fmt::format("protocol {} from {}", flow.protocol, ends);
  }
  return fmt::format("{} from {} port {}", flow.protocol == 6 ? "tcp" : "udp", ends,
                     flow.destination_port);
}

const TraceNsg* denial(const Path& path) {
  for (const emulator::TraceHop& hop : path.hops) {
    for (const TraceNsg& nsg : hop.nsgs) {
      if (!nsg.by_state && !nsg.verdict.allowed) return &nsg;
    }
  }
  return nullptr;
}

std::string obstacle_of(const Path& path, bool is_answer) {
  std::string text = is_answer ? "the answer is " : "it is ";
  text += path.verdict;
  if (const TraceNsg* nsg = denial(path)) {
    text += fmt::format("; rule {} of {} denies it at {} ({})", nsg->verdict.rule, nsg->verdict.nsg,
                        nsg->where, nsg->direction);
  }
  return text;
}

// A rule in front of those that deny; the lab's security groups are as written, so it is added.
std::optional<Remedy> allow_by_nsg(const lab::Lab& lab, const Path& path) {
  const TraceNsg* nsg = denial(path);
  if (nsg == nullptr) return {};
  const auto found = std::ranges::find(lab.network_security_groups, nsg->verdict.nsg,
                                       &lab::NetworkSecurityGroup::name);
  if (found == lab.network_security_groups.end()) return {};
  const auto index = static_cast<size_t>(found - lab.network_security_groups.begin());
  const bool inbound = nsg->direction == "Inbound";
  const lpm::FlowKey& flow = path.flow;
  lab::SecurityRule rule{.name = "allow",
                         .priority = 100,
                         .direction = inbound ? lab::Direction::Inbound : lab::Direction::Outbound,
                         .access = lab::Access::Allow,
                         .source_port_ranges = {},
                         .destination_port_ranges = {},
                         .source_address_prefixes = {flow.source.to_string() + "/32"},
                         .destination_address_prefixes = {flow.destination.to_string() + "/32"}};
  rule.protocol = flow.protocol == 1    ? lab::Protocol::Icmp
                  : flow.protocol == 6  ? lab::Protocol::Tcp
                  : flow.protocol == 17 ? lab::Protocol::Udp
                                        : lab::Protocol::Any;
  const bool has_ports = flow.protocol == 6 || flow.protocol == 17;
  if (has_ports) rule.destination_port_ranges = {{flow.destination_port, flow.destination_port}};
  uint16_t denies_at = 65500;
  for (const lab::SecurityRule& r : found->security_rules) {
    if (r.name == nsg->verdict.rule) denies_at = r.priority;
  }
  return Remedy{"azurerm_network_security_group." + found->name,
                fmt::format("rule {} of {} denies {} {}", nsg->verdict.rule, found->name,
                            flow_text(flow), inbound ? "inbound" : "outbound"),
                fmt::format("add an {} rule that allows it to {}, with a priority below {}",
                            inbound ? "inbound" : "outbound", found->name, denies_at),
                "A66", [index, rule](lab::Lab& lab) {
                  auto& rules = lab.network_security_groups[index].security_rules;
                  // Whatever stands at this priority moves behind: Azure refuses two of the same.
                  std::erase_if(rules, [&](const lab::SecurityRule& other) {
                    return other.priority == rule.priority && other.direction == rule.direction;
                  });
                  rules.push_back(rule);
                }};
}

// The same question to another network: names stay, ids may not.
std::optional<Trace> ask(const Trial& trial, const cloud::Network& asked,
                         const TraceRequest& request) {
  const cloud::Network& network = trial.derived.network;
  TraceRequest again = request;
  const auto from = network.find_vm(asked.at(request.from).name);
  if (!from) return {};
  again.from = *from;
  return emulator::trace(*trial.emulation, again);
}

class Physician {
 public:
  Physician(const lab::Lab& lab, const cloud::Network& network, const TraceRequest& request)
      : lab_(lab), network_(network), request_(request) {}

  [[nodiscard]] bool cures(const std::vector<const Remedy*>& changes) {
    if (trials_ == kMostTrials) return false;
    ++trials_;
    const auto trial = try_out(lab_, changes);
    if (trial == nullptr) return false;
    const auto trace = ask(*trial, network_, request_);
    return trace && trace->reachable();
  }

 private:
  const lab::Lab& lab_;
  const cloud::Network& network_;
  const TraceRequest& request_;
  size_t trials_ = 0;
};

void find_cures(const lab::Lab& lab, const cloud::Network& network, const TraceRequest& request,
                const Path& path, PacketStory& story) {
  std::vector<Remedy> candidates = remedies(lab, network);
  if (auto allow = allow_by_nsg(lab, path)) candidates.insert(candidates.begin(), *allow);
  Physician physician(lab, network, request);
  for (const Remedy& r : candidates) {
    if (physician.cures({&r})) story.cures.push_back(cure_of(r));
  }
  if (!story.cures.empty()) return;
  for (size_t i = 0; i < candidates.size(); ++i) {
    for (size_t k = i + 1; k < candidates.size(); ++k) {
      if (!physician.cures({&candidates[i], &candidates[k]})) continue;
      story.together = {cure_of(candidates[i]), cure_of(candidates[k])};
      return;
    }
  }
  // Everything at once, then without whatever is not needed.
  std::vector<const Remedy*> all;
  for (const Remedy& r : candidates) all.push_back(&r);
  Physician second(lab, network, request);
  if (all.size() < 3 || !second.cures(all)) return;
  for (size_t i = all.size(); i-- > 0;) {
    std::vector<const Remedy*> fewer = all;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (second.cures(fewer)) all = std::move(fewer);
  }
  for (const Remedy* r : all) story.together.push_back(cure_of(*r));
}

// The table where the packet found no way on; nothing when it ended for another reason.
std::optional<RouteStory> missing_route(const Emulation& emulation, const Path& path) {
  if (path.hops.empty() || !path.drop) return {};
  const bool is_routing = *path.drop == DropReason::no_route ||
                          *path.drop == DropReason::route_none ||
                          *path.drop == DropReason::internet || *path.drop == DropReason::looping;
  if (!is_routing) return {};
  auto story = explain_route(emulation, path.hops.back().router, path.flow.destination.to_string());
  if (!story || story->held) return {};
  return std::move(*story);
}

}  // namespace

PacketStory explain_packet(const lab::Lab& lab, const Emulation& emulation,
                           const TraceRequest& request) {
  PacketStory story;
  story.trace = emulator::trace(emulation, request);
  story.arrives = story.trace.reachable();
  const std::string packet = flow_text(story.trace.forward.flow);
  if (story.arrives) {
    story.verdict = fmt::format("{} arrives: {}{}", packet, story.trace.forward.verdict,
                                story.trace.back ? ", and the answer comes back" : "");
    return story;
  }
  const Path& path = *failing(story.trace);
  story.obstacle = obstacle_of(path, &path != &story.trace.forward);
  story.missing = missing_route(emulation, path);
  find_cures(lab, emulation.network(), request, path, story);
  story.verdict = fmt::format("{} does not arrive: {}", packet,
                              !story.cures.empty()      ? story.cures.front().cause
                              : !story.together.empty() ? story.together.front().cause
                              : story.missing           ? story.missing->verdict
                                                        : story.obstacle);
  return story;
}

}  // namespace skyhop::explain
