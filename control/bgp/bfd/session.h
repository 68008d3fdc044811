// One BFD session in asynchronous mode (RFC 5880 6): both ends send control packets all the time,
// and who hears none for the detection time knows that the path is dead.
//
// The machine of 6.2 and 6.8.6; intervals change by poll sequences (6.8.3); demand mode and echo
// are not asked for, and a peer's demand (6.6) silences the periodic packets as it must.
#pragma once

#include <functional>
#include <memory>

#include "control/bgp/bfd/config.h"
#include "control/bgp/timer.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp::bfd {

struct Counters {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t discarded = 0;  ///< malformed, or not of this session
  uint64_t went_up = 0;
  uint64_t went_down = 0;
};

struct Status {
  State state = State::down;
  Diagnostic diagnostic = Diagnostic::none;  ///< of the last way down, ours
  State remote_state = State::down;
  Diagnostic remote_diagnostic = Diagnostic::none;
  uint32_t local_discriminator = 0;
  uint32_t remote_discriminator = 0;
  Duration transmit_interval{};  ///< agreed on; before jitter
  Duration detection_time{};     ///< 0 until the peer was heard
  Time since = {};               ///< in this state
  Counters counters;
};

class Session {
 public:
  /// Up: the path works. Down after Up: it does not, or the peer said so.
  using OnState = std::function<void(State from, State to)>;
  /// From 0.75 of the interval to all of it.
  using Jitter = std::function<Duration(Duration interval)>;

  /// `discriminator` is unique in this system and not 0.
  Session(const Config& config, uint32_t discriminator, Scheduler& scheduler, OnState on_state,
          Jitter jitter);

  /// Starts, or starts again, over this channel.
  void start(std::unique_ptr<DatagramChannel> channel);
  /// Says AdminDown once more, then nothing.
  void stop();
  /// As when the host loses its power.
  void vanish();
  void receive(std::span<const uint8_t> octets);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Status status() const;

 private:
  void take(const Packet& packet);
  void move(State to, Diagnostic diagnostic);
  enum class Reply : bool { no, to_poll };
  void send(Reply reply);
  void schedule_transmission();
  void transmit();
  void on_silence();
  [[nodiscard]] Duration transmit_interval() const;
  [[nodiscard]] Duration detection_time() const;
  [[nodiscard]] Interval desired_min_tx() const;

  Config config_;
  Scheduler& scheduler_;
  OnState on_state_;
  Jitter jitter_;
  std::unique_ptr<DatagramChannel> channel_;

  // The state variables of 6.8.1.
  State state_ = State::admin_down;
  State remote_state_ = State::down;
  uint32_t local_discriminator_;
  uint32_t remote_discriminator_ = 0;
  Diagnostic diagnostic_ = Diagnostic::none;
  Diagnostic remote_diagnostic_ = Diagnostic::none;
  Interval remote_min_rx_{1};
  Interval remote_desired_min_tx_{0};
  uint8_t remote_multiplier_ = 0;
  bool remote_demand_ = false;

  bool is_polling_ = false;
  uint8_t farewells_ = 0;  ///< still to be sent in AdminDown
  Time since_ = {};
  Counters counters_;
  Timer transmission_;
  Timer detection_;
};

}  // namespace skyhop::bgp::bfd
