// The built-in generator: frames of one stream, or of one worker's share of it.
//
// A frame is a copy of a template with another source port, and another destination where there are
// several. Flows come from a seeded generator: every run sends the same ones in the same order.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/image.h"

struct rte_mbuf;
struct rte_mempool;

namespace skyhop::dataplane {

/// When how many packets are due, at a rate. In TSC cycles.
class Pacer {
 public:
  /// `pps` 0: as many as are asked for.
  Pacer(double pps, uint64_t tsc_hz) : per_cycle_(pps / static_cast<double>(tsc_hz)) {}

  /// How many of at most `room` packets may go now. `now` never goes back.
  uint32_t due(uint64_t now, uint64_t sent, uint32_t room);

 private:
  double per_cycle_;
  uint64_t start_ = 0;
};

/// Which part of a stream a worker sends: every `of`th flow, starting with `index`.
struct StreamShare {
  uint32_t index = 0;
  uint32_t of = 1;
};

struct StreamFlow {
  Ipv4Address destination;
  uint16_t port = 0;  ///< source port, or ICMP identifier
  friend auto operator<=>(const StreamFlow&, const StreamFlow&) = default;
};
/// The stream's flows: distinct, in sending order.
[[nodiscard]] std::vector<StreamFlow> stream_flows(const StreamSpec& spec);

/// A whole frame of the stream: Ethernet, IPv4, transport header, zeros.
[[nodiscard]] std::vector<uint8_t> stream_frame(const StreamSpec& spec, Ipv4Address source,
                                                const StreamFlow& flow, uint16_t size);

/// Smallest frame that holds the headers of the protocol.
[[nodiscard]] uint16_t min_frame(uint8_t protocol);

class Stream {
 public:
  /// Sizes are at least min_frame(); `share.of` is at most the number of flows.
  Stream(const StreamSpec& spec, Ipv4Address source, StreamShare share, uint64_t tsc_hz);

  /// Fills at most `room` packets from the pool; fewer when fewer are due or the pool is empty.
  uint32_t make(rte_mempool* pool, rte_mbuf** packets, uint32_t room, uint64_t now);

  /// True once the limit is reached.
  [[nodiscard]] bool is_done() const { return limit_ != 0 && sent_ >= limit_; }
  [[nodiscard]] bool is_limited() const { return limit_ != 0; }

 private:
  struct Template {
    std::vector<uint8_t> frame;  // with source port 0, and destination 0 where flows have their own
    // Checksums, folded, not complemented.
    uint32_t ip_sum;
    uint32_t transport_sum;
  };
  struct Flow {  // in network order
    uint32_t destination;
    uint16_t port;
  };

  void write(rte_mbuf* packet, const Template& form, const Flow& flow) const;

  std::vector<Template> forms_;
  std::vector<uint32_t> sequence_;  // indices into forms_, used in turn
  std::vector<Flow> flows_;
  bool has_destinations_;         // one for each flow
  bool has_pseudo_header_;        // the transport's checksum covers the destination
  uint32_t port_offset_ = 0;      // of the source port in the frame
  uint32_t checksum_offset_ = 0;  // of the transport checksum; 0: none
  size_t next_form_ = 0;
  size_t next_flow_ = 0;
  uint64_t sent_ = 0;
  uint64_t limit_ = 0;
  Pacer pacer_;
};

}  // namespace skyhop::dataplane
