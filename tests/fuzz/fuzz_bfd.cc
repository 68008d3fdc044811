// A BFD control packet, to the codec and to a session that is up.
#include <cstdlib>
#include <map>

#include "control/bgp/bfd/session.h"

using namespace skyhop::bgp;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// Time stands still: timers are set and never run out.
class StoppedClock : public Scheduler {
 public:
  [[nodiscard]] Time now() const override { return {}; }
  TimerId schedule(Duration delay, std::function<void()>) override {
    check(delay >= Duration{0});
    return ++last_;
  }
  void cancel(TimerId) override {}

 private:
  TimerId last_ = 0;
};

class Sink : public DatagramChannel {
 public:
  void send(std::span<const uint8_t> datagram) override {
    check(bfd::decode(datagram).has_value());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> octets(data, size);
  if (const auto packet = bfd::decode(octets)) {
    check(bfd::decode(bfd::encode(*packet)) == packet);
    check(!to_string(packet->state).empty() && !to_string(packet->diagnostic).empty());
  }
  StoppedClock clock;
  bfd::Session session({}, 7, clock, {}, {});
  session.start(std::make_unique<Sink>());
  bfd::Packet hello;
  hello.my_discriminator = 9;
  session.receive(bfd::encode(hello));
  hello.state = bfd::State::init;
  hello.your_discriminator = 7;
  session.receive(bfd::encode(hello));
  check(session.state() == bfd::State::up);
  session.receive(octets);
  check(session.status().counters.received + session.status().counters.discarded == 3);
  return 0;
}
