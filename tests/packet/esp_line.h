// Two gateways with a tunnel between them, and a fabric at either end.
#pragma once

#include <string>
#include <vector>

#include "tests/packet/rig.h"

namespace skyhop::dataplane {

//   source -> entry -> near ==tunnel==> far -> end -> sink
struct EspLine : Rig {
  static constexpr Ipv4Address kSource{10, 0, 1, 4}, kSink{10, 0, 2, 4};
  static constexpr Ipv4Address kNearOuter{198, 51, 100, 11}, kFarOuter{203, 0, 113, 10};

  explicit EspLine(ipsec::Transform transform);

  RouterIndex entry = fabric("entry");
  RouterIndex near = gateway("near", Ipv4Address(10, 9, 0, 1));
  RouterIndex far = gateway("far", Ipv4Address(10, 9, 0, 2));
  RouterIndex end = fabric("end");
  PortIndex source = port("source", kSource, entry);
  PortIndex sink = port("sink", kSink, end);
  LinkIndex into_near = link(near);
  LinkIndex tunnel = link(far);
  LinkIndex into_far_fabric = link(end);
  LinkIndex into_far = link(far);
  LinkIndex back = link(near);
  LinkIndex into_near_fabric = link(entry);
  EdgeId far_to_near = forward_over(far, back);

  [[nodiscard]] ipsec::EspSpec& esp() { return *image.links[tunnel].esp; }
  /// Frames arrive over the tunnel, as somebody else made them.
  void arrive(const std::vector<Frame>& frames);
  /// A capture with these frames.
  [[nodiscard]] std::string keep(const std::vector<Frame>& frames);
  /// The file that will hold what is on the link.
  std::string capture(LinkIndex link);
  [[nodiscard]] static uint64_t dropped_at(RouterIndex router, DropReason reason,
                                           const Outcome& outcome) {
    return outcome.counters.routers[router].drops[static_cast<uint8_t>(reason)];
  }
};

/// What these packets look like on the tunnel: the keys are the same in every run.
[[nodiscard]] std::vector<Frame> sealed_on_the_wire(ipsec::Transform transform,
                                                    const std::vector<Frame>& sent);

}  // namespace skyhop::dataplane
