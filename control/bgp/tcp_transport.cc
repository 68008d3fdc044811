#include "control/bgp/tcp_transport.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <map>
#include <vector>

#include "control/bgp/event_loop_impl.h"
#include "control/bgp/tcp_socket.h"
#include "control/bgp/tcp_stream.h"
#include "control/bgp/udp_socket.h"

namespace skyhop::bgp {

using boost::asio::steady_timer;
using sockets::error_code;
using AsioTcp = boost::asio::ip::tcp;

namespace {

// Out of descriptors: those in use must end first, and the queue keeps who knocks.
constexpr std::chrono::milliseconds kAcceptPause{100};

bool is_loopback(const IpAddress& address) { return sockets::asio_address(address).is_loopback(); }

class TcpConnection : public Connection {
 public:
  explicit TcpConnection(std::shared_ptr<sockets::Stream> stream) : stream_(std::move(stream)) {}
  ~TcpConnection() override { stream_->close(); }

  [[nodiscard]] IpAddress local() const override { return stream_->local(); }
  [[nodiscard]] IpAddress remote() const override { return stream_->remote(); }
  void set_callbacks(ConnectionCallbacks callbacks) override {
    stream_->set_callbacks(std::move(callbacks));
  }
  void set_ttl(uint8_t ttl) override { stream_->set_ttl(ttl); }
  void send(std::span<const uint8_t> octets) override { stream_->send(octets); }
  [[nodiscard]] size_t unsent() const override { return stream_->unsent(); }
  void close() override { stream_->close(); }
  void vanish() override { stream_->abort(); }

 private:
  std::shared_ptr<sockets::Stream> stream_;
};

// One user of a door, with the neighbours it takes.
struct Tenant {
  Transport::OnAccept on_accept;
  std::map<IpAddress, ConnectOptions> neighbours;
  std::map<Prefix, ConnectOptions> ranges;

  [[nodiscard]] const ConnectOptions* admits(const IpAddress& remote) const {
    const auto neighbour = neighbours.find(remote);
    if (neighbour != neighbours.end()) return &neighbour->second;
    for (const auto& [range, options] : ranges) {
      if (range.contains(remote)) return &options;
    }
    return nullptr;
  }
};

// A listening socket.
class Door : public std::enable_shared_from_this<Door> {
 public:
  Door(boost::asio::io_context& context, const TcpOptions& options, const IpAddress& local,
       TcpCounters& counters)
      : context_(context),
        options_(options),
        local_(local),
        counters_(counters),
        acceptor_(context),
        timer_(context) {}

  void open();
  void close();
  void add(const std::shared_ptr<Tenant>& tenant) { tenants_.push_back(tenant); }
  void remove(const std::shared_ptr<Tenant>& tenant);
  void admit(Tenant& tenant, const ConnectOptions& neighbour);
  void dismiss(Tenant& tenant, const IpAddress& neighbour);
  void admit_range(Tenant& tenant, const Prefix& range, const ConnectOptions& options);
  void dismiss_range(Tenant& tenant, const Prefix& range);
  [[nodiscard]] bool is_empty() const { return tenants_.empty(); }
  [[nodiscard]] Result<uint16_t> port() const;

 private:
  void prepare(error_code& error);
  void apply_neighbours();
  template <typename Remote>
  void set_key(const Remote& remote, const std::string& key);
  void wait();
  void take(AsioTcp::socket socket);
  void pause_then(std::chrono::nanoseconds pause, void (Door::*then)());

  boost::asio::io_context& context_;
  TcpOptions options_;
  IpAddress local_;
  TcpCounters& counters_;
  AsioTcp::acceptor acceptor_;
  steady_timer timer_;
  bool closed_ = false;
  std::string problem_;
  std::vector<std::shared_ptr<Tenant>> tenants_;
};

}  // namespace

struct TcpTransport::State : std::enable_shared_from_this<TcpTransport::State> {
  State(EventLoop& l, TcpOptions o) : context(l.impl().context), options(o) {}

