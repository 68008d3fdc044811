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
  uint64_t cycles = 0;  ///< TSC, all stages of this router; ESP is counted on the links
  std::array<uint64_t, kDropReasons> drops{};
};

struct LinkCounters {
  uint64_t packets = 0;
  uint64_t bytes = 0;        ///< on the wire, encapsulation included
  uint64_t sealed = 0;       ///< packets put into ESP
  uint64_t opened = 0;       ///< and taken out of it
  uint64_t seal_cycles = 0;  ///< TSC
  uint64_t open_cycles = 0;
};

struct PortCounters {
  uint64_t received = 0;        ///< entered the model here
  uint64_t received_bytes = 0;  ///< IP octets
  uint64_t delivered = 0;       ///< left the model here
  uint64_t delivered_bytes = 0;
};

/// A snapshot. The sum law: offered + originated == delivered + held + dropped().
struct Counters {
  uint64_t offered = 0;     ///< received from ports, generators and captures
  uint64_t originated = 0;  ///< made by routers: ICMP errors and echo replies
  uint64_t delivered = 0;
  uint64_t held = 0;  ///< inside the model at the moment of the snapshot
  std::array<uint64_t, kDropReasons> drops{};
  std::vector<RouterCounters> routers;
  std::vector<LinkCounters> links;
  std::vector<PortCounters> ports;
  Histogram path_latency_ns;                 ///< stamp in to stamp out, per packet
  std::vector<Histogram> router_latency_ns;  ///< per router: queued to gone
  uint64_t wall_cycles = 0;                  ///< TSC since start, of one worker
  uint64_t busy_cycles = 0;                  ///< of those, spent on packets
  uint64_t flow_evictions = 0;               ///< established flows pushed out of a full flow table

  [[nodiscard]] uint64_t dropped() const;
  [[nodiscard]] bool sum_law_holds() const {
    return offered + originated == delivered + held + dropped();
  }
};

}  // namespace skyhop::dataplane
