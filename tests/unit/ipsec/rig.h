// Packets through tunnels, without routers around them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/ipsec/control.h"
#include "lpm/qsbr.h"
#include "pcap/packet.h"

struct rte_mempool;

namespace skyhop::dataplane::ipsec {

using Frame = std::vector<uint8_t>;

inline constexpr lpm::Ipv4Address kHere(198, 51, 100, 11), kThere(203, 0, 113, 10);
inline constexpr uint32_t kBursts[] = {1, 3, 4, 67};

/// "AES256_SHA256": fit for the name of a test.
[[nodiscard]] std::string test_name(Transform transform);

/// A UDP packet of a flow; its payload tells packets of a flow apart.
[[nodiscard]] Frame packet(uint16_t flow, uint32_t number, size_t frame_size = 200);
[[nodiscard]] std::vector<Frame> packets(uint32_t count, size_t frame_size = 200);
/// The IPv4 packet of a frame, padding left out.
[[nodiscard]] std::vector<uint8_t> ip_of(const Frame& frame);

/// What came out of one call.
struct Passed {
  std::vector<Frame> frames;  ///< good and bad, in the order in which they went in
  std::vector<Fault> faults;
  uint32_t bad = 0;

  [[nodiscard]] std::vector<Frame> good() const;
  [[nodiscard]] uint32_t count(Fault fault) const;
};

/// One direction of one tunnel with its SAs, for one worker.
class Pair {
 public:
  explicit Pair(const EspSpec& spec, const std::string& name = "a -> b");
  ~Pair();

  Passed seal(const std::vector<Frame>& frames);
  Passed open(const std::vector<Frame>& frames);
  /// Seals, expects that nothing fails, and gives what is on the wire.
  std::vector<Frame> sealed(const std::vector<Frame>& frames);

  [[nodiscard]] Control& control() { return *control_; }
  [[nodiscard]] Tunnel& tunnel() { return *control_->tunnels(7)[0]; }
  [[nodiscard]] Workspace& workspace() { return *control_->workspace(0); }
  [[nodiscard]] AssociationRecord current(uint32_t tunnel = 0) const;
  [[nodiscard]] uint32_t count(AssociationRecord::State state) const;

 private:
  std::unique_ptr<lpm::Qsbr> qsbr_;
  std::unique_ptr<Control> control_;
};

/// Runs frames through one step of a tunnel.
using Step = uint32_t (Tunnel::*)(Workspace&, Parcel&);
Passed pass(Tunnel& tunnel, Workspace& workspace, Step step, const std::vector<Frame>& frames);

[[nodiscard]] EspSpec spec_of(Transform transform);

}  // namespace skyhop::dataplane::ipsec
