#include "control/bgp/memory_transport.h"

#include <algorithm>
#include <deque>
#include <map>
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
  Ipv4Address local;
  Ipv4Address remote;
  uint8_t ttl = kDefaultTtl;
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

}  // namespace

struct MemoryTransport::State : std::enable_shared_from_this<MemoryTransport::State> {
  State(Scheduler& s, Reachability r, MemoryTransportOptions o)
      : scheduler(s), reachable(std::move(r)), options(std::move(o)) {}

  Scheduler& scheduler;
  Reachability reachable;
  MemoryTransportOptions options;
  std::map<Ipv4Address, OnAccept> listeners;

  [[nodiscard]] bool is_reachable(Ipv4Address from, Ipv4Address to, uint8_t ttl) const {
    return !reachable || reachable(from, to, ttl);
  }
  [[nodiscard]] Duration latency(Ipv4Address from, Ipv4Address to) const {
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
};

namespace {

class MemoryConnection : public Connection {
 public:
  MemoryConnection(std::shared_ptr<MemoryTransport::State> state, EndpointPtr endpoint)
      : state_(std::move(state)), endpoint_(std::move(endpoint)) {}
  ~MemoryConnection() override { MemoryConnection::close(); }

  [[nodiscard]] Ipv4Address local() const override { return endpoint_->local; }
  [[nodiscard]] Ipv4Address remote() const override { return endpoint_->remote; }
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
  MemoryListener(std::shared_ptr<MemoryTransport::State> state, Ipv4Address local)
      : state_(std::move(state)), local_(local) {}
  ~MemoryListener() override { state_->listeners.erase(local_); }
  // The hosts of a memory network are the lab's own.
  void admit(const ConnectOptions&) override {}
  void dismiss(Ipv4Address) override {}

 private:
  std::shared_ptr<MemoryTransport::State> state_;
  Ipv4Address local_;
};

}  // namespace

void MemoryTransport::State::send_syn(const EndpointPtr& from, uint32_t attempt) {
  after(latency(from->local, from->remote), [this, from, attempt] { arrive_syn(from, attempt); });
}

void MemoryTransport::State::arrive_syn(const EndpointPtr& from, uint32_t attempt) {
  if (from->life != Endpoint::Life::connecting) return;
  if (!is_reachable(from->local, from->remote, from->ttl)) return retry_syn(from, attempt);
  const bool is_listening = listeners.contains(from->remote);
  after(latency(from->remote, from->local), [this, from, attempt, is_listening] {
    if (from->life != Endpoint::Life::connecting) return;
    if (!is_reachable(from->remote, from->local, kDefaultTtl)) return retry_syn(from, attempt);
    if (!is_listening) return fail(from, "connection refused");
    auto far = std::make_shared<Endpoint>();
    far->local = from->remote;
    far->remote = from->local;
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
  if (!is_reachable(from.local, from.remote, from.ttl)) return true;
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
  const OnAccept on_accept = listener->second;
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
  endpoint->callbacks = std::move(callbacks);
  state_->send_syn(endpoint, 0);
  return std::make_unique<MemoryConnection>(state_, std::move(endpoint));
}

std::unique_ptr<Listener> MemoryTransport::listen(Ipv4Address local, OnAccept on_accept) {
  state_->listeners[local] = std::move(on_accept);
  return std::make_unique<MemoryListener>(state_, local);
}

}  // namespace skyhop::bgp
