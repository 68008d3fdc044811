#include "control/emulator/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/lab/link_conditions.h"

namespace skyhop::emulator {
namespace {

std::string_view name_of(lab::Element element) {
  switch (element) {
    case lab::Element::link:
      return "link";
    case lab::Element::tunnel:
      return "tunnel";
    case lab::Element::gateway:
      return "gateway";
    case lab::Element::session:
      return "session";
    case lab::Element::router:
      return "router";
    case lab::Element::route_server_instance:
      return "route server instance";
    case lab::Element::vpn_gateway_instance:
      return "VPN gateway instance";
  }
  return "element";
}

struct Describe {
  std::string operator()(const lab::SetState& change) const {
    return fmt::format("{} {} goes {}", name_of(change.element), change.target,
                       change.up ? "up" : "down");
  }
  std::string operator()(const lab::SetAdvertisedCidrs& change) const {
    if (change.included_advertised_spoke_routes.empty()) {
      return change.spoke_gateway + " advertises its VNet's CIDR again";
    }
    std::string text = change.spoke_gateway + " advertises";
    for (const auto prefix : change.included_advertised_spoke_routes) {
      text += " " + prefix.to_string();
    }
    return text;
  }
  std::string operator()(const lab::LinkConditions& change) const {
    return fmt::format("link {}: {}", change.link, lab::describe(change));
  }
  std::string operator()(const lab::AddSpoke& change) const {
    return "spoke " + change.spoke_gateway + " is launched and attached";
  }
  std::string operator()(const lab::SetApproval& change) const {
    std::string text;
    for (const auto prefix : change.cidrs) text += prefix.to_string() + " ";
    return fmt::format("{}{} {} of {}", text, change.cidrs.size() == 1 ? "is" : "are",
                       change.approved ? "approved" : "pending again, learned CIDRs",
                       change.target);
  }
  std::string operator()(const lab::Switchover& change) const {
    return "switchover of " + change.connection;
  }
  std::string operator()(const lab::StopGateway& change) const {
    return "gateway " + change.gateway + " is stopped";
  }
};

}  // namespace

std::string describe(const lab::TimelineEvent& event) {
  return std::visit(Describe{}, event.action);
}

Timeline::Timeline(const lab::Lab& lab) {
  for (const lab::TimelineEvent& event : lab.timeline) steps_.push_back({event.at, &event});
  for (const lab::Check& check : lab.checks) steps_.push_back({check.at, nullptr, &check});
  std::ranges::stable_sort(steps_, {}, &Step::at);
}

Seconds Timeline::end() const { return steps_.empty() ? Seconds{0} : steps_.back().at; }

Result<void> Timeline::play_until(Emulation& emulation, Seconds time) {
  for (; next_ < steps_.size() && steps_[next_].at <= time; ++next_) {
    const Step& step = steps_[next_];
    emulation.advance_to(step.at);
    if (step.event != nullptr) {
      events_.push_back(fmt::format("{:g} s: {}", step.at.count(), describe(*step.event)));
      if (auto applied = emulation.apply(*step.event); !applied) return applied;
    } else {
      checks_.push_back(evaluate(emulation, *step.check));
    }
  }
  emulation.advance_to(time);
  return {};
}

bool TimelineReport::passed() const {
  return convergence.converged && std::ranges::all_of(checks, &CheckResult::passed);
}

Result<TimelineReport> play(Emulation& emulation, const lab::Lab& lab) {
  TimelineReport report;
  report.convergence = emulation.converge();
  Timeline timeline(lab);
  if (auto played = timeline.play_until(emulation, timeline.end()); !played) {
    return std::unexpected(played.error());
  }
  report.checks = timeline.checks();
  report.events = timeline.events();
  return report;
}

}  // namespace skyhop::emulator