  boost::asio::io_context& context;
  TcpOptions options;
  TcpCounters counters;
  std::map<IpAddress, std::shared_ptr<Door>> doors;
  std::map<std::pair<IpAddress, uint16_t>, std::weak_ptr<sockets::DatagramSocket>> datagrams;
};

namespace {

class TcpListener : public Listener {
 public:
  TcpListener(std::shared_ptr<TcpTransport::State> state, std::shared_ptr<Door> door,
              const IpAddress& local, Transport::OnAccept on_accept)
      : state_(std::move(state)), door_(std::move(door)), local_(local) {
    tenant_->on_accept = std::move(on_accept);
    door_->add(tenant_);
  }
  ~TcpListener() override {
    door_->remove(tenant_);
    if (!door_->is_empty()) return;
    door_->close();
    state_->doors.erase(local_);
  }
  void admit(const ConnectOptions& neighbour) override { door_->admit(*tenant_, neighbour); }
  void dismiss(const IpAddress& neighbour) override { door_->dismiss(*tenant_, neighbour); }
  void admit_range(const Prefix& range, const ConnectOptions& options) override {
    door_->admit_range(*tenant_, range, options);
  }
  void dismiss_range(const Prefix& range) override { door_->dismiss_range(*tenant_, range); }

 private:
  std::shared_ptr<TcpTransport::State> state_;
  std::shared_ptr<Door> door_;
  IpAddress local_;
  std::shared_ptr<Tenant> tenant_ = std::make_shared<Tenant>();
};

void Door::open() {
  if (closed_) return;
  error_code error;
  prepare(error);
  if (!error) {
    problem_.clear();
    return wait();
  }
  problem_ = fmt::format("cannot listen on {} port {}: {}", local_.to_string(), options_.port,
                         error.message());
  error_code ignored;
  acceptor_.close(ignored);
  pause_then(options_.listen_retry, &Door::open);
}

void Door::prepare(error_code& error) {
  if (options_.exposure == TcpOptions::Exposure::loopback && !is_loopback(local_)) {
    error = boost::asio::error::access_denied;
    return;
  }
  acceptor_.open(sockets::protocol_of(local_), error);
  if (error) return;
  if (!local_.is_ipv4()) acceptor_.set_option(boost::asio::ip::v6_only(true), error);
  acceptor_.set_option(AsioTcp::acceptor::reuse_address(true), error);
  acceptor_.bind(sockets::endpoint_of(local_, options_.port), error);
  if (error) return;
  apply_neighbours();
  acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.non_blocking(true, error);
}

void Door::close() {
  closed_ = true;
  timer_.cancel();
  error_code ignored;
  acceptor_.close(ignored);
}

template <typename Remote>
void Door::set_key(const Remote& remote, const std::string& key) {
  if (!acceptor_.is_open()) return;
  const error_code error = sockets::set_md5_key(acceptor_.native_handle(), remote, key);
  if (!error) return;
  problem_ = fmt::format("cannot set the MD5 key of {}: {}", remote.to_string(), error.message());
}

void Door::remove(const std::shared_ptr<Tenant>& tenant) {
  for (const auto& [address, neighbour] : std::exchange(tenant->neighbours, {})) {
    set_key(address, {});
  }
  for (const auto& [range, options] : std::exchange(tenant->ranges, {})) set_key(range, {});
  std::erase(tenants_, tenant);
  apply_neighbours();
}

void Door::admit(Tenant& tenant, const ConnectOptions& neighbour) {
  tenant.neighbours[neighbour.remote] = neighbour;
  apply_neighbours();
}

void Door::dismiss(Tenant& tenant, const IpAddress& neighbour) {
  tenant.neighbours.erase(neighbour);
  set_key(neighbour, {});
  apply_neighbours();
}

void Door::admit_range(Tenant& tenant, const Prefix& range, const ConnectOptions& options) {
  tenant.ranges[range] = options;
  apply_neighbours();
}

void Door::dismiss_range(Tenant& tenant, const Prefix& range) {
  tenant.ranges.erase(range);
  set_key(range, {});
  apply_neighbours();
}

// The handshake is the listening socket's: it signs for each neighbour, answers with the farthest
// TTL asked for, and drops what comes from farther than every neighbour may be.
void Door::apply_neighbours() {
  if (!acceptor_.is_open()) return;
  uint8_t ttl = 1;
  uint8_t minimum = 255;
  bool any = false;
  const auto apply = [&](const auto& remote, const ConnectOptions& options) {
    any = true;
    ttl = std::max(ttl, options.ttl);
    minimum = std::min(minimum, options.minimum_ttl);
    set_key(remote, options.md5_key);
  };
  for (const auto& tenant : tenants_) {
    for (const auto& [range, options] : tenant->ranges) apply(range, options);
    for (const auto& [address, options] : tenant->neighbours) apply(address, options);
  }
  sockets::set_ttl(acceptor_.native_handle(), local_, any ? ttl : kDefaultTtl);
  sockets::set_minimum_ttl(acceptor_.native_handle(), local_, any ? minimum : 0);
}

void Door::wait() {
  acceptor_.async_accept(
      [self = shared_from_this()](const error_code& error, AsioTcp::socket socket) {
        if (self->closed_) return;
        if (!error) {
          self->take(std::move(socket));
        } else if (error == boost::asio::error::no_descriptors ||
                   error == boost::asio::error::no_memory ||
                   error == boost::asio::error::no_buffer_space ||
                   error == boost::system::errc::too_many_files_open_in_system) {
          return self->pause_then(kAcceptPause, &Door::wait);
        }
        if (!self->closed_) self->wait();
      });
}

void Door::take(AsioTcp::socket socket) {
  error_code error;
  const IpAddress remote = sockets::address_of(socket.remote_endpoint(error).address());
  if (error) return;  // gone again
  for (const auto& tenant : tenants_) {
    const ConnectOptions* neighbour = tenant->admits(remote);
    if (neighbour == nullptr) continue;
    ++counters_.accepted;
    sockets::set_ttl(socket.native_handle(), local_, neighbour->ttl);
    sockets::set_minimum_ttl(socket.native_handle(), local_, neighbour->minimum_ttl);
    auto stream = std::make_shared<sockets::Stream>(context_, std::move(socket), options_.linger);
    stream->open();
    const Transport::OnAccept on_accept = tenant->on_accept;
    return on_accept(std::make_unique<TcpConnection>(std::move(stream)));
  }
  ++counters_.refused;
  sockets::set_abortive(socket);
}

void Door::pause_then(std::chrono::nanoseconds pause, void (Door::*then)()) {
  timer_.expires_after(std::chrono::duration_cast<steady_timer::duration>(pause));
  timer_.async_wait([self = shared_from_this(), then](const error_code& error) {
    if (!error && !self->closed_) (self.get()->*then)();
  });
}

Result<uint16_t> Door::port() const {
  if (!problem_.empty()) return fail(problem_);
  error_code error;
  return acceptor_.local_endpoint(error).port();
}

}  // namespace

TcpTransport::TcpTransport(EventLoop& loop, TcpOptions options)
    : state_(std::make_shared<State>(loop, options)) {}

TcpTransport::~TcpTransport() = default;

std::unique_ptr<Connection> TcpTransport::connect(const ConnectOptions& options,
                                                  ConnectionCallbacks callbacks) {
  auto stream = std::make_shared<sockets::Stream>(state_->context, AsioTcp::socket(state_->context),
                                                  state_->options.linger);
  stream->set_callbacks(std::move(callbacks));
  stream->connect(options, options.port != 0 ? options.port : state_->options.port);
  return std::make_unique<TcpConnection>(std::move(stream));
}

std::unique_ptr<DatagramChannel> TcpTransport::open_datagrams(const DatagramOptions& options,
                                                              OnDatagram on_datagram) {
  auto& known = state_->datagrams[{options.local, options.port}];
  std::shared_ptr<sockets::DatagramSocket> socket = known.lock();
  if (!socket) {
    const bool may_open =
        state_->options.exposure == TcpOptions::Exposure::any_address || is_loopback(options.local);
    socket = std::make_shared<sockets::DatagramSocket>(state_->context, options.local, options.port,
                                                       state_->options.listen_retry);
    if (may_open) socket->open();
    known = socket;
  }
  return sockets::open_channel(std::move(socket), options, std::move(on_datagram));
}

std::unique_ptr<Listener> TcpTransport::listen(const IpAddress& local, OnAccept on_accept) {
  std::shared_ptr<Door>& door = state_->doors[local];
  if (!door) {
    door = std::make_shared<Door>(state_->context, state_->options, local, state_->counters);
    door->open();
  }
  return std::make_unique<TcpListener>(state_, door, local, std::move(on_accept));
}

Result<uint16_t> TcpTransport::listening_port(const IpAddress& local) const {
  const auto door = state_->doors.find(local);
  if (door == state_->doors.end()) {
    return fail("nothing listens on " + local.to_string());
  }
  return door->second->port();
}

TcpCounters TcpTransport::counters() const { return state_->counters; }

}  // namespace skyhop::bgp
