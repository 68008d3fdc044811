#include "control/bgp/tcp_stream.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace skyhop::bgp::sockets {
namespace {

constexpr size_t kReadSize = 65536;
// A peer that sends as fast as we read is served so much per turn, then the others.
constexpr int kReadsPerTurn = 4;
// Written octets are cut off the front from here on.
constexpr size_t kCompactFrom = 1 << 20;

// One thread runs all streams: they share the buffer that a read is handed on from.
std::array<uint8_t, kReadSize>& read_buffer() {
  thread_local std::array<uint8_t, kReadSize> buffer;
  return buffer;
}

}  // namespace

Stream::Stream(boost::asio::io_context& context, tcp::socket socket, Duration linger)
    : socket_(std::move(socket)), linger_timer_(context), linger_(linger) {}

void Stream::connect(const ConnectOptions& options, uint16_t port) {
  local_ = options.local;
  remote_ = options.remote;
  error_code error;
  socket_.open(protocol_of(remote_), error);
  if (!error) {
    sockets::set_ttl(socket_.native_handle(), remote_, options.ttl);
    set_minimum_ttl(socket_.native_handle(), remote_, options.minimum_ttl);
    if (!options.md5_key.empty()) {
      error = set_md5_key(socket_.native_handle(), options.remote, options.md5_key);
    }
  }
  if (!error && options.local != IpAddress()) {
    socket_.bind(endpoint_of(options.local, 0), error);
  }
  if (error) {
    boost::asio::post(socket_.get_executor(),
                      [self = shared_from_this(), error] { self->fail_to_connect(error); });
    return;
  }
  socket_.async_connect(endpoint_of(options.remote, port),
                        [self = shared_from_this()](const error_code& outcome) {
                          if (self->life_ != Life::connecting) return;
                          if (outcome) return self->fail_to_connect(outcome);
                          self->open();
                          if (self->callbacks_.on_connected) self->callbacks_.on_connected();
                        });
}

void Stream::fail_to_connect(const error_code& error) {
  if (life_ != Life::connecting) return;
  end();
  if (callbacks_.on_failed) callbacks_.on_failed(error.message());
}

void Stream::open() {
  life_ = Life::open;
  error_code error;
  local_ = address_of(socket_.local_endpoint(error).address());
  remote_ = address_of(socket_.remote_endpoint(error).address());
  socket_.non_blocking(true, error);
  socket_.set_option(tcp::no_delay(true), error);
  wait_readable();
}

void Stream::set_ttl(uint8_t ttl) { sockets::set_ttl(socket_.native_handle(), remote_, ttl); }

void Stream::wait_readable() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (!error) self->read();
  });
}

void Stream::read() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (life_ == Life::closed) return;
    error_code error;
    const size_t count = socket_.read_some(boost::asio::buffer(read_buffer()), error);
    if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) break;
    if (error) {
      return break_off(error == boost::asio::error::eof ? "closed by the far end"
                                                        : error.message());
    }
    if (life_ == Life::open && callbacks_.on_bytes) {
      callbacks_.on_bytes(std::span(read_buffer()).first(count));
    }
    if (count < kReadSize) break;
  }
  if (life_ != Life::closed) wait_readable();
}

void Stream::send(std::span<const uint8_t> octets) {
  if (life_ != Life::open || octets.empty()) return;
  if (written_ >= kCompactFrom && written_ > out_.size() / 2) {
    out_.erase(out_.begin(), out_.begin() + static_cast<ptrdiff_t>(written_));
    written_ = 0;
  }
  out_.insert(out_.end(), octets.begin(), octets.end());
  has_sent_ = true;
  post_write();
}

// Once per turn: what a turn sends leaves in as few segments as it fits.
void Stream::post_write() {
  if (std::exchange(is_writing_, true)) return;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_writing_ = false;
    self->write();
  });
}

void Stream::wait_writable() {
  if (std::exchange(is_writing_, true)) return;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->is_writing_ = false;
    if (!error) self->write();
  });
}

void Stream::write() {
  if (life_ != Life::open && life_ != Life::closing) return;
  const bool had_unsent = unsent() > 0;
  while (unsent() > 0) {
    error_code error;
    written_ += socket_.write_some(
        boost::asio::buffer(out_.data() + written_, out_.size() - written_), error);
    if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) {
      return wait_writable();
    }
    if (error) return break_off(error.message());
  }
  written_ = 0;
  if (out_.capacity() > kCompactFrom) {
    out_ = {};
  } else {
    out_.clear();
  }
  if (life_ == Life::closing) return finish();
  if (had_unsent && callbacks_.on_drained) callbacks_.on_drained();
}

void Stream::close() {
  if (life_ != Life::open) {
    if (life_ == Life::connecting) end();
    return;
  }
  life_ = Life::closing;
  if (!has_sent_) return end();
  linger_timer_.expires_after(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(linger_));
  linger_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error) return;
    set_abortive(self->socket_);
    self->end();
  });
  write();
}

// Reads on until the far end closes too: closing over unread octets would be a reset, and that may
// overtake the NOTIFICATION.
void Stream::finish() {
  if (std::exchange(is_finishing_, true)) return;
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) end();
}

void Stream::abort() {
  if (life_ == Life::open || life_ == Life::closing) set_abortive(socket_);
  end();
}

void Stream::break_off(const std::string& reason) {
  const bool was_open = life_ == Life::open;
  end();
  if (was_open && callbacks_.on_closed) callbacks_.on_closed(reason);
}

void Stream::end() {
  life_ = Life::closed;
  linger_timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  out_ = {};
  written_ = 0;
}

}  // namespace skyhop::bgp::sockets
