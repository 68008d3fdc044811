// One TCP connection. Its pending operations keep it alive after its owner let go, so that what was
// sent before close() still leaves.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "control/bgp/scheduler.h"
#include "control/bgp/tcp_socket.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp::sockets {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(boost::asio::io_context& context, tcp::socket socket, Duration linger);

  /// Ends in on_connected or on_failed, in a later turn.
  void connect(const ConnectOptions& options, uint16_t port);
  /// The socket is connected already; the callbacks are set before the next turn.
  void open();
  void set_callbacks(ConnectionCallbacks callbacks) { callbacks_ = std::move(callbacks); }
  void set_ttl(uint8_t ttl);
  void send(std::span<const uint8_t> octets);
  void close();
  void abort();
  [[nodiscard]] size_t unsent() const { return out_.size() - written_; }
  [[nodiscard]] const IpAddress& local() const { return local_; }
  [[nodiscard]] const IpAddress& remote() const { return remote_; }

 private:
  enum class Life : uint8_t { connecting, open, closing, closed };

  void fail_to_connect(const error_code& error);
  void wait_readable();
  void read();
  void post_write();
  void wait_writable();
  void write();
  void finish();
  void break_off(const std::string& reason);
  void end();

  tcp::socket socket_;
  boost::asio::steady_timer linger_timer_;
  Duration linger_;
  Life life_ = Life::connecting;
  IpAddress local_;
  IpAddress remote_;
  ConnectionCallbacks callbacks_;
  std::vector<uint8_t> out_;
  size_t written_ = 0;  ///< of out_
  bool has_sent_ = false;
  bool is_writing_ = false;  ///< posted, or waits for room
  bool is_finishing_ = false;
};

}  // namespace skyhop::bgp::sockets
