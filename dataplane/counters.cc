#include "dataplane/counters.h"

#include <algorithm>
#include <numeric>

namespace skyhop::dataplane {

RouterCounters& RouterCounters::operator+=(const RouterCounters& other) {
  packets += other.packets;
  batches += other.batches;
  cycles += other.cycles;
  for (uint32_t reason = 0; reason < kDropReasons; ++reason) drops[reason] += other.drops[reason];
  return *this;
}

LinkCounters& LinkCounters::operator+=(const LinkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  sealed += other.sealed;
  opened += other.opened;
  seal_cycles += other.seal_cycles;
  open_cycles += other.open_cycles;
  return *this;
}

PortCounters& PortCounters::operator+=(const PortCounters& other) {
  received += other.received;
  received_bytes += other.received_bytes;
  delivered += other.delivered;
  delivered_bytes += other.delivered_bytes;
  cycles += other.cycles;
  return *this;
}

LimitCounters& LimitCounters::operator+=(const LimitCounters& other) {
  for (const By by : {kByBits, kByPackets}) {
    held_up[by] += other.held_up[by];
    refused[by] += other.refused[by];
  }
  queue_packets_max = std::max(queue_packets_max, other.queue_packets_max);
  queue_octets_max = std::max(queue_octets_max, other.queue_octets_max);
  return *this;
}

CrossingCounters& CrossingCounters::operator+=(const CrossingCounters& other) {
  for (size_t i = 0; i < limits.size(); ++i) limits[i] += other.limits[i];
  refused_octets += other.refused_octets;
  lost += other.lost;
  cut += other.cut;
  duplicated += other.duplicated;
  corrupted += other.corrupted;
  reordered += other.reordered;
  return *this;
}

uint64_t CrossingCounters::refused() const {
  uint64_t sum = 0;
  for (const LimitCounters& limit : limits) {
    sum += limit.refused[LimitCounters::kByBits] + limit.refused[LimitCounters::kByPackets];
  }
  return sum;
}

uint64_t Counters::dropped() const {
  return std::accumulate(drops.begin(), drops.end(), uint64_t{0});
}

}  // namespace skyhop::dataplane
