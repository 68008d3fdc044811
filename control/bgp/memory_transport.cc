#include "control/bgp/memory_transport.h"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>
#include <vector>

namespace skyhop::bgp {
namespace {

struct Segment {
  enum class Kind : uint8_t { handshake, data, fin };
  Kind kind = Kind::data;
  Time arrives = {};
  std::vector<uint8_t> octets;
};

// One end. It outlives its Connection while octets it sent are still on their way.
struct Endpoint {
  enum class Life : uint8_t {
    connecting,
    open,
    closed,    ///< by its owner, or broken; the host answers with a reset
    vanished,  ///< the host is gone, and answers nothing
  };
  IpAddress local;
  IpAddress remote;
  uint8_t ttl = kDefaultTtl;
  uint8_t minimum_ttl = 0;
  std::string md5_key;
  Life life = Life::connecting;
  bool has_far_vanished = false;
  ConnectionCallbacks callbacks;
  std::weak_ptr<Endpoint> far;
  std::shared_ptr<Endpoint> not_accepted_yet;  ///< the far end, until the handshake ends there

  std::deque<Segment> in_flight;
  size_t unsent = 0;
  bool is_timer_set = false;
  Duration retransmission = {};
  uint32_t lost = 0;  ///< times in a row that the first segment was lost
};
using EndpointPtr = std::shared_ptr<Endpoint>;

// Who listens, and what it wants of those it admits.
struct Door {
  Transport::OnAccept on_accept;
  std::map<IpAddress, ConnectOptions> neighbours;
  std::map<Prefix, ConnectOptions> ranges;

  [[nodiscard]] ConnectOptions options_for(const IpAddress& remote) const {
    if (const auto found = neighbours.find(remote); found != neighbours.end()) return found->second;
    for (const auto& [range, options] : ranges) {
      if (range.contains(remote)) return options;
    }
    return {};
  }
};

// One end of a datagram channel, by both addresses and port.
using DatagramKey = std::tuple<IpAddress, IpAddress, uint16_t>;
struct DatagramEnd {
  DatagramOptions options;
  Transport::OnDatagram on_datagram;
};

// What remains of a TTL of which `minimum` must arrive: so many hops are within reach, and one.
uint8_t usable_ttl(uint8_t ttl, uint8_t minimum) {
  if (ttl < minimum) return 0;
  return static_cast<uint8_t>(ttl - std::max<uint8_t>(minimum, 1) + 1);
}

}  // namespace

struct MemoryTransport::State : std::enable_shared_from_this<MemoryTransport::State> {
  State(Scheduler& s, Reachability r, MemoryTransportOptions o)
      : scheduler(s), reachable(std::move(r)), options(std::move(o)) {}

  Scheduler& scheduler;
  Reachability reachable;
  MemoryTransportOptions options;
  std::map<IpAddress, Door> listeners;
  std::map<DatagramKey, std::weak_ptr<DatagramEnd>> datagram_ends;

  [[nodiscard]] bool is_reachable(const IpAddress& from, const IpAddress& to, uint8_t ttl) const {
    return ttl > 0 && (!reachable || reachable(from, to, ttl));
  }
  [[nodiscard]] Duration latency(const IpAddress& from, const IpAddress& to) const {
    return options.latency_of ? options.latency_of(from, to) : options.latency;
  }
  template <typename Task>
  void after(Duration delay, Task task) {
    scheduler.schedule(delay,
                       [self = shared_from_this(), task = std::move(task)]() mutable { task(); });
  }

