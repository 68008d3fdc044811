#include "dataplane/links/control.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

uint64_t cycles_of(uint64_t ns) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t hz = rte_get_tsc_hz();
  return ns / kSecond * hz + ns % kSecond * hz / kSecond;
}

// FNV-1a: a link keeps its chances when others come and go.
uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

bool is_possible(const RateLimit& rate) {
  return rate.bits_per_second == 0 || rate.bits_per_second >= kLeastBitsPerSecond;
}

bool is_possible(const LinkConditions& conditions) {
  const JitterSpec& jitter = conditions.jitter;
  uint64_t spread = jitter.spread_ns;
  for (const uint64_t sample : jitter.samples_ns) spread = std::max(spread, sample);
  const bool has_samples = jitter.kind != JitterSpec::Kind::samples || !jitter.samples_ns.empty();
  const auto most = [](uint64_t ns) { return std::min(ns, kMaxDelayNs + 1); };  // sums stay small
  return is_possible(conditions.rate) && has_samples && conditions.loss.is_possible() &&
         most(conditions.delay_ns) + most(spread) + most(conditions.reorder_delay_ns) <=
             kMaxDelayNs;
}

LinkControl::LinkControl(const Image& image, Tables& tables,
                         const std::vector<std::unique_ptr<Worker>>& workers, lpm::Qsbr& qsbr,
                         const ipsec::Control* ipsec, std::vector<LinkCapture*> captures)
    : image_(image),
      tables_(tables),
      qsbr_(qsbr),
      workers_(workers.size()),
      entries_(image.links.size()) {
  epoch_ = workers.front()->link_time();
  for (const auto& worker : workers) {
    if (image.held_packets == 0) break;
    worker->calendar = std::make_unique<Calendar>(image.held_packets, epoch_, rte_get_tsc_hz());
  }
  for (size_t i = 0; i < image.limits.size(); ++i) {
    limits_.push_back(std::make_unique<Shaper>(epoch_));
  }
  for (size_t i = 0; i < image.links.size(); ++i) {
    const auto link = static_cast<LinkIndex>(i);
    Entry& entry = entries_[i];
    entry.conditions = image.links[i].conditions;
    entry.capture = captures[i];
    if (ipsec != nullptr) entry.tunnels = ipsec->tunnels(link);
    if (!image.links[i].is_plain()) publish(link);
  }
}

void LinkControl::set_conditions(LinkIndex link, const LinkConditions& conditions) {
  Entry& entry = entries_[link];
  if (entry.conditions == conditions) return;
  assert(image_.held_packets != 0);
  entry.conditions = conditions;
  publish(link);
}

void LinkControl::publish(LinkIndex link) {
  Entry& entry = entries_[link];
  const LinkSpec& spec = image_.links[link];
  const LinkConditions& conditions = entry.conditions;
  const uint64_t hz = rte_get_tsc_hz();
  if (!entry.states) {
    entry.shaper = std::make_unique<Shaper>(epoch_);
    entry.states = std::make_unique<Crossing::State[]>(workers_);
    for (size_t i = 0; i < workers_; ++i) {
      entry.states[i].seed(Random::mix(hash_of(spec.name) ^ Random::mix(image_.seed)) + i);
    }
  }
  auto next = std::make_unique<Crossing>();
  next->tunnels = entry.tunnels;
  next->capture = entry.capture;
  next->is_instant = spec.limits.empty() && conditions == LinkConditions{};
  for (const LimitIndex limit : spec.limits) {
    next->limits[next->limit_count++] = {
        limits_[limit].get(), ShaperRate(image_.limits[limit].rate, ShaperRate::Kind::limiter, hz)};
  }
  next->limits[next->limit_count++] = {entry.shaper.get(),
                                       ShaperRate(conditions.rate, ShaperRate::Kind::line, hz)};
  next->delay = cycles_of(conditions.delay_ns);
  next->jitter = Jitter(conditions.jitter, hz);
  next->jitter_reorders = conditions.jitter.reorders;
  next->loss = LossChain(conditions.loss);
  next->duplicates = Chance(conditions.duplicated);
  next->corrupts = Chance(conditions.corrupted);
  next->reorders = Chance(conditions.reordered);
  next->reorder_delay = cycles_of(conditions.reorder_delay_ns);
  next->states = entry.states.get();
  tables_.links[link].crossing.store(next.get(), std::memory_order_release);
  const auto old = std::exchange(entry.crossing, std::move(next));
  if (old) qsbr_.synchronize();  // then it goes
}

CrossingCounters LinkControl::counters(LinkIndex link) const {
  CrossingCounters sum;
  const Entry& entry = entries_[link];
  if (!entry.states) return sum;
  for (size_t i = 0; i < workers_; ++i) sum += entry.states[i].counters;
  return sum;
}

}  // namespace skyhop::dataplane
