#include "dataplane/links/control.h"

#include <rte_cycles.h>

#include <cassert>
#include <utility>

#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

uint64_t cycles_of(uint64_t ns) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t hz = rte_get_tsc_hz();
  return ns / kSecond * hz + ns % kSecond * hz / kSecond;
}

}  // namespace

LinkControl::LinkControl(const Image& image, Tables& tables,
                         const std::vector<std::unique_ptr<Worker>>& workers, lpm::Qsbr& qsbr,
                         const ipsec::Control* ipsec, std::vector<LinkCapture*> captures)
    : image_(image),
      tables_(tables),
      qsbr_(qsbr),
      workers_(workers.size()),
      entries_(image.links.size()) {
  for (const auto& worker : workers) {
    if (image.held_packets == 0) break;
    worker->calendar =
        std::make_unique<Calendar>(image.held_packets, worker->link_time(), rte_get_tsc_hz());
  }
  for (size_t i = 0; i < image.links.size(); ++i) {
    const auto link = static_cast<LinkIndex>(i);
    Entry& entry = entries_[i];
    entry.conditions = image.links[i].conditions;
    entry.capture = captures[i];
    if (ipsec != nullptr) entry.tunnels = ipsec->tunnels(link);
    const bool is_plain = entry.conditions == LinkConditions{} && entry.tunnels == nullptr &&
                          entry.capture == nullptr;
    if (!is_plain) publish(link);
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
  if (!entry.states) entry.states = std::make_unique<Crossing::State[]>(workers_);
  auto next = std::make_unique<Crossing>();
  next->tunnels = entry.tunnels;
  next->capture = entry.capture;
  next->delay = cycles_of(entry.conditions.delay_ns);
  next->states = entry.states.get();
  tables_.links[link].crossing.store(next.get(), std::memory_order_release);
  const auto old = std::exchange(entry.crossing, std::move(next));
  if (old) qsbr_.synchronize();  // then it goes
}

}  // namespace skyhop::dataplane