  void send_syn(const EndpointPtr& from, uint32_t attempt);
  void arrive_syn(const EndpointPtr& from, uint32_t attempt);
  void retry_syn(const EndpointPtr& from, uint32_t attempt);
  void fail(const EndpointPtr& endpoint, const char* reason);
  void send(const EndpointPtr& from, Segment::Kind kind, std::span<const uint8_t> octets);
  void set_timer(const EndpointPtr& from, Duration delay);
  void arrive(const EndpointPtr& from);
  [[nodiscard]] bool is_lost(const Endpoint& from) const;
  void deliver(const EndpointPtr& from, const Segment& segment);
  void accept(const EndpointPtr& from);
  void reset(const EndpointPtr& endpoint);
  void break_off(const EndpointPtr& endpoint, const char* reason);
  void deliver(const DatagramOptions& from, const std::vector<uint8_t>& datagram);
};

namespace {

class MemoryConnection : public Connection {
 public:
  MemoryConnection(std::shared_ptr<MemoryTransport::State> state, EndpointPtr endpoint)
      : state_(std::move(state)), endpoint_(std::move(endpoint)) {}
  ~MemoryConnection() override { MemoryConnection::close(); }

  [[nodiscard]] IpAddress local() const override { return endpoint_->local; }
  [[nodiscard]] IpAddress remote() const override { return endpoint_->remote; }
  void set_callbacks(ConnectionCallbacks callbacks) override {
    endpoint_->callbacks = std::move(callbacks);
  }
  void set_ttl(uint8_t ttl) override { endpoint_->ttl = ttl; }

  void send(std::span<const uint8_t> bytes) override {
    if (endpoint_->life != Endpoint::Life::open) return;
    while (!bytes.empty()) {
      const size_t count = std::min(bytes.size(), state_->options.segment_size);
      state_->send(endpoint_, Segment::Kind::data, bytes.first(count));
      bytes = bytes.subspan(count);
    }
  }
  [[nodiscard]] size_t unsent() const override { return endpoint_->unsent; }

  void close() override {
    const bool was_open = endpoint_->life == Endpoint::Life::open;
    if (endpoint_->life != Endpoint::Life::vanished) endpoint_->life = Endpoint::Life::closed;
    if (was_open) state_->send(endpoint_, Segment::Kind::fin, {});
  }
  void vanish() override {
    endpoint_->life = Endpoint::Life::vanished;
    endpoint_->in_flight.clear();
    endpoint_->unsent = 0;
    if (const EndpointPtr far = endpoint_->far.lock()) far->has_far_vanished = true;
  }

 private:
  std::shared_ptr<MemoryTransport::State> state_;
  EndpointPtr endpoint_;
};

class MemoryListener : public Listener {
 public:
  MemoryListener(std::shared_ptr<MemoryTransport::State> state, const IpAddress& local)
      : state_(std::move(state)), local_(local) {}
  ~MemoryListener() override { state_->listeners.erase(local_); }
  // The hosts of a memory network are the lab's own: strangers get as far as the speaker.
  void admit(const ConnectOptions& neighbour) override {
    door().neighbours[neighbour.remote] = neighbour;
  }
  void dismiss(const IpAddress& neighbour) override { door().neighbours.erase(neighbour); }
  void admit_range(const Prefix& range, const ConnectOptions& options) override {
    door().ranges[range] = options;
  }
  void dismiss_range(const Prefix& range) override { door().ranges.erase(range); }

 private:
  Door& door() { return state_->listeners[local_]; }

  std::shared_ptr<MemoryTransport::State> state_;
  IpAddress local_;
};

class MemoryDatagrams : public DatagramChannel {
 public:
  MemoryDatagrams(std::shared_ptr<MemoryTransport::State> state, std::shared_ptr<DatagramEnd> end)
      : state_(std::move(state)), end_(std::move(end)) {}
  void send(std::span<const uint8_t> datagram) override {
    const DatagramOptions& from = end_->options;
    state_->after(state_->latency(from.local, from.remote),
                  [state = state_.get(), from,
                   octets = std::vector<uint8_t>(datagram.begin(), datagram.end())] {
                    state->deliver(from, octets);
                  });
  }

