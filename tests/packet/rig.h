// A small network built in code, packets in, packets and counters out.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dataplane/dataplane.h"
#include "pcap/packet.h"

namespace skyhop::dataplane {

using Frame = std::vector<uint8_t>;

/// What a run left behind.
struct Outcome {
  Counters counters;
  std::map<PortIndex, std::vector<Frame>> arrived;  ///< by port
  std::optional<Error> replay_error;

  [[nodiscard]] uint64_t drops(DropReason reason) const {
    return counters.drops[static_cast<uint8_t>(reason)];
  }
};

/// Started once per process; see rig.cc.
[[nodiscard]] const EalInfo& eal();

/// A file name that no other test uses; the file goes when the process ends.
[[nodiscard]] std::string temporary_file(const std::string& name);
void write_capture(const std::string& file, const std::vector<Frame>& frames);
[[nodiscard]] std::vector<Frame> read_capture(const std::string& file);

class Rig {
 public:
  /// A gateway decrements the TTL and speaks ICMP; a fabric does neither.
  RouterIndex gateway(const std::string& name, Ipv4Address address);
  RouterIndex fabric(const std::string& name);
  LinkIndex link(RouterIndex to, uint32_t mtu = 1500);
  EdgeId edge(RouterIndex router, const EdgeSpec& spec);
  EdgeId forward(RouterIndex from, RouterIndex to, uint32_t mtu = 1500);
  EdgeId forward_over(RouterIndex from, LinkIndex link);
  EdgeId deliver(RouterIndex router, PortIndex port, FilterIndex filter = 0);
  EdgeId drop(RouterIndex router, DropReason reason);
  EdgeId local(RouterIndex router);
  /// What arrives is kept in Outcome::arrived.
  PortIndex port(const std::string& name, Ipv4Address address, RouterIndex router);
  FilterIndex filter(const FilterSpec& spec);
  GuardIndex guard(const GuardSpec& spec);
  void route(RouterIndex router, const char* prefix, std::vector<EdgeId> primary,
             std::vector<EdgeId> backup = {});
  /// Packets to be sent from the port, once.
  void send(PortIndex port, const std::vector<Frame>& frames);

  /// Makes the data plane with all routes.
  std::unique_ptr<Dataplane> make();
  /// Runs until everything sent has ended; `prepare` is called before the start.
  Outcome run(const std::function<void(Dataplane&)>& prepare = {});
  /// Stops and collects; checks the sum law.
  Outcome finish(Dataplane& dataplane);

  Image image;
  DataplaneOptions options{.workers = {1}};

 private:
  struct Route {
    RouterIndex router;
    Ipv4Prefix prefix;
    lpm::NextHopSet next_hops;
  };
  std::vector<Route> routes_;
};

/// Waits until all limited sources have ended.
void wait_until_finished(const Dataplane& dataplane);

}  // namespace skyhop::dataplane
