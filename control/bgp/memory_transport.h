// A network in memory: connections between addresses of one address space, over the scheduler's
// time. Octets really cross it, in segments, each after the latency, each only if the path is there
// at that moment. Lost segments are sent again with TCP's backoff, so a path that comes back in
// time delivers late and in order; one that does not breaks the connection.
#pragma once

#include <functional>
#include <memory>

#include "control/bgp/scheduler.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp {

struct MemoryTransportOptions {
  Duration latency = std::chrono::microseconds(500);  ///< one way
  /// Overrides `latency` per direction where set.
  std::function<Duration(Ipv4Address from, Ipv4Address to)> latency_of;
  size_t segment_size = 1460;  ///< octets handed over at once; 1 splits everywhere
  Duration first_retransmission = std::chrono::milliseconds(200);  ///< then doubled each time
  Duration longest_retransmission = std::chrono::seconds(120);
  uint32_t retransmissions = 15;  ///< then the connection is broken: about 15 minutes, as Linux has
  Duration first_syn_retransmission = std::chrono::seconds(1);
  uint32_t syn_retransmissions = 6;  ///< then the attempt has timed out: about 127 s, as Linux has
};

/// Asked for every segment, SYNs included, at the moment it would arrive.
using Reachability = std::function<bool(Ipv4Address from, Ipv4Address to, uint8_t ttl)>;

class MemoryTransport : public Transport {
 public:
  /// An empty `reachable` means always. The scheduler outlives the transport.
  explicit MemoryTransport(Scheduler& scheduler, Reachability reachable = {},
                           MemoryTransportOptions options = {});
  ~MemoryTransport() override;

  std::unique_ptr<Connection> connect(const ConnectOptions& options,
                                      ConnectionCallbacks callbacks) override;
  std::unique_ptr<Listener> listen(Ipv4Address local, OnAccept on_accept) override;

  struct State;  ///< shared with connections and pending segments

 private:
  std::shared_ptr<State> state_;
};

}  // namespace skyhop::bgp