 private:
  std::shared_ptr<MemoryTransport::State> state_;
  std::shared_ptr<DatagramEnd> end_;
};

}  // namespace

void MemoryTransport::State::send_syn(const EndpointPtr& from, uint32_t attempt) {
  after(latency(from->local, from->remote), [this, from, attempt] { arrive_syn(from, attempt); });
}

void MemoryTransport::State::arrive_syn(const EndpointPtr& from, uint32_t attempt) {
  if (from->life != Endpoint::Life::connecting) return;
  const auto door = listeners.find(from->remote);
  const bool is_listening = door != listeners.end();
  const ConnectOptions wanted = is_listening ? door->second.options_for(from->local)
                                             : ConnectOptions{.md5_key = from->md5_key};
  if (!is_reachable(from->local, from->remote, usable_ttl(from->ttl, wanted.minimum_ttl)) ||
      wanted.md5_key != from->md5_key) {
    return retry_syn(from, attempt);
  }
  after(latency(from->remote, from->local), [this, from, attempt, is_listening, wanted] {
    if (from->life != Endpoint::Life::connecting) return;
    if (!is_reachable(from->remote, from->local, usable_ttl(wanted.ttl, from->minimum_ttl))) {
      return retry_syn(from, attempt);
    }
    if (!is_listening) return fail(from, "connection refused");
    auto far = std::make_shared<Endpoint>();
    far->local = from->remote;
    far->remote = from->local;
    far->ttl = wanted.ttl;
    far->minimum_ttl = wanted.minimum_ttl;
    far->far = from;
    from->far = far;
    from->not_accepted_yet = std::move(far);
    from->life = Endpoint::Life::open;
    // The third packet of the handshake opens the far end, before any data.
    send(from, Segment::Kind::handshake, {});
    if (const auto on_connected = from->callbacks.on_connected) on_connected();
  });
}

void MemoryTransport::State::retry_syn(const EndpointPtr& from, uint32_t attempt) {
  const Duration wait = options.first_syn_retransmission * (1ll << std::min(attempt, 30u));
  after(wait, [this, from, attempt] {
    if (from->life != Endpoint::Life::connecting) return;
    if (attempt >= options.syn_retransmissions) return fail(from, "connection timed out");
    send_syn(from, attempt + 1);
  });
}

void MemoryTransport::State::fail(const EndpointPtr& endpoint, const char* reason) {
  endpoint->life = Endpoint::Life::closed;
  if (const auto on_failed = endpoint->callbacks.on_failed) on_failed(reason);
}

void MemoryTransport::State::send(const EndpointPtr& from, Segment::Kind kind,
                                  std::span<const uint8_t> octets) {
  const Duration delay = latency(from->local, from->remote);
  from->in_flight.push_back({kind, scheduler.now() + delay, {octets.begin(), octets.end()}});
  from->unsent += octets.size();
  if (!from->is_timer_set) set_timer(from, delay);
}

void MemoryTransport::State::set_timer(const EndpointPtr& from, Duration delay) {
  from->is_timer_set = true;
  after(std::max(delay, Duration{0}), [this, from] {
    from->is_timer_set = false;
    arrive(from);
  });
}

void MemoryTransport::State::arrive(const EndpointPtr& from) {
  while (!from->in_flight.empty()) {
    const Duration remaining = from->in_flight.front().arrives - scheduler.now();
    if (remaining > Duration{0}) return set_timer(from, remaining);
    if (is_lost(*from)) {
      if (from->lost++ >= options.retransmissions) return break_off(from, "connection timed out");
      from->retransmission =
          from->lost == 1 ? options.first_retransmission
                          : std::min(from->retransmission * 2, options.longest_retransmission);
      return set_timer(from, from->retransmission);
    }
    from->lost = 0;
    const Segment segment = std::move(from->in_flight.front());
    from->in_flight.pop_front();
    from->unsent -= segment.octets.size();
    deliver(from, segment);
    const bool has_drained = !segment.octets.empty() && from->unsent == 0;
    if (!has_drained || from->life != Endpoint::Life::open) continue;
    if (const auto on_drained = from->callbacks.on_drained) on_drained();
  }
}

bool MemoryTransport::State::is_lost(const Endpoint& from) const {
  const EndpointPtr far = from.far.lock();
  const uint8_t minimum = far ? far->minimum_ttl : uint8_t{0};
  if (!is_reachable(from.local, from.remote, usable_ttl(from.ttl, minimum))) return true;
  // A host without power; once it listens again it answers with a reset.
  return from.has_far_vanished && !listeners.contains(from.remote);
}

void MemoryTransport::State::deliver(const EndpointPtr& from, const Segment& segment) {
  if (segment.kind == Segment::Kind::handshake) return accept(from);
  const EndpointPtr far = from->far.lock();
  if (!far || far->life != Endpoint::Life::open) return reset(from);
  if (segment.kind == Segment::Kind::fin) {
    far->life = Endpoint::Life::closed;
    far->in_flight.clear();
    far->unsent = 0;
    if (const auto on_closed = far->callbacks.on_closed) on_closed("closed by the far end");
  } else if (const auto on_bytes = far->callbacks.on_bytes) {
    on_bytes(segment.octets);
  }
}

void MemoryTransport::State::accept(const EndpointPtr& from) {
  const EndpointPtr far = std::move(from->not_accepted_yet);
  const auto listener = listeners.find(from->remote);
  if (listener == listeners.end()) return reset(from);
  far->life = Endpoint::Life::open;
  const OnAccept on_accept = listener->second.on_accept;
  on_accept(std::make_unique<MemoryConnection>(shared_from_this(), far));
}

void MemoryTransport::State::reset(const EndpointPtr& endpoint) {
  after(latency(endpoint->remote, endpoint->local), [this, endpoint] {
    if (!is_reachable(endpoint->remote, endpoint->local, kDefaultTtl)) return;
    break_off(endpoint, "connection reset by the far end");
  });
}

void MemoryTransport::State::break_off(const EndpointPtr& endpoint, const char* reason) {
  endpoint->in_flight.clear();
  endpoint->unsent = 0;
  if (endpoint->life != Endpoint::Life::open) return;
  endpoint->life = Endpoint::Life::closed;
  if (const auto on_closed = endpoint->callbacks.on_closed) on_closed(reason);
}

void MemoryTransport::State::deliver(const DatagramOptions& from,
                                     const std::vector<uint8_t>& datagram) {
  const auto found = datagram_ends.find({from.remote, from.local, from.port});
  if (found == datagram_ends.end()) return;
  const std::shared_ptr<DatagramEnd> end = found->second.lock();
  if (!end) {
    datagram_ends.erase(found);
    return;
  }
  const uint8_t ttl = usable_ttl(from.ttl, end->options.minimum_ttl);
  if (is_reachable(from.local, from.remote, ttl)) end->on_datagram(datagram);
}

MemoryTransport::MemoryTransport(Scheduler& scheduler, Reachability reachable,
                                 MemoryTransportOptions options)
    : state_(std::make_shared<State>(scheduler, std::move(reachable), std::move(options))) {}

MemoryTransport::~MemoryTransport() = default;

std::unique_ptr<Connection> MemoryTransport::connect(const ConnectOptions& options,
                                                     ConnectionCallbacks callbacks) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->local = options.local;
  endpoint->remote = options.remote;
  endpoint->ttl = options.ttl;
  endpoint->minimum_ttl = options.minimum_ttl;
  endpoint->md5_key = options.md5_key;
  endpoint->callbacks = std::move(callbacks);
  state_->send_syn(endpoint, 0);
  return std::make_unique<MemoryConnection>(state_, std::move(endpoint));
}

std::unique_ptr<Listener> MemoryTransport::listen(const IpAddress& local, OnAccept on_accept) {
  state_->listeners[local] = {std::move(on_accept), {}, {}};
  return std::make_unique<MemoryListener>(state_, local);
}

std::unique_ptr<DatagramChannel> MemoryTransport::open_datagrams(const DatagramOptions& options,
                                                                 OnDatagram on_datagram) {
  auto end = std::make_shared<DatagramEnd>(DatagramEnd{options, std::move(on_datagram)});
  state_->datagram_ends[{options.local, options.remote, options.port}] = end;
  return std::make_unique<MemoryDatagrams>(state_, std::move(end));
}

}  // namespace skyhop::bgp
