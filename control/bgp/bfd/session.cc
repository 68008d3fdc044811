#include "control/bgp/bfd/session.h"

#include <algorithm>

namespace skyhop::bgp::bfd {
namespace {

constexpr Interval kSlow = std::chrono::seconds(1);  // RFC 5880 6.8.3: unless Up

}  // namespace

Session::Session(const Config& config, uint32_t discriminator, Scheduler& scheduler,
                 OnState on_state, Jitter jitter)
    : config_(config),
      scheduler_(scheduler),
      on_state_(std::move(on_state)),
      jitter_(std::move(jitter)),
      local_discriminator_(discriminator),
      since_(scheduler.now()),
      transmission_(scheduler, [this] { transmit(); }),
      detection_(scheduler, [this] { on_silence(); }) {}

void Session::start(std::unique_ptr<DatagramChannel> channel) {
  channel_ = std::move(channel);
  farewells_ = 0;
  if (state_ != State::admin_down) return;
  move(State::down, Diagnostic::none);
}

void Session::stop() {
  if (state_ == State::admin_down) return;
  detection_.stop();
  is_polling_ = false;
  // 6.8.16: for a detection time, so that the peer hears it.
  farewells_ = config_.detect_multiplier;
  move(State::admin_down, Diagnostic::administratively_down);
}

void Session::vanish() {
  transmission_.stop();
  detection_.stop();
  channel_.reset();
  state_ = State::admin_down;
  remote_state_ = State::down;
  remote_discriminator_ = 0;
  is_polling_ = false;
  since_ = scheduler_.now();
}

Interval Session::desired_min_tx() const {
  return state_ == State::up ? config_.desired_min_tx : std::max(config_.desired_min_tx, kSlow);
}

Duration Session::transmit_interval() const { return std::max(desired_min_tx(), remote_min_rx_); }

Duration Session::detection_time() const {
  return remote_multiplier_ * Duration(std::max(config_.required_min_rx, remote_desired_min_tx_));
}

void Session::move(State to, Diagnostic diagnostic) {
  const State from = std::exchange(state_, to);
  if (diagnostic != Diagnostic::none || to == State::up) diagnostic_ = diagnostic;
  if (from == to) return;
  since_ = scheduler_.now();
  counters_.went_up += to == State::up ? 1 : 0;
  counters_.went_down += from == State::up ? 1 : 0;
  // The interval that we ask for depends on being Up: a change of it is told by a poll (6.8.3).
  is_polling_ = to == State::up;
  transmit();  // 6.8.7: a change is told at once
  if (on_state_) on_state_(from, to);
}

void Session::transmit() {
  if (!channel_) return;
  if (state_ == State::admin_down && farewells_-- == 0) {
    farewells_ = 0;
    channel_.reset();
    return;
  }
  send(Reply::no);
  schedule_transmission();
}

void Session::schedule_transmission() {
  const bool is_silenced = remote_demand_ && state_ == State::up && remote_state_ == State::up;
  if (remote_min_rx_ == Interval{0} || (is_silenced && !is_polling_)) {
    transmission_.stop();
    return;
  }
  const Duration interval = transmit_interval();
  // RFC 5880 6.8.7: with a multiplier of 1 one late packet would be the end.
  const Duration most = config_.detect_multiplier == 1 ? interval / 10 * 9 : interval;
  transmission_.start(std::min(jitter_ ? jitter_(interval) : interval, most));
}

void Session::send(Reply reply) {
  if (!channel_) return;
  Packet packet;
  packet.diagnostic = diagnostic_;
  packet.state = state_;
  packet.final = reply == Reply::to_poll;
  packet.poll = is_polling_ && !packet.final;
  packet.detect_multiplier = config_.detect_multiplier;
  packet.my_discriminator = local_discriminator_;
  packet.your_discriminator = remote_discriminator_;
  packet.desired_min_tx = desired_min_tx();
  packet.required_min_rx = config_.required_min_rx;
  ++counters_.sent;
  channel_->send(encode(packet));
}

void Session::receive(std::span<const uint8_t> octets) {
  const auto packet = decode(octets);
  const bool is_ours = packet && (packet->your_discriminator == 0 ||
                                  packet->your_discriminator == local_discriminator_);
  if (!is_ours || state_ == State::admin_down) {
    ++counters_.discarded;
    return;
  }
  ++counters_.received;
  take(*packet);
}

// RFC 5880 6.8.6, from where the packet is known to be this session's.
void Session::take(const Packet& packet) {
  remote_discriminator_ = packet.my_discriminator;
  remote_state_ = packet.state;
  remote_diagnostic_ = packet.diagnostic;
  remote_demand_ = packet.demand;
  remote_desired_min_tx_ = packet.desired_min_tx;
  remote_multiplier_ = packet.detect_multiplier;
  const bool was_told_otherwise =
      std::exchange(remote_min_rx_, packet.required_min_rx) != packet.required_min_rx;
  if (packet.final) is_polling_ = false;
  if (packet.state == State::admin_down) {
    if (state_ != State::down) {
      detection_.stop();
      move(State::down, Diagnostic::neighbor_signaled_session_down);
    }
  } else if (state_ == State::down) {
    if (packet.state == State::down) move(State::init, Diagnostic::none);
    if (packet.state == State::init) move(State::up, Diagnostic::none);
  } else if (state_ == State::init) {
    if (packet.state != State::down) move(State::up, Diagnostic::none);
  } else if (packet.state == State::down) {
    detection_.stop();
    move(State::down, Diagnostic::neighbor_signaled_session_down);
  }
  if (state_ == State::init || state_ == State::up) detection_.start(detection_time());
  if (packet.poll) send(Reply::to_poll);
  if (was_told_otherwise || !transmission_.is_running()) schedule_transmission();
}

void Session::on_silence() {
  remote_discriminator_ = 0;  // 6.8.1
  remote_min_rx_ = Interval{1};
  remote_state_ = State::down;
  move(State::down, Diagnostic::control_detection_time_expired);
}

Status Session::status() const {
  Status status;
  status.state = state_;
  status.diagnostic = diagnostic_;
  status.remote_state = remote_state_;
  status.remote_diagnostic = remote_diagnostic_;
  status.local_discriminator = local_discriminator_;
  status.remote_discriminator = remote_discriminator_;
  status.transmit_interval = transmit_interval();
  status.detection_time = detection_time();
  status.since = since_;
  status.counters = counters_;
  return status;
}

}  // namespace skyhop::bgp::bfd
