#include "control/emulator/limits_met.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace skyhop::emulator {
namespace {

using dataplane::LimitCounters;

uint64_t sum(const std::array<uint64_t, 2>& by) {
  return by[LimitCounters::kByBits] + by[LimitCounters::kByPackets];
}

bool is_by_packets(const LimitCounters& counters) {
  return counters.held_up[LimitCounters::kByPackets] > counters.held_up[LimitCounters::kByBits];
}

}  // namespace

LimitNames::LimitNames(const dataplane::Image& image) {
  for (const auto& limit : image.limits) shared.push_back(limit.name);
  for (const auto& link : image.links) {
    links.push_back(link.name);
    of_link.push_back(link.limits);
  }
}

std::string LimitNames::name(size_t link, size_t stage) const {
  const auto& limits = of_link[link];
  return stage < limits.size() ? shared[limits[stage]] : "rate of the link";
}

size_t LimitNames::stages(size_t link) const { return of_link[link].size() + 1; }

std::vector<LimitMet> limits_met(const LimitNames& names, const dataplane::Counters& counters) {
  struct Sum {
    LimitMet met;
    LimitCounters all;
  };
  constexpr size_t kOwn = ~size_t{0};
  std::map<std::pair<size_t, size_t>, Sum> sums;  // shared limit; or kOwn and the link
  for (size_t i = 0; i < counters.crossings.size() && i < names.links.size(); ++i) {
    const dataplane::CrossingCounters& crossing = counters.crossings[i];
    uint64_t packets = counters.links[i].packets + crossing.refused();  // sent into it
    for (size_t stage = 0; stage < names.stages(i); ++stage) {
      const LimitCounters& limit = crossing.limits[stage];
      packets -= sum(limit.refused);
      const bool is_own = stage + 1 == names.stages(i);
      Sum& to =
          sums[is_own ? std::pair{kOwn, i} : std::pair{size_t{names.of_link[i][stage]}, kOwn}];
      to.met.name = names.name(i, stage);
      to.met.carried += packets;
      if (sum(limit.held_up) == 0) continue;
      to.met.links.push_back(names.links[i]);
      to.all += limit;
    }
  }
  std::vector<LimitMet> met;
  for (auto& [key, each] : sums) {
    if (each.met.links.empty()) continue;
    each.met.by_packets = is_by_packets(each.all);
    each.met.held_up = sum(each.all.held_up);
    each.met.refused = sum(each.all.refused);
    each.met.queue_packets_max = each.all.queue_packets_max;
    each.met.queue_octets_max = each.all.queue_octets_max;
    met.push_back(std::move(each.met));
  }
  std::ranges::stable_sort(
      met, {}, [](const LimitMet& limit) { return std::tuple(limit.refused == 0, limit.carried); });
  return met;
}

std::string limit_of(const LimitNames& names, const dataplane::Counters& counters, size_t link) {
  const dataplane::CrossingCounters& crossing = counters.crossings[link];
  std::string text;
  uint64_t most = 0;
  for (size_t stage = 0; stage < names.stages(link); ++stage) {
    const LimitCounters& limit = crossing.limits[stage];
    const bool refuses = sum(limit.refused) != 0;
    if (!refuses && sum(limit.held_up) <= most) continue;
    most = refuses ? ~uint64_t{0} : sum(limit.held_up);
    text = names.name(link, stage) + (is_by_packets(limit) ? ", packets/s" : ", bits/s");
  }
  return text;
}

}  // namespace skyhop::emulator
