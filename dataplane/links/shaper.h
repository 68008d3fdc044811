// A limit on rate with the queue before it. Links that share a limit share the shaper, and so do
// workers: what it gives away is time on the link, taken by compare-and-swap, so that neither locks
// nor hands packets over. Packets wait for their time with the worker that has them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "dataplane/image.h"

namespace skyhop::dataplane {

/// What one packet takes of a limit, as fixed-point numbers: times in 2^-10 cycles.
struct ShaperRate {
  static constexpr unsigned kFraction = 10;

  uint64_t octet_cost = 0;  ///< in 2^-20 cycles; 0: octets are not limited
  uint64_t packet_cost = 0;
  uint32_t queue_packets = 0;
  uint64_t queue_octets = 0;
  /// A line delivers a packet when its last bit is through; a limiter lets it go when its turn
  /// comes.
  bool is_line = false;

  enum class Kind : uint8_t { line, limiter };
  ShaperRate() = default;
  ShaperRate(const RateLimit& limit, Kind kind, uint64_t hz);

  [[nodiscard]] bool is_limited() const { return octet_cost != 0 || packet_cost != 0; }
  [[nodiscard]] uint64_t cost_of_octets(uint32_t octets) const {
    return (octets * octet_cost) >> kFraction;
  }
};

/// What a shaper said of one packet.
struct Admission {
  enum class Verdict : uint8_t {
    passes,   ///< at once
    waits,    ///< until `due`; then leave() must be called
    refused,  ///< the queue is full
  };
  Verdict verdict = Verdict::passes;
  bool is_held_up = false;  ///< by packets before it
  bool by_packets = false;  ///< the packet rate, not the bit rate, is what this packet feels
  uint64_t due = 0;         ///< link time, in cycles; never before `now`
  uint32_t depth = 0;       ///< packets in the queue, this one included
  uint64_t octets = 0;      ///< of them
};

class alignas(64) Shaper {
 public:
  /// `epoch` is the link time at which the shaper is made: no packet comes before.
  explicit Shaper(uint64_t epoch = 0) : epoch_(epoch) {}

  /// One packet of `octets` on the wire. `must_wait`: others of its flow wait here whose time has
  /// come, but who have not left yet.
  Admission admit(const ShaperRate& rate, uint64_t now, uint32_t octets, bool must_wait) {
    Admission admission;
    const uint64_t octet_cost = rate.cost_of_octets(octets);
    admission.by_packets = rate.packet_cost > octet_cost;
    const uint64_t cost = std::max(rate.packet_cost, octet_cost);
    const uint64_t fine_now = (now - epoch_) << ShaperRate::kFraction;
    uint64_t free_at = free_at_.load(std::memory_order_relaxed);
    uint64_t start;
    do {
      start = std::max(fine_now, free_at);
      admission.is_held_up = start > fine_now;
      if (admission.is_held_up && is_full(rate, octets)) {
        admission.verdict = Admission::Verdict::refused;
        return admission;
      }
    } while (!free_at_.compare_exchange_weak(free_at, start + cost, std::memory_order_relaxed));
    if (!admission.is_held_up && !rate.is_line && !must_wait) return admission;
    admission.verdict = Admission::Verdict::waits;
    // Rounded up: never early.
    constexpr uint64_t kRound = (uint64_t{1} << ShaperRate::kFraction) - 1;
    const uint64_t due = start + (rate.is_line ? octet_cost : 0);
    admission.due = epoch_ + ((due + kRound) >> ShaperRate::kFraction);
    admission.depth = packets_.fetch_add(1, std::memory_order_relaxed) + 1;
    admission.octets = octets_.fetch_add(octets, std::memory_order_relaxed) + octets;
    return admission;
  }

  /// A packet that waited goes on.
  void leave(uint32_t octets) {
    packets_.fetch_sub(1, std::memory_order_relaxed);
    octets_.fetch_sub(octets, std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] bool is_full(const ShaperRate& rate, uint32_t octets) const {
    return packets_.load(std::memory_order_relaxed) >= rate.queue_packets ||
           octets_.load(std::memory_order_relaxed) + octets > rate.queue_octets;
  }

  uint64_t epoch_;
  std::atomic<uint64_t> free_at_ = 0;  ///< since the epoch, in 2^-10 cycles
  std::atomic<uint32_t> packets_ = 0;
  std::atomic<uint64_t> octets_ = 0;
};

}  // namespace skyhop::dataplane
