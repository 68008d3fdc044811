// What a speaker needs from the world to reach its peers: byte streams between addresses.
//
// `MemoryTransport` is the emulator's; a TCP one implements the same two classes over sockets. All
// callbacks come from the event loop, never from inside a call to the transport.
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
  /// As when the host loses its power: the far end hears nothing.
  virtual void vanish() = 0;
};

/// Accepts connections while it lives.
class Listener {
 public:
  virtual ~Listener() = default;
};

struct ConnectOptions {
  Ipv4Address local;
  Ipv4Address remote;
  uint8_t ttl = kDefaultTtl;
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
