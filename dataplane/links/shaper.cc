#include "dataplane/links/shaper.h"

#include <cmath>

namespace skyhop::dataplane {
namespace {

uint64_t cost(double per_second, uint64_t hz, unsigned fraction) {
  return static_cast<uint64_t>(
      std::llround(std::ldexp(static_cast<double>(hz), static_cast<int>(fraction)) / per_second));
}

}  // namespace

ShaperRate::ShaperRate(const RateLimit& limit, Kind kind, uint64_t hz)
    : queue_packets(~uint32_t{0}),
      queue_octets(~uint64_t{0} >> 1),
      is_line(kind == Kind::line && limit.bits_per_second != 0) {
  if (!limit.is_limited()) return;
  if (limit.bits_per_second != 0) {
    octet_cost = cost(static_cast<double>(limit.bits_per_second) / 8, hz, 2 * kFraction);
  }
  if (limit.packets_per_second != 0) {
    packet_cost = cost(static_cast<double>(limit.packets_per_second), hz, kFraction);
  }
  queue_packets = limit.queue_packets;
  if (limit.queue_octets != 0) queue_octets = limit.queue_octets;
}

}  // namespace skyhop::dataplane
