// A network in memory: connections between addresses of one address space, over the scheduler's
// time. Octets really cross it, in segments, each after the latency, each only if the path is there
// at that moment. Lost segments are sent again with TCP's backoff, so a path that comes back in
// time delivers late and in order; one that does not breaks the connection. Datagrams are lost.
//
// What a neighbour must look like is checked as the world's kernels do: a segment with too low a
// TTL (RFC 5082) or a SYN with another key (RFC 2385) is as if it had been lost.
#pragma once

#include <functional>
#include <memory>

#include "control/bgp/scheduler.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp {

struct MemoryTransportOptions {
  Duration latency = std::chrono::microseconds(500);  ///< one way
  /// Overrides `latency` per direction where set.
  std::function<Duration(const IpAddress& from, const IpAddress& to)> latency_of;
  size_t segment_size = 1460;  ///< octets handed over at once; 1 splits everywhere
  Duration first_retransmission = std::chrono::milliseconds(200);  ///< then doubled each time
  Duration longest_retransmission = std::chrono::seconds(120);
  uint32_t retransmissions = 15;  ///< then the connection is broken: about 15 minutes, as Linux has
  Duration first_syn_retransmission = std::chrono::seconds(1);
  uint32_t syn_retransmissions = 6;  ///< then the attempt has timed out: about 127 s, as Linux has
};

/// Asked for every segment, SYNs included, and every datagram at the moment it would arrive:
/// whether a packet sent with this TTL gets there.
using Reachability = std::function<bool(const IpAddress& from, const IpAddress& to, uint8_t ttl)>;

class MemoryTransport : public Transport {
 public:
  /// An empty `reachable` means always. The scheduler outlives the transport.
  explicit MemoryTransport(Scheduler& scheduler, Reachability reachable = {},
                           MemoryTransportOptions options = {});
  ~MemoryTransport() override;

  std::unique_ptr<Connection> connect(const ConnectOptions& options,
                                      ConnectionCallbacks callbacks) override;
  std::unique_ptr<Listener> listen(const IpAddress& local, OnAccept on_accept) override;
  std::unique_ptr<DatagramChannel> open_datagrams(const DatagramOptions& options,
                                                  OnDatagram on_datagram) override;

  struct State;  ///< shared with connections and pending segments

 private:
  std::shared_ptr<State> state_;
};

}  // namespace skyhop::bgp
