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

#include "control/bgp/ip_address.h"
#include "control/bgp/prefix.h"

namespace skyhop::bgp {

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
  [[nodiscard]] virtual IpAddress local() const = 0;
  [[nodiscard]] virtual IpAddress remote() const = 0;
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
  IpAddress local;
  IpAddress remote;
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
  virtual void dismiss(const IpAddress& neighbour) = 0;
  /// Same for whoever comes from this range and is not admitted by its own address;
  /// `options.remote` means nothing.
  virtual void admit_range(const Prefix& range, const ConnectOptions& options) = 0;
  virtual void dismiss_range(const Prefix& range) = 0;
};

/// Datagrams to and from one neighbour (BFD's).
struct DatagramOptions {
  IpAddress local;
  IpAddress remote;
  uint16_t port = 0;  ///< sent to, and received on
  uint8_t ttl = 255;
  uint8_t minimum_ttl = 0;  ///< of those received; 0: any
};

/// Open while it lives.
class DatagramChannel {
 public:
  virtual ~DatagramChannel() = default;
  /// Lost without a word where the network does not take it.
  virtual void send(std::span<const uint8_t> datagram) = 0;
};

class Transport {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Connection> connection)>;
  using OnDatagram = std::function<void(std::span<const uint8_t> datagram)>;

  virtual ~Transport() = default;
  /// Ends in on_connected or on_failed; destroying the connection gives up.
  virtual std::unique_ptr<Connection> connect(const ConnectOptions& options,
                                              ConnectionCallbacks callbacks) = 0;
  /// One listener per address; the callback must set the connection's callbacks at once.
  virtual std::unique_ptr<Listener> listen(const IpAddress& local, OnAccept on_accept) = 0;
  /// One channel per pair of addresses and port.
  virtual std::unique_ptr<DatagramChannel> open_datagrams(const DatagramOptions& options,
                                                          OnDatagram on_datagram) = 0;
};

}  // namespace skyhop::bgp
