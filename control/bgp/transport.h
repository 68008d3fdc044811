// What a speaker needs from the world to reach its peers: byte streams between addresses.
//
// `MemoryTransport` is the emulator's, `TcpTransport` the world's. All callbacks come from the
// event loop, never from inside a call to the transport.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "lpm/address.h"

namespace skyhop::bgp {

using lpm::Ipv4Address;

inline constexpr uint8_t kDefaultTtl = 64;

struct ConnectionCallbacks {
  std::function<void()> on_connected;
  std::function<void(const std::string& reason)> on_failed;      ///< instead of on_connected
  std::function<void(std::span<const uint8_t> bytes)> on_bytes;  ///< any split, in order
  std::function<void(const std::string& reason)> on_closed;      ///< by the far end, or broken
  std::function<void()> on_drained;                              ///< unsent() has fallen to 0
};

/// One end of a connection; destroying it closes it. No callback comes after close() or vanish().
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual Ipv4Address local() const = 0;
  [[nodiscard]] virtual Ipv4Address remote() const = 0;
  virtual void set_callbacks(ConnectionCallbacks callbacks) = 0;
  virtual void set_ttl(uint8_t ttl) = 0;
  /// Takes all of it; what the network has not taken yet is `unsent()` octets (RFC 9687's measure).
  virtual void send(std::span<const uint8_t> bytes) = 0;
  [[nodiscard]] virtual size_t unsent() const = 0;
  /// In order with what was sent before it.
  virtual void close() = 0;
  /// As when the host loses its power: the far end hears nothing, or (TCP) a reset.
  virtual void vanish() = 0;
};

/// How a neighbour is reached, and what its connections must look like, whoever opens them.
struct ConnectOptions {
  Ipv4Address local;
  Ipv4Address remote;
  uint8_t ttl = kDefaultTtl;
  uint16_t port = 0;        ///< of the far end; 0: the transport's own
  uint8_t minimum_ttl = 0;  ///< of packets received (RFC 5082); 0: any
  std::string md5_key;      ///< RFC 2385, 80 octets at most; empty: none
};

/// Accepts connections while it lives.
class Listener {
 public:
  virtual ~Listener() = default;
  /// From now on, or with these options instead of those before. A transport that cannot tell
  /// neighbours apart accepts everyone; the speaker looks again.
  virtual void admit(const ConnectOptions& neighbour) = 0;
  virtual void dismiss(Ipv4Address neighbour) = 0;
};

class Transport {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Connection> connection)>;

  virtual ~Transport() = default;
  /// Ends in on_connected or on_failed; destroying the connection gives up.
  virtual std::unique_ptr<Connection> connect(const ConnectOptions& options,
                                              ConnectionCallbacks callbacks) = 0;
  /// One listener per address; the callback must set the connection's callbacks at once.
  virtual std::unique_ptr<Listener> listen(Ipv4Address local, OnAccept on_accept) = 0;
};

}  // namespace skyhop::bgp
