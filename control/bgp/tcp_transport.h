// TCP for speakers, and UDP for their BFD: the peers may be anybody's routers.
//
// Safe by default: listens on loopback only, answers only configured neighbours, reads and writes
// without blocking, and never lets one connection wait for another.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/bgp/event_loop.h"
#include "control/bgp/transport.h"
#include "lpm/error.h"

namespace skyhop::bgp {

inline constexpr uint16_t kBgpPort = 179;

struct TcpOptions {
  enum class Exposure : uint8_t {
    loopback,     ///< listens on 127.0.0.0/8 and ::1 only
    any_address,  ///< on every local address that a speaker asks for
  };
  /// Listened on, and connected to where a neighbour has no port of its own; 0: each listener gets
  /// a free one.
  uint16_t port = kBgpPort;
  Exposure exposure = Exposure::loopback;
  /// Asked for again this often while an address cannot be listened on.
  Duration listen_retry = std::chrono::seconds(5);
  /// After close() the far end has this long to take what was sent before.
  Duration linger = std::chrono::seconds(2);
};

struct TcpCounters {
  uint64_t accepted = 0;
  uint64_t refused = 0;  ///< no neighbour of that address is configured
};

class TcpTransport final : public Transport {
 public:
  /// The loop outlives the transport; connections and listeners may outlive it too.
  TcpTransport(EventLoop& loop, TcpOptions options = {});
  ~TcpTransport() override;
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

  std::unique_ptr<Connection> connect(const ConnectOptions& options,
                                      ConnectionCallbacks callbacks) override;
  /// Several may share an address: their neighbours tell them apart.
  std::unique_ptr<Listener> listen(const IpAddress& local, OnAccept on_accept) override;
  std::unique_ptr<DatagramChannel> open_datagrams(const DatagramOptions& options,
                                                  OnDatagram on_datagram) override;

  /// The port listened on at this address; or why there is none yet.
  [[nodiscard]] Result<uint16_t> listening_port(const IpAddress& local) const;
  [[nodiscard]] TcpCounters counters() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace skyhop::bgp
