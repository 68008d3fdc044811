// What the workers count, summed over them by the reader. Plain integers with one writer each.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/drop_reason.h"
#include "dataplane/latency/histogram.h"

namespace skyhop::dataplane {

struct RouterCounters {
  uint64_t packets = 0;
  uint64_t batches = 0;
  /// TSC, all stages of this router; where packets enter also their input. ESP is counted on links.
  uint64_t cycles = 0;
  std::array<uint64_t, kDropReasons> drops{};

  RouterCounters& operator+=(const RouterCounters& other);
};

/// Without those that a limit of the link refused.
struct LinkCounters {
  uint64_t packets = 0;
  uint64_t bytes = 0;        ///< on the wire, encapsulation included
  uint64_t sealed = 0;       ///< packets put into ESP
  uint64_t opened = 0;       ///< and taken out of it
  uint64_t seal_cycles = 0;  ///< TSC
  uint64_t open_cycles = 0;

  LinkCounters& operator+=(const LinkCounters& other);
};

/// Limits on one link: those of the gateways at its ends and its own rate.
inline constexpr uint32_t kMaxLimits = 4;

/// What one limit did to the packets of one link.
struct LimitCounters {
  /// Which of its two rates a packet felt.
  enum By : uint8_t { kByBits, kByPackets };
  std::array<uint64_t, 2> held_up{};  ///< had to wait for others, or found the queue full
  std::array<uint64_t, 2> refused{};  ///< of these, found the queue full
  uint32_t queue_packets_max = 0;     ///< of all links that share it, as this link's packets saw it
  uint64_t queue_octets_max = 0;

  LimitCounters& operator+=(const LimitCounters& other);
  friend bool operator==(const LimitCounters&, const LimitCounters&) = default;
};

/// What a link did besides carrying; all zero for a plain one.
struct CrossingCounters {
  /// By LinkSpec::limits, then the link's own rate.
  std::array<LimitCounters, kMaxLimits> limits{};
  uint64_t refused_octets = 0;
  uint64_t lost = 0;  ///< link_loss
  uint64_t cut = 0;   ///< link_down while they were on it
  uint64_t duplicated = 0;
  uint64_t corrupted = 0;
  uint64_t reordered = 0;

  CrossingCounters& operator+=(const CrossingCounters& other);
  /// Packets that found a queue full.
  [[nodiscard]] uint64_t refused() const;
  friend bool operator==(const CrossingCounters&, const CrossingCounters&) = default;
};

struct PortCounters {
  uint64_t received = 0;        ///< entered the model here
  uint64_t received_bytes = 0;  ///< IP octets
  uint64_t delivered = 0;       ///< left the model here
  uint64_t delivered_bytes = 0;
  uint64_t cycles = 0;  ///< TSC, to receive what was received: device, generator or replay

  PortCounters& operator+=(const PortCounters& other);
};

/// Sums alone, cheap enough to ask for all the time.
struct Totals {
  uint64_t offered = 0;
  uint64_t originated = 0;
  uint64_t delivered = 0;
  uint64_t dropped = 0;
};

/// A snapshot. The sum law: offered + originated == delivered + held + dropped().
struct Counters {
  uint64_t offered = 0;     ///< received from ports, generators and captures
  uint64_t originated = 0;  ///< made by routers (ICMP, fragments) and by links (duplicates)
  uint64_t delivered = 0;
  uint64_t held = 0;  ///< inside the model at the moment of the snapshot
  std::array<uint64_t, kDropReasons> drops{};
  std::vector<RouterCounters> routers;
  std::vector<LinkCounters> links;
  std::vector<CrossingCounters> crossings;  ///< by link
  std::vector<PortCounters> ports;
  Histogram path_latency_ns;                 ///< stamp in to stamp out, per packet
  std::vector<Histogram> router_latency_ns;  ///< per router: queued to gone
  Histogram link_lateness_ns;                ///< how much longer than asked for links held packets
  uint64_t wall_cycles = 0;                  ///< TSC since start, of one worker
  uint64_t busy_cycles = 0;                  ///< of those, spent on packets
  uint64_t flow_evictions = 0;               ///< established flows pushed out of a full flow table

  [[nodiscard]] uint64_t dropped() const;
  [[nodiscard]] bool sum_law_holds() const {
    return offered + originated == delivered + held + dropped();
  }
};

}  // namespace skyhop::dataplane
