// A few speakers on one memory network in virtual time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/bgp/memory_transport.h"
#include "control/bgp/speaker.h"
#include "tests/unit/bgp/hex.h"
#include "tests/unit/bgp/virtual_scheduler.h"

namespace skyhop::bgp::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline Ipv4Prefix prefix(const char* text) { return *Ipv4Prefix::parse(text); }

/// The nth /24 of 10.0.0.0/8.
inline Ipv4Prefix nth_prefix(uint32_t n) { return {Ipv4Address(0x0A000000 + n * 256), 24}; }

class Scene {
 public:
  explicit Scene(MemoryTransportOptions options = {})
      : network_(
            scheduler_,
            [this](const IpAddress& from, const IpAddress& to, uint8_t ttl) {
              return ttl >= hops_ && !cut_.contains({from, to}) && !cut_.contains({to, from});
            },
            options) {}

  /// Speaker n has the address 10.255.0.n and that as its router id.
  Speaker& add(uint8_t n, Asn asn, DecisionOptions decision = {}) {
    SpeakerConfig config;
    config.name = "r" + std::to_string(n);
    config.asn = asn;
    config.router_id = address(n);
    config.decision = std::move(decision);
    auto& speaker = *speakers_.emplace(n, std::make_unique<Speaker>(config, scheduler_, network_))
                         .first->second;
    speaker.on_message([this](const MessageTrace& message) {
      if (message.direction != MessageDirection::sent) return;
      trace_.push_back(std::to_string(message.time.count()) + " " + message.speaker + ">" +
                       message.peer_name + " " + shown(message.octets));
    });
    return speaker;
  }

  /// A session between two speakers; each end may be tuned.
  template <typename TuneA, typename TuneB>
  void join(uint8_t a, uint8_t b, TuneA tune_a, TuneB tune_b) {
    add_end(a, b, tune_a);
    add_end(b, a, tune_b);
  }
  void join(uint8_t a, uint8_t b) {
    join(a, b, [](PeerConfig&) {}, [](PeerConfig&) {});
  }
  void start() {
    for (auto& [n, speaker] : speakers_) speaker->start();
  }
  void converge() {
    start();
    settle();
  }
  void settle() { scheduler_.run_for(seconds(2)); }
  void run(Duration duration) { scheduler_.run_for(duration); }

  void cut(uint8_t a, uint8_t b) { cut_.insert({address(a), address(b)}); }
  void mend(uint8_t a, uint8_t b) { cut_.erase({address(a), address(b)}); }
  void set_hops(uint8_t hops) { hops_ = hops; }

  Speaker& at(uint8_t n) { return *speakers_.at(n); }
  PeerId peer(uint8_t of, uint8_t towards) { return *at(of).find_peer(address(towards)); }
  PeerStatus status(uint8_t of, uint8_t towards) { return at(of).status(peer(of, towards)); }
  SessionState state(uint8_t of, uint8_t towards) { return status(of, towards).state; }
  /// AS_PATH of the best route, or "none".
  std::string path(uint8_t at_speaker, const char* text) {
    const auto best = at(at_speaker).best(prefix(text));
    return best ? best->paths[0].attributes->as_path.to_string() : "none";
  }
  /// Originates prefixes 0 to count-1 of nth_prefix().
  void originate(uint8_t n, uint32_t count, uint32_t med = 0) {
    for (uint32_t i = 0; i < count; ++i) {
      PathAttributes attributes;
      if (med != 0) attributes.med = med;
      at(n).originate(nth_prefix(i), attributes);
    }
  }

  static Ipv4Address address(uint8_t n) { return {10, 255, 0, n}; }
  VirtualScheduler& scheduler() { return scheduler_; }
  MemoryTransport& network() { return network_; }
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  template <typename TuneEnd>
  void add_end(uint8_t n, uint8_t remote, TuneEnd tune) {
    PeerConfig config;
    config.name = "r" + std::to_string(remote);
    config.group = "group-" + std::to_string(remote);
    config.local_address = address(n);
    config.remote_address = address(remote);
    config.remote_asn = at(remote).config().asn;
    tune(config);
    at(n).add_peer(config);
  }

  VirtualScheduler scheduler_;
  std::set<std::pair<IpAddress, IpAddress>> cut_;
  uint8_t hops_ = 1;
  MemoryTransport network_;
  std::map<uint8_t, std::unique_ptr<Speaker>> speakers_;
  std::vector<std::string> trace_;
};

/// Speaker 1 as an NVA and 2 as a route server have their ASNs; the test joins them.
class Pair : public Scene {
 public:
  explicit Pair(MemoryTransportOptions options = {}) : Scene(std::move(options)) {
    add(1, 65020);
    add(2, 65515);
  }
};

inline void untuned(PeerConfig&) {}

}  // namespace skyhop::bgp::test
